//! What sign-in needs from the store, as a trait, so that neither knows the other.
//!
//! Owns: [`TokenStore`] and the values it passes.
//! Must not know: who implements it, who calls it.

use std::future::Future;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AccountId, OwnerId};
use crate::secret::{Personal, Secret};

/// The tokens of accounts, and the right to refresh them.
pub trait TokenStore: Clone + Send + Sync + 'static {
    /// The tokens as stored now; `NotFound` if there is no such account or it is a key pool.
    fn tokens(&self, id: &AccountId) -> impl Future<Output = Result<Tokens>> + Send;

    /// Takes the right to refresh until `deadline`, in one transaction with the read. A lease past
    /// its deadline, or whose owner process is gone, is free to take.
    fn take_refresh_lease(
        &self,
        id: &AccountId,
        owner: &OwnerId,
        now: Timestamp,
        deadline: Timestamp,
    ) -> impl Future<Output = Result<RefreshLease>> + Send;

    /// Stores the new pair and gives the lease back, in one durable (fsynced) transaction. Makes a
    /// `needs_login` account active again.
    fn save_refreshed(
        &self,
        id: &AccountId,
        owner: &OwnerId,
        pair: &TokenPair,
        now: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Gives the lease back without a change.
    fn drop_refresh_lease(
        &self,
        id: &AccountId,
        owner: &OwnerId,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Marks the account `needs_login` and gives the lease back, unless the stored refresh token is
    /// no longer the one with this fingerprint ([`Secret::fingerprint`]); answers whether it did.
    fn mark_needs_login(
        &self,
        id: &AccountId,
        owner: &OwnerId,
        spent_fingerprint: &str,
        reason: &str,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// An answer to [`TokenStore::take_refresh_lease`].
#[derive(Debug)]
pub enum RefreshLease {
    /// It is ours; the tokens as they are at this moment.
    Taken(Tokens),
    /// Another flight is under way; the tokens as they are at this moment.
    Held {
        /// When that flight's right ends.
        until: Timestamp,
        /// What is stored meanwhile.
        tokens: Tokens,
    },
}

/// What is stored of an account's sign-in.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The account's name, for texts.
    pub name: String,
    /// The access token, if one is known.
    pub access: Option<Secret>,
    /// The refresh token.
    pub refresh: Secret,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When this program last refreshed it.
    pub last_refresh_at: Option<Timestamp>,
    /// The organisation to ask tokens for.
    pub organization_id: Option<String>,
    /// The account's own proxy URL, with credentials.
    pub proxy: Option<Secret>,
    /// The stored status is `needs_login`; the text says why.
    pub needs_login: Option<String>,
}

/// A fresh pair, as the sign-in service gave it.
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// The access token.
    pub access: Secret,
    /// The refresh token to use next; already the old one where the answer had none.
    pub refresh: Secret,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// The organisation the token is for, where the answer or its claims tell.
    pub organization_id: Option<String>,
    /// The sign-in service's id of the owner.
    pub user_id: Option<String>,
    /// The owner's email.
    pub owner_email: Option<Personal>,
    /// The owner's name.
    pub owner_name: Option<Personal>,
}

/// Makes bytes unreadable on disk, with the store's key, so that sign-in need not know it.
pub trait Sealer: Send + Sync + 'static {
    /// Seals for one place: what is sealed for another does not open there.
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>>;

    /// Opens what [`Sealer::seal`] made for the same place; an error if it was altered.
    fn open(&self, context: &str, sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>>;
}

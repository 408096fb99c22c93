//! The id of one use of an account, which tells what was lent.
//!
//! Owns: the text form of [`Lease`].
//! Must not know: the store, the pool.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AccountId, ClientKeyId, KeyId, LeaseId};

/// What was lent. The id carries it, so that accounts without a limit need no record that somebody
/// would have to clean up, and any process can take the lease back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The account.
    #[serde(rename = "a")]
    pub account_id: AccountId,
    /// The key of a pool.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// The client key it was lent for.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub client_key_id: Option<ClientKeyId>,
    /// Upstream's name of the model.
    #[serde(rename = "m")]
    pub model: String,
    /// The fingerprint of the access token that was lent: tells whether a 401 speaks of the token
    /// that is stored now. A hash of a random token gives nothing away.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A place of an account with a limit was taken for it.
    #[serde(rename = "p", default, skip_serializing_if = "std::ops::Not::not")]
    pub place: bool,
    /// When.
    #[serde(rename = "t")]
    pub taken_at: Timestamp,
    /// Makes it unique.
    #[serde(rename = "n")]
    pub nonce: u64,
}

/// The version, so that a later form can be told from this one.
const PREFIX: &str = "dl1.";

/// The longest id that is looked at.
const LONGEST: usize = 4096;

// === impl Lease ===

impl Lease {
    /// The id that carries it.
    #[must_use]
    pub fn to_id(&self) -> LeaseId {
        let json = serde_json::to_vec(self).unwrap_or_default();
        LeaseId::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json)))
    }

    /// Reads an id; none if this program did not make it.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        let text = id.strip_prefix(PREFIX).filter(|it| it.len() <= LONGEST)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_gives_back_what_it_carries(
            account in "[a-z0-9-]{1,36}",
            key in proptest::option::of("[a-z0-9-]{1,36}"),
            client_key_id in proptest::option::of("\\PC{0,20}"),
            model in "\\PC{0,40}",
            place: bool,
            taken_at: i64,
            nonce: u64,
        ) {
            let lease = Lease {
                account_id: AccountId::from(account),
                key_id: key.map(KeyId::from),
                client_key_id: client_key_id.map(ClientKeyId::from),
                model,
                token: None,
                place,
                taken_at: Timestamp(taken_at),
                nonce,
            };
            prop_assert_eq!(Lease::from_id(lease.to_id().as_str()), Some(lease));
        }

        #[test]
        fn foreign_text_is_no_lease(text in "\\PC{0,60}") {
            prop_assert_eq!(Lease::from_id(&text), None);
        }
    }
}

//! An account that is to be tried, whatever state it is in.
//!
//! Owns: lending one without asking the pool whether it may be used.
//! Must not know: what is sent with it.

use droid_protocol::session::SessionKey;

use super::{Broker, Candidate, Lent, Wanted};
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::outbound;
use crate::pool::account::Kind;

// === impl Broker ===

impl Broker {
    /// Lends exactly this account, and this key of a pool, also while it pauses or is switched off:
    /// to find out whether it works. A token that is due is refreshed. It takes no place, is no turn
    /// of the account's and binds no conversation. It is given back as every loan is.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `model` when the account does not serve its
    /// endpoint; why its token cannot be had.
    pub async fn lend_to_try(
        &self,
        id: &AccountId,
        key: Option<&KeyId>,
        model: &str,
        session: Option<SessionKey>,
    ) -> Result<Lent> {
        self.catch_up().await?;
        let account = match self.account(id) {
            Ok(account) => account,
            // It may be newer than the last look.
            Err(_) => {
                self.reload().await?;
                self.account(id)?
            }
        };
        let config = self.parts.config.get();
        let route = outbound::routed(&config, model, None);
        if !account.serves(route.endpoint) {
            let message = format!(
                "its endpoint is {}, which this account ({}) does not serve",
                route.endpoint, account.endpoint
            );
            return Err(Error::invalid("model", message));
        }
        if account.kind == Kind::ApiKey && key.is_none() {
            return Err(Error::invalid("api_key_id", "missing: this account is a pool of keys"));
        }
        let wanted = Wanted { model, session, free: true, ..Wanted::default() };
        let candidate =
            Candidate { account: id.clone(), key: key.cloned(), sticky: false, probe: false };
        let (lent, unlent) = self.lend(&config, &route, &wanted, &candidate).await?;
        unlent.lent();
        Ok(lent)
    }
}

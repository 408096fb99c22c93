//! Browsers that signed in.
//!
//! Owns: the sessions of this process, how long they last, the cookie.
//! Must not know: how one signs in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use crate::clock::{Entropy, Timestamp};
use crate::secret::Secret;

/// The sessions of this process, by the hash of their token.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

/// A session that was begun. Shown to its browser alone.
pub(super) struct Begun {
    /// For the cookie.
    pub(super) token: Secret,
    /// What calls that change something must carry: a page of another origin cannot read it.
    pub(super) csrf: Secret,
}

#[derive(Clone)]
struct Session {
    csrf: Secret,
    used_at: Timestamp,
}

/// The cookie's name.
pub(super) const COOKIE: &str = "droid_session";

/// A session nobody used for so long is over.
const IDLE: Duration = Duration::from_secs(12 * 3600);

/// More browsers than one person has.
const MOST: usize = 256;

// === impl Sessions ===

impl Sessions {
    /// Begins one.
    pub(super) fn begin(&self, entropy: &dyn Entropy, now: Timestamp) -> Begun {
        let (token, csrf) = (random(entropy), random(entropy));
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, it| now.since(it.used_at) < IDLE);
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, it)| it.used_at);
            let oldest = oldest.map(|(hash, _)| hash.clone());
            oldest.map(|it| sessions.remove(&it));
        }
        sessions.insert(token.fingerprint(), Session { csrf: csrf.clone(), used_at: now });
        Begun { token, csrf }
    }

    /// The CSRF token of a session that lasts on; each use makes it last longer.
    pub(super) fn csrf(&self, token: &Secret, now: Timestamp) -> Option<Secret> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(&token.fingerprint())?;
        if now.since(session.used_at) >= IDLE {
            return None;
        }
        session.used_at = session.used_at.max(now);
        Some(session.csrf.clone())
    }

    /// Ends one.
    pub(super) fn end(&self, token: &Secret) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&token.fingerprint());
    }
}

/// The session's token among the cookies of a request.
pub(super) fn token_in(cookies: &str) -> Option<Secret> {
    let mut cookies = cookies.split(';').filter_map(|it| it.trim().split_once('='));
    cookies.find(|(name, _)| *name == COOKIE).map(|(_, token)| Secret::new(token))
}

/// What sets the cookie; `secure` keeps it off plain HTTP.
pub(super) fn cookie(token: &Secret, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let age = IDLE.as_secs();
    let token = token.expose();
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}")
}

/// What takes the cookie away.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Whether two tokens are the same; takes the same time wherever they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn random(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    Secret::new(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Rand;

    #[test]
    fn a_session_lasts_while_it_is_used_and_their_number_is_bounded() {
        let (sessions, entropy) = (Sessions::default(), Rand::seeded(1));
        let hour = |n: i64| Timestamp(n * 3_600_000);
        let begun = sessions.begin(&entropy, hour(0));
        assert_eq!(sessions.csrf(&begun.token, hour(11)), Some(begun.csrf.clone()));
        assert!(sessions.csrf(&begun.token, hour(22)).is_some());
        assert_eq!(sessions.csrf(&begun.token, hour(34)), None);
        assert_eq!(sessions.csrf(&begun.csrf, hour(22)), None);
        for _ in 0..1000 {
            sessions.begin(&entropy, hour(40));
        }
        assert_eq!(sessions.0.lock().unwrap().len(), MOST);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let token = token_in("a=b; droid_session=abc; c=d").unwrap();
        assert_eq!(token.expose(), "abc");
        assert!(token_in("xdroid_session=abc").is_none());
    }
}

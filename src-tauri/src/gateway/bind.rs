//! Where the gateway listens, and whether it may.
//!
//! Owns: the order of the places that name the address; the rule that nobody beyond this machine
//! reaches it without a key; the texts of what goes wrong.
//! Must not know: what keys are made of, what is served.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::admin;
use crate::app::App;
use crate::config::Gateway;
use crate::config::env::{self, Env};
use crate::error::{Error, Result};

/// What keeps strangers out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guards {
    pub(super) admin_key: bool,
    pub(super) client_keys: bool,
}

/// The address as the command line says it, else [`env::PORT`] on the configured host, else the
/// configured one.
pub(super) fn address(
    env: &dyn Env,
    told: Option<SocketAddr>,
    config: &Gateway,
) -> Result<SocketAddr> {
    if let Some(address) = told {
        return Ok(address);
    }
    let Some(port) = env.get(env::PORT).filter(|it| !it.trim().is_empty()) else {
        return Ok(config.listen);
    };
    let port = port.trim().parse().map_err(|_| Error::Config {
        origin: "environment".to_owned(),
        message: format!("{}: a port from 0 to 65535 is expected", env::PORT),
    })?;
    Ok(SocketAddr::new(config.listen.ip(), port))
}

/// # Errors
/// When others than this machine could reach it and something that must keep them out is missing.
pub(super) fn allow(address: SocketAddr, guards: &Guards) -> Result<()> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let missing = match guards {
        Guards { admin_key: true, client_keys: true } => return Ok(()),
        Guards { admin_key: false, client_keys: true } => "an admin key",
        Guards { admin_key: true, client_keys: false } => "a client key",
        Guards { admin_key: false, client_keys: false } => "an admin key and a client key",
    };
    Err(Error::Config {
        origin: "gateway.listen".to_owned(),
        message: format!(
            "{address} can be reached from other machines, which needs {missing}: set {} to a long \
             random text (or start once on 127.0.0.1 to get one) and make a client key with `client-keys create`, or listen on 127.0.0.1",
            env::ADMIN_ACCESS_KEY,
        ),
    })
}

/// Begins to listen.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => {
                "is in use, perhaps by another gateway: stop it or choose another port with \
                 --listen, PORT or gateway.listen"
                    .to_owned()
            }
            ErrorKind::PermissionDenied => {
                "may not be used by this user: choose a port above 1023".to_owned()
            }
            ErrorKind::AddrNotAvailable => "is no address of this machine".to_owned(),
            kind => format!("cannot be listened on: {kind}"),
        };
        Error::Config { origin: "gateway.listen".to_owned(), message: format!("{address} {why}") }
    })
}

// === impl Guards ===

impl Guards {
    pub(super) async fn of(app: &App, env: &dyn Env) -> Result<Self> {
        app.client_keys.catch_up().await?;
        let admin_key = admin::has_key(env, &app.data_dir)?;
        Ok(Self { admin_key, client_keys: app.client_keys.any_usable(app.clock.now()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Guards = Guards { admin_key: false, client_keys: false };
    const BOTH: Guards = Guards { admin_key: true, client_keys: true };

    #[test]
    fn this_machine_needs_no_keys_and_every_other_needs_both() {
        for address in ["127.0.0.1:1", "127.8.7.6:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(allow(address.parse().unwrap(), &NONE).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "192.168.0.1:1", "[::ffff:10.0.0.1]:1"] {
            let address = address.parse().unwrap();
            assert!(allow(address, &BOTH).is_ok(), "{address}");
            for (guards, named) in [
                (NONE, "an admin key and a client key"),
                (Guards { admin_key: true, ..NONE }, "needs a client key"),
                (Guards { client_keys: true, ..NONE }, "needs an admin key"),
            ] {
                let error = allow(address, &guards).unwrap_err().to_string();
                assert!(error.contains(named), "{error}");
                assert!(error.contains("ADMIN_ACCESS_KEY"), "{error}");
            }
        }
    }
}

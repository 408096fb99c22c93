//! Where the gateway is, when nobody says.
//!
//! Owns: that the one which runs on this data goes before the one that could be started.
//! Must not know: what it is asked.

use super::failure::Result;
use super::session::Session;
use crate::app::App;
use crate::config::env;
use crate::gateway;

/// The address of the gateway that runs on this data folder, else of one that would be started.
///
/// # Errors
/// When the configuration cannot be read.
pub(crate) async fn of_gateway(session: &Session) -> Result<String> {
    match running(session) {
        Some(url) => Ok(url),
        None => usual(session).await,
    }
}

/// The address of the gateway that runs on this data folder.
pub(crate) fn running(session: &Session) -> Option<String> {
    let data_dir = env::data_dir(&*session.boot.env).ok()?;
    App::gateways_in(&data_dir).into_iter().next()
}

/// Where one would listen that is started without `--listen`.
///
/// # Errors
/// When the configuration cannot be read, or `PORT` is no port.
pub(crate) async fn usual(session: &Session) -> Result<String> {
    let config = session.config().await?.get();
    Ok(gateway::usual_url(&*session.boot.env, &config.gateway)?)
}

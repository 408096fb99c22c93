//! The host's plugin folder and the settings of clients.
//!
//! Owns: what must be in them for this program to be used.
//! Must not know: how they are written.

use std::path::{Path, PathBuf};

use super::shown;
use crate::cli::NAME as PROGRAM;
use crate::cli::plugin;
use crate::cli::session::Session;
use crate::cli::setup::Client;
use crate::doctor::Check;

/// The plugin, where ProxyCast looks for it.
pub(super) fn host(session: &Session) -> Check {
    const NAME: &str = "ProxyCast";
    let folders: Vec<PathBuf> = plugin::folders(&*session.boot.env);
    let Some(folder) = folders.iter().find(|it| it.join("plugin.json").is_file()) else {
        return Check::ok(NAME, "the plugin is not installed (install-plugin does it)");
    };
    let again = format!("{PROGRAM} install-plugin puts it right");
    let manifest = std::fs::read_to_string(folder.join("plugin.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
    let Ok(binary) = plugin::binary_name(&manifest) else {
        return Check::wrong(NAME, format!("{}: no binary is named", shown(folder)), again);
    };
    let path = folder.join(binary);
    if !path.is_file() {
        return Check::wrong(NAME, format!("{} is not there", shown(&path)), again);
    }
    if !is_executable(&path) {
        let hint = format!("chmod 0755 '{}'", shown(&path));
        return Check::wrong(NAME, format!("{} may not be executed", shown(&path)), hint);
    }
    let version = manifest["version"].as_str().unwrap_or_default();
    if version != env!("CARGO_PKG_VERSION") {
        let text = format!("the plugin there is {version}, this is {}", env!("CARGO_PKG_VERSION"));
        return Check::warning(NAME, text, again);
    }
    Check::ok(NAME, format!("installed in {}", shown(folder)))
}

/// Clients that are set up for the gateway.
pub(super) fn settings(session: &Session) -> Vec<Check> {
    Client::ALL.into_iter().map(|it| client(session, it)).collect()
}

fn client(session: &Session, client: Client) -> Check {
    let name = client.title();
    let path = client.path(&*session.boot.env);
    let text = path.as_deref().and_then(|it| std::fs::read_to_string(it).ok());
    let Some(text) = text else { return Check::ok(name, "no settings of it here") };
    match client.points_at(&text) {
        Some(url) => Check::ok(name, format!("uses {url}")),
        None => Check::ok(name, "does not use this gateway (setup does it)"),
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    true
}

//! Opens a page in the person's browser, where there is one.
//!
//! Owns: which program does that on which platform.
//! Must not know: what is on the page.

use std::process::{Command, Stdio};

use crate::config::env::Env;

/// Opens the page; false where there is no screen or no program for it. The program goes on by
/// itself.
pub(crate) fn open(env: &dyn Env, url: &str) -> bool {
    let set = |name| env.get(name).filter(|it| !it.is_empty());
    let (program, before): (String, &[&str]) = if let Some(browser) = set("BROWSER") {
        (browser, &[])
    } else if cfg!(target_os = "macos") {
        ("open".to_owned(), &[])
    } else if cfg!(windows) {
        // No shell in between: it would read the `&` of the address.
        ("rundll32".to_owned(), &["url.dll,FileProtocolHandler"])
    } else if set("DISPLAY").or_else(|| set("WAYLAND_DISPLAY")).is_some() {
        ("xdg-open".to_owned(), &[])
    } else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(before).arg(url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

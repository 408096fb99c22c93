//! `install-plugin`: lays out the plugin's folder as ProxyCast wants it.
//!
//! Owns: where the host looks, which files belong there, that a changed configuration is kept.
//! Must not know: how the host loads it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::failure::{Failure, Result};
use super::page::Tone;
use super::session::{Answer, Session};
use crate::config::env::Env;

const MANIFEST: &str = include_str!("../../../plugin/plugin.json");
const CONFIG: &str = include_str!("../../../plugin/config.json");
/// What a folder's own shipped configuration is kept as, to tell whether a person changed it.
const SHIPPED: &str = ".config.shipped.json";

/// Put this program into ProxyCast's plugin folder
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli install-plugin
  droid-provider-cli install-plugin --folder ~/.config/proxycast/plugins

A config.json that was changed there is kept. Accounts are elsewhere and are not
touched.")]
pub(crate) struct InstallPlugin {
    /// The folder of plugins; where ProxyCast looks on this platform if left out
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Use ~/.proxycast/plugins, as older versions of the host do
    #[arg(long, conflicts_with = "folder")]
    legacy: bool,
    /// The built user interface (a folder with index.js and styles.css) to put in as dist/
    #[arg(long, value_name = "FOLDER")]
    ui: Option<PathBuf>,
}

// === impl InstallPlugin ===

impl InstallPlugin {
    pub(crate) fn run(&self, session: &Session) -> Result<Answer> {
        let plugins = self.plugins_folder(session)?;
        let manifest: Value = serde_json::from_str(MANIFEST)
            .map_err(|_| Failure::new("internal", "plugin.json is no JSON"))?;
        let binary = binary_name(&manifest)?;
        let folder = plugins.join(env!("CARGO_PKG_NAME"));
        let exe = std::env::current_exe().map_err(|error| wrong(&folder, &error))?;
        fs::create_dir_all(&folder).map_err(|error| wrong(&folder, &error))?;
        put(&folder.join("plugin.json"), MANIFEST.as_bytes(), false)?;
        let kept = put_config(&folder)?;
        let bytes = fs::read(&exe).map_err(|error| wrong(&exe, &error))?;
        put(&folder.join(&binary), &bytes, true)?;
        let ui = match &self.ui {
            Some(ui) => put_ui(ui, &folder.join("dist"))?,
            None => folder.join("dist/index.js").is_file(),
        };
        let mut page = session.page();
        page.said(&format!("The plugin is in {}.", folder.display()), Tone::Good);
        if kept {
            page.line("Its config.json was changed there and is kept.");
        }
        if !ui {
            page.line("There is no user interface in it yet: add --ui FOLDER with the built one.");
        }
        page.line("Restart ProxyCast to load it.");
        let json = json!({
            "folder": folder.display().to_string(),
            "binary": binary,
            "config_kept": kept,
            "ui": ui,
        });
        Ok(Answer::new(json, page))
    }

    fn plugins_folder(&self, session: &Session) -> Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let folder = if self.legacy {
            session.boot.env.home().map(|it| it.join(".proxycast/plugins"))
        } else {
            session.boot.env.config_home().map(|it| it.join("proxycast/plugins"))
        };
        folder.ok_or_else(|| {
            Failure::new("failed", "there is no home folder").hint("name one with --folder")
        })
    }
}

/// The plugin's folder in each place where a host may look.
pub(super) fn folders(env: &dyn Env) -> Vec<PathBuf> {
    let homes = [
        env.config_home().map(|it| it.join("proxycast/plugins")),
        env.home().map(|it| it.join(".proxycast/plugins")),
    ];
    homes.into_iter().flatten().map(|it| it.join(env!("CARGO_PKG_NAME"))).collect()
}

/// The name the manifest has for this platform's binary.
pub(super) fn binary_name(manifest: &Value) -> Result<String> {
    let system = match std::env::consts::OS {
        "macos" => "macos",
        "windows" => "windows",
        _ => "linux",
    };
    let machine = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    let name = &manifest["binary"]["platform_binaries"][format!("{system}-{machine}")];
    name.as_str().map(str::to_owned).ok_or_else(|| {
        Failure::new("failed", format!("ProxyCast has no plugins for {system}-{machine}"))
    })
}

/// Puts the shipped configuration there, unless a person changed the one that is there. True if it
/// was kept.
fn put_config(folder: &Path) -> Result<bool> {
    let (path, shipped) = (folder.join("config.json"), folder.join(SHIPPED));
    let present = fs::read(&path).ok();
    let changed = present.is_some_and(|present| {
        let before = fs::read(&shipped).ok();
        present != CONFIG.as_bytes() && before.is_none_or(|before| before != present)
    });
    if !changed {
        put(&path, CONFIG.as_bytes(), false)?;
    }
    put(&shipped, CONFIG.as_bytes(), false)?;
    Ok(changed)
}

fn put_ui(from: &Path, to: &Path) -> Result<bool> {
    if !from.join("index.js").is_file() {
        return Err(Failure::usage(format!("--ui: there is no index.js in {}", from.display())));
    }
    fs::create_dir_all(to).map_err(|error| wrong(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| wrong(from, &error))? {
        let path = entry.map_err(|error| wrong(from, &error))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            let bytes = fs::read(&path).map_err(|error| wrong(&path, &error))?;
            put(&to.join(name), &bytes, false)?;
        }
    }
    Ok(true)
}

/// Writes beside and renames: a host that runs the old binary keeps it until it restarts.
fn put(path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    let beside = path.with_extension("new");
    let written = fs::write(&beside, bytes)
        .and_then(|()| set_mode(&beside, if executable { 0o755 } else { 0o644 }))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        drop(fs::remove_file(&beside));
        wrong(path, &error)
    })
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

fn wrong(path: &Path, error: &io::Error) -> Failure {
    let hint = "check the path, its permissions and the free space";
    Failure::new("failed", format!("{}: {}", path.display(), error.kind())).hint(hint)
}

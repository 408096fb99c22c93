//! Which processes are there.
//!
//! Owns: a lock file for each running process; the kernel frees the lock however a process ends.
//! Beside it, where the process is a gateway, its address.
//! Must not know: what a process owns.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::clock::Entropy;
use crate::error::Result;
use crate::files;
use crate::ids::OwnerId;

/// Lock files of dead processes that are removed at once, so that a start stays quick.
const SWEPT: usize = 64;
const EXTENSION: &str = "lock";
const GATEWAY: &str = "gateway";

/// This process's identity, for as long as the value lives.
#[derive(Debug)]
pub struct Owner {
    id: OwnerId,
    path: PathBuf,
    /// Held, never read.
    _lock: File,
}

/// Whether the process with this identity still runs. The file of one that does not is removed.
#[must_use]
pub fn is_alive(run_dir: &Path, id: &OwnerId) -> bool {
    is_locked(&lock_path(run_dir, id))
}

// === impl Owner ===

impl Owner {
    /// Gives this process an identity and removes what dead ones left.
    ///
    /// # Errors
    /// `Data` when the folder cannot be made or written.
    pub fn claim(run_dir: &Path, entropy: &dyn Entropy) -> Result<Self> {
        files::make_private_dir(run_dir)?;
        sweep(run_dir);
        loop {
            let id = OwnerId::from(entropy.uuid());
            let path = lock_path(run_dir, &id);
            let lock = open(OpenOptions::new().create_new(true), &path).map_err(|source| {
                files::data_error(run_dir, "no lock file can be made here", source)
            })?;
            // Another process's sweep may have taken the file before it was locked: then it is not
            // ours to hold.
            if lock.try_lock().is_ok() && path.exists() {
                return Ok(Self { id, path, _lock: lock });
            }
        }
    }

    /// Says that this process is a gateway, and where, for as long as it runs.
    ///
    /// # Errors
    /// `Data` when the folder cannot be written.
    pub fn announce_gateway(&self, url: &str) -> Result<()> {
        let path = self.path.with_extension(GATEWAY);
        files::replace_private(&path, url.as_bytes())
            .map_err(|source| files::data_error(&path, "the address cannot be noted", source))
    }

    /// The identity.
    #[must_use]
    pub const fn id(&self) -> &OwnerId {
        &self.id
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Only tidiness: the lock ends with the file's handle in any case.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(self.path.with_extension(GATEWAY));
    }
}

/// The addresses of gateways that run now.
#[must_use]
pub fn gateways(run_dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(run_dir) else { return Vec::new() };
    let paths = entries.flatten().map(|it| it.path());
    let mut found: Vec<String> = paths
        .filter(|it| it.extension().is_some_and(|it| it == GATEWAY))
        .filter_map(|it| {
            if is_locked(&it.with_extension(EXTENSION)) {
                return fs::read_to_string(&it).ok();
            }
            // Its process was killed.
            let _ = fs::remove_file(&it);
            None
        })
        .collect();
    found.sort();
    found
}

fn lock_path(run_dir: &Path, id: &OwnerId) -> PathBuf {
    // An id is read from the database: whatever is in it, the path stays in the folder.
    let name: String =
        id.as_str().chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
    run_dir.join(name).with_extension(EXTENSION)
}

fn sweep(run_dir: &Path) {
    let Ok(entries) = fs::read_dir(run_dir) else { return };
    let paths = entries.flatten().map(|it| it.path());
    for path in paths.filter(|it| it.extension().is_some_and(|it| it == EXTENSION)).take(SWEPT) {
        is_locked(&path);
    }
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = open(&mut OpenOptions::new(), path) else { return false };
    match file.try_lock() {
        Ok(()) => {
            // Removed while locked, so that no other process can believe it has just claimed it.
            let _ = fs::remove_file(path);
            false
        }
        Err(_) => true,
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> std::io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.read(true).write(true).open(path)
}

#[cfg(test)]
mod tests;

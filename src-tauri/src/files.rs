//! Files nobody else may read.
//!
//! Owns: modes, atomic creation and replacement of files, a lock for that, their errors.
//! Must not know: what is in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};

/// Makes the folder, mode 0700; one that is there is left as it is.
pub(crate) fn make_private_dir(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| data_error(path, "the folder cannot be made", source))
}

/// Makes the file if it is not there; mode 0600 before anything is in it, and again if it was
/// loosened since.
pub(crate) fn make_private_file(path: &Path) -> Result<()> {
    match private().create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => tighten(path),
        Err(source) => Err(data_error(path, "the file cannot be made", source)),
    }
}

/// Writes a file that is not there yet, whole or not at all: of two processes one wins and the
/// other gets `AlreadyExists`. On disk when this returns.
pub(crate) fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = write_temporary(path, content)?;
    let linked = match fs::hard_link(&temporary, path) {
        // Some file systems have no hard links, and say so in one of two ways.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            private().create_new(true).open(path).and_then(|mut file| {
                file.write_all(content)?;
                file.sync_all()
            })
        }
        other => other,
    };
    let _ = fs::remove_file(&temporary);
    linked?;
    sync_parent(path)
}

/// Replaces a file, whole or not at all. On disk when this returns.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = write_temporary(path, content)?;
    let renamed = rename_synced(&temporary, path);
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

/// How often, and how far apart, a lock is asked for: whoever holds one writes a small file.
const LOCK_TRIES: usize = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The lock of a file that is read, changed and replaced, held until it is dropped. It is a file of
/// its own, since the other one is replaced; it stays, since who waits for it has it open. Blocks
/// while another process has it.
pub(crate) fn lock_beside(path: &Path) -> io::Result<File> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let file = private().create(true).truncate(false).open(path.with_file_name(name))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            // Some network file systems have no locks: two that save at once are rare.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Renames, on disk when this returns.
pub(crate) fn rename_synced(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_parent(to)
}

/// The error of a path that cannot be used.
pub(crate) fn data_error(path: &Path, message: &str, source: io::Error) -> Error {
    let message = match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("{message}: the disk is full")
        }
        io::ErrorKind::PermissionDenied => format!("{message}: permission denied"),
        io::ErrorKind::ReadOnlyFilesystem => format!("{message}: the file system is read-only"),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            format!("{message}: a file is in the way")
        }
        io::ErrorKind::ResourceBusy => {
            format!("{message}: another process is writing it and does not finish")
        }
        io::ErrorKind::NotFound => format!("{message}: there is no such folder"),
        _ => message.to_owned(),
    };
    Error::Data { path: path.to_owned(), message, source: Some(source) }
}

/// Writes and syncs a file of a name beside `path` that nobody else uses.
fn write_temporary(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let mut file_name = path.file_name().unwrap_or_default().to_owned();
    file_name.push(".tmp");
    let mut n_taken = 0;
    let (path, mut file) = loop {
        let path = path.with_file_name(&file_name).with_extension(format!("tmp{n_taken}"));
        match private().create_new(true).open(&path) {
            // Another process's, or left by one that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && n_taken < 1000 => {
                n_taken += 1;
            }
            other => break (path, other?),
        }
    };
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

/// A new name lasts only once its folder is on disk; Windows has no such call and needs none.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        // A name alone is in the folder we are in.
        Some(parent) if parent.as_os_str().is_empty() && cfg!(unix) => File::open(".")?.sync_all(),
        Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn tighten(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let told = |source| data_error(path, "the file cannot be used", source);
    let metadata = fs::metadata(path).map_err(told)?;
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(told)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn tighten(_path: &Path) -> Result<()> {
    Ok(())
}

//! The last net under a rotated refresh token.
//!
//! Owns: one small file per account, its format and its lock.
//! Must not know: WorkOS, the database, what is in an answer.
//!
//! WorkOS answers a refresh with a new pair and forgets the old one at once. Between its answer and
//! our commit the new pair exists nowhere but in this process. So room for the answer is made on
//! disk before the refresh token is spent; the answer's bytes go there before they are even read;
//! and the file is emptied when the store has them. Whoever takes the account's refresh next looks
//! here first.
//!
//! The file also carries an advisory lock for as long as a refresh is under way. The operating
//! system ends it with the process, so it holds where a lease in the database has run out although
//! its owner, stopped or swapped out, still lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::ports::Sealer;
use record::{HEADER, Record};

mod record;

/// Room made before the refresh token is spent; WorkOS's answers are some 3 KiB.
const ROOM: usize = 64 * 1024;
/// Nothing longer is read back: an answer has at most 1 MiB before it is sealed.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The folder of the files. Cheap to clone; touches the disk only when asked.
#[derive(Clone)]
pub struct Journal {
    folder: PathBuf,
    sealer: Arc<dyn Sealer>,
}

/// One account's file, locked until it is dropped.
pub struct Page {
    file: Arc<File>,
    path: PathBuf,
    context: String,
    sealer: Arc<dyn Sealer>,
}

/// What an earlier refresh left.
#[derive(Debug)]
pub enum Left {
    /// Nothing: it ended well, or there was none.
    Nothing,
    /// It was cut off before its answer was whole: the refresh token may be spent.
    Started {
        /// Fingerprint of the refresh token it used.
        spent: String,
    },
    /// Its answer, which may not have reached the store.
    Answer(Answer),
}

/// A sign-in answer as it was received. It holds tokens: Debug shows its length.
pub struct Answer {
    /// Fingerprint of the refresh token that was spent for it.
    pub spent: String,
    /// When it came.
    pub at: Timestamp,
    /// Its bytes, unread.
    pub bytes: Zeroizing<Vec<u8>>,
}

// === impl Answer ===

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("spent", &self.spent)
            .field("at", &self.at)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

// === impl Journal ===

impl Journal {
    /// Files go to `<data_folder>/refresh`.
    #[must_use]
    pub fn new(data_folder: &Path, sealer: Arc<dyn Sealer>) -> Self {
        Self { folder: data_folder.join("refresh"), sealer }
    }

    /// Opens and locks the account's file. None when a refresh of the account is under way in this
    /// or another process. Blocks for a few system calls.
    ///
    /// # Errors
    /// [`Error::Data`] names the file.
    pub fn open(&self, id: &AccountId) -> Result<Option<Page>> {
        let path = self.path(id);
        make_folder(&self.folder).map_err(|source| failed(&self.folder, source))?;
        let file = open_private(&path).map_err(|source| failed(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Some network file systems have no locks: the store's lease has to do there.
            Err(TryLockError::Error(error)) => log::debug!("no file locks here: {}", error.kind()),
        }
        let context = format!("refresh-answer:{id}");
        Ok(Some(Page { file: Arc::new(file), path, context, sealer: self.sealer.clone() }))
    }

    /// Removes the account's file, for an account that is deleted.
    ///
    /// # Errors
    /// [`Error::Data`] names the file.
    pub fn forget(&self, id: &AccountId) -> Result<()> {
        let path = self.path(id);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, error)),
            _ => Ok(()),
        }
    }

    fn path(&self, id: &AccountId) -> PathBuf {
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
        let id = id.as_str();
        let stem = if !id.is_empty() && id.len() <= 64 && id.bytes().all(plain) {
            id.to_owned()
        } else {
            format!("x-{}", hex::encode(Sha256::digest(id.as_bytes())))
        };
        self.folder.join(format!("{stem}.answer"))
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("folder", &self.folder).finish_non_exhaustive()
    }
}

// === impl Page ===

impl Page {
    /// What an earlier refresh left; it blocks.
    ///
    /// # Errors
    /// [`Error::Data`] names the file.
    pub fn left(&self) -> Result<Left> {
        let mut bytes = Vec::new();
        let mut file = self.file.as_ref();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.take(MAX_FILE).read_to_end(&mut bytes))
            .map_err(|source| failed(&self.path, source))?;
        let Some(record) = Record::of(&bytes) else {
            return Ok(Left::Nothing);
        };
        let spent = record.spent.to_owned();
        let Some((at, sealed)) = record.answer else {
            return Ok(Left::Started { spent });
        };
        match self.sealer.open(&self.context, sealed) {
            Ok(bytes) => Ok(Left::Answer(Answer { spent, at, bytes })),
            Err(error) => {
                log::warn!("{}: not usable ({}), dropped", self.path.display(), error.kind());
                Ok(Left::Started { spent })
            }
        }
    }

    /// Makes room for an answer, durably, and notes that the refresh token with this fingerprint is
    /// about to be spent. If this fails nothing may be sent.
    ///
    /// # Errors
    /// [`Error::Data`]: above all, the disk is full.
    pub fn begin(&mut self, spent: &str) -> Result<()> {
        let mut room = record::started(spent);
        room.resize(ROOM, 0);
        let made = self.write(&room).and_then(|()| self.file.sync_all());
        made.map_err(|source| {
            let _ = self.file.set_len(0);
            let message = if source.kind() == io::ErrorKind::StorageFull {
                "the disk is full: the token was not refreshed, since the new one could be lost"
            } else {
                "cannot be written: the token was not refreshed, since the new one could be lost"
            };
            Error::Data {
                path: self.path.clone(),
                message: message.to_owned(),
                source: Some(source),
            }
        })
    }

    /// Writes an answer into the room made for it: one write, so that a process killed right after
    /// has it. [`Page::syncer`] makes it survive a power cut too.
    ///
    /// # Errors
    /// [`Error::Data`] names the file.
    pub fn record(&mut self, spent: &str, bytes: &[u8], at: Timestamp) -> Result<()> {
        let sealed = self.sealer.seal(&self.context, bytes)?;
        let record = record::answered(spent, at, &sealed);
        self.write(&record).map_err(|source| failed(&self.path, source))
    }

    /// Puts what was written on the disk when it is called; it blocks.
    pub fn syncer(&self) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        let file = self.file.clone();
        move || file.sync_data()
    }

    /// Empties the file, or leaves but the note that the refresh token may be spent. The file
    /// itself stays, since the lock is on it.
    ///
    /// Should this fail, the next refresh finds an answer for a token that is no longer stored, and
    /// drops it.
    pub fn close(&mut self, maybe_spent: bool) {
        let _ = self.file.set_len(if maybe_spent { HEADER as u64 } else { 0 });
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file.as_ref();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(bytes)
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(unix)]
fn open_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(unix)]
fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

fn failed(path: &Path, source: io::Error) -> Error {
    let message = "cannot be used for the refresh of a token".to_owned();
    Error::Data { path: path.to_owned(), message, source: Some(source) }
}

#[cfg(test)]
mod tests;

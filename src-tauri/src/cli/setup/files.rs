//! A client's settings file, its dated copies, and putting one back.
//!
//! Owns: the names of copies; that a file is replaced whole or not at all and nobody else can read
//! the key in it.
//! Must not know: what is in the file.

use std::path::{Path, PathBuf};

use crate::cli::failure::{Failure, Result};
use crate::clock::Timestamp;
use crate::files;

/// What a copy's name has after the file's.
const MARK: &str = ".before-droid-provider-";
/// A copy of a file that was not there.
const NOTHING: &str = "";

/// A settings file.
pub(super) struct Settings {
    path: PathBuf,
}

// === impl Settings ===

impl Settings {
    pub(super) const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Its text; none where it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(&self) -> Result<Option<String>> {
        read(&self.path)
    }

    /// Replaces it and copies what was there, unless a copy of that is there already. Answers the
    /// copy's name.
    ///
    /// # Errors
    /// When it cannot be written; then nothing was.
    pub(super) fn replace(
        &self,
        before: Option<&str>,
        after: &str,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| self.wrong(&error))?;
        let copy = self.copy_name(now);
        if !copy.exists() {
            files::create_private(&copy, before.unwrap_or(NOTHING).as_bytes())
                .map_err(|error| self.wrong(&error))?;
        }
        self.write(after)?;
        Ok(before.map(|_| copy.display().to_string()))
    }

    /// The oldest copy's text: what there was before we were ever here.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn backup(&self) -> Result<Option<String>> {
        match self.copies()?.first() {
            Some(path) => read(path),
            None => Ok(None),
        }
    }

    /// Writes what is left after undoing: the copy's own bytes where that is the same; nothing at
    /// all where there was no file. The copies go.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn put_back(&self, after: &str, before: Option<&str>) -> Result<()> {
        let is_empty = |it: &str| matches!(it.trim(), "" | "{}");
        let was_nothing = before == Some(NOTHING);
        if was_nothing && is_empty(after) {
            std::fs::remove_file(&self.path).map_err(|error| self.wrong(&error))?;
        } else {
            self.write(after)?;
        }
        for copy in self.copies()? {
            std::fs::remove_file(&copy).map_err(|error| self.wrong(&error))?;
        }
        Ok(())
    }

    fn write(&self, text: &str) -> Result<()> {
        // The file a link leads to is meant, and its folder: people keep settings in a repository.
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        files::replace_private(&path, text.as_bytes()).map_err(|error| self.wrong(&error))
    }

    fn copy_name(&self, now: Timestamp) -> PathBuf {
        let stamp: String = now
            .to_rfc3339()
            .chars()
            .filter(|it| it.is_ascii_digit() || *it == 'T')
            .take(15)
            .collect();
        self.path.with_file_name(format!("{}{MARK}{stamp}", self.file_name()))
    }

    /// The copies, oldest first.
    fn copies(&self) -> Result<Vec<PathBuf>> {
        let Some(folder) = self.path.parent().filter(|it| it.is_dir()) else {
            return Ok(Vec::new());
        };
        let start = format!("{}{MARK}", self.file_name());
        let entries = std::fs::read_dir(folder).map_err(|error| self.wrong(&error))?;
        let mut copies: Vec<PathBuf> = entries
            .filter_map(|it| Some(it.ok()?.path()))
            .filter(|it| it.file_name().is_some_and(|it| it.to_string_lossy().starts_with(&start)))
            .collect();
        copies.sort();
        Ok(copies)
    }

    fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn wrong(&self, error: &std::io::Error) -> Failure {
        let hint = "check its folder and permissions; --print shows what would be written";
        Failure::new("failed", format!("{}: {}", self.shown(), error.kind())).hint(hint)
    }
}

fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new("failed", format!("{}: {}", path.display(), error.kind()))),
    }
}

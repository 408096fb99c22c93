//! Snapshots: what was reviewed, one file a case, and nothing beside them.
//!
//! Owns: the folder `snapshots`; `UPDATE_GOLDEN=1` writes it anew, to be read before it is
//! committed.
//! Must not know: what is right; that is what the review is for.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::support::root;

/// The snapshots of one kind.
pub(crate) struct Snapshots {
    folder: PathBuf,
    update: bool,
    seen: BTreeSet<String>,
    problems: Vec<String>,
}

// === impl Snapshots ===

impl Snapshots {
    pub(crate) fn new(kind: &str) -> Self {
        let folder = root().join("golden/snapshots").join(kind);
        let update = std::env::vars_os().any(|(key, _)| key == "UPDATE_GOLDEN");
        fs::create_dir_all(&folder).unwrap();
        Self { folder, update, seen: BTreeSet::new(), problems: Vec::new() }
    }

    /// Compares a text with the one that was reviewed.
    pub(crate) fn check(&mut self, name: &str, text: &str) {
        let file = format!("{name}.snap");
        let path = self.folder.join(&file);
        assert!(self.seen.insert(file), "{name} twice");
        if self.update {
            fs::write(&path, text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if kept != text {
            let kept = kept.lines().chain(std::iter::repeat(""));
            let at = kept.zip(text.lines()).position(|(kept, got)| kept != got).unwrap_or_default();
            let got = text.lines().nth(at).unwrap_or_default();
            self.problems.push(format!("{}: line {}: now {got}", path.display(), at + 1));
        }
    }

    /// Fails where a snapshot differs, and where one belongs to no case. Says how many there are.
    pub(crate) fn finish(mut self) -> usize {
        for entry in fs::read_dir(&self.folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if self.seen.contains(&name) {
                continue;
            }
            if self.update {
                fs::remove_file(&path).unwrap();
            } else {
                self.problems.push(format!("{}: of no case", path.display()));
            }
        }
        let problems = &self.problems;
        assert!(
            problems.is_empty(),
            "{} snapshots differ; read what changed, then UPDATE_GOLDEN=1:\n{}",
            problems.len(),
            problems.join("\n")
        );
        self.seen.len()
    }
}

//! The files of the project.
//!
//! Owns: finding and reading them, by their path from the root with `/`.
//! Must not know: what is checked.

use std::fs;
use std::path::{Path, PathBuf};

/// One file.
pub(crate) struct File {
    /// E.g. `src-tauri/src/main.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Folders that hold nothing a person wrote.
const SKIPPED: [&str; 8] = [
    ".git",
    ".make",
    "artifacts",
    "corpus",
    "dist",
    "node_modules",
    "proptest-regressions",
    "target",
];

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    match fs::read_to_string(root().join(path)) {
        Ok(text) => text,
        Err(error) => panic!("{path}: {error}"),
    }
}

/// Every text file, in the order of paths.
pub(crate) fn all() -> Vec<File> {
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 100, "the walk found {} files only", files.len());
    files
}

/// Every Rust file.
pub(crate) fn rust() -> Vec<File> {
    all().into_iter().filter(|it| it.path.ends_with(".rs")).collect()
}

/// Fails with one line a problem.
pub(crate) fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

// === impl File ===

impl File {
    /// Only tests are in it.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || ["tests.rs", "testkit.rs"].contains(&name)
    }
}

fn walk(folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A file of that name is how git marks a worktree.
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
            continue;
        }
        // What is no text (an icon) is nobody's to check here.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let path = path.strip_prefix(root()).expect("a file of the project");
        files.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
    }
}

//! Embeds the recorded answers of the pure package.
//!
//! Owns: the generated list `fixtures.rs`, one `(path, text)` a file.
//! Must not know: what a fixture means.
#![allow(clippy::unwrap_used, reason = "a build that cannot read its fixtures should stop")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src-tauri/protocol/tests/fixtures");
    let root = root.canonicalize().unwrap();
    println(&format!("cargo:rerun-if-changed={}", root.display()));
    let mut files = Vec::new();
    for dialect in ["anthropic", "chat", "gemini", "responses"] {
        let folder = root.join(dialect);
        println(&format!("cargo:rerun-if-changed={}", folder.display()));
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap()).join("fixtures.rs");
    fs::write(out, list(&root, &files)).unwrap();
}

fn list(root: &Path, files: &[PathBuf]) -> String {
    let mut text = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.to_str().unwrap()).unwrap();
    }
    text + "]\n"
}

/// Cargo reads a build script's standard output; the lint knows.
fn println(line: &str) {
    println!("{line}");
}

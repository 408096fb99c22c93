//! What has to hold of the project's own files.
//!
//! Owns: the list of checks; `UPDATE_DOCS=1 cargo test --test tidy` writes the generated documents
//! anew.
//! Must not know: what the program does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop the test, as the tests do"
)]

/// The book in docs/.
mod book;
/// The text of a Rust file without what is not code.
mod code;
/// The commands that documents tell people to run.
mod commands;
/// `make demo` must not rot.
mod demo;
/// Documents made from the program.
mod docs;
/// How files begin, how long they are.
mod files;
/// Time, statuses and words that have their place or none.
mod habits;
/// Who may import whom.
mod imports;
/// Licences, banned packages, sources.
mod licences;
/// Version and identity, told in several files.
mod manifests;
/// Methods listed, registered and documented.
mod methods;
/// The quick starts, run.
#[cfg(unix)]
mod quick_start;
/// The files of the project.
mod tree;

//! Every dialect to every dialect: recorded requests, answers and errors through the translation.
//!
//! Owns: the matrix of snapshots, the grammar of every client's stream, the laws across dialects,
//! and that `docs/translation.md` says what becomes of every field.
//! Must not know: how a dialect is read or written.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod answers;
mod conversations;
mod ends;
mod grammar;
mod laws;
mod matrix;
mod snapshots;
mod support;
mod table;
mod unknown;

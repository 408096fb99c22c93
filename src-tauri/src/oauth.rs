//! Signing in at WorkOS, and keeping what it gave.
//!
//! Owns: the list of modules, in reading order, and no code.
//! Must not know: SQL, faces, which request asked.
//!
//! A manual account (a pasted refresh token) needs nothing of its own: it is stored, then verified
//! by one [`refresh::Need::Forced`].

pub mod answer;
pub mod workos;

pub mod callback;
pub mod flow;
pub mod loopback;

pub mod journal;
pub mod refresh;

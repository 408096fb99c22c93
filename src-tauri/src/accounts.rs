//! What a person can do to accounts.
pub mod spec;

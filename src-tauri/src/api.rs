//! What can be asked of this program, as named methods: one table for every face.
//!
//! Owns: the method table, params, results and error codes.
//! Must not know: pipes, HTTP, who asks.

pub mod context;
pub mod error;
pub mod methods;
pub mod openapi;
pub mod params;
pub mod schema;
pub mod streams;
pub mod table;

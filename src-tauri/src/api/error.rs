//! From a failure of the inside to a JSON-RPC error.
//!
//! Owns: the only table of RPC codes (design section 6.1).
//! Must not know: methods.

use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;

use crate::error::Error;

/// The line is no JSON.
pub const PARSE: i32 = -32700;
/// The JSON is no call.
pub const INVALID_REQUEST: i32 = -32600;
/// No method of that name.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// A param is missing or wrong.
pub const INVALID_PARAMS: i32 = -32602;
/// A defect of this program.
pub const INTERNAL: i32 = -32603;

/// The codes of domain errors by kind, for the table and its document.
pub const DOMAIN: [(&str, i32); 16] = [
    ("not_found", -32001),
    ("stale", -32002),
    ("no_account", -32003),
    ("needs_login", -32004),
    ("refresh_failed", -32005),
    ("login_over", -32006),
    ("upstream", -32007),
    ("config", -32009),
    ("data_folder", -32010),
    ("newer_schema", -32011),
    ("wrong_key", -32012),
    ("damaged", -32013),
    ("store", -32014),
    ("unauthorized", -32015),
    ("forbidden", -32016),
    ("limited", -32017),
];

/// `data` of every error.
#[derive(Serialize)]
struct Data<'a> {
    kind: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// The error a caller gets.
#[must_use]
pub fn to_object(error: &Error) -> ErrorObjectOwned {
    let data = Data {
        kind: error.kind(),
        retryable: error.retryable(),
        retry_after_seconds: error.retry_after_seconds(),
        hint: error.hint(),
    };
    ErrorObjectOwned::owned(code(error), error.to_string(), Some(data))
}

/// An error of the envelope, before any method was found.
#[must_use]
pub fn envelope(code: i32, message: &str) -> ErrorObjectOwned {
    let kind = match code {
        PARSE => "parse",
        METHOD_NOT_FOUND => "method_not_found",
        INTERNAL => "internal",
        _ => "invalid_request",
    };
    let data = Data { kind, retryable: false, retry_after_seconds: None, hint: None };
    ErrorObjectOwned::owned(code, message, Some(data))
}

fn code(error: &Error) -> i32 {
    match error {
        Error::Invalid { .. } => INVALID_PARAMS,
        Error::Internal(_) => INTERNAL,
        Error::Stopping => -32000,
        other => DOMAIN
            .iter()
            .find(|(kind, _)| *kind == other.kind())
            .map_or(INTERNAL, |(_, code)| *code),
    }
}

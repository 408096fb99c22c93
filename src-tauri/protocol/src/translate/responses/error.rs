//! A fault as a Responses client is told of it.
//!
//! Owns: statuses, types and codes (grammar 5.5).
//! Must not know: which endpoint answered.

use super::json::Object;
use crate::fault::{Class, Fault, Retry};
use crate::translate::Whole;

/// The envelope `{"error": {...}}` and its status.
pub(super) fn error(fault: &Fault) -> Whole {
    let (status, kind, code) = words(fault);
    let own_code = fault.code.as_deref().filter(|it| fault.class == Class::Request && is_own(it));
    let mut body = Vec::new();
    let mut outer = Object::open(&mut body);
    let mut it = outer.object("error");
    it.text("message", &fault.message);
    it.text("type", kind);
    it.json("param", "null");
    match own_code.or(code) {
        Some(code) => it.text("code", code),
        None => it.json("code", "null"),
    }
    it.close();
    outer.close();
    Whole { status, body: body.into() }
}

/// Status, type and code of a fault.
fn words(fault: &Fault) -> (u16, &'static str, Option<&'static str>) {
    const INVALID: &str = "invalid_request_error";
    match fault.class {
        Class::Request => match fault.status {
            Some(413) => (413, INVALID, Some("context_length_exceeded")),
            Some(404) => (404, INVALID, Some("not_found")),
            Some(status @ 400..=499) => (status, INVALID, None),
            _ => (400, INVALID, None),
        },
        // Upstreams say it with 400 and 403, too.
        Class::Model => (404, INVALID, Some("model_not_found")),
        Class::Credential => match (fault.status, fault.retry) {
            (Some(403), _) | (None, Retry::OtherAccount) => {
                (403, "permission_error", Some("permission_denied"))
            }
            _ => (401, INVALID, Some("invalid_api_key")),
        },
        Class::Quota => {
            let status = fault.status.filter(|it| (400..500).contains(it)).unwrap_or(402);
            (status, "insufficient_quota", Some("insufficient_quota"))
        }
        Class::Rate => (429, "rate_limit_exceeded", Some("rate_limit_exceeded")),
        Class::Transient => (transient(fault), "server_error", Some("server_error")),
        Class::Truncated => (502, "server_error", Some("server_error")),
        Class::ClientClosed => (499, INVALID, Some("client_closed")),
    }
}

fn transient(fault: &Fault) -> u16 {
    match fault.status {
        // A status of one provider only.
        Some(529) => 503,
        Some(status @ 500..=599) => status,
        _ if fault.code.as_deref() == Some("timeout") => 504,
        _ => 502,
    }
}

/// Whether a code of upstream's is a word of this kind of API: `invalid_value`, and neither
/// `invalid_request_error`, which names a type, nor `INVALID_ARGUMENT`.
fn is_own(code: &str) -> bool {
    let snake = code.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    snake && !code.ends_with("_error") && code.contains(|it: char| it.is_ascii_lowercase())
}

//! Errors in this dialect's envelope: `{"error": {"message", "type", "param", "code"}}`.
//!
//! Owns: which status, `type` and `code` a fault or an upstream's name for an error gets.
//! Must not know: streams, retries.

use bytes::Bytes;

use super::json::Open;
use crate::fault::{Class, Fault, TransportKind, clean_text};
use crate::translate::Whole;

/// One row of the table.
struct Row {
    status: u16,
    kind: &'static str,
    /// Said where upstream has no code of this dialect.
    code: Option<&'static str>,
}

const INVALID: &str = "invalid_request_error";
const SERVER: &str = "server_error";
const QUOTA: &str = "insufficient_quota";

/// The answer to a request that failed before its first byte.
pub(super) fn of_fault(fault: &Fault) -> Whole {
    let status = status_of(fault);
    // A spent budget is one whichever status upstream says it with.
    let Row { kind, code, .. } = row(if fault.class == Class::Quota { 402 } else { status });
    let code = fault.code.as_deref().filter(|it| is_own(it)).or(code);
    Whole { status, body: envelope(&fault.message, kind, code) }
}

/// The answer to a request whose answer turned out to be an error.
pub(super) fn of_event(error_type: &str, message: &str) -> Whole {
    let row = row(status_of_name(error_type));
    Whole { status: row.status, body: envelope(&clean_text(message), row.kind, told(error_type)) }
}

/// The envelope of an error in the middle of a stream.
pub(super) fn in_stream(error_type: &str, message: &str) -> Bytes {
    envelope(&clean_text(message), row(status_of_name(error_type)).kind, told(error_type))
}

fn envelope(message: &str, kind: &str, code: Option<&str>) -> Bytes {
    let mut out = Vec::with_capacity(message.len() + 128);
    let mut body = Open::object(&mut out);
    let mut error = Open::object(body.key("error"));
    error.text("message", message);
    error.text("type", kind);
    error.raw("param", "null");
    // Only of a quota both say the same word, as OpenAI has it.
    match code.filter(|it| *it != kind || kind == QUOTA) {
        Some(code) => error.text("code", code),
        None => error.raw("code", "null"),
    }
    error.close();
    body.close();
    out.into()
}

/// Upstream's name for an error as `code`; what is no name says nothing.
fn told(error_type: &str) -> Option<&str> {
    (error_type != "error" && !error_type.is_empty()).then_some(error_type)
}

/// Whether a code is one that a client of this dialect may know. The general names of other
/// dialects are not: they are what `type` says here.
fn is_own(code: &str) -> bool {
    !code.ends_with("_error") && !code.bytes().any(|it| it.is_ascii_uppercase())
}

fn status_of(fault: &Fault) -> u16 {
    match (fault.class, fault.status) {
        (Class::Model, _) => 404,
        // 529 is another dialect's word for overloaded.
        (_, Some(529)) => 503,
        (_, Some(status @ 400..=599)) => status,
        (Class::Request, _) => 400,
        (Class::Credential, _) => 401,
        (Class::Quota, _) => 402,
        (Class::Rate, _) => 429,
        (Class::ClientClosed, _) => 499,
        (Class::Transient | Class::Truncated, _) => {
            let timeout = TransportKind::Timeout.as_str();
            if fault.code.as_deref() == Some(timeout) { 504 } else { 502 }
        }
    }
}

/// The status that belongs to an error's name in any dialect.
fn status_of_name(name: &str) -> u16 {
    match name.to_ascii_lowercase().as_str() {
        "invalid_request_error"
        | "invalid_argument"
        | "invalid_prompt"
        | "failed_precondition"
        | "context_length_exceeded" => 400,
        "authentication_error" | "unauthenticated" | "invalid_api_key" => 401,
        "billing_error" | "insufficient_quota" => 402,
        "permission_error" | "permission_denied" => 403,
        "not_found_error" | "not_found" | "model_not_found" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "resource_exhausted" => 429,
        "truncated" | "invalid_response" | "event_too_large" | "too_many_blocks" => 502,
        "overloaded_error" | "unavailable" | "service_unavailable" => 503,
        "timeout_error" | "deadline_exceeded" => 504,
        // Codes of this family's own: `invalid_value`, `unsupported_parameter`.
        name if ["invalid_", "unsupported_", "missing_"].iter().any(|it| name.starts_with(it)) => {
            400
        }
        _ => 500,
    }
}

const fn row(status: u16) -> Row {
    let (kind, code) = match status {
        401 => (INVALID, Some("invalid_api_key")),
        402 => (QUOTA, Some(QUOTA)),
        403 => ("permission_error", None),
        404 => (INVALID, Some("model_not_found")),
        413 => (INVALID, Some("context_length_exceeded")),
        429 => ("rate_limit_error", Some("rate_limit_exceeded")),
        400..=499 => (INVALID, None),
        _ => (SERVER, None),
    };
    Row { status, kind, code }
}

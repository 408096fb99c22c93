//! Errors as Gemini tells them.
//!
//! Owns: the envelope, and which code and status belong together (`google.rpc.Code`).
//! Must not know: another dialect.

use serde_json::{Value, json};

use crate::fault::{Class, Fault, TransportKind};
use crate::translate::Whole;

/// A fault as a Gemini client gets it.
#[must_use]
pub fn error(fault: &Fault) -> Whole {
    // Google has no 529: its word for an overload is 503.
    let status = fault.status.map(|it| if it == 529 { 503 } else { it });
    // Upstreams say that a model is missing with 400 and 403, too.
    let told = status.filter(|it| (400..600).contains(it) && fault.class != Class::Model);
    let code = told.unwrap_or(match fault.class {
        Class::Request | Class::ClientClosed => 400,
        Class::Model => 404,
        Class::Credential => 401,
        Class::Quota => 402,
        Class::Rate => 429,
        Class::Transient if fault.code.as_deref() == Some(TransportKind::Timeout.as_str()) => 504,
        Class::Transient | Class::Truncated => 503,
    });
    let mut error = json!({
        "code": code,
        "message": fault.message,
        "status": status_of_code(code),
    });
    if let (Some(ms), Some(error)) = (fault.retry_after_ms, error.as_object_mut()) {
        let delay = format!("{}s", ms.div_ceil(1000));
        let details: Value = json!([{
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": delay,
        }]);
        error.insert("details".to_owned(), details);
    }
    let body = json!({ "error": error }).to_string();
    Whole { status: code, body: body.into_bytes().into() }
}

/// The code and status of an error event's name, whatever dialect it comes from.
pub(super) fn status_of_name(name: &str) -> (u16, &'static str) {
    let code = match name {
        "invalid_request_error" | "invalid_prompt" | "INVALID_ARGUMENT" => 400,
        "authentication_error" | "invalid_api_key" | "UNAUTHENTICATED" => 401,
        "billing_error" | "insufficient_quota" => 402,
        "permission_error" | "PERMISSION_DENIED" => 403,
        "not_found_error" | "model_not_found" | "NOT_FOUND" => 404,
        "request_too_large" | "context_length_exceeded" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "RESOURCE_EXHAUSTED" => 429,
        "overloaded_error" | "UNAVAILABLE" | "truncated" => 503,
        "timeout_error" | "DEADLINE_EXCEEDED" => 504,
        _ => 500,
    };
    (code, status_of_code(code))
}

const fn status_of_code(code: u16) -> &'static str {
    match code {
        401 => "UNAUTHENTICATED",
        402 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        408 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

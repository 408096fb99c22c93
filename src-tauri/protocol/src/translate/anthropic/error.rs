//! Errors in the provider's envelope.
//!
//! Owns: its error types, their statuses, and which type another provider's name for an error is.
//! Must not know: what a fault does to an account.

use super::json::Obj;
use crate::fault::{Class, Fault, TransportKind};
use crate::translate::Whole;

/// The provider's name for an error, and its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) status: u16,
}

const INVALID: Kind = Kind { name: "invalid_request_error", status: 400 };
const AUTHENTICATION: Kind = Kind { name: "authentication_error", status: 401 };
const BILLING: Kind = Kind { name: "billing_error", status: 402 };
const PERMISSION: Kind = Kind { name: "permission_error", status: 403 };
const NOT_FOUND: Kind = Kind { name: "not_found_error", status: 404 };
const TOO_LARGE: Kind = Kind { name: "request_too_large", status: 413 };
const RATE: Kind = Kind { name: "rate_limit_error", status: 429 };
const API: Kind = Kind { name: "api_error", status: 500 };
const TIMEOUT: Kind = Kind { name: "timeout_error", status: 504 };
const OVERLOADED: Kind = Kind { name: "overloaded_error", status: 529 };

/// How the names of mistakes in a request begin.
const MISTAKES: [&str; 5] = ["invalid_", "missing_", "unsupported_", "unknown_", "string_"];

/// A fault as an answer: the status upstream gave where there is one. `request` names the request.
#[must_use]
pub fn error(fault: &Fault, request: Option<&str>) -> Whole {
    let kind = of_fault(fault);
    Whole { status: kind.status, body: envelope(kind, &fault.message, request).into() }
}

/// The envelope of an error, in a body or after `event: error`.
pub(super) fn envelope(kind: Kind, message: &str, request: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 128);
    write_envelope(kind, message, request, &mut out);
    out
}

pub(super) fn write_envelope(kind: Kind, message: &str, request: Option<&str>, out: &mut Vec<u8>) {
    let mut object = Obj::new(out);
    object.str("type", "error");
    let message = if message.is_empty() { kind.name } else { message };
    Obj::new(object.key("error")).str("type", kind.name).str("message", message).end();
    match request {
        Some(id) => object.str("request_id", id).end(),
        None => object.json("request_id", "null").end(),
    }
}

/// The kind of an error that the events of an answer tell.
pub(super) fn of_name(name: &str) -> Kind {
    match name.to_ascii_lowercase().as_str() {
        "invalid_request_error"
        | "invalid_argument"
        | "invalid_prompt"
        | "failed_precondition"
        | "out_of_range"
        | "content_filter"
        | "bad_request" => INVALID,
        "authentication_error"
        | "unauthenticated"
        | "invalid_api_key"
        | "invalid_authentication" => AUTHENTICATION,
        "billing_error"
        | "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active" => BILLING,
        "permission_error" | "permission_denied" | "permission" => PERMISSION,
        "not_found_error" | "not_found" | "model_not_found" => NOT_FOUND,
        "request_too_large" | "context_length_exceeded" => TOO_LARGE,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "resource_exhausted"
        | "rate_limit"
        | "too_many_requests" => RATE,
        "timeout_error" | "timeout" | "deadline_exceeded" => TIMEOUT,
        "overloaded_error" | "overloaded" | "unavailable" | "service_unavailable" => OVERLOADED,
        // The answer came from a gateway that saw it break off.
        "truncated" => Kind { status: 502, ..API },
        // What reading makes of an answer nobody can read.
        "invalid_response" => API,
        // OpenAI names the mistake rather than the kind: `invalid_value`, `missing_...`.
        name if MISTAKES.iter().any(|it| name.starts_with(it)) => INVALID,
        number => number.parse().map_or(API, of_status),
    }
}

fn of_fault(fault: &Fault) -> Kind {
    match fault.class {
        Class::Model => NOT_FOUND,
        Class::Quota => BILLING,
        Class::Rate => RATE,
        Class::Credential if fault.status == Some(403) => PERMISSION,
        Class::Credential => AUTHENTICATION,
        Class::Truncated => Kind { status: 502, ..API },
        // Nobody is there to read it; the log shows the usual number.
        Class::ClientClosed => Kind { status: 499, ..API },
        Class::Request => of_status(fault.status.unwrap_or(INVALID.status)),
        Class::Transient => match fault.status {
            Some(status) => of_status(status),
            None if fault.code.as_deref() == Some(TransportKind::Timeout.as_str()) => TIMEOUT,
            None => Kind { status: 502, ..API },
        },
    }
}

fn of_status(status: u16) -> Kind {
    let kind = match status {
        401 => AUTHENTICATION,
        402 => BILLING,
        403 => PERMISSION,
        404 => NOT_FOUND,
        408 | 504 => TIMEOUT,
        413 => TOO_LARGE,
        429 => RATE,
        400..=499 => INVALID,
        503 | 529 => OVERLOADED,
        500..=599 => API,
        _ => return Kind { status: 502, ..API },
    };
    Kind { status, ..kind }
}

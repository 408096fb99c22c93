//! From a failure to an HTTP status.
//!
//! Owns: the only table of statuses that the gateway itself answers with.
//! Must not know: upstream's statuses; a `Fault` says what those mean.

/// What the admin API answers when it does not do what was asked.
pub(super) mod admin;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

/// For probes.
pub(super) fn not_ready(text: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// A handler met a defect.
pub(super) fn defect() -> Response {
    let text = "{\"error\":{\"kind\":\"internal\",\"message\":\"internal error: this request met a \
                defect of the program\"}}\n";
    let json = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (StatusCode::INTERNAL_SERVER_ERROR, json, text).into_response()
}

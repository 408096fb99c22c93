//! Status and body to a class: the rows of the fault table.
//!
//! Owns: the table, and what tells a missing model from any other wrong request.
//! Must not know: waiting times, what a class does to an account.

use super::told::Told;
use super::{Class, Retry};

/// Codes that say the model is what is wrong.
const MODEL_CODES: [&str; 7] = [
    "model_not_found",
    "model_not_supported",
    "model_not_available",
    "unsupported_model",
    "invalid_model",
    "unknown_model",
    "deployment_not_found",
];

/// Texts that say it.
const MODEL_TEXTS: [&str; 6] = [
    "unsupported model",
    "unknown model",
    "no such model",
    "not a valid model",
    "invalid model name",
    "invalid model id",
];

/// What follows `model` or `model <name>` in texts that say it. "not supported with this model",
/// which blames a parameter, is not among them.
const MODEL_ENDINGS: [&str; 8] = [
    "not found",
    "is not found",
    "does not exist",
    "doesn't exist",
    "not supported",
    "is not supported",
    "is not available",
    "not available",
];

/// Codes of a 429 that waiting does not cure.
const QUOTA_CODES: [&str; 3] =
    ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];

/// The class of an answer and whether another try helps.
pub(super) fn classify(status: u16, told: &Told) -> (Class, Retry) {
    match status {
        401 => (Class::Credential, Retry::AfterRefresh),
        402 => (Class::Quota, Retry::OtherAccount),
        400 | 403 | 404 | 422 if is_model(status, told) => (Class::Model, Retry::Never),
        403 => (Class::Credential, Retry::OtherAccount),
        429 if QUOTA_CODES.iter().any(|it| told.is(it)) => (Class::Quota, Retry::OtherAccount),
        429 => (Class::Rate, Retry::OtherAccount),
        400..=499 => (Class::Request, Retry::Never),
        // Also what is no error status at all: whoever asks saw a failure.
        _ => (Class::Transient, Retry::OtherAccount),
    }
}

/// The class of a name for an error: the host's nine, and the types of the providers.
pub(super) fn by_name(name: &str) -> Option<(Class, Retry)> {
    Some(match name.to_ascii_lowercase().as_str() {
        "authentication" | "authentication_error" | "invalid_api_key" | "unauthenticated" => {
            (Class::Credential, Retry::AfterRefresh)
        }
        "authorization" | "permission_error" | "permission_denied" => {
            (Class::Credential, Retry::OtherAccount)
        }
        "rate_limit" | "rate_limit_error" | "rate_limit_exceeded" | "resource_exhausted" => {
            (Class::Rate, Retry::OtherAccount)
        }
        "quota_exceeded" | "billing_error" | "insufficient_quota" => {
            (Class::Quota, Retry::OtherAccount)
        }
        "model_unavailable" | "model_not_found" | "model_not_supported" => {
            (Class::Model, Retry::Never)
        }
        "content_filtered"
        | "invalid_request_error"
        | "invalid_argument"
        | "not_found_error"
        | "request_too_large" => (Class::Request, Retry::Never),
        "server_error" | "network_error" | "api_error" | "overloaded_error" | "timeout_error"
        | "internal" | "unavailable" | "deadline_exceeded" => {
            (Class::Transient, Retry::OtherAccount)
        }
        "truncated" => (Class::Truncated, Retry::Never),
        "client_closed" => (Class::ClientClosed, Retry::Never),
        _ => return None,
    })
}

fn is_model(status: u16, told: &Told) -> bool {
    if MODEL_CODES.iter().any(|it| told.is(it)) {
        return true;
    }
    let text = told.message.to_lowercase().replace(['\'', '"', '`', ':', ','], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match status {
        // A path is ours and always right, so a 404 that speaks of a model means the model.
        404 => told.param.as_deref() == Some("model") || text.contains("model"),
        400 | 422 => MODEL_TEXTS.iter().any(|it| text.contains(it)) || says_model_is_out(&text),
        _ => false,
    }
}

/// Whether `model`, perhaps with a name after it, is followed by what makes it unusable.
fn says_model_is_out(text: &str) -> bool {
    text.match_indices("model").any(|(at, _)| {
        let after = text.get(at + "model".len()..).unwrap_or_default();
        let after = after.strip_prefix('s').unwrap_or(after);
        let Some(after) = after.strip_prefix([' ', '/']) else { return false };
        let behind_name = after.split_once(' ').map_or("", |(_, it)| it);
        MODEL_ENDINGS.iter().any(|it| after.starts_with(it) || behind_name.starts_with(it))
    })
}

//! What the admin API answers when it does not do what was asked.
//!
//! Owns: its refusals, its error body, and the status of each.
//! Must not know: which method failed.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::error::{Error, Kind};

/// Why a call is turned away before any method is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Refusal {
    /// Neither a key nor a session.
    NoCredential,
    /// The session ended.
    SessionOver,
    /// Not the admin key.
    WrongKey,
    /// Too many wrong keys.
    Throttled { wait: Duration },
    /// The `Host` is not one of this gateway's names.
    Host,
    /// A page of another origin asks.
    Origin,
    /// A session's call without its CSRF token.
    Csrf,
    /// A sign-in without a key.
    KeyMissing,
    /// There is no such path.
    NoRoute,
    /// The path is there, but not for this method.
    Method,
    /// The body is longer than allowed.
    TooLarge { limit: usize },
    /// The body did not arrive.
    Unfinished,
    /// The body is not said to be JSON.
    NotJson,
    /// The body is JSON, and no object.
    NoObject,
    /// The body is no JSON.
    BadJson { line: usize, column: usize },
}

/// The error body.
#[derive(Serialize)]
struct Body<'a> {
    error: Told<'a>,
}

#[derive(Default, Serialize)]
struct Told<'a> {
    kind: Kind,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
}

/// A refusal as an answer.
pub(in crate::gateway) fn answer(refusal: &Refusal) -> Response {
    let (status, kind, message, hint) = match refusal {
        Refusal::NoCredential => (
            StatusCode::UNAUTHORIZED,
            Kind::Unauthorized,
            "this needs the admin key".to_owned(),
            Some("send it as x-admin-key, or sign in at /admin/login"),
        ),
        Refusal::SessionOver => (
            StatusCode::UNAUTHORIZED,
            Kind::Unauthorized,
            "this session is over".to_owned(),
            Some("sign in again"),
        ),
        Refusal::WrongKey => (
            StatusCode::UNAUTHORIZED,
            Kind::Unauthorized,
            "this is not the admin key".to_owned(),
            Some("it is ADMIN_ACCESS_KEY, else the one that was shown at the first start"),
        ),
        Refusal::Throttled { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            Kind::Throttled,
            "too many wrong admin keys came from this address".to_owned(),
            Some("wait, then try again"),
        ),
        Refusal::Host => (
            StatusCode::FORBIDDEN,
            Kind::ForbiddenHost,
            "this gateway does not go by the name it was asked under".to_owned(),
            Some("use localhost or its address, or add the name to gateway.allowed_hosts"),
        ),
        Refusal::Origin => (
            StatusCode::FORBIDDEN,
            Kind::ForbiddenOrigin,
            "a page of another origin may not do this".to_owned(),
            None,
        ),
        Refusal::Csrf => (
            StatusCode::FORBIDDEN,
            Kind::Csrf,
            "the x-csrf-token of this session is missing or wrong".to_owned(),
            Some("read it from GET /admin/session"),
        ),
        Refusal::KeyMissing => {
            (StatusCode::BAD_REQUEST, Kind::Invalid, "key: expected the admin key".to_owned(), None)
        }
        Refusal::NoRoute => (
            StatusCode::NOT_FOUND,
            Kind::NotFound,
            "the admin API has no such path".to_owned(),
            Some("GET /admin/openapi.json lists them"),
        ),
        Refusal::Method => (
            StatusCode::METHOD_NOT_ALLOWED,
            Kind::MethodNotAllowed,
            "this path does not take this method".to_owned(),
            Some("GET /admin/openapi.json lists them"),
        ),
        Refusal::TooLarge { limit } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooLarge,
            format!("the body is longer than {limit} bytes"),
            None,
        ),
        Refusal::Unfinished => (
            StatusCode::REQUEST_TIMEOUT,
            Kind::Unfinished,
            "the body did not arrive".to_owned(),
            None,
        ),
        Refusal::NotJson => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::Invalid,
            "body: expected content-type: application/json".to_owned(),
            None,
        ),
        Refusal::NoObject => (
            StatusCode::BAD_REQUEST,
            Kind::Invalid,
            "body: expected a JSON object".to_owned(),
            None,
        ),
        Refusal::BadJson { line, column } => (
            StatusCode::BAD_REQUEST,
            Kind::Invalid,
            format!("body: it is not JSON: line {line}, column {column}"),
            None,
        ),
    };
    let field = match refusal {
        Refusal::KeyMissing => Some("key"),
        Refusal::NotJson | Refusal::NoObject | Refusal::BadJson { .. } => Some("body"),
        _ => None,
    };
    let retry_after_seconds = match refusal {
        Refusal::Throttled { wait } => Some(wait.as_secs().max(1)),
        _ => None,
    };
    let mut response = written(status, Told { kind, message, field, hint, retry_after_seconds });
    if matches!(refusal, Refusal::TooLarge { .. } | Refusal::Unfinished) {
        // The rest of the body is not read.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A method's failure as an answer.
pub(in crate::gateway) fn failure(error: &Error) -> Response {
    let status = match error {
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        Error::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Limited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Stale { .. } | Error::NeedsLogin { .. } => StatusCode::CONFLICT,
        Error::LoginOver { .. } => StatusCode::GONE,
        Error::Upstream(_) | Error::RefreshFailed { .. } => StatusCode::BAD_GATEWAY,
        Error::NoAccount { .. } | Error::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        Error::Config { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Data { .. }
        | Error::NewerSchema { .. }
        | Error::WrongKey { .. }
        | Error::Damaged { .. }
        | Error::Store { .. }
        | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let field = match error {
        Error::Invalid { field, .. } => Some(field.as_str()),
        _ => None,
    };
    let told = Told {
        kind: error.class(),
        message: error.to_string(),
        field,
        hint: error.hint(),
        retry_after_seconds: error.retry_after_seconds(),
    };
    written(status, told)
}

fn written(status: StatusCode, told: Told<'_>) -> Response {
    let retry_after = told.retry_after_seconds;
    let text = serde_json::to_string(&Body { error: told }).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], text).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

//! From a failure to an HTTP answer.
//!
//! Owns: the only table of statuses that the gateway itself answers with, and the envelope of every
//! error in the client's own dialect.
//! Must not know: upstream's statuses; a `Fault` says what those mean.

/// What the admin API answers when it does not do what was asked.
pub(super) mod admin;

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use droid_protocol::dialect::Dialect;
use droid_protocol::fault::{Class, Fault, Retry, Source};
use droid_protocol::translate::pair;

use crate::error::Error;
use crate::relay::Failure;

/// Why the gateway itself turns a request away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body is longer than allowed.
    TooLarge { limit: usize },
    /// The body did not arrive.
    Unfinished,
    /// The body paused for too long.
    TooSlow,
    /// There is no such path.
    NoRoute,
    /// The path is there, but not for this method.
    Method { allowed: &'static str },
    /// There is no such model.
    NoModel,
}

/// For probes.
pub(super) fn not_ready(text: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// A part of the web page that this program does not have.
pub(super) fn no_such_file() -> Response {
    (StatusCode::NOT_FOUND, "there is no such file\n").into_response()
}

/// A handler met a defect.
pub(super) fn defect() -> Response {
    let text = "{\"error\":{\"kind\":\"internal\",\"message\":\"internal error: this request met a \
                defect of the program\"}}\n";
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::INTERNAL_SERVER_ERROR, json, text).into_response()
}

/// An error as a client of the dialect reads it; `request` is the id it was told.
pub(super) fn answer(client: Dialect, failure: Failure, request: &str) -> Response {
    envelope(client, &of_error(&failure.error), failure.headers, request)
}

/// The status that a client of the dialect gets for an error.
pub(super) fn told(client: Dialect, error: &Error) -> u16 {
    pair::error(client, &of_error(error), None).status
}

/// The gateway's own refusal as a client of the dialect reads it.
pub(super) fn refuse(client: Dialect, refusal: &Refusal, request: &str) -> Response {
    let mut headers = HeaderMap::new();
    match refusal {
        Refusal::Method { allowed } => {
            headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        // Part of the body is still to come: nobody will read it.
        Refusal::TooLarge { .. } | Refusal::TooSlow | Refusal::Unfinished => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Refusal::NoRoute | Refusal::NoModel => {}
    }
    envelope(client, &of_refusal(refusal), headers, request)
}

/// A status that is told elsewhere; a number that is none is a defect.
pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn envelope(client: Dialect, fault: &Fault, headers: HeaderMap, request: &str) -> Response {
    let whole = pair::error(client, fault, Some(request));
    let mut response = Response::new(Body::from(whole.body));
    *response.status_mut() = status(whole.status);
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if whole.status == StatusCode::UNAUTHORIZED.as_u16() {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(ms) = fault.retry_after_ms
        && matches!(fault.class, Class::Rate | Class::Transient | Class::Quota)
    {
        // Never 0: who asks again at once is turned away again.
        headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000).max(1)));
    }
    response
}

/// The one table of what our own errors are to a client.
fn of_error(error: &Error) -> Fault {
    let (class, status) = match error {
        Error::Upstream(fault) => return (**fault).clone(),
        Error::Invalid { .. } => (Class::Request, StatusCode::BAD_REQUEST),
        Error::NotFound { .. } => (Class::Request, StatusCode::NOT_FOUND),
        Error::Stale { .. } => (Class::Request, StatusCode::CONFLICT),
        Error::Unauthorized { .. } => (Class::Credential, StatusCode::UNAUTHORIZED),
        Error::Forbidden { .. } => (Class::Credential, StatusCode::FORBIDDEN),
        Error::Limited { .. } | Error::NoAccount { retry_after: Some(_), .. } => {
            (Class::Rate, StatusCode::TOO_MANY_REQUESTS)
        }
        Error::NoAccount { retry_after: None, .. }
        | Error::NeedsLogin { .. }
        | Error::RefreshFailed { .. }
        | Error::LoginOver { .. }
        | Error::Config { .. }
        | Error::Stopping => (Class::Transient, StatusCode::SERVICE_UNAVAILABLE),
        Error::Data { .. }
        | Error::NewerSchema { .. }
        | Error::WrongKey { .. }
        | Error::Damaged { .. }
        | Error::Store { .. }
        | Error::Internal(_) => (Class::Transient, StatusCode::INTERNAL_SERVER_ERROR),
    };
    let text = error.to_string();
    // The body is the request: its members are named as the client knows them.
    let text = text.strip_prefix("request.").unwrap_or(&text);
    own(class, status, error.retry_after(), text)
}

fn of_refusal(refusal: &Refusal) -> Fault {
    let (class, status, text) = match refusal {
        Refusal::TooLarge { limit } => (
            Class::Request,
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than {limit} bytes, the limit of this gateway"),
        ),
        Refusal::Unfinished => (
            Class::Request,
            StatusCode::BAD_REQUEST,
            "the body ended before it was complete".to_owned(),
        ),
        Refusal::TooSlow => (
            Class::Request,
            StatusCode::REQUEST_TIMEOUT,
            "the body paused for too long while it was sent".to_owned(),
        ),
        Refusal::NoRoute => (
            Class::Request,
            StatusCode::NOT_FOUND,
            "this gateway has no such path: see its documents for the ones it has".to_owned(),
        ),
        Refusal::Method { allowed } => (
            Class::Request,
            StatusCode::METHOD_NOT_ALLOWED,
            format!("this path takes {allowed} and nothing else"),
        ),
        Refusal::NoModel => (
            Class::Model,
            StatusCode::NOT_FOUND,
            "there is no such model: the list of models names those there are".to_owned(),
        ),
    };
    own(class, status, None, &text)
}

fn own(class: Class, status: StatusCode, retry_after: Option<Duration>, text: &str) -> Fault {
    Fault {
        source: Source::Client,
        class,
        retry: Retry::Never,
        status: Some(status.as_u16()),
        retry_after_ms: retry_after.and_then(|it| u64::try_from(it.as_millis()).ok()),
        code: None,
        message: text.to_owned(),
    }
}

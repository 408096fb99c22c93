//! What clients of the four protocols ask.
//!
//! Owns: which path is which dialect and endpoint, the steps from an HTTP request to the relay and
//! back.
//! Must not know: how a request is answered, what a body means.

mod body;
mod models;
mod path;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use axum::routing::{any, get, head};
use droid_protocol::dialect::Dialect;
use droid_protocol::translate::{anthropic, gemini, responses};
use futures_util::FutureExt as _;

use self::path::{Asked, Path};
use super::auth::{self, Caller};
use super::error::{self, Refusal};
use super::shared::Shared;
use crate::error::Error;
use crate::relay::{Answer, AnswerBody, Call, Failure};

/// Tells that a count of tokens was not made by the model's provider.
const COUNT: &str = "x-droid-token-count";

/// Every path of the four protocols. What they do not have is answered in their own words.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", head(probe))
        // Agents look whether anybody is there before they send their key.
        .route("/api/hello", get(probe))
        .route("/v1/{*path}", any(handle))
        .route("/v1beta/{*path}", any(handle))
        .route("/droid/{*path}", any(handle))
}

async fn probe() -> &'static str {
    ""
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let request_id = {
        let app = &shared.app;
        format!("req_{}", app.entropy.timed_uuid(app.clock.now()).simple())
    };
    let path = Path::of(request.uri(), request.headers());
    let dialect = path.dialect;
    let answering = AssertUnwindSafe(answer(&shared, &request_id, path, request)).catch_unwind();
    let mut response = match answering.await {
        Ok(Ok(response)) => response,
        Ok(Err(Turned::Away(refusal))) => error::refuse(dialect, &refusal, &request_id),
        Ok(Err(Turned::Failed(failure))) => error::answer(dialect, failure, &request_id),
        // A panic ends its request alone, and its client is told so in its own words.
        Err(_) => {
            log::error!("a handler panicked");
            let text = "this request met a defect of the program".to_owned();
            error::answer(dialect, Error::Internal(text).into(), &request_id)
        }
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Why there is no answer.
enum Turned {
    Away(Refusal),
    Failed(Failure),
}

async fn answer(
    shared: &Shared,
    request_id: &str,
    path: Path,
    request: Request,
) -> Result<Response, Turned> {
    let (head, body) = request.into_parts();
    let caller =
        auth::caller(shared, &head.headers, path.key.as_deref()).await.map_err(Failure::from)?;
    let asked = path.asked.ok_or(Refusal::NoRoute)?;
    let allowed = asked.method();
    if head.method != allowed && !(allowed == Method::GET && head.method == Method::HEAD) {
        let allowed = if allowed == Method::GET { "GET" } else { "POST" };
        return Err(Refusal::Method { allowed }.into());
    }
    let key = caller.client_key.as_deref();
    match asked {
        Asked::Models => return Ok(models::list(shared, path.dialect, key)),
        Asked::Model(id) => return Ok(models::one(shared, path.dialect, &id, key)?),
        Asked::Count | Asked::Generate => {}
    }
    let body = body::read(&shared.app.config.get().gateway, &head.headers, body).await?;
    let Caller { client_key, binding, upstream } = caller;
    let call = Call {
        request_id: request_id.to_owned(),
        client: path.dialect,
        model: path.model,
        stream: path.stream,
        array: path.array,
        headers: head.headers,
        body,
        endpoint: path.endpoint,
        client_key,
        binding,
        upstream,
    };
    if matches!(asked, Asked::Count) {
        return Ok(count(shared, call).await?);
    }
    Ok(sent(shared.relay.run(call).await?))
}

/// The relay's answer as the server sends it.
fn sent(answer: Answer) -> Response {
    let body = match answer.body {
        AnswerBody::Whole(body) => Body::from(body),
        AnswerBody::Stream(pump) => body::streamed(pump),
    };
    let mut response = Response::new(body);
    *response.status_mut() = error::status(answer.status);
    *response.headers_mut() = answer.headers;
    response
}

async fn count(shared: &Shared, call: Call) -> Result<Response, Failure> {
    let client = call.client;
    let count = shared.relay.count(call).await?;
    let body = match client {
        Dialect::Anthropic => Body::from(anthropic::count_tokens(count.tokens)),
        Dialect::Gemini => Body::from(gemini::count_tokens(count.tokens)),
        Dialect::Responses | Dialect::Chat => Body::from(responses::count_tokens(count.tokens)),
    };
    let mut response = json(body);
    let by = if count.estimated { "estimate" } else { "upstream" };
    response.headers_mut().insert(COUNT, HeaderValue::from_static(by));
    Ok(response)
}

fn json(body: Body) -> Response {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", kind);
    response
}

/// A header's text.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

// === impl Turned ===

impl From<Refusal> for Turned {
    fn from(refusal: Refusal) -> Self {
        Self::Away(refusal)
    }
}

impl From<Failure> for Turned {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

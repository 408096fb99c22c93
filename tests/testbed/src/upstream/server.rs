//! The life of a request at the fake: read, journal, script, service, answer.
//!
//! Owns: the route table and the order of those steps.
//! Must not know: what a service answers and why.

use std::future::pending;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Response};
use bytes::Bytes;
use serde_json::json;

use crate::upstream::answer::Answer;
use crate::upstream::conn::{Conn, Cut};
use crate::upstream::factory::bearer_of;
use crate::upstream::journal::{Entry, Track};
use crate::upstream::plan::{Instead, Plan};
use crate::upstream::script::{Endpoint, Facts};
use crate::upstream::{World, control, factory, workos};

/// Above the 64 MiB that the program lets through, so that it is the one to refuse.
const BODY_LIMIT: usize = 80 << 20;

pub(crate) async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // Only a client that left while sending makes this fail; nobody reads the answer then.
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return Response::new(Body::empty());
    };
    if let Some(path) = parts.uri.path().strip_prefix("/__control/") {
        return control::handle(&world, &parts.method, path, parts.uri.query(), &body);
    }
    let track = world.journal.open(entry(&parts, &body));
    let facts = facts(&parts, &body);
    let action = world.script.take(&facts);
    track.note(|it| it.action = action.as_ref().map(|it| serde_json::to_value(it).unwrap()));
    let plan = Plan::of(action);
    tokio::time::sleep(plan.delay).await;
    let answer = match &plan.instead {
        Some(Instead::Answer { status, headers, body }) => headers
            .iter()
            .fold(Answer::text(*status, body), |it, (name, value)| it.with_header(name, value)),
        Some(Instead::Reset) => return cut(conn, track, Cut::Reset).await,
        Some(Instead::Close) => return cut(conn, track, Cut::Close).await,
        Some(Instead::Hang) => pending().await,
        None => serve(&world, &parts, &body, facts.endpoint, &plan),
    };
    if answer.rotated {
        track.rotated();
    }
    tokio::time::sleep(plan.delay_after).await;
    if plan.reset_after {
        return cut(conn, track, Cut::Reset).await;
    }
    answer.deliver(&plan, world.config.event_delay, conn, track)
}

fn serve(
    world: &World,
    parts: &Parts,
    body: &[u8],
    endpoint: Option<Endpoint>,
    plan: &Plan,
) -> Answer {
    let query = parts.uri.query().unwrap_or_default();
    match endpoint {
        Some(Endpoint::DeviceAuthorize) => workos::authorize_device(world, &parts.headers, body),
        Some(Endpoint::Authorize) => workos::authorize(world, query),
        Some(
            Endpoint::Token | Endpoint::Refresh | Endpoint::DevicePoll | Endpoint::CodeExchange,
        ) => workos::authenticate(world, &parts.headers, body),
        Some(Endpoint::CliOrg) => factory::cli_org(world, &parts.headers),
        Some(llm) => factory::llm(world, llm, &parts.headers, query, body, plan),
        None => Answer::json(404, &json!({"detail": "Not Found"})).because("no such route"),
    }
}

fn route(method: &Method, path: &str) -> Option<Endpoint> {
    Some(match (method.as_str(), path) {
        ("POST", "/user_management/authorize/device") => Endpoint::DeviceAuthorize,
        ("GET", "/user_management/authorize") => Endpoint::Authorize,
        ("POST", "/user_management/authenticate") => Endpoint::Token,
        ("GET", "/api/cli/org") => Endpoint::CliOrg,
        ("POST", "/api/llm/a/v1/messages") => Endpoint::Anthropic,
        ("POST", "/api/llm/a/v1/messages/count_tokens") => Endpoint::CountTokens,
        ("POST", "/api/llm/o/v1/responses") => Endpoint::OpenAi,
        ("POST", "/api/llm/o/v1/chat/completions") => Endpoint::Comm,
        ("POST", "/api/llm/g/v1/generate") => Endpoint::Google,
        _ => return None,
    })
}

fn facts(parts: &Parts, body: &[u8]) -> Facts {
    let path = parts.uri.path().to_owned();
    let (endpoint, token) = match route(&parts.method, &path) {
        Some(Endpoint::Token) => {
            let (endpoint, token) = workos::facts(&parts.headers, body);
            (Some(endpoint), token)
        }
        endpoint => (endpoint, bearer_of(&parts.headers).map(str::to_owned)),
    };
    Facts { endpoint, token, path }
}

fn entry(parts: &Parts, body: &Bytes) -> Entry {
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Entry {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(header).collect(),
        body: body.clone(),
        ..Entry::default()
    }
}

async fn cut(conn: Conn, mut track: Track, how: Cut) -> Response<Body> {
    track.cut();
    conn.cut(how);
    pending().await
}

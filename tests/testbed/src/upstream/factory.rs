//! Factory: the organisation call, the four LLM endpoints and `count_tokens`.
//!
//! Owns: the header rules (seed S0 §6.1), who may ask, which fixture answers.
//! Must not know: a dialect's body rules, how an answer leaves.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::upstream::World;
use crate::upstream::answer::Answer;
use crate::upstream::fixtures;
use crate::upstream::plan::Plan;
use crate::upstream::rules::{Checked, Object, object, refuse};
use crate::upstream::script::Endpoint;
use crate::upstream::tokens::Bearer;
use crate::upstream::{rules_anthropic, rules_chat, rules_gemini, rules_responses};

/// The wire an endpoint speaks: folder of its fixtures, envelope of its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Anthropic,
    Responses,
    Chat,
    Gemini,
}

/// `GET /api/cli/org`.
pub(crate) fn cli_org(world: &World, headers: &HeaderMap) -> Answer {
    if let Err(rule) = client_headers(headers) {
        return Answer::json(400, &json!({"detail": rule})).because(&rule);
    }
    let Some(token) = bearer_of(headers) else {
        return Answer::json(401, &json!({"detail": "Unauthorized"})).because("no bearer token");
    };
    match world.bearer(token) {
        Bearer::Access { orgs } => Answer::json(200, &json!({"workosOrgIds": orgs})),
        Bearer::Blocked(status) => {
            Answer::json(status, &json!({"detail": "Forbidden"})).because("blocked")
        }
        Bearer::Key | Bearer::Unknown => {
            Answer::json(401, &json!({"detail": "Unauthorized"})).because("no live access token")
        }
    }
}

/// An LLM endpoint.
pub(crate) fn llm(
    world: &World,
    endpoint: Endpoint,
    headers: &HeaderMap,
    query: &str,
    body: &[u8],
    plan: &Plan,
) -> Answer {
    let wire = Wire::of(endpoint);
    let no = |status: u16, rule: &str| {
        let id = world.ids.named("req_");
        Answer::json(status, &wire.envelope(status, rule, &id))
            .with_header("x-request-id", &id)
            .because(rule)
    };
    match bearer_of(headers).map(|token| world.bearer(token)) {
        Some(Bearer::Access { .. } | Bearer::Key) => {}
        // What Factory was seen to answer to an account without a plan: no `error` object at all.
        Some(Bearer::Blocked(402)) => {
            let body = json!({"detail": "Ready to get started? Subscribe to a plan."});
            return Answer::json(402, &body).because("blocked");
        }
        Some(Bearer::Blocked(status)) => return no(status, "This key is blocked."),
        Some(Bearer::Unknown) => return no(401, "Invalid bearer token"),
        None => return no(401, "Missing bearer token"),
    }
    if let Err(rule) = llm_headers(wire, headers) {
        return no(400, &rule);
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return no(400, &format!("The body is not JSON: {error}")),
    };
    let config = &world.config;
    let checked = object(&value, "body").and_then(|body| {
        let prompt = config.system_prompt.as_str();
        provider_fits(wire, headers, body)?;
        match endpoint {
            Endpoint::CountTokens => rules_anthropic::check_count(body, prompt),
            _ => match wire {
                Wire::Anthropic => rules_anthropic::check(body, prompt),
                Wire::Responses => rules_responses::check(body, prompt),
                Wire::Chat => rules_chat::check(body, prompt),
                Wire::Gemini => rules_gemini::check(body, prompt, config.google_prompt_required),
            },
        }
    });
    if let Err(rule) = checked {
        return no(400, &rule);
    }
    if endpoint == Endpoint::CountTokens {
        return Answer::json(200, &json!({"input_tokens": body.len() / 4 + 1}));
    }
    let body = value.as_object().unwrap();
    let stream = body.get("stream").is_some_and(|it| it == true)
        || (wire == Wire::Gemini && query.split('&').any(|it| it == "alt=sse"));
    recorded(world, wire, body, stream, plan)
}

fn recorded(world: &World, wire: Wire, body: &Object, stream: bool, plan: &Plan) -> Answer {
    let asked = wire.last_user_texts(body).concat();
    let named = asked.split_once("[case:").and_then(|(_, rest)| Some(rest.split_once(']')?.0));
    let case = plan.case.as_deref().or(named).unwrap_or("plain_text");
    let Some(fixture) = world.library.get(wire.folder(), case, stream) else {
        let text =
            format!("the test bed has no fixture {}/{case} (stream: {stream})", wire.folder());
        return Answer::text(500, &json!({"error": text}).to_string()).because(&text);
    };
    let answer = match (fixture.streamed, plan.endless) {
        (true, Some(bytes)) => Answer::events(fixtures::endless(fixture.text, bytes)),
        (true, None) => Answer::events(Box::new(fixtures::events(fixture.text).into_iter())),
        (false, _) => Answer::text(fixture.status, fixture.text),
    };
    fixture.headers.iter().fold(answer, |answer, (name, value)| answer.with_header(name, value))
}

// === impl Wire ===

impl Wire {
    fn of(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::OpenAi => Self::Responses,
            Endpoint::Comm => Self::Chat,
            Endpoint::Google => Self::Gemini,
            _ => Self::Anthropic,
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Responses => "responses",
            Self::Chat => "chat",
            Self::Gemini => "gemini",
        }
    }

    fn last_user_texts(self, body: &Object) -> Vec<&str> {
        match self {
            Self::Anthropic => rules_anthropic::last_user_texts(body),
            Self::Responses => rules_responses::last_user_texts(body),
            Self::Chat => rules_chat::last_user_texts(body),
            Self::Gemini => rules_gemini::last_user_texts(body),
        }
    }

    /// An error as this dialect tells it (grammar section 5.5).
    pub(crate) fn envelope(self, status: u16, message: &str, id: &str) -> Value {
        match self {
            Self::Anthropic => {
                let kind = match status {
                    401 => "authentication_error",
                    402 => "billing_error",
                    403 => "permission_error",
                    404 => "not_found_error",
                    413 => "request_too_large",
                    429 => "rate_limit_error",
                    529 => "overloaded_error",
                    500.. => "api_error",
                    _ => "invalid_request_error",
                };
                json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": id})
            }
            Self::Responses | Self::Chat => {
                let (kind, code) = match status {
                    401 => ("invalid_request_error", json!("invalid_api_key")),
                    403 => ("invalid_request_error", json!("permission_denied")),
                    429 => ("requests", json!("rate_limit_exceeded")),
                    500.. => ("server_error", json!("server_error")),
                    _ => ("invalid_request_error", Value::Null),
                };
                json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            }
            Self::Gemini => {
                let name = match status {
                    401 => "UNAUTHENTICATED",
                    403 => "PERMISSION_DENIED",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    503 => "UNAVAILABLE",
                    500.. => "INTERNAL",
                    _ => "INVALID_ARGUMENT",
                };
                json!({"error": {"code": status, "message": message, "status": name}})
            }
        }
    }
}

/// The bearer token of a request.
pub(crate) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}

fn client_headers(headers: &HeaderMap) -> Checked {
    if text(headers, "x-factory-client") != Some("cli") {
        return refuse("x-factory-client: must be `cli`");
    }
    Ok(())
}

fn llm_headers(wire: Wire, headers: &HeaderMap) -> Checked {
    client_headers(headers)?;
    let kind = text(headers, "content-type").unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return refuse("content-type: must be application/json");
    }
    if text(headers, "user-agent").is_none_or(str::is_empty) {
        return refuse("user-agent: is required");
    }
    // A client's own key in this header would be a secret on its way to a stranger.
    if text(headers, "x-api-key").is_some_and(|it| it != "placeholder") {
        return refuse("x-api-key: must be `placeholder` or absent");
    }
    if text(headers, "x-goog-api-key").is_some() {
        return refuse("x-goog-api-key: must not be sent");
    }
    if wire == Wire::Anthropic {
        let version = text(headers, "anthropic-version").unwrap_or_default();
        let dated =
            version.len() == 10 && version.bytes().all(|it| it.is_ascii_digit() || it == b'-');
        if !dated {
            return refuse("anthropic-version: header is required");
        }
    }
    Ok(())
}

/// The provider header must be one that serves the endpoint and the model (seed S0 §6.1).
fn provider_fits(wire: Wire, headers: &HeaderMap, body: &Object) -> Checked {
    let Some(provider) = text(headers, "x-api-provider") else {
        return refuse("x-api-provider: header is required");
    };
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let fits: &[&str] = match wire {
        Wire::Anthropic => &["anthropic", "bedrock_anthropic", "vertex_anthropic", "fireworks"],
        Wire::Responses if model.contains("-max") => &["openai"],
        Wire::Responses => &["azure_openai", "openai"],
        Wire::Gemini => &["google"],
        Wire::Chat if model.contains("gemini") => &["google"],
        Wire::Chat if model.contains("claude") => &["anthropic", "bedrock_anthropic"],
        Wire::Chat if model.contains("gpt") => &["azure_openai", "openai", "fireworks", "baseten"],
        Wire::Chat => &["fireworks", "baseten", "xai", "openai"],
    };
    if fits.contains(&provider) {
        return Ok(());
    }
    refuse(format!("x-api-provider: {provider:?} does not serve {model:?} here"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

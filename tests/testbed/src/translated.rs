//! The recorded answers of every dialect, translated to the dialect of whoever asks.
//!
//! A client's base address names the provider it is served from and the case:
//! `http://HOST:PORT/gemini/tool_call`. `recorded` in the provider's place serves the case as the
//! client's own provider answered it, untranslated.
//!
//! Owns: [`serve`], its addresses, and `/last`: what became of the last request.
//! Must not know: what an answer means; accounts, the gateway.

mod answer;
mod request;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use droid_protocol::dialect::Dialect;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::upstream::fixtures::Library;
use request::Checked;

const BODY_LIMIT: usize = 8 << 20;

/// What one request asks for, as its address says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ask {
    client: Dialect,
    /// None: as recorded.
    upstream: Option<Dialect>,
    case: String,
    /// Gemini's path names them.
    model: Option<String>,
    stream: Option<bool>,
}

#[derive(Debug)]
struct World {
    library: Library,
    last: Mutex<Value>,
}

/// Serves until the task is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let world = World { library: Library::embedded(), last: Mutex::new(Value::Null) };
    let routes = Router::new().fallback(handle).with_state(Arc::new(world));
    axum::serve(listener, routes).await
}

async fn handle(State(world): State<Arc<World>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path == "/last" {
        return answer::json(200, &world.last.lock().unwrap());
    }
    let Some(ask) = Ask::of(path) else {
        return answer::json(404, &json!({"error": {"message": "no such address"}}));
    };
    // Only a client that left while sending makes this fail; nobody reads the answer then.
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return Response::new(Body::empty());
    };
    let checked = request::check(&ask, &body);
    *world.last.lock().unwrap() = json!({
        "client": ask.client.as_str(),
        "body": serde_json::from_slice::<Value>(&body).unwrap_or_default(),
        "targets": checked.targets,
    });
    match checked {
        Checked { refused: Some(rule), .. } => {
            answer::json(422, &json!({"error": {"message": rule, "type": "refused"}}))
        }
        Checked { wish, stream, .. } => answer::answer(&world.library, &ask, stream, wish),
    }
}

// === impl Ask ===

impl Ask {
    fn of(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.splitn(3, '/');
        let (upstream, case, rest) = (parts.next()?, parts.next()?.to_owned(), parts.next()?);
        let upstream = match upstream {
            "recorded" => None,
            name => Some(Dialect::ALL.into_iter().find(|it| it.as_str() == name)?),
        };
        let ask = |client| Self { client, upstream, case, model: None, stream: None };
        match rest {
            "v1/messages" => Some(ask(Dialect::Anthropic)),
            "v1/responses" => Some(ask(Dialect::Responses)),
            "v1/chat/completions" => Some(ask(Dialect::Chat)),
            _ => {
                let rest = rest.strip_prefix("v1beta/").or_else(|| rest.strip_prefix("v1/"))?;
                let (model, verb) = rest.strip_prefix("models/")?.split_once(':')?;
                let stream = match verb {
                    "generateContent" => false,
                    "streamGenerateContent" => true,
                    _ => return None,
                };
                let (model, stream) = (Some(model.to_owned()), Some(stream));
                Some(Self { model, stream, ..ask(Dialect::Gemini) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_provider_case_and_client() {
        let ask = Ask::of("/gemini/tool_call/v1/messages").unwrap();
        assert_eq!((ask.client, ask.upstream), (Dialect::Anthropic, Some(Dialect::Gemini)));
        assert_eq!((ask.case.as_str(), ask.stream), ("tool_call", None));
        let ask = Ask::of("/recorded/refusal/v1beta/models/g-1:streamGenerateContent").unwrap();
        assert_eq!((ask.client, ask.upstream), (Dialect::Gemini, None));
        assert_eq!((ask.model.as_deref(), ask.stream), (Some("g-1"), Some(true)));
        for wrong in ["/", "/gemini/x", "/claude/x/v1/messages", "/chat/x/v1/models/m:embed"] {
            assert_eq!(Ask::of(wrong), None, "{wrong}");
        }
    }
}

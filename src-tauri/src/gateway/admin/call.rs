//! One call of a method over HTTP.
//!
//! Owns: how path, query and body become params, and a result becomes an answer.
//! Must not know: what a method does, who may call it.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::api::methods::Api;
use crate::api::table::Route;
use crate::gateway::error::admin::{self as refusal, Refusal};

/// A route of a method.
pub(super) struct Call {
    method: &'static str,
    route: Route,
    /// Of each param that a query or a path may name, what its text is to become.
    kinds: Vec<(String, Kind)>,
}

/// What the text of a param stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Bool,
    /// Several texts, with commas between them.
    List,
}

/// 100,000 keys fit.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

// === impl Call ===

impl Call {
    /// `params` is the schema of the method's params.
    pub(super) fn new(method: &'static str, route: Route, params: Option<&Value>) -> Self {
        let properties = params.and_then(|it| it.get("properties")).and_then(Value::as_object);
        let kinds = properties.into_iter().flatten().map(|(name, it)| (name.clone(), Kind::of(it)));
        Self { method, route, kinds: kinds.collect() }
    }

    /// Calls the method and answers what it answers.
    pub(super) async fn answer(
        &self,
        api: &Api,
        path: &RawPathParams,
        request: Request,
    ) -> Response {
        let params = match self.params(path, request).await {
            Ok(params) => Value::Object(params).to_string(),
            Err(refused) => return refusal::answer(&refused),
        };
        match api.call_text(self.method, Some(&params)).await {
            Ok(result) => json(result.get().to_owned()),
            Err(error) => refusal::failure(&error),
        }
    }

    async fn params(
        &self,
        path: &RawPathParams,
        request: Request,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut params = if self.route.verb.in_query() {
            self.of_query(request.uri().query().unwrap_or_default())
        } else {
            read_object(request).await?
        };
        for (name, text) in path {
            params.insert(name.to_owned(), self.value(name, text));
        }
        Ok(params)
    }

    fn of_query(&self, query: &str) -> Map<String, Value> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.map(|(name, text)| (name.to_string(), self.value(&name, &text))).collect()
    }

    /// A text that does not fit stays a text: the method says what it expects.
    fn value(&self, name: &str, text: &str) -> Value {
        let kind = self.kinds.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind);
        let parsed = match kind {
            Some(Kind::Number | Kind::Bool) => serde_json::from_str(text).ok(),
            Some(Kind::List) => {
                Some(text.split(',').filter(|it| !it.is_empty()).map(Value::from).collect())
            }
            Some(Kind::Text) | None => None,
        };
        parsed.unwrap_or_else(|| Value::from(text))
    }
}

// === impl Kind ===

impl Kind {
    fn of(schema: &Value) -> Self {
        let is = |wanted: &str| match schema.get("type") {
            Some(Value::String(kind)) => kind == wanted,
            Some(Value::Array(kinds)) => kinds.iter().any(|it| it == wanted),
            _ => false,
        };
        if is("integer") || is("number") {
            Self::Number
        } else if is("boolean") {
            Self::Bool
        } else if is("array") {
            Self::List
        } else {
            Self::Text
        }
    }
}

/// Reads a JSON object; no body at all is an empty one.
pub(super) async fn read_object(request: Request) -> Result<Map<String, Value>, Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    // A page of another origin can send a form, and cannot send this type unasked.
    if !is_json(&parts.headers) {
        return Err(Refusal::NotJson);
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::NoObject),
        Err(error) => Err(Refusal::BadJson { line: error.line(), column: error.column() }),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let read = tokio::time::timeout(BODY_TIME, to_bytes(body, LARGEST_BODY)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(error)) if too_large(&error) => Err(Refusal::TooLarge { limit: LARGEST_BODY }),
        Ok(Err(_)) | Err(_) => Err(Refusal::Unfinished),
    }
}

fn too_large(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|it| it.is::<http_body_util::LengthLimitError>())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind.and_then(|it| it.split(';').next()).map(str::trim);
    kind.is_some_and(|it| it.eq_ignore_ascii_case("application/json"))
}

/// An answer of JSON text.
pub(super) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::schema::REFERENCE;
    use crate::api::table::Verb;

    #[test]
    fn texts_of_a_query_become_what_the_method_takes() {
        let params = json!({ "properties": {
            "limit": { "type": ["integer", "null"] },
            "explain": { "type": "boolean" },
            "exclude": { "type": "array" },
            "model": { "type": ["string", "null"] },
            "status": { "anyOf": [{ "$ref": format!("{REFERENCE}KeyStatus") }, { "type": "null" }] },
        } });
        let route = Route { verb: Verb::Get, path: "/admin/x" };
        let call = Call::new("x", route, Some(&params));
        let query = "limit=5&explain=true&exclude=a,b&model=5&status=active&other=1&model=a%20b";
        assert_eq!(
            Value::Object(call.of_query(query)),
            json!({
                "limit": 5, "explain": true, "exclude": ["a", "b"], "model": "a b",
                "status": "active", "other": "1",
            })
        );
        assert_eq!(call.of_query("limit=many")["limit"], "many");
    }
}

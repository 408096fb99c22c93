//! The admin API as an OpenAPI 3.1 document.
//!
//! Owns: how methods and their schemas become operations.
//! Must not know: how a request is answered, who serves it.

use serde_json::{Map, Value, json};

use super::methods::Api;
use super::schema::{self, MethodSchema, REFERENCE};
use super::table::{METHODS, Route, Spec};
use crate::error::Kind;

/// The whole document.
#[must_use]
pub fn document(api: &Api) -> Value {
    let schemas = schema::of(api);
    let mut paths: Map<String, Value> = Map::new();
    for spec in METHODS {
        let Some(types) = schemas.methods.get(spec.name) else { continue };
        for (nth, route) in spec.http.iter().enumerate() {
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            path[route.verb.as_str().to_ascii_lowercase()] = operation(spec, nth, *route, types);
        }
    }
    sessions(&mut paths);
    let mut parts: Map<String, Value> = schemas.parts.into_iter().collect();
    parts.insert("Error".to_owned(), error());
    parts.insert("Session".to_owned(), session());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Droid Provider: admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What a person can do to a gateway. Every call needs the admin key, or the \
                session of a browser that signed in with it.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "adminKey": [] }, { "bearer": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {
                "adminKey": { "type": "apiKey", "in": "header", "name": "x-admin-key" },
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "droid_session" },
            },
        },
    })
}

fn operation(spec: &Spec, nth: usize, route: Route, types: &MethodSchema) -> Value {
    let in_path: Vec<&str> = route.path_params().collect();
    let mut parameters = Vec::new();
    let mut body = types.params.clone();
    if let Some(Value::Object(properties)) = types.params.get("properties") {
        let required = |name: &str| {
            let names = types.params.get("required").and_then(Value::as_array);
            names.is_some_and(|it| it.iter().any(|it| it == name))
        };
        for (name, schema) in properties {
            let place = if in_path.contains(&name.as_str()) {
                "path"
            } else if route.verb.in_query() {
                "query"
            } else {
                continue;
            };
            parameters.push(json!({
                "name": name,
                "in": place,
                "required": place == "path" || required(name),
                "schema": schema,
            }));
        }
    }
    leave_out(&mut body, &in_path);
    let id = if nth == 0 { spec.name.to_owned() } else { format!("{}_{}", spec.name, nth + 1) };
    let mut operation = json!({
        "operationId": id,
        "summary": spec.purpose,
        "tags": [tag(route.path)],
        "parameters": parameters,
        "responses": {
            "200": done(spec.result, &types.result),
            "default": failed(),
        },
    });
    let has_members =
        body.get("properties").and_then(Value::as_object).is_some_and(|it| !it.is_empty());
    if !route.verb.in_query() && has_members {
        let required =
            body.get("required").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
        operation["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": body } },
        });
    }
    operation
}

/// A browser's way in and out; these are no methods.
fn sessions(paths: &mut Map<String, Value>) {
    let operation = |id: &str, summary: &str, answer: &str| {
        let schema = json!({ "$ref": format!("{REFERENCE}{answer}") });
        json!({
            "operationId": id,
            "summary": summary,
            "tags": ["session"],
            "responses": { "200": done("It is so.", &schema), "default": failed() },
        })
    };
    let mut login = operation("login", "Signs a browser in: sets the session's cookie.", "Session");
    // The key is in the body.
    login["security"] = json!([]);
    login["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["key"],
            "properties": { "key": { "type": "string", "writeOnly": true } },
        } } },
    });
    let session = operation("session", "Who asks, and the session's CSRF token.", "Session");
    let logout = operation("logout", "Ends the session and takes its cookie away.", "Empty");
    paths.insert("/admin/login".to_owned(), json!({ "post": login }));
    paths.insert("/admin/session".to_owned(), json!({ "get": session }));
    paths.insert("/admin/logout".to_owned(), json!({ "post": logout }));
}

fn session() -> Value {
    json!({
        "type": "object",
        "required": ["authenticated", "csrf_token"],
        "properties": {
            "authenticated": { "const": true },
            "csrf_token": {
                "type": ["string", "null"],
                "description": "For x-csrf-token of calls that change something; null for who \
                    showed the key itself and needs none.",
            },
        },
    })
}

fn done(description: &str, schema: &Value) -> Value {
    json!({
        "description": description,
        "content": { "application/json": { "schema": schema } },
    })
}

fn failed() -> Value {
    let schema = json!({ "$ref": format!("{REFERENCE}Error") });
    done("It failed.", &schema)
}

/// Takes members out of an object's schema.
fn leave_out(schema: &mut Value, names: &[&str]) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|name, _| !names.contains(&name.as_str()));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|it| it.as_str().is_none_or(|it| !names.contains(&it)));
    }
}

/// The word behind `/admin/` or `/factory/`.
fn tag(path: &str) -> &str {
    path.split('/').nth(2).unwrap_or_default()
}

fn error() -> Value {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|it| it.as_str()).collect();
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["kind", "message"],
                "properties": {
                    "kind": {
                        "type": "string",
                        "enum": kinds,
                        "description": "A stable word for programs. More may be added.",
                    },
                    "message": { "type": "string", "description": "For the person who asked." },
                    "field": {
                        "type": "string",
                        "description": "The param that cannot be accepted.",
                    },
                    "hint": { "type": "string", "description": "What can be done next." },
                    "retry_after_seconds": {
                        "type": "integer",
                        "description": "How long to wait before trying again.",
                    },
                },
            },
        },
    })
}

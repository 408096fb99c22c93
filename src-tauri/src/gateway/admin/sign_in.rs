//! `/admin/login`, `/admin/session`, `/admin/logout`: a browser's way in and out.
//!
//! Owns: what these answer.
//! Must not know: what may be done inside.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::Admin;
use super::call::{self, read_object};
use super::door::{self, Visitor};
use super::sessions;
use crate::gateway::error::admin::{self as refusal, Refusal};
use crate::secret::Secret;

/// The key, for a session.
pub(super) async fn with_key(State(admin): State<Arc<Admin>>, request: Request) -> Response {
    match begin(&admin, request).await {
        Ok(response) => response,
        Err(refused) => refusal::answer(&refused),
    }
}

/// Who asks.
pub(super) async fn session(Extension(visitor): Extension<Visitor>) -> Response {
    let csrf = match &visitor {
        Visitor::Key => None,
        Visitor::Session { csrf, .. } => Some(csrf),
    };
    call::json(told(csrf).to_string())
}

/// Ends the session; who showed the key has none.
pub(super) async fn out(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    if let Visitor::Session { token, .. } = &visitor {
        admin.door.sign_out(token);
    }
    let mut response = call::json("{}".to_owned());
    set_cookie(&mut response, &sessions::no_cookie());
    response
}

async fn begin(admin: &Admin, request: Request) -> Result<Response, Refusal> {
    admin.door.check_sign_in(request.headers())?;
    let peer = door::peer(&request);
    let origin = request.headers().get(header::ORIGIN);
    let secure = origin.is_some_and(|it| it.as_bytes().starts_with(b"https://"));
    let object = read_object(request).await?;
    let Some(Value::String(key)) = object.get("key") else { return Err(Refusal::KeyMissing) };
    let begun = admin.door.sign_in(&Secret::new(key.trim()), peer)?;
    let mut response = call::json(told(Some(&begun.csrf)).to_string());
    set_cookie(&mut response, &sessions::cookie(&begun.token, secure));
    Ok(response)
}

fn told(csrf: Option<&Secret>) -> Value {
    // Only the page that signed in, or its reloaded self, reads this.
    json!({ "authenticated": true, "csrf_token": csrf.map(Secret::expose) })
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

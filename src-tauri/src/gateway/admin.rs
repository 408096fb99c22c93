//! The admin API: the method table over HTTP, behind the admin key.
//!
//! Owns: its routes; that nothing but signing in is answered without a credential.
//! Must not know: what a method does.

mod call;
mod door;
mod key;
mod names;
mod sessions;
mod sign_in;
mod throttle;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, any, get, on, post};

use self::call::Call;
use self::door::Door;
use super::error::admin::{self as refusal, Refusal};
use super::shared::Shared;
use crate::api::context::Context;
use crate::api::methods::Api;
use crate::api::table::{METHODS, Route, Verb};
use crate::api::{openapi, schema};
use crate::config::env::Env;
use crate::error::Result;

/// What admin routes work with.
pub(super) struct Admin {
    api: Api,
    door: Door,
    /// The document at `/admin/openapi.json`.
    document: String,
}

// === impl Admin ===

impl Admin {
    /// Reads the admin key, or makes one and shows it this once. `address` is where the gateway
    /// listens.
    ///
    /// # Errors
    /// When the key's file cannot be read or written.
    pub(super) async fn open(context: &Arc<Context>, address: SocketAddr) -> Result<Self> {
        let app = context.app().await?;
        let key = key::read_or_make(&*context.boot.env, &app.data_dir, &*context.boot.entropy)?;
        let api = Api::new(Arc::clone(context))?;
        let document = openapi::document(&api).to_string();
        Ok(Self { door: Door::new(key, address, app), api, document })
    }
}

/// Whether there is an admin key that somebody was shown before this start.
///
/// # Errors
/// When the key's file cannot be read.
pub(super) fn has_key(env: &dyn Env, data_dir: &Path) -> Result<bool> {
    key::is_there(env, data_dir)
}

/// The routes of the method table and of signing in, and `more` behind the same door.
pub(super) fn routes(admin: Arc<Admin>, more: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    let more = more.route_layer(middleware::from_fn_with_state(Arc::clone(&admin), guarded));
    let schemas = schema::of(&admin.api);
    let mut router = Router::new()
        .route("/admin/logout", post(sign_in::out))
        .route("/admin/session", get(sign_in::session))
        .route("/admin/openapi.json", get(document))
        .route("/admin/keys/export", get(export))
        .route("/admin", any(nothing))
        .route("/admin/{*rest}", any(nothing))
        .route("/factory/{*rest}", any(nothing));
    for spec in METHODS {
        for route in spec.http {
            let params = schemas.methods.get(spec.name).map(|it| &it.params);
            let call = Arc::new(Call::new(spec.name, *route, params));
            let handler = async move |State(admin): State<Arc<Admin>>,
                                      path: RawPathParams,
                                      request: Request| {
                call.answer(&admin.api, &path, request).await
            };
            router = router.route(route.path, on(filter(route.verb), handler));
        }
    }
    router
        .method_not_allowed_fallback(async || refusal::answer(&Refusal::Method))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&admin), guarded))
        .route("/admin/login", post(sign_in::with_key))
        .layer(middleware::map_response(sealed))
        .with_state(admin)
        .merge(more)
}

/// Lets a request through that may come in.
async fn guarded(State(admin): State<Arc<Admin>>, mut request: Request, next: Next) -> Response {
    match admin.door.admit(&request) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(refused) => refusal::answer(&refused),
    }
}

/// Answers are for who asked: nobody keeps them, frames them or takes them for something else.
async fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

async fn document(State(admin): State<Arc<Admin>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], admin.document.clone()).into_response()
}

/// The keys of `export_pool_keys` as a file (seed S3).
async fn export(
    State(admin): State<Arc<Admin>>,
    path: RawPathParams,
    request: Request,
) -> Response {
    let route = Route { verb: Verb::Get, path: "/admin/keys/export" };
    let call = Call::new("export_pool_keys", route, None);
    match call.result(&admin.api, &path, request).await {
        Ok(result) => call::text_file(&result, "keys.txt"),
        Err(response) => *response,
    }
}

async fn nothing() -> Response {
    refusal::answer(&Refusal::NoRoute)
}

const fn filter(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
        Verb::Patch => MethodFilter::PATCH,
        Verb::Delete => MethodFilter::DELETE,
    }
}

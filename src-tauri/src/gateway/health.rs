//! Whether it lives and whether it can work: `/healthz`, `/readyz`.
//!
//! Owns: these two answers. Neither needs a credential; neither tells anything else.
//! Must not know: accounts: a gateway without any is ready to be given one.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::error;
use super::shared::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready while it takes connections and its records can be read.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    if shared.is_stopping() {
        return error::not_ready("stopping\n");
    }
    match shared.app.store.data_version().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            log::warn!("not ready: {error}");
            error::not_ready("the records cannot be read\n")
        }
    }
}

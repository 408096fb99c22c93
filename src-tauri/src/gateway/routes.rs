//! Every route of the gateway.
//!
//! Owns: the order in which the parts' routes are put together.
//! Must not know: what a route does.

use std::sync::Arc;

use axum::Router;

use super::admin::{self, Admin};
use super::health;
use super::llm;
use super::metrics;
use super::shared::Shared;
use super::ui;

/// The whole router.
pub(super) fn router(shared: Arc<Shared>, admin: Arc<Admin>) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(llm::routes())
        .merge(admin::routes(admin, metrics::routes()))
        .merge(ui::routes())
        .with_state(shared)
}

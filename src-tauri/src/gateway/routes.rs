//! Every route of the gateway.
//!
//! Owns: the order in which the parts' routes are put together.
//! Must not know: what a route does.

use std::sync::Arc;

use axum::Router;

use super::health;
use super::llm;
use super::shared::Shared;

/// The whole router.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().merge(health::routes()).merge(llm::routes()).with_state(shared)
}

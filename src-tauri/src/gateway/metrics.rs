//! `/metrics`, for Prometheus.
//!
//! Owns: the route, which stands behind the admin key; what is read when it is asked for.
//! Must not know: what is counted and how it is written.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::error;
use super::shared::Shared;
use crate::metrics::Gauge;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let broker = &shared.app.broker;
    if let Err(error) = broker.catch_up().await {
        log::warn!("the accounts cannot be read: {error}");
        return error::not_ready("the accounts cannot be read\n");
    }
    let accounts = broker.count_accounts();
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let connections = shared.connections.load(Ordering::Relaxed);
    let text = shared.metrics.to_text(&[
        Gauge {
            name: "droid_accounts",
            help: "Accounts by what they can do now.",
            values: &[
                ("state", "active", accounts.active),
                ("state", "cooling", accounts.cooling),
                ("state", "disabled", accounts.disabled),
                ("state", "error", accounts.error),
            ],
        },
        Gauge {
            name: "droid_connections",
            help: "Open connections of clients.",
            values: &[("", "", number(connections))],
        },
        Gauge {
            name: "droid_tasks",
            help: "Work that goes on after a request was answered.",
            values: &[("", "", number(shared.tasks.running()))],
        },
        Gauge {
            name: "droid_start_time_seconds",
            help: "When this process began to serve, since 1970.",
            values: &[("", "", shared.started_at.0.div_euclid(1000).unsigned_abs())],
        },
    ]);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

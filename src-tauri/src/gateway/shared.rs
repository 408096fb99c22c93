//! What every route works with.
//!
//! Owns: [`Shared`], the state of the router; [`Peer`].
//! Must not know: routes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::watch;

use super::error;
use crate::api::context::Context;
use crate::app::App;
use crate::clock::Timestamp;
use crate::metrics::Metrics;
use crate::relay::{self, Relay};
use crate::tasks::Tasks;

/// One a thread that serves; all of them share everything but the way out.
#[derive(Clone)]
pub struct Shared {
    /// What methods of the API work with.
    pub context: Arc<Context>,
    /// Every part.
    pub app: App,
    /// Passes requests on.
    pub relay: Relay,
    /// Where it listens.
    pub address: SocketAddr,
    /// What goes on after a request was answered; waited for at the end.
    pub tasks: Tasks,
    /// What ended, counted.
    pub metrics: Metrics,
    /// Connections that are open.
    pub connections: Arc<AtomicUsize>,
    /// When it began to serve.
    pub started_at: Timestamp,
    /// True from the moment it stops taking connections.
    pub stopping: watch::Receiver<bool>,
}

/// Who is at the other end of the connection; an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

// === impl Shared ===

impl Shared {
    pub(super) fn new(
        context: Arc<Context>,
        app: App,
        address: SocketAddr,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let tasks = Tasks::default();
        let metrics = Metrics::default();
        let started_at = app.clock.now();
        let relay = Relay::new(relay::Parts {
            config: app.config.clone(),
            broker: app.broker.clone(),
            clients: app.clients.clone(),
            store: app.store.clone(),
            client_keys: app.client_keys.clone(),
            metrics: metrics.clone(),
            status: error::told,
            tasks: tasks.clone(),
            clock: Arc::clone(&app.clock),
            entropy: Arc::clone(&app.entropy),
        });
        Self {
            context,
            app,
            relay,
            address,
            tasks,
            metrics,
            connections: Arc::default(),
            started_at,
            stopping,
        }
    }

    /// The same with connections to upstream of its own, for one thread.
    #[must_use]
    pub(super) fn with_own_way_out(&self) -> Self {
        Self { relay: self.relay.with_clients(self.app.clients.apart()), ..self.clone() }
    }

    /// Whether it takes no new connections any more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

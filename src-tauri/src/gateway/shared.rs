//! What every route works with.
//!
//! Owns: [`Shared`], the state of the router; [`Peer`].
//! Must not know: routes.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::api::context::Context;
use crate::app::App;
use crate::relay::{self, Relay};
use crate::tasks::Tasks;

/// One a gateway.
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
        let relay = Relay::new(relay::Parts {
            config: app.config.clone(),
            broker: app.broker.clone(),
            clients: app.clients.clone(),
            store: app.store.clone(),
            tasks: tasks.clone(),
            clock: Arc::clone(&app.clock),
            entropy: Arc::clone(&app.entropy),
        });
        Self { context, app, relay, address, tasks, stopping }
    }

    /// Whether it takes no new connections any more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

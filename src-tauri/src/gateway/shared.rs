//! What every route works with.
//!
//! Owns: [`Shared`], the state of the router; [`Peer`].
//! Must not know: routes.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::api::context::Context;
use crate::app::App;
use crate::tasks::Tasks;

/// One a gateway.
pub struct Shared {
    /// What methods of the API work with.
    pub context: Arc<Context>,
    /// Every part.
    pub app: App,
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
        Self { context, app, address, tasks: Tasks::default(), stopping }
    }

    /// Whether it takes no new connections any more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

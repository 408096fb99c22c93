//! What goes on without anybody asking.
//!
//! Owns: when tokens are refreshed ahead, what is over is swept, and other processes' changes and
//! saved configurations are looked for.
//! Must not know: how any of it is done.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::shared::Shared;
use crate::app::App;
use crate::oauth::refresh::Need;

/// A token is due minutes before its end.
const EVERY: Duration = Duration::from_secs(30);
/// A configuration that another process saved is in force within a second.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// Refreshes under way at the same time: a start with many accounts must not look like an attack.
const AT_ONCE: usize = 4;

/// Goes on until the gateway stops.
pub(super) async fn run(shared: &Shared) {
    let mut stopping = shared.stopping.clone();
    let work = async {
        let mut tick = interval(EVERY);
        // After a machine slept, once is enough.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            once(&shared.app).await;
        }
    };
    let follow = async {
        let mut tick = interval(FOLLOW_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            shared.app.follow_config();
        }
    };
    tokio::select! {
        () = work => {}
        () = follow => {}
        _ = stopping.wait_for(|it| *it) => {}
    }
}

async fn once(app: &App) {
    for looked in [app.broker.catch_up().await, app.client_keys.catch_up().await] {
        if let Err(error) = looked {
            log::warn!("what other processes wrote cannot be read: {error}");
            return;
        }
    }
    if app.config.get().token_refresh.auto_refresh {
        refresh(app).await;
    }
    app.broker.sweep_at_times().await;
}

/// Refreshes what is due, also of accounts that pause: they should be ready when the pause ends.
async fn refresh(app: &App) {
    let due = stream::iter(app.broker.signed_in()).for_each_concurrent(AT_ONCE, async |id| {
        // Each failure is noted by the refresh itself, at its account.
        if let Err(error) = app.refresher.access_token(&id, Need::Fresh).await {
            log::info!("account {id}: {}", error.kind());
        }
    });
    due.await;
}

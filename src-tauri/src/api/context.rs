//! What methods work with, opened when it is first needed.
//!
//! Owns: the lazy opening of configuration and data, so that a cold process that is asked for its
//! name or a model answers without touching the data folder.
//! Must not know: any method.

use tokio::sync::OnceCell;

use super::streams::Streams;
use crate::app::{App, Boot};
use crate::config::Live;
use crate::error::Result;

/// One a process.
pub struct Context {
    /// Environment, time and chance.
    pub boot: Boot,
    /// Answers being read.
    pub streams: Streams,
    config: OnceCell<Live>,
    app: OnceCell<App>,
}

// === impl Context ===

impl Context {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(boot: Boot) -> Self {
        Self { boot, streams: Streams::default(), config: OnceCell::new(), app: OnceCell::new() }
    }

    /// The configuration, read now if it was not yet, and again if another process saved it. A
    /// failure is tried again with the next call: the person may have mended the file.
    ///
    /// # Errors
    /// [`crate::error::Error::Config`].
    pub async fn config(&self) -> Result<&Live> {
        let Some(live) = self.config.get() else {
            return self.config.get_or_try_init(async || self.boot.config()).await;
        };
        match self.app.get() {
            Some(app) => app.follow_config(),
            // Nobody holds a part of it yet.
            None => {
                let _ = live.follow(self.boot.clock.now());
            }
        }
        Ok(live)
    }

    /// Every part, opened now if it was not yet.
    ///
    /// # Errors
    /// What opening failed with; tried again with the next call.
    pub async fn app(&self) -> Result<&App> {
        let config = self.config().await?;
        self.app
            .get_or_try_init(async || {
                App::open(&self.boot, config.clone())
                    .await
                    .inspect_err(|error| log::error!("the data cannot be opened: {error}"))
            })
            .await
    }

    /// The parts, if they were opened.
    #[must_use]
    pub fn opened(&self) -> Option<&App> {
        self.app.get()
    }
}

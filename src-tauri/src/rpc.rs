//! The plugin's face: JSON-RPC 2.0 over stdio, a line a message.
//!
//! Owns: the method table and the loop.
//! Must not know: the gateway, the store, dialects' details.

pub mod context;
pub mod dispatch;
pub mod error;
pub mod message;
pub mod methods;
pub mod params;
pub mod stdio;
pub mod streams;
pub mod table;

use std::future::Future;
use std::io::{Read, Write};
use std::sync::Arc;

use self::context::Context;
use crate::app::Boot;
use crate::error::Result;

/// Answers calls until the input ends or `stop` is ready, then what is in flight, then writes what
/// is still to be written.
///
/// # Errors
/// When the method table cannot be built or the last writes fail.
pub async fn serve(
    boot: Boot,
    source: impl Read + Send + 'static,
    sink: impl Write + Send + 'static,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let context = Arc::new(Context::new(boot));
    let methods = methods::table(Arc::clone(&context))?;
    let input = stdio::read_lines(source);
    let (output, written) = stdio::write_lines(sink);
    dispatch::run(methods, input, output, stop).await;
    // Never sent: it ends with the writer.
    drop(written.await);
    match context.opened() {
        Some(app) => app.close().await,
        None => Ok(()),
    }
}

//! The plugin's face: JSON-RPC 2.0 over stdio, a line a message.
//!
//! Owns: the loop.
//! Must not know: what a method does, the gateway.

pub mod dispatch;
pub mod message;
pub mod stdio;

use std::future::Future;
use std::io::{Read, Write};
use std::sync::Arc;

use crate::api::context::Context;
use crate::api::methods::Api;
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
    let methods = Api::new(Arc::clone(&context))?.rpc();
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

//! The method table.
//!
//! Owns: registering every method, and how a handler's result becomes an answer.
//! Must not know: how the work is done.

mod configuration;
mod credentials;
mod info;
mod keys;
mod login;
mod selection;
mod transform;

use std::future::Future;
use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::Methods;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::context::Context;
use super::{error, params};
use crate::error::{Error, Result};

/// An empty result, `{}`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Empty {}

/// Params of a method that takes none.
#[derive(Debug, serde::Deserialize)]
pub(super) struct None_ {}

/// Every method of `table::METHODS`.
///
/// # Errors
/// When two have the same name.
pub fn table(context: Arc<Context>) -> Result<Methods> {
    let mut table = Table(RpcModule::from_arc(context));
    let registered = (|| {
        info::register(&mut table)?;
        credentials::register(&mut table)?;
        keys::register(&mut table)?;
        login::register(&mut table)?;
        selection::register(&mut table)?;
        transform::register(&mut table)?;
        configuration::register(&mut table)
    })();
    registered.map_err(|error: RegisterMethodError| Error::Internal(error.to_string()))?;
    Ok(table.0.into())
}

/// Collects methods.
pub(super) struct Table(RpcModule<Context>);

type Registered = std::result::Result<(), RegisterMethodError>;

// === impl Table ===

impl Table {
    /// Adds a method. The handler is polled at once, in the order calls came; if it has to wait it
    /// goes on beside the others.
    fn add<P, R, F, W>(&mut self, name: &'static str, handler: F) -> Registered
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Fn(Arc<Context>, P) -> W + Clone + Send + Sync + 'static,
        W: Future<Output = Result<R>> + Send + 'static,
    {
        self.0.register_async_method(name, move |params, context, _| {
            let parsed: Result<P> = params::parse(params.as_str());
            let handler = handler.clone();
            async move {
                let answered = match parsed {
                    Ok(parsed) => handler(context, parsed).await,
                    Err(error) => Err(error),
                };
                answered.and_then(|it| raw(&it)).map_err(|error| told(name, &error))
            }
        })?;
        Ok(())
    }
}

/// The result as text, once: jsonrpsee wants to clone results.
fn raw<R: Serialize>(result: &R) -> Result<Arc<RawValue>> {
    serde_json::value::to_raw_value(result)
        .map(Arc::from)
        .map_err(|_| Error::Internal("a result could not be written as JSON".to_owned()))
}

/// Logs a failure where it is handled, with its chain, and makes it the caller's.
fn told(method: &str, error: &Error) -> ErrorObjectOwned {
    if matches!(error, Error::Internal(_) | Error::Store { .. } | Error::Data { .. }) {
        let source = std::error::Error::source(error).map(ToString::to_string);
        log::warn!("{method} failed: {error} ({})", source.unwrap_or_default());
    } else {
        log::debug!("{method} failed: {}", error.kind());
    }
    error::to_object(error)
}

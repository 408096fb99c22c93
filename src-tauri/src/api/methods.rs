//! The methods: what each takes, answers and does.
//!
//! Owns: registering every method with its types, calling one, and how a handler's result becomes
//! an answer.
//! Must not know: how the work is done, who calls.

mod answers;
mod client_keys;
mod configuration;
mod credentials;
mod info;
mod key_pool;
mod keys;
mod login;
mod logs;
mod maintenance;
mod requests;
mod selection;
mod statistics;
mod transfer;
mod transform;
mod trials;
mod upkeep;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::Methods;
use jsonrpsee::types::ErrorObjectOwned;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::context::Context;
use super::{error, params};
use crate::error::{Error, Result};

/// An empty result, `{}`.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "Empty")]
pub(super) struct Empty {}

/// Params of a method that takes none.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct None_ {}

/// Every method of `table::METHODS`, ready to be called. Clones are the same.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    rpc: Methods,
    methods: HashMap<&'static str, Method>,
}

/// A method as its types tell it.
struct Method {
    params: fn(&mut SchemaGenerator) -> Schema,
    result: fn(&mut SchemaGenerator) -> Schema,
    call: Box<Call>,
}

type Call =
    dyn Fn(Arc<Context>, Option<&str>) -> BoxFuture<'static, Result<Arc<RawValue>>> + Send + Sync;

// === impl Api ===

impl Api {
    /// Registers every method; nothing is opened yet.
    ///
    /// # Errors
    /// When two have the same name.
    pub fn new(context: Arc<Context>) -> Result<Self> {
        let rpc = RpcModule::from_arc(Arc::clone(&context));
        let mut table = Table { rpc, methods: HashMap::new() };
        let registered = (|| {
            info::register(&mut table)?;
            credentials::register(&mut table)?;
            keys::register(&mut table)?;
            key_pool::register(&mut table)?;
            client_keys::register(&mut table)?;
            login::register(&mut table)?;
            logs::register(&mut table)?;
            maintenance::register(&mut table)?;
            selection::register(&mut table)?;
            requests::register(&mut table)?;
            statistics::register(&mut table)?;
            upkeep::register(&mut table)?;
            transfer::register(&mut table)?;
            trials::register(&mut table)?;
            transform::register(&mut table)?;
            answers::register(&mut table)?;
            configuration::register(&mut table)
        })();
        registered.map_err(|error: RegisterMethodError| Error::Internal(error.to_string()))?;
        Ok(Self(Arc::new(Inner { context, rpc: table.rpc.into(), methods: table.methods })))
    }

    /// What methods work with.
    #[must_use]
    pub fn context(&self) -> &Arc<Context> {
        &self.0.context
    }

    /// The methods as JSON-RPC calls them.
    #[must_use]
    pub fn rpc(&self) -> Methods {
        self.0.rpc.clone()
    }

    /// Calls a method from within the program.
    ///
    /// # Errors
    /// What the method failed with; [`Error::NotFound`] for a name that is none.
    pub async fn call(&self, name: &str, params: &Value) -> Result<Value> {
        let result = self.call_text(name, Some(&params.to_string())).await?;
        serde_json::from_str(result.get())
            .map_err(|_| Error::Internal("a result is no JSON".to_owned()))
    }

    /// As [`Api::call`], with text on both sides: what is big is not read twice.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub async fn call_text(&self, name: &str, params: Option<&str>) -> Result<Arc<RawValue>> {
        let Some((name, method)) = self.0.methods.get_key_value(name) else {
            return Err(Error::not_found("method", name));
        };
        let called = (method.call)(Arc::clone(&self.0.context), params);
        called.await.inspect_err(|error| log_failure(name, error))
    }

    /// The schemas of a method's params and result, made by the two generators.
    pub(super) fn schemas(
        &self,
        name: &str,
        of_params: &mut SchemaGenerator,
        of_results: &mut SchemaGenerator,
    ) -> Option<(Schema, Schema)> {
        let method = self.0.methods.get(name)?;
        Some(((method.params)(of_params), (method.result)(of_results)))
    }
}

/// Collects methods.
pub(super) struct Table {
    rpc: RpcModule<Context>,
    methods: HashMap<&'static str, Method>,
}

type Registered = std::result::Result<(), RegisterMethodError>;

// === impl Table ===

impl Table {
    /// Adds a method. The handler is polled at once, in the order calls came; if it has to wait it
    /// goes on beside the others.
    fn add<P, R, F, W>(&mut self, name: &'static str, handler: F) -> Registered
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        F: Fn(Arc<Context>, P) -> W + Clone + Send + Sync + 'static,
        W: Future<Output = Result<R>> + Send + 'static,
    {
        let direct = handler.clone();
        self.rpc.register_async_method(name, move |params, context, _| {
            let answered = answered(&handler, context, params.as_str());
            async move { answered.await.map_err(|error| told(name, &error)) }
        })?;
        let call = move |context: Arc<Context>, params: Option<&str>| {
            let answered: BoxFuture<'static, _> = Box::pin(answered(&direct, context, params));
            answered
        };
        let method = Method {
            // The params' own shape, not a reference to one: each method has its own.
            params: P::json_schema,
            result: SchemaGenerator::subschema_for::<R>,
            call: Box::new(call),
        };
        self.methods.insert(name, method);
        Ok(())
    }
}

/// Reads the params and runs the handler.
fn answered<P, R, F, W>(
    handler: &F,
    context: Arc<Context>,
    params: Option<&str>,
) -> impl Future<Output = Result<Arc<RawValue>>> + Send + use<P, R, F, W>
where
    P: DeserializeOwned + Send + 'static,
    R: Serialize + 'static,
    F: Fn(Arc<Context>, P) -> W + Clone + Send + Sync + 'static,
    W: Future<Output = Result<R>> + Send + 'static,
{
    let parsed: Result<P> = params::parse(params);
    let handler = handler.clone();
    async move { raw(&handler(context, parsed?).await?) }
}

/// The result as text, once: jsonrpsee wants to clone results.
fn raw<R: Serialize>(result: &R) -> Result<Arc<RawValue>> {
    serde_json::value::to_raw_value(result)
        .map(Arc::from)
        .map_err(|_| Error::Internal("a result could not be written as JSON".to_owned()))
}

/// Logs a failure and makes it the caller's.
fn told(method: &str, error: &Error) -> ErrorObjectOwned {
    log_failure(method, error);
    error::to_object(error)
}

/// Logs a failure where it is handled, with its chain.
fn log_failure(method: &str, error: &Error) {
    if matches!(error, Error::Internal(_) | Error::Store { .. } | Error::Data { .. }) {
        let source = std::error::Error::source(error).map(ToString::to_string);
        log::warn!("{method} failed: {error} ({})", source.unwrap_or_default());
    } else {
        log::debug!("{method} failed: {}", error.kind());
    }
}

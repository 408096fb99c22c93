//! The methods, called from within the process.
//!
//! Owns: a call by name with JSON in and JSON out, the same for every face that has no pipe.
//! Must not know: who calls, what a method does.

use std::sync::Arc;

use jsonrpsee::core::server::{Methods, MethodsError};
use jsonrpsee::core::traits::ToRpcParams;
use serde_json::Value;
use serde_json::value::RawValue;

use super::context::Context;
use super::{error, methods};
use crate::app::Boot;
use crate::error::Result;

/// The method table and what it works with.
pub struct Calls {
    context: Arc<Context>,
    methods: Methods,
}

/// A call that was answered with an error.
#[derive(Debug)]
pub struct Refused {
    /// For a person.
    pub message: String,
    /// `{kind, retryable, retry_after_seconds?, hint?}`.
    pub data: Value,
}

/// Params as they are.
struct Params<'a>(&'a Value);

// === impl Calls ===

impl Calls {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// When two methods have the same name.
    pub fn new(boot: Boot) -> Result<Self> {
        let context = Arc::new(Context::new(boot));
        let methods = methods::table(Arc::clone(&context))?;
        Ok(Self { context, methods })
    }

    /// What the methods work with.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Calls a method.
    ///
    /// # Errors
    /// What the method answers, or that there is none of that name.
    pub async fn call(&self, method: &str, params: &Value) -> Result<Value, Refused> {
        let refused = |message: String, data: Value| Refused { message, data };
        self.methods.call::<_, Value>(method, Params(params)).await.map_err(|failed| match failed {
            MethodsError::JsonRpc(object) => {
                let data = object.data().and_then(|it| serde_json::from_str(it.get()).ok());
                refused(object.message().to_owned(), data.unwrap_or_default())
            }
            MethodsError::Parse(_) | MethodsError::InvalidSubscriptionId(_) => {
                let object = error::envelope(error::INTERNAL, "an answer could not be read");
                refused(object.message().to_owned(), serde_json::json!({ "kind": "internal" }))
            }
        })
    }
}

// === impl Params ===

impl ToRpcParams for Params<'_> {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        serde_json::value::to_raw_value(self.0).map(Some)
    }
}

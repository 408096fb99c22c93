//! How many tokens a request has.
//!
//! Owns: the question to upstream, which takes no place and is no use of an account, and what is
//! answered when nobody knows.
//! Must not know: how a count is shown.

use std::time::Duration;

use bytes::Bytes;
use droid_protocol::fault::Fault;
use serde::Deserialize;
use tokio::time::timeout;

use super::attempt::{Attempt, Opened};
use super::{Call, Failure, Relay, UpstreamKey};
use crate::broker::Wanted;
use crate::error::Result;
use crate::ids::ClientKeyId;
use crate::outbound::{self, Outbound, Sender, counting, estimate};

/// How long upstream may take: whoever counts wants to go on.
const PATIENCE: Duration = Duration::from_secs(10);

/// A count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Tokens of input.
    pub tokens: u64,
    /// Not counted by the model's provider.
    pub estimated: bool,
}

// === impl Relay ===

impl Relay {
    /// Counts the tokens of a request: by upstream where it can be asked, else about. A fault of
    /// upstream changes nothing and is not the client's concern.
    ///
    /// # Errors
    /// When the body is no request, and when the client's key may not ask for the model.
    pub async fn count(&self, call: Call) -> Result<Count, Failure> {
        let config = self.0.config.get();
        let header = |name: &str| call.header(name);
        // Gemini's clients may wrap the whole request.
        let inner = wrapped(&call.body);
        let body = inner.as_ref().unwrap_or(&call.body);
        let inbound = super::Inbound { body, ..self.inbound(&call, &header, false) };
        let outbound = outbound::prepare(&config, &inbound)?;
        if let Some(key) = &call.client_key {
            self.0.client_keys.allow(key, &outbound.asked, self.0.clock.now())?;
        }
        let told = match counting(outbound)? {
            Some(outbound) => timeout(PATIENCE, self.ask(&call, &outbound)).await.ok().flatten(),
            None => None,
        };
        match told {
            Some(tokens) => Ok(Count { tokens, estimated: false }),
            None => Ok(Count { tokens: estimate(body)?, estimated: true }),
        }
    }

    async fn ask(&self, call: &Call, outbound: &Outbound) -> Option<u64> {
        #[derive(Deserialize)]
        struct Counted {
            input_tokens: u64,
        }
        let config = self.0.config.get();
        let headers = match &call.upstream {
            UpstreamKey::Given(bearer) => {
                let sender = Sender { user_agent: None, bearer: Some(bearer) };
                Some((outbound.headers(&config, sender, self.0.entropy.uuid()), None))
            }
            UpstreamKey::Pool => {
                let wanted = Wanted {
                    model: &outbound.asked,
                    endpoint: Some(outbound.route.endpoint),
                    session: outbound.session.clone(),
                    client_key_id: call.client_key_id().map(ClientKeyId::as_str),
                    binding: call.binding.clone(),
                    free: true,
                    ..Wanted::default()
                };
                let lent = self.0.broker.acquire(wanted).await.ok()?;
                let proxied = lent.account.has_proxy.then(|| lent.account.id.clone());
                Some((outbound.over(lent.headers), proxied))
            }
        };
        let (headers, proxied) = headers?;
        let attempt = Attempt::free(&self.0, headers, proxied);
        match attempt.send(outbound, false).await {
            Ok(Opened::Whole { came, .. }) => {
                serde_json::from_slice::<Counted>(&came).ok().map(|it| it.input_tokens)
            }
            Ok(Opened::Stream { .. }) => None,
            Err(refused) => {
                log::debug!("no count: {:?}", Fault::host_error_type(&refused.fault));
                None
            }
        }
    }
}

/// The request inside of a `countTokens` body, where it is one.
fn wrapped(body: &Bytes) -> Option<Bytes> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow, rename = "generateContentRequest", alias = "generate_content_request")]
        inner: &'a serde_json::value::RawValue,
    }
    let wrapper: Wrapper<'_> = serde_json::from_slice(body).ok()?;
    Some(Bytes::copy_from_slice(wrapper.inner.get().as_bytes()))
}

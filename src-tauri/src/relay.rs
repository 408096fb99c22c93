//! The life of a request.
//!
//! Owns: [`Relay::run`], the phases in their order: prepare, lend, send, wait for the first byte, try
//! again on another account, pass on, give back.
//! Must not know: HTTP servers, SQL, what bytes mean, how an account is picked.

mod array;
mod attempt;
mod call;
mod count;
mod entry;
mod pass_on;
mod pump;
mod reader;
mod tries;

use std::sync::Arc;

use droid_protocol::dialect::Dialect;
use tokio::time::Instant;

use self::attempt::{Attempt, Ended, Opened, Refused, usage_of};
pub use self::call::{Answer, AnswerBody, Call, Failure, UpstreamKey};
pub use self::count::Count;
use self::entry::{Entry, Said};
use self::pass_on::{as_json, as_stream, pass_on, tell_losses};
pub use self::pump::Pump;
use self::tries::{Next, Tries, told};
use crate::broker::{Broker, Outcome, Wanted};
use crate::client_keys::ClientKeys;
use crate::clock::{Clock, Entropy};
use crate::config::{Config, Live};
use crate::error::{Error, Result};
use crate::ids::ClientKeyId;
use crate::metrics::Metrics;
use crate::outbound::{self, ClientHeader, Inbound, Outbound, Sender};
use crate::store::Store;
use crate::tasks::Tasks;
use crate::upstream::Clients;

/// What a relay is made of.
#[derive(Clone)]
pub struct Parts {
    /// The configuration in force.
    pub config: Live,
    /// Lends accounts.
    pub broker: Broker,
    /// HTTP clients by proxy.
    pub clients: Clients,
    /// The records.
    pub store: Store,
    /// Who may ask how much.
    pub client_keys: ClientKeys,
    /// Counts what ended.
    pub metrics: Metrics,
    /// Which status a client gets for an error: the face knows.
    pub status: fn(Dialect, &Error) -> u16,
    /// What goes on when a request was answered.
    pub tasks: Tasks,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Passes requests on. Clones are the same one. What a request needs of it is counted once, not part
/// by part: threads that count the same thing wait for each other.
#[derive(Clone)]
pub struct Relay(Arc<Parts>);

// === impl Relay ===

impl Relay {
    /// A relay over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The same, which sends over these.
    #[must_use]
    pub fn with_clients(&self, clients: Clients) -> Self {
        Self::new(Parts { clients, ..Parts::clone(&self.0) })
    }

    /// Answers a request: asks one account after the other until one answers or nothing helps.
    /// Dropped before it is done, it ends the request upstream and gives the loan back.
    ///
    /// # Errors
    /// [`Failure`] says why there is no answer, with upstream's headers that clients read.
    pub async fn run(&self, call: Call) -> Result<Answer, Failure> {
        let started = Instant::now();
        let config = self.0.config.get();
        let mut entry = Entry::new(&self.0, &call, started);
        let mut outbound = match self.admitted(&config, &call, &mut entry) {
            Ok(outbound) => outbound,
            Err(error) => return Err(turned_away(error, &mut entry)),
        };
        let mut tries = Tries::new(&config, started);
        let mut last: Option<Box<Refused>> = None;
        loop {
            let attempt = match self.lend(&config, &call, &outbound, &mut tries).await {
                Ok(attempt) => attempt,
                Err(error) => return Err(refused(&config, error, last, &mut entry)),
            };
            let refused = match attempt.send(&outbound, call.array).await {
                Ok(opened) => {
                    let (status, headers) = opened.head();
                    let said = Said::Answer(status, headers);
                    entry.tried(attempt.tried().as_ref(), attempt.started(), &said);
                    entry.answered(status);
                    let sent = (outbound, call.array);
                    return Ok(self.pass(&config, sent, opened, attempt, entry).await);
                }
                Err(refused) => refused,
            };
            let said = Said::Fault(&refused.fault, &refused.headers);
            entry.tried(attempt.tried().as_ref(), attempt.started(), &said);
            let next = tries.after(&refused.fault, attempt.tried());
            attempt.failed(refused.fault.clone()).await;
            match next {
                Next::GiveUp => return Err(failed(*refused, &mut entry)),
                Next::Again => last = Some(refused),
                Next::WithoutThoughts => {
                    outbound = match self.prepare(&config, &call, true) {
                        Ok(outbound) => outbound,
                        Err(error) => return Err(turned_away(error, &mut entry)),
                    };
                    last = Some(refused);
                }
            }
        }
    }

    /// What is asked is understood, and whoever asks may ask it.
    fn admitted(&self, config: &Config, call: &Call, entry: &mut Entry) -> Result<Outbound> {
        let outbound = self.prepare(config, call, false)?;
        entry.goes(&outbound);
        entry.admit(call, &outbound.asked)?;
        Ok(outbound)
    }

    fn prepare(&self, config: &Config, call: &Call, forget_thoughts: bool) -> Result<Outbound> {
        let header = |name: &str| call.header(name);
        let inbound = self.inbound(call, &header, forget_thoughts);
        let mut outbound = outbound::prepare(config, &inbound)?;
        outbound.reading.wish.request_id = Some(call.request_id.clone());
        Ok(outbound)
    }

    fn inbound<'a>(
        &self,
        call: &'a Call,
        header: &'a ClientHeader<'a>,
        forget_thoughts: bool,
    ) -> Inbound<'a> {
        Inbound {
            dialect: call.client,
            body: &call.body,
            header,
            model: call.model.as_deref(),
            stream: call.stream,
            endpoint: call.endpoint,
            session: None,
            created: self.0.clock.now().0.div_euclid(1000),
            forget_thoughts,
        }
    }

    /// An account for the next try, or the key that was given.
    async fn lend(
        &self,
        config: &Config,
        call: &Call,
        outbound: &Outbound,
        tries: &mut Tries,
    ) -> Result<Attempt> {
        if let UpstreamKey::Given(bearer) = &call.upstream {
            let sender = Sender { user_agent: None, bearer: Some(bearer) };
            let headers = outbound.headers(config, sender, self.0.entropy.uuid());
            return Ok(Attempt::given(&self.0, headers));
        }
        loop {
            let wanted = Wanted {
                model: &outbound.asked,
                endpoint: Some(outbound.route.endpoint),
                session: outbound.session.clone(),
                client_key_id: call.client_key_id().map(ClientKeyId::as_str),
                binding: tries.binding(&call.binding),
                exclude: tries.accounts.clone(),
                exclude_keys: tries.keys.clone(),
                free: false,
            };
            match self.0.broker.acquire(wanted).await {
                Ok(lent) => {
                    let accepted = tries.accepts(&lent);
                    let attempt = Attempt::lent(&self.0, outbound, lent);
                    if accepted {
                        return Ok(attempt);
                    }
                    attempt.unused().await;
                }
                Err(error) if !tries.looks_further() => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Hands an answer over.
    async fn pass(
        &self,
        config: &Config,
        (outbound, array): (Outbound, bool),
        opened: Opened,
        mut attempt: Attempt,
        mut entry: Entry,
    ) -> Answer {
        attempt.answered();
        let translates = outbound.reading.translates();
        match opened {
            Opened::Whole { status, headers: came_with, body, came } => {
                let mut headers = pass_on(&came_with);
                tell_losses(&mut headers, &outbound.losses);
                match came_with.get("content-type") {
                    Some(kind) if !translates => drop(headers.insert("content-type", kind.clone())),
                    _ => as_json(&mut headers),
                }
                let waits = attempt.has_place();
                let mut count = move || {
                    let usage = usage_of(&outbound, &came);
                    entry.end(Outcome::Success.word(), usage, None);
                    attempt.end(Ended { outcome: Outcome::Success, usage, first_token: None })
                };
                if waits {
                    if let Some(stored) = count() {
                        let _ = stored.await;
                    }
                } else {
                    self.0.tasks.spawn(async move { drop(count()) });
                }
                Answer { status, headers, body: AnswerBody::Whole(body) }
            }
            Opened::Stream { status, headers: came_with, reader, first, rest } => {
                let mut headers = pass_on(&came_with);
                tell_losses(&mut headers, &outbound.losses);
                as_stream(&mut headers);
                match came_with.get("content-type") {
                    _ if array => as_json(&mut headers),
                    Some(kind) if !translates => drop(headers.insert("content-type", kind.clone())),
                    _ => {}
                }
                let limits = (config.gateway.ping, config.timeout);
                let pump = Pump::new((reader, first, rest), attempt, entry, limits);
                Answer { status, headers, body: AnswerBody::Stream(Box::new(pump)) }
            }
        }
    }
}

fn failed(refused: Refused, entry: &mut Entry) -> Failure {
    let failure = Failure::upstream(refused.fault, pass_on(&refused.headers));
    entry.failed(&failure.error);
    failure
}

fn turned_away(error: Error, entry: &mut Entry) -> Failure {
    entry.failed(&error);
    error.into()
}

/// Nobody could be asked. What the last one who was asked said is truer than that nobody is left.
fn refused(
    config: &Config,
    error: Error,
    last: Option<Box<Refused>>,
    entry: &mut Entry,
) -> Failure {
    entry.passed_over(&error);
    match last {
        Some(last) => {
            let Refused { fault, headers } = *last;
            let fault = told(config, fault, &error);
            failed(Refused { fault, headers }, entry)
        }
        None => turned_away(error, entry),
    }
}

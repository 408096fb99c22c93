//! The way out: HTTP clients, one per proxy, made when first needed.
//!
//! Owns: [`Clients`], its cache and time limits, the sending of a request, the bounded reading of
//! bodies, the proxy test.
//! Must not know: accounts, tokens, what is sent or answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::config::Proxy;
use crate::error::{Error, Result};
use crate::secret::Secret;

mod connect;
mod direct;
mod exchange;
mod proxy;
mod transport;
mod wire;

use self::direct::Direct;
pub use droid_protocol::fault::TransportKind;
pub use exchange::{Address, HeaderMap, HeaderName, HeaderValue, Incoming, Reply, header_map};
pub use proxy::ProxyUrl;
pub use transport::Transport;

/// How long connecting may take, proxy and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a proxy test may take in all.
const TEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Clients kept; with more proxies than this the one longest unused is made anew when needed.
const MAX_CLIENTS: usize = 128;

/// Addresses kept; there are four at a time, more only as the configuration changes.
const MAX_ADDRESSES: usize = 16;

/// How long a connection is kept that nothing is sent over.
struct Idle {
    /// Until the system asks whether the other side is still there.
    tcp: Duration,
    /// Until it is closed.
    pool: Duration,
}

const IDLE: Idle = Idle { tcp: Duration::from_secs(60), pool: Duration::from_secs(90) };

/// HTTP clients by proxy. Cheap to clone; costs nothing until the first [`Clients::client`].
///
/// Fails closed: a proxy that cannot be used is an error, never a direct connection, and the
/// environment's proxy variables are not read.
#[derive(Clone)]
pub struct Clients {
    connect_timeout: Duration,
    rotation: Arc<Mutex<Rotation>>,
    cache: Arc<Mutex<Cache>>,
}

/// The proxies that are taken in turn.
#[derive(Default)]
struct Rotation {
    proxies: Vec<Proxy>,
    next: usize,
}

/// What was made.
#[derive(Default)]
struct Cache {
    clock: u64,
    made: HashMap<Option<String>, Made>,
    /// Addresses that were read: a gateway sends to a handful, again and again.
    addresses: HashMap<String, Address>,
}

struct Made {
    client: Client,
    used: u64,
}

/// A client and whether it goes through a proxy.
#[derive(Clone, Debug)]
pub struct Client {
    /// Keeps connections; clones share them. Follows no redirect.
    pub http: reqwest::Client,
    /// Through a proxy: a failure to connect is then the proxy's.
    pub proxied: bool,
    /// Without one: what requests of models are sent over.
    direct: Option<Direct>,
}

/// A proxy that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyTest {
    /// What the target answered, through the proxy.
    pub status: u16,
    /// From the start to the head of the answer.
    pub elapsed: Duration,
}

/// What a host said that was asked for nothing in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// It had what was asked for.
    pub ok: bool,
    /// The time there, if it told.
    pub date: Option<Timestamp>,
    /// From the start to the head of the answer.
    pub elapsed: Duration,
}

// === impl Clients ===

impl Clients {
    /// `rotating` (`config.proxies`) is taken in turn by accounts without a proxy of their own;
    /// empty is a direct connection. Nothing is checked or opened yet.
    #[must_use]
    pub fn new(rotating: Vec<Proxy>) -> Self {
        Self::with_connect_timeout(rotating, CONNECT_TIMEOUT)
    }

    /// Replaces the rotating list, for a changed configuration. Requests under way keep theirs.
    pub fn set_rotating(&self, rotating: Vec<Proxy>) {
        self.rotation().proxies = rotating;
    }

    /// The same proxies with connections of their own: what one thread sends and reads needs no
    /// other one then.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { cache: Arc::default(), ..self.clone() }
    }

    /// The client for an account: through its own proxy, else the next of the rotating list, else
    /// direct.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the proxy that cannot be used, without its credentials.
    pub fn client(&self, own_proxy: Option<&Secret>) -> Result<Client> {
        match own_proxy {
            Some(text) => self.through(Some(&ProxyUrl::parse("proxy", text)?)),
            None => {
                let proxy = self.next_rotating();
                let parsed = proxy
                    .map(|it| ProxyUrl::parse(&format!("proxies[{}].url", it.name), &it.url))
                    .transpose()?;
                self.through(parsed.as_ref())
            }
        }
    }

    /// The address that a text is; read once.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn address(&self, text: &str) -> Result<Address> {
        if let Some(known) = self.cache().addresses.get(text) {
            return Ok(known.clone());
        }
        let address = Address::parse(text)?;
        let mut cache = self.cache();
        if cache.addresses.len() >= MAX_ADDRESSES {
            cache.addresses.clear();
        }
        cache.addresses.insert(text.to_owned(), address.clone());
        Ok(address)
    }

    /// Sends one request for `target` through the proxy and tells what came back. Any answer of
    /// the target counts: it proves the way is open.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the proxy and says what failed, without its credentials.
    pub async fn test_proxy(&self, proxy: &Secret, target: &Url) -> Result<ProxyTest> {
        let client = self.client(Some(proxy))?;
        let start = Instant::now();
        let sent = client.http.head(target.clone()).timeout(TEST_TIMEOUT).send().await;
        let response = sent.map_err(|error| {
            Error::invalid("proxy", format!("does not work: {}", Transport::of(error, true).text))
        })?;
        if response.status() == reqwest::StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Error::invalid("proxy", "does not accept this user and password"));
        }
        Ok(ProxyTest { status: response.status().as_u16(), elapsed: start.elapsed() })
    }

    /// Asks a host for anything, without any credential: an answer of any kind shows that it is
    /// there.
    ///
    /// # Errors
    /// Why it cannot be reached, for a person.
    pub async fn reach(&self, url: &Url, timeout: Duration) -> Result<Reached, String> {
        let client = self.client(None).map_err(|error| error.to_string())?;
        let start = Instant::now();
        let sent = client.http.get(url.clone()).timeout(timeout).send().await;
        let response = sent.map_err(|error| Transport::of(error, client.proxied).text)?;
        let date = response.headers().get(reqwest::header::DATE);
        let date = date.and_then(|it| Timestamp::from_rfc2822(it.to_str().ok()?));
        Ok(Reached { ok: response.status().is_success(), date, elapsed: start.elapsed() })
    }

    fn with_connect_timeout(rotating: Vec<Proxy>, connect_timeout: Duration) -> Self {
        let rotation = Rotation { proxies: rotating, next: 0 };
        Self { connect_timeout, rotation: Arc::new(Mutex::new(rotation)), cache: Arc::default() }
    }

    fn through(&self, proxy: Option<&ProxyUrl>) -> Result<Client> {
        let key = proxy.map(ProxyUrl::fingerprint);
        if let Some(client) = self.cache().find(&key) {
            return Ok(client);
        }
        // Made outside the lock: reading the system's certificates takes milliseconds. Two callers
        // may both make one; the second replaces the first, which only costs its connections.
        let client = build(proxy, self.connect_timeout)?;
        self.cache().keep(key, client.clone());
        Ok(client)
    }

    fn next_rotating(&self) -> Option<Proxy> {
        let mut rotation = self.rotation();
        let idx = rotation.next.checked_rem(rotation.proxies.len())?;
        rotation.next = idx.wrapping_add(1);
        rotation.proxies.get(idx).cloned()
    }

    fn rotation(&self) -> MutexGuard<'_, Rotation> {
        self.rotation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").field("n_made", &self.cache().made.len()).finish_non_exhaustive()
    }
}

// === impl Cache ===

impl Cache {
    fn find(&mut self, key: &Option<String>) -> Option<Client> {
        self.clock += 1;
        let made = self.made.get_mut(key)?;
        made.used = self.clock;
        Some(made.client.clone())
    }

    fn keep(&mut self, key: Option<String>, client: Client) {
        if self.made.len() >= MAX_CLIENTS {
            let oldest = self.made.iter().min_by_key(|(_, it)| it.used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.made.remove(&oldest);
            }
        }
        self.made.insert(key, Made { client, used: self.clock });
    }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// When the body breaks off or is longer.
pub async fn read_bounded(
    response: reqwest::Response,
    limit: usize,
    proxied: bool,
) -> Result<Zeroizing<Vec<u8>>, Transport> {
    let (body, end) = read_what_comes(response, limit, proxied).await;
    end.map(|()| body)
}

/// Reads a body of at most `limit` bytes, and tells what came before it broke off, if it did.
/// Chunks are only copied, so that nothing stands between the last byte and the caller.
pub async fn read_what_comes(
    mut response: reqwest::Response,
    limit: usize,
    proxied: bool,
) -> (Zeroizing<Vec<u8>>, Result<(), Transport>) {
    let mut body = Zeroizing::new(Vec::with_capacity(limit.min(16 * 1024)));
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Some(_)) => break Err(Transport::too_long(limit)),
            Ok(None) => break Ok(()),
            Err(error) => break Err(Transport::of(error, proxied)),
        }
    };
    (body, end)
}

fn build(proxy: Option<&ProxyUrl>, connect_timeout: Duration) -> Result<Client> {
    let tls = trust()?;
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tls_backend_preconfigured(tls.clone())
        .connect_timeout(connect_timeout)
        .tcp_keepalive(IDLE.tcp)
        .pool_idle_timeout(IDLE.pool);
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy.to_reqwest()?);
    }
    let http = builder.build().map_err(|error| {
        Error::Internal(format!("HTTP client: {}", Transport::of(error, false).text))
    })?;
    let direct = proxy.is_none().then(|| direct::client(tls, connect_timeout, &IDLE));
    Ok(Client { http, proxied: proxy.is_some(), direct })
}

/// Whom connections trust: whom the system trusts. Read once.
fn trust() -> Result<ClientConfig> {
    static TRUST: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(known) = TRUST.get() {
        return Ok(known.clone());
    }
    // An error means that one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = ClientConfig::with_platform_verifier()
        .map_err(|error| Error::Internal(format!("the system's certificates: {error}")))?;
    Ok(TRUST.get_or_init(|| made).clone())
}

#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;

//! The address of a proxy, with its credentials.
//!
//! Owns: [`ProxyUrl`]: what is accepted, how it is shown, how it is handed to the HTTP client.
//! Must not know: connections, who uses it.

use std::fmt;

use url::{Host, Url};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// Longest user or password: SOCKS5 sends its length in one byte (RFC 1929).
const MAX_CREDENTIAL: usize = 255;
const MAX_URL: usize = 4096;
const EXPECTED: &str = "expected `http://`, `https://`, `socks5://` or `socks5h://`, with host and \
                        port, like `http://user:password@host:3128`";

/// A checked proxy address.
///
/// `socks5` looks names up here, `socks5h` at the proxy, as curl does.
#[derive(Clone)]
pub struct ProxyUrl {
    scheme: &'static str,
    host: Host<String>,
    port: u16,
    user: Option<String>,
    password: Option<Secret>,
}

// === impl ProxyUrl ===

impl ProxyUrl {
    /// Reads the address of `field`.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field and what is wrong; it never repeats the text.
    pub fn parse(field: &str, text: &Secret) -> Result<Self> {
        let refuse = |message: &str| Error::invalid(field, message);
        let text = text.expose().trim();
        if text.is_empty() || text.len() > MAX_URL || !text.contains("://") {
            return Err(refuse(EXPECTED));
        }
        let url = Url::parse(text).map_err(|error| refuse(&format!("{error}; {EXPECTED}")))?;
        let (scheme, default_port) = match url.scheme() {
            "http" => ("http", 80),
            "https" => ("https", 443),
            "socks5" => ("socks5", 1080),
            "socks5h" => ("socks5h", 1080),
            _ => return Err(refuse(EXPECTED)),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(
                "nothing may follow the port; if the password holds `/`, `?` or `#`, write them \
                 as %2F, %3F, %23",
            ));
        }
        // For schemes it does not know the parser leaves a host as it is written: read it again as
        // a name or an address, so that nothing gets through that the client would stumble over.
        let host = url.host_str().filter(|it| !it.is_empty()).ok_or_else(|| refuse(EXPECTED))?;
        let host = Host::parse(host).map_err(|_| refuse("the host is not a name or an address"))?;
        if let Host::Domain(name) = &host
            && !name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._".contains(&it))
        {
            return Err(refuse("the host is not a name or an address"));
        }
        let port = url.port().unwrap_or(default_port);
        if port == 0 {
            return Err(refuse("the port must be 1 to 65535"));
        }
        let user = Some(url.username()).filter(|it| !it.is_empty());
        let user = user.map(decode).transpose().map_err(|()| refuse(NOT_UTF8))?;
        let password = url.password().map(decode).transpose().map_err(|()| refuse(NOT_UTF8))?;
        if password.is_some() && user.is_none() {
            return Err(refuse("there is a password but no user"));
        }
        let too_long = |it: &String| it.len() > MAX_CREDENTIAL;
        if user.as_ref().is_some_and(too_long) || password.as_ref().is_some_and(too_long) {
            return Err(refuse("user and password may have 255 bytes each"));
        }
        if user.as_ref().is_some_and(|it| scheme.starts_with("http") && it.contains(':')) {
            return Err(refuse(
                "the user may not hold a colon: HTTP proxies could not tell it from the password",
            ));
        }
        Ok(Self { scheme, host, port, user, password: password.map(Secret::new) })
    }

    /// For people: the password is `****`.
    #[must_use]
    pub fn masked(&self) -> String {
        let Self { scheme, host, port, user, password } = self;
        let at = match (user, password) {
            (Some(user), Some(_)) => format!("{}:****@", encode(user)),
            (Some(user), None) => format!("{}@", encode(user)),
            (None, _) => String::new(),
        };
        format!("{scheme}://{at}{host}:{port}")
    }

    /// Tells two proxies apart without showing either.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.to_text().fingerprint()
    }

    /// The proxy as the HTTP client takes it.
    pub(super) fn to_reqwest(&self) -> Result<reqwest::Proxy> {
        let refused = |_| Error::invalid("proxy", EXPECTED);
        reqwest::Proxy::all(self.to_text().expose()).map_err(refused)
    }

    /// The whole address, written so that no character but those of [`encode`] is in user and
    /// password. The client connects directly where it cannot read a proxy's address: what is
    /// handed to it must not leave it anything to stumble over.
    pub(super) fn to_text(&self) -> Secret {
        let Self { scheme, host, port, user, password } = self;
        let at = match (user, password) {
            (Some(user), Some(password)) => {
                format!("{}:{}@", encode(user), encode(password.expose()))
            }
            (Some(user), None) => format!("{}@", encode(user)),
            (None, _) => String::new(),
        };
        Secret::new(format!("{scheme}://{at}{host}:{port}"))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({})", self.masked())
    }
}

const NOT_UTF8: &str = "user and password must be UTF-8 when their %XX are decoded";

/// Percent-encodes everything but letters, digits and `-_.~` (RFC 3986 unreserved).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}

/// Decodes `%XX`; a `%` that starts none stands for itself.
fn decode(text: &str) -> Result<String, ()> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = tail.get(..2).filter(|_| *first == b'%').and_then(|it| hex::decode(it).ok());
        if let Some(byte) = pair.and_then(|it| it.first().copied()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| ())
}

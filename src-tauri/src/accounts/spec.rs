//! What a person or the host writes about an account, read into types.
//!
//! Owns: the spellings of `create_credential` and `update_credential` (seed S0 §2.2, §11; the
//! host's own dialog writes camelCase), and the errors that name the field.
//! Must not know: the store, upstream.

use std::collections::HashSet;

use droid_protocol::dialect::Endpoint;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::GroupId;
use crate::pool::account::{Kind, Strategy};
use crate::secret::{Personal, Secret};

/// The longest a name may be, in characters.
const LONGEST_NAME: usize = 200;
/// The most keys one call may bring.
const MOST_KEYS: usize = 100_000;

/// The fields of `config`. An absent field is `None`; a null that removes is `Some(None)`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(description = "What is said of an account; what is left out stays as it is.")]
pub struct AccountSpec {
    /// What the person calls it.
    #[serde(alias = "displayName", alias = "display_name")]
    pub name: Option<String>,
    /// The endpoint it is for.
    #[serde(alias = "endpointType")]
    pub endpoint_type: Option<Endpoint>,
    /// 0 to 100.
    pub priority: Option<i64>,
    /// Group ids.
    #[serde(alias = "groupIds", alias = "group_ids")]
    pub groups: Option<Vec<GroupId>>,
    /// In the pool or only by binding.
    pub schedulable: Option<bool>,
    /// The person's switch.
    #[serde(alias = "isActive", alias = "is_active")]
    pub enabled: Option<bool>,
    /// 0 is no limit.
    #[serde(alias = "maxConcurrency")]
    pub max_concurrency: Option<u32>,
    /// URL or object; null removes it.
    #[serde(deserialize_with = "nullable")]
    pub proxy: Option<Option<ProxySpec>>,
    /// Null or empty: the configured one.
    #[serde(alias = "userAgent", deserialize_with = "nullable")]
    pub user_agent: Option<Option<String>>,
    /// RFC 3339, or a day (its end, UTC); null removes it.
    #[serde(alias = "subscriptionExpiresAt", deserialize_with = "nullable")]
    pub subscription_expires_at: Option<Option<String>>,
    /// For the `max_remaining` strategy; null removes it.
    #[serde(alias = "tokenBudget", deserialize_with = "nullable")]
    pub token_budget: Option<Option<u64>>,
    /// How a key is chosen in a pool.
    #[serde(alias = "keyStrategy")]
    pub key_strategy: Option<Strategy>,
    /// The organisation to ask tokens for; null or empty: whichever the sign-in service chooses.
    #[serde(alias = "organizationId", deserialize_with = "nullable")]
    pub organization_id: Option<Option<String>>,
    /// The access token, if one is at hand.
    #[serde(alias = "accessToken")]
    pub access_token: Option<Secret>,
    /// The refresh token.
    #[serde(alias = "refreshToken")]
    pub refresh_token: Option<Secret>,
    /// When the access token ends, RFC 3339.
    #[serde(alias = "expiresAt")]
    pub expires_at: Option<String>,
    /// The sign-in service's id of the owner.
    #[serde(alias = "userId")]
    pub user_id: Option<String>,
    /// The owner's email.
    #[serde(alias = "ownerEmail", alias = "email")]
    pub owner_email: Option<Personal>,
    /// The owner's name.
    #[serde(alias = "ownerName")]
    pub owner_name: Option<Personal>,
    /// The keys of a pool.
    #[serde(alias = "apiKeys", alias = "api_key", alias = "apiKey")]
    pub api_keys: Option<KeyList>,
    /// A file to import instead.
    #[serde(alias = "filePath", alias = "creds_file_path")]
    pub file_path: Option<String>,
}

/// Keys as a list or as pasted text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a list of keys, or text with a key a line")]
pub enum KeyList {
    /// One text, a key a line; commas and blanks separate too.
    Text(Secret),
    /// A list of keys, or of entries as S0 §11.2 stores them.
    List(Vec<KeyEntry>),
}

/// One element of a key list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyEntry {
    /// The key itself.
    Plain(Secret),
    /// A stored entry of the former format: its `encrypted_key` is `iv:ciphertext`.
    Stored {
        /// The sealed key.
        #[serde(alias = "encryptedKey")]
        encrypted_key: Secret,
    },
    /// Anything else; told by its place.
    #[schemars(skip)]
    Other(IgnoredAny),
}

/// A proxy as a URL or in parts (the form of claude-relay-service).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a URL, or an object with type, host, port, username and password"
)]
pub enum ProxySpec {
    /// `socks5://user:pass@host:1080`.
    Url(Secret),
    /// In parts.
    Parts {
        /// `http`, `https`, `socks5`.
        #[serde(alias = "kind", alias = "protocol", rename = "type")]
        kind: String,
        /// Host name or address.
        host: String,
        /// Port; numbers in text are taken.
        port: Port,
        /// User, if needed.
        #[serde(default)]
        username: Option<Secret>,
        /// Password, if needed.
        #[serde(default)]
        password: Option<Secret>,
    },
}

/// A port as a number or in text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a port: 1 to 65535")]
pub enum Port {
    /// 1 to 65535.
    Number(u16),
    /// The same, as a form sends it.
    Text(String),
}

/// A pasted key and what is wrong with it, if anything.
#[derive(Clone, Debug)]
pub enum PastedKey {
    /// Looks like a key.
    Plain(Secret),
    /// Sealed in the former format.
    Stored(Secret),
    /// Cannot be a key: too short, or holds blanks or control characters.
    Malformed(Secret),
}

// === impl AccountSpec ===

impl AccountSpec {
    /// The checked name, if one was given.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn checked_name(&self) -> Result<Option<String>> {
        let Some(name) = self.name.as_deref().map(str::trim) else { return Ok(None) };
        if name.is_empty() {
            return Err(Error::invalid("config.name", "expected some text, or leave it out"));
        }
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let text = format!("expected at most {LONGEST_NAME} printable characters");
            return Err(Error::invalid("config.name", text));
        }
        Ok(Some(name.to_owned()))
    }

    /// The checked priority, if one was given. 0 is a real value: the first.
    ///
    /// # Errors
    /// When it is not in 0..=100.
    pub fn checked_priority(&self) -> Result<Option<u8>> {
        self.priority
            .map(|it| {
                u8::try_from(it).ok().filter(|it| *it <= 100).ok_or_else(|| {
                    Error::invalid("config.priority", "expected 0 (first) to 100 (last)")
                })
            })
            .transpose()
    }

    /// The checked end of the subscription: unchanged, removed, or set.
    ///
    /// # Errors
    /// When it is no time.
    pub fn checked_subscription(&self) -> Result<Option<Option<Timestamp>>> {
        self.subscription_expires_at
            .as_ref()
            .map(|it| {
                it.as_deref()
                    .filter(|it| !it.trim().is_empty())
                    .map(|it| time("config.subscription_expires_at", it))
                    .transpose()
            })
            .transpose()
    }

    /// When the access token ends, if that was given.
    ///
    /// # Errors
    /// When it is no time.
    pub fn checked_expiry(&self) -> Result<Option<Timestamp>> {
        self.expires_at.as_deref().map(|it| time("config.expires_at", it)).transpose()
    }

    /// The checked user agent: unchanged, removed, or set.
    ///
    /// # Errors
    /// When it cannot stand in a header.
    pub fn checked_user_agent(&self) -> Result<Option<Option<String>>> {
        self.user_agent
            .as_ref()
            .map(|it| {
                let Some(text) = it.as_deref().map(str::trim).filter(|it| !it.is_empty()) else {
                    return Ok(None);
                };
                if text.len() > 500 || !text.bytes().all(|it| (0x20..0x7f).contains(&it)) {
                    let message = "expected printable ASCII of at most 500 characters";
                    return Err(Error::invalid("config.user_agent", message));
                }
                Ok(Some(text.to_owned()))
            })
            .transpose()
    }

    /// The organisation: unchanged, removed, or set.
    #[must_use]
    pub fn checked_organization(&self) -> Option<Option<String>> {
        let trimmed = |it: &String| Some(it.trim().to_owned()).filter(|it| !it.is_empty());
        self.organization_id.as_ref().map(|it| it.as_ref().and_then(trimmed))
    }

    /// The checked groups, each once, if any were given.
    ///
    /// # Errors
    /// When one is not a usable id.
    pub fn checked_groups(&self) -> Result<Option<Vec<GroupId>>> {
        let Some(groups) = &self.groups else { return Ok(None) };
        let mut seen = HashSet::new();
        let mut checked = Vec::new();
        for (i, group) in groups.iter().enumerate() {
            check_group_id(&format!("config.groups[{i}]"), group.as_str())?;
            if seen.insert(group.clone()) {
                checked.push(group.clone());
            }
        }
        Ok(Some(checked))
    }
}

/// Checks the id of a group: what can stand behind `group:` in a binding.
///
/// # Errors
/// When it is empty, long, or holds anything but letters, digits, `-`, `_` and `.`.
pub fn check_group_id(field: &str, id: &str) -> Result<()> {
    let fits = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    if id.is_empty() || id.chars().count() > 64 || !id.chars().all(fits) {
        let message = "expected 1 to 64 letters, digits, `-`, `_` or `.`";
        return Err(Error::invalid(field, message));
    }
    Ok(())
}

/// Reads the kind of an account.
///
/// # Errors
/// When it is none of the three.
pub fn kind(auth_type: &str) -> Result<Kind> {
    serde_json::from_value(serde_json::Value::String(auth_type.trim().to_ascii_lowercase()))
        .map_err(|_| Error::invalid("auth_type", "expected workos_oauth, manual or api_key"))
}

// === impl KeyList ===

impl KeyList {
    /// The keys in order, blank ones left out.
    ///
    /// # Errors
    /// When there are too many, or an element of a list is no key at all.
    pub fn keys(&self, field: &str) -> Result<Vec<PastedKey>> {
        let mut keys = Vec::new();
        match self {
            Self::Text(text) => keys.extend(
                text.expose()
                    .split(|it: char| it.is_whitespace() || matches!(it, ',' | ';'))
                    .filter(|it| !it.is_empty())
                    .map(pasted),
            ),
            Self::List(entries) => {
                for (i, entry) in entries.iter().enumerate() {
                    match entry {
                        KeyEntry::Plain(key) if key.expose().trim().is_empty() => {}
                        KeyEntry::Plain(key) => keys.push(pasted(key.expose().trim())),
                        KeyEntry::Stored { encrypted_key } => {
                            keys.push(PastedKey::Stored(encrypted_key.clone()));
                        }
                        KeyEntry::Other(_) => {
                            let message = "expected a key as text";
                            return Err(Error::invalid(format!("{field}[{i}]"), message));
                        }
                    }
                }
            }
        }
        if keys.len() > MOST_KEYS {
            let message = format!("expected at most {MOST_KEYS} keys in one call");
            return Err(Error::invalid(field, message));
        }
        Ok(keys)
    }
}

// === impl ProxySpec ===

impl ProxySpec {
    /// The proxy as one URL, its parts percent-encoded. Not checked further.
    ///
    /// # Errors
    /// When a part is missing or the port is none.
    pub fn url(&self) -> Result<Secret> {
        match self {
            Self::Url(url) => Ok(url.clone()),
            Self::Parts { kind, host, port, username, password } => {
                let port = match port {
                    Port::Number(port) => Some(*port),
                    Port::Text(text) => text.trim().parse().ok(),
                };
                let Some(port) = port.filter(|it| *it > 0) else {
                    return Err(Error::invalid("config.proxy.port", "expected 1 to 65535"));
                };
                let user = username.as_ref().filter(|it| !it.is_empty()).map(|user| {
                    let password = password.as_ref().map_or("", Secret::expose);
                    format!("{}:{}@", encode(user.expose()), encode(password))
                });
                let user = user.unwrap_or_default();
                Ok(Secret::new(format!("{kind}://{user}{}:{port}", host.trim())))
            }
        }
    }
}

fn pasted(key: &str) -> PastedKey {
    const SHORTEST: usize = 8;
    const LONGEST: usize = 4096;
    let fits = |it: u8| (0x21..0x7f).contains(&it);
    if (SHORTEST..=LONGEST).contains(&key.len()) && key.bytes().all(fits) {
        PastedKey::Plain(Secret::new(key))
    } else {
        PastedKey::Malformed(Secret::new(key))
    }
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Reads RFC 3339, or a bare day as its end in UTC: a subscription lasts through its last day.
fn time(field: &str, text: &str) -> Result<Timestamp> {
    let text = text.trim();
    Timestamp::from_rfc3339(text)
        .or_else(|| Timestamp::from_rfc3339(&format!("{text}T23:59:59Z")))
        .or_else(|| Timestamp::from_rfc3339(&format!("{text}Z")))
        .ok_or_else(|| {
            Error::invalid(field, "expected a time such as 2026-12-31T00:00:00Z or 2026-12-31")
        })
}

fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> AccountSpec {
        serde_json::from_str(json).expect("a spec")
    }

    #[test]
    fn both_spellings_are_read() {
        for json in [
            r#"{"refresh_token":"r","access_token":"a","display_name":"n","endpoint_type":"openai"}"#,
            r#"{"refreshToken":"r","accessToken":"a","displayName":"n","endpointType":"openai"}"#,
        ] {
            let spec = spec(json);
            assert_eq!(spec.refresh_token.as_ref().map(Secret::expose), Some("r"));
            assert_eq!(spec.access_token.as_ref().map(Secret::expose), Some("a"));
            assert_eq!(spec.checked_name().expect("a name").as_deref(), Some("n"));
            assert_eq!(spec.endpoint_type, Some(Endpoint::OpenAi));
        }
    }

    #[test]
    fn priority_zero_is_real_and_out_of_range_is_told() {
        assert_eq!(spec(r#"{"priority":0}"#).checked_priority().expect("0"), Some(0));
        for bad in ["-1", "101"] {
            let error = spec(&format!(r#"{{"priority":{bad}}}"#)).checked_priority();
            assert!(
                matches!(error, Err(Error::Invalid { field, .. }) if field == "config.priority")
            );
        }
    }

    #[test]
    fn null_removes_and_absence_keeps() {
        assert!(spec("{}").proxy.is_none());
        assert!(matches!(spec(r#"{"proxy":null}"#).proxy, Some(None)));
        assert!(matches!(spec(r#"{"proxy":"http://h:1"}"#).proxy, Some(Some(_))));
    }

    #[test]
    fn pasted_text_is_cut_into_keys_and_malformed_ones_are_marked() {
        let list = KeyList::Text(Secret::new("fk-aaaaaaaa\r\n\n fk-bbbbbbbb ,short\nfk-ключ-ключ"));
        let keys = list.keys("api_keys").expect("keys");
        let plain = keys.iter().filter(|it| matches!(it, PastedKey::Plain(_))).count();
        assert_eq!((keys.len(), plain), (4, 2));
    }

    #[test]
    fn proxy_parts_are_encoded() {
        let spec = spec(
            r#"{"proxy":{"type":"socks5","host":"h","port":"1080","username":"u@x","password":"p:/ w"}}"#,
        );
        let url = spec.proxy.flatten().expect("a proxy").url().expect("a url");
        assert_eq!(url.expose(), "socks5://u%40x:p%3A%2F%20w@h:1080");
    }

    #[test]
    fn a_bare_day_lasts_to_its_end() {
        let spec = spec(r#"{"subscriptionExpiresAt":"2026-12-31"}"#);
        let end = spec.checked_subscription().expect("a time").flatten().expect("set");
        assert_eq!(end.to_rfc3339(), "2026-12-31T23:59:59.000Z");
    }
}

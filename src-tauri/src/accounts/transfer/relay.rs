//! The Droid accounts of claude-relay-service.
//!
//! Owns: the fields of its records, as an export or a dump of its Redis has them; secrets may be
//! sealed with its `ENCRYPTION_KEY` (AES-256-CBC, scrypt with a fixed salt).
//! Must not know: the store.

use serde_json::{Value, json};

use super::content::{Content, Found, Line};
use super::value;
use crate::accounts::spec::AccountSpec;
use crate::error::{Error, Result};
use crate::pool::account::Kind;
use crate::secret::Secret;
use crate::store::RelayKey;

const PREFIX: &str = "droid:account:";
const LISTS: [&str; 3] = ["droidAccounts", "droid_accounts", "accounts"];

/// The records of a file: a list, one under a known name, or a dump by Redis key.
pub(super) fn records(file: &Value) -> Option<Vec<(String, Value)>> {
    let numbered = |name: &str, list: &[Value]| -> Vec<(String, Value)> {
        let named = |(i, it): (usize, &Value)| (format!("{name}[{i}]"), it.clone());
        list.iter().enumerate().map(named).collect()
    };
    let by_key = |object: &serde_json::Map<String, Value>| -> Vec<(String, Value)> {
        let ours = object.iter().filter(|(key, _)| {
            key.strip_prefix(PREFIX).is_some_and(|id| !id.is_empty() && !id.contains("index"))
        });
        ours.map(|(key, it)| (key.clone(), it.clone())).collect()
    };
    if let Some(list) = file.as_array() {
        return list.iter().any(is_one).then(|| numbered("", list));
    }
    for root in [file, &file["data"]] {
        for name in LISTS {
            match root[name].as_array() {
                Some(list) if list.iter().any(is_one) => return Some(numbered(name, list)),
                _ => {}
            }
        }
        if let Some(found) = root.as_object().map(by_key).filter(|it| !it.is_empty()) {
            return Some(found);
        }
    }
    None
}

/// What is a Droid account, or would be but for the platform it names.
fn is_one(record: &Value) -> bool {
    let has = |name: &str| record.get(name).is_some();
    let is_droid = record["platform"].as_str().is_none_or(|it| it == "droid");
    is_droid && (has("refreshToken") || has("apiKeys")) && has("id") && !has("config_encrypted")
}

pub(super) fn read(records: Vec<(String, Value)>, key: Option<&Secret>) -> Result<Content> {
    let mut content = Content { format: "claude-relay-service", ..Content::default() };
    let opener = match key {
        Some(key) => Some(RelayKey::new(key)?),
        None => None,
    };
    let mut n_unopened = 0;
    let mut n_sealed = 0;
    for (at, record) in records {
        if record["platform"].as_str().is_some_and(|it| it != "droid") {
            let message = "it is an account of another platform";
            content.refused.push(Line::skipped("account", at, message));
            continue;
        }
        let mut open = |text: &str| -> Option<Secret> {
            if !is_sealed(text) {
                return Some(Secret::new(text));
            }
            n_sealed += 1;
            // The format has no checksum: one time in 256 a wrong key opens something.
            let opened = opener.as_ref().and_then(|it| it.open(text)).filter(is_text);
            n_unopened += usize::from(opened.is_none());
            opened
        };
        match account(&record, &mut open) {
            Ok((kind, spec, keys)) => content.accounts.push(Found { at, kind, spec, keys }),
            Err(message) => content.refused.push(Line::skipped("account", at, message)),
        }
    }
    if n_sealed > 0 && key.is_none() {
        let message = "missing: the secrets are sealed with the relay's ENCRYPTION_KEY";
        return Err(Error::invalid("relay_key", message));
    }
    if n_unopened > 0 && n_unopened == n_sealed {
        let message = "none of the secrets opens with it: it is not the relay's ENCRYPTION_KEY";
        return Err(Error::invalid("relay_key", message));
    }
    Ok(content)
}

type Parts = (Kind, AccountSpec, Vec<(Secret, crate::pool::account::KeyStatus)>);

fn account(
    record: &Value,
    open: &mut dyn FnMut(&str) -> Option<Secret>,
) -> Result<Parts, &'static str> {
    let mut spec = described(record).ok_or("its fields cannot be read")?;
    let entries = value::list(record, "apiKeys");
    let mut keys = Vec::new();
    for entry in &entries {
        let text =
            entry.as_str().or_else(|| value::text(entry, &["key", "apiKey", "encryptedKey"]));
        let opened = text.and_then(&mut *open);
        if let Some(key) = opened.and_then(|it| value::key(it.expose())) {
            keys.push((key, value::status(entry["status"].as_str())));
        }
    }
    if !keys.is_empty() {
        if keys.len() < entries.len() {
            return Err("some of its keys cannot be opened; none was taken");
        }
        return Ok((Kind::ApiKey, spec, keys));
    }
    if !entries.is_empty() {
        return Err("its keys cannot be opened");
    }
    let refresh = value::text(record, &["refreshToken"]).ok_or("it has no refresh token")?;
    spec.refresh_token = Some(open(refresh).ok_or("its refresh token cannot be opened")?);
    spec.access_token = value::text(record, &["accessToken"]).and_then(open);
    spec.expires_at = value::text(record, &["expiresAt"]).map(str::to_owned);
    let kind =
        if record["authenticationMethod"] == "manual" { Kind::Manual } else { Kind::WorkosOauth };
    Ok((kind, spec, keys))
}

/// Everything but the secrets.
fn described(record: &Value) -> Option<AccountSpec> {
    let proxy = match &record["proxy"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let mut spec = json!({
        "name": value::text(record, &["name"]),
        "enabled": value::flag(record, "isActive"),
        "schedulable": value::flag(record, "schedulable"),
        "priority": value::number(record, "priority").map(|it| it.clamp(0, 100)),
        "endpoint_type": value::text(record, &["endpointType"]),
        "user_id": value::text(record, &["userId"]),
        "owner_email": value::text(record, &["ownerEmail"]),
        "owner_name": value::text(record, &["ownerName"]),
    });
    for (name, field) in [
        ("organization_id", "organizationId"),
        ("subscription_expires_at", "subscriptionExpiresAt"),
        ("user_agent", "userAgent"),
    ] {
        if let Some(text) = value::text(record, &[field]) {
            spec[name] = json!(text);
        }
    }
    if proxy.is_object() {
        spec["proxy"] = proxy;
    }
    serde_json::from_value(spec).ok()
}

/// What a token or a key can be.
fn is_text(secret: &Secret) -> bool {
    secret.expose().bytes().all(|it| it.is_ascii_graphic())
}

/// `iv:ciphertext` in hex, the IV of 16 bytes.
fn is_sealed(text: &str) -> bool {
    let hex = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_hexdigit());
    text.split_once(':').is_some_and(|(iv, rest)| iv.len() == 32 && hex(iv) && hex(rest))
}

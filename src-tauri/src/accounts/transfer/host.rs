//! Rows of the host's own `plugin_credentials`, from its database or from a dump as JSON.
//!
//! Owns: what the host's dialog writes into them.
//! Must not know: SQL.

use serde_json::Value;

use super::content::{Content, Found, Line};
use super::value;
use crate::accounts::PastedKey;
use crate::accounts::spec::{self, AccountSpec, KeyList};
use crate::pool::account::{KeyStatus, Kind};
use crate::secret::Secret;
use crate::store::HostRow;

/// The rows of a dump, if it is one.
pub(super) fn rows(file: &Value) -> Option<Vec<HostRow>> {
    let list = file.as_array()?;
    if !list.iter().any(|it| it.get("config_encrypted").is_some()) {
        return None;
    }
    let ours = list.iter().filter(|it| {
        it["plugin_id"].as_str().is_none_or(|it| ["droid-provider", "droid"].contains(&it))
    });
    let row = |it: &Value| HostRow {
        id: value::text(it, &["id"]).unwrap_or_default().to_owned(),
        auth_type: value::text(it, &["auth_type"]).unwrap_or("oauth").to_owned(),
        display_name: value::text(it, &["display_name"]).map(str::to_owned),
        config: Secret::new(match &it["config_encrypted"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }),
    };
    Some(ours.map(row).collect())
}

pub(super) fn read(rows: Vec<HostRow>) -> Content {
    let mut content = Content { format: "proxycast-rows", ..Content::default() };
    for row in rows {
        let at = format!("row {}", row.id);
        match account(&row) {
            Ok((kind, spec, keys)) => content.accounts.push(Found { at, kind, spec, keys }),
            Err(message) => content.refused.push(Line::skipped("account", at, message)),
        }
    }
    content
}

type Parts = (Kind, AccountSpec, Vec<(Secret, KeyStatus)>);

fn account(row: &HostRow) -> Result<Parts, &'static str> {
    let mut spec: AccountSpec = serde_json::from_str(row.config.expose())
        .map_err(|_| "what the host stored is no account's configuration")?;
    spec.name = spec.name.or_else(|| row.display_name.clone());
    if let Some(path) = spec.file_path.take() {
        let (kind, found) = crate::accounts::import::read_file(std::path::Path::new(&path))
            .map_err(|_| "it names a file that cannot be read")?;
        return with_keys(kind, AccountSpec { name: spec.name.or(found.name.clone()), ..found });
    }
    let has_refresh = spec.refresh_token.as_ref().is_some_and(|it| !it.expose().trim().is_empty());
    if has_refresh {
        let told = spec::kind(&row.auth_type).unwrap_or(Kind::WorkosOauth);
        let kind = if told == Kind::ApiKey { Kind::WorkosOauth } else { told };
        return with_keys(kind, spec);
    }
    if spec.api_keys.is_some() {
        return with_keys(Kind::ApiKey, spec);
    }
    Err("it holds no secret: it was blanked, or never had one")
}

/// Moves the keys of a pool out of the spec.
fn with_keys(kind: Kind, mut spec: AccountSpec) -> Result<Parts, &'static str> {
    let list: Option<KeyList> = spec.api_keys.take();
    let mut keys = Vec::new();
    for key in list.map_or_else(Vec::new, |it| it.keys("api_keys").unwrap_or_default()) {
        match key {
            PastedKey::Plain(secret) => keys.push((secret, KeyStatus::Active)),
            PastedKey::Stored(_) | PastedKey::Malformed(_) => {
                return Err("one of its keys cannot be one; none was taken");
            }
        }
    }
    if kind == Kind::ApiKey && keys.is_empty() {
        return Err("there is no usable key in it");
    }
    Ok((kind, spec, keys))
}

/// A credential file of Factory's or droid2api's, read into the same shape.
pub(super) fn credential_file(file: &Value) -> Option<Content> {
    let spec: AccountSpec = serde_json::from_value(file.clone()).ok()?;
    let (kind, spec) = crate::accounts::import::kind_of(spec)?;
    let (kind, spec, keys) = with_keys(kind, spec).ok()?;
    let found = Found { at: "file".to_owned(), kind, spec, keys };
    Some(Content { format: "auth", accounts: vec![found], ..Content::default() })
}

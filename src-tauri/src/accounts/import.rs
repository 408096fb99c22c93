//! Accounts from elsewhere: environment variables and files of other programs.
//!
//! Owns: which places are looked at, which file shapes are known, and that nothing is added twice.
//! Must not know: where the program's own data lives, JSON-RPC.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::spec::{AccountSpec, KeyEntry, KeyList};
use super::{Accounts, Created};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::pool::account::Kind;
use crate::secret::Secret;

/// The largest file that is read.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// What became of one source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Imported {
    /// The file or variable.
    pub source: String,
    /// `added`, `known` or `refused`.
    #[schemars(extend("enum" = ["added", "known", "refused"]))]
    pub outcome: &'static str,
    /// The account, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// For a person.
    pub message: String,
}

/// What the environment holds (design section 6.4).
#[derive(Clone, Debug, Default)]
pub struct FromEnvironment {
    /// `FACTORY_API_KEY`.
    pub api_key: Option<Secret>,
    /// `DROID_REFRESH_KEY`.
    pub refresh_token: Option<Secret>,
}

// === impl Accounts ===

impl Accounts {
    /// Adds the accounts the environment names, each once: a token whose lineage is known, or a key
    /// that is in a pool already, is left alone, so that a rotated token is never set back.
    ///
    /// # Errors
    /// When the store fails. A token that is refused is told in the answer.
    pub async fn import_environment(&self, from: &FromEnvironment) -> Result<Vec<Imported>> {
        let mut report = Vec::new();
        if let Some(refresh) = &from.refresh_token {
            let spec = AccountSpec {
                name: Some("DROID_REFRESH_KEY".to_owned()),
                refresh_token: Some(refresh.clone()),
                ..AccountSpec::default()
            };
            report.push(self.import_one("DROID_REFRESH_KEY", Kind::Manual, &spec).await?);
        }
        if let Some(key) = &from.api_key {
            let spec = AccountSpec {
                name: Some("FACTORY_API_KEY".to_owned()),
                api_keys: Some(KeyList::Text(key.clone())),
                ..AccountSpec::default()
            };
            report.push(self.import_one("FACTORY_API_KEY", Kind::ApiKey, &spec).await?);
        }
        Ok(report)
    }

    /// Adds the accounts of a file, or of the usual places when none is named.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a named file cannot be read or holds no account.
    pub async fn import_files(
        &self,
        path: Option<&Path>,
        home: Option<&Path>,
    ) -> Result<Vec<Imported>> {
        let home = home.map(|it| it.join(".factory/auth.json"));
        let usual = [Some(PathBuf::from("data/auth.json")), home];
        let (paths, named) = match path {
            Some(path) => (vec![path.to_owned()], true),
            None => (usual.into_iter().flatten().filter(|it| it.is_file()).collect(), false),
        };
        if paths.is_empty() {
            let message = "missing: neither data/auth.json nor ~/.factory/auth.json is there";
            return Err(Error::invalid("path", message));
        }
        let mut report = Vec::new();
        for path in paths {
            match self.import_file(&path).await {
                Ok(imported) => report.push(imported),
                Err(error) if named => return Err(error),
                Err(error) => report.push(Imported {
                    source: path.display().to_string(),
                    outcome: "refused",
                    credential_id: None,
                    message: error.to_string(),
                }),
            }
        }
        Ok(report)
    }

    async fn import_file(&self, path: &Path) -> Result<Imported> {
        let (kind, spec) = read_file(path)?;
        let source = path.display().to_string();
        self.import_one(&source, kind, &spec).await
    }

    async fn pool_with(&self, hash: &str) -> Result<Option<AccountId>> {
        let keys = self.store.changes_since(0).await?.keys;
        Ok(keys.into_iter().find(|it| it.hash == hash).map(|it| it.account_id))
    }

    async fn import_one(&self, source: &str, kind: Kind, spec: &AccountSpec) -> Result<Imported> {
        if let Some(known) = self.known(spec).await? {
            return Ok(Imported::known(source, &known));
        }
        let created = match kind {
            Kind::ApiKey => self.create_pool(spec, true).await,
            Kind::WorkosOauth | Kind::Manual => self.create(kind, spec).await,
        };
        match created {
            Ok(Created { account, .. }) => Ok(Imported {
                source: source.to_owned(),
                outcome: "added",
                credential_id: Some(account.id.to_string()),
                message: format!("added as `{}`", account.name),
            }),
            Err(error @ (Error::NeedsLogin { .. } | Error::Invalid { .. })) => {
                // Another process may have taken it over at the same moment.
                if let Some(known) = self.known(spec).await? {
                    return Ok(Imported::known(source, &known));
                }
                Ok(Imported {
                    source: source.to_owned(),
                    outcome: "refused",
                    credential_id: None,
                    message: error.to_string(),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// The account that has the token, or the key, already.
    async fn known(&self, spec: &AccountSpec) -> Result<Option<AccountId>> {
        match (&spec.refresh_token, &spec.api_keys) {
            (Some(refresh), _) => {
                let fingerprint = Secret::new(refresh.expose().trim()).fingerprint();
                self.store.find_by_lineage(&fingerprint).await
            }
            (None, Some(KeyList::Text(key))) => {
                self.pool_with(&Secret::new(key.expose().trim()).fingerprint()).await
            }
            (None, _) => Ok(None),
        }
    }
}

// === impl Imported ===

impl Imported {
    fn known(source: &str, id: &AccountId) -> Self {
        Self {
            source: source.to_owned(),
            outcome: "known",
            credential_id: Some(id.to_string()),
            message: "it is stored already and was left as it is".to_owned(),
        }
    }
}

/// Reads a credential file: Factory's `auth.json`, droid2api's, or one of seed S0 §11.
///
/// # Errors
/// [`Error::Invalid`] that says what the file is instead.
pub fn read_file(path: &Path) -> Result<(Kind, AccountSpec)> {
    let refuse = |message: String| Error::invalid("path", message);
    let shown = path.display();
    let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    if name.starts_with("auth.v2") || name == "auth.encrypted" {
        let message = format!(
            "{shown} is sealed by Factory's command line in a format that is not published: sign \
             in with start_login instead"
        );
        return Err(refuse(message));
    }
    let size = std::fs::metadata(path)
        .map_err(|error| refuse(format!("{shown} cannot be read: {}", error.kind())))?
        .len();
    if size > LARGEST_FILE {
        return Err(refuse(format!("{shown} is too large to be a credential file")));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| refuse(format!("{shown} cannot be read: {}", error.kind())))?;
    // What serde says may repeat a token: only the place is told.
    let spec: AccountSpec = serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        refuse(format!("{shown} is no credential file (see line {line}, column {column})"))
    })?;
    kind_of(spec).map_or_else(
        || Err(refuse(format!("{shown} holds neither a refresh_token nor an api_key"))),
        Ok,
    )
}

/// A refresh token wins over a key: it is the newer way in, and the key may be a leftover.
pub(super) fn kind_of(mut spec: AccountSpec) -> Option<(Kind, AccountSpec)> {
    let has_refresh = spec.refresh_token.as_ref().is_some_and(|it| !it.expose().trim().is_empty());
    if has_refresh {
        spec.api_keys = None;
        let kind = if spec.access_token.is_some() { Kind::WorkosOauth } else { Kind::Manual };
        return Some((kind, spec));
    }
    spec.refresh_token = None;
    let has_keys = match &spec.api_keys {
        Some(KeyList::Text(text)) => !text.expose().trim().is_empty(),
        Some(KeyList::List(list)) => list.iter().any(|it| !matches!(it, KeyEntry::Other(_))),
        None => false,
    };
    has_keys.then_some((Kind::ApiKey, spec))
}

//! `create_client_key`, `list_client_keys`, `get_client_key`, `update_client_key`,
//! `rotate_client_key`, `delete_client_key`.
//!
//! Owns: the params and results of these methods.
//! Must not know: how keys are stored, what a limit means.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Empty, None_, Registered, Table};
use crate::app::App;
use crate::client_keys::{self, ClientKey, ClientLimits, KeyPatch, Made, Spent};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::ClientKeyId;
use crate::pool::Binding;

/// A struct with what a person may set, after members of its own: flattened, an error could not name
/// the member.
macro_rules! settable {
    ($(#[$about:meta])* struct $name:ident { $($(#[$own:meta])* $member:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Deserialize, JsonSchema)]
        struct $name {
            $($(#[$own])* $member: $kind,)*
            #[serde(default)]
            name: Option<String>,
            #[serde(default)]
            enabled: Option<bool>,
            /// RFC 3339; null takes it away.
            #[serde(default, deserialize_with = "given")]
            expires_at: Option<Option<String>>,
            /// From the first use; null takes it away.
            #[serde(default, deserialize_with = "given")]
            expires_days: Option<Option<u32>>,
            /// `<account id>` or `group:<group id>`, then at most `?fallback`; empty is all accounts.
            #[serde(default)]
            binding: Option<String>,
            /// Names with `*`; empty is all.
            #[serde(default)]
            models: Option<Vec<String>>,
            /// Replaces all of them.
            #[serde(default)]
            limits: Option<Limits>,
        }

        impl $name {
            fn patch(self) -> Result<KeyPatch> {
                Ok(KeyPatch {
                    name: self.name,
                    enabled: self.enabled,
                    expires_at: self.expires_at.map(end).transpose()?,
                    expires_days: self.expires_days,
                    binding: self.binding.as_deref().map(Binding::parse).transpose()?,
                    models: self.models,
                    limits: self.limits.map(|it| it.read()).transpose()?,
                })
            }
        }
    };
}

settable! {
    /// What a person may set.
    struct Fields {}
}

settable! {
    struct Update {
        client_key_id: ClientKeyId,
        /// Refuses the change when a person made another one since.
        #[serde(default)]
        revision: Option<u64>,
    }
}

/// How much a client key may take; what is left out is without a limit.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ClientKeyLimits")]
struct Limits {
    /// Requests under way at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    /// The length of the sliding window, at most a week.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_requests: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_tokens: Option<u64>,
    /// Of a day in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_tokens: Option<u64>,
    /// In dollars, of a day in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens: Option<u64>,
    /// In dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_cost: Option<f64>,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    client_key_id: ClientKeyId,
}

/// A client key, without the key.
#[derive(Debug, Serialize, JsonSchema)]
struct ClientKeyView {
    id: ClientKeyId,
    name: String,
    /// What people tell it by.
    tail: String,
    enabled: bool,
    /// `active`, `disabled` or `expired`.
    #[schemars(extend("enum" = ["active", "disabled", "expired"]))]
    status: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_days: Option<u32>,
    /// When it ends, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    /// Empty is all accounts.
    binding: String,
    /// Empty is all models.
    models: Vec<String>,
    limits: Limits,
    /// Ever.
    requests: u64,
    /// Ever.
    tokens_used: u64,
    /// Ever, in dollars.
    cost: f64,
    /// Requests under way in this process.
    in_flight: u32,
    revision: u64,
}

/// A client key that was just made.
#[derive(Serialize, JsonSchema)]
struct ClientKeyMade {
    /// The key itself: this is the only time it is shown.
    key: String,
    #[serde(flatten)]
    view: ClientKeyView,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("create_client_key", |context, it: Fields| async move {
        let app = context.app().await?;
        if it.name.is_none() {
            return Err(Error::invalid("name", "a name is expected"));
        }
        let made = app.client_keys.create(it.patch()?).await?;
        Ok(shown_once(app, &made, Spent::default()))
    })?;
    table.add("list_client_keys", |context, _: None_| async move {
        let app = context.app().await?;
        let keys = app.client_keys.list().await?;
        Ok(keys.iter().map(|(key, spent)| view(app, key, *spent)).collect::<Vec<_>>())
    })?;
    table.add("get_client_key", |context, it: ById| async move {
        let app = context.app().await?;
        shown(app, app.client_keys.get(&it.client_key_id).await?).await
    })?;
    table.add("update_client_key", |context, it: Update| async move {
        let app = context.app().await?;
        let (id, revision) = (it.client_key_id.clone(), it.revision);
        let key = app.client_keys.update(&id, it.patch()?, revision).await?;
        shown(app, key).await
    })?;
    table.add("rotate_client_key", |context, it: ById| async move {
        let app = context.app().await?;
        let made = app.client_keys.rotate(&it.client_key_id).await?;
        let spent = app.client_keys.spent(&it.client_key_id).await?;
        Ok(shown_once(app, &made, spent))
    })?;
    table.add("delete_client_key", |context, it: ById| async move {
        context.app().await?.client_keys.delete(&it.client_key_id).await?;
        Ok(Empty {})
    })
}

async fn shown(app: &App, key: ClientKey) -> Result<ClientKeyView> {
    let spent = app.client_keys.spent(&key.id).await?;
    Ok(view(app, &key, spent))
}

fn shown_once(app: &App, made: &Made, spent: Spent) -> ClientKeyMade {
    ClientKeyMade { key: made.secret.expose().to_owned(), view: view(app, &made.key, spent) }
}

fn view(app: &App, key: &ClientKey, spent: Spent) -> ClientKeyView {
    let ends_at = client_keys::ends_at(key);
    let status = match ends_at {
        _ if !key.enabled => "disabled",
        Some(end) if end <= app.clock.now() => "expired",
        _ => "active",
    };
    ClientKeyView {
        id: key.id.clone(),
        name: key.name.clone(),
        tail: key.tail.clone(),
        enabled: key.enabled,
        status,
        created_at: key.created_at.to_rfc3339(),
        first_used_at: key.first_used_at.map(Timestamp::to_rfc3339),
        last_used_at: key.last_used_at.map(Timestamp::to_rfc3339),
        expires_at: key.expires_at.map(Timestamp::to_rfc3339),
        expires_days: key.expires_days,
        ends_at: ends_at.map(Timestamp::to_rfc3339),
        binding: key.binding.to_string(),
        models: key.models.clone(),
        limits: Limits::of(&key.limits),
        requests: spent.requests,
        tokens_used: spent.tokens,
        cost: dollars(spent.cost),
        in_flight: app.client_keys.in_flight(&key.id),
        revision: key.revision,
    }
}

/// Tells what was left out from what is null.
fn given<'de, T, D>(deserializer: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A key's end; none takes it away.
fn end(text: Option<String>) -> Result<Option<Timestamp>> {
    let read = |text: String| {
        Timestamp::from_rfc3339(&text).ok_or_else(|| {
            Error::invalid("expires_at", "expected a time such as 2027-01-31T00:00:00Z")
        })
    };
    text.map(read).transpose()
}

// === impl Limits ===

impl Limits {
    fn of(limits: &ClientLimits) -> Self {
        Self {
            concurrency: limits.concurrency,
            window_seconds: limits.window_seconds,
            window_requests: limits.window_requests,
            window_tokens: limits.window_tokens,
            daily_tokens: limits.daily_tokens,
            daily_cost: limits.daily_cost.map(dollars),
            total_tokens: limits.total_tokens,
            total_cost: limits.total_cost.map(dollars),
        }
    }

    fn read(&self) -> Result<ClientLimits> {
        let cost = |field: &str, dollars: Option<f64>| {
            let read = dollars.map(billionths).transpose();
            read.map_err(|()| Error::invalid(field, "dollars from 0 to 1000000000 are expected"))
        };
        Ok(ClientLimits {
            concurrency: self.concurrency,
            window_seconds: self.window_seconds,
            window_requests: self.window_requests,
            window_tokens: self.window_tokens,
            daily_tokens: self.daily_tokens,
            daily_cost: cost("limits.daily_cost", self.daily_cost)?,
            total_tokens: self.total_tokens,
            total_cost: cost("limits.total_cost", self.total_cost)?,
        })
    }
}

/// A cost as people read it.
#[expect(clippy::cast_precision_loss, reason = "shown to people, to a billionth at most")]
pub(super) fn dollars(billionths: u64) -> f64 {
    billionths as f64 / 1e9
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded before: from 0 to a billion dollars"
)]
fn billionths(dollars: f64) -> std::result::Result<u64, ()> {
    if !(0.0..=1e9).contains(&dollars) {
        return Err(());
    }
    Ok((dollars * 1e9).round() as u64)
}

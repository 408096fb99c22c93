//! `test_proxy`, `refresh_credential`: what a person looks after, without a secret in the answer.
//!
//! Owns: the params and results of these methods.
//! Must not know: how a token is refreshed, how a proxy is spoken to.

use droid_protocol::fault::Class;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Registered, Table};
use crate::accounts::checked_proxy;
use crate::accounts::spec::ProxySpec;
use crate::accounts::view::AccountView;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::oauth::refresh::Need;
use crate::pool::account::Kind;
use crate::probe::{self, Probe};
use crate::secret::Secret;

#[derive(Deserialize, JsonSchema)]
struct TestProxy {
    proxy: ProxySpec,
}

/// Whether Factory can be reached through a proxy.
#[derive(Serialize, JsonSchema)]
struct ProxyTested {
    ok: bool,
    /// For a person.
    message: String,
    latency_ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    credential_id: AccountId,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("test_proxy", |context, it: TestProxy| async move {
        test_proxy(context.app().await?, &it.proxy).await
    })?;
    table.add("refresh_credential", |context, it: ById| async move {
        refresh(context.app().await?, &it.credential_id).await
    })
}

/// Any answer of Factory will do: the token is none, so that nobody's is spent on it.
async fn test_proxy(app: &App, proxy: &ProxySpec) -> Result<ProxyTested> {
    let url = checked_proxy(&proxy.url()?)?;
    let nobody = Secret::new("proxy-test");
    let probe = Probe { bearer: &nobody, user_agent: None, proxy: Some(&url), model: None };
    let verdict = probe::ask(&app.config.get(), &app.clients, probe, app.clock.now().0).await?;
    let broken = verdict.fault.as_ref().is_some_and(|it| it.class == Class::Transient);
    let ok = verdict.status.is_some() && !broken;
    Ok(ProxyTested {
        ok,
        message: if ok { "reachable".to_owned() } else { verdict.message() },
        latency_ms: u64::try_from(verdict.latency.as_millis()).unwrap_or(u64::MAX),
    })
}

async fn refresh(app: &App, id: &AccountId) -> Result<AccountView> {
    let account = app.accounts.get(id).await?;
    if account.kind == Kind::ApiKey {
        let message = "this account is a pool of keys: there is no token to refresh";
        return Err(Error::invalid("credential_id", message));
    }
    app.refresher.access_token(id, Need::Forced).await?;
    app.broker.reload().await?;
    let account = app.accounts.get(id).await?;
    super::credentials::shown(app, &account).await
}

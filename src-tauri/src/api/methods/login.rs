//! `start_login`, `poll_login`, `complete_login`, `cancel_login`.
//!
//! Owns: the params and results of these methods.
//! Must not know: how one signs in.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Empty, Registered, Table};
use crate::accounts::checked_proxy;
use crate::accounts::spec::{AccountSpec, ProxySpec};
use crate::api::params::or_default;
use crate::error::Result;
use crate::ids::{AccountId, LoginId};
use crate::logins::{Flow, LoginAsk};

#[derive(Deserialize, JsonSchema)]
struct Start {
    #[serde(default, deserialize_with = "or_default")]
    flow: Flow,
    #[serde(default)]
    proxy: Option<ProxySpec>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default)]
    redirect_uri: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    login_id: LoginId,
}

#[derive(Deserialize, JsonSchema)]
struct Complete {
    login_id: LoginId,
    callback_url: String,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("start_login", |context, it: Start| async move {
        let ask = ask(it)?;
        context.app().await?.logins.start(ask).await
    })?;
    table.add("poll_login", |context, it: ById| async move {
        context.app().await?.logins.poll(&it.login_id).await
    })?;
    table.add("complete_login", |context, it: Complete| async move {
        context.app().await?.logins.complete(&it.login_id, &it.callback_url).await
    })?;
    table.add("cancel_login", |context, it: ById| async move {
        context.app().await?.logins.cancel(&it.login_id).await?;
        Ok(Empty {})
    })
}

fn ask(it: Start) -> Result<LoginAsk> {
    let named = AccountSpec { name: it.name, ..AccountSpec::default() };
    let proxy = match it.proxy {
        Some(proxy) => Some(checked_proxy(&proxy.url()?)?),
        None => None,
    };
    Ok(LoginAsk {
        flow: it.flow,
        proxy,
        name: named.checked_name()?,
        known: it.credential_id,
        redirect_uri: it.redirect_uri,
    })
}

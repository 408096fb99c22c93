//! What Debug shows of everything that holds a secret or what is nobody's business.
//!
//! Owns: one value of each such type, full of canaries, against `tests/debug.txt`.
//! Must not know: who would print them.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::event::Usage;
use droid_protocol::fault::Fault;
use serde_json::json;
use zeroize::Zeroizing;

use crate::accounts::import::FromEnvironment;
use crate::accounts::spec::{AccountSpec, KeyEntry, KeyList, PastedKey, ProxySpec};
use crate::accounts::view::AccountView;
use crate::broker::{Loan, Outcome, Report};
use crate::clock::{Rand, Timestamp};
use crate::config::{Config, Live, Origin, Proxy};
use crate::ids::{AccountId, KeyId, LeaseId, LoginId};
use crate::logins::{Flow, LoginAsk};
use crate::oauth::callback::Callback;
use crate::oauth::flow::{DevicePoll, Login};
use crate::oauth::journal::{Answer, Left};
use crate::oauth::refresh::AccessToken;
use crate::oauth::workos::{DeviceCodes, Grant};
use crate::outbound::{self, Headers, Inbound, Sender};
use crate::pool::account::{Account, Health, Key, KeyStatus, Kind, Status, Strategy};
use crate::ports::{RefreshLease, TokenPair, Tokens};
use crate::probe::Probe;
use crate::rpc::message;
use crate::rpc::stdio::Input;
use crate::secret::{Personal, Secret};
use crate::store::{
    AccountPatch, KeySource, LoginRow, LoginState, NewAccount, NewKey, NewTokens, StoreOptions,
};
use crate::upstream::ProxyUrl;

const CANARY: &str = "fk-canary-0123456789";

fn secret() -> Secret {
    Secret::new(CANARY)
}

fn personal() -> Personal {
    Personal(format!("{CANARY}@canary.example"))
}

fn account() -> Account {
    Account {
        id: AccountId::from("a"),
        name: "Team".to_owned(),
        kind: Kind::Manual,
        endpoint: Endpoint::Anthropic,
        priority: 50,
        groups: Vec::new(),
        enabled: true,
        schedulable: true,
        status: Status::Active,
        error: None,
        max_concurrency: 0,
        has_proxy: true,
        user_agent: None,
        owner_email: Some(personal()),
        owner_name: Some(personal()),
        user_id: None,
        organization_id: None,
        subscription_expires_at: None,
        created_at: Timestamp(1),
        last_used_at: None,
        last_refresh_at: None,
        token_expires_at: None,
        health: Health::default(),
        key_strategy: Strategy::Random,
        uses: 0,
        tokens_used: 0,
        token_budget: None,
        revision: 1,
    }
}

fn tokens() -> Tokens {
    Tokens {
        name: "Team".to_owned(),
        access: Some(secret()),
        refresh: secret(),
        expires_at: None,
        last_refresh_at: None,
        organization_id: None,
        proxy: Some(secret()),
        needs_login: None,
    }
}

fn pair() -> TokenPair {
    TokenPair {
        access: secret(),
        refresh: secret(),
        expires_at: Timestamp(1),
        organization_id: None,
        user_id: None,
        owner_email: Some(personal()),
        owner_name: Some(personal()),
    }
}

fn new_tokens() -> NewTokens {
    NewTokens { access: Some(secret()), refresh: secret(), expires_at: None, refreshed_at: None }
}

fn spec() -> AccountSpec {
    let spec = json!({
        "accessToken": CANARY, "refreshToken": CANARY, "email": CANARY, "ownerName": CANARY,
        "apiKeys": [CANARY, { "encryptedKey": CANARY }],
        "proxy": { "type": "http", "host": "h", "port": 1, "username": CANARY, "password": CANARY },
    });
    serde_json::from_value(spec).expect("a spec")
}

fn config() -> Config {
    let proxy = Proxy { name: "one".to_owned(), url: secret() };
    Config { proxies: vec![proxy], models: Vec::new(), ..Config::default() }
}

fn headers() -> Headers {
    let mut headers = Headers::default();
    headers.set("authorization", format!("Bearer {CANARY}"));
    headers.set("x-api-key", CANARY.to_owned());
    headers
}

fn login(flow: &str) -> Login {
    let text = json!({
        "flow": flow, "device_code": CANARY, "state": CANARY, "verifier": CANARY, "interval_ms": 1,
        "failures": 0, "next_poll_at": 1, "expires_at": 1, "proxy": CANARY, "over": null,
    });
    Login::from_secret(&Secret::new(text.to_string())).expect("a sign-in")
}

/// Name and Debug of each.
fn shown() -> String {
    let mut shown = String::new();
    let mut show = |name: &str, value: &dyn Debug| {
        shown.push_str(&format!("{name}: {value:?}\n"));
        let pretty = format!("{value:#?}");
        assert!(!pretty.contains("canary"), "{name}: {pretty}");
    };
    show("Secret", &secret());
    show("Personal", &personal());
    accounts(&mut show);
    signing_in(&mut show);
    sending(&mut show);
    storing(&mut show);
    shown
}

fn accounts(show: &mut dyn FnMut(&str, &dyn Debug)) {
    let key = Key {
        id: KeyId::from("k"),
        account_id: AccountId::from("a"),
        hash: secret().fingerprint(),
        tail: secret().tail(),
        status: KeyStatus::Active,
        error: None,
        health: Health::default(),
        created_at: Timestamp(1),
        last_used_at: None,
        uses: 0,
        tokens_used: 0,
        revision: 1,
    };
    show("Account", &account());
    show("Key", &key);
    show("AccountView", &AccountView::new(&account(), None, Timestamp(1)));
    show("AccountSpec", &spec());
    show("KeyList", &KeyList::Text(secret()));
    show("KeyEntry", &KeyEntry::Plain(secret()));
    show("PastedKey", &PastedKey::Malformed(secret()));
    show("ProxySpec", &ProxySpec::Url(secret()));
    let from = FromEnvironment { api_key: Some(secret()), refresh_token: Some(secret()) };
    show("FromEnvironment", &from);
    let config = config();
    // The rest of it changes often and holds no secret.
    show("Config.proxies", &config.proxies);
    assert!(!format!("{config:?}").contains("canary"));
    let origin = Origin { files: Vec::new(), user_file: Some(PathBuf::from("config.json")) };
    show("Live", &Live::new(config, origin));
    let url = Secret::new(format!("http://user:{CANARY}@host:1"));
    show("ProxyUrl", &ProxyUrl::parse("proxy", &url).expect("a proxy"));
}

fn signing_in(show: &mut dyn FnMut(&str, &dyn Debug)) {
    show("Tokens", &tokens());
    show("TokenPair", &pair());
    show("RefreshLease", &RefreshLease::Taken(tokens()));
    show("AccessToken", &AccessToken { secret: secret(), expires_at: None });
    show("Login::Device", &login("device"));
    show("Login::Pkce", &login("pkce"));
    show("DevicePoll", &DevicePoll::Done(Box::new(pair())));
    show("Grant", &Grant::Code { code: &secret(), verifier: &secret() });
    let codes = DeviceCodes {
        device_code: secret(),
        user_code: "WDJB-MJHT".to_owned(),
        verification_uri: "https://auth.example".to_owned(),
        verification_uri_complete: None,
        expires_in: Duration::from_secs(1),
        interval: Duration::from_secs(1),
    };
    show("DeviceCodes", &codes);
    show("Callback", &Callback::Code(secret()));
    let answer = || Answer {
        spent: secret().fingerprint(),
        at: Timestamp(1),
        bytes: Zeroizing::new(CANARY.as_bytes().to_vec()),
    };
    // Bytes would show as numbers: their length is all that may be seen.
    show("Answer", &answer());
    assert!(!format!("{:?}", answer()).contains("102, 107"), "fk");
    show("Left", &Left::Answer(answer()));
    let ask = LoginAsk {
        flow: Flow::Pkce,
        proxy: Some(secret()),
        name: None,
        known: None,
        redirect_uri: None,
    };
    show("LoginAsk", &ask);
}

fn sending(show: &mut dyn FnMut(&str, &dyn Debug)) {
    show("Headers", &headers());
    show("Sender", &Sender { user_agent: None, bearer: Some(&secret()) });
    let body = json!({ "model": "claude-x", "max_tokens": 1, "messages": [CANARY] }).to_string();
    let inbound = Inbound {
        dialect: Dialect::Anthropic,
        body: &body.into(),
        header: &|_| None,
        model: None,
        stream: None,
        endpoint: None,
        session: None,
        created: 0,
        forget_thoughts: false,
    };
    let outbound = outbound::prepare(&Config::default(), &inbound).expect("a request");
    show("Outbound", &outbound);
    assert!(!format!("{outbound:?}").contains("102, 107"), "fk");
    let probe = Probe { bearer: &secret(), user_agent: None, proxy: Some(&secret()), model: None };
    show("Probe", &probe);
    let body = json!({ "error": { "message": format!("the key {CANARY} is wrong") } }).to_string();
    let fault = Fault::from_response(401, |_: &str| None::<&str>, body.as_bytes(), 0);
    let report = Report {
        account_id: AccountId::from("a"),
        key_id: Some(KeyId::from("k")),
        loan: Loan::Known(LeaseId::from("l")),
        model: None,
        outcome: Outcome::Fault(fault),
        usage: Usage::default(),
        latency: None,
        first_token: None,
        behind: false,
    };
    show("Report", &report);
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"add_api_keys","params":{{"api_keys":["{CANARY}"]}}}}"#
    );
    show("Line", &message::parse(line.as_bytes()));
    let input = Input::Lines(line.into_bytes());
    assert!(!format!("{input:?}").contains("102, 107"), "fk");
    show("Input", &input);
}

fn storing(show: &mut dyn FnMut(&str, &dyn Debug)) {
    show("NewTokens", &new_tokens());
    let key = || NewKey { id: KeyId::from("k"), secret: secret(), status: KeyStatus::Active };
    show("NewKey", &key());
    let new = NewAccount {
        account: account(),
        tokens: Some(new_tokens()),
        keys: vec![key()],
        proxy: Some(secret()),
        login: None,
        only_unknown_keys: false,
    };
    show("NewAccount", &new);
    let patch = AccountPatch {
        proxy: Some(Some(secret())),
        owner_email: Some(Some(personal())),
        owner_name: Some(Some(personal())),
        tokens: Some(new_tokens()),
        ..AccountPatch::default()
    };
    show("AccountPatch", &patch);
    show("KeySource", &KeySource::Passphrase(secret()));
    let row = LoginRow {
        id: LoginId::from("l"),
        flow: "pkce".to_owned(),
        secret: secret(),
        created_at: Timestamp(1),
        expires_at: Timestamp(1),
        next_poll_at: Timestamp(1),
        interval: Duration::from_secs(1),
        state: LoginState::Pending,
        credential_id: None,
    };
    show("LoginRow", &row);
    let options = StoreOptions {
        data_dir: PathBuf::from("data"),
        passphrase: Some(secret()),
        entropy: Arc::new(Rand::from_system().expect("random")),
    };
    show("StoreOptions", &options);
}

#[test]
fn debug_shows_no_secret() {
    let shown = shown();
    let known = include_str!("tests/debug.txt");
    for (now, known) in shown.lines().zip(known.lines()) {
        assert_eq!(now, known);
    }
    assert_eq!(shown.lines().count(), known.lines().count(), "{shown}");
}

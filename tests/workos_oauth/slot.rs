//! An account that is made, changed and removed over and over.
//!
//! Owns: [`Slot`]: the account of one place, what was promised about it and its secrets.
//! Must not know: when the process is killed.

use std::collections::BTreeMap;

use droid_testbed::host::CallError;
use serde_json::{Value, json};

use crate::kit::{Dice, bearer, this_one};
use crate::records::{Desk, Gone, Record};
use crate::support::ok;

/// One place. Its account's name begins with the place's, so that an account whose making was not
/// answered is found too.
pub(crate) struct Slot {
    kind: &'static str,
    prefix: String,
    n_named: u64,
    promised: Option<Account>,
    doing: Option<Doing>,
    /// Every key that was ever sent, by its tail.
    sent: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Account {
    id: String,
    name: String,
    priority: u64,
    enabled: bool,
    /// Status of each key by its id; none for a sign-in.
    keys: BTreeMap<String, String>,
    /// For a sign-in with a token that was given; what must be lent.
    access: Option<String>,
}

#[derive(Clone, Debug)]
enum Doing {
    Create {
        n_keys: usize,
    },
    /// Any change with a known result.
    Change(&'static str, Account),
    /// So many more keys, whose ids nobody knows yet.
    AddKeys(usize),
    Delete,
}

// === impl Slot ===

impl Slot {
    pub(crate) fn new(n: usize) -> Self {
        let kind = ["workos_oauth", "api_key", "manual"][n % 3];
        let prefix = format!("slot{n} ");
        Self { kind, prefix, n_named: 0, promised: None, doing: None, sent: BTreeMap::new() }
    }

    fn next_name(&mut self) -> String {
        self.n_named += 1;
        format!("{}{}", self.prefix, self.n_named)
    }

    async fn create(&mut self, desk: Desk<'_>) -> Result<Account, Gone> {
        let name = self.next_name();
        let mut config = json!({ "name": name, "priority": 7 });
        let mut access = None;
        let keys = self.new_keys(3);
        match self.kind {
            "api_key" => config["api_keys"] = json!(keys),
            kind => {
                let minted = desk.rig.fake.mint_account();
                config["refresh_token"] = json!(minted.refresh_token);
                if kind == "workos_oauth" {
                    config["access_token"] = json!(minted.access_token);
                    config["expires_at"] = json!(minted.expires_at);
                    access = Some(minted.access_token);
                }
            }
        }
        let n_keys = if self.kind == "api_key" { keys.len() } else { 0 };
        self.doing = Some(Doing::Create { n_keys });
        let params = json!({ "auth_type": self.kind, "config": config });
        let created = desk.call("create_credential", params).await?;
        let active = |key: &Value| (text(&key["id"]), "active".to_owned());
        let keys = created["keys"].as_array().into_iter().flatten().map(active).collect();
        Ok(Account {
            id: text(&created["credential_id"]),
            name,
            priority: 7,
            enabled: true,
            keys,
            access,
        })
    }

    async fn change(
        &mut self,
        desk: Desk<'_>,
        account: Account,
        dice: &mut Dice,
    ) -> Result<Option<Account>, Gone> {
        let id = json!(account.id);
        // The first key is never touched, so that there is always one to lend.
        let others: Vec<String> = account.keys.keys().skip(1).cloned().collect();
        let choice = dice.below(if self.kind == "api_key" { 8 } else { 4 });
        match choice {
            0 => {
                self.doing = Some(Doing::Delete);
                desk.call("delete_credential", json!({ "credential_id": id })).await?;
                return Ok(None);
            }
            1 => {
                let after = Account { enabled: !account.enabled, ..account };
                self.doing = Some(Doing::Change("set_credential_enabled", after.clone()));
                let params = json!({ "credential_id": id, "enabled": after.enabled });
                desk.call("set_credential_enabled", params).await?;
                return Ok(Some(after));
            }
            4 if others.len() > 1 => {
                let gone: Vec<String> = others.into_iter().take(2).collect();
                let mut after = account;
                after.keys.retain(|key, _| !gone.contains(key));
                self.doing = Some(Doing::Change("remove_api_keys", after.clone()));
                let params = json!({ "credential_id": id, "api_key_ids": gone });
                desk.call("remove_api_keys", params).await?;
                return Ok(Some(after));
            }
            5 if !others.is_empty() => {
                let status = dice.one_of(["active", "disabled", "banned"]);
                let mut after = account;
                after.keys.extend(others.iter().map(|key| (key.clone(), status.to_owned())));
                self.doing = Some(Doing::Change("set_api_key_status", after.clone()));
                let params =
                    json!({ "credential_id": id, "api_key_ids": others, "status": status });
                desk.call("set_api_key_status", params).await?;
                return Ok(Some(after));
            }
            4.. if account.keys.len() < 20 => {
                let keys = self.new_keys(3);
                self.doing = Some(Doing::AddKeys(keys.len()));
                let params = json!({ "credential_id": id, "api_keys": keys });
                let added = desk.call("add_api_keys", params).await?;
                let mut after = account;
                let keys = added["keys"].as_array().unwrap().iter();
                after.keys.extend(keys.map(|key| (text(&key["id"]), "active".to_owned())));
                return Ok(Some(after));
            }
            _ => {}
        }
        let after = Account { name: self.next_name(), priority: dice.below(101), ..account };
        self.doing = Some(Doing::Change("update_credential", after.clone()));
        let config = json!({ "name": after.name, "priority": after.priority });
        desk.call("update_credential", json!({ "credential_id": id, "config": config })).await?;
        Ok(Some(after))
    }

    fn new_keys(&mut self, n: u64) -> Vec<String> {
        let first = self.sent.len() as u64;
        let place: String = self.prefix.trim().to_owned();
        let new = (first..first + n).map(|it| format!("fk-{place}-0123456789-{it:04x}"));
        let new: Vec<String> = new.collect();
        self.sent
            .extend(new.iter().map(|key| (format!("…{}", &key[key.len() - 4..]), key.clone())));
        new
    }

    async fn found(&self, desk: Desk<'_>) -> Option<Account> {
        let all = ok(desk.bridge, "list_credentials", Value::Null).await;
        let ours = |it: &&Value| it["name"].as_str().unwrap().starts_with(&self.prefix);
        let ours: Vec<&Value> = all.as_array().unwrap().iter().filter(ours).collect();
        assert!(ours.len() <= 1, "{ours:?}");
        let id = text(&ours.first()?["id"]);
        let shown = ok(desk.bridge, "get_credential", json!({ "credential_id": id })).await;
        let status = |key: &Value| (text(&key["id"]), text(&key["status"]));
        Some(Account {
            name: text(&shown["name"]),
            priority: shown["priority"].as_u64().unwrap(),
            enabled: shown["enabled"].as_bool().unwrap(),
            keys: shown["keys"].as_array().into_iter().flatten().map(status).collect(),
            access: self.promised.as_ref().and_then(|it| it.access.clone()),
            id,
        })
    }

    /// Whether what is there is what the write without an answer makes, in whole.
    fn made_by(&self, doing: &Doing, found: Option<&Account>) -> bool {
        let before = self.promised.as_ref();
        match doing {
            Doing::Create { n_keys } => {
                before.is_none() && found.is_none_or(|it| it.keys.len() == *n_keys)
            }
            Doing::Change(_, after) => found == Some(after),
            Doing::Delete => found.is_none(),
            Doing::AddKeys(n) => found.zip(before).is_some_and(|(found, before)| {
                let mut former = found.clone();
                former.keys.retain(|key, _| before.keys.contains_key(key));
                former == *before && found.keys.len() == before.keys.len() + n
            }),
        }
    }

    /// The secrets can be used: what is lent is what was given.
    async fn check_secrets(&mut self, desk: Desk<'_>, account: &Account, promised: bool) {
        let lent = desk.bridge.call("acquire_credential", this_one(&account.id)).await;
        let lent = match lent.map_err(CallError::rpc) {
            Ok(lent) => lent,
            // The kill fell into the one refresh that verifies a pasted token (`refresh_kill`).
            Err(error) if !promised && self.kind == "manual" => {
                assert_eq!(error.data["kind"], "needs_login", "{error}");
                ok(desk.bridge, "delete_credential", json!({ "credential_id": account.id })).await;
                self.promised = None;
                return;
            }
            Err(error) => panic!("{account:?} cannot be lent: {error}"),
        };
        if let Some(access) = &account.access {
            assert_eq!(bearer(&lent), *access);
        }
        if self.kind == "api_key" {
            let key = bearer(&lent);
            assert!(self.sent.values().any(|it| *it == key), "a key nobody gave");
            assert!(account.keys.contains_key(&text(&lent["metadata"]["api_key_id"])));
        }
    }
}

impl Record for Slot {
    async fn write(&mut self, desk: Desk<'_>, dice: &mut Dice) -> Result<(), Gone> {
        self.promised = match self.promised.clone() {
            None => Some(self.create(desk).await?),
            Some(account) => self.change(desk, account, dice).await?,
        };
        self.doing = None;
        Ok(())
    }

    async fn check(&mut self, desk: Desk<'_>) {
        let found = self.found(desk).await;
        let as_promised = found == self.promised;
        let made = self.doing.as_ref().is_some_and(|it| self.made_by(it, found.as_ref()));
        assert!(
            as_promised || made,
            "found {found:?}, promised {:?}, unanswered {:?}",
            self.promised,
            self.doing
        );
        let created = matches!(self.doing, Some(Doing::Create { .. }));
        self.doing = None;
        self.promised.clone_from(&found);
        if let Some(account) = found.filter(|it| it.enabled) {
            self.check_secrets(desk, &account, !created).await;
        }
    }

    fn unanswered(&self) -> Option<&'static str> {
        self.doing.as_ref().map(|it| match it {
            Doing::Create { .. } => "create_credential",
            Doing::Change(method, _) => method,
            Doing::AddKeys(_) => "add_api_keys",
            Doing::Delete => "delete_credential",
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

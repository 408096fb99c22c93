//! From what a person types to the account or key that is meant.
//!
//! Owns: names, ids and their beginnings, tails of keys; what is told when it could be several.
//! Must not know: what is done with it.

use serde_json::{Value, json};

use super::failure::{Failure, Result};
use super::session::Session;

/// Fewer letters of an id name nothing.
const SHORTEST: usize = 4;

/// The account of that name, id, or beginning of an id.
///
/// # Errors
/// Not found; or usage, when it could be several.
pub(crate) async fn account(session: &Session, wanted: &str) -> Result<Value> {
    match find(&accounts(session).await?, wanted)? {
        Some(account) => Ok(account.clone()),
        None => Err(missing("account", wanted)
            .hint(format!("{} accounts list shows what there is", super::NAME))),
    }
}

/// Its id alone.
///
/// # Errors
/// As [`account`].
pub(crate) async fn account_id(session: &Session, wanted: &str) -> Result<String> {
    Ok(text(&account(session, wanted).await?["id"]))
}

/// Every account.
///
/// # Errors
/// What the method answers.
pub(crate) async fn accounts(session: &Session) -> Result<Vec<Value>> {
    let list = session.call("list_credentials", json!({})).await?;
    Ok(list.as_array().cloned().unwrap_or_default())
}

/// Every client key.
///
/// # Errors
/// What the method answers.
pub(crate) async fn client_keys(session: &Session) -> Result<Vec<Value>> {
    let list = session.call("list_client_keys", json!({})).await?;
    Ok(list.as_array().cloned().unwrap_or_default())
}

/// The one of a list that is meant.
///
/// # Errors
/// Usage, when it could be several.
pub(crate) fn find<'a>(list: &'a [Value], wanted: &str) -> Result<Option<&'a Value>> {
    if let Some(found) = list.iter().find(|it| it["id"] == wanted) {
        return Ok(Some(found));
    }
    let named: Vec<&Value> = list.iter().filter(|it| it["name"] == wanted).collect();
    let found = if named.is_empty() && wanted.chars().count() >= SHORTEST {
        list.iter().filter(|it| text(&it["id"]).starts_with(wanted)).collect()
    } else {
        named
    };
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let ids: Vec<String> = several.iter().map(|it| text(&it["id"])).collect();
            let hint = format!("name one by its id: {}", ids.join(", "));
            Err(Failure::usage(format!("`{wanted}` is the name of {}", several.len())).hint(hint))
        }
    }
}

/// The ids of an account's keys that are meant, by id or by the end of the key.
///
/// # Errors
/// Not found; or usage, when it could be several.
pub(crate) async fn keys(session: &Session, id: &str, wanted: &[String]) -> Result<Vec<String>> {
    let account = session.call("get_credential", json!({ "credential_id": id })).await?;
    let Some(keys) = account["keys"].as_array() else {
        let name = text(&account["name"]);
        return Err(Failure::usage(format!("account `{name}` is signed in and has no keys")));
    };
    let mut ids = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let tail = wanted.trim_start_matches('…').trim_start_matches("...");
        let is_meant = |it: &&Value| {
            it["id"] == wanted.as_str()
                || (tail.chars().count() >= SHORTEST
                    && text(&it["tail"]).trim_start_matches('…') == tail)
        };
        let found: Vec<&Value> = keys.iter().filter(is_meant).collect();
        match found.as_slice() {
            [one] => ids.push(text(&one["id"])),
            [] => return Err(missing("key", wanted)),
            _ => {
                let message = format!("{} keys end like that: name one by its id", found.len());
                return Err(Failure::usage(message));
            }
        }
    }
    Ok(ids)
}

/// A text, or nothing where it is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn missing(what: &'static str, wanted: &str) -> Failure {
    crate::error::Error::not_found(what, wanted).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_an_id_and_its_beginning_lead_to_the_account() {
        let list = [
            json!({ "id": "aaaa1111", "name": "Team" }),
            json!({ "id": "bbbb2222", "name": "Team" }),
            json!({ "id": "bbbb3333", "name": "Mine" }),
        ];
        let id = |wanted: &str| find(&list, wanted).map(|it| it.map(|it| text(&it["id"])));
        assert_eq!(id("Mine").unwrap().as_deref(), Some("bbbb3333"));
        assert_eq!(id("aaaa").unwrap().as_deref(), Some("aaaa1111"));
        assert_eq!(id("bbbb2222").unwrap().as_deref(), Some("bbbb2222"));
        assert_eq!(id("aaa").unwrap(), None, "too short to mean anything");
        assert_eq!(id("nobody").unwrap(), None);
        for several in ["Team", "bbbb"] {
            assert_eq!(id(several).unwrap_err().kind, "usage");
        }
    }
}

//! `data/key_pool.json` of droid2api with a key pool (seed S3), and its export: a key a line.
//!
//! Owns: that format: pool groups become groups, the keys of each a pool.
//! Must not know: the store.

use std::collections::BTreeMap;

use serde_json::Value;

use super::content::{Content, Found, FoundGroup, Line};
use super::{droid2api, value};
use crate::accounts::spec::{self, AccountSpec};
use crate::ids::GroupId;
use crate::pool::account::{KeyStatus, Kind, Strategy};
use crate::secret::Secret;

/// Keys of a group, by the place of the first of them.
type Pools = BTreeMap<Option<String>, Vec<(Secret, KeyStatus)>>;

/// True for the file's shape.
pub(super) fn is_one(file: &Value) -> bool {
    let keys = file["keys"].as_array();
    keys.is_some_and(|it| it.iter().all(Value::is_object)) && file.get("auth_type").is_none()
}

pub(super) fn read(file: &Value) -> Content {
    let mut content = Content { format: "droid2api-key-pool", ..Content::default() };
    let strategy = strategy(file["config"]["algorithm"].as_str());
    let mut known = Vec::new();
    for (i, group) in value::list(file, "poolGroups").iter().enumerate() {
        let at = format!("poolGroups[{i}]");
        let Some(id) = value::text(group, &["id"]).filter(|it| is_group(it)) else {
            content.refused.push(Line::skipped("group", at, "it has no usable id"));
            continue;
        };
        known.push(id.to_owned());
        let priority = value::number(group, "priority").and_then(|it| u32::try_from(it).ok());
        let group = FoundGroup {
            at,
            name: value::text(group, &["name"]).unwrap_or(id).to_owned(),
            priority: priority.unwrap_or(100),
            strategy,
            ..FoundGroup::new(GroupId::from(id.to_owned()))
        };
        content.groups.push(group);
    }
    let mut pools = Pools::new();
    for (i, entry) in value::list(file, "keys").iter().enumerate() {
        let Some(key) = value::text(entry, &["key"]).and_then(value::key) else {
            let at = format!("keys[{i}]");
            content.refused.push(Line::skipped("account", at, "there is no usable key in it"));
            continue;
        };
        let group = value::text(entry, &["poolGroup"]).filter(|it| is_group(it));
        let status = value::status(entry["status"].as_str());
        pools.entry(group.map(str::to_owned)).or_default().push((key, status));
    }
    for (group, keys) in pools {
        let name = content
            .groups
            .iter()
            .find(|it| Some(it.id.as_str()) == group.as_deref())
            .map_or_else(|| group.clone(), |it| Some(it.name.clone()));
        let spec = AccountSpec {
            name: Some(name.map_or_else(|| "Key pool".to_owned(), |it| format!("Key pool {it}"))),
            groups: group.clone().map(|it| vec![GroupId::from(it)]),
            ..AccountSpec::default()
        };
        let at = group.map_or_else(|| "keys".to_owned(), |it| format!("keys of {it}"));
        content.accounts.push(Found { at, kind: Kind::ApiKey, spec, keys });
    }
    let settings = droid2api::left_out(&file["config"], "config.");
    // The groups have the algorithm, where there are any.
    let has_groups = !content.groups.is_empty();
    let settings = settings.into_iter().filter(|it| !has_groups || it.at != "config.algorithm");
    content.refused.extend(settings);
    content
}

/// A key a line; nothing if that is not what the text is.
pub(super) fn read_lines(text: &str) -> Option<Content> {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#')).collect();
    let keys: Vec<(Secret, KeyStatus)> =
        lines.iter().filter_map(|it| value::key(it).map(|key| (key, KeyStatus::Active))).collect();
    if keys.is_empty() || keys.len() < lines.len() || !lines.iter().all(|it| it.starts_with("fk-"))
    {
        return None;
    }
    let spec = AccountSpec { name: Some("Key pool".to_owned()), ..AccountSpec::default() };
    let found = Found { at: "keys".to_owned(), kind: Kind::ApiKey, spec, keys };
    Some(Content { format: "keys", accounts: vec![found], ..Content::default() })
}

fn is_group(id: &str) -> bool {
    spec::check_group_id("id", id).is_ok()
}

/// Seed S3's algorithms by our names.
fn strategy(algorithm: Option<&str>) -> Strategy {
    match algorithm.unwrap_or_default() {
        "round-robin" => Strategy::RoundRobin,
        "random" => Strategy::Random,
        "least-used" => Strategy::LeastUsed,
        "least-token-used" => Strategy::LeastTokenUsed,
        "max-remaining" => Strategy::MaxRemaining,
        "weighted-score" | "weighted-usage" | "quota-aware" => Strategy::WeightedScore,
        _ => Strategy::PriorityLru,
    }
}

//! A search of the web, from another provider's settings.
//!
//! Owns: which settings both have.
//! Must not know: other tools.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::Losses;
use super::super::json::{Arr, Obj, string};
use super::super::wire::Members;
use crate::request::Unknown;

/// Another provider's search as this one's: where the person is and which sites count.
pub(super) fn write_search(settings: &Unknown, out: &mut Vec<u8>, losses: &mut Losses) {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire<'a> {
        #[serde(borrow)]
        user_location: Option<&'a RawValue>,
        filters: Option<Filters>,
        search_context_size: Option<String>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Filters {
        allowed_domains: Vec<String>,
        blocked_domains: Vec<String>,
    }
    let wire: Wire<'_> = serde_json::from_str(settings.value.get()).unwrap_or_default();
    let mut object = Obj::new(out);
    object.str("type", "web_search_20250305").str("name", "web_search");
    if let Some(location) = wire.user_location.and_then(approximate) {
        object.json("user_location", &location);
    }
    // The provider takes one of the two lists.
    let filters = wire.filters.unwrap_or_default();
    let lists = [
        ("allowed_domains", filters.allowed_domains),
        ("blocked_domains", filters.blocked_domains),
    ];
    if let Some((key, domains)) = lists.into_iter().find(|it| !it.1.is_empty()) {
        let mut array = Arr::new(object.key(key));
        for domain in &domains {
            string(array.next(), domain);
        }
        array.end();
    }
    object.end();
    let size = wire.search_context_size.is_some();
    losses.add_if(size, "search_context_size", "the provider decides how much is searched");
}

/// A place in the flat form, from that form or from the one with a member `approximate`.
fn approximate(location: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Nested<'a> {
        #[serde(borrow)]
        approximate: Option<&'a RawValue>,
    }
    let nested: Nested<'_> = serde_json::from_str(location.get()).ok()?;
    let place = nested.approximate.unwrap_or(location);
    let members: Members<'_> = serde_json::from_str(place.get()).ok()?;
    let mut out = Vec::new();
    let mut object = Obj::new(&mut out);
    object.str("type", "approximate");
    for (key, value) in &members.0 {
        let known = matches!(&**key, "city" | "region" | "country" | "timezone");
        if known && value.get().starts_with('"') {
            object.raw(key, value);
        }
    }
    object.end();
    String::from_utf8(out).ok()
}

//! Methods listed, registered and documented.
//!
//! Owns: that the three are the same.
//! Must not know: what a method does.

use std::collections::BTreeSet;
use std::sync::Arc;

use droid_provider::api::context::Context;
use droid_provider::api::methods::Api;
use droid_provider::api::table::METHODS;
use droid_provider::app::Boot;

use super::tree;

#[test]
fn every_registered_method_is_in_the_table_and_in_the_document() {
    let context = Context::new(Boot::system().expect("randomness"));
    let api = Api::new(Arc::new(context)).expect("a method table");
    let registered = api.rpc();
    let registered: BTreeSet<&str> = registered.method_names().collect();
    let listed: BTreeSet<&str> = METHODS.iter().map(|it| it.name).collect();
    assert_eq!(listed.len(), METHODS.len(), "a method is listed twice");
    assert_eq!(registered, listed);
    let document = tree::read("docs/rpc.md");
    for name in listed {
        assert!(document.contains(&format!("\n### `{name}`\n")), "docs/rpc.md lacks {name}");
    }
}

#[test]
fn every_param_in_the_table_has_a_name_and_a_type() {
    for method in METHODS {
        for param in method.params.iter().filter(|it| !it.starts_with("as ")) {
            let (name, rest) = param.split_once(": ").unwrap_or_default();
            assert!(!name.is_empty() && !rest.is_empty(), "{}: {param}", method.name);
        }
        assert!(method.purpose.ends_with('.'), "{}: a sentence ends with a stop", method.name);
    }
}

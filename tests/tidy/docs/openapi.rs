//! docs/openapi.json: the admin API as other programs read it.
//!
//! Owns: that the file is what the program says of itself.
//! Must not know: what a method does.

use std::sync::Arc;

use droid_provider::api::context::Context;
use droid_provider::api::methods::Api;
use droid_provider::api::openapi;
use droid_provider::app::Boot;

use super::file_is;

#[test]
fn the_admin_api_is_documented_as_it_is() {
    let context = Context::new(Boot::system().expect("randomness"));
    let api = Api::new(Arc::new(context)).expect("a method table");
    let text = serde_json::to_string_pretty(&openapi::document(&api)).expect("JSON");
    file_is("docs/openapi.json", &format!("{text}\n"));
}

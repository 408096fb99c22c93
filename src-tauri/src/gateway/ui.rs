//! The web page that manages the gateway, at `/`.
//!
//! Owns: the page's files, which headers they are served with, and what is said where they were
//! not built.
//! Must not know: what is on the page; it asks the admin API like anybody.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::error;
use super::shared::Shared;

/// What `npm run build` made. A build for development reads them where they lie.
#[derive(rust_embed::Embed)]
#[folder = "target/ui"]
#[allow_missing = true]
struct Files;

/// Addresses of the page; what is below them is sorted out by the page itself.
const PAGES: [&str; 8] = [
    "/accounts",
    "/groups",
    "/client-keys",
    "/requests",
    "/playground",
    "/settings",
    "/maintenance",
    "/setup",
];

/// Nothing from elsewhere, nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
                      data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action \
                      'self'; frame-ancestors 'none'";

/// Assets have a hash of their content in their name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Droid \
                         Provider</title><h1>Droid Provider</h1><p>The gateway runs. Its web \
                         page was not built into this program: run <code>npm ci &amp;&amp; npm \
                         run build</code>, then build the program again. Everything can also be \
                         done with <code>droid-provider-cli</code>.</p></html>\n";

pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new().route("/", get(page)).route("/assets/{name}", get(asset));
    for path in PAGES {
        router = router.route(path, get(page)).route(&format!("{path}/{{*rest}}"), get(page));
    }
    router
}

async fn page(headers: HeaderMap) -> Response {
    let (body, zipped) =
        file("index.html", &headers).unwrap_or((Cow::Borrowed(NOT_BUILT.as_bytes()), false));
    let mut response = answer(body, zipped, "text/html; charset=utf-8", "no-cache");
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match file(&format!("assets/{name}"), &headers) {
        Some((body, zipped)) => answer(body, zipped, kind(&name), FOR_EVER),
        None => error::no_such_file(),
    }
}

/// A file, compressed where that was prepared and the browser takes it.
fn file(path: &str, headers: &HeaderMap) -> Option<(Cow<'static, [u8]>, bool)> {
    // A debug build reads the folder, where this would lead up.
    if path.split(['/', '\\']).any(|it| it == "..") {
        return None;
    }
    let takes_gzip = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .any(|it| it.trim() == "gzip");
    if takes_gzip && let Some(found) = Files::get(&format!("{path}.gz")) {
        return Some((found.data, true));
    }
    Files::get(path).map(|it| (it.data, false))
}

fn answer(
    body: Cow<'static, [u8]>,
    zipped: bool,
    kind: &'static str,
    cache: &'static str,
) -> Response {
    let body = match body {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let fixed = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = (fixed, body).into_response();
    if zipped {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
    response
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_takes_no_gzip_gets_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
        assert!(file("index.html", &headers).is_none_or(|(_, zipped)| !zipped));
    }

    #[tokio::test]
    async fn the_page_may_load_nothing_from_elsewhere_and_is_looked_at_anew() {
        let response = page(HeaderMap::new()).await;
        let headers = response.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_not_the_page() {
        let response = asset(Path("nothing-0.js".to_owned()), HeaderMap::new()).await;
        assert!(response.status().is_client_error());
    }

    #[tokio::test]
    async fn no_path_leads_out_of_the_folder() {
        for name in ["../index.html", "..%2f..%2fCargo.toml", "../../../Cargo.toml"] {
            let response = asset(Path(name.to_owned()), HeaderMap::new()).await;
            let type_ = response.headers().get(header::CONTENT_TYPE).cloned();
            assert!(response.status().is_client_error(), "{name}: {type_:?}");
        }
    }
}

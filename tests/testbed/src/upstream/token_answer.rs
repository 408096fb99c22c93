//! What the token endpoint says: the answer, the JWT in it, or the error.
//!
//! Owns: their shapes (seed S0 §3.1) and what each quirk leaves out.
//! Must not know: which tokens are good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::upstream::tokens::{Around, Grant, User};

/// An error in WorkOS's own shape.
#[derive(Clone, Debug)]
pub(crate) struct OAuthError {
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) description: String,
}

/// Whose tokens an answer tells of.
#[derive(Clone, Copy)]
pub(crate) struct Holder<'a> {
    pub(crate) user: &'a User,
    pub(crate) org: Option<&'a str>,
    pub(crate) method: &'a str,
}

// === impl OAuthError ===

impl OAuthError {
    pub(crate) fn new(error: &'static str, description: &str) -> Self {
        Self { status: 400, error, description: description.to_owned() }
    }

    pub(crate) fn grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(crate) fn request(description: &str) -> Self {
        Self::new("invalid_request", description)
    }
}

/// The token endpoint's answer (seed S0 §3.1 `WorkOSTokenResponse`), less what a quirk omits.
pub(crate) fn response(around: Around<'_>, grant: &Grant, of: Holder<'_>) -> Value {
    let quirks = around.quirks;
    let mut body = json!({
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "authentication_method": of.method,
    });
    if let Some(token) = &grant.refresh_token {
        body["refresh_token"] = json!(token);
    }
    if !quirks.omit_expires_in {
        body["expires_in"] = json!(around.config.access_token_ttl.as_secs());
    }
    if quirks.give_expires_at {
        body["expires_at"] = json!(rfc3339(grant.expires_us));
    }
    if !quirks.omit_user {
        body["user"] = json!({
            "object": "user",
            "id": of.user.id,
            "email": of.user.email,
            "first_name": "Ada",
            "last_name": "Fixture",
        });
    }
    if let Some(org) = of.org.filter(|_| !quirks.omit_organization) {
        body["organization_id"] = json!(org);
    }
    body
}

/// Looks like WorkOS's access tokens; the signature is made up, nobody can verify it.
pub(crate) fn jwt(
    around: Around<'_>,
    user: &User,
    org: Option<&str>,
    session: &str,
    expires_us: u64,
) -> String {
    let mut claims = json!({
        "iss": "https://api.workos.com",
        "sub": user.id,
        "sid": session,
        "jti": around.ids.named("01"),
        "email": user.email,
        "exp": expires_us / 1_000_000,
        "iat": around.now_us / 1_000_000,
    });
    if let Some(org) = org.filter(|_| !around.quirks.omit_org_claim) {
        claims["org_id"] = json!(org);
    }
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "sso_oidc_key_pair_fake"});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(around.ids.hex().repeat(4));
    format!("{}.{}.{signature}", encode(&header), encode(&claims))
}

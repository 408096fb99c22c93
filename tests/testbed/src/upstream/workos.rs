//! WorkOS user management: device authorization, the PKCE redirect and the token endpoint.
//!
//! Owns: the parameters each grant takes and the errors in WorkOS's shape.
//! Must not know: how tokens are kept, how an answer leaves.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::upstream::answer::Answer;
use crate::upstream::grants::verifier_is_valid;
use crate::upstream::script::Endpoint;
use crate::upstream::token_answer::OAuthError;
use crate::upstream::tokens::Grant;
use crate::upstream::{Accounts, World, form};

pub(crate) type Fields = BTreeMap<String, String>;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// `POST /user_management/authorize/device`.
pub(crate) fn authorize_device(world: &World, headers: &HeaderMap, body: &[u8]) -> Answer {
    let started = fields(headers, body).and_then(|fields| {
        let client_id = client(world, &fields)?.to_owned();
        let mut accounts = world.accounts.lock().unwrap();
        let Accounts { grants, quirks, .. } = &mut *accounts;
        Ok(grants.start_device(world.around(quirks), &client_id))
    });
    match started {
        Err(error) => refused(&error),
        Ok(device) => {
            let page = format!("{}/device", world.base_url());
            let complete = format!("{page}?user_code={}", device.user_code);
            Answer::json(
                200,
                &json!({
                    "device_code": device.device_code,
                    "user_code": device.user_code,
                    "verification_uri": page,
                    "verification_uri_complete": complete,
                    "expires_in": world.config.device_code_ttl.as_secs(),
                    "interval": device.interval,
                }),
            )
        }
    }
}

/// `GET /user_management/authorize`: the person is taken to have agreed at once.
pub(crate) fn authorize(world: &World, query: &str) -> Answer {
    match try_authorize(world, query) {
        Ok(location) => Answer::text(302, "").with_header("location", &location),
        Err(error) => refused(&error),
    }
}

/// `POST /user_management/authenticate`.
pub(crate) fn authenticate(world: &World, headers: &HeaderMap, body: &[u8]) -> Answer {
    let granted = fields(headers, body).and_then(|fields| {
        let client_id = client(world, &fields)?;
        let mut accounts = world.accounts.lock().unwrap();
        let refresh = need(&fields, "grant_type")? == "refresh_token";
        let grant = match need(&fields, "grant_type")? {
            "refresh_token" => refresh_grant(world, &mut accounts, &fields, client_id)?,
            "authorization_code" => code_grant(world, &mut accounts, &fields, client_id)?,
            DEVICE_GRANT => device_grant(world, &mut accounts, &fields, client_id)?,
            other => {
                let text = format!("The grant type {other:?} is not supported.");
                return Err(OAuthError::new("unsupported_grant_type", &text));
            }
        };
        let rotated = refresh && grant.refresh_token.is_some();
        let body = accounts.directory.response(world.around(&accounts.quirks), &grant);
        Ok((rotated, body))
    });
    match granted {
        Ok((rotated, body)) => Answer { rotated, ..Answer::json(200, &body) },
        Err(error) => refused(&error),
    }
}

/// Which grant a token request is for and the secret it spends, as far as can be told.
pub(crate) fn facts(headers: &HeaderMap, body: &[u8]) -> (Endpoint, Option<String>) {
    let fields = fields(headers, body).unwrap_or_default();
    let value = |name: &str| fields.get(name).cloned();
    match fields.get("grant_type").map(String::as_str) {
        Some("refresh_token") => (Endpoint::Refresh, value("refresh_token")),
        Some("authorization_code") => (Endpoint::CodeExchange, value("code")),
        Some(DEVICE_GRANT) => (Endpoint::DevicePoll, value("device_code")),
        _ => (Endpoint::Token, None),
    }
}

fn refresh_grant(
    world: &World,
    accounts: &mut Accounts,
    fields: &Fields,
    client_id: &str,
) -> Result<Grant, OAuthError> {
    let token = need(fields, "refresh_token")?;
    let org = match fields.get("organization_id") {
        Some(org) if org.is_empty() => {
            return Err(OAuthError::request("organization_id must not be empty."));
        }
        org => org.map(String::as_str),
    };
    let Accounts { directory, quirks, .. } = accounts;
    directory.rotate(world.around(quirks), token, client_id, org)
}

fn device_grant(
    world: &World,
    accounts: &mut Accounts,
    fields: &Fields,
    client_id: &str,
) -> Result<Grant, OAuthError> {
    let code = need(fields, "device_code")?;
    let Accounts { directory, grants, quirks, .. } = accounts;
    let around = world.around(quirks);
    let user = grants.poll_device(around, code, client_id)?;
    Ok(directory.grant(around, &user, client_id, "DeviceCode"))
}

fn code_grant(
    world: &World,
    accounts: &mut Accounts,
    fields: &Fields,
    client_id: &str,
) -> Result<Grant, OAuthError> {
    let (code, verifier) = (need(fields, "code")?, need(fields, "code_verifier")?);
    if !verifier_is_valid(verifier) {
        return Err(OAuthError::request("code_verifier must be 43 to 128 unreserved letters."));
    }
    let Accounts { directory, grants, quirks, .. } = accounts;
    let around = world.around(quirks);
    let redirect = fields.get("redirect_uri").map(String::as_str);
    match grants.redeem(around.now_us, code, client_id, verifier, redirect) {
        Ok(user) => {
            let grant = directory.grant(around, &user, client_id, "Password");
            grants.exchanged(code, grant.family);
            Ok(grant)
        }
        Err(refused) => {
            if let Some(family) = refused.revoke {
                directory.revoke(family, "code_reuse");
            }
            Err(refused.error)
        }
    }
}

fn try_authorize(world: &World, query: &str) -> Result<String, OAuthError> {
    let Some(fields) = form::parse(query) else {
        return Err(OAuthError::request("The query is malformed."));
    };
    let client_id = client(world, &fields)?;
    let redirect_uri = need(&fields, "redirect_uri")?;
    let loopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    let allowed = redirect_uri.starts_with("https://")
        || loopback.iter().any(|it| redirect_uri.starts_with(it));
    if !allowed || redirect_uri.contains('#') {
        return Err(OAuthError::request("redirect_uri is not a valid redirect URI."));
    }
    if need(&fields, "response_type")? != "code" {
        return Err(OAuthError::new("unsupported_response_type", "response_type must be `code`."));
    }
    if !["provider", "connection_id", "organization_id"].iter().any(|it| fields.contains_key(*it)) {
        return Err(OAuthError::request("A connection selector (provider) must be provided."));
    }
    let (state, challenge) = (need(&fields, "state")?, need(&fields, "code_challenge")?);
    if need(&fields, "code_challenge_method")? != "S256" || challenge.len() != 43 {
        return Err(OAuthError::request("code_challenge must be a S256 challenge."));
    }
    let mut accounts = world.accounts.lock().unwrap();
    let user = accounts.signing_in().clone();
    let Accounts { grants, quirks, .. } = &mut *accounts;
    let code = grants.start_code(world.around(quirks), &user, client_id, redirect_uri, challenge);
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    Ok(format!("{redirect_uri}{joint}code={code}&state={}", form::encode(state)))
}

fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields, OAuthError> {
    let kind = headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let malformed = || OAuthError::request("The body is malformed.");
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => {
            std::str::from_utf8(body).ok().and_then(form::parse).ok_or_else(malformed)
        }
        "application/json" => {
            let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
                return Err(malformed());
            };
            let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
            members.into_iter().map(text).collect::<Option<Fields>>().ok_or_else(malformed)
        }
        _ => Err(OAuthError { status: 415, ..OAuthError::request("Unsupported content type.") }),
    }
}

fn client<'a>(world: &World, fields: &'a Fields) -> Result<&'a str, OAuthError> {
    let client_id = need(fields, "client_id")?;
    if world.config.client_ids.iter().any(|it| it == client_id) {
        return Ok(client_id);
    }
    Err(OAuthError::new("invalid_client", "Invalid client ID."))
}

fn need<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, OAuthError> {
    match fields.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(OAuthError::request(&format!("{name} is required."))),
    }
}

fn refused(error: &OAuthError) -> Answer {
    let body = json!({"error": error.error, "error_description": error.description});
    Answer::json(error.status, &body).because(&format!("{}: {}", error.error, error.description))
}

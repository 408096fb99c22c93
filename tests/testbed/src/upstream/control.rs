//! The test's side of the fake over HTTP, for other processes: `/__control/...`, JSON both ways.
//!
//! Owns: the routes below; each is one call of [`crate::upstream::World`].
//! Must not know: what the calls do inside.
//!
//! | method, path | body | answer |
//! |---|---|---|
//! | GET journal | | `[entry]`; `?since=SEQ` leaves out up to SEQ |
//! | POST journal/clear | | `{}` |
//! | POST script | `{mode?: next, times or always, n?, match?, action}` | `{}` |
//! | POST script/clear | | `{}` |
//! | POST users | `{email, orgs?}` | user |
//! | POST users/sign-in | `{user}`: who the next PKCE redirect signs in | `{}` |
//! | POST accounts | `{user?}` | access_token, refresh_token, expires_at, user, org |
//! | POST keys | `{key, blocked?}` | `{}` |
//! | GET device | | `[{device_code, user_code, interval}]` |
//! | POST device/approve, device/deny | `{code, user?}` | `{decided}` |
//! | POST access/expire | | `{}` |
//! | POST families/state, families/revoke | `{refresh_token}` | state or null, `{revoked}` |
//! | POST quirks | quirks | `{}` |
//! | POST advance | `{seconds}` | `{}` |
//! | GET stats | | counts |

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::upstream::script::{Action, Match};
use crate::upstream::{Quirks, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    mode: Mode,
    #[serde(default = "once")]
    n: usize,
    #[serde(default, rename = "match")]
    matcher: Match,
    action: Action,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Next,
    Times,
    Always,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    email: String,
    #[serde(default)]
    orgs: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfUser {
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
    blocked: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    code: String,
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfFamily {
    refresh_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Answers one control request; a bad one gets 400 with the reason.
pub(crate) fn handle(
    world: &World,
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: &[u8],
) -> Response<Body> {
    let (status, answer) = match route(world, method.as_str(), path, query, body) {
        Ok(answer) => (StatusCode::OK, answer),
        Err(reason) => (StatusCode::BAD_REQUEST, json!({"error": reason})),
    };
    let mut response = Response::new(Body::from(answer.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn route(
    world: &World,
    method: &str,
    path: &str,
    query: Option<&str>,
    body: &[u8],
) -> Result<Value, String> {
    let done = Ok(json!({}));
    match (method, path) {
        ("GET", "journal") => {
            let since = query.and_then(|it| it.strip_prefix("since=")?.parse().ok()).unwrap_or(0);
            let entries = world.journal.entries();
            tell(&entries.iter().filter(|it| it.seq > since).collect::<Vec<_>>())
        }
        ("POST", "journal/clear") => {
            world.journal.clear();
            done
        }
        ("POST", "script") => {
            let order: Order = read(body)?;
            match order.mode {
                Mode::Next => world.script.next(order.matcher, order.action),
                Mode::Times => world.script.times(order.n, order.matcher, order.action),
                Mode::Always => world.script.always(order.matcher, order.action),
            }
            done
        }
        ("POST", "script/clear") => {
            world.script.clear();
            done
        }
        ("POST", "users") => {
            let user: NewUser = read(body)?;
            tell(&world.add_user(&user.email, &user.orgs))
        }
        ("POST", "users/sign-in") => {
            let user: OfUser = read(body)?;
            world
                .sign_in_as(&user.user.unwrap_or_default())
                .then(|| json!({}))
                .ok_or("no such user".into())
        }
        ("POST", "accounts") => {
            let of: OfUser = if body.is_empty() { OfUser::default() } else { read(body)? };
            tell(&world.mint(of.user.as_deref()).ok_or("no such user")?)
        }
        ("POST", "keys") => {
            let key: Key = read(body)?;
            world.accounts.lock().unwrap().directory.set_key(&key.key, key.blocked);
            done
        }
        ("GET", "device") => tell(&world.accounts.lock().unwrap().grants.pending()),
        ("POST", "device/approve" | "device/deny") => {
            let it: Decide = read(body)?;
            let decided = match path {
                "device/deny" => world.deny_device(&it.code),
                _ => world.approve_device(&it.code, it.user.as_deref()),
            };
            Ok(json!({ "decided": decided }))
        }
        ("POST", "access/expire") => {
            world.accounts.lock().unwrap().directory.expire_access();
            done
        }
        ("POST", "families/state") => {
            let of: OfFamily = read(body)?;
            tell(&world.accounts.lock().unwrap().directory.state(&of.refresh_token))
        }
        ("POST", "families/revoke") => {
            let of: OfFamily = read(body)?;
            Ok(json!({ "revoked": world.revoke(&of.refresh_token) }))
        }
        ("POST", "quirks") => {
            world.accounts.lock().unwrap().quirks = read::<Quirks>(body)?;
            done
        }
        ("POST", "advance") => {
            world.clock.advance(Duration::from_secs(read::<Advance>(body)?.seconds));
            done
        }
        ("GET", "stats") => tell(&world.accounts.lock().unwrap().directory.stats),
        _ => Err(format!("no control {method} {path}")),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn tell<T: Serialize>(value: &T) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn once() -> usize {
    1
}

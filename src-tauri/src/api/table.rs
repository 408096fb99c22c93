//! What each method takes and answers, as data.
//!
//! Owns: the list that `docs/rpc.md` is made from; a test holds it against the registered methods.
//! Must not know: how a method works.

/// One method.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it is for, one sentence.
    pub purpose: &'static str,
    /// `name: type - meaning`; a `?` behind the name marks what may be left out.
    pub params: &'static [&'static str],
    /// The result's shape.
    pub result: &'static str,
    /// Where the gateway has it; the first is the one to use, others are what droid2api's users
    /// know (seed S3). Empty: only for the host and for this program itself.
    pub http: &'static [Route],
}

/// A place in the admin API. Params named in braces are in the path; the others are in the query
/// of a `GET` or `DELETE`, else in a JSON body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// How it is asked.
    pub verb: Verb,
    /// Such as `/admin/accounts/{credential_id}`.
    pub path: &'static str,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Reads; params are in the query.
    Get,
    /// Does something.
    Post,
    /// Sets.
    Put,
    /// Changes a part.
    Patch,
    /// Removes; params are in the query.
    Delete,
}

// === impl Route ===

impl Route {
    /// The names of the params in its path.
    pub fn path_params(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
    }
}

// === impl Verb ===

impl Verb {
    /// As it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Params are in the query rather than in a body.
    #[must_use]
    pub const fn in_query(self) -> bool {
        matches!(self, Self::Get | Self::Delete)
    }
}

const fn get(path: &'static str) -> Route {
    Route { verb: Verb::Get, path }
}

const fn post(path: &'static str) -> Route {
    Route { verb: Verb::Post, path }
}

const fn put(path: &'static str) -> Route {
    Route { verb: Verb::Put, path }
}

const fn patch(path: &'static str) -> Route {
    Route { verb: Verb::Patch, path }
}

const fn delete(path: &'static str) -> Route {
    Route { verb: Verb::Delete, path }
}

const CLIENT_KEY: &str = "client_key_id: string - the client key";
const CLIENT_KEY_FIELDS: &[&str] = &[
    "name: string",
    "enabled?: bool",
    "expires_at?: RFC 3339 or null",
    "expires_days?: integer or null - from the first use",
    "binding?: string - <account id> or group:<group id>, then at most ?fallback; default: all accounts",
    "models?: [string] - which it may ask for, with *; default: all",
    "limits?: {concurrency?, window_seconds?, window_requests?, window_tokens?, daily_tokens?, daily_cost?, total_tokens?, total_cost?} - costs in dollars, days in UTC",
];
const OFFSET: &str =
    "offset_minutes?: integer - where hours and days begin, in minutes east of UTC, default 0";
const ID: &str = "credential_id: string - the account";

/// Every method, in the order of the document.
pub const METHODS: &[Spec] = &[
    Spec {
        name: "get_info",
        purpose: "Tells what this plugin is and can do.",
        params: &[],
        result: "{id, display_name, name, version, description, target_protocol, category, auth_types: [{id, display_name, description, category}], credential_schemas, model_families: [{name, pattern}], endpoints: [{type, url, protocol}], config_schema, methods: [string]}",
        http: &[get("/admin/info")],
    },
    Spec {
        name: "init",
        purpose: "Opens the data folder and checks the configuration and the encryption key, so that a wrong one is told at once. Every other call does it when it is needed.",
        params: &[],
        result: "{}",
        http: &[],
    },
    Spec {
        name: "shutdown",
        purpose: "Writes what is still to be written. The process ends when stdin does.",
        params: &[],
        result: "{}",
        http: &[],
    },
    Spec { name: "ping", purpose: "Answers.", params: &[], result: "{}", http: &[] },
    Spec {
        name: "list_models",
        purpose: "The catalogue.",
        params: &[],
        result: "[{id, display_name, family, context_length, supports_vision, supports_tools, endpoint_type, api_provider, reasoning, aliases}]",
        http: &[get("/admin/models")],
    },
    Spec {
        name: "supports_model",
        purpose: "Whether a model is in the catalogue, redirected, or of a family Factory serves.",
        params: &["model: string - any spelling a client may use"],
        result: "{supports: bool, model: string (as sent upstream), endpoint_type: string}",
        http: &[get("/admin/models/supports")],
    },
    Spec {
        name: "create_credential",
        purpose: "Adds an account. A `manual` one is verified by refreshing it once.",
        params: &[
            "auth_type: string - workos_oauth (or oauth), manual, api_key",
            "config: object - workos_oauth: access_token?, refresh_token, expires_at?, organization_id?, user_id?, owner_email?, owner_name?; manual: refresh_token; api_key: api_keys (list, or text with a key a line); any: name?, endpoint_type?, priority?, groups?, schedulable?, max_concurrency?, proxy? (URL or {type, host, port, username?, password?}), user_agent?, subscription_expires_at?; or filePath alone. camelCase is accepted",
        ],
        result: "{credential_id, name, keys?: [{id?, tail, outcome}]}",
        http: &[post("/admin/accounts")],
    },
    Spec {
        name: "list_credentials",
        purpose: "All accounts; never a secret.",
        params: &[],
        result: "[credential]: {id, credential_id, name, auth_type, endpoint_type, priority, groups, enabled, schedulable, status, error?, health, cooling?: {until, reason}, model_cooling?: [{model, until}], strikes?: [RFC 3339], max_concurrency, has_proxy, proxy?: masked URL, user_agent?, owner_email?, owner_name?, user_id?, organization_id?, subscription_expires_at?, created_at, last_used_at?, last_refresh_at?, expires_at?, uses, tokens_used, keys?: {active, cooling, disabled, banned, error}, revision}",
        http: &[get("/admin/accounts")],
    },
    Spec {
        name: "get_credential",
        purpose: "One account, with its keys.",
        params: &[ID],
        result: "credential, its keys being [{id, tail, status, error?, cooling?, model_cooling?, strikes?, created_at, last_used_at?, uses, tokens_used}]",
        http: &[get("/admin/accounts/{credential_id}")],
    },
    Spec {
        name: "update_credential",
        purpose: "Changes an account. What is not named stays.",
        params: &[
            ID,
            "revision?: integer - refuse the change if the account is at another revision by now",
            "config: object - name, endpoint_type, priority, groups, schedulable, enabled, max_concurrency, proxy (null removes it), user_agent, subscription_expires_at, token_budget and organization_id (null removes each), key_strategy; refresh_token (and access_token) replaces the sign-in",
        ],
        result: "credential",
        http: &[patch("/admin/accounts/{credential_id}")],
    },
    Spec {
        name: "delete_credential",
        purpose: "Removes an account with its tokens and keys for good.",
        params: &[ID],
        result: "{}",
        http: &[delete("/admin/accounts/{credential_id}")],
    },
    Spec {
        name: "set_credential_enabled",
        purpose: "Switches an account on or off; requests in flight go on.",
        params: &[ID, "enabled: bool"],
        result: "credential",
        http: &[put("/admin/accounts/{credential_id}/enabled")],
    },
    Spec {
        name: "reset_credential",
        purpose: "Lifts cooling, strikes, errors and bans of an account and its keys at once. Disabled keys stay, and so does the need of a new sign-in.",
        params: &[ID],
        result: "credential",
        http: &[post("/admin/accounts/{credential_id}/reset")],
    },
    Spec {
        name: "import_credentials",
        purpose: "Adds the accounts of a file of Factory's own command line or of droid2api. A file's token is used by this program from then on: its former owner has to sign in again.",
        params: &["path?: string - default: data/auth.json, then ~/.factory/auth.json"],
        result: "[{source, outcome: added or known or refused, credential_id?, message}]",
        http: &[post("/admin/accounts/import")],
    },
    Spec {
        name: "add_api_keys",
        purpose: "Adds keys to a pool; a key that is there already is told, not added twice.",
        params: &[
            ID,
            "api_keys: list of strings, or text with a key a line",
            "mode?: string - append (default) or replace",
        ],
        result: "{keys: [{id?, tail, outcome: added, duplicate or malformed}], added, duplicates, removed}, the keys in the order given",
        http: &[post("/admin/accounts/{credential_id}/keys")],
    },
    Spec {
        name: "remove_api_keys",
        purpose: "Removes keys of a pool.",
        params: &[
            ID,
            "api_key_ids?: list of strings",
            "api_keys?: list of strings - the keys themselves",
        ],
        result: "{keys: [{id?, tail, outcome: removed, not_found or duplicate (named twice)}], added, duplicates, removed}, the keys in the order given",
        http: &[post("/admin/accounts/{credential_id}/keys/remove")],
    },
    Spec {
        name: "set_api_key_status",
        purpose: "Sets the state of keys; active also lifts their cooling and strikes.",
        params: &[
            ID,
            "api_key_ids: list of strings",
            "status: string - active, disabled or banned",
        ],
        result: "{keys: [{id, tail, status}]}",
        http: &[patch("/admin/accounts/{credential_id}/keys")],
    },
    Spec {
        name: "test_api_keys",
        purpose: "Asks upstream with each key and notes the answer as any request would.",
        params: &[
            ID,
            "api_key_ids?: list of strings - default: all that are not disabled",
            "model?: string",
        ],
        result: "{keys: [{id, tail, ok, status, message, latency_ms}]}",
        http: &[post("/admin/accounts/{credential_id}/keys/test")],
    },
    Spec {
        name: "key_pool_stats",
        purpose: "How many keys there are in each state, in all pools and in each.",
        params: &[],
        result: "{total, active, cooling, disabled, banned, error, credentials, pools: [{id, total, active, ...}]}",
        http: &[get("/admin/stats")],
    },
    Spec {
        name: "list_api_keys",
        purpose: "The keys of all pools, the oldest first; never a key itself.",
        params: &[
            "status?: string - only those in this state: active, disabled, banned or error",
            "credential_id?: string - only those of this account",
            "pool?: string - only those of accounts in this group; default is those in none",
            "page?: integer - from 1",
            "limit?: integer - keys on a page, 1 to 1000, default 100",
        ],
        result: "{keys: [{credential_id, credential_name, pools, id, tail, status, error?, cooling?, model_cooling?, strikes?, created_at, last_used_at?, uses, tokens_used}], total, page, limit}",
        http: &[get("/admin/keys")],
    },
    Spec {
        name: "add_pool_keys",
        purpose: "Adds keys to an account, else to the first account of a pool, which is made where there is none.",
        params: &[
            "key?: string - one key",
            "keys?: list of strings, or text with a key a line - several",
            "credential_id?: string - the account",
            "pool?: string - the group; default is none",
        ],
        result: "{credential_id, added, duplicates, malformed, keys: [{id?, tail, outcome}]}",
        http: &[post("/admin/keys"), post("/admin/keys/batch"), post("/admin/keys/add")],
    },
    Spec {
        name: "remove_pool_key",
        purpose: "Removes a key.",
        params: &["api_key_id: string"],
        result: "{}",
        http: &[delete("/admin/keys/{api_key_id}")],
    },
    Spec {
        name: "toggle_pool_key",
        purpose: "Switches a key on or off; on also lifts its cooling and strikes.",
        params: &[
            "api_key_id: string",
            "status?: string - active, disabled or banned; default: the other of active and disabled",
        ],
        result: "key, as list_api_keys shows it",
        http: &[patch("/admin/keys/{api_key_id}/toggle")],
    },
    Spec {
        name: "test_pool_key",
        purpose: "Asks upstream with a key and notes the answer as any request would.",
        params: &["api_key_id: string", "model?: string"],
        result: "{id, tail, ok, status, message, latency_ms}",
        http: &[post("/admin/keys/{api_key_id}/test")],
    },
    Spec {
        name: "test_pool_keys",
        purpose: "Asks upstream with every key that is not disabled, or with those named.",
        params: &["api_key_ids?: list of strings", "model?: string"],
        result: "{tested, ok, failed, keys: [{id, tail, ok, status, message, latency_ms}]}",
        http: &[post("/admin/keys/test-all")],
    },
    Spec {
        name: "export_pool_keys",
        purpose: "Answers the keys themselves. GET /admin/keys/export answers the same as a text file.",
        params: &[
            "status?: string - only those in this state",
            "credential_id?: string - only those of this account",
            "pool?: string - only those of accounts in this group",
        ],
        result: "{count, text: a key a line}",
        http: &[post("/admin/keys/export")],
    },
    Spec {
        name: "move_pool_key",
        purpose: "Moves a key to the first account of another pool, which is made where there is none. It gets another id.",
        params: &["api_key_id: string", "pool: string - the group; default is none"],
        result: "key, as list_api_keys shows it",
        http: &[patch("/admin/keys/{api_key_id}/pool")],
    },
    Spec {
        name: "start_login",
        purpose: "Begins a sign-in; it lasts ten minutes and is used once.",
        params: &[
            "flow?: string - device (default) or pkce",
            "proxy?: URL or object - for the sign-in and the account",
            "name?: string - of the account to be",
            "credential_id?: string - sign this account in again instead of adding one",
            "redirect_uri?: string - pkce only, default http://localhost:8787/callback",
        ],
        result: "{login_id, flow, verification_uri, verification_uri_complete?, user_code?, expires_in, interval}",
        http: &[post("/admin/logins")],
    },
    Spec {
        name: "poll_login",
        purpose: "Asks whether a device sign-in is done; never faster upstream than allowed.",
        params: &["login_id: string"],
        result: "{state: pending (with interval), done (with credential_id), expired or denied}",
        http: &[post("/admin/logins/{login_id}/poll")],
    },
    Spec {
        name: "complete_login",
        purpose: "Ends a pkce sign-in with the address the browser was sent to.",
        params: &[
            "login_id: string",
            "callback_url: string - the whole address, or code and state",
        ],
        result: "{state: done, credential_id}",
        http: &[post("/admin/logins/{login_id}/complete")],
    },
    Spec {
        name: "cancel_login",
        purpose: "Ends a sign-in without an account.",
        params: &["login_id: string"],
        result: "{}",
        http: &[delete("/admin/logins/{login_id}")],
    },
    Spec {
        name: "acquire_credential",
        purpose: "Lends the account a request should use.",
        params: &[
            "model: string",
            "endpoint_type?: string - anthropic, openai, comm or google; default: the model's",
            "session_id?: string - keeps a conversation on its account and key",
            "client_key_id?: string - whose session it is",
            "group?: string - only accounts of this group",
            "credential_id?: string - only this account",
            "exclude?: list of credential ids already tried",
            "explain?: bool - adds metadata.explain",
        ],
        result: "{id, name, auth_type, base_url (the full endpoint URL), headers, metadata: {endpoint_type, api_provider, model, api_key_id?, expires_at?, lease_id, explain?}}",
        http: &[],
    },
    Spec {
        name: "release_credential",
        purpose: "Gives it back and tells how it went.",
        params: &[
            ID,
            "result: {\"Success\": {latency_ms, input_tokens, output_tokens}} or {\"Error\": {error_type, message, mark_unhealthy, cooldown_seconds}}; lower-case too",
            "lease_id?: string - from acquire",
            "api_key_id?: string - from acquire",
            "status?: integer - upstream's HTTP status",
            "headers?: object - upstream's headers",
            "body?: string - upstream's error body",
            "usage?: object - as parse_response_chunk gives it",
            "model?: string",
        ],
        result: "{}",
        http: &[],
    },
    Spec {
        name: "validate_credential",
        purpose: "Asks upstream whether the account is accepted; changes nothing.",
        params: &[ID],
        result: "{valid, message, details}",
        http: &[post("/admin/accounts/{credential_id}/validate")],
    },
    Spec {
        name: "refresh_token",
        purpose: "Refreshes now and answers the new pair. The refresh token is this program's: whoever else uses it ends the account's sign-in.",
        params: &[ID],
        result: "{access_token, refresh_token, expires_at}",
        http: &[],
    },
    Spec {
        name: "refresh_credential",
        purpose: "Refreshes now; the tokens stay here.",
        params: &[ID],
        result: "credential",
        http: &[post("/admin/accounts/{credential_id}/refresh")],
    },
    Spec {
        name: "test_proxy",
        purpose: "Asks Factory for anything at all through a proxy. Nobody's token is used, and nothing is stored.",
        params: &["proxy: URL or {type, host, port, username?, password?}"],
        result: "{ok: bool, message, latency_ms}",
        http: &[post("/admin/proxies/test")],
    },
    Spec {
        name: "transform_request",
        purpose: "Makes a client's request one that Factory takes. Where the model's endpoint speaks the client's protocol, all that no rule names stays byte for byte; else the request is translated, and `losses` tells what that endpoint has no place for.",
        params: &[
            "request: object - the client's body",
            "credential_id?: string - adds the account's Authorization",
            "api_key_id?: string - which key of a pool; default: any usable one",
            "endpoint_type?: string - default: the model's",
            "protocol?: string - the client's: anthropic, openai, responses, chat, gemini; default: told from the body",
            "headers?: object - the client's headers (session id, anthropic-version, anthropic-beta)",
            "session_id?: string - instead of the one the headers or the body tell",
            "model?: string - where the body does not name it (Gemini)",
        ],
        result: "{request, endpoint_type, url, headers, protocol: string (the client's), losses: [{field, rule}], carry: string (for parse_response_chunk or transform_response: how to read the answer)}",
        http: &[],
    },
    Spec {
        name: "apply_risk_control",
        purpose: "Answers the request as it came: Factory wants no more than the headers that transform_request gives.",
        params: &["request: object", "credential_id?: string", "session_id?: string"],
        result: "{request, headers: {x-session-id, x-assistant-message-id}}",
        http: &[],
    },
    Spec {
        name: "transform_response",
        purpose: "Makes Factory's whole answer one the client's protocol has; byte for byte where both speak the same.",
        params: &[
            "response: any - the body that upstream answered",
            "carry?: string - as transform_request answered it; knows both protocols and the tools",
            "endpoint_type?: string, or model?: string - where it came from",
            "protocol?: string - the client's",
        ],
        result: "{response, status?: integer (where it was written anew)}",
        http: &[],
    },
    Spec {
        name: "parse_response_chunk",
        purpose: "Reads a piece of an answer, cut anywhere, and writes it as the client's protocol has it where a client is known. State is kept in this process under stream_id, or travels in carry.",
        params: &[
            "chunk?: string, or chunk_base64?: string - the bytes",
            "stream_id?: string",
            "carry?: string - as the last call answered it; for the first piece as transform_request answered it",
            "endpoint_type?: string, or model?: string - which protocol; needed with the first piece if it has no carry",
            "protocol?: string - the client's, with the first piece if it has no carry",
            "end?: bool - there is nothing after this piece",
        ],
        result: "{events: [StreamEvent], output?: string (what the client is to get; output_base64 where a character is cut), usage, done: bool, end?: done or truncated or failed, carry?}",
        http: &[],
    },
    Spec {
        name: "parse_error",
        purpose: "Says what an upstream error means.",
        params: &[
            "status: integer",
            "body: string",
            "headers?: object",
            "protocol?: string - the client's",
        ],
        result: "{error_type, message, status_code, retryable, cooldown_seconds, client?: {status, response} (for a client of `protocol`)} or null",
        http: &[],
    },
    Spec {
        name: "get_config",
        purpose: "The configuration in force.",
        params: &[],
        result: "{config, revision, needs_restart: [key], origin}",
        http: &[get("/admin/config")],
    },
    Spec {
        name: "update_config",
        purpose: "Checks, stores and applies a change; what is not named stays.",
        params: &[
            "config: object - any part of the configuration",
            "revision?: integer - refuse the change if the configuration is at another revision by now",
        ],
        result: "{config, revision, needs_restart: [key], origin}",
        http: &[put("/admin/config"), patch("/admin/config")],
    },
    Spec {
        name: "config_schema",
        purpose: "JSON Schema of the configuration.",
        params: &[],
        result: "object",
        http: &[get("/admin/config/schema")],
    },
    Spec {
        name: "create_client_key",
        purpose: "Makes a key for a client of the gateway; the key itself is shown this one time.",
        params: CLIENT_KEY_FIELDS,
        result: "client key with key: string",
        http: &[post("/admin/client-keys")],
    },
    Spec {
        name: "list_client_keys",
        purpose: "The keys of the gateway's clients, oldest first, with what each was ever used for.",
        params: &[],
        result: "[client key]",
        http: &[get("/admin/client-keys")],
    },
    Spec {
        name: "get_client_key",
        purpose: "One client key.",
        params: &[CLIENT_KEY],
        result: "{id, name, tail, enabled, status: active or disabled or expired, created_at, first_used_at?, last_used_at?, expires_at?, expires_days?, ends_at?, binding, models: [string], limits: {concurrency?, window_seconds?, window_requests?, window_tokens?, daily_tokens?, daily_cost?, total_tokens?, total_cost?}, requests, tokens_used, cost, in_flight, revision}",
        http: &[get("/admin/client-keys/{client_key_id}")],
    },
    Spec {
        name: "update_client_key",
        purpose: "Changes a client key; what is left out stays.",
        params: &[
            CLIENT_KEY,
            "revision?: integer - refuses the change when a person made another one since",
            "as create_client_key",
        ],
        result: "client key",
        http: &[patch("/admin/client-keys/{client_key_id}")],
    },
    Spec {
        name: "rotate_client_key",
        purpose: "Gives a client key a new secret, shown this one time; the old one is refused from then on.",
        params: &[CLIENT_KEY],
        result: "client key with key: string",
        http: &[post("/admin/client-keys/{client_key_id}/rotate")],
    },
    Spec {
        name: "delete_client_key",
        purpose: "Deletes a client key; its usage stays.",
        params: &[CLIENT_KEY],
        result: "{}",
        http: &[delete("/admin/client-keys/{client_key_id}")],
    },
    Spec {
        name: "list_groups",
        purpose: "The groups (tiers) in the order they are asked.",
        params: &[],
        result: "[{id, name, priority, strategy, created_at, accounts: integer, revision}]",
        http: &[get("/admin/groups"), get("/admin/pool-groups")],
    },
    Spec {
        name: "save_group",
        purpose: "Adds a group or changes it.",
        params: &[
            "id: string - the name it is bound by",
            "name?: string",
            "priority?: integer - lower is asked first, default 100",
            "strategy?: string - priority_lru, round_robin, random, least_used, least_token_used, max_remaining, weighted_score or fill_first",
        ],
        result: "group",
        http: &[put("/admin/groups/{id}"), post("/admin/pool-groups")],
    },
    Spec {
        name: "delete_group",
        purpose: "Removes a group; its accounts stay.",
        params: &["id: string"],
        result: "{}",
        http: &[delete("/admin/groups/{id}"), delete("/admin/pool-groups/{id}")],
    },
    Spec {
        name: "explain_selection",
        purpose: "Says which accounts a request would be offered, in order, and why each other one would not.",
        params: &["as acquire_credential"],
        result: "{model, endpoint_type, accounts: [{account, name, tier, position (1 is tried first; null is not tried), sticky, probe, skipped: reason or null, sentence, strikes?: [RFC 3339], skipped_keys?: [{id, tail, reason: cooling, model_cooling, error, banned, disabled or excluded, until?, strikes?}] (the first 100)}]}, in the order they are considered",
        http: &[post("/admin/explain")],
    },
    Spec {
        name: "list_requests",
        purpose: "The log of requests, newest first; never their contents.",
        params: &[
            "since?: RFC 3339",
            "until?: RFC 3339",
            "client_key_id?: string",
            "credential_id?: string - the account of the last try",
            "api_key_id?: string - the key of the last try",
            "model?: string - as asked or as sent",
            "outcome?: string - whole, or its first part: `error` is every `error:...`",
            "session?: string - one conversation",
            "before?: string - `next` of the page before",
            "limit?: integer - 1 to 1000, default 100",
        ],
        result: "{requests: [{id, started_at, client_key_id?, client, endpoint?, model_asked, model_sent?, stream, session?, attempts: [{credential_id?, api_key_id?, status?, class?, latency_ms}], skipped: [{reason, accounts}], status, outcome, usage, cost, latency_ms, first_token_ms?, upstream_request_id?}], next?}",
        http: &[get("/admin/requests")],
    },
    Spec {
        name: "get_request",
        purpose: "One request of the log.",
        params: &["request_id: string"],
        result: "as an entry of list_requests",
        http: &[get("/admin/requests/{request_id}")],
    },
    Spec {
        name: "get_usage",
        purpose: "Counted usage by hour, model, account and key.",
        params: &[
            "since?: RFC 3339 - default: 24 hours ago",
            "until?: RFC 3339",
            "credential_id?: string",
            "model?: string",
        ],
        result: "{total: usage, rows: [{hour, credential_id, api_key_id?, client_key_id?, model, outcome, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, cost, latency_ms, first_token_ms, first_tokens}]}",
        http: &[get("/admin/usage"), get("/factory/balance/usage")],
    },
    Spec {
        name: "usage_summary",
        purpose: "Usage in a few numbers: ever, today, and how today's requests ended.",
        params: &[],
        result: "{total: usage, today: usage, outcomes: [usage with outcome], retention_days}",
        http: &[get("/admin/usage/summary"), get("/factory/balance/summary")],
    },
    Spec {
        name: "usage_statistics",
        purpose: "What was used, added up by hour, day, account, key, client key or model: requests, how they ended, success rate, tokens, cost, mean waits.",
        params: &[
            "since?: RFC 3339 - its hour and later ones, default: seven days before the end",
            "until?: RFC 3339 - before its hour",
            "by?: list of hour, day, credential, api_key, client_key and model - a row for each combination; default: day",
            "credential_id?: string",
            "api_key_id?: string",
            "client_key_id?: string",
            "model?: string - as sent",
            OFFSET,
            "order?: string - which rows come first: time (default), requests, tokens, cost or success_rate",
            "limit?: integer - rows, 1 to 10000, default 1000",
        ],
        result: "{total: row, rows: [{start?, credential_id?, api_key_id?, client_key_id?, model?, requests, ok, client_closed, errors: {class: count}, success_rate?, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, tokens, cost, latency_ms?, first_token_ms?}], more: bool}",
        http: &[get("/admin/statistics/usage")],
    },
    Spec {
        name: "wait_statistics",
        purpose: "How long the log's requests took that went well, to the end and to the first token, as percentiles over time.",
        params: &[
            "since?: RFC 3339 - default: a day before the end",
            "until?: RFC 3339",
            "step?: string - a row for each hour (default) or day, or whole: one for all",
            OFFSET,
            "credential_id?: string - the account of the last try",
            "client_key_id?: string",
            "model?: string - as sent",
        ],
        result: "{rows: [{start?, latency: {requests, p50_ms, p95_ms, p99_ms}, first_token: the same}], complete: bool (else only the newest 100000 requests were measured)}",
        http: &[get("/admin/statistics/waits")],
    },
    Spec {
        name: "week_statistics",
        purpose: "What was used by the hours of the week.",
        params: &["since?: RFC 3339 - default: 28 days before the end", "until?: RFC 3339", OFFSET],
        result: "{hours: [{weekday (0 is Sunday), hour, requests, tokens, cost}]}, without hours in which nothing was used",
        http: &[get("/admin/statistics/week")],
    },
    Spec {
        name: "store_usage",
        purpose: "Writes usage that is still in memory; it is written every few seconds anyway.",
        params: &[],
        result: "{}",
        http: &[post("/admin/usage/store"), post("/factory/balance/sync")],
    },
    Spec {
        name: "forget_usage",
        purpose: "Removes usage that is older; what is older than the configured retention goes by itself.",
        params: &["days?: integer - default: the configured retention"],
        result: "{removed: rows}",
        http: &[post("/admin/usage/forget"), post("/factory/balance/cleanup")],
    },
    Spec {
        name: "list_logs",
        purpose: "The last lines of this process's log, oldest first; there is no secret in it.",
        params: &[
            "level?: string - the least weight: error, warn, info, debug or trace",
            "limit?: integer - lines, 1 to 2000, default 200",
        ],
        result: "{lines: [{time, level, target, message}]}",
        http: &[get("/admin/logs")],
    },
    Spec {
        name: "gateway_status",
        purpose: "What this installation is: versions, folders, counts, whether a gateway answers.",
        params: &[],
        result: "{version, data_dir, config_origin, accounts: {total, active, cooling, error}, encryption: key_file or passphrase, gateway: {running, url?}}",
        http: &[get("/admin/status")],
    },
];

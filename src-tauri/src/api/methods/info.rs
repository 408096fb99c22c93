//! `get_info`, `init`, `shutdown`, `ping`, `list_models`, `supports_model`, `gateway_status`.
//!
//! Owns: what the plugin says of itself (seed S1 §3.3).
//! Must not know: accounts' details.

use std::path::PathBuf;

use droid_protocol::dialect::{Dialect, Endpoint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Empty, None_, Registered, Table};
use crate::api::table::METHODS;
use crate::config::{self, Config, Model};
use crate::models;
use crate::outbound;
use crate::pool::account::Status;

const DISPLAY_NAME: &str = "Droid (Factory.ai)";
const DESCRIPTION: &str =
    "Factory.ai accounts, sign-in and key pools, for Anthropic, OpenAI and Gemini clients";

/// What `plugin.json` holds too; a test compares the two.
const TARGET_PROTOCOL: &str = "anthropic";

#[derive(Deserialize, JsonSchema)]
struct ModelParam {
    model: String,
}

#[derive(Serialize, JsonSchema)]
struct Supported {
    supports: bool,
    model: String,
    endpoint_type: Endpoint,
}

/// A model of the catalogue.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Model")]
struct ModelView {
    id: String,
    display_name: String,
    family: &'static str,
    context_length: u64,
    supports_vision: bool,
    supports_tools: bool,
    endpoint_type: Endpoint,
    api_provider: String,
    reasoning: config::Reasoning,
    aliases: Vec<String>,
}

/// What this plugin is and can do (seed S1 §3.3).
#[derive(Serialize, JsonSchema)]
struct Info {
    id: &'static str,
    name: &'static str,
    display_name: &'static str,
    version: &'static str,
    description: &'static str,
    target_protocol: &'static str,
    category: &'static str,
    auth_types: [AuthType; 3],
    /// JSON Schemas by auth type.
    credential_schemas: Value,
    model_families: [models::Family; 7],
    endpoints: Vec<EndpointInfo>,
    /// JSON Schema.
    config_schema: Value,
    methods: Vec<&'static str>,
}

/// A way to add an account.
#[derive(Serialize, JsonSchema)]
struct AuthType {
    id: &'static str,
    display_name: &'static str,
    description: &'static str,
    category: &'static str,
}

/// Where Factory takes requests.
#[derive(Serialize, JsonSchema)]
struct EndpointInfo {
    #[serde(rename = "type")]
    endpoint: Endpoint,
    url: String,
    protocol: Dialect,
}

/// What this installation is.
#[derive(Serialize, JsonSchema)]
struct GatewayStatus {
    version: &'static str,
    data_dir: String,
    /// The files the configuration was read from.
    config_origin: Vec<PathBuf>,
    #[schemars(extend("enum" = ["key_file", "passphrase"]))]
    encryption: &'static str,
    accounts: AccountCounts,
    gateway: Gateway,
}

/// How many accounts there are.
#[derive(Serialize, JsonSchema)]
struct AccountCounts {
    total: usize,
    active: usize,
    cooling: usize,
    error: usize,
}

/// Whether a gateway answers.
#[derive(Serialize, JsonSchema)]
struct Gateway {
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

// === impl Gateway ===

impl Gateway {
    fn of(urls: Vec<String>) -> Self {
        Self { running: !urls.is_empty(), url: urls.into_iter().next() }
    }
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("ping", |_, _: None_| async { Ok(Empty {}) })?;
    table.add("get_info", |context, _: None_| async move {
        Ok(info(&context.config().await?.get()))
    })?;
    table.add("init", |context, _: None_| async move {
        context.app().await?.store.check_key().await?;
        Ok(Empty {})
    })?;
    table.add("shutdown", |context, _: None_| async move {
        if let Some(app) = context.opened() {
            app.store.flush().await?;
        }
        Ok(Empty {})
    })?;
    table.add("supports_model", |context, params: ModelParam| async move {
        let config = context.config().await?.get();
        let route = models::route(&config, &params.model);
        Ok(Supported {
            supports: models::supports(&config, &params.model),
            model: route.model,
            endpoint_type: route.endpoint,
        })
    })?;
    table.add("list_models", |context, _: None_| async move {
        let config = context.config().await?.get();
        Ok(config.models.iter().map(view).collect::<Vec<ModelView>>())
    })?;
    table.add("gateway_status", |context, _: None_| async move {
        let app = context.app().await?;
        let now = app.clock.now();
        let accounts = app.store.changes_since(0).await?.accounts;
        let of = |wanted: Status| accounts.iter().filter(|it| it.status == wanted).count();
        let cooling = accounts.iter().filter(|it| it.health.cooling_at(now).is_some()).count();
        Ok(GatewayStatus {
            version: env!("CARGO_PKG_VERSION"),
            data_dir: app.data_dir.display().to_string(),
            config_origin: app.config.origin().files.clone(),
            encryption: app.store.key_source(),
            accounts: AccountCounts {
                total: accounts.len(),
                active: of(Status::Active),
                cooling,
                error: accounts.len() - of(Status::Active),
            },
            gateway: Gateway::of(app.gateways()),
        })
    })
}

fn view(model: &Model) -> ModelView {
    ModelView {
        id: model.id.clone(),
        display_name: if model.name.is_empty() { &model.id } else { &model.name }.clone(),
        family: models::family(&model.id),
        context_length: model.context_length,
        supports_vision: model.supports_vision,
        supports_tools: model.supports_tools,
        endpoint_type: model.endpoint,
        api_provider: model
            .provider
            .clone()
            .unwrap_or_else(|| models::provider_by_name(model.endpoint, &model.id).to_owned()),
        reasoning: model.reasoning,
        aliases: model.aliases.clone(),
    }
}

fn info(config: &Config) -> Info {
    let endpoint = |it: &Endpoint| EndpointInfo {
        endpoint: *it,
        url: outbound::url(config, *it),
        protocol: it.dialect(),
    };
    Info {
        id: "droid",
        name: "droid-provider",
        display_name: DISPLAY_NAME,
        version: env!("CARGO_PKG_VERSION"),
        description: DESCRIPTION,
        target_protocol: TARGET_PROTOCOL,
        category: "oauth",
        auth_types: auth_types(),
        credential_schemas: credential_schemas(),
        model_families: models::FAMILIES,
        endpoints: Endpoint::ALL.iter().map(endpoint).collect(),
        config_schema: config::schema(),
        methods: METHODS.iter().map(|it| it.name).collect(),
    }
}

fn auth_types() -> [AuthType; 3] {
    [
        AuthType {
            id: "workos_oauth",
            display_name: "WorkOS OAuth",
            description: "Sign in to Factory.ai in the browser",
            category: "oauth",
        },
        AuthType {
            id: "manual",
            display_name: "Manual",
            description: "Paste a refresh token; it is verified by refreshing it once",
            category: "oauth",
        },
        AuthType {
            id: "api_key",
            display_name: "API Key",
            description: "A pool of Factory API keys",
            category: "api_key",
        },
    ]
}

/// Seed S0 §2.2, with what else `create_credential` reads.
fn credential_schemas() -> Value {
    let text = |title: &str| json!({ "type": "string", "title": title });
    let secret = |title: &str| json!({ "type": "string", "title": title, "writeOnly": true });
    json!({
        "workos_oauth": {
            "type": "object",
            "properties": {
                "access_token": secret("Access token"),
                "refresh_token": secret("Refresh token"),
                "organization_id": text("Organization"),
                "expires_at": text("Expires at (RFC 3339)"),
                "user_id": text("User"),
                "owner_email": text("Email"),
                "name": text("Name"),
            },
            "required": ["access_token", "refresh_token"],
        },
        "manual": {
            "type": "object",
            "properties": { "refresh_token": secret("Refresh token"), "name": text("Name") },
            "required": ["refresh_token"],
        },
        "api_key": {
            "type": "object",
            "properties": {
                "api_keys": {
                    "type": "array",
                    "title": "API keys",
                    "items": { "type": "string", "writeOnly": true },
                    "minItems": 1,
                },
                "name": text("Name"),
            },
            "required": ["api_keys"],
        },
    })
}

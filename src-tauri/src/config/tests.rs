//! Reading, refusing, merging and keeping a configuration.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::{
    Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use serde_json::{Value, json};

use super::env::Env;
use super::{BTreeMap, Config, Duration, Endpoint, Origin, env, former, keys, raw, schema};
use crate::error::Error;

#[derive(Default)]
struct FakeEnv {
    variables: HashMap<&'static str, String>,
    config_dir: Option<PathBuf>,
}

impl Env for FakeEnv {
    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn config_dir(&self) -> Option<PathBuf> {
        self.config_dir.clone()
    }

    fn data_home(&self) -> Option<PathBuf> {
        self.config_dir.as_ref().map(|it| it.join("data"))
    }
}

fn env(variables: &[(&'static str, &str)]) -> FakeEnv {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    FakeEnv { variables, config_dir: None }
}

fn invalid(patch: &Value) -> (String, String) {
    match Config::default().merged(patch) {
        Err(Error::Invalid { field, message }) => (field, message),
        other => panic!("{patch}: {other:?}"),
    }
}

fn shipped() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/config.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_shipped_file_is_the_default() {
    assert_eq!(shipped(), Config::default().to_json());
    assert_eq!(raw::from_json(&shipped()).unwrap(), Config::default());
}

/// Seed S0 §2.3, word for word.
#[test]
fn the_documented_file_is_the_default() {
    let documented = json!({
        "enabled": true,
        "timeout_ms": 600_000,
        "settings": {
            "workos": {
                "client_id": "client_01HNM792M5G5G1A2THWPXKFMXB",
                "auth_url": "https://api.workos.com/user_management/authenticate"
            },
            "factory": {
                "api_base_url": "https://api.factory.ai/api/llm",
                "app_base_url": "https://app.factory.ai",
                "endpoints": {
                    "anthropic": "/a/v1/messages",
                    "openai": "/o/v1/responses",
                    "comm": "/o/v1/chat/completions"
                }
            },
            "token_refresh": {
                "auto_refresh": true,
                "refresh_interval_hours": 6,
                "token_valid_hours": 8,
                "max_retry": 3,
                "retry_delay_ms": 1000
            },
            "api_key": {"strategy": "random_sticky", "sticky_ttl_seconds": 3600},
            "encryption": {
                "algorithm": "aes-256-cbc",
                "salt": "droid-account-salt",
                "key_derivation": "scrypt"
            },
            "request": {
                "user_agent": "factory-cli/0.32.1",
                "system_prompt": "You are Droid, an AI software engineering agent built by Factory."
            }
        }
    });
    assert_eq!(Config::default().merged(&documented).unwrap(), Config::default());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    fs::write(&path, documented.to_string()).unwrap();
    let (config, origin) = Config::load(&env(&[]), Some(dir.path())).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(origin.files, [path]);
}

#[test]
fn every_key_of_the_table_is_in_the_shape_and_the_other_way_round() {
    fn leaves(value: &Value, path: &str, out: &mut Vec<String>) {
        let is_key = keys::KEYS.iter().any(|it| it.path == path);
        match value {
            Value::Object(entries) if !is_key => {
                for (name, value) in entries {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    leaves(value, &path, out);
                }
            }
            _ => out.push(path.to_owned()),
        }
    }
    let mut found = Vec::new();
    leaves(&Config::default().to_json(), "", &mut found);
    let mut known: Vec<String> = keys::KEYS.iter().map(|it| it.path.to_owned()).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn the_schema_has_a_title_a_text_and_a_default_for_every_key() {
    let schema = schema();
    for key in keys::KEYS {
        let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
        let leaf = schema.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}"));
        for part in ["title", "description", "default"] {
            assert!(leaf.get(part).is_some(), "{} has no {part}", key.path);
        }
    }
    let timeout = &schema["properties"]["timeout_ms"];
    assert_eq!(timeout["minimum"], 1000);
    assert_eq!(timeout["default"], 600_000);
    let strategies = &schema["properties"]["scheduling"]["properties"]["strategy"]["enum"];
    assert!(strategies.as_array().unwrap().contains(&json!("fill_first")));
}

/// Each word the table allows is one that the program knows.
#[test]
fn every_allowed_strategy_can_be_used() {
    for path in ["settings.api_key.strategy", "scheduling.strategy"] {
        let pointer = format!("/properties/{}/enum", path.replace('.', "/properties/"));
        for word in schema().pointer(&pointer).unwrap().as_array().unwrap() {
            let patch = path.rsplit('.').fold(word.clone(), |inner, name| json!({name: inner}));
            let config = Config::default().merged(&patch).unwrap();
            assert_eq!(Config::default().merged(&config.to_json()).unwrap(), config, "{word}");
        }
    }
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    for (patch, field, nearest) in [
        (json!({"timeout": 1}), "config.timeout", "timeout_ms"),
        (
            json!({"settings": {"workos": {"clientid": "x"}}}),
            "config.settings.workos.clientid",
            "settings.workos.client_id",
        ),
        (json!({"setings": {}}), "config.setings", "settings"),
        (json!({"useragent": "x"}), "config.useragent", "settings.request.user_agent"),
        (
            json!({"settings": {"token_refresh": {"max_retries": 1}}}),
            "config.settings.token_refresh.max_retries",
            "settings.token_refresh.max_retry",
        ),
    ] {
        let (found, message) = invalid(&patch);
        assert_eq!(found, field);
        assert_eq!(message, format!("there is no such key; did you mean `{nearest}`?"));
    }
    let (_, message) = invalid(&json!({"something_else_entirely": 1}));
    assert_eq!(message, "there is no such key");
}

#[test]
fn values_out_of_bounds_name_the_key_and_the_bounds_and_not_the_value() {
    for (patch, field, expected) in [
        (json!({"timeout_ms": 999}), "config.timeout_ms", "from 1000 to 86400000"),
        (json!({"timeout_ms": "7777"}), "config.timeout_ms", "whole number"),
        (json!({"timeout_ms": 1e300}), "config.timeout_ms", "whole number"),
        (json!({"enabled": 1}), "config.enabled", "true or false"),
        (json!({"settings": []}), "config.settings", "object"),
        (json!([]), "config", "object"),
        (
            json!({"settings": {"api_key": {"strategy": "7777"}}}),
            "config.settings.api_key.strategy",
            "random_sticky",
        ),
        (
            json!({"settings": {"encryption": {"algorithm": "7777"}}}),
            "config.settings.encryption.algorithm",
            "only `aes-256-cbc`",
        ),
        (
            json!({"settings": {"request": {"user_agent": "a\r\nb: 7777"}}}),
            "config.settings.request.user_agent",
            "one line",
        ),
        (
            json!({"settings": {"factory": {"endpoints": {"comm": "7777"}}}}),
            "config.settings.factory.endpoints.comm",
            "begins with /",
        ),
        (json!({"proxies": [{"url": "ftp://7777"}]}), "config.proxies[0].url", "socks5"),
        (json!({"proxies": [{"uri": "7777"}]}), "config.proxies[0].uri", "name and url"),
        (json!({"models": [{"id": "m", "type": "7777"}]}), "config.models[0].type", ""),
        (
            json!({"models": [{"id": "m", "type": "comm"}, {"id": "n", "type": "comm", "aliases": ["m"]}]}),
            "config.models[1]",
            "given twice",
        ),
        (json!({"model_redirects": {"*": "m"}}), "config.model_redirects", "beginning or end"),
        (json!({"model_redirects": {"a*b": "m"}}), "config.model_redirects", "beginning or end"),
        (
            json!({"scheduling": {"transient_first_seconds": 3600}}),
            "config.scheduling.transient_first_seconds",
            "transient_max_seconds",
        ),
    ] {
        let (found, message) = invalid(&patch);
        assert_eq!(found, field, "{patch}");
        assert!(message.contains(expected), "{patch}: {message}");
        assert!(field.ends_with("type") || !message.contains("7777"), "{message}");
    }
}

#[test]
fn tokens_go_only_over_https_or_to_this_machine() {
    let set =
        |url: &str| Config::default().merged(&json!({"settings": {"workos": {"auth_url": url}}}));
    for url in [
        "https://example.com/x",
        "http://127.0.0.1:9/x",
        "http://localhost:9/x",
        "http://[::1]:9/x",
    ] {
        assert!(set(url).is_ok(), "{url}");
    }
    for url in [
        "http://example.com/x",
        "http://localhost.example.com/x",
        "http://127.0.0.1.example.com/x",
        "ftp://127.0.0.1/x",
        "https://u:p@example.com/x",
        "https://example.com/x?y",
        "example.com",
        "",
    ] {
        assert!(set(url).is_err(), "{url}");
    }
}

#[test]
fn a_patch_keeps_what_it_does_not_name() {
    let first = Config::default()
        .merged(&json!({"settings": {"factory": {"endpoints": {"comm": "/c"}}}, "enabled": false}))
        .unwrap();
    assert_eq!(first.factory.endpoints[&Endpoint::Comm], "/c");
    assert_eq!(first.factory.endpoints.len(), 4);
    assert!(!first.enabled);
    let second = first.merged(&json!({"model_redirects": {"a": "b"}})).unwrap();
    assert_eq!(second.model_redirects, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    assert_eq!(second.factory, first.factory);
}

#[test]
fn a_trailing_slash_of_a_base_is_dropped() {
    let patch = json!({"settings": {"factory": {"api_base_url": "https://h/x/"}}});
    let config = Config::default().merged(&patch).unwrap();
    assert_eq!(config.factory.api_base_url.as_str(), "https://h/x");
}

#[test]
fn a_masked_proxy_password_survives_a_round_trip_and_is_never_shown() {
    let url = "http://user:canary@proxy:8080";
    let config =
        Config::default().merged(&json!({"proxies": [{"name": "p", "url": url}]})).unwrap();
    let shown = config.to_json();
    assert_eq!(shown["proxies"][0]["url"], "http://user:****@proxy:8080");
    assert!(!format!("{config:?}").contains("canary"));
    assert_eq!(config.merged(&shown).unwrap(), config);
    let other = json!({"proxies": [{"url": "http://user:****@other:1"}]});
    let error = config.merged(&other).unwrap_err();
    assert!(error.to_string().contains("its password is masked"), "{error}");
}

#[test]
fn the_environment_goes_over_the_file_and_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.json");
    fs::write(&path, r#"{"timeout_ms": 2000, "enabled": false}"#).unwrap();
    let named = (env::CONFIG, path.to_str().unwrap());
    let (config, origin) = Config::load(
        &env(&[named, (env::TIMEOUT_MS, "3000"), (env::REFRESH_INTERVAL_HOURS, "2")]),
        None,
    )
    .unwrap();
    assert_eq!(config.timeout, Duration::from_secs(3));
    assert_eq!(config.token_refresh.refresh_interval, Duration::from_secs(7200));
    assert!(!config.enabled);
    assert_eq!(origin, Origin { files: vec![path.clone()], user_file: Some(path) });
    for value in ["0", "soon", "-1", "1e9"] {
        let error = Config::load(&env(&[(env::TIMEOUT_MS, value)]), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "configuration environment: DROID_TIMEOUT_MS: a whole number from 1000 to 86400000 is expected"
        );
    }
}

#[test]
fn a_setting_of_droid2api_is_refused_with_what_has_its_place() {
    for it in former::KEYS {
        let (field, message) = invalid(&json!({ it.name: { "max": 7777 } }));
        assert_eq!(field, format!("config.{}", it.name));
        assert!(message.ends_with(it.instead) && !message.contains("7777"), "{message}");
        // What it names is there.
        let names = it.instead.split('`').skip(1).step_by(2);
        for name in names.filter(|it| it.contains('.')) {
            let known =
                |it: &keys::Key| it.path == name || it.path.starts_with(&format!("{name}."));
            assert!(keys::KEYS.iter().any(known), "there is no {name}");
        }
    }
    let variables: Vec<_> = former::VARIABLES.iter().map(|it| (it.name, "7777")).collect();
    let env = env(&variables);
    assert_eq!(former::set(&env).count(), variables.len());
    assert_eq!(Config::load(&env, None).unwrap().0, Config::default());
    assert_eq!(former::set(&self::env(&[("REDIS_HOST", " ")])).count(), 0);
}

#[test]
fn a_bad_file_is_named_with_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    for (text, expected) in [
        ("{\"enabled\": maybe}", "it is not JSON: line 1, column 13"),
        ("{\"enable\": true}", "enable: there is no such key; did you mean `enabled`?"),
        ("[]", "an object is expected"),
    ] {
        fs::write(&path, text).unwrap();
        let error = Config::load(&env(&[]), Some(dir.path())).unwrap_err();
        assert_eq!(error.to_string(), format!("configuration {}: {expected}", path.display()));
    }
    fs::write(&path, [0xFF, 0xFE]).unwrap();
    let error = Config::load(&env(&[]), Some(dir.path())).unwrap_err();
    assert!(error.to_string().ends_with("it is not UTF-8 text"), "{error}");
    let error = Config::load(&env(&[(env::CONFIG, "/nowhere/x.json")]), None).unwrap_err();
    assert!(error.to_string().contains("there is no such file; DROID_CONFIG names it"), "{error}");
}

#[test]
fn the_installed_file_is_found_one_folder_up_and_the_users_goes_over_it() {
    let dir = tempfile::tempdir().unwrap();
    let (plugin, home) = (dir.path().join("plugin"), dir.path().join("home"));
    fs::create_dir_all(plugin.join("bin")).unwrap();
    fs::write(plugin.join("config.json"), r#"{"timeout_ms": 2000, "enabled": false}"#).unwrap();
    let env = FakeEnv { config_dir: Some(home.clone()), ..env(&[]) };
    let (config, origin) = Config::load(&env, Some(&plugin.join("bin"))).unwrap();
    assert!(!config.enabled);

    let patch = json!({"timeout_ms": 5000, "proxies": [{"url": "http://u:p@h:1"}]});
    origin.save(&config, &patch).unwrap();
    let user_file = home.join("config.json");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&user_file).unwrap()).unwrap();
    assert_eq!(kept, patch, "only what was changed is kept");
    let (config, origin) = Config::load(&env, Some(&plugin.join("bin"))).unwrap();
    assert_eq!((config.timeout, config.enabled), (Duration::from_secs(5), false));
    assert_eq!(origin.files, [plugin.join("config.json"), user_file.clone()]);

    // What the person saw, masked, may come back.
    origin.save(&config, &json!({"proxies": config.to_json()["proxies"]})).unwrap();
    let (config, _) = Config::load(&env, None).unwrap();
    assert_eq!(config.proxies[0].url.expose(), "http://u:p@h:1");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&user_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn a_refused_change_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let origin = Origin { files: Vec::new(), user_file: Some(dir.path().join("config.json")) };
    assert!(origin.save(&Config::default(), &json!({"timeout_ms": 1})).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let nowhere = Origin { files: Vec::new(), user_file: None };
    assert!(matches!(nowhere.save(&Config::default(), &json!({})), Err(Error::Config { .. })));
}

#[test]
fn the_data_folder_is_the_named_one_or_the_platforms() {
    assert_eq!(env::data_dir(&env(&[(env::DATA_DIR, "/d")])).unwrap(), Path::new("/d"));
    let home = FakeEnv { config_dir: Some(PathBuf::from("/h")), ..env(&[]) };
    assert_eq!(env::data_dir(&home).unwrap(), Path::new("/h/data"));
    assert!(env::data_dir(&env(&[])).is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let names =
        prop_oneof!["[a-z_]{1,8}", "settings|workos|models|proxies|scheduling|url|id|type|a\\.b"];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..4)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_patch_is_taken_or_refused_with_its_place(patch in any_json()) {
        match Config::default().merged(&patch) {
            Ok(config) => prop_assert_eq!(Config::default().merged(&config.to_json()).unwrap(), config),
            Err(Error::Invalid { field, message }) => {
                prop_assert!(field.starts_with("config"));
                prop_assert!(!message.is_empty());
            }
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn any_number_in_bounds_comes_back(timeout in 1000_u64..=86_400_000, retries in 1_u32..=10) {
        let patch = json!({"timeout_ms": timeout, "settings": {"token_refresh": {"max_retry": retries}}});
        let config = Config::default().merged(&patch).unwrap();
        prop_assert_eq!(config.timeout, Duration::from_millis(timeout));
        prop_assert_eq!(&config.to_json()["timeout_ms"], timeout);
        prop_assert_eq!(config.token_refresh.max_retry, retries);
    }
}

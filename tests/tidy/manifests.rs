//! Version and identity, told in several files.
//!
//! Owns: that plugin.json, package.json and Cargo.toml agree, and that the host finds in plugin.json
//! all it reads (seed S0 §2.2, the host's contract).
//! Must not know: what the host does with it.

use serde_json::{Value, json};

use super::tree;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn json(path: &str) -> Value {
    match serde_json::from_str(&tree::read(path)) {
        Ok(value) => value,
        Err(error) => panic!("{path}: {error}"),
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    assert_eq!(json("plugin/plugin.json")["version"], VERSION);
    assert_eq!(json("package.json")["version"], VERSION);
    let changes = tree::read("CHANGELOG.md");
    assert!(changes.contains(&format!("## {VERSION}")), "CHANGELOG.md lacks {VERSION}");
}

#[test]
fn packages_of_python_are_installed_by_hash_alone() {
    let mut n_lists = 0;
    let mut problems = Vec::new();
    for file in tree::all() {
        let is_list = file.path.ends_with("requirements.txt");
        n_lists += usize::from(is_list);
        let lines = file.text.replace("\\\n", " ");
        let mut bad = |line: &str| problems.push(format!("{}: {line}", file.path));
        for line in lines.lines().map(str::trim) {
            let pinned = line.contains("==") && line.contains("--hash=sha256:");
            let is_comment = line.is_empty() || line.starts_with('#');
            if is_list && !is_comment && !pinned {
                bad(line);
            }
            let installs = line.contains("pip\" install") || line.contains("pip install ");
            if file.path.ends_with(".sh") && installs && !line.contains("--require-hashes") {
                bad(line);
            }
        }
    }
    assert!(n_lists >= 3, "{n_lists} lists of packages");
    tree::none(&problems);
}

#[test]
fn the_plugin_is_named_as_the_host_will_name_its_folder() {
    let plugin = json("plugin/plugin.json");
    for (field, wanted) in [
        ("name", env!("CARGO_PKG_NAME")),
        ("license", env!("CARGO_PKG_LICENSE")),
        ("homepage", env!("CARGO_PKG_REPOSITORY")),
        ("plugin_type", "oauth_provider"),
        ("entry", "droid-provider-cli"),
        ("min_proxycast_version", "1.0.0"),
    ] {
        assert_eq!(plugin[field], wanted, "{field}");
    }
    let package = json("package.json");
    assert_eq!(package["name"], env!("CARGO_PKG_NAME"));
    assert_eq!(package["private"], true);
    assert_eq!(package["license"], env!("CARGO_PKG_LICENSE"));
}

#[test]
fn every_platform_of_the_host_has_a_binary() {
    let binary = &json("plugin/plugin.json")["binary"];
    assert_eq!(binary["binary_name"], "droid-provider-cli");
    assert_eq!(binary["github_owner"], "aiclientproxy");
    assert_eq!(binary["github_repo"], "droid-provider");
    assert_eq!(binary["checksum_file"], "checksums.txt");
    assert_eq!(
        binary["platform_binaries"],
        json!({
            "macos-arm64": "droid-provider-aarch64-apple-darwin",
            "macos-x64": "droid-provider-x86_64-apple-darwin",
            "linux-x64": "droid-provider-x86_64-unknown-linux-gnu",
            "linux-arm64": "droid-provider-aarch64-unknown-linux-gnu",
            "windows-x64": "droid-provider-x86_64-pc-windows-msvc.exe",
        })
    );
}

#[test]
fn the_manifest_says_of_the_provider_what_the_plugin_says_of_itself() {
    let provider = &json("plugin/plugin.json")["provider"];
    let info = super::docs::calls::info();
    for field in ["id", "display_name", "target_protocol"] {
        assert_eq!(provider[field], info[field], "{field}");
    }
    let kinds: Vec<&Value> =
        info["auth_types"].as_array().into_iter().flatten().map(|it| &it["id"]).collect();
    assert_eq!(sorted(&provider["auth_types"]), sorted(&json!(kinds)));
    let endpoints: Vec<&Value> =
        info["endpoints"].as_array().into_iter().flatten().map(|it| &it["type"]).collect();
    assert_eq!(sorted(&provider["endpoint_types"]), sorted(&json!(endpoints)));
    assert_eq!(provider["credential_schemas"], info["credential_schemas"]);
    let families = info["model_families"].as_array().into_iter().flatten();
    for family in families {
        let pattern = family["pattern"].as_str().unwrap_or_default();
        let globs = provider["supported_models"].as_array().into_iter().flatten();
        let covered =
            globs.filter_map(Value::as_str).any(|it| pattern.starts_with(it.trim_end_matches('*')));
        assert!(covered, "supported_models has nothing for {pattern}");
    }
}

#[test]
fn the_ui_entry_is_told_as_the_host_reads_it() {
    let ui = &json("plugin/plugin.json")["ui"];
    assert_eq!(ui["surfaces"], json!(["oauth_providers"]));
    assert_eq!(ui["entry"], "dist/index.js");
    assert_eq!(ui["styles"], "dist/styles.css");
    for field in ["icon", "title"] {
        assert!(ui[field].is_string(), "{field}");
    }
    for field in ["default_width", "default_height"] {
        assert!(ui[field].is_u64(), "{field}");
    }
    assert!(ui["permissions"].is_array());
}

fn sorted(list: &Value) -> Vec<&str> {
    let mut texts: Vec<&str> =
        list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

//! `setup`: a client's settings, written and taken back.

use super::kit::Home;

const KEY: &str = "dpk_canary-0123456789";

fn read(home: &Home, path: &str) -> String {
    std::fs::read_to_string(home.path().join(path)).unwrap()
}

fn write(home: &Home, path: &str, text: &str) {
    let path = home.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn set_up(home: &Home, client: &str) -> serde_json::Value {
    home.json_with(&["setup", client, "--key-stdin"], KEY)
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_codes_settings_are_written_and_taken_back_byte_for_byte() {
    let home = Home::new().await;
    let before = "{\n    \"theme\": \"dark\",\n    \"env\": { \"FOO\": \"1\", \"ANTHROPIC_API_KEY\": \"sk-old\" },\n    \"permissions\": {\"allow\": []}\n}\n";
    let path = ".claude/settings.json";
    write(&home, path, before);
    let made = set_up(&home, "claude-code");
    assert!(made["backup"].as_str().unwrap().contains("before-droid-provider-2"), "{made}");
    let settings: serde_json::Value = serde_json::from_str(&read(&home, path)).unwrap();
    let env = &settings["env"];
    assert_eq!(env["ANTHROPIC_BASE_URL"], "http://127.0.0.1:8787");
    assert_eq!(env["ANTHROPIC_AUTH_TOKEN"], KEY);
    assert_eq!((&env["FOO"], env.get("ANTHROPIC_API_KEY")), (&serde_json::json!("1"), None));
    assert_eq!(settings["theme"], "dark");
    // Twice is as good as once.
    set_up(&home, "claude-code");
    home.run(&["setup", "claude-code", "--undo"]).ok();
    assert_eq!(read(&home, path), before);
    home.run(&["setup", "claude-code", "--undo"]).failed(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_changed_since_survives_undoing() {
    let home = Home::new().await;
    write(&home, ".claude/settings.json", "{\n  \"theme\": \"dark\"\n}\n");
    set_up(&home, "claude-code");
    let now = read(&home, ".claude/settings.json").replace("dark", "light");
    write(&home, ".claude/settings.json", &now);
    home.run(&["setup", "claude-code", "--undo"]).ok();
    assert_eq!(read(&home, ".claude/settings.json"), "{\n  \"theme\": \"light\"\n}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_were_no_settings_there_are_none_after_undoing() {
    let home = Home::new().await;
    for (client, path) in [
        ("claude-code", ".claude/settings.json"),
        ("codex", ".codex/config.toml"),
        ("droid", ".factory/config.json"),
    ] {
        set_up(&home, client);
        let path = home.path().join(path);
        assert!(path.is_file(), "{client}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{client}: a key is in it");
        }
        home.run(&["setup", client, "--undo"]).ok();
        assert!(!path.exists(), "{client}");
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0, "{client}: copies are cleared away");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codex_gets_a_provider_and_keeps_its_comments() {
    let home = Home::new().await;
    let before = "# mine\nmodel = \"o3\" # fast\napproval_policy = \"never\"\n\n[model_providers.other]\nname = \"Other\"\nbase_url = \"https://other.example/v1\"\n\n[projects.\"/x\"]\ntrust_level = \"trusted\"\n";
    write(&home, ".codex/config.toml", before);
    set_up(&home, "codex");
    let text = read(&home, ".codex/config.toml");
    let config: toml_edit::DocumentMut = text.parse().unwrap();
    assert_eq!(config["model_provider"].as_str(), Some("droid-provider"));
    assert_eq!(config["model"].as_str(), Some("gpt-5-codex"));
    let ours = &config["model_providers"]["droid-provider"];
    assert_eq!(ours["base_url"].as_str(), Some("http://127.0.0.1:8787/v1"));
    assert_eq!(ours["wire_api"].as_str(), Some("responses"));
    assert_eq!(ours["experimental_bearer_token"].as_str(), Some(KEY));
    assert!(text.contains("# mine") && text.contains("[model_providers.other]"), "{text}");
    home.run(&["setup", "codex", "--undo"]).ok();
    assert_eq!(read(&home, ".codex/config.toml"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn droid_gets_models_of_its_own_beside_others() {
    let home = Home::new().await;
    let before = "{\n  \"custom_models\": [\n    { \"model\": \"x\", \"model_display_name\": \"X\" }\n  ]\n}\n";
    write(&home, ".factory/config.json", before);
    home.json_with(&["setup", "droid", "--key-stdin", "--model", "gemini-2.5-pro"], KEY);
    let config: serde_json::Value =
        serde_json::from_str(&read(&home, ".factory/config.json")).unwrap();
    let models = config["custom_models"].as_array().unwrap();
    assert_eq!((models.len(), &models[0]["model"]), (2, &serde_json::json!("x")));
    assert_eq!(models[1]["provider"], "generic-chat-completion-api");
    home.run(&["setup", "droid", "--undo"]).ok();
    assert_eq!(read(&home, ".factory/config.json"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn print_shows_and_writes_nothing() {
    let home = Home::new().await;
    for client in ["claude-code", "codex", "droid"] {
        let said = home.run(&["setup", client, "--print", "--url", "https://gw.example/v1/"]).ok();
        assert!(said.stdout.contains("https://gw.example"), "{client}: {}", said.stdout);
        assert!(!said.stdout.contains("/v1/v1"), "{client}: {}", said.stdout);
    }
    assert!(!home.path().join(".claude").exists() && !home.path().join(".codex").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_understood_are_left_alone() {
    let home = Home::new().await;
    for (client, path, text) in [
        ("claude-code", ".claude/settings.json", "{ // note\n}"),
        ("claude-code", ".claude/settings.json", "{\"env\": []}"),
        ("codex", ".codex/config.toml", "model = "),
        ("droid", ".factory/config.json", "{\"custom_models\": {}}"),
    ] {
        write(&home, path, text);
        let said = home.run_with(&["setup", client, "--key-stdin"], KEY).failed(1);
        assert!(said.stderr.contains("left alone"), "{client}: {}", said.stderr);
        assert_eq!(read(&home, path), text);
    }
    std::fs::remove_file(home.path().join(".codex/config.toml")).unwrap();
    home.run(&["setup", "emacs"]).failed(2);
    home.run(&["setup", "codex", "--url", "nowhere"]).failed(2);
    home.run(&["setup", "codex", "--key-stdin"]).failed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_an_earlier_run_is_kept_while_it_can_be_used_and_named_when_it_is_left() {
    let home = Home::new().await;
    let keys = |home: &Home| home.json(&["client-keys", "list"]).as_array().unwrap().clone();
    for (n, (client, path)) in [
        ("claude-code", ".claude/settings.json"),
        ("codex", ".codex/config.toml"),
        ("droid", ".factory/config.json"),
    ]
    .into_iter()
    .enumerate()
    {
        let first = home.json(&["setup", client]);
        assert_eq!(first["key_kept"], false);
        let written = read(&home, path);
        let again = home.json(&["setup", client, "--url", "http://127.0.0.1:8787"]);
        assert_eq!(again["key_kept"], true, "{client}");
        assert_eq!((read(&home, path), keys(&home).len()), (written, 2 * n + 1), "{client}");
        let of_it = |it: &&serde_json::Value| it["name"] == client;
        let id = keys(&home).iter().find(of_it).unwrap()["id"].as_str().unwrap().to_owned();
        // One that is switched off, or gone, is none.
        home.run(&["client-keys", "edit", &id, "--enabled", "false"]).ok();
        assert_eq!(home.json(&["setup", client])["key_kept"], false, "{client}");
        assert_eq!(keys(&home).len(), 2 * n + 2, "{client}");
        let undone = home.json(&["setup", client, "--undo"]);
        let left = undone["client_keys_left"].as_array().unwrap();
        assert_eq!(left.len(), 1, "{undone}");
        assert_ne!(left[0]["id"], id.as_str());
        assert!(!undone.to_string().contains("dpk_"), "{undone}");
    }
    // Another program's key is not taken for ours.
    let other = "{\"env\": {\"ANTHROPIC_AUTH_TOKEN\": \"dpk_of-another-gateway\"}}";
    write(&home, ".claude/settings.json", other);
    assert_eq!(home.json(&["setup", "claude-code"])["key_kept"], false);
    assert!(!read(&home, ".claude/settings.json").contains("of-another-gateway"));
    let said = home.run(&["setup", "claude-code", "--undo"]).ok();
    assert!(said.stdout.contains("client-keys delete "), "{}", said.stdout);
}

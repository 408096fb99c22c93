//! `install-plugin`: the folder as the host wants it.

use droid_testbed::host::{HostConfig, OneShot};
use serde_json::{Value, json};

use super::kit::Home;

#[tokio::test(flavor = "multi_thread")]
async fn the_host_finds_a_plugin_that_answers() {
    let home = Home::new().await;
    let installed = home.json(&["install-plugin"]);
    let folder = home.path().join(".config/proxycast/plugins/droid-provider");
    if cfg!(target_os = "linux") {
        assert_eq!(installed["folder"], folder.to_string_lossy().as_ref());
    }
    let folder = std::path::PathBuf::from(installed["folder"].as_str().unwrap());
    let binary = folder.join(installed["binary"].as_str().unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&binary).unwrap().permissions().mode() & 0o777, 0o755);
    }
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("plugin.json")).unwrap())
            .unwrap();
    assert_eq!(manifest["name"], "droid-provider");
    let host = HostConfig::new(binary, home.data()).config(folder.join("config.json"));
    let info = OneShot::new(host).call("get_info", Value::Null).await.unwrap();
    assert_eq!(info["id"], "droid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_configuration_is_kept_and_an_untouched_one_is_renewed() {
    let home = Home::new().await;
    let arguments = ["install-plugin", "--folder", "plugins"];
    assert_eq!(home.json(&arguments)["config_kept"], false);
    let config = home.path().join("plugins/droid-provider/config.json");
    let shipped = std::fs::read_to_string(&config).unwrap();
    assert_eq!(home.json(&arguments)["config_kept"], false, "nobody changed it");
    std::fs::write(&config, "{\"timeout_ms\": 5000}").unwrap();
    assert_eq!(home.json(&arguments)["config_kept"], true);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "{\"timeout_ms\": 5000}");
    // One that an older version shipped is nobody's change.
    let old = "{\"timeout_ms\": 1}";
    std::fs::write(&config, old).unwrap();
    std::fs::write(config.with_file_name(".config.shipped.json"), old).unwrap();
    assert_eq!(home.json(&arguments)["config_kept"], false);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), shipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_interface_goes_into_dist() {
    let home = Home::new().await;
    let arguments = ["install-plugin", "--folder", "plugins", "--ui", "ui"];
    home.run(&arguments).failed(2);
    std::fs::create_dir(home.path().join("ui")).unwrap();
    std::fs::write(home.path().join("ui/index.js"), "var DroidProviderPlugin;").unwrap();
    assert_eq!(home.json(&arguments)["ui"], json!(true));
    assert!(home.path().join("plugins/droid-provider/dist/index.js").is_file());
    let legacy = home.json(&["install-plugin", "--legacy"]);
    assert!(
        home.path().join(".proxycast/plugins/droid-provider/plugin.json").is_file(),
        "{legacy}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_is_named() {
    let home = Home::new().await;
    std::fs::write(home.path().join("plugins"), "a file").unwrap();
    let said = home.run(&["install-plugin", "--folder", "plugins"]).failed(1);
    assert!(said.stderr.contains("plugins/droid-provider"), "{}", said.stderr);
}

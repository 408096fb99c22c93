//! The simulator of the host against a plugin that misbehaves in every way it must notice.
//!
//! Owns: one breach a test.
//! Must not know: the real plugin.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop the test, as the tests do"
)]

use std::time::Duration;

use droid_testbed::host::{Bridge, CallError, HostConfig, HostFault, OneShot, RpcError};
use serde_json::{Value, json};

fn config(mode: &str) -> HostConfig {
    let config = HostConfig::new(env!("CARGO_BIN_EXE_fake-plugin"), "/nowhere/data");
    HostConfig { timeout: Duration::from_secs(20), ..config.env("FAKE_PLUGIN", mode) }
}

fn hurried(mode: &str) -> HostConfig {
    HostConfig { timeout: Duration::from_millis(300), ..config(mode) }
}

async fn once(mode: &str) -> Result<Value, CallError> {
    OneShot::new(config(mode)).call("supports_model", json!({"model": "m"})).await
}

async fn kept(mode: &str) -> (Result<Value, CallError>, Bridge) {
    let bridge = Bridge::connect(&config(mode)).unwrap();
    (bridge.call("supports_model", Value::Null).await, bridge)
}

/// Every way to answer wrongly, and a word of the complaint about it.
const WRONG: [(&str, &str); 9] = [
    ("both", "both `result` and `error`"),
    ("neither", "neither"),
    ("junk", "no JSON"),
    ("wrong_id", "answers id 99"),
    ("text_id", "answers id \"1\""),
    ("notifies", "notification"),
    ("version", "`jsonrpc`"),
    ("not_utf8", "UTF-8"),
    ("two_lines", ""),
];

#[tokio::test]
async fn a_good_plugin_is_taken_as_it_is() {
    assert_eq!(once("good").await, Ok(json!({"supports": true})));
    let (answer, bridge) = kept("good").await;
    assert_eq!(answer, Ok(json!({"supports": true})));
    bridge.notify("ping", &Value::Null).await.unwrap();
    let exit = bridge.close().await.unwrap();
    assert_eq!((exit.code, bridge.faults()), (Some(0), vec![]));
    assert!(exit.stderr.contains("arguments []"), "the bridge gives no argument: {}", exit.stderr);
    assert_eq!(bridge.call("ping", Value::Null).await, Err(HostFault::Closed.into()));
}

#[tokio::test]
async fn wrong_answers_are_faults_in_both_styles() {
    for (mode, word) in WRONG {
        let fault = once(mode).await.unwrap_err().fault();
        let HostFault::Stdout(text) = &fault else { panic!("{mode}: {fault}") };
        let several = ["junk", "notifies", "two_lines"].contains(&mode);
        let wanted = if several { "more than one line" } else { word };
        assert!(text.contains(wanted), "{mode}: {text}");

        let (answer, bridge) = kept(mode).await;
        if mode != "two_lines" {
            let fault = answer.unwrap_err().fault();
            assert!(fault.to_string().contains(word), "{mode}: {fault}");
        }
        let fault = bridge.close().await.unwrap_err();
        assert!(matches!(fault, HostFault::Stdout(_)), "{mode}: {fault}");
        assert!(!bridge.faults().is_empty(), "{mode}");
    }
}

#[tokio::test]
async fn a_second_answer_to_one_id_fails_what_comes_after() {
    let (first, bridge) = kept("two_lines").await;
    // The second line may fail even the first call, if it is read before the caller looks.
    drop(first);
    let fault = loop {
        if let Err(CallError::Fault(fault)) = bridge.call("supports_model", Value::Null).await {
            break fault;
        }
    };
    assert!(fault.to_string().contains("which nobody asked"), "{fault}");
}

#[tokio::test]
async fn a_missing_line_end_is_a_fault_of_one_call() {
    let fault = once("no_end").await.unwrap_err().fault();
    assert!(fault.to_string().contains("no end of line"), "{fault}");
    assert!(once("silent").await.unwrap_err().fault().to_string().contains("no answer"));
}

#[tokio::test]
async fn shapes_are_checked_in_both_styles() {
    let wrong = HostFault::Shape(vec!["supports: must be a boolean".into()]);
    assert_eq!(once("shape").await, Err(wrong.clone().into()));
    let (answer, bridge) = kept("shape").await;
    assert_eq!(answer, Err(wrong.clone().into()));
    assert_eq!(bridge.faults(), [wrong]);
}

#[tokio::test]
async fn errors_are_answers_and_their_data_is_checked() {
    let error = RpcError { code: -32601, message: "m".into(), data: Value::Null };
    assert_eq!(once("error").await, Err(CallError::Rpc(error.clone())));
    let (answer, bridge) = kept("error").await;
    assert_eq!(answer.unwrap_err().rpc(), error);
    bridge.assert_clean();
    assert!(matches!(once("bare_error").await.unwrap_err().fault(), HostFault::Shape(_)));
}

#[tokio::test]
async fn input_that_ends_at_once_must_end_the_process_silently() {
    let exit = OneShot::new(config("good")).end_of_input().await.unwrap();
    assert!(exit.stderr.contains("arguments [\"--json-rpc\"]"), "{}", exit.stderr);
    let fault = OneShot::new(config("talks_at_eof")).end_of_input().await.unwrap_err();
    assert!(matches!(fault, HostFault::Stdout(_)), "{fault}");
    let fault = OneShot::new(config("exit_1")).end_of_input().await.unwrap_err();
    assert!(fault.to_string().contains("code 1"), "{fault}");
}

#[tokio::test]
async fn a_process_that_stays_is_a_fault_in_both_styles() {
    let fault = OneShot::new(hurried("stays")).end_of_input().await.unwrap_err();
    assert!(matches!(fault, HostFault::Timeout(_)), "{fault}");
    let bridge = Bridge::connect(&hurried("stays")).unwrap();
    assert!(matches!(bridge.close().await, Err(HostFault::Timeout(_))));
    assert!(matches!(once("exit_1").await.unwrap_err().fault(), HostFault::Exit(_)));
}

#[tokio::test]
async fn calls_at_once_get_their_own_answers_in_any_order() {
    let bridge = Bridge::connect(&config("backwards")).unwrap();
    let ask = || bridge.call("supports_model", Value::Null);
    let answers = tokio::join!(ask(), ask(), ask());
    assert_eq!(answers.0, Ok(json!({"supports": true})));
    assert!(answers.1.is_ok() && answers.2.is_ok());
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn silence_is_given_up_and_no_fault_of_others() {
    let bridge = Bridge::connect(&hurried("silent")).unwrap();
    let fault = bridge.call("supports_model", Value::Null).await.unwrap_err().fault();
    assert!(matches!(fault, HostFault::Timeout(_)), "{fault}");
    bridge.assert_clean();
}

#[tokio::test]
async fn a_dead_plugin_fails_its_callers() {
    let (answer, bridge) = kept("die").await;
    assert_eq!(answer, Err(HostFault::Closed.into()));
    let fault = bridge.close().await.unwrap_err();
    assert!(fault.to_string().contains("code 7"), "{fault}");
    let (_, bridge) = kept("good").await;
    assert_eq!(bridge.kill().await.code, None);
    let running = OneShot::new(config("stays")).start("ping", &Value::Null).unwrap();
    assert!(running.pid().is_some());
    assert_eq!(running.kill().await.code, None);
    let missing = HostConfig::new("/nowhere/plugin", "/nowhere/data");
    assert!(matches!(Bridge::connect(&missing), Err(HostFault::Spawn(_))));
}

#[tokio::test]
async fn the_environment_is_the_callers_and_not_the_tests() {
    // The outer simulator starts a second test process with a variable that must not get through.
    let exit = OneShot::new(config("good")).raw(b"").await.unwrap();
    assert!(exit.stderr.contains("data Some(\"/nowhere/data\")"), "{}", exit.stderr);
    if std::env::var_os("DROID_LEAKED_BY_THE_TESTS").is_some() {
        assert!(exit.stderr.contains("leaked None"), "{}", exit.stderr);
        return;
    }
    let this = std::env::current_exe().unwrap();
    let inner = tokio::process::Command::new(this)
        .args(["--exact", "the_environment_is_the_callers_and_not_the_tests"])
        .env("DROID_LEAKED_BY_THE_TESTS", "yes")
        .output()
        .await
        .unwrap();
    assert!(inner.status.success(), "{}", String::from_utf8_lossy(&inner.stdout));
}

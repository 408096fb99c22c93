//! `demo`: the gateway at work without any account.

use serde_json::json;

use super::kit::Home;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_a_key_that_rests_and_answers_in_two_protocols() {
    let home = Home::new().await;
    let shown = home.json(&["demo"]);
    let steps = shown["steps"].as_array().unwrap();
    let asked: Vec<_> = steps.iter().filter(|it| it["asked"].is_string()).collect();
    let protocols: Vec<_> = asked.iter().map(|it| &it["protocol"]).collect();
    assert_eq!(protocols, [&json!("anthropic"), &json!("chat")]);
    assert_eq!(asked[0]["text"], asked[1]["text"]);
    assert!(asked.iter().all(|it| it["pieces"].as_u64() > Some(10)), "{shown}");
    let keys = steps.iter().find(|it| it["command"] == "keys list Demo").unwrap();
    let keys = keys["answer"].as_array().unwrap();
    let n_resting = keys.iter().filter(|it| it["cooling"]["until"].is_string()).count();
    assert_eq!((keys.len(), n_resting), (2, 1), "{keys:?}");
    let usage = &steps.last().unwrap()["answer"]["total"];
    assert_eq!(usage["requests"], 3, "two that were answered, and the one that was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_touches_nothing_of_the_persons_and_leaves_nothing() {
    let home = Home::new().await;
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = home.command(&["demo"]);
    // Whatever is in the environment, the demo asks its stand-in alone.
    command.env("TMPDIR", &temporary).env("FACTORY_API_KEY", "fk-canary-0123456789aaaa");
    command.env("API_ACCESS_KEY", "canary").env("PORT", "1");
    let said = super::kit::finish(command.stdin(std::process::Stdio::piped()), "").ok();
    assert!(said.stdout.contains("$ droid-provider-cli keys list Demo"), "{}", said.stdout);
    assert!(!said.stdout.contains("canary"), "{}", said.stdout);
    if cfg!(unix) {
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "its folder is gone");
    }
    assert!(!home.data().exists(), "no data folder of the person was opened");
    assert_eq!(home.fake.journal().entries().len(), 0, "the configured upstream was not asked");
}

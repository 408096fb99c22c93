//! Accounts, keys and groups, from adding to deleting.

use serde_json::{Value, json};

use super::kit::Home;

const KEYS: [&str; 2] = ["fk-canary-0123456789aaaa", "fk-canary-0123456789bbbb"];

#[tokio::test(flavor = "multi_thread")]
async fn keys_from_stdin_make_a_pool_and_then_make_it_grow() {
    let home = Home::new().await;
    let made = home.pool("Team", &KEYS);
    assert_eq!((&made["created"], &made["added"]), (&json!(true), &json!(2)));
    let grown = home.json_with(
        &["accounts", "add-keys", "--name", "Team"],
        "fk-canary-0123456789aaaa\nfk-canary-0123456789cccc\nshort\n",
    );
    assert_eq!(grown["id"], made["id"], "the same pool");
    let counts = ["added", "duplicates", "malformed"].map(|it| grown[it].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1)]);
    let listed = home.json(&["accounts", "list"]);
    assert_eq!(listed[0]["keys"]["active"], 3);
    let said = home.run(&["accounts", "list"]).ok();
    assert!(said.stdout.contains("Team") && said.stdout.contains("3/3"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_shows_a_secret() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    let minted = home.fake.mint_account();
    home.run_with(&["accounts", "add-token", "--name", "Mine"], &minted.refresh_token).ok();
    for arguments in [
        &["accounts", "list"][..],
        &["accounts", "show", "Team"],
        &["accounts", "show", "Mine"],
        &["accounts", "refresh", "Mine"],
        &["keys", "list", "Team"],
        &["test"],
        &["explain"],
        &["info"],
    ] {
        for json in [None, Some("--json")] {
            let arguments: Vec<&str> = arguments.iter().copied().chain(json).collect();
            let said = home.run(&arguments).ok().all();
            assert!(!said.contains("canary"), "{arguments:?}: {said}");
            assert!(!said.contains(&minted.refresh_token), "{arguments:?}: {said}");
            assert!(!said.contains(&minted.access_token), "{arguments:?}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_by_name_id_and_its_beginning() {
    let home = Home::new().await;
    let made = home.pool("Team", &KEYS);
    let id = made["id"].as_str().unwrap();
    for wanted in ["Team", id, &id[..6]] {
        let shown = home.json(&["accounts", "show", wanted]);
        assert_eq!(shown["id"], made["id"], "{wanted}");
        assert_eq!(shown["keys"].as_array().map(Vec::len), Some(2));
    }
    let said = home.run(&["accounts", "show", "nobody"]).failed(3);
    assert!(said.stderr.contains("accounts list"), "{}", said.stderr);
    let refused = home.run(&["accounts", "show", "nobody", "--json"]).failed(3).to_json();
    assert_eq!(refused["error"]["kind"], "not_found");
    home.run_with(&["accounts", "add-token", "--name", "Team"], "dead").failed(4);
    assert_eq!(home.json(&["accounts", "list"]).as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_is_changed_and_the_rest_stays() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    let before = home.json(&["accounts", "show", "Team"]);
    let arguments = ["accounts", "edit", "Team", "--priority", "0", "--expires", "2099-01-31"];
    let after = home.json(&arguments);
    assert_eq!(after["priority"], 0);
    assert_eq!(after["subscription_expires_at"], "2099-01-31T23:59:59.000Z");
    for same in ["name", "id", "endpoint_type", "groups", "max_concurrency"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let removed = home.json(&["accounts", "edit", "Team", "--expires", "none"]);
    assert_eq!(removed["subscription_expires_at"], Value::Null);
    let said = home.run(&["accounts", "edit", "Team", "--priority", "101"]).failed(2);
    assert!(said.stderr.starts_with("error: priority: "), "{}", said.stderr);
    home.run(&["accounts", "edit", "Team"]).failed(2);
    home.run(&["accounts", "edit", "nobody", "--priority", "1"]).failed(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxys_password_comes_by_stdin_and_never_by_an_argument() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    let arguments = ["accounts", "edit", "Team", "--proxy", "http://me:canary@127.0.0.1:9"];
    let said = home.run(&arguments).failed(2);
    assert!(!said.all().contains("canary"), "{}", said.all());
    let arguments = ["accounts", "edit", "Team", "--proxy", "-"];
    let shown = home.json_with(&arguments, "http://me:canary@127.0.0.1:9\n");
    assert_eq!(shown["has_proxy"], true);
    assert!(!shown.to_string().contains("canary"), "{shown}");
    assert_eq!(home.json(&["accounts", "edit", "Team", "--proxy", "none"])["has_proxy"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_switched_reset_and_deleted() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    assert_eq!(home.json(&["accounts", "disable", "Team"])["health"], "disabled");
    assert_eq!(home.json(&["accounts", "enable", "Team"])["health"], "healthy");
    assert_eq!(home.json(&["accounts", "reset", "Team"])["status"], "active");
    let said = home.run(&["accounts", "delete", "Team"]).failed(2);
    assert!(said.stderr.contains("--yes"), "nobody is there to be asked: {}", said.stderr);
    home.run(&["accounts", "delete", "Team", "--yes"]).ok();
    assert_eq!(home.json(&["accounts", "list"]), json!([]));
    home.run(&["accounts", "delete", "Team", "--yes"]).failed(3);
    for word in ["enable", "disable", "reset", "refresh"] {
        home.run(&["accounts", word, "Team"]).failed(3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_token_is_verified_and_one_that_is_dead_is_not_kept() {
    let home = Home::new().await;
    let said = home.run_with(&["accounts", "add-token", "--name", "Mine"], "dead\n").failed(4);
    assert!(said.stderr.contains("needs a new sign-in"), "{}", said.stderr);
    assert_eq!(home.json(&["accounts", "list"]), json!([]));
    home.run(&["accounts", "add-token"]).failed(2);
    let user = home.fake.add_user("grace@example.test", &[]);
    let minted = home.fake.mint_for(&user);
    let arguments = ["accounts", "add-token", "--name", "Mine"];
    let added = home.json_with(&arguments, &minted.refresh_token);
    assert_eq!((&added["auth_type"], &added["status"]), (&json!("manual"), &json!("active")));
    // Another sign-in of the same person.
    let minted = home.fake.mint_for(&user);
    let arguments = ["accounts", "add-token", "--replace", "Mine"];
    let replaced = home.json_with(&arguments, &minted.refresh_token);
    assert_eq!(replaced["id"], added["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_switched_replaced_and_removed() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    assert_eq!(home.json(&["keys", "list", "Team"])[1]["tail"], "…bbbb");
    let changed = home.json(&["keys", "disable", "Team", "bbbb"]);
    assert_eq!(changed["keys"][0]["status"], "disabled");
    assert_eq!(home.json(&["keys", "enable", "Team", "…bbbb"])["keys"][0]["status"], "active");
    home.run(&["keys", "disable", "Team", "zzzz"]).failed(3);
    home.run(&["keys", "disable", "nobody", "zzzz"]).failed(3);
    home.run(&["keys", "disable", "Team"]).failed(2);
    home.run(&["keys", "remove", "Team", "bbbb"]).failed(2);
    assert_eq!(home.json(&["keys", "remove", "Team", "bbbb", "--yes"])["removed"], 1);
    let replaced =
        home.json_with(&["keys", "add", "Team", "--replace"], "fk-canary-0123456789dddd");
    assert_eq!((&replaced["added"], &replaced["removed"]), (&json!(1), &json!(1)));
    home.run(&["keys", "add", "Team"]).failed(2);
    home.json(&["keys", "disable", "Team", "dddd"]);
    home.run(&["keys", "prune"]).failed(2);
    assert_eq!(home.json(&["keys", "prune", "Team", "--yes"])["removed"], 1);
    assert_eq!(home.json(&["keys", "prune", "--yes"])["removed"], 0);
    assert_eq!(home.json(&["keys", "list", "Team"]), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_an_account_that_has_none_are_a_usage_error() {
    let home = Home::new().await;
    let minted = home.fake.mint_account();
    home.run_with(&["accounts", "add-token", "--name", "Mine"], &minted.refresh_token).ok();
    home.run(&["keys", "list", "Mine"]).failed(2);
    home.run(&["keys", "disable", "Mine", "aaaa"]).failed(2);
    home.run_with(&["accounts", "add-keys", "--name", "Mine"], KEYS[0]).failed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_saved_filled_and_deleted() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    let arguments = ["groups", "save", "night", "--priority", "7", "--strategy", "round_robin"];
    assert_eq!(home.json(&arguments)["priority"], 7);
    home.run(&["accounts", "edit", "Team", "--group", "night"]).ok();
    let groups = home.json(&["groups", "list"]);
    assert_eq!((&groups[0]["id"], &groups[0]["accounts"]), (&json!("night"), &json!(1)));
    assert_eq!(groups[0]["strategy"], "round_robin");
    home.run(&["groups", "save", "night", "--strategy", "luck"]).failed(2);
    home.run(&["groups", "delete", "night"]).failed(2);
    home.run(&["groups", "delete", "night", "--yes"]).ok();
    home.run(&["groups", "delete", "night", "--yes"]).failed(3);
    let said = home.run(&["groups", "list"]).ok();
    assert!(said.stdout.contains("no group"), "{}", said.stdout);
}

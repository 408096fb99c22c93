//! Lines of JSON-RPC: batches, notifications, ids, params, what is no call.
//!
//! Owns: the envelope, as a sceptical host would try it.
//! Must not know: methods.

use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use crate::support::rig;

/// Every line one process answers to these lines, in order.
async fn answers(rig: &Rig, lines: &[&str]) -> Vec<String> {
    let exit = rig.one_shot().raw(lines.join("\n").as_bytes()).await.expect("ended");
    exit.must_be_clean().expect("exit 0");
    let text = String::from_utf8(exit.stdout).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "whole lines: {text}");
    text.lines().map(str::to_owned).collect()
}

fn json_of(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

#[tokio::test]
async fn batches_are_answered_as_one_array_in_order() {
    let rig = rig().await;
    let mixed = r#"[{"jsonrpc":"2.0","method":"ping","id":1},
        {"jsonrpc":"2.0","method":"ping"},
        {"jsonrpc":"2.0","method":"nope","id":2},
        7,
        [],
        {"jsonrpc":"2.0","method":"supports_model","params":{"model":5},"id":null},
        {"jsonrpc":"2.0","method":"supports_model","params":{"model":"gpt-5"},"id":"x"}]"#
        .replace('\n', " ");
    let found = answers(&rig, &[&mixed]).await;
    assert_eq!(found.len(), 1);
    let found = json_of(&found[0]);
    let found: Vec<(Value, Value)> = found
        .as_array()
        .expect("an array")
        .iter()
        .map(|it| (it["id"].clone(), it["error"]["code"].clone()))
        .collect();
    let expected = [
        (json!(1), Value::Null),
        (json!(2), json!(-32601)),
        (Value::Null, json!(-32600)),
        (Value::Null, json!(-32600)),
        (Value::Null, json!(-32602)),
        (json!("x"), Value::Null),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_empty_batch_is_one_error_and_one_of_notifications_is_silence() {
    let rig = rig().await;
    let found = answers(
        &rig,
        &[
            "[]",
            r#"[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"nope"},{"jsonrpc":"2.0","method":"supports_model","params":{"model":[]}}]"#,
            r#"[{"jsonrpc":"2.0","method":"ping","id":9}]"#,
        ],
    )
    .await;
    assert_eq!(found.len(), 2);
    assert_eq!(json_of(&found[0])["error"]["code"], -32600);
    assert_eq!(found[1], r#"[{"jsonrpc":"2.0","id":9,"result":{}}]"#);
}

#[tokio::test]
async fn notifications_are_never_answered() {
    let rig = rig().await;
    let found = answers(
        &rig,
        &[
            r#"{"jsonrpc":"2.0","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"nope","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"supports_model","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"get_credential","params":{"credential_id":"none"}}"#,
            r#"{"jsonrpc":"2.0","method":"list_credentials","params":null}"#,
            r#"{"jsonrpc":"2.0","method":"ping","id":"last"}"#,
        ],
    )
    .await;
    assert_eq!(found, [r#"{"jsonrpc":"2.0","id":"last","result":{}}"#]);
}

#[tokio::test]
async fn ids_come_back_as_they_were_written() {
    let rig = rig().await;
    let ids = [
        "0",
        "-7",
        "1.50",
        "1e3",
        "18446744073709551616",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\\u0062\\n\"",
        "\"\u{1F980} key\"",
        "null",
    ];
    let lines: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"id":{id},"jsonrpc":"2.0","method":"ping","params":null}}"#))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let expected: Vec<String> =
        ids.iter().map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)).collect();
    assert_eq!(answers(&rig, &lines).await, expected);
}

#[tokio::test]
async fn what_is_no_call_is_told_and_the_next_line_is_answered() {
    let rig = rig().await;
    let good = r#"{"jsonrpc":"2.0","method":"ping","id":"next"}"#;
    let cases: [(&[u8], i64, &str); 19] = [
        (b"{", -32700, "null"),
        (b"nonsense", -32700, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1", -32700, "null"),
        (b"[{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}", -32700, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}}", -32700, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1} {}", -32700, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":01}", -32700, "null"),
        (b"{'jsonrpc':'2.0'}", -32700, "null"),
        (b"\xff\xfe{}", -32700, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"pi\xc3\x28ng\",\"id\":1}", -32700, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1,\"params\":{\"a\":\"\xed\xa0\x80\"}}", -32700, "null"),
        (b"null", -32600, "null"),
        (b"7", -32600, "null"),
        (b"\"text\"", -32600, "null"),
        (b"{}", -32600, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":{}}", -32600, "null"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":true}", -32600, "null"),
        (b"{\"jsonrpc\":\"1.1\",\"method\":\"ping\",\"id\":4}", -32600, "4"),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":5,\"params\":\"text\"}", -32600, "5"),
    ];
    for (line, code, id) in cases {
        let shown = String::from_utf8_lossy(line);
        let input = [line, b"\n", good.as_bytes(), b"\n"].concat();
        let exit = rig.one_shot().raw(&input).await.expect("ended");
        exit.must_be_clean().expect("exit 0");
        let text = String::from_utf8(exit.stdout).expect("UTF-8");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{shown}: {text}");
        let refusal = json_of(lines[0]);
        assert_eq!(refusal["error"]["code"], code, "{shown}: {text}");
        assert_eq!(refusal["id"].to_string(), id, "{shown}: {text}");
        assert_eq!(json_of(lines[1])["id"], "next");
    }
}

#[tokio::test]
async fn blank_lines_line_ends_marks_and_a_missing_last_line_end_are_taken() {
    let rig = rig().await;
    let input = "\u{feff}{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\r\n\r\n   \n\t{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":2}  \r\n{\"jsonrpc\":\"2.0\",\"method\":\"\\u0070ing\",\"id\":3}";
    let found = answers(&rig, &[input]).await;
    let ids: Vec<Value> = found.iter().map(|it| json_of(it)["id"].clone()).collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[tokio::test]
async fn params_may_be_absent_or_null() {
    let rig = rig().await;
    let found = answers(
        &rig,
        &[
            r#"{"jsonrpc":"2.0","method":"list_models","id":1}"#,
            r#"{"jsonrpc":"2.0","method":"list_models","id":1,"params":null}"#,
            r#"{"jsonrpc":"2.0","method":"list_models","id":1,"params":{}}"#,
        ],
    )
    .await;
    assert!(found[0].contains("\"result\":[{"), "{}", found[0]);
    assert!(found.iter().all(|it| *it == found[0]));
}

//! A large request costs time in proportion to its bytes.
//!
//! The measure itself is the benchmark's; here only that nothing grows faster than the request.

use serde_json::{Value, json};

use super::Codec;
use crate::translate::RequestCodec;

fn conversation(turns: usize) -> Value {
    let mut input = vec![json!({"role": "user", "content": "go"})];
    for turn in 0..turns {
        let id = format!("call_{turn}");
        input.push(json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"}));
        input.push(
            json!({"type": "function_call_output", "call_id": id, "output": "line\n".repeat(200)}),
        );
    }
    json!({"model": "m", "input": input})
}

#[test]
fn a_megabyte_is_read_and_written_whole() {
    let body = conversation(1000).to_string();
    assert!(body.len() > 1_000_000);
    let request = Codec::read(body.as_bytes()).unwrap();
    let written = Codec::write(&request).unwrap();
    assert!(written.losses.is_empty());
    let again: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(again["input"].as_array().unwrap().len(), 2001);
}

//! Recorded streams through the binary: however they are cut, spelled and carried, the same events.
//!
//! Owns: cutting, respelling, feeding by stream id and by carry, and how memory holds up.
//! Must not know: what the events of a dialect should be (the protocol package's goldens do).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_testbed::host::{Bridge, shapes};
use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use super::contract::call;
use super::peer::Peer;
use crate::support::{err, ok, rig};

/// Folder of fixtures and the endpoint that speaks its dialect.
pub(crate) const DIALECTS: [(&str, &str); 4] =
    [("anthropic", "anthropic"), ("responses", "openai"), ("chat", "comm"), ("gemini", "google")];

/// Random cuts of each stream, in one process.
const RANDOM_CUTS: usize = 4;

/// The least that the milestone asks for.
const LONG_STREAM: usize = 200 * 1024 * 1024;
/// Of the process's own: the pages of its file are as many as the build has.
const MOST_MEMORY_KB: u64 = 8 * 1024;

struct Stream {
    name: String,
    endpoint: &'static str,
    bytes: Vec<u8>,
}

fn fixtures() -> Vec<Stream> {
    let root =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/protocol/tests/fixtures");
    let mut found = Vec::new();
    for (folder, endpoint) in DIALECTS {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .expect("fixtures")
            .map(|it| it.expect("an entry").path())
            .filter(|it| it.extension().is_some_and(|it| it == "sse"))
            .collect();
        paths.sort();
        assert!(paths.len() >= 14, "{folder}");
        found.extend(paths.into_iter().map(|path| Stream {
            name: format!("{folder}/{}", path.file_stem().expect("a name").to_string_lossy()),
            endpoint,
            bytes: std::fs::read(path).expect("a fixture"),
        }));
    }
    found
}

fn fixture(name: &str) -> Stream {
    fixtures().into_iter().find(|it| it.name == name).expect(name)
}

/// A small generator with a seed, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(n).expect("small")).expect("small")
    }
}

fn randomly<'a>(bytes: &'a [u8], dice: &mut Dice) -> Vec<&'a [u8]> {
    let n_cuts = 1 + dice.below(30);
    let mut cuts: Vec<usize> = (0..n_cuts).map(|_| dice.below(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|it| &bytes[it[0]..it[1]]).collect()
}

/// The same frames with CRLF, comments, another field, data in two lines, a mark before them. Only
/// where each frame is whole.
fn respelled(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let mut out = String::from("\u{feff}: hello\r\n\r\n");
    for line in text.lines() {
        match line.strip_prefix("data:").and_then(|it| it.split_once(",\"")) {
            // Between two members of the first object: no text can begin so early.
            Some((head, tail))
                if !head.contains(['[', '\\']) && head.matches('"').count() % 2 == 0 =>
            {
                out.push_str(&format!("data:{head},\r\nid: 3\r\ndata:\"{tail}\r\n"));
            }
            _ => out.push_str(&format!("{line}\r\n")),
        }
        if line.is_empty() {
            out.push_str(": keepalive\r\nretry: 5\r\n\r\n");
        }
    }
    out.into_bytes()
}

/// What a stream amounts to.
#[derive(Debug, Default, PartialEq)]
struct Said {
    events: Vec<Value>,
    usage: Value,
    end: Value,
}

impl Said {
    fn add(&mut self, result: &Value) {
        assert_eq!(shapes::check("parse_response_chunk", result), Vec::<String>::new());
        self.events.extend(result["events"].as_array().expect("events").iter().cloned());
        self.usage = result["usage"].clone();
        self.end = result["end"].clone();
        assert_eq!(result["done"], json!(!self.end.is_null()));
    }
}

fn whole(stream: &Stream) -> Value {
    json!({ "chunk_base64": STANDARD.encode(&stream.bytes), "endpoint_type": stream.endpoint, "end": true })
}

fn piece(stream: &Stream, id: &str, bytes: &[u8], end: bool) -> Value {
    json!({
        "chunk_base64": STANDARD.encode(bytes), "endpoint_type": stream.endpoint,
        "stream_id": id, "end": end,
    })
}

/// All calls as lines into one process, written without waiting; the answers by the number in
/// their id, in the order they came.
async fn pipelined(rig: &Rig, lines: Vec<String>) -> Vec<(usize, Value)> {
    let exit =
        rig.one_shot().raw(format!("{}\n", lines.join("\n")).as_bytes()).await.expect("ended");
    exit.must_be_clean().expect("exit 0");
    let text = String::from_utf8(exit.stdout).expect("UTF-8");
    let answers: Vec<Value> =
        text.lines().map(|it| serde_json::from_str(it).expect("JSON")).collect();
    assert_eq!(answers.len(), lines.len());
    let of = |it: Value| {
        let id = usize::try_from(it["id"].as_u64().expect("an id")).expect("small");
        assert!(it["result"].is_object(), "{it}");
        (id, it["result"].clone())
    };
    answers.into_iter().map(of).collect()
}

/// Every fixture whole, in single bytes, in random pieces and respelled: one process, no waiting.
/// `end` comes with an empty piece at last, as a host sends it when the connection closes.
#[tokio::test]
async fn however_it_is_cut_a_stream_says_the_same() {
    let rig = rig().await;
    let mut dice = Dice(0x5EED_0001);
    for endpoint in DIALECTS.map(|(_, it)| it) {
        let streams: Vec<Stream> =
            fixtures().into_iter().filter(|it| it.endpoint == endpoint).collect();
        // Which stream a call feeds: even the reference is one of the lines.
        let mut fed: Vec<usize> = Vec::new();
        let mut lines = Vec::new();
        let mut names = Vec::new();
        let mut add = |names: &Vec<String>, params: Value| {
            fed.push(names.len() - 1);
            lines.push(call(&(lines.len()).to_string(), "parse_response_chunk", &params));
        };
        for stream in &streams {
            names.push(format!("{} whole", stream.name));
            add(&names, whole(stream));
            let respelled = respelled(&stream.bytes);
            // A body that is no stream has no spelling, and a cut frame no blank line to keep.
            let is_stream =
                !stream.name.contains("http_error") && !stream.name.ends_with("truncated");
            let mut ways: Vec<(String, Vec<&[u8]>)> =
                vec![("bytes".to_owned(), stream.bytes.chunks(1).collect())];
            for n in 0..RANDOM_CUTS {
                ways.push((format!("random {n}"), randomly(&stream.bytes, &mut dice)));
            }
            if is_stream {
                ways.push(("respelled".to_owned(), vec![&respelled]));
                ways.push(("respelled cut".to_owned(), randomly(&respelled, &mut dice)));
            }
            for (way, pieces) in ways {
                names.push(format!("{} {way}", stream.name));
                let id = format!("{} {way}", stream.name);
                for bytes in pieces {
                    add(&names, piece(stream, &id, bytes, false));
                }
                add(&names, piece(stream, &id, b"", true));
            }
        }
        let mut said: Vec<Said> = names.iter().map(|_| Said::default()).collect();
        for (id, result) in pipelined(&rig, lines).await {
            said[fed[id]].add(&result);
        }
        let mut reference = 0;
        for (at, name) in names.iter().enumerate() {
            if name.ends_with(" whole") {
                reference = at;
                assert!(!said[at].events.is_empty() && !said[at].end.is_null(), "{name}");
            }
            assert_eq!(said[at], said[reference], "{name}");
        }
    }
}

#[tokio::test]
async fn a_thousand_pieces_of_one_stream_keep_their_order() {
    const PIECES: usize = 1000;
    let rig = rig().await;
    let mut text = String::new();
    for n in 0..PIECES {
        text.push_str(&format!(
            "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"<{n}>\"}}}}]}}\n\n"
        ));
    }
    let mut lines = Vec::new();
    // Twice: once as lines, once as one batch.
    for frame in text.split_inclusive("\n\n") {
        let params = json!({ "chunk": frame, "endpoint_type": "comm", "stream_id": "long" });
        lines.push(call(&lines.len().to_string(), "parse_response_chunk", &params));
        if lines.len() % 10 == 0 {
            lines.push(call(&lines.len().to_string(), "list_credentials", &Value::Null));
        }
    }
    let batch = format!("[{}]", lines.join(",").replace("\"long\"", "\"batch\""));
    let expected: String = (0..PIECES).map(|n| format!("<{n}>")).collect();
    let told = |result: &Value| -> String {
        let events = result["events"].as_array().cloned().unwrap_or_default();
        events.iter().filter_map(|it| it["text"].as_str().map(str::to_owned)).collect()
    };
    let exit = rig
        .one_shot()
        .raw(format!("{}\n{batch}\n", lines.join("\n")).as_bytes())
        .await
        .expect("ended");
    exit.must_be_clean().expect("exit 0");
    let text = String::from_utf8(exit.stdout).expect("UTF-8");
    let answers: Vec<Value> =
        text.lines().map(|it| serde_json::from_str(it).expect("JSON")).collect();
    let (batches, singles): (Vec<&Value>, Vec<&Value>) =
        answers.iter().partition(|it| it.is_array());
    assert_eq!(singles.iter().map(|it| told(&it["result"])).collect::<String>(), expected);
    let batch = batches[0].as_array().expect("an array");
    assert_eq!(batch.iter().map(|it| told(&it["result"])).collect::<String>(), expected);
}

async fn carried(bridge: &Bridge, stream: &Stream, pieces: &[&[u8]]) -> Said {
    let mut said = Said::default();
    let mut carry = Value::Null;
    for bytes in pieces {
        let mut params = json!({ "chunk_base64": STANDARD.encode(bytes), "carry": carry });
        if carry.is_null() {
            params["endpoint_type"] = json!(stream.endpoint);
        }
        let result = ok(bridge, "parse_response_chunk", params).await;
        said.add(&result);
        carry = result["carry"].clone();
        assert!(carry.is_string());
    }
    let last = json!({ "carry": carry, "end": true });
    let result = ok(bridge, "parse_response_chunk", last).await;
    assert!(result.get("carry").is_none(), "the end carries nothing");
    said.add(&result);
    said
}

#[tokio::test]
async fn a_carry_in_one_process_says_the_same() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let mut dice = Dice(0x5EED_0002);
    for stream in fixtures() {
        let mut expected = Said::default();
        expected.add(&ok(&bridge, "parse_response_chunk", whole(&stream)).await);
        let pieces = randomly(&stream.bytes, &mut dice);
        assert_eq!(carried(&bridge, &stream, &pieces).await, expected, "{}", stream.name);
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn a_carry_over_one_process_a_piece_says_the_same() {
    let rig = rig().await;
    let one_shot = rig.one_shot();
    for name in [
        "anthropic/parallel_tool_calls",
        "responses/thinking_text",
        "chat/cache_usage",
        "gemini/utf8_text",
        "chat/truncated",
    ] {
        let stream = fixture(name);
        let reference = one_shot.call("parse_response_chunk", whole(&stream)).await.expect(name);
        let mut expected = Said::default();
        expected.add(&reference);
        let mut said = Said::default();
        let mut carry = Value::Null;
        let size = stream.bytes.len().div_ceil(9);
        for bytes in stream.bytes.chunks(size) {
            let params = json!({
                "chunk_base64": STANDARD.encode(bytes), "carry": carry,
                "endpoint_type": stream.endpoint,
            });
            let result = one_shot.call("parse_response_chunk", params).await.expect(name);
            carry = result["carry"].clone();
            said.add(&result);
        }
        let last = json!({ "carry": carry, "end": true });
        said.add(&one_shot.call("parse_response_chunk", last).await.expect(name));
        assert_eq!(said, expected, "{name}");
    }
}

#[tokio::test]
async fn text_pieces_and_a_piece_cut_inside_a_character() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let stream = fixture("chat/utf8_text");
    let mut expected = Said::default();
    expected.add(&ok(&bridge, "parse_response_chunk", whole(&stream)).await);
    // As text, cut at characters.
    let text = std::str::from_utf8(&stream.bytes).expect("UTF-8");
    let mut said = Said::default();
    for (n, letter) in text.char_indices() {
        let params = json!({
            "chunk": letter.to_string(), "model": "glm-4.6", "stream_id": "letters",
            "end": n + letter.len_utf8() == text.len(),
        });
        said.add(&ok(&bridge, "parse_response_chunk", params).await);
    }
    assert_eq!(said, expected);
    // As bytes, cut inside each character of more than one.
    let inside = text.char_indices().filter(|(_, it)| it.len_utf8() > 1).map(|(at, _)| at + 1);
    for (n, cut) in inside.enumerate().step_by(3) {
        let (head, tail) = stream.bytes.split_at(cut);
        let id = format!("inside {n}");
        let mut said = Said::default();
        said.add(&ok(&bridge, "parse_response_chunk", piece(&stream, &id, head, false)).await);
        said.add(&ok(&bridge, "parse_response_chunk", piece(&stream, &id, tail, true)).await);
        assert_eq!(said, expected, "cut at {cut}");
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn how_streams_end() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for (name, expected) in [
        ("anthropic/plain_text", "done"),
        ("responses/plain_text", "done"),
        ("chat/plain_text", "done"),
        ("gemini/plain_text", "done"),
        ("anthropic/truncated", "truncated"),
        ("responses/truncated", "truncated"),
        ("chat/truncated", "truncated"),
        ("gemini/truncated", "truncated"),
        ("anthropic/stream_error", "failed"),
        ("responses/stream_error", "failed"),
        ("chat/stream_error", "failed"),
        ("gemini/stream_error", "failed"),
    ] {
        let stream = fixture(name);
        let result = ok(&bridge, "parse_response_chunk", whole(&stream)).await;
        assert_eq!((&result["end"], &result["done"]), (&json!(expected), &json!(true)), "{name}");
        let last =
            result["events"].as_array().expect("events").last().expect("one")["type"].clone();
        let terminal = if expected == "done" { "message_stop" } else { "error" };
        assert_eq!(last, terminal, "{name}");
    }
    // A `finish_reason` of null says nothing: cut there, the answer is truncated.
    let null_finish = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
    let params = json!({ "chunk": null_finish, "endpoint_type": "comm", "end": true });
    assert_eq!(ok(&bridge, "parse_response_chunk", params).await["end"], "truncated");
    bridge.assert_clean();
}

#[tokio::test]
async fn after_the_end_nothing_more_comes() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for name in
        ["anthropic/plain_text", "responses/plain_text", "chat/plain_text", "gemini/plain_text"]
    {
        let stream = fixture(name);
        let first =
            ok(&bridge, "parse_response_chunk", piece(&stream, name, &stream.bytes, false)).await;
        // Chat and Gemini may still send usage: only the end of input ends them.
        let trailing = format!("data: [DONE]\n\n{}", String::from_utf8_lossy(&stream.bytes));
        let more = piece(&stream, name, trailing.as_bytes(), false);
        let second = ok(&bridge, "parse_response_chunk", more).await;
        let last = ok(&bridge, "parse_response_chunk", piece(&stream, name, b"", true)).await;
        let mut said = Said::default();
        for result in [&first, &second, &last] {
            said.add(result);
        }
        let starts = said.events.iter().filter(|it| it["type"] == "message_start").count();
        let stops = said.events.iter().filter(|it| it["type"] == "message_stop").count();
        assert_eq!((starts, stops, &said.end), (1, 1, &json!("done")), "{name}: {said:?}");
        // `end` once more is a stream of its own that says nothing but that it was cut.
        let again = ok(&bridge, "parse_response_chunk", piece(&stream, name, b"", true)).await;
        assert_eq!(again["end"], "truncated", "{name}: {again}");
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn two_streams_at_once_do_not_mix() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let streams = [fixture("anthropic/tool_call"), fixture("responses/tool_call")];
    let mut expected = [Said::default(), Said::default()];
    let mut said = [Said::default(), Said::default()];
    for (stream, expected) in streams.iter().zip(&mut expected) {
        expected.add(&ok(&bridge, "parse_response_chunk", whole(stream)).await);
    }
    let pieces: Vec<Vec<&[u8]>> = streams.iter().map(|it| it.bytes.chunks(97).collect()).collect();
    for n in 0..pieces[0].len().max(pieces[1].len()) {
        for (which, stream) in streams.iter().enumerate() {
            if let Some(bytes) = pieces[which].get(n) {
                let params = piece(stream, stream.endpoint, bytes, n + 1 == pieces[which].len());
                said[which].add(&ok(&bridge, "parse_response_chunk", params).await);
            }
        }
    }
    assert_eq!(said, expected);
    bridge.assert_clean();
}

#[tokio::test]
async fn what_cannot_be_a_piece_is_refused_by_name() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let stream = fixture("anthropic/plain_text");
    let begun = json!({ "chunk": "", "endpoint_type": "anthropic" });
    let carry = ok(&bridge, "parse_response_chunk", begun).await["carry"].clone();
    let carry = carry.as_str().expect("a carry");
    let cut = &carry[..carry.len() / 2 / 4 * 4];
    let cases = [
        (json!({ "chunk": "data", "stream_id": "unknown" }), "endpoint_type"),
        (json!({ "chunk": "data" }), "endpoint_type"),
        (json!({ "end": true }), "endpoint_type"),
        (json!({ "stream_id": "a", "endpoint_type": "comm" }), "chunk"),
        (json!({ "chunk": "a", "chunk_base64": "YQ==", "endpoint_type": "comm" }), "chunk"),
        (json!({ "chunk_base64": "%%%", "endpoint_type": "comm" }), "chunk_base64"),
        (json!({ "chunk": "a", "stream_id": "a", "carry": cut }), "carry"),
        (json!({ "chunk": "a", "carry": "bm9uZSBvZiBvdXJz" }), "carry"),
        (json!({ "chunk": "a", "carry": "%%%" }), "carry"),
        (json!({ "chunk": "a", "carry": cut }), "carry"),
        (json!({ "chunk": "a", "carry": "A".repeat(1 << 20) }), "carry"),
        (json!({ "chunk": "a", "carry": STANDARD.encode("[".repeat(100_000)) }), "carry"),
        (json!({ "chunk": "a", "endpoint_type": "nonsense" }), "endpoint_type"),
    ];
    for (params, field) in cases {
        let error = err(&bridge, "parse_response_chunk", params).await;
        assert_eq!((error.code, error.message.contains(field)), (-32602, true), "{field}: {error}");
    }
    // The stream that was refused a piece is as it was.
    ok(&bridge, "parse_response_chunk", piece(&stream, "s", &stream.bytes[..50], false)).await;
    let bad = json!({ "chunk_base64": "%", "stream_id": "s" });
    err(&bridge, "parse_response_chunk", bad).await;
    let rest = piece(&stream, "s", &stream.bytes[50..], true);
    assert_eq!(ok(&bridge, "parse_response_chunk", rest).await["end"], "done");
    bridge.assert_clean();
}

/// 200 MB of deltas, written as fast as the plugin takes them while the answers are read.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_a_stream() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    let delta = format!(
        "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        "x".repeat(4000)
    );
    let chunk = delta.repeat(16);
    let params = json!({ "chunk": chunk, "endpoint_type": "comm", "stream_id": "long" });
    let line = format!("{}\n", call("1", "parse_response_chunk", &params));
    let n_lines = LONG_STREAM.div_ceil(chunk.len());
    let mut stdin = peer.stdin.take().expect("open");
    let started = tokio::time::Instant::now();
    let writing = tokio::spawn(async move {
        for _ in 0..n_lines {
            tokio::io::AsyncWriteExt::write_all(&mut stdin, line.as_bytes()).await.expect("taken");
        }
        stdin
    });
    let (mut said, mut peak) = (0, 0);
    for at in 0..n_lines {
        said += peer.line().await.len();
        if at % 16 == 0 {
            peak = peak.max(peer.memory("RssAnon"));
        }
    }
    let took = started.elapsed();
    let now = peer.memory("RssAnon");
    println!(
        "{} MB in, {} MB out in {took:?}: peak {peak} kB, then {now} kB",
        n_lines * chunk.len() / 1_000_000,
        said / 1_000_000
    );
    assert!(peak > 0 && peak < MOST_MEMORY_KB, "{peak} kB");
    drop(writing.await.expect("written"));
    assert!(peer.ended().await.status.success());
}

//! How fast the built plugin answers over pipes, and how fast it starts.
//!
//! Owns: pipelined calls a second, cold start and resident memory of the release binary, beside a
//! process that only echoes lines and one that only exits.
//! Must not know: anything inside of the binary.
//!
//! `cargo bench --bench rpc` prints the tables.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod support;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Cost, Plugin, command, ms, now, per_second, quantile, row};

const BINARY: &str = env!("CARGO_BIN_EXE_droid-provider-cli");
const MODEL: &str = "claude-sonnet-4-5-20250929";
/// Calls of one round.
const CALLS: usize = 40_000;
const ROUNDS: usize = 5;
/// Calls of a round where each takes one of the account's places.
const LIMIT: usize = 500;
const SPAWNS: usize = 200;
const CALLS_FOR_MEMORY: usize = 100_000;
/// Conversations that are under way.
const SESSIONS: usize = 64;

fn main() {
    if std::env::args().any(|it| it == "--echo") {
        return echo();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), "{}").unwrap();
    pipelined(folder.path());
    cold(folder.path());
}

/// The baseline: reads a line, writes it back, and does nothing else.
fn echo() {
    let mut input = BufReader::with_capacity(256 * 1024, std::io::stdin().lock());
    let mut output = BufWriter::with_capacity(256 * 1024, std::io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).unwrap() > 0 {
        output.write_all(&line).unwrap();
        line.clear();
        if input.buffer().is_empty() {
            output.flush().unwrap();
        }
    }
}

fn pipelined(folder: &Path) {
    let mut plugin = Plugin::start(command(Path::new(BINARY), folder));
    plugin.call("init", &Value::Null);
    let idle = plugin.rss();
    let keys: Vec<String> = (0..100).map(|it| format!("fk-bench-{it:032}")).collect();
    let pool = create(&mut plugin, "api_key", &json!({"api_keys": keys}));
    let config = json!({
        "access_token": "at", "refresh_token": "rt", "expires_at": "2099-01-01T00:00:00Z",
    });
    let account = create(&mut plugin, "workos_oauth", &config);
    let limited = json!({"api_keys": ["fk-bench-limited"], "max_concurrency": LIMIT});
    let limited = create(&mut plugin, "api_key", &limited);

    let acquire = |id: &str| json!({"model": MODEL, "credential_id": id});
    let session = |at: usize| {
        let session = format!("session-{}", at % SESSIONS);
        json!({"model": MODEL, "credential_id": pool, "session_id": session})
    };
    println!("\n# Pipelined calls over pipes, {CALLS} a round, median of {ROUNDS} rounds");
    row(&["call", "calls/s", "CPU us/call", "echo calls/s", "of echo"]);
    let supports = lines(CALLS, "supports_model", |_| json!({"model": MODEL}));
    let of_pool = lines(CALLS, "acquire_credential", |_| acquire(&pool));
    let sticky = lines(CALLS, "acquire_credential", session);
    let oauth = lines(CALLS, "acquire_credential", |_| acquire(&account));
    let few = lines(LIMIT, "acquire_credential", |_| acquire(&limited));
    measure(&mut plugin, "ping", &lines(CALLS, "ping", |_| json!({})));
    measure(&mut plugin, "supports_model", &supports);
    measure(&mut plugin, "acquire_credential, key pool", &of_pool);
    measure(&mut plugin, "acquire_credential, key pool, session", &sticky);
    measure(&mut plugin, "acquire_credential, OAuth account", &oauth);
    released(&mut plugin, "release_credential, key pool", &pool, &of_pool);
    released(&mut plugin, "release_credential, OAuth account", &account, &oauth);
    released(&mut plugin, "release_credential, counted places", &limited, &few);

    println!("\n# Resident memory");
    row(&["after init", &format!("{idle:.1} MiB")]);
    row(&["after the rounds above", &format!("{:.1} MiB", plugin.rss())]);
    plugin.close();
    let mut plugin = Plugin::start(command(Path::new(BINARY), folder));
    let many: Vec<u8> =
        sticky.iter().copied().cycle().take(sticky.len() * CALLS_FOR_MEMORY / CALLS).collect();
    plugin.pipelined(&many, false);
    let after = format!("{:.1} MiB", plugin.rss());
    row(&[&format!("after {CALLS_FOR_MEMORY} acquire_credential"), &after]);
    plugin.close();
}

fn create(plugin: &mut Plugin, auth_type: &str, config: &Value) -> String {
    let params = json!({"auth_type": auth_type, "config": config});
    let created = plugin.call("create_credential", &params);
    created["credential_id"].as_str().unwrap().to_owned()
}

fn lines(n: usize, method: &str, params: impl Fn(usize) -> Value) -> Vec<u8> {
    let mut lines = String::new();
    for id in 0..n {
        let params = params(id);
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        writeln!(lines, "{call}").unwrap();
    }
    lines.into_bytes()
}

fn measure(plugin: &mut Plugin, name: &str, lines: &[u8]) {
    let costs: Vec<Cost> = (0..ROUNDS).map(|_| plugin.pipelined(lines, false).0).collect();
    report(name, &costs, lines);
}

/// Each round gives back what was acquired just before, which is not counted.
fn released(plugin: &mut Plugin, name: &str, id: &str, acquire: &[u8]) {
    let (mut costs, mut last) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (_, answers) = plugin.pipelined(acquire, true);
        last = releases(id, &answers);
        costs.push(plugin.pipelined(&last, false).0);
    }
    report(name, &costs, &last);
}

fn releases(id: &str, answers: &[u8]) -> Vec<u8> {
    let mut lines = String::new();
    for (at, answer) in answers.split(|it| *it == b'\n').filter(|it| !it.is_empty()).enumerate() {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let lease = &answer["result"]["metadata"]["lease_id"];
        assert!(lease.is_string(), "{answer}");
        let result = json!({"latency_ms": 1200, "input_tokens": 900, "output_tokens": 300});
        let params = json!({"credential_id": id, "lease_id": lease, "result": {"Success": result}});
        let method = "release_credential";
        let call = json!({"jsonrpc": "2.0", "id": at, "method": method, "params": params});
        writeln!(lines, "{call}").unwrap();
    }
    lines.into_bytes()
}

/// A row, with the echo of the same lines beside it.
fn report(name: &str, costs: &[Cost], lines: &[u8]) {
    let mut echo = command(&std::env::current_exe().unwrap(), Path::new("/"));
    let mut echo = Plugin::start({
        echo.arg("--echo");
        echo
    });
    let mut echoed: Vec<Duration> = (0..3).map(|_| echo.pipelined(lines, false).0.wall).collect();
    echo.close();
    let mut walls: Vec<Duration> = costs.iter().map(|it| it.wall).collect();
    let mut cpus: Vec<Duration> = costs.iter().map(|it| it.cpu).collect();
    let n = memchr::memchr_iter(b'\n', lines).count();
    let rate = per_second(n, quantile(&mut walls, 50));
    let base = per_second(n, quantile(&mut echoed, 50));
    row(&[
        name,
        &format!("{rate:.0}"),
        &format!("{:.1}", quantile(&mut cpus, 50).as_secs_f64() * 1e6 / n as f64),
        &format!("{base:.0}"),
        &format!("{:.2}", rate / base),
    ]);
}

/// A process for each call, as the host's loader does it.
fn cold(folder: &Path) {
    let calls = [
        ("ping", json!({})),
        ("supports_model", json!({"model": MODEL})),
        ("acquire_credential", json!({"model": MODEL})),
        ("release_credential", Value::Null),
    ];
    let mut times: Vec<(Vec<Duration>, Vec<Duration>)> = vec![Default::default(); calls.len() + 1];
    for _ in 0..SPAWNS {
        // In turn, so that what else runs on the machine disturbs all alike.
        let mut lent = Value::Null;
        for ((method, params), (answers, ends)) in calls.iter().zip(&mut times) {
            let params = match *method {
                "release_credential" => json!({
                    "credential_id": lent["id"],
                    "lease_id": lent["metadata"]["lease_id"],
                    "result": {"Success": {"latency_ms": 5}},
                }),
                _ => params.clone(),
            };
            let (answered, ended, result) = one_shot(folder, method, &params);
            answers.push(answered);
            ends.push(ended);
            lent = result;
        }
        let start = now();
        let status = std::process::Command::new("true").env_clear().status();
        assert!(status.unwrap().success());
        if let Some((answers, ends)) = times.last_mut() {
            answers.push(start.elapsed());
            ends.push(start.elapsed());
        }
    }
    println!("\n# Cold start of one call with --json-rpc, {SPAWNS} spawns");
    row(&["call", "answer, median", "answer, 95 %", "exit, median", "exit, 95 %"]);
    let names = calls.iter().map(|it| it.0).chain(["true (no call)"]);
    for (name, (mut answers, mut ends)) in names.zip(times) {
        let mut cells = Vec::new();
        for times in [&mut answers, &mut ends] {
            cells.extend([50, 95].map(|percent| ms(quantile(times, percent))));
        }
        let [answer, slow_answer, exit, slow_exit] = &cells[..] else { continue };
        row(&[name, answer, slow_answer, exit, slow_exit]);
    }
}

fn one_shot(folder: &Path, method: &str, params: &Value) -> (Duration, Duration, Value) {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let line = format!("{call}\n");
    let mut command = command(Path::new(BINARY), folder);
    command.arg("--json-rpc");
    let start = now();
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(line.as_bytes()).unwrap();
    drop(stdin);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut answer = String::new();
    stdout.read_line(&mut answer).unwrap();
    let answered = start.elapsed();
    stdout.read_to_string(&mut String::new()).unwrap();
    assert!(child.wait().unwrap().success());
    let ended = start.elapsed();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    (answered, ended, answer["result"].take())
}

//! What the benchmarks share.
//!
//! Owns: timing, medians, the kept plugin process and the form of the tables.
//! Must not know: what is measured.
#![allow(dead_code, reason = "each benchmark uses its part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A kept plugin process, or another one that answers a line with a line.
pub(crate) struct Plugin {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    last_id: u64,
}

/// What a run of pipelined calls cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// From the first byte written to the last answer read.
    pub(crate) wall: Duration,
    /// Processor time of the answering process.
    pub(crate) cpu: Duration,
}

/// The time; the only reader of it here.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = now();
    let made = work();
    (start.elapsed(), made)
}

/// The mean over some rounds of the processor time of this thread, so that what else runs on the
/// machine counts as little as it can. The kernel counts in steps of some milliseconds: there must
/// be many rounds.
pub(crate) fn mean_of(rounds: u32, mut work: impl FnMut()) -> Duration {
    let before = scheduled("/proc/thread-self/schedstat");
    let (wall, ()) = timed(|| (0..rounds).for_each(|_| work()));
    let after = scheduled("/proc/thread-self/schedstat");
    before.zip(after).map_or(wall, |(before, after)| after.saturating_sub(before)) / rounds
}

/// The value below which `percent` of the values are.
pub(crate) fn quantile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or_default()
}

/// Milliseconds with two decimals.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// How many a second.
pub(crate) fn per_second(n: usize, time: Duration) -> f64 {
    n as f64 / time.as_secs_f64()
}

/// One row; the first column is the widest.
pub(crate) fn row(cells: &[&str]) {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        line += &if at == 0 { format!("{cell:<44}") } else { format!(" {cell:>16}") };
    }
    println!("{}", line.trim_end());
}

/// A command whose surroundings are a scratch folder and nothing else.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", folder).env("DROID_DATA_DIR", folder.join("data"));
    command.env("DROID_CONFIG", folder.join("config.json"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

// === impl Plugin ===

impl Plugin {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        Self { child, stdin, stdout: BufReader::with_capacity(256 * 1024, stdout), last_id: 0 }
    }

    /// One call; its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let call =
            json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        writeln!(self.stdin.as_mut().unwrap(), "{call}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {line}");
        answer["result"].take()
    }

    /// Writes all lines, without waiting for answers, and reads as many; answers what was read if
    /// it is to be kept.
    pub(crate) fn pipelined(&mut self, lines: &[u8], keep: bool) -> (Cost, Vec<u8>) {
        let n = memchr::memchr_iter(b'\n', lines).count();
        let pid = self.child.id();
        let cpu = cpu_of(pid);
        let mut stdin = self.stdin.take().unwrap();
        let (mut kept, mut seen) = (Vec::new(), 0);
        let mut buffer = vec![0; 256 * 1024];
        let (wall, stdin) = timed(|| {
            std::thread::scope(|scope| {
                let writer = scope.spawn(move || {
                    stdin.write_all(lines).unwrap();
                    stdin
                });
                while seen < n {
                    let read = self.stdout.read(&mut buffer).unwrap();
                    assert!(read > 0, "the process ended early");
                    seen += memchr::memchr_iter(b'\n', &buffer[..read]).count();
                    if keep {
                        kept.extend_from_slice(&buffer[..read]);
                    }
                }
                writer.join().unwrap()
            })
        });
        self.stdin = Some(stdin);
        (Cost { wall, cpu: cpu_of(pid).saturating_sub(cpu) }, kept)
    }

    /// Resident memory in MiB.
    pub(crate) fn rss(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let kib = line.and_then(|it| it.split_whitespace().next()).and_then(|it| it.parse().ok());
        kib.unwrap_or(f64::NAN) / 1024.0
    }

    /// Ends its input and waits for its end.
    pub(crate) fn close(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// Processor time of a process so far; zero where there is no `/proc`.
fn cpu_of(pid: u32) -> Duration {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Duration::ZERO };
    let each = threads.flatten().map(|it| it.path().join("schedstat"));
    each.filter_map(|it| scheduled(&it.to_string_lossy())).sum()
}

/// The processor time in a `schedstat` file of Linux.
fn scheduled(path: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(path).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

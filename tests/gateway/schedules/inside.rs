//! The gateway in this process, with handlers that panic on order.
//!
//! Owns: [`Inside`]: chance that panics when it is asked from within a connection. The program itself
//! has no switch for that.
//! Must not know: what panicking does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use droid_provider::app::Boot;
use droid_provider::clock::{Entropy, Rand, SystemClock};
use droid_provider::config::env::Env;
use droid_provider::gateway::{Options, serve};
use droid_testbed::rig::Rig;
use tokio::sync::oneshot;

use crate::gateway::ask::until;

/// A gateway on a runtime of its own.
pub(super) struct Inside {
    host: String,
    chance: Arc<Chance>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Threads whose names begin so serve connections; nothing else is done there.
const SERVING: &str = "serve-";

struct Chance {
    inner: Rand,
    /// Every so manyth panics; 0 is none.
    every: AtomicUsize,
    /// Asked so far, since that was set.
    asked: AtomicUsize,
    n_panics: AtomicUsize,
    once: std::sync::atomic::AtomicBool,
}

struct Surroundings(HashMap<String, String>);

// === impl Inside ===

impl Inside {
    pub(super) async fn start(rig: &Rig, admin_key: &str) -> Self {
        let chance = Arc::new(Chance {
            inner: Rand::from_system().expect("randomness"),
            every: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            n_panics: AtomicUsize::new(0),
            once: false.into(),
        });
        let variables = [
            ("DROID_DATA_DIR", rig.data_dir().display().to_string()),
            ("DROID_CONFIG", rig.config_path().display().to_string()),
            ("ADMIN_ACCESS_KEY", admin_key.to_owned()),
        ];
        let env = variables.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        let boot = Boot {
            env: Arc::new(Surroundings(env)),
            clock: Arc::new(SystemClock),
            entropy: Arc::clone(&chance) as Arc<dyn Entropy>,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("serve-inside")
                .enable_all()
                .build()
                .expect("a runtime");
            let listen = Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
            let options = Options { listen, json: false };
            let stopped = async { drop(stopped.await) };
            runtime.block_on(serve(boot, options, stopped)).expect("it serves");
        });
        let run = rig.data_dir().join("run");
        let host = until("it says where it listens", async || announced(&run)).await;
        Self { host, chance, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn host(&self) -> String {
        self.host.clone()
    }

    /// From now on every `n`th question of a handler panics; 0 is none.
    pub(super) fn panics_every(&self, n: usize) {
        self.chance.arm(n, false);
    }

    /// The `n`th question of a handler from now on panics, and no other.
    pub(super) fn panics_at(&self, n: usize) {
        self.chance.arm(n, true);
    }

    pub(super) fn n_panics(&self) -> usize {
        self.chance.n_panics.load(Ordering::SeqCst)
    }

    pub(super) async fn stop(mut self) {
        drop(self.stop.take());
        let thread = self.thread.take().expect("it runs");
        tokio::task::spawn_blocking(move || thread.join().expect("it ended well")).await.unwrap();
    }
}

// === impl Chance ===

impl Chance {
    fn arm(&self, n: usize, once: bool) {
        self.asked.store(0, Ordering::SeqCst);
        self.once.store(once, Ordering::SeqCst);
        self.every.store(n, Ordering::SeqCst);
    }
}

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        let every = self.every.load(Ordering::SeqCst);
        if every > 0 && is_serving() {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let is_due = asked.is_multiple_of(every)
                && (asked == every || !self.once.load(Ordering::SeqCst));
            if is_due {
                self.n_panics.fetch_add(1, Ordering::SeqCst);
                panic!("on purpose");
            }
        }
        self.inner.fill(buffer);
    }
}

// === impl Surroundings ===

impl Env for Surroundings {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn config_dir(&self) -> Option<PathBuf> {
        None
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn data_home(&self) -> Option<PathBuf> {
        None
    }
}

fn is_serving() -> bool {
    std::thread::current().name().is_some_and(|it| it.starts_with(SERVING))
}

/// The address in the file that tells of a gateway.
fn announced(run: &std::path::Path) -> Option<String> {
    for entry in std::fs::read_dir(run).ok()?.flatten() {
        if entry.path().extension().is_some_and(|it| it == "gateway") {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            let (_, rest) = text.split_once("http://")?;
            let end = rest.find(|it: char| !(it.is_ascii_digit() || it == '.' || it == ':'));
            return Some(rest[..end.unwrap_or(rest.len())].to_owned())
                .filter(|it| it.contains(':'));
        }
    }
    None
}

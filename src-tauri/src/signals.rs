//! The signals that ask the program to stop.
//!
//! Owns: which they are, and that a second one does not wait.
//! Must not know: what has to end before the program may.

#[cfg(unix)]
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

/// What a shell shows for a process that SIGTERM or Ctrl-C ended.
#[cfg(unix)]
const TERMINATED: i32 = 143;
const INTERRUPTED: i32 = 130;

/// Ready at the first SIGTERM or Ctrl-C: what is in flight may then end. A second one, of either
/// kind, ends the process at once. Signals are listened for from the call on, not only once the
/// answer is waited for. Must be called on a runtime.
pub fn stopped() -> impl Future<Output = ()> {
    let (signals, mut received) = mpsc::unbounded_channel();
    #[cfg(unix)]
    for (kind, code) in
        [(SignalKind::terminate(), TERMINATED), (SignalKind::interrupt(), INTERRUPTED)]
    {
        let Ok(mut signal) = tokio::signal::unix::signal(kind) else { continue };
        let signals = signals.clone();
        tokio::spawn(async move {
            while signal.recv().await.is_some() && signals.send(code).is_ok() {}
        });
    }
    #[cfg(not(unix))]
    {
        let signals = signals.clone();
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && signals.send(INTERRUPTED).is_ok() {}
        });
    }
    drop(signals);
    async move {
        if received.recv().await.is_none() {
            // No signal can be heard of: whoever waits for it stops in another way.
            return std::future::pending().await;
        }
        log::info!("stopping: what is in flight is answered first");
        tokio::spawn(async move {
            if let Some(code) = received.recv().await {
                std::process::exit(code);
            }
        });
    }
}

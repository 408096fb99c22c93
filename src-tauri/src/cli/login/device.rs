//! Sign-in by a code that is confirmed at any device (RFC 8628).
//!
//! Owns: code, link, QR and countdown; that a machine that slept or lost its network goes on.
//! Must not know: the sign-in service.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::ProgressBar;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::{Value, json};

use super::{ended, interrupted};
use crate::cli::browser;
use crate::cli::failure::{Failure, Result};
use crate::cli::names::text;
use crate::cli::session::{Session, tell};
use crate::cli::working::spinner;
use crate::clock::Timestamp;

/// What the service asks for where it does not say.
const INTERVAL: u64 = 5;

/// Signs in and gives back the account's id.
pub(super) async fn sign_in(session: &Session, mut ask: Value, open: bool) -> Result<String> {
    ask["flow"] = json!("device");
    let started = session.call_telling("starting the sign-in", "start_login", ask).await?;
    show(session, &started, open);
    let seconds = started["expires_in"].as_u64().unwrap_or(600);
    // By the wall clock: a machine that slept knows that the time went on.
    let ends = session.now().plus(Duration::from_secs(seconds));
    let line = std::io::stderr().is_terminal().then(|| spinner(String::new(), "{spinner} {msg}"));
    let polled = poll(session, &started, ends, line.as_ref());
    let outcome = tokio::select! {
        outcome = polled => outcome,
        _ = tokio::signal::ctrl_c() => Err(interrupted(session, &started["login_id"]).await),
    };
    if let Some(line) = line {
        line.finish_and_clear();
    }
    outcome
}

async fn poll(
    session: &Session,
    started: &Value,
    ends: Timestamp,
    line: Option<&ProgressBar>,
) -> Result<String> {
    let login = json!({ "login_id": started["login_id"] });
    let mut interval = started["interval"].as_u64().unwrap_or(INTERVAL);
    loop {
        wait(session, interval, ends, line).await;
        match session.call("poll_login", &login).await {
            Ok(state) if state["state"] == "pending" => {
                interval = state["interval"].as_u64().unwrap_or(INTERVAL);
            }
            Ok(state) => return ended(&state),
            // The network may be coming back after a sleep.
            Err(failure) if may_pass(&failure) && session.now() < ends => interval = INTERVAL,
            Err(failure) => return Err(failure),
        }
    }
}

/// Counts down, second by second.
async fn wait(session: &Session, seconds: u64, ends: Timestamp, line: Option<&ProgressBar>) {
    let until = session.now().plus(Duration::from_secs(seconds));
    while session.now() < until {
        if let Some(line) = line {
            let left = ends.since(session.now()).as_secs();
            line.set_message(format!(
                "waiting for you to confirm, {}:{:02} left (Ctrl-C cancels)",
                left / 60,
                left % 60
            ));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn may_pass(failure: &Failure) -> bool {
    matches!(failure.kind.as_str(), "upstream" | "store" | "refresh_failed")
}

fn show(session: &Session, started: &Value, open: bool) {
    let link = text(&started["verification_uri"]);
    let complete = text(&started["verification_uri_complete"]);
    let direct = if complete.is_empty() { &link } else { &complete };
    tell(&format!("Open   {link}\nEnter  {}", text(&started["user_code"])));
    if direct != &link {
        tell(&format!("or     {direct}"));
    }
    if !std::io::stderr().is_terminal() {
        return;
    }
    if let Some(qr) = qr(direct) {
        tell(&format!("\n{qr}"));
    }
    if open && browser::open(&*session.boot.env, direct) {
        tell("Your browser should show it now.");
    }
}

/// The link for a phone's camera: light on dark terminals, as narrow as it can be.
fn qr(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, qrcode::EcLevel::L).ok()?;
    let mut image = code.render::<Dense1x2>();
    Some(image.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::Boot;
    use crate::clock::{ManualClock, Rand};
    use crate::config::env::ProcessEnv;

    /// A suspended machine's wall clock goes on, the clock that sleeps are measured by does not.
    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_asks_as_soon_as_it_wakes() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_763_700_000_000)));
        let (env, entropy) = (Arc::new(ProcessEnv), Arc::new(Rand::seeded(1)));
        let session = Session::new(Boot { env, clock: clock.clone(), entropy }, true).unwrap();
        let ends = session.now().plus(Duration::from_secs(600));
        let start = tokio::time::Instant::now();
        let slept = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            clock.advance(Duration::from_secs(300));
        };
        tokio::join!(wait(&session, 60, ends, None), slept);
        assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
    }

    #[test]
    fn the_picture_fits_a_terminal() {
        let link = format!("https://auth.example.test/device?user_code={}", "A".repeat(40));
        let picture = qr(&link).unwrap();
        assert!(picture.lines().count() > 10);
        assert!(picture.lines().all(|it| it.chars().count() <= 80), "{picture}");
    }
}

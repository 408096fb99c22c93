//! A streamed answer on its way to the client.
//!
//! Owns: [`Pump`]: upstream is read only when the client takes, a silent one is waited for with signs
//! of life and not for ever, and the loan is given back with what is true of the end.
//! Must not know: what bytes mean, HTTP servers.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use droid_protocol::fault::Fault;
use futures_util::Stream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::attempt::{Attempt, Ended};
use super::entry::Entry;
use super::reader::Reader;
use crate::broker::Outcome;
use crate::upstream::Incoming;

/// The body of a streamed answer. It reads no further ahead than one piece; dropped, it ends the
/// request upstream and gives the loan back.
pub struct Pump {
    reader: Box<Reader>,
    incoming: Option<Incoming>,
    attempt: Attempt,
    entry: Entry,
    /// Read already, not yet taken.
    first: Option<Bytes>,
    /// Read in this turn; sent when nothing more is there at once.
    gathered: BytesMut,
    /// Whether the task behind upstream's connection, if it has one, had a turn since the last piece.
    looked: bool,
    ping: Duration,
    idle: Duration,
    /// When upstream last said something, and when the client was last sent something.
    heard: Instant,
    sent: Instant,
    /// Armed when there is something to wait for.
    alarm: Option<Pin<Box<Sleep>>>,
    first_token: Option<Duration>,
    /// Counted and given back.
    settled: bool,
    /// The end waits for this: the place is free then.
    stored: Option<oneshot::Receiver<()>>,
}

/// The most that is gathered into one piece, in bytes: about what a connection takes at once.
const MOST_GATHERED: usize = 16 * 1024;

/// How long the end of the connection is waited for behind the end of the answer, so that the
/// connection can be used again.
const LINGER: Duration = Duration::from_millis(500);

// === impl Pump ===

impl Pump {
    pub(super) fn new(
        (reader, first, incoming): (Box<Reader>, Bytes, Incoming),
        attempt: Attempt,
        entry: Entry,
        (ping, idle): (Duration, Duration),
    ) -> Self {
        let now = Instant::now();
        let mut pump = Self {
            reader,
            incoming: Some(incoming),
            attempt,
            entry,
            first: Some(first).filter(|it| !it.is_empty()),
            gathered: BytesMut::new(),
            looked: false,
            ping,
            idle,
            heard: now,
            sent: now,
            alarm: None,
            first_token: None,
            settled: false,
            stored: None,
        };
        pump.note();
        pump
    }

    /// Looks at what was read last: the first content, the end.
    fn note(&mut self) {
        if self.first_token.is_none() && self.reader.has_content() {
            self.first_token = Some(self.attempt.started().elapsed());
        }
        if self.reader.ended().is_some() {
            let outcome = self.reader.fault().map_or(Outcome::Success, Outcome::Fault);
            self.settle(outcome);
        }
    }

    /// Gives the loan back and notes the request, once.
    fn settle(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        // It is waited for something else from now on.
        self.alarm = None;
        let usage = self.reader.usage();
        let waits = self.attempt.has_place();
        self.entry.end(outcome.word(), usage, self.first_token);
        let stored = self.attempt.end(Ended { outcome, usage, first_token: self.first_token });
        self.stored = stored.filter(|_| waits);
    }

    /// Upstream says nothing more.
    fn close(&mut self, last: Bytes) -> Option<Bytes> {
        self.incoming = None;
        self.alarm = None;
        self.note();
        (!last.is_empty()).then_some(last)
    }

    /// When to look up from waiting.
    fn wake_at(&self) -> Instant {
        if self.settled {
            return self.heard + LINGER;
        }
        (self.sent.max(self.heard) + self.ping).min(self.heard + self.idle)
    }

    /// What is to be done now that nothing came until `wake_at`: the last bytes, a sign of life, or
    /// nothing yet.
    fn wake(&mut self) -> Option<Bytes> {
        let now = Instant::now();
        if self.settled && now >= self.heard + LINGER {
            return self.close(Bytes::new());
        }
        if now >= self.heard + self.idle {
            let seconds = self.idle.as_secs();
            let text = format!("upstream was silent for {seconds} s and is no longer waited for");
            let last = self.reader.break_off(&text);
            return self.close(last);
        }
        if !self.settled && now >= self.sent.max(self.heard) + self.ping {
            self.sent = now;
            return Some(self.reader.keepalive());
        }
        None
    }

    /// What has come, in one piece: each written by itself costs as much as many. A connection that
    /// has a task of its own hands over a piece at a time: it is given one turn to hand over the next.
    /// Nothing is waited for that is not there.
    fn poll_gathered(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match self.poll_upstream(context) {
                Poll::Ready(Some(out)) => {
                    self.looked = false;
                    // A long one costs little by itself, and is not copied.
                    if self.gathered.is_empty() && out.len() >= MOST_GATHERED {
                        return Poll::Ready(Some(out));
                    }
                    self.gathered.extend_from_slice(&out);
                    if self.gathered.len() >= MOST_GATHERED {
                        return Poll::Ready(Some(self.gathered.split().freeze()));
                    }
                }
                Poll::Ready(None) => {
                    let rest = self.gathered.split().freeze();
                    return Poll::Ready(Some(rest).filter(|it| !it.is_empty()));
                }
                Poll::Pending if self.gathered.is_empty() => return Poll::Pending,
                Poll::Pending if self.looked || !self.has_task() => {
                    return Poll::Ready(Some(self.gathered.split().freeze()));
                }
                Poll::Pending => {
                    self.looked = true;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }

    fn has_task(&self) -> bool {
        self.incoming.as_ref().is_some_and(Incoming::has_task)
    }

    /// The client's next bytes from upstream's; none at the end.
    fn poll_upstream(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while let Some(incoming) = &mut self.incoming {
            let out = match incoming.poll_chunk(context) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.heard = Instant::now();
                    let out = self.reader.push(chunk);
                    self.note();
                    out
                }
                Poll::Ready(Some(Err(_))) if self.settled => {
                    self.close(Bytes::new());
                    break;
                }
                Poll::Ready(Some(Err(error))) => {
                    let text = format!("the upstream stream broke off: {}", error.text);
                    let last = self.reader.break_off(&text);
                    return Poll::Ready(self.close(last));
                }
                Poll::Ready(None) => {
                    let last = self.reader.end();
                    return Poll::Ready(self.close(last));
                }
                Poll::Pending => match ready!(self.poll_alarm(context)) {
                    Some(out) => out,
                    None => continue,
                },
            };
            if !out.is_empty() {
                return Poll::Ready(Some(out));
            }
        }
        Poll::Ready(None)
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let at = self.wake_at();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(at)));
        // What came meanwhile moved the moment: the alarm is set anew only when it has rung.
        ready!(alarm.as_mut().poll(context));
        if Instant::now() < at {
            alarm.as_mut().reset(at);
            return alarm.as_mut().poll(context).map(|()| None);
        }
        let out = self.wake();
        let at = self.wake_at();
        if let Some(alarm) = &mut self.alarm {
            alarm.as_mut().reset(at);
        }
        Poll::Ready(out)
    }
}

impl Stream for Pump {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let pump = self.get_mut();
        if let Some(first) = pump.first.take() {
            return Poll::Ready(Some(first));
        }
        if let Some(out) = ready!(pump.poll_gathered(context)) {
            pump.sent = Instant::now();
            return Poll::Ready(Some(out));
        }
        if let Some(stored) = &mut pump.stored {
            let _ = ready!(Pin::new(stored).poll(context));
            pump.stored = None;
        }
        Poll::Ready(None)
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        // Whatever was used till then counts.
        self.settle(Outcome::Fault(Fault::client_closed()));
    }
}

impl fmt::Debug for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump").field("settled", &self.settled).finish_non_exhaustive()
    }
}

//! From lines to answers.
//!
//! Owns: finding the method, running calls side by side, their bound, batches, notifications.
//! Must not know: what a method does, pipes.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use droid_protocol::fault::clean_text;
use futures_util::FutureExt;
use jsonrpsee::core::server::{MethodCallback, Methods};
use jsonrpsee::types::{ErrorObjectOwned, Id, Params};
use jsonrpsee::{ConnectionId, Extensions};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::message::{self, BadCall, Call, Line, NO_ID};
use super::stdio::{Input, Output};
use crate::api::error::{self, INTERNAL, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE};

/// Calls that may wait for something at the same time. A further one is read when one ends.
const CONCURRENT: usize = 1024;

/// Answers are handed on together, at most this many bytes of them: waking the writer for each
/// costs more than most answers do.
const TOGETHER: usize = 32 * 1024;

/// How jsonrpsee begins an answer to the null id we call it with; what follows is the body.
const PREFIX: &str = "{\"jsonrpc\":\"2.0\",\"id\":null,";

type Answer = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// Answers input until it ends or nobody reads the answers, then waits for what is in flight.
pub async fn run(
    methods: Methods,
    mut input: mpsc::Receiver<Input>,
    output: Output,
    stop: impl Future<Output = ()>,
) {
    let (waiting, ready) = (JoinSet::new(), String::new());
    let mut dispatcher = Dispatcher { methods, output, waiting, ready };
    let mut stop = std::pin::pin!(stop);
    loop {
        let input = tokio::select! {
            biased;
            () = &mut stop => break,
            () = dispatcher.output.closed() => {
                log::warn!("nobody reads the answers any more: the end");
                break;
            }
            Some(done) = dispatcher.waiting.join_next() => {
                dispatcher.ended(done.ok().flatten()).await;
                continue;
            }
            input = input.recv() => input,
        };
        match input {
            None => break,
            Some(Input::Lines(block)) => dispatcher.block(&block).await,
            Some(Input::TooLong) => dispatcher.refuse("the line is longer than 64 MiB").await,
            Some(Input::Failed(error)) => {
                log::warn!("reading calls failed: {error}");
                break;
            }
        }
    }
    while let Some(done) = dispatcher.waiting.join_next().await {
        dispatcher.ended(done.ok().flatten()).await;
    }
}

struct Dispatcher {
    methods: Methods,
    output: Output,
    waiting: JoinSet<Option<String>>,
    /// Answers that were not handed on yet, each with its line end.
    ready: String,
}

// === impl Dispatcher ===

impl Dispatcher {
    async fn block(&mut self, block: &[u8]) {
        for line in block.split(|it| *it == b'\n') {
            match message::parse(line) {
                None => {}
                Some(Err(bad)) => self.answer(Some(refusal(&bad))).await,
                Some(Ok(Line::Single(call))) => self.single(call).await,
                Some(Ok(Line::Batch(calls))) => self.batch(calls).await,
            }
        }
        self.hand_on().await;
    }

    async fn single(&mut self, call: Result<Call<'_>, BadCall<'_>>) {
        let answer = start(&self.methods, call);
        self.finish(answer).await;
    }

    async fn batch(&mut self, calls: Vec<Result<Call<'_>, BadCall<'_>>>) {
        let answers: Vec<Answer> = calls.into_iter().map(|it| start(&self.methods, it)).collect();
        let joined = async move {
            let answers: Vec<String> =
                futures_util::future::join_all(answers).await.into_iter().flatten().collect();
            (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")))
        };
        self.finish(Box::pin(joined)).await;
    }

    /// Runs a call as far as it goes without waiting, in the order calls came: most end here, and
    /// chunks of one stream keep their order. One that waits goes on beside the others.
    async fn finish(&mut self, mut answer: Answer) {
        if let Poll::Ready(line) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return self.answer(line).await;
        }
        while self.waiting.len() >= CONCURRENT
            && let Some(done) = self.waiting.join_next().await
        {
            self.ended(done.ok().flatten()).await;
        }
        self.waiting.spawn(answer);
    }

    /// A call that waited has ended; those that ended meanwhile are answered with it.
    async fn ended(&mut self, line: Option<String>) {
        self.answer(line).await;
        while let Some(done) = self.waiting.try_join_next() {
            self.answer(done.ok().flatten()).await;
        }
        self.hand_on().await;
    }

    async fn refuse(&mut self, message: &str) {
        let line = error_line(NO_ID, &error::envelope(INVALID_REQUEST, message));
        self.answer(Some(line)).await;
        self.hand_on().await;
    }

    async fn answer(&mut self, line: Option<String>) {
        let Some(line) = line else { return };
        self.ready.push_str(&line);
        self.ready.push('\n');
        if self.ready.len() >= TOGETHER {
            self.hand_on().await;
        }
    }

    async fn hand_on(&mut self) {
        if !self.ready.is_empty() {
            self.output.send(std::mem::take(&mut self.ready)).await;
        }
    }
}

/// Begins a call; the future answers the line to send, none for a notification.
fn start(methods: &Methods, call: Result<Call<'_>, BadCall<'_>>) -> Answer {
    let call = match call {
        Ok(call) => call,
        Err(bad) => {
            let line = refusal(&bad);
            return Box::pin(async { Some(line) });
        }
    };
    let id = call.id.map(str::to_owned);
    let params = Params::new(call.params);
    let (context, unbounded) = (Extensions::new(), usize::MAX);
    let response = match methods.method(&call.method) {
        Some(MethodCallback::Sync(method)) => {
            let called = std::panic::catch_unwind(AssertUnwindSafe(|| {
                method(Id::Null, params, unbounded, context).into_json()
            }));
            futures_util::future::ready(called).boxed()
        }
        Some(MethodCallback::Async(method)) => {
            let owned = params.into_owned();
            let called = method(Id::Null, owned, ConnectionId(0), unbounded, context);
            AssertUnwindSafe(called.map(|it| it.into_json())).catch_unwind().boxed()
        }
        _ => {
            let line = id.map(|id| {
                let message = format!("there is no method `{}`", shortened(&call.method));
                error_line(&id, &error::envelope(METHOD_NOT_FOUND, &message))
            });
            return Box::pin(async { line });
        }
    };
    Box::pin(async move {
        let response = response.await;
        let id = id?;
        let Ok(json) = response else {
            log::error!("a method panicked");
            let message = "internal error: this call met a defect of the program";
            return Some(error_line(&id, &error::envelope(INTERNAL, message)));
        };
        // jsonrpsee's ids are unsigned: the caller's own spelling is put back here.
        Some(message::answer(&id, json.get().strip_prefix(PREFIX)?))
    })
}

fn refusal(bad: &BadCall<'_>) -> String {
    let code = if bad.not_json { PARSE } else { INVALID_REQUEST };
    error_line(bad.id, &error::envelope(code, &bad.message))
}

fn error_line(id: &str, error: &ErrorObjectOwned) -> String {
    let body = serde_json::to_string(error)
        .unwrap_or_else(|_| format!("{{\"code\":{INTERNAL},\"message\":\"internal error\"}}"));
    message::answer(id, &format!("\"error\":{body}}}"))
}

/// An unknown method's name is the caller's text: enough of it to find the mistake.
fn shortened(name: &str) -> String {
    clean_text(name).chars().take(64).collect()
}

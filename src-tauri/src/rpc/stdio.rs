//! Lines from stdin, lines to stdout.
//!
//! Owns: the two threads that block on the pipes, the longest line, and stdout itself.
//! Must not know: JSON, methods.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The longest line that is read: 64 MiB (design section 6.1).
pub const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Blocks of input waiting to be handled: enough to keep the handler busy, few enough that a fast
/// writer is held back by the pipe.
const INPUT_BLOCKS: usize = 4;

/// Blocks of answers waiting to be written: so many...
const OUTPUT_BLOCKS: usize = 256;

/// ...and so many bytes, or one answer that is longer: a host that reads slowly must not make the
/// program grow.
const OUTPUT_BYTES: usize = 2 * 1024 * 1024;

/// Read at most this much at once.
const READ_SIZE: usize = 256 * 1024;

/// What the reader found. Lines hold whatever a host sends: Debug shows their length.
pub enum Input {
    /// One or more whole lines, each with its line end but perhaps the last one of the input.
    Lines(Vec<u8>),
    /// A line longer than [`LONGEST_LINE`] was passed over.
    TooLong,
    /// Reading failed; what the operating system said.
    Failed(std::io::Error),
}

// === impl Input ===

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines(block) => f.debug_tuple("Lines").field(&block.len()).finish(),
            Self::TooLong => f.write_str("TooLong"),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

/// Where answers go. Clones are the same.
#[derive(Clone)]
pub struct Output {
    blocks: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

/// Answers and their place among [`OUTPUT_BYTES`].
struct Waiting {
    block: String,
    _room: Option<OwnedSemaphorePermit>,
}

// === impl Output ===

impl Output {
    /// Queues whole lines once there is room. What nobody will read is dropped.
    pub async fn send(&self, block: String) {
        let wanted = u32::try_from(block.len().min(OUTPUT_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(wanted).await.ok();
        drop(self.blocks.send(Waiting { block, _room: room }).await);
    }

    /// Ready when nobody reads any more.
    pub async fn closed(&self) {
        self.blocks.closed().await;
    }
}

/// Reads until the end of `source` on a thread of its own. The channel closes at the end.
pub fn read_lines(mut source: impl Read + Send + 'static) -> mpsc::Receiver<Input> {
    let (sender, receiver) = mpsc::channel(INPUT_BLOCKS);
    spawn("stdin", move || {
        let mut lines = LineBlocks::default();
        let mut buffer = vec![0; READ_SIZE];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => {
                    for input in lines.push(buffer.get(..n).unwrap_or_default()) {
                        if sender.blocking_send(input).is_err() {
                            return;
                        }
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // The receiver hears of it or has gone; either way reading is over.
                    drop(sender.blocking_send(Input::Failed(error)));
                    return;
                }
            }
        }
        if let Some(rest) = lines.finish() {
            drop(sender.blocking_send(rest));
        }
    });
    receiver
}

/// Writes what is sent, whole lines, on a thread of its own. The thread ends when every [`Output`]
/// is gone or the other side closed the pipe; the receiver tells when all is written.
pub fn write_lines(mut sink: impl Write + Send + 'static) -> (Output, oneshot::Receiver<()>) {
    let (blocks, mut receiver) = mpsc::channel::<Waiting>(OUTPUT_BLOCKS);
    let (ended, end) = oneshot::channel();
    spawn("stdout", move || {
        while let Some(waiting) = receiver.blocking_recv() {
            let written = sink.write_all(waiting.block.as_bytes()).and_then(|()| sink.flush());
            if written.is_err() {
                break;
            }
        }
        drop(ended);
    });
    (Output { blocks, room: Arc::new(Semaphore::new(OUTPUT_BYTES)) }, end)
}

/// Cuts bytes into blocks of whole lines; a partial line is looked at once, not again with every
/// read.
#[derive(Default)]
struct LineBlocks {
    partial: Vec<u8>,
    skipping: bool,
}

// === impl LineBlocks ===

impl LineBlocks {
    fn push(&mut self, bytes: &[u8]) -> Vec<Input> {
        let mut found = Vec::new();
        let mut rest = bytes;
        if self.skipping {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                return found;
            };
            self.skipping = false;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        if let Some(last) = memchr::memrchr(b'\n', rest) {
            let (whole, tail) = rest.split_at(last + 1);
            let first = memchr::memchr(b'\n', whole).unwrap_or(last);
            let mut block = std::mem::take(&mut self.partial);
            if block.len() + first > LONGEST_LINE {
                found.push(Input::TooLong);
                block = whole.get(first + 1..).unwrap_or_default().to_vec();
            } else {
                block.extend_from_slice(whole);
            }
            if !block.is_empty() {
                found.push(Input::Lines(block));
            }
            rest = tail;
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > LONGEST_LINE {
            self.partial = Vec::new();
            self.skipping = true;
            found.push(Input::TooLong);
        }
        found
    }

    fn finish(self) -> Option<Input> {
        (!self.partial.is_empty()).then_some(Input::Lines(self.partial))
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    // Without the thread the channel closes at once and the program ends as at the end of input.
    drop(thread::Builder::new().name(name.to_owned()).spawn(work));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(inputs: Vec<Input>) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for input in inputs {
            match input {
                Input::Lines(block) => {
                    lines.extend(block.split_inclusive(|it| *it == b'\n').map(<[u8]>::to_vec))
                }
                Input::TooLong => lines.push(b"TOO LONG".to_vec()),
                Input::Failed(error) => panic!("{error}"),
            }
        }
        lines
    }

    #[test]
    fn a_line_over_the_limit_is_passed_over_and_the_next_one_is_read() {
        let mut blocks = LineBlocks::default();
        let mut found = Vec::new();
        let piece = vec![b'x'; 16 * 1024 * 1024];
        for _ in 0..4 {
            found.extend(blocks.push(&piece));
        }
        found.extend(blocks.push(b"x\nping\npa"));
        found.extend(blocks.push(b"rt"));
        found.extend(blocks.finish());
        assert_eq!(lines_of(found), [&b"TOO LONG"[..], b"ping\n", b"part"]);
    }

    /// A pipe nobody reads, until the other end of the channel is dropped.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // An error says that the test let go.
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_nobody_reads_wait_in_bounded_room() {
        let (lets_go, stuck) = std::sync::mpsc::channel();
        let (output, writer) = write_lines(Stuck(stuck));
        let filling = async {
            for n in 0.. {
                let sent = output.send("x".repeat(OUTPUT_BYTES / 4));
                if tokio::time::timeout(std::time::Duration::from_secs(60), sent).await.is_err() {
                    return n;
                }
            }
            0
        };
        // What is in the writer's hands, and what waits.
        let n_sent = filling.await;
        assert!((4..=9).contains(&n_sent), "{n_sent}");
        // Longer than all the room: sent alone, not refused.
        drop(lets_go);
        output.send("y".repeat(3 * OUTPUT_BYTES)).await;
        drop(output);
        assert!(writer.await.is_err(), "nothing is ever sent: it ends with the writer");
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(
            text in "[a-c\n]{0,60}",
            cuts in proptest::collection::vec(0usize..60, 0..8),
        ) {
            let mut blocks = LineBlocks::default();
            let mut found = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|it| *it <= text.len()).collect();
            cuts.sort_unstable();
            let mut start = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                found.extend(blocks.push(&text.as_bytes()[start..cut]));
                start = cut;
            }
            found.extend(blocks.finish());
            let expected: Vec<Vec<u8>> = text
                .as_bytes()
                .split_inclusive(|it| *it == b'\n')
                .map(<[u8]>::to_vec)
                .collect();
            prop_assert_eq!(lines_of(found), expected);
        }
    }
}

//! Answers in any cutting, of any framing, whole and broken; what a connection is good for after.

use std::collections::VecDeque;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// The other side as a list of pieces, a read each; then it waits, or closes.
struct Script {
    pieces: VecDeque<Vec<u8>>,
    closes: bool,
    sent: Vec<u8>,
    /// How many bytes are taken of what is sent, in all and at once.
    takes: usize,
    most: usize,
    /// How many more it takes once a piece of it was read.
    then_takes: usize,
}

fn script(pieces: &[&[u8]]) -> Script {
    let pieces = pieces.iter().map(|it| it.to_vec()).collect();
    Script {
        pieces,
        closes: true,
        sent: Vec::new(),
        takes: usize::MAX,
        most: usize::MAX,
        then_takes: 0,
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.pieces.pop_front() {
            Some(mut piece) => {
                self.takes = self.takes.saturating_add(self.then_takes);
                let more = piece.split_off(piece.len().min(buffer.remaining()));
                if !more.is_empty() {
                    self.pieces.push_front(more);
                }
                buffer.put_slice(&piece);
                Poll::Ready(Ok(()))
            }
            None if self.closes => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let n = bytes.len().min(self.takes).min(self.most);
        if n == 0 {
            return Poll::Pending;
        }
        self.takes -= n;
        self.sent.extend_from_slice(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn ask_with(stream: Script, body: &[u8]) -> io::Result<Answer<Body<Script>>> {
    let to = Uri::from_static("http://host.example:8080/a/b?c=d");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer token"));
    headers.insert("x-one", HeaderValue::from_static("1"));
    post(stream, &to, &headers, &[Bytes::copy_from_slice(body)]).await
}

/// What an answer is: its status, its body, whether its connection serves again.
async fn ask(stream: Script) -> io::Result<(u16, Vec<u8>, bool)> {
    let answer = ask_with(stream, b"{}").await?;
    let mut body = answer.body;
    let mut all = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|it| body.poll_chunk(it)).await {
        let chunk = chunk?;
        assert!(!chunk.is_empty());
        all.extend_from_slice(&chunk);
    }
    Ok((answer.status.as_u16(), all, body.spare().is_some()))
}

async fn told(pieces: &[&[u8]]) -> Result<(u16, String, bool), String> {
    let asked = ask(script(pieces)).await;
    asked.map(|(s, b, a)| (s, String::from_utf8(b).unwrap(), a)).map_err(|it| it.to_string())
}

fn is(status: u16, body: &str, again: bool) -> Result<(u16, String, bool), String> {
    Ok((status, body.to_owned(), again))
}

#[tokio::test]
async fn a_request_is_written_as_http() {
    let stream = script(&[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]);
    let mut answer = ask_with(stream, b"{\"a\":1}").await.unwrap();
    let sent = answer.body.spare().unwrap_or_else(|| panic!("kept")).sent;
    let sent = String::from_utf8(sent).unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let lines: Vec<_> = head.split("\r\n").collect();
    let wanted = [
        "POST /a/b?c=d HTTP/1.1",
        "host: host.example:8080",
        "authorization: Bearer token",
        "x-one: 1",
        "content-length: 7",
    ];
    assert_eq!(lines, wanted);
    assert_eq!(body, "{\"a\":1}");
}

#[tokio::test]
async fn a_body_in_pieces_is_one_body() {
    let mut stream = script(&[b"HTTP/1.1 204 No\r\n\r\n"]);
    stream.most = 3;
    let pieces = ["", "{\"a\":", "1", "", "}"].map(|it| Bytes::from_static(it.as_bytes()));
    let to = Uri::from_static("http://h");
    let mut answer = post(stream, &to, &HeaderMap::new(), &pieces).await.unwrap();
    let sent = String::from_utf8(answer.body.spare().unwrap().sent).unwrap();
    assert!(sent.ends_with("content-length: 7\r\n\r\n{\"a\":1}"), "{sent}");
}

#[tokio::test]
async fn each_framing_has_its_end() {
    for (answer, wanted) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", is(200, "hello", true)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", is(200, "", true)),
        ("HTTP/1.1 204 No\r\n\r\n", is(204, "", true)),
        ("HTTP/1.1 101 Other\r\nupgrade: x\r\n\r\n", is(101, "", false)),
        ("HTTP/1.1 304 No\r\ncontent-length: 9\r\n\r\n", is(304, "", true)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
            is(200, "hello", true),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n",
            is(200, "hello", true),
        ),
        ("HTTP/1.1 200 OK\r\n\r\nhello", is(200, "hello", false)),
        ("HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", is(200, "hello", false)),
        (
            "HTTP/1.1 500 X\r\nConnection: x, Close\r\ncontent-length: 2\r\n\r\nno",
            is(500, "no", false),
        ),
        ("HTTP/1.1 302 Y\r\nlocation: /z\r\ncontent-length: 2\r\n\r\nno", is(302, "no", true)),
        ("HTTP/1.1 302 Y\r\nlocation: /z\r\ncontent-length: 0\r\n\r\n", is(302, "", true)),
        (
            "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1",
            is(200, "1", true),
        ),
    ] {
        assert_eq!(told(&[answer.as_bytes()]).await, wanted, "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_could_be_out_of_step_serves_no_other_request() {
    for answer in [
        // Something behind the end, at once and later.
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nx",
        // Two lengths.
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        assert_eq!(told(&[answer.as_bytes()]).await, is(200, "hello", false), "{answer}");
    }
    let late = told(&[b"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200"]).await;
    assert_eq!(late, is(204, "", false));
}

#[tokio::test]
async fn what_is_cut_or_no_http_is_an_error() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
    ] {
        assert_eq!(told(&[answer.as_bytes()]).await, Err(CUT.to_owned()), "{answer}");
    }
    for answer in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\na",
    ] {
        let failed = told(&[answer.as_bytes()]).await.unwrap_err();
        assert!(failed.contains("valid"), "{answer}: {failed}");
    }
}

#[tokio::test]
async fn heads_and_lines_are_bounded() {
    let long = "x".repeat(LONGEST_HEAD + ROOM);
    let head = format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n");
    assert_eq!(
        told(&[head.as_bytes()]).await,
        Err("the head of the answer is too long".to_owned())
    );
    let line = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;{long}{long}");
    assert_eq!(told(&[line.as_bytes()]).await, Err("a line between chunks is too long".to_owned()));
}

#[tokio::test]
async fn an_answer_before_the_whole_request_is_taken() {
    let mut early = script(&[b"HTTP/1.1 413 Too Long\r\ncontent-length: 2\r\n\r\nno"]);
    early.takes = 1000;
    let body = vec![b'x'; 1 << 20];
    let mut answer = ask_with(early, &body).await.unwrap();
    assert_eq!(answer.status.as_u16(), 413);
    let chunk = std::future::poll_fn(|it| answer.body.poll_chunk(it)).await;
    assert_eq!(chunk.unwrap().unwrap(), "no");
    assert!(std::future::poll_fn(|it| answer.body.poll_chunk(it)).await.is_none());
    assert!(answer.body.spare().is_none(), "the other side waits for the rest of the body");
}

#[tokio::test]
async fn what_only_stands_before_an_answer_does_not_stop_the_request() {
    let interim: &[u8] = b"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n";
    let mut stream = script(&[interim, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]);
    (stream.takes, stream.then_takes) = (1000, usize::MAX);
    let body = vec![b'x'; 1 << 20];
    let mut answer = ask_with(stream, &body).await.unwrap();
    assert_eq!(answer.status.as_u16(), 200);
    let sent = answer.body.spare().unwrap_or_else(|| panic!("it serves again")).sent;
    assert!(sent.ends_with(&body));
}

#[tokio::test]
async fn nothing_is_read_before_it_is_asked_for() {
    let (near, mut far) = tokio::io::duplex(64);
    let asked = tokio::spawn(async move {
        post(near, &Uri::from_static("http://h"), &HeaderMap::new(), &[]).await
    });
    let mut head = vec![0; 4096];
    let mut got = 0;
    while !head[..got].ends_with(b"\r\n\r\n") {
        got += far.read(&mut head[got..]).await.unwrap();
    }
    far.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let mut body = asked.await.unwrap().unwrap().body;
    let writing = tokio::spawn(async move {
        far.write_all(&[b'x'; 1000]).await.unwrap();
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!writing.is_finished(), "64 bytes fit between the two");
    let mut n = 0;
    while let Some(chunk) = std::future::poll_fn(|it| body.poll_chunk(it)).await {
        n += chunk.unwrap().len();
    }
    assert_eq!(n, 1000);
}

#[tokio::test]
async fn a_quiet_connection_is_one_that_neither_ended_nor_speaks() {
    assert!(!is_quiet(&mut script(&[])));
    assert!(!is_quiet(&mut script(&[b"x"])));
    assert!(is_quiet(&mut Script { closes: false, ..script(&[]) }));
}

proptest! {
    /// However the network cuts an answer, it says the same.
    #[test]
    fn any_cutting_says_the_same(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
        framing in 0..3_usize,
        cuts in prop::collection::vec(1..30_usize, 1..60),
        interim in any::<bool>(),
    ) {
        let body = chunks.concat();
        let mut answer = if interim { b"HTTP/1.1 103 X\r\na: b\r\n\r\n".to_vec() } else { Vec::new() };
        match framing {
            0 => {
                answer.extend(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).bytes());
                answer.extend(&body);
            }
            1 => {
                answer.extend(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                for chunk in &chunks {
                    answer.extend(format!("{:X}\r\n", chunk.len()).bytes());
                    answer.extend(chunk);
                    answer.extend(b"\r\n");
                }
                answer.extend(b"0\r\n\r\n");
            }
            _ => {
                answer.extend(b"HTTP/1.1 200 OK\r\n\r\n");
                answer.extend(&body);
            }
        }
        let mut pieces = Vec::new();
        let mut rest = answer.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        pieces.retain(|it| !it.is_empty());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let got = runtime.block_on(ask(script(&pieces))).unwrap();
        prop_assert_eq!(got, (200, body, framing < 2));
    }

    /// Whatever comes, it ends: with an answer or an error.
    #[test]
    fn anything_ends(head in "HTTP/1.[019] [0-9]{1,3}( [a-z]{0,3})?\r\n(content-length: [0-9]{1,3}\r\n|transfer-encoding: chunked\r\n){0,2}\r\n", tail in prop::collection::vec(any::<u8>(), 0..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(ask(script(&[head.as_bytes(), &tail])));
    }
}

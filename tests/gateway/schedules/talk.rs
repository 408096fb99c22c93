//! A client that may leave at any moment, and that minds nothing.
//!
//! Owns: [`talk`].
//! Must not know: what it is answered.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gateway::ask::Ask;

/// When the client goes away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaves {
    /// Before it sent all of its body.
    InTheRequest,
    /// So long after it.
    BeforeTheAnswer(Duration),
    /// As soon as something of an answer came.
    InTheAnswer,
    /// After so many bytes of it.
    AfterBytes(usize),
    /// When the other side closes.
    AtTheEnd,
}

/// Asks, and leaves when it is time. Whatever becomes of the connection is well.
pub(super) async fn talk(host: &str, ask: &Ask, leaves: Leaves) {
    let body = ask.body().to_string();
    let mut head = format!("POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", ask.path());
    for (name, value) in &ask.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let sent = match leaves {
        Leaves::InTheRequest => &body[..body.len() / 2],
        _ => &body,
    };
    drop(exchange(host, &[head.as_bytes(), sent.as_bytes()].concat(), leaves).await);
}

async fn exchange(host: &str, bytes: &[u8], leaves: Leaves) -> io::Result<()> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(bytes).await?;
    let most = match leaves {
        Leaves::InTheRequest => return Ok(()),
        Leaves::BeforeTheAnswer(after) => {
            tokio::time::sleep(after).await;
            return Ok(());
        }
        Leaves::InTheAnswer => 1,
        Leaves::AfterBytes(n) => n,
        Leaves::AtTheEnd => usize::MAX,
    };
    let mut buffer = [0; 4096];
    let mut n_read = 0;
    while n_read < most {
        match stream.read(&mut buffer).await? {
            0 => break,
            n => n_read += n,
        }
    }
    Ok(())
}

//! A listener on this machine that waits for the browser to come back.
//!
//! Owns: [`Loopback`], the few lines of HTTP it needs, the page the person sees.
//! Must not know: what the callback is good for.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::callback::{self, Callback};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Where the browser is sent.
const PATH: &str = "/callback";
/// Longest request head that is read.
const MAX_HEAD: usize = 16 * 1024;
/// How long one connection may take to send its request: browsers open some that say nothing.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections looked at together; more wait in the queue of the operating system.
const MAX_CONNECTIONS: usize = 16;

/// One page of fixed text: nothing of the request is ever shown.
macro_rules! page {
    ($title_en:literal, $title_zh:literal, $text_en:literal, $text_zh:literal) => {
        concat!(
            "<!doctype html><meta charset=\"utf-8\"><title>droid-provider</title>",
            "<style>body{font:16px system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem;",
            "color-scheme:light dark}</style>",
            "<h1>",
            $title_en,
            " · ",
            $title_zh,
            "</h1><p>",
            $text_en,
            "</p><p>",
            $text_zh,
            "</p>"
        )
    };
}

/// Listens on 127.0.0.1 for one callback.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    port: u16,
}

// === impl Loopback ===

impl Loopback {
    /// Listens on the port; 0 takes any that is free.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the port cannot be used.
    pub async fn bind(port: u16) -> Result<Self> {
        let refuse = |error: std::io::Error| Error::invalid("port", format!("{port}: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refuse)?;
        let port = listener.local_addr().map_err(refuse)?.port();
        Ok(Self { listener, port })
    }

    /// What to send as `redirect_uri`.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for a callback that carries the state, and gives back its query. Anything else that
    /// comes is answered and forgotten, so that no other page can end the sign-in.
    ///
    /// # Errors
    /// [`Error::LoginOver`] when nothing came within `patience`.
    pub async fn receive(self, state: &Secret, patience: Duration) -> Result<Secret> {
        timeout(patience, self.first_of(state)).await.map_err(|_| Error::LoginOver {
            reason: "the browser did not come back in time".to_owned(),
        })
    }

    async fn first_of(self, state: &Secret) -> Secret {
        let (found, mut first) = mpsc::channel(1);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(query) = first.recv() => {
                    // The page is on its way to the browser: let it arrive.
                    let all = async { while connections.join_next().await.is_some() {} };
                    let _ = timeout(Duration::from_millis(250), all).await;
                    return query;
                }
                Some(_) = connections.join_next() => {}
                Ok((stream, _)) = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    let (state, found) = (state.clone(), found.clone());
                    connections.spawn(async move {
                        let _ = timeout(PATIENCE, answer(stream, &state, &found)).await;
                    });
                }
            }
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    state: &Secret,
    found: &mpsc::Sender<Secret>,
) -> std::io::Result<()> {
    let Some(target) = read_target(&mut stream).await? else {
        return Ok(());
    };
    let query = target.strip_prefix(PATH).and_then(|it| it.strip_prefix('?'));
    let (status, page) = match query.map(|it| callback::read(&format!("?{it}"), state)) {
        None => ("404 Not Found", NOT_HERE),
        Some(Ok(Callback::Code(_))) => ("200 OK", DONE),
        Some(Ok(Callback::Refused { .. })) => ("200 OK", REFUSED),
        Some(Err(_)) => ("400 Bad Request", FOREIGN),
    };
    let accepted = status.starts_with("200");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\r\n",
        page.len()
    );
    // The callback counts even if the browser no longer waits for the page.
    let written = stream.write_all(&[head.as_bytes(), page.as_bytes()].concat()).await;
    if accepted && let Some(query) = query {
        let _ = found.try_send(Secret::new(format!("?{query}")));
    }
    written?;
    stream.shutdown().await
}

/// The target of a GET, once the whole head is there; none for anything else.
async fn read_target(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        if head.len() >= MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(None);
        }
    }
    let line = head.split(|it| *it == b'\r').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else {
        return Ok(None);
    };
    let mut words = line.split(' ');
    let target = (words.next() == Some("GET")).then(|| words.next()).flatten();
    Ok(target.map(str::to_owned))
}

const DONE: &str = page!("Signed in", "已登录", "You can close this page.", "可以关闭此页面。");
const REFUSED: &str = page!(
    "Not signed in",
    "未登录",
    "The sign-in was refused. You can close this page and start again.",
    "登录被拒绝。可以关闭此页面后重新开始。"
);
const FOREIGN: &str = page!(
    "Not this sign-in",
    "不是这次登录",
    "This address belongs to another sign-in. Use the page of the latest one.",
    "此地址属于另一次登录。请使用最近一次打开的页面。"
);
const NOT_HERE: &str = page!("Nothing here", "这里没有内容", "", "");

#[cfg(test)]
mod tests;

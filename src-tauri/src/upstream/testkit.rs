//! Small servers on this machine for tests.
//!
//! Owns: an HTTP server of a few lines, an HTTP proxy and a SOCKS5 proxy, with counts of what they
//! saw.
//! Must not know: what is tested with them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// First line and headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What to answer: the raw bytes, head and all. Empty closes the connection without an answer.
type Handler = dyn Fn(&Request) -> Vec<u8> + Send + Sync;

/// An HTTP server; one request a connection.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    n_connections: Arc<AtomicUsize>,
}

/// A proxy that wants `user` and a password.
pub(crate) struct ProxyServer {
    pub(crate) address: SocketAddr,
    /// Connections let through.
    pub(crate) n_through: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(
        handler: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let handler: Arc<Handler> = Arc::new(handler);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            n_connections: Arc::default(),
        };
        let it = server.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                it.n_connections.fetch_add(1, Ordering::SeqCst);
                let (it, handler) = (it.clone(), handler.clone());
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else { return };
                    it.requests.lock().unwrap().push(request.clone());
                    let answer = handler(&request);
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        url::Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn n_connections(&self) -> usize {
        self.n_connections.load(Ordering::SeqCst)
    }
}

/// An answer with a JSON body.
pub(crate) fn answer(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl ProxyServer {
    /// An HTTP proxy that wants this `Proxy-Authorization`; it tunnels CONNECT and answers plain
    /// requests itself with 200.
    pub(crate) async fn http(authorization: &str) -> Self {
        let wanted = format!("proxy-authorization: {authorization}\r\n").to_lowercase();
        Self::start(move |mut stream| {
            let wanted = wanted.clone();
            async move {
                let request = read_request(&mut stream).await?;
                if !request.head.to_lowercase().contains(&wanted) {
                    let _ = stream.write_all(&answer(407, "")).await;
                    return None;
                }
                let target = request.head.strip_prefix("CONNECT ").map(|it| it.split(' ').next());
                if let Some(target) = target.flatten() {
                    let mut onward = TcpStream::connect(target).await.ok()?;
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
                    tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
                } else {
                    stream.write_all(&answer(200, "{}")).await.ok()?;
                }
                Some(())
            }
        })
        .await
    }

    /// A SOCKS5 proxy with user and password (RFC 1928, 1929).
    pub(crate) async fn socks5(user: &'static str, password: &'static str) -> Self {
        Self::start(move |mut stream| async move {
            let n_methods = stream.read_u16().await.ok()? & 0xff;
            let mut methods = vec![0; usize::from(n_methods)];
            stream.read_exact(&mut methods).await.ok()?;
            if !methods.contains(&2) {
                let _ = stream.write_all(&[5, 0xff]).await;
                return None;
            }
            stream.write_all(&[5, 2]).await.ok()?;
            stream.read_u8().await.ok()?;
            let given = (read_text(&mut stream).await?, read_text(&mut stream).await?);
            let good = given == (user.to_owned(), password.to_owned());
            stream.write_all(&[1, u8::from(!good)]).await.ok()?;
            if !good {
                return None;
            }
            let mut head = [0; 4];
            stream.read_exact(&mut head).await.ok()?;
            let host = match head[3] {
                1 => {
                    let mut ip = [0; 4];
                    stream.read_exact(&mut ip).await.ok()?;
                    std::net::Ipv4Addr::from(ip).to_string()
                }
                3 => read_text(&mut stream).await?,
                _ => return None,
            };
            let port = stream.read_u16().await.ok()?;
            let mut onward = TcpStream::connect((host, port)).await.ok()?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
            Some(())
        })
        .await
    }

    async fn start<F>(handle: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let n_through = Arc::<AtomicUsize>::default();
        let n = n_through.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handled, n) = (handle(stream), n.clone());
                tokio::spawn(async move {
                    if handled.await.is_some() {
                        n.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self { address, n_through }
    }

    pub(crate) fn n_through(&self) -> usize {
        self.n_through.load(Ordering::SeqCst)
    }
}

async fn read_text(stream: &mut TcpStream) -> Option<String> {
    let mut text = vec![0; usize::from(stream.read_u8().await.ok()?)];
    stream.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = head.to_lowercase().lines().find_map(|it| {
        it.strip_prefix("content-length:").and_then(|it| it.trim().parse::<usize>().ok())
    });
    while bytes.len() < end + length.unwrap_or(0) {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { head, body: String::from_utf8(bytes[end..].to_vec()).ok()? })
}

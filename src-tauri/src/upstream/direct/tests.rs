//! Connections: over TLS and without, used again, given up.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::upstream;

/// A host of this machine that keeps connections.
struct Host {
    port: u16,
    n_connections: Arc<AtomicUsize>,
    /// Told when a connection was closed by the other side.
    closed: mpsc::UnboundedReceiver<()>,
}

/// One that answers each request with the length of its body, in chunks; `answers` on a connection,
/// then it closes.
async fn host(tls: Option<TlsAcceptor>, answers: usize) -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let n_connections = Arc::<AtomicUsize>::default();
    let n = Arc::clone(&n_connections);
    let (tell, closed) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            n.fetch_add(1, Ordering::SeqCst);
            let (tls, tell) = (tls.clone(), tell.clone());
            tokio::spawn(async move {
                match tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, answers).await;
                        }
                    }
                    None => serve(stream, answers).await,
                }
                let _ = tell.send(());
            });
        }
    });
    Host { port, n_connections, closed }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: usize) {
    for _ in 0..answers {
        let mut bytes = Vec::new();
        let end = loop {
            match bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 => return,
                None => {}
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let told = head.lines().find_map(|it| it.strip_prefix("content-length: ")).unwrap();
        let length: usize = told.parse().unwrap();
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut pieces = vec![head.as_bytes().to_vec()];
        for part in bytes[end..].chunks(100_000) {
            pieces.push([format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
        }
        pieces.push(b"0\r\n\r\n".to_vec());
        for piece in pieces {
            if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
}

/// A client that trusts nobody, or the maker of this certificate.
fn client_of(
    trusted: Option<rustls::pki_types::CertificateDer<'static>>,
    pool: Duration,
) -> Direct {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    if let Some(trusted) = trusted {
        roots.add(trusted).unwrap();
    }
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let limits = upstream::Idle { tcp: Duration::from_secs(60), pool };
    client(tls, Duration::from_secs(10), &limits)
}

const LONG: Duration = Duration::from_secs(60);

async fn echo(direct: &Direct, scheme: &str, port: u16, body: &Bytes) -> Result<Vec<u8>, Failure> {
    let to: Uri = format!("{scheme}://localhost:{port}/x").parse().unwrap();
    let mut answer = direct.post(to, HeaderMap::new(), std::slice::from_ref(body)).await?;
    assert_eq!(answer.status.as_u16(), 200);
    let mut all = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|it| answer.body.poll_chunk(it)).await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all)
}

#[tokio::test]
async fn a_connection_serves_again() {
    let host = host(None, usize::MAX).await;
    let direct = client_of(None, LONG);
    for length in [0, 2, 1 << 20, 5] {
        let body = Bytes::from(vec![b'x'; length]);
        assert_eq!(echo(&direct, "http", host.port, &body).await.unwrap(), body);
    }
    assert_eq!(host.n_connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_have_a_connection_each() {
    let host = host(None, usize::MAX).await;
    let direct = client_of(None, LONG);
    let body = Bytes::from_static(b"abc");
    for _ in 0..2 {
        let asked = (0..5).map(|_| echo(&direct, "http", host.port, &body));
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.unwrap(), body);
        }
    }
    assert_eq!(host.n_connections.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_connection_that_the_other_side_closed_is_not_used() {
    let mut host = host(None, 1).await;
    let direct = client_of(None, LONG);
    let body = Bytes::from_static(b"abc");
    for n in 1..=3 {
        assert_eq!(echo(&direct, "http", host.port, &body).await.unwrap(), body);
        assert_eq!(host.n_connections.load(Ordering::SeqCst), n);
        host.closed.recv().await.unwrap();
        // The news of it is in this machine's queue: the runtime looks there in its next turn.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_connection_that_waits_too_long_is_closed() {
    let mut host = host(None, usize::MAX).await;
    let direct = client_of(None, Duration::from_millis(10));
    let body = Bytes::from_static(b"abc");
    for _ in 0..2 {
        assert_eq!(echo(&direct, "http", host.port, &body).await.unwrap(), body);
        // Nobody asks meanwhile: it is closed all the same.
        host.closed.recv().await.unwrap();
    }
    assert_eq!(host.n_connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_answer_that_is_not_read_to_its_end_ends_its_connection() {
    let mut host = host(None, usize::MAX).await;
    let direct = client_of(None, LONG);
    let to: Uri = format!("http://localhost:{}/x", host.port).parse().unwrap();
    let body = Bytes::from(vec![b'x'; 1 << 20]);
    let answer = direct.post(to, HeaderMap::new(), &[body]).await.unwrap();
    drop(answer);
    drop(direct);
    // The host's writes fail, or it reads the end.
    let _ = host.closed.recv().await;
}

#[tokio::test]
async fn over_tls_a_connection_serves_again_and_a_stranger_is_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.clone()], key).unwrap();
    let host = host(Some(TlsAcceptor::from(Arc::new(config))), usize::MAX).await;
    let direct = client_of(Some(certificate), LONG);
    for length in [2, 1 << 20, 0, 70_000] {
        let body = Bytes::from(vec![b'x'; length]);
        assert_eq!(echo(&direct, "https", host.port, &body).await.unwrap(), body);
    }
    assert_eq!(host.n_connections.load(Ordering::SeqCst), 1);
    let stranger = client_of(None, LONG);
    let refused = echo(&stranger, "https", host.port, &Bytes::new()).await.unwrap_err();
    assert!(matches!(refused, Failure::Connect(_)), "{refused:?}");
}

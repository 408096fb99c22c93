//! An answer in the client's dialect.
//!
//! Owns: which recorded answer it is, and that a stream is translated in pieces cut anywhere.
//! Must not know: requests, what any dialect looks like.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use droid_protocol::dialect::Dialect;
use droid_protocol::fault::Fault;
use droid_protocol::translate::pair::{self, StreamTranslator};
use droid_protocol::translate::{ClientWish, Whole};
use futures_util::stream;
use serde_json::{Value, json};

use crate::translated::Ask;
use crate::upstream::fixtures::{Fixture, Library};

/// Upstream's bytes come in pieces of this length: it divides no event and many characters.
const PIECE: usize = 11;

pub(crate) fn answer(
    library: &Library,
    ask: &Ask,
    stream: bool,
    wish: ClientWish,
) -> Response<Body> {
    let upstream = ask.upstream.unwrap_or(ask.client);
    let Some(fixture) = library.get(upstream.as_str(), &ask.case, stream) else {
        return json(404, &json!({"error": {"message": "no such case"}}));
    };
    match ask.upstream {
        None if fixture.streamed => events(fixture.text.as_bytes().chunks(PIECE)),
        None => whole(fixture.status, Bytes::copy_from_slice(fixture.text.as_bytes())),
        Some(upstream) => translated(&fixture, upstream, ask.client, wish),
    }
}

pub(crate) fn json(status: u16, body: &Value) -> Response<Body> {
    whole(status, body.to_string().into())
}

fn translated(
    fixture: &Fixture<'_>,
    upstream: Dialect,
    client: Dialect,
    wish: ClientWish,
) -> Response<Body> {
    if Fault::is_one(fixture.status) {
        let header = |name: &str| {
            fixture.headers.iter().find(|(known, _)| known == name).map(|(_, it)| it.as_str())
        };
        let body = fixture.text.as_bytes();
        let Whole { status, body } =
            pair::error(client, &Fault::from_response(fixture.status, header, body, 0), None);
        return whole(status, body);
    }
    if !fixture.streamed {
        let wish = ClientWish { upstream: Some(upstream), ..wish };
        let Whole { status, body } = pair::whole(upstream, client, fixture.text.as_bytes(), &wish)
            .expect("a recorded answer is one");
        return whole(status, body);
    }
    let mut translator = StreamTranslator::new(upstream, client, wish);
    let mut pieces = Vec::new();
    for piece in fixture.text.as_bytes().chunks(PIECE) {
        let mut out = Vec::new();
        translator.push(piece, &mut out);
        pieces.push(out);
    }
    let mut out = Vec::new();
    translator.end(&mut out);
    pieces.push(out);
    events(pieces.iter().map(Vec::as_slice).filter(|it| !it.is_empty()))
}

fn whole(status: u16, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    response
}

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Response<Body> {
    let pieces: Vec<Result<Bytes, Infallible>> =
        pieces.map(|it| Ok(Bytes::copy_from_slice(it))).collect();
    let mut response = Response::new(Body::from_stream(stream::iter(pieces)));
    response.headers_mut().insert(header::CONTENT_TYPE, "text/event-stream".parse().unwrap());
    response
}

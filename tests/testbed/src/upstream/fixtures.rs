//! The recorded answers, and endless ones made of them.
//!
//! Owns: the embedded files (or a folder's), their pairing with status and headers, the cutting of
//! a stream into events.
//! Must not know: requests, HTTP.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use serde::Deserialize;

const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));

/// Every file by its path under the root, e.g. `anthropic/plain_text.sse`.
#[derive(Debug)]
pub(crate) struct Library(BTreeMap<String, Cow<'static, str>>);

/// One recorded answer.
#[derive(Debug)]
pub(crate) struct Fixture<'a> {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: &'a str,
    /// Whether it is a stream of events; errors before the first byte never are.
    pub(crate) streamed: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    status: Option<u16>,
    stream_as_json: bool,
    headers: BTreeMap<String, String>,
}

// === impl Library ===

impl Library {
    pub(crate) fn embedded() -> Self {
        Self(EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), Cow::from(*text))).collect())
    }

    /// The `.json` and `.sse` files one folder below `root`.
    pub(crate) fn from_folder(root: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for dialect in ["anthropic", "responses", "chat", "gemini"] {
            for entry in fs::read_dir(root.join(dialect))? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                files.insert(format!("{dialect}/{name}"), fs::read_to_string(path)?.into());
            }
        }
        Ok(Self(files))
    }

    pub(crate) fn get(&self, dialect: &str, case: &str, stream: bool) -> Option<Fixture<'_>> {
        let file = |ending: &str| self.0.get(&format!("{dialect}/{case}.{ending}"));
        let meta: Meta =
            file("meta.json").map(|it| serde_json::from_str(it).unwrap()).unwrap_or_default();
        let text = file(if stream { "sse" } else { "json" })?;
        // A status belongs to the stream only where the stream is not one.
        let streamed = stream && !meta.stream_as_json;
        let (status, headers) =
            if streamed { (200, Vec::new()) } else { (meta.status.unwrap_or(200), headers(&meta)) };
        Some(Fixture { status, headers, text, streamed })
    }

    /// The names of a dialect's cases.
    #[cfg(test)]
    pub(crate) fn cases(&self, dialect: &str) -> std::collections::BTreeSet<String> {
        let names = self.0.keys().filter_map(|name| name.strip_prefix(dialect)?.strip_prefix('/'));
        names.filter_map(|name| Some(name.split_once('.')?.0.to_owned())).collect()
    }
}

/// A stream cut after each event's blank line.
pub(crate) fn events(text: &str) -> Vec<Bytes> {
    // A recorded stream has one kind of line end.
    let blank = if text.contains("\r\n") { "\r\n\r\n" } else { "\n\n" };
    text.split_inclusive(blank).map(|it| Bytes::copy_from_slice(it.as_bytes())).collect()
}

/// The stream with its first text delta repeated until `bytes` of it were sent, made as it goes.
pub(crate) fn endless(text: &str, bytes: u64) -> Box<dyn Iterator<Item = Bytes> + Send> {
    let all: Vec<String> = text.split_inclusive("\n\n").map(str::to_owned).collect();
    let delta = all.iter().position(|event| is_text_delta(event)).expect("no text delta");
    let mut numbers = 0..;
    let (mut head, tail) = (all[..delta].to_vec(), all[delta + 1..].to_vec());
    head.iter_mut().for_each(|event| *event = renumber(event, &mut numbers));
    let delta = all[delta].clone();
    let mut sent = 0;
    let mut tail = Some(tail);
    let body = std::iter::from_fn(move || {
        if sent >= bytes {
            let tail = tail.take()?;
            return Some(tail.iter().map(|event| renumber(event, &mut numbers)).collect());
        }
        let mut chunk = String::new();
        while chunk.len() < 16_384 {
            chunk.push_str(&renumber(&delta, &mut numbers));
        }
        sent += u64::try_from(chunk.len()).unwrap();
        Some(chunk)
    });
    Box::new(head.into_iter().chain(body).map(Bytes::from))
}

fn is_text_delta(event: &str) -> bool {
    let chat = event.contains(r#""delta":{"content":""#);
    let gemini = event.contains(r#""candidates""#) && event.contains(r#""text":""#);
    event.contains(r#""text_delta""#)
        || event.contains("event: response.output_text.delta")
        || chat
        || gemini
}

/// Responses counts its events; an SDK may check the count.
fn renumber(event: &str, numbers: &mut std::ops::RangeFrom<u64>) -> String {
    const MEMBER: &str = r#""sequence_number":"#;
    let Some((before, after)) = event.split_once(MEMBER) else { return event.to_owned() };
    let rest = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
    format!("{before}{MEMBER}{}{rest}", numbers.next().unwrap())
}

fn headers(meta: &Meta) -> Vec<(String, String)> {
    meta.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

//! Fixtures, and one translation of each kind.
//!
//! Owns: reading `fixtures` (recorded) and `golden/cases` (made by hand); JSON laid out to be read.
//! Must not know: what is expected.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_protocol::fault::Fault;
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::StreamTranslator;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Where fixtures are: recorded ones, and those made by hand for what no recording has.
const FOLDERS: [&str; 2] = ["fixtures", "golden/cases"];

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) dialect: Dialect,
    pub(crate) case: String,
    pub(crate) bytes: Vec<u8>,
}

/// A request as an SDK sent it.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    pub(crate) body: Box<RawValue>,
    /// The same, asking for a stream.
    pub(crate) body_stream: Option<Box<RawValue>>,
}

/// What stands beside an answer whose status is not 200.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Meta {
    pub(crate) status: u16,
    /// Its stream is a body, too: it failed before the first byte.
    pub(crate) stream_as_json: bool,
    pub(crate) headers: BTreeMap<String, String>,
}

/// A translated stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// Every pair of a client's and an upstream's dialect, also with itself.
pub(crate) fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    Dialect::ALL.into_iter().flat_map(|from| Dialect::ALL.into_iter().map(move |to| (from, to)))
}

/// Every file under a folder whose name ends in `ext`, but for those with another ending within.
pub(crate) fn fixtures(under: &str, dialect: Dialect, ext: &str) -> Vec<Fixture> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let Ok(files) = fs::read_dir(root().join(folder).join(under).join(dialect.as_str())) else {
            continue;
        };
        for path in files.map(|it| it.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(case) = name.strip_suffix(ext).filter(|it| !it.contains('.')) {
                let bytes = fs::read(&path).unwrap();
                found.push(Fixture { dialect, case: case.to_owned(), bytes });
            }
        }
    }
    found.sort_by(|a, b| a.case.cmp(&b.case));
    assert!(found.len() >= 14, "{dialect}{ext}: {}", found.len());
    found
}

/// Every recorded request.
pub(crate) fn requests(dialect: Dialect) -> Vec<(String, Sent)> {
    let files = fixtures("requests", dialect, ".json").into_iter();
    files.map(|it| (it.case, serde_json::from_slice(&it.bytes).unwrap())).collect()
}

/// Every whole answer.
pub(crate) fn wholes(dialect: Dialect) -> Vec<Fixture> {
    fixtures("", dialect, ".json")
}

/// Every streamed answer.
pub(crate) fn streams(dialect: Dialect) -> Vec<Fixture> {
    fixtures("", dialect, ".sse")
}

/// What a client of any dialect wishes in these tests.
pub(crate) fn wish(upstream: Dialect) -> ClientWish {
    ClientWish {
        model: "asked-for".to_owned(),
        upstream: Some(upstream),
        include_usage: true,
        free_text_tools: vec!["free".to_owned()],
        namespaces: vec![("grouped".to_owned(), "group".to_owned())],
        created: 1_790_000_000,
        request_id: None,
    }
}

/// Translates a stream that comes in these chunks.
pub(crate) fn translate<'a>(
    from: Dialect,
    to: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Stream {
    let mut translator = StreamTranslator::new(from, to, wish(from));
    let mut bytes = Vec::new();
    for chunk in chunks {
        translator.push(chunk, &mut bytes);
    }
    let end = translator.end(&mut bytes);
    let length = bytes.len();
    translator.push(b"data: {}\n\n", &mut bytes);
    assert_eq!((translator.end(&mut bytes), bytes.len()), (end, length), "the end is final");
    Stream { bytes, end }
}

// === impl Fixture ===

impl Fixture {
    /// Status and headers, where the status is not 200.
    pub(crate) fn meta(&self) -> Option<Meta> {
        let name = format!("{}/{}.meta.json", self.dialect, self.case);
        let mut files = FOLDERS.iter().map(|it| root().join(it).join(&name));
        let text = fs::read(files.find(|it| it.exists())?).unwrap();
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// The fault it is, where its status is no success.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let Meta { status, headers, .. } = self.meta()?;
        Some(Fault::from_response(status, |name| headers.get(name), &self.bytes, 0))
    }
}

/// JSON with a line a member, every token as it was.
pub(crate) fn pretty(json: &[u8]) -> String {
    let json = std::str::from_utf8(json).unwrap();
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut last = ' ';
    for it in json.chars() {
        if quoted {
            out.push(it);
            quoted = escaped || it != '"';
            escaped = !escaped && it == '\\';
            continue;
        }
        if it.is_ascii_whitespace() {
            continue;
        }
        if matches!(it, '}' | ']') {
            depth -= 1;
        }
        let empty = matches!((last, it), ('{', '}') | ('[', ']'));
        if !empty && (matches!(last, '{' | '[' | ',') || matches!(it, '}' | ']')) {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth));
        }
        if last == ':' {
            out.push(' ');
        }
        out.push(it);
        quoted = it == '"';
        depth += usize::from(matches!(it, '{' | '['));
        last = it;
    }
    out.push('\n');
    out
}

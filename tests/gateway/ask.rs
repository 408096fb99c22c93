//! Clients of the four protocols.
//!
//! Owns: their smallest requests, what their answers say.
//! Must not know: any one test.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::time::Duration;

use droid_protocol::decode::{self, StreamDecoder};
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event, Usage};
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, Open, open, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::Entry;
use serde_json::{Value, json};

use super::kit::host;
use crate::support::{pool_of, rig, signed_in};

/// A model of each endpoint.
pub(crate) const CLAUDE: &str = "claude-sonnet-4-5-20250929";
pub(crate) const GPT: &str = "gpt-5-codex";
pub(crate) const GENERAL: &str = "glm-4.6";
pub(crate) const GEMINI: &str = "gemini-test";

/// Endpoints: a model and the path at upstream.
pub(crate) const ENDPOINTS: [(&str, &str, Dialect); 4] = [
    (CLAUDE, "/api/llm/a/v1/messages", Dialect::Anthropic),
    (GPT, "/api/llm/o/v1/responses", Dialect::Responses),
    (GENERAL, "/api/llm/o/v1/chat/completions", Dialect::Chat),
    (GEMINI, "/api/llm/g/v1/generate", Dialect::Gemini),
];

/// What clients of this gateway send as their key.
pub(crate) const KEY: &str = "a-client-key-of-some-length";

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) usage: Usage,
    pub(crate) end: End,
    pub(crate) error: Option<(String, String)>,
}

/// One request of a client.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) dialect: Dialect,
    pub(crate) model: String,
    pub(crate) text: String,
    pub(crate) stream: bool,
    pub(crate) headers: Vec<(String, String)>,
    /// Members of the body, over the smallest ones.
    pub(crate) more: Value,
}

// === impl Ask ===

impl Ask {
    pub(crate) fn new(dialect: Dialect, model: &str, stream: bool) -> Self {
        let key = match dialect {
            Dialect::Anthropic => ("x-api-key".to_owned(), KEY.to_owned()),
            Dialect::Gemini => ("x-goog-api-key".to_owned(), KEY.to_owned()),
            Dialect::Responses | Dialect::Chat => {
                ("authorization".to_owned(), format!("Bearer {KEY}"))
            }
        };
        Self {
            dialect,
            model: model.to_owned(),
            text: "ping".to_owned(),
            stream,
            headers: vec![key],
            more: json!({}),
        }
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    pub(crate) fn case(self, case: &str) -> Self {
        let text = format!("go [case:{case}] now");
        self.text(&text)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn more(mut self, more: Value) -> Self {
        self.more = more;
        self
    }

    pub(crate) fn path(&self) -> String {
        match (self.dialect, self.stream) {
            (Dialect::Anthropic, _) => "/v1/messages".to_owned(),
            (Dialect::Responses, _) => "/v1/responses".to_owned(),
            (Dialect::Chat, _) => "/v1/chat/completions".to_owned(),
            (Dialect::Gemini, false) => format!("/v1beta/models/{}:generateContent", self.model),
            (Dialect::Gemini, true) => {
                format!("/v1beta/models/{}:streamGenerateContent?alt=sse", self.model)
            }
        }
    }

    pub(crate) fn body(&self) -> Value {
        let Self { model, text, stream, .. } = self;
        let mut body = match self.dialect {
            Dialect::Anthropic => json!({
                "model": model, "max_tokens": 64, "stream": stream,
                "messages": [{ "role": "user", "content": text }],
            }),
            Dialect::Responses => json!({ "model": model, "stream": stream, "input": text }),
            Dialect::Chat => json!({
                "model": model, "stream": stream,
                "messages": [{ "role": "user", "content": text }],
            }),
            Dialect::Gemini => {
                json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
            }
        };
        for (name, value) in self.more.as_object().expect("members") {
            body[name] = value.clone();
        }
        body
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        own.chain([("content-type", "application/json")]).collect()
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn send(&self, gateway: &Gateway) -> Answer {
        let url = gateway.url(&self.path());
        request("POST", &url, self.pairs(), self.body().to_string().as_bytes()).await
    }

    /// Asks and reads the head of the answer.
    pub(crate) async fn open(&self, gateway: &Gateway) -> Open {
        let url = gateway.url(&self.path());
        open("POST", &url, self.pairs(), self.body().to_string().as_bytes()).await
    }

    /// What the answer says, read as the client's own protocol.
    pub(crate) fn read(&self, answer: &Answer) -> Said {
        said(self.dialect, &answer.body, self.stream)
    }
}

pub(crate) fn said(dialect: Dialect, body: &[u8], stream: bool) -> Said {
    let mut events = Vec::new();
    let (mut end, mut usage) = (End::Done, Usage::default());
    if stream {
        let mut decoder = StreamDecoder::new(dialect);
        decoder.push(body, &mut events);
        end = decoder.end(&mut events);
        assert_eq!(decoder.skipped(), 0, "{}", String::from_utf8_lossy(body));
    } else {
        let text = String::from_utf8_lossy(body);
        events = decode::whole(dialect, body).unwrap_or_else(|error| panic!("{error}: {text}"));
    }
    let mut text = String::new();
    let mut failed = None;
    for event in events {
        match event {
            Event::TextDelta { text: more, .. } => text.push_str(&more),
            Event::Usage(told) => usage = told,
            Event::Error { error_type, message } => failed = Some((error_type, message)),
            _ => {}
        }
    }
    Said { text, usage, end, error: failed }
}

/// A catalogue with a model of each endpoint.
pub(crate) fn models() -> Value {
    let model = |id: &str, kind: &str| json!({ "id": id, "type": kind });
    json!([
        model(CLAUDE, "anthropic"),
        model(GPT, "openai"),
        model(GENERAL, "comm"),
        model(GEMINI, "google"),
    ])
}

/// A rig whose gateway has models of each endpoint; `more` is configuration.
pub(crate) async fn configured(more: Value) -> Rig {
    let rig = rig().await;
    configure(&rig, more);
    rig
}

pub(crate) fn configure(rig: &Rig, more: Value) {
    let mut config = more;
    if config.get("models").is_none() {
        config["models"] = models();
    }
    rig.configure(&config);
}

/// Starts a gateway that knows [`KEY`].
pub(crate) async fn started(rig: &Rig) -> Gateway {
    Gateway::start(&host(rig).env("API_ACCESS_KEY", KEY)).await
}

/// Adds a pool of keys.
pub(crate) async fn keys(rig: &Rig, keys: &[&str], config: Value) -> String {
    let bridge = rig.bridge();
    let id = pool_of(rig, &bridge, keys, config).await;
    bridge.close().await.expect("a clean end");
    id
}

/// Adds a signed-in account; answers its id and access token.
pub(crate) async fn account(rig: &Rig, config: Value) -> (String, String) {
    let bridge = rig.bridge();
    let (id, minted) = signed_in(rig, &bridge, config).await;
    bridge.close().await.expect("a clean end");
    (id, minted.access_token)
}

/// An account as another process sees it.
pub(crate) async fn shown(rig: &Rig, id: &str) -> Value {
    let params = json!({ "credential_id": id });
    rig.one_shot().call("get_credential", params).await.expect("it is there")
}

/// What was asked upstream on a path.
pub(crate) fn asked(rig: &Rig, path: &str) -> Vec<Entry> {
    rig.fake.journal().on(path)
}

/// A header of what was asked upstream.
pub(crate) fn sent_header<'e>(entry: &'e Entry, name: &str) -> Option<&'e str> {
    entry.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The body that was asked upstream.
pub(crate) fn sent_body(entry: &Entry) -> Value {
    serde_json::from_slice(&entry.body).expect("JSON")
}

/// Looks every 20 ms whether it is so by now; panics after ten seconds.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), looking).await {
        Ok(found) => found,
        Err(_) => panic!("never came: {what}"),
    }
}

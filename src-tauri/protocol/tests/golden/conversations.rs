//! The laws of a request's translation, over conversations made up by chance.
//!
//! Owns: calls and results pair for every target, nothing said is lost, there and back is the same.
//! Must not know: how a request is written.

use droid_protocol::dialect::Dialect;
use droid_protocol::request::{
    Part, PartKind, Request, Role, Signature, ToolCall, ToolResult, Turn,
};
use droid_protocol::translate::pair;
use proptest::prelude::*;

use crate::support::{pairs, requests};

/// A piece of a turn; ids are few, so that they meet, miss and repeat.
fn part() -> impl Strategy<Value = PartKind> {
    let arguments =
        prop::sample::select(vec!["{}", "{\"a\": 1.50,  \"b\":[1e2]}", "{\"é\":\"\\\"\"}"]);
    let id = || (0_u8..4).prop_map(|it| format!("call-{it}"));
    prop_oneof![
        4 => Just(PartKind::Text(String::new())),
        3 => (id(), arguments).prop_map(|(id, arguments)| PartKind::ToolCall(ToolCall {
            id,
            item_id: None,
            name: "lookup".to_owned(),
            arguments: arguments.to_owned(),
            free_text: false,
            signature: None,
        })),
        3 => (id(), any::<bool>()).prop_map(|(call_id, is_error)| PartKind::ToolResult(ToolResult {
            call_id,
            name: None,
            content: vec![Part::text("")],
            is_error,
            free_text: false,
        })),
    ]
}

/// Any conversation: turns of any role, empty ones too, calls and results wherever they may be.
fn conversation() -> impl Strategy<Value = Request> {
    let role = prop::sample::select(vec![Role::User, Role::Assistant]);
    let turn = (role, prop::collection::vec(part(), 0..4));
    prop::collection::vec(turn, 1..9).prop_map(|turns| {
        let mut word = 0;
        let mut next = || {
            word += 1;
            format!("word{word:03}")
        };
        let turns = turns.into_iter().map(|(role, parts)| {
            let fits = |it: &PartKind| match it {
                PartKind::ToolCall(_) => role == Role::Assistant,
                PartKind::ToolResult(_) => role == Role::User,
                _ => true,
            };
            let parts = parts.into_iter().filter(fits).map(|kind| match kind {
                PartKind::Text(_) => Part::text(next()),
                PartKind::ToolResult(it) => {
                    let content = vec![Part::text(next())];
                    Part::new(PartKind::ToolResult(ToolResult { content, ..it }))
                }
                other => Part::new(other),
            });
            Turn { role, parts: parts.collect() }
        });
        Request { model: "m-1".to_owned(), turns: turns.collect(), ..Request::default() }
    })
}

/// The words of a conversation, in order: the person's, the model's, those of tools.
fn words(request: &Request) -> [Vec<String>; 3] {
    let mut words: [Vec<String>; 3] = Default::default();
    for Turn { role, parts } in &request.turns {
        for part in parts {
            let (at, text) = match &part.kind {
                PartKind::Text(text) => (usize::from(*role == Role::Assistant), text.clone()),
                PartKind::ToolResult(it) => (2, format!("{:?}", it.content)),
                _ => continue,
            };
            words[at].extend(found(&text));
        }
    }
    words
}

fn found(text: &str) -> Vec<String> {
    let at = text.match_indices("word").map(|(at, _)| at);
    at.map(|it| text.get(it..it + 7).unwrap().to_owned()).collect()
}

/// Fails unless every call is answered once before the model speaks again (with Responses, where
/// all are items of one list: somewhere), and every result answers a call.
fn assert_paired(what: &str, to: Dialect, request: &Request) {
    let list = to == Dialect::Responses;
    let mut open: Vec<&str> = Vec::new();
    for (at, Turn { role, parts }) in request.turns.iter().enumerate() {
        if *role == Role::Assistant && !parts.is_empty() && !list {
            assert!(open.is_empty(), "{what}: turn {at}: {open:?} not answered");
        }
        for part in parts {
            match &part.kind {
                PartKind::ToolCall(call) => open.push(&call.id),
                PartKind::ToolResult(result) => {
                    let call = open.iter().position(|it| *it == result.call_id);
                    open.remove(call.unwrap_or_else(|| panic!("{what}: turn {at}: {result:?}")));
                }
                _ => {}
            }
        }
    }
    assert!(!list || open.is_empty(), "{what}: {open:?} not answered");
}

fn arguments(request: &Request) -> Vec<&str> {
    let parts = request.turns.iter().flat_map(|it| &it.parts);
    let calls = parts.filter_map(|it| match &it.kind {
        PartKind::ToolCall(call) => Some(call.arguments.as_str()),
        _ => None,
    });
    calls.collect()
}

/// A request as text, for comparing: the hub has no equality. Members without a name of its own
/// have a path, and no order; those within a list of tools are told as lost.
fn dump(request: &Request) -> String {
    let mut request = request.clone();
    request.rest.retain(|it| !it.name.starts_with("tools[]"));
    request.rest.sort_by(|a, b| a.name.cmp(&b.name));
    format!("{request:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn calls_and_results_pair_and_every_word_is_kept(request in conversation()) {
        for to in Dialect::ALL {
            let written = pair::write_request(to, &request).unwrap();
            let body = String::from_utf8(written.body).unwrap();
            let read = pair::read_request(to, body.as_bytes()).unwrap();
            let what = format!("{to}: {body}");
            assert_paired(&what, to, &read);
            prop_assert_eq!(arguments(&read), arguments(&request), "{}", &what);
            let (before, after) = (words(&request), words(&read));
            // A result without its call is told as the person's text.
            prop_assert_eq!(&after[1], &before[1], "{}", &what);
            let told = |it: &[Vec<String>; 3]| {
                let mut all = [it[0].clone(), it[2].clone()].concat();
                all.sort();
                all
            };
            prop_assert_eq!(told(&after), told(&before), "{}", &what);
            let persons = after[0].iter().filter(|it| before[0].contains(*it));
            prop_assert!(persons.eq(before[0].iter()), "{}", &what);
        }
    }

    #[test]
    fn there_and_back_is_the_same(request in conversation()) {
        for dialect in Dialect::ALL {
            let body = pair::write_request(dialect, &request).unwrap().body;
            let read = pair::read_request(dialect, &body).unwrap();
            let again = pair::write_request(dialect, &read).unwrap();
            prop_assert_eq!(again.losses, vec![], "{}", dialect);
            let back = pair::read_request(dialect, &again.body).unwrap();
            prop_assert_eq!(dump(&back), dump(&read), "{}", dialect);
            let third = pair::write_request(dialect, &back).unwrap().body;
            prop_assert_eq!(third, again.body, "{}", dialect);
        }
    }
}

#[test]
fn recorded_requests_come_home_the_same_and_lose_nothing() {
    for dialect in Dialect::ALL {
        for (case, sent) in requests(dialect) {
            // Its calls and results do not pair: it is mended, and that is told.
            let odd = case == "odd_turns";
            // The description of a group of tools has no place in the hub.
            let group = case == "everything" && dialect == Dialect::Responses;
            for body in [Some(&sent.body), sent.body_stream.as_ref()].into_iter().flatten() {
                let read = pair::read_request(dialect, body.get().as_bytes()).unwrap();
                let written = pair::write_request(dialect, &read).unwrap();
                let back = pair::read_request(dialect, &written.body).unwrap();
                let lost = written.losses.iter().filter(|it| !group || it.field != "rest");
                assert!(odd || lost.count() == 0, "{dialect}/{case}: {:?}", written.losses);
                if odd {
                    continue;
                }
                // The recorded bodies are indented, and not all of it is text to be kept.
                let squeezed = |it: &str| it.split_whitespace().collect::<String>();
                let [read, back] = [&read, &back].map(|it| squeezed(&dump(it)));
                assert_eq!(back, read, "{dialect}/{case}");
            }
        }
    }
}

#[test]
fn a_proof_comes_home_byte_for_byte_and_goes_nowhere_else() {
    let data = "c2lnLW9mLW9uZQ+/==";
    for (client, provider) in pairs() {
        let signature = Signature { origin: provider, data: data.to_owned() };
        let seen = signature.to_client(client);
        assert_eq!(seen == data, client == provider);
        let back = Signature::from_client(client, &seen);
        let thinking = PartKind::Thinking {
            text: "a thought".to_owned(),
            signature: Some(back),
            redacted: false,
        };
        let turns = vec![
            Turn { role: Role::User, parts: vec![Part::text("go")] },
            Turn { role: Role::Assistant, parts: vec![Part::new(thinking), Part::text("done")] },
            Turn { role: Role::User, parts: vec![Part::text("on")] },
        ];
        let request = Request { model: "m-1".to_owned(), turns, ..Request::default() };
        for target in Dialect::ALL {
            let written = pair::write_request(target, &request).unwrap();
            let body = String::from_utf8(written.body).unwrap();
            // Chat has no member for a thought's proof, and so no provider asks it back.
            let home = target == provider && target != Dialect::Chat;
            assert_eq!(body.contains(data), home, "{client} {provider} {target}: {body}");
            assert_eq!(body.contains("a thought"), target == provider, "{client} {target}: {body}");
            let told = written.losses.iter().any(|it| it.field == "thinking");
            assert_eq!(told, target != provider, "{client} {target}: {:?}", written.losses);
        }
    }
}

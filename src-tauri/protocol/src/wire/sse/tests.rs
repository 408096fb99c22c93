//! What framing promises, whatever the chunking.

use proptest::prelude::*;

use super::{Item, SseDecoder, write_frame};

type Seen = Vec<Option<(String, Vec<u8>)>>;

fn note(seen: &mut Seen, item: Item<'_>) {
    seen.push(match item {
        Item::Frame(frame) => Some((frame.event.to_owned(), frame.data.to_vec())),
        Item::TooLarge => None,
    });
}

fn read(limit: usize, chunks: &[&[u8]]) -> Seen {
    let mut seen = Seen::new();
    let mut decoder = SseDecoder::with_limit(limit);
    for chunk in chunks {
        decoder.push(chunk, |item| note(&mut seen, item));
    }
    decoder.finish(|item| note(&mut seen, item));
    seen
}

fn whole(bytes: &[u8]) -> Seen {
    read(1 << 20, &[bytes])
}

fn frame(event: &str, data: &str) -> Option<(String, Vec<u8>)> {
    Some((event.to_owned(), data.as_bytes().to_vec()))
}

#[test]
fn every_line_end_is_the_same() {
    let expected = vec![frame("a", "1\n2"), frame("", "3")];
    for end in ["\n", "\r\n", "\r"] {
        let text = "event: a\ndata: 1\ndata:2\n\ndata: 3\n\n".replace('\n', end);
        assert_eq!(whole(text.as_bytes()), expected, "{end:?}");
    }
}

#[test]
fn mark_comments_and_unknown_fields_are_passed_over() {
    let text = "\u{feff}: hello\nid: 7\nretry: 1\ndatum: x\n\n\n\nevent: a\n: c\ndata: x\n\n";
    assert_eq!(whole(text.as_bytes()), vec![frame("a", "x")]);
}

#[test]
fn a_mark_is_text_after_the_first_line() {
    assert_eq!(whole("\n\u{feff}data: x\n\ndata: y\n\n".as_bytes()), vec![frame("", "y")]);
}

#[test]
fn only_one_space_after_the_colon_is_no_data() {
    assert_eq!(whole(b"data:  x \n\n"), vec![frame("", " x ")]);
}

#[test]
fn empty_data_is_an_event_and_no_data_is_none() {
    assert_eq!(
        whole(b"data\n\ndata:\n\nevent: x\n\ndata:\ndata:\n\n"),
        vec![frame("", ""), frame("", ""), frame("", "\n"),]
    );
}

#[test]
fn separators_of_unicode_are_no_line_ends() {
    let text = "data: a\u{2028}b\u{2029}c\u{85}d\n\n";
    assert_eq!(whole(text.as_bytes()), vec![frame("", "a\u{2028}b\u{2029}c\u{85}d")]);
}

#[test]
fn an_event_without_its_blank_line_comes_with_finish() {
    let mut decoder = SseDecoder::new();
    let mut seen = Seen::new();
    decoder.push(b"event: e\ndata: x", |item| note(&mut seen, item));
    assert!(seen.is_empty());
    decoder.finish(|item| note(&mut seen, item));
    assert_eq!(seen, vec![frame("e", "x")]);
    decoder.finish(|item| note(&mut seen, item));
    assert_eq!(seen.len(), 1, "finish leaves nothing behind");
}

#[test]
fn data_that_lies_whole_in_the_chunk_is_not_copied() {
    let chunk = b"data: hello\n\n".to_vec();
    let range = chunk.as_ptr_range();
    SseDecoder::new().push(&chunk, |item| match item {
        Item::Frame(frame) => assert!(range.contains(&frame.data.as_ptr())),
        Item::TooLarge => panic!("not large"),
    });
}

#[test]
fn an_oversized_event_is_told_once_and_only_it_is_lost() {
    let long = "x".repeat(100);
    let text = format!("data: 1\n\ndata: {long}\ndata: {long}\nevent: z\n\ndata: 2\n\n");
    let expected = vec![frame("", "1"), None, frame("", "2")];
    assert_eq!(read(64, &[text.as_bytes()]), expected);
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(read(64, &bytes), expected);
}

#[test]
fn an_endless_line_holds_no_more_than_the_limit() {
    let mut decoder = SseDecoder::with_limit(1000);
    let mut seen = Seen::new();
    for _ in 0..10_000 {
        decoder.push(&[b'x'; 100], |item| note(&mut seen, item));
        assert!(decoder.line.capacity() <= 2048);
    }
    assert_eq!(seen, vec![None]);
}

#[test]
fn what_is_written_is_read_back() {
    let mut out = Vec::new();
    write_frame(&mut out, "a", b"1\n2");
    write_frame(&mut out, "", b"{}");
    write_frame(&mut out, "x\ny: z", b"");
    assert_eq!(
        String::from_utf8_lossy(&out),
        "event: a\ndata: 1\ndata: 2\n\ndata: {}\n\nevent: x\ndata: \n\n"
    );
    assert_eq!(whole(&out), vec![frame("a", "1\n2"), frame("", "{}"), frame("x", "")]);
}

/// Pieces that reach every branch often.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"data: ".to_vec()),
        Just(b"data:".to_vec()),
        Just(b"event: ".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b": c".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just("é𝒳\u{2028}".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut at: Vec<usize> = cuts.iter().map(|it| it % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_chunking_gives_the_same_items(
        bytes in stream(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
        limit in prop_oneof![Just(1usize << 20), 0usize..60],
    ) {
        let expected = read(limit, &[&bytes]);
        let pieces = cut(&bytes, &cuts);
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(&read(limit, &pieces), &expected);
        let ones: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&read(limit, &ones), &expected);
    }

    #[test]
    fn a_saved_decoder_goes_on_as_if_nothing_happened(
        bytes in stream(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let mut seen = Seen::new();
        let mut decoder = SseDecoder::new();
        for piece in cut(&bytes, &cuts) {
            decoder.push(&piece, |item| note(&mut seen, item));
            let saved = serde_json::to_vec(&decoder).unwrap();
            decoder = serde_json::from_slice(&saved).unwrap();
        }
        decoder.finish(|item| note(&mut seen, item));
        prop_assert_eq!(seen, whole(&bytes));
    }

    #[test]
    fn any_data_survives_a_round_trip(data in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut out = Vec::new();
        write_frame(&mut out, "e", &data);
        let text = whole(&out);
        let expected: Vec<u8> = normalised(&data);
        prop_assert_eq!(text, vec![Some(("e".to_owned(), expected))]);
    }
}

/// Line ends inside data all become LF: the format has no way to say which one it was.
fn normalised(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after_cr = false;
    for &byte in data {
        match byte {
            b'\n' if after_cr => {}
            b'\n' | b'\r' => out.push(b'\n'),
            _ => out.push(byte),
        }
        after_cr = byte == b'\r';
    }
    out
}

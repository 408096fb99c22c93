//! Free text out of its object, in any pieces.

use proptest::prelude::*;

use crate::translate::responses::free_text::FreeText;

fn unwrapped(json: &str, cuts: &[usize]) -> String {
    let mut free_text = FreeText::new();
    let mut out = String::new();
    let mut rest = json;
    for cut in cuts {
        let at = rest.floor_char_boundary((*cut).min(rest.len()));
        let (piece, tail) = rest.split_at(at);
        free_text.push(piece, &mut out);
        rest = tail;
    }
    free_text.push(rest, &mut out);
    free_text.finish(&mut out);
    out
}

#[test]
fn the_text_comes_out_of_every_spelling() {
    for (json, text) in [
        (r#"{"input":"a"}"#, "a"),
        ("{ \"input\" :\n\"a\\n\\u00e9\\ud83d\\ude00\" , \"x\": 1}", "a\né😀"),
        (r#"{"input":""}"#, ""),
        ("{}", ""),
        ("", ""),
        (r#"{"x":1,"input":"late"}"#, "late"),
        (r#"{"patch":"other"}"#, r#"{"patch":"other"}"#),
        ("plain", "plain"),
        (r#"{"input":5}"#, "5"),
        (r#"{"inp ut":"x"}"#, r#"{"inp ut":"x"}"#),
        (r#"{"input":"cut \u00"#, "cut "),
        (r#"{"input":"\ud83dx\q"}"#, "\u{fffd}x\u{fffd}"),
    ] {
        assert_eq!(unwrapped(json, &[]), text, "{json}");
        assert_eq!(unwrapped(json, &vec![1; json.len()]), text, "{json} byte by byte");
    }
}

#[test]
fn text_is_told_as_soon_as_it_is_known() {
    let mut free_text = FreeText::new();
    let mut out = String::new();
    free_text.push(r#"{"input":"*** Be"#, &mut out);
    assert_eq!(out, "*** Be");
    free_text.push("gin\\", &mut out);
    free_text.push("n", &mut out);
    assert_eq!(out, "*** Begin\n");
}

proptest! {
    #[test]
    fn any_text_survives_any_pieces(
        text in ".*", cuts in proptest::collection::vec(0_usize..7, 0..40), ascii in any::<bool>(),
    ) {
        let mut quoted = serde_json::to_string(&text).unwrap();
        if ascii {
            quoted = quoted.chars().map(|it| match it {
                it if it.is_ascii() => it.to_string(),
                it => {
                    let mut units = [0; 2];
                    it.encode_utf16(&mut units).iter().map(|it| format!("\\u{it:04X}")).collect()
                }
            }).collect();
        }
        prop_assert_eq!(unwrapped(&format!("{{\"input\":{quoted}}}"), &cuts), text);
    }
}

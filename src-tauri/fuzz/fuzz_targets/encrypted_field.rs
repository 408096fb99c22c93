//! Any stored text: opening it never panics and gives nothing but what was sealed, for its place.
//!
//! Owns: the laws of `store::seal`.
//! Must not know: keys, tables.
#![no_main]

use droid_provider::secret::Secret;
use droid_provider::store::fuzzing::{open, seal};
use libfuzzer_sys::fuzz_target;

/// Bytes of an input that say which place, which secret and how it is altered.
const HEAD: usize = 4;
const PLAIN: &str = "rt_01JC-canary-of-a-refresh-token";

fuzz_target!(|input: &[u8]| {
    let (head, bytes) = input.split_at(input.len().min(HEAD));
    let [length, at, byte, kind] = head else { return };

    // What nobody sealed never opens in the format with a MAC; in the old one what opens holds no
    // control character, which is all that can be said of it.
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Some(opened) = open("id", text) {
            assert!(text.is_empty() || !text.starts_with("v2:"), "{text} was not sealed here");
            assert!(!opened.expose().chars().any(char::is_control));
        }
    }

    // Of what was sealed, one altered, doubled or lost byte is enough.
    let plain = &PLAIN[..usize::from(*length) % (PLAIN.len() + 1)];
    let sealed = seal("id", &Secret::new(plain), u64::from(*length));
    assert_eq!(open("id", &sealed).unwrap().expose(), plain);
    assert!(sealed.is_empty() || open("other id", &sealed).is_none());
    let mut altered = sealed.clone().into_bytes();
    let at = usize::from(*at) % (altered.len() + 1);
    match kind % 4 {
        0 => altered.truncate(at),
        1 => altered.insert(at, *byte),
        2 => altered.get_mut(at).into_iter().for_each(|it| *it = *byte),
        _ => drop(altered.splice(at..at, bytes.iter().copied())),
    }
    if let Ok(altered) = String::from_utf8(altered)
        && altered != sealed
        && altered.starts_with("v2:")
    {
        assert!(open("id", &altered).is_none(), "{sealed} altered to {altered} opens");
    }
});

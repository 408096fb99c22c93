//! Chunks chosen by the input itself.
//!
//! Owns: how the first bytes of an input say where the others are cut.
//! Must not know: what is cut.
#![allow(dead_code, reason = "each target uses its part of it")]

/// Bytes of an input that say how it is used.
const HEAD: usize = 4;

/// The bytes that say how, and the input proper.
pub fn head(input: &[u8]) -> (&[u8], &[u8]) {
    input.split_at(input.len().min(HEAD))
}

/// Cuts into pieces whose lengths are the values of `cuts`, again and again; the last is the rest.
pub fn pieces<'a>(cuts: &'a [u8], bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let mut sizes = cuts.iter().map(|it| usize::from(*it)).cycle();
    let (mut rest, mut pieces) = (bytes, Vec::new());
    while pieces.len() < 16
        && !rest.is_empty()
        && let Some(size) = sizes.next()
    {
        let (piece, tail) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

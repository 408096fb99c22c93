//! What ends the demo early.
//!
//! Owns: [`Deviation`] and the checks that make one.
//! Must not know: what is checked.

use serde_json::Value;

/// Something was not as it must be; the text says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation(String);

// === impl Deviation ===

impl Deviation {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for Deviation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Deviation {}

/// A deviation unless `holds`.
pub(crate) fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Deviation> {
    if holds { Ok(()) } else { Err(Deviation(otherwise())) }
}

/// A deviation unless both are the same.
pub(crate) fn expect_same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    got: &T,
    wanted: &T,
) -> Result<(), Deviation> {
    expect(got == wanted, || format!("{what}: expected {wanted:?}, got {got:?}"))
}

/// A text at a JSON pointer.
pub(crate) fn text_at<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Deviation> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.ok_or_else(|| Deviation(format!("an answer has no text at {pointer}")))
}

/// A number at a JSON pointer.
pub(crate) fn number_at(value: &Value, pointer: &str) -> Result<u64, Deviation> {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.ok_or_else(|| Deviation(format!("an answer has no number at {pointer}")))
}

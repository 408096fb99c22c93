//! Bodies to edit: the recorded requests, and the same written differently.
//!
//! Owns: reading fixtures, writing JSON in any layout, reading raw members.
//! Must not know: edits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::dialect::Dialect;

/// Every recorded request body of a dialect, streamed and not.
pub(super) fn recorded(dialect: Dialect) -> Vec<Value> {
    static ALL: LazyLock<BTreeMap<Dialect, Vec<Value>>> =
        LazyLock::new(|| Dialect::ALL.into_iter().map(|it| (it, read(it))).collect());
    ALL[&dialect].clone()
}

fn read(dialect: Dialect) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/requests");
    let mut files: Vec<_> = std::fs::read_dir(folder.join(dialect.as_str()))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    files.sort();
    let mut bodies = Vec::new();
    for file in files {
        let fixture: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        bodies.push(fixture["body"].clone());
        bodies.push(fixture["body_stream"].clone());
    }
    assert!(bodies.len() >= 30, "{dialect}: {} bodies", bodies.len());
    bodies
}

/// A layout: which order, blanks and escapes a writer chooses.
pub(super) struct Layout(pub(super) u64);

impl Layout {
    /// Writes a value. Strings beginning with `@@` are left plain, for tests to find.
    pub(super) fn write(&mut self, value: &Value) -> String {
        let mut text = String::new();
        self.value(value, &mut text);
        text
    }

    fn value(&mut self, value: &Value, out: &mut String) {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                for index in (1..members.len()).rev() {
                    members.swap(index, self.below(index + 1));
                }
                out.push('{');
                for (index, (key, value)) in members.into_iter().enumerate() {
                    self.comma(index, out);
                    self.string(key, out);
                    self.blank(out);
                    out.push(':');
                    self.blank(out);
                    self.value(value, out);
                }
                self.blank(out);
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.comma(index, out);
                    self.value(item, out);
                }
                self.blank(out);
                out.push(']');
            }
            Value::String(text) => self.string(text, out),
            other => out.push_str(&other.to_string()),
        }
    }

    fn string(&mut self, text: &str, out: &mut String) {
        if text.starts_with("@@") {
            out.push_str(&Value::from(text).to_string());
            return;
        }
        out.push('"');
        for char in text.chars() {
            if self.below(8) == 0 || char.is_control() || matches!(char, '"' | '\\') {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}").unwrap();
                }
            } else {
                out.push(char);
            }
        }
        out.push('"');
    }

    fn comma(&mut self, index: usize, out: &mut String) {
        if index > 0 {
            out.push(',');
        }
        self.blank(out);
    }

    fn blank(&mut self, out: &mut String) {
        let blanks = ["", "", "", " ", "\n  ", "\t", "\r\n"];
        out.push_str(blanks[self.below(blanks.len())]);
    }

    /// Steele and Vigna's splitmix64.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((it ^ (it >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

/// The members of an object in order, values as they stand in the text.
pub(super) fn raw_members(text: &str) -> Vec<(String, &str)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                members.push((key, value.get()));
            }
            Ok(members)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let members = json.deserialize_map(Members).unwrap();
    json.end().unwrap();
    members
}

/// The elements of an array as they stand in the text.
pub(super) fn raw_elements(text: &str) -> Vec<&str> {
    let items: Vec<&RawValue> = serde_json::from_str(text).unwrap();
    items.into_iter().map(RawValue::get).collect()
}

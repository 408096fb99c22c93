//! Checks of single fields that collect problems instead of stopping at the first.
//!
//! Owns: the kinds of values and the path of each problem.
//! Must not know: methods.

use serde_json::Value;

/// One value, and what is wrong in it.
pub(crate) struct Checker<'a> {
    value: &'a Value,
    at: String,
    pub(crate) problems: Vec<String>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(value: &'a Value) -> Self {
        Self { value, at: String::new(), problems: Vec::new() }
    }

    pub(crate) fn root(&self) -> &'a Value {
        self.value
    }

    pub(crate) fn problem(&mut self, name: &str, text: &str) {
        let dot = if self.at.is_empty() || name.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{name}", self.at);
        let path = if path.is_empty() { "result".to_owned() } else { path };
        self.problems.push(format!("{path}: {text}"));
    }

    pub(crate) fn present(&mut self, name: &str) {
        if self.get(name).is_none_or(Value::is_null) {
            self.problem(name, "is missing");
        }
    }

    pub(crate) fn string(&mut self, name: &str) {
        self.must(name, "a string that is not empty", |it| {
            it.as_str().is_some_and(|it| !it.is_empty())
        });
    }

    /// A string that may be empty.
    pub(crate) fn text(&mut self, name: &str) {
        self.must(name, "a string", Value::is_string);
    }

    pub(crate) fn boolean(&mut self, name: &str) {
        self.must(name, "a boolean", Value::is_boolean);
    }

    pub(crate) fn count(&mut self, name: &str) {
        self.must(name, "a whole number", Value::is_u64);
    }

    pub(crate) fn object(&mut self, name: &str) {
        self.must(name, "an object", Value::is_object);
    }

    pub(crate) fn filled_array(&mut self, name: &str) {
        let filled = |it: &Value| it.as_array().is_some_and(|it| !it.is_empty());
        self.must(name, "an array that is not empty", filled);
    }

    pub(crate) fn one_of(&mut self, name: &str, known: &[&str]) {
        let text = format!("one of {}", known.join(", "));
        self.must(name, &text, |it| it.as_str().is_some_and(|it| known.contains(&it)));
    }

    pub(crate) fn url(&mut self, name: &str) {
        let absolute = |it: &str| it.starts_with("http://") || it.starts_with("https://");
        self.must(name, "an absolute URL", |it| it.as_str().is_some_and(absolute));
    }

    /// RFC 3339, as the host's date parser wants it: offset included.
    pub(crate) fn moment(&mut self, name: &str) {
        self.must(name, "a moment in RFC 3339", |it| it.as_str().is_some_and(is_rfc3339));
    }

    /// A map of strings that can be sent as headers.
    pub(crate) fn strings(&mut self, name: &str) {
        let Some(Value::Object(members)) = self.get(name) else {
            return self.problem(name, "must be a map of strings");
        };
        for (key, value) in members {
            let path = format!("{name}.{key}");
            match value.as_str() {
                None => self.problem(&path, "must be a string"),
                Some(text) if text.contains(['\r', '\n', '\0']) => {
                    self.problem(&path, "holds a line end");
                }
                Some(_) if key.is_empty() => self.problem(&path, "has no name"),
                Some(_) => {}
            }
        }
    }

    /// Checks the field if it is there and not null.
    pub(crate) fn optional(&mut self, name: &str, check: impl FnOnce(&mut Self, &str)) {
        if self.get(name).is_some_and(|it| !it.is_null()) {
            check(self, name);
        }
    }

    /// Checks an object's fields.
    pub(crate) fn inside(&mut self, name: &str, check: impl FnOnce(&mut Checker<'a>)) {
        match self.get(name) {
            Some(value) if value.is_object() => self.below(value, name, check),
            _ => self.problem(name, "must be an object"),
        }
    }

    /// Checks every item of an array.
    pub(crate) fn each(&mut self, name: &str, check: impl Fn(&mut Checker<'a>)) {
        let Some(items) = self.get(name).and_then(Value::as_array) else {
            return self.problem(name, "must be an array");
        };
        for (at, item) in items.iter().enumerate() {
            let path = format!("{name}[{at}]");
            self.below(item, &path, &check);
        }
    }

    fn below(&mut self, value: &'a Value, name: &str, check: impl FnOnce(&mut Checker<'a>)) {
        let dot = if self.at.is_empty() { "" } else { "." };
        let at = format!("{}{dot}{name}", self.at);
        let mut inner = Checker { value, at, problems: Vec::new() };
        check(&mut inner);
        self.problems.append(&mut inner.problems);
    }

    fn must(&mut self, name: &str, what: &str, holds: impl FnOnce(&Value) -> bool) {
        match self.get(name) {
            None => self.problem(name, &format!("is missing, must be {what}")),
            Some(value) if !holds(value) => self.problem(name, &format!("must be {what}")),
            Some(_) => {}
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        if name.is_empty() { Some(self.value) } else { self.value.get(name) }
    }
}

/// `2026-01-02T03:04:05[.fraction](Z|+01:00)`.
fn is_rfc3339(text: &str) -> bool {
    let fits = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            })
    };
    let Some((moment, rest)) = text.split_at_checked(19) else { return false };
    let digits =
        rest.strip_prefix('.').map(|it| it.trim_start_matches(|it: char| it.is_ascii_digit()));
    if digits.is_some_and(|it| it.len() + 1 == rest.len()) {
        return false;
    }
    let zone = digits.unwrap_or(rest);
    fits(moment, "0000-00-00T00:00:00")
        && (zone == "Z" || fits(zone, "+00:00") || fits(zone, "-00:00"))
}

//! What comes back from the browser.
//!
//! Owns: reading a callback URL, a pasted one above all, and telling what is wrong with it.
//! Must not know: the sign-in's other state, the network.

use url::{Url, form_urlencoded};

use super::answer::clean;
use crate::error::{Error, Result};
use crate::secret::Secret;

const FIELD: &str = "callback_url";
/// Longer than any callback; a person may paste anything.
const MAX_TEXT: usize = 16 * 1024;

/// An answer that belongs to this sign-in: its state is the expected one.
#[derive(Debug)]
pub enum Callback {
    /// The authorization code.
    Code(Secret),
    /// The sign-in service sent the person back with an error.
    Refused {
        /// Its word, e.g. `access_denied`.
        error: String,
        /// For the person.
        text: String,
    },
}

/// Reads a whole callback URL, its query alone, or the short form `code#state`.
///
/// # Errors
/// [`Error::Invalid`] says what is missing or wrong. The sign-in stays usable: a person may paste
/// again, and what has a foreign state proves nothing about it.
pub fn read(text: &str, expected_state: &Secret) -> Result<Callback> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_TEXT {
        return Err(invalid("paste the whole address of the page the browser ended on"));
    }
    let fields = Fields::of(text)?;
    if fields.twice {
        return Err(invalid("the address names `code` or `state` more than once"));
    }
    match (&fields.state, &fields.error) {
        (Some(state), _) if same(state.expose(), expected_state.expose()) => {}
        (Some(_), _) => {
            return Err(invalid(
                "the address belongs to another sign-in (its `state` differs): use the one that \
                 this sign-in led to",
            ));
        }
        (None, Some(error)) => {
            let error = clean(error, &[]);
            return Err(invalid(&format!(
                "the sign-in service answered `{error}`, without `state`"
            )));
        }
        (None, None) => {
            return Err(invalid(
                "there is no `state`: paste the whole address, from `http` to the end",
            ));
        }
    }
    match (fields.error, fields.code) {
        (Some(error), _) => {
            let secrets = [expected_state];
            let text = fields.description.unwrap_or_default();
            Ok(Callback::Refused { error: clean(&error, &secrets), text: clean(&text, &secrets) })
        }
        (None, Some(code)) => Ok(Callback::Code(code)),
        (None, None) => Err(invalid("there is no `code` in the address")),
    }
}

#[derive(Default)]
struct Fields {
    code: Option<Secret>,
    state: Option<Secret>,
    error: Option<String>,
    description: Option<String>,
    twice: bool,
}

// === impl Fields ===

impl Fields {
    fn of(text: &str) -> Result<Self> {
        if text.contains("://") {
            // The parser's own words are general and hold nothing of the text.
            let url = Url::parse(text).map_err(|error| invalid(&format!("no address: {error}")))?;
            let mut fields = Self::default();
            fields.add(url.query().unwrap_or_default());
            fields.add(url.fragment().unwrap_or_default());
            return Ok(fields);
        }
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        let mut fields = Self::default();
        if query.contains('=') {
            fields.add(query.split('#').next().unwrap_or_default());
        } else if let Some((code, state)) = text.split_once('#') {
            fields.code = Some(Secret::new(code)).filter(|it| !it.is_empty());
            fields.state = Some(Secret::new(state)).filter(|it| !it.is_empty());
        }
        Ok(fields)
    }

    fn add(&mut self, query: &str) {
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            if value.is_empty() {
                continue;
            }
            match key.as_ref() {
                "code" => self.twice |= self.code.replace(Secret::new(value)).is_some(),
                "state" => self.twice |= self.state.replace(Secret::new(value)).is_some(),
                "error" => self.error = Some(value),
                "error_description" => self.description = Some(value),
                _ => {}
            }
        }
    }
}

/// Compares without telling by its time how much of it fits.
fn same(left: &str, right: &str) -> bool {
    let differing =
        left.bytes().zip(right.bytes()).fold(0, |it, (left, right)| it | (left ^ right));
    left.len() == right.len() && differing == 0
}

fn invalid(message: &str) -> Error {
    Error::invalid(FIELD, message)
}

#[cfg(test)]
mod tests;

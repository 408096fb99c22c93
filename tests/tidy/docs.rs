//! Documents made from the program.
//!
//! Owns: comparing a section of a document with what the program says, or writing it
//! (`UPDATE_DOCS=1`).
//! Must not know: what is in a section.
//!
//! A section stands between `<!-- name: begin -->` and `<!-- name: end -->`; what is around it is
//! written by hand.

/// Calls to the built plugin, as examples and as the truth.
pub(crate) mod calls;
/// docs/configuration.md.
mod configuration;
/// docs/faults.md.
mod faults;
/// docs/http.md, docs/monitoring.md.
mod http;
/// docs/openapi.json.
mod openapi;
/// docs/rpc.md.
mod rpc;
/// src/api/types.gen.ts.
mod typescript;

use std::fs;
use std::sync::{Mutex, PoisonError};

use super::tree;

/// Sections of one document are written one after the other.
static WRITING: Mutex<()> = Mutex::new(());

/// The document's section says this; or says it now, with `UPDATE_DOCS`.
pub(crate) fn section_is(path: &str, name: &str, wanted: &str) {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = tree::read(path);
    let begin = format!("<!-- {name}: begin -->\n");
    let end = format!("<!-- {name}: end -->");
    let Some((head, rest)) = text.split_once(&begin) else {
        panic!("{path} has no section {name}");
    };
    let Some((found, tail)) = rest.split_once(&end) else {
        panic!("{path}: section {name} does not end");
    };
    let wanted = format!("{}\n", wanted.trim_end());
    if found == wanted {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let text = format!("{head}{begin}{wanted}{end}{tail}");
        fs::write(tree::root().join(path), text).expect("a writable document");
        return;
    }
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    let (found, wanted) = differs.unwrap_or(("(its end)", "(its end)"));
    panic!(
        "{path}: section {name} is out of date; run `UPDATE_DOCS=1 cargo test --test tidy`\n\
         found    {found}\nexpected {wanted}"
    );
}

/// The whole file says this; or says it now, with `UPDATE_DOCS`.
pub(crate) fn file_is(path: &str, wanted: &str) {
    let at = tree::root().join(path);
    let found = fs::read_to_string(&at).unwrap_or_default();
    if found == wanted {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(at.parent().expect("a folder")).expect("a writable folder");
        fs::write(&at, wanted).expect("a writable document");
        return;
    }
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    let (found, wanted) = differs.unwrap_or(("(its end)", "(its end)"));
    panic!(
        "{path} is out of date; run `UPDATE_DOCS=1 cargo test --test tidy`\n\
         found    {found}\nexpected {wanted}"
    );
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

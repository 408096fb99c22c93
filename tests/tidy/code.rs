//! The text of a Rust file without what is not code.
//!
//! Owns: leaving out comments and the tests at a file's end; finding paths that are imported.
//! Must not know: what is looked for.

/// The lines with their numbers from 1, without line comments and the test module at the end.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = ["#[cfg(test)]\nmod tests {", "#[cfg(all(test, unix))]\nmod tests {"]
        .iter()
        .filter_map(|it| text.find(it))
        .min()
        .unwrap_or(text.len());
    let numbered = text[..end].lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The names that follow `root::`, also inside `root::{...}`: the first segment of each path.
pub(crate) fn imported(text: &str, root: &str) -> Vec<String> {
    let code: String = lines(text).map(|(_, line)| format!("{line}\n")).collect();
    let prefix = format!("{root}::");
    let mut names = Vec::new();
    for (at, _) in code.match_indices(&prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(members(group)),
            None => names.push(ident(rest)),
        }
    }
    names.retain(|it| !it.is_empty());
    names.sort();
    names.dedup();
    names
}

/// The first segment of each member of a group, up to its closing brace.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut names = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            letter => {
                if let Some(name) = names.last_mut().filter(|_| depth == 0) {
                    name.push(letter);
                }
            }
        }
    }
    names.iter().map(|it| ident(it.trim())).collect()
}

fn ident(text: &str) -> String {
    text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::pool::{self, account};\nuse crate::{\n    ids::{A, B},\n    secret,\n};\n\
                // crate::comment\nlet it = mycrate::no + crate::files::yes();\n\
                #[cfg(test)]\nmod tests {\n    use crate::tested;\n}\n";
    assert_eq!(imported(text, "crate"), ["files", "ids", "pool", "secret"]);
}

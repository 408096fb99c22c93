//! How files begin, how long they are.
//!
//! Owns: the head every file has, the lengths that make a person stop and those that must not be.
//! Must not know: what is in the files.

use super::tree;

/// Longer is worth a thought.
const LONG: usize = 400;
/// Longer must be split.
const TOO_LONG: usize = 800;
/// Half of the files should not be longer.
const MEDIAN: usize = 150;

#[test]
fn every_file_says_what_it_is_owns_and_must_not_know() {
    let mut problems = Vec::new();
    for file in tree::rust() {
        let head: Vec<&str> = file.text.lines().take_while(|it| it.starts_with("//!")).collect();
        let says = |what: &str| head.iter().any(|it| it.starts_with(what));
        let opens = head.first().is_some_and(|it| it.starts_with("//! ") && it.len() > 10);
        if !opens {
            problems.push(format!("{}: begin it with `//! ` and what it is", file.path));
        } else if !(file.is_test() || says("//! Owns: ") && says("//! Must not know: ")) {
            problems.push(format!("{}: say `Owns:` and `Must not know:`", file.path));
        }
    }
    tree::none(&problems);
}

#[test]
fn files_stay_short() {
    let mut sizes = Vec::new();
    let mut problems = Vec::new();
    for file in tree::rust().into_iter().filter(|it| !it.is_test()) {
        let n_lines = file.text.lines().count();
        if n_lines > TOO_LONG {
            problems.push(format!("{}: {n_lines} lines; split it", file.path));
        } else if n_lines > LONG {
            println!("{}: {n_lines} lines; think about splitting it", file.path);
        }
        sizes.push(n_lines);
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    println!("{} files, median {median} lines, {MEDIAN} are wished for", sizes.len());
    tree::none(&problems);
}

#[test]
fn no_module_is_a_mod_rs_and_none_hides_the_core_library() {
    let wrong = |path: &str| {
        // A folder beside the test binaries would be one of them without it.
        let shared = path == "tests/support/mod.rs";
        (path.ends_with("/mod.rs") && !shared) || path.ends_with("/core.rs")
    };
    let wrong: Vec<String> =
        tree::rust().into_iter().map(|it| it.path).filter(|it| wrong(it)).collect();
    tree::none(&wrong);
}

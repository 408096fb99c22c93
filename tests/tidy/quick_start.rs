//! The quick start of README.md, run.
//!
//! Owns: running its shell block as a person would, and comparing what it prints.
//! Must not know: what is in the block.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::docs::calls::StandIns;
use super::{docs, tree};

/// The shell block that follows the marker.
fn block(text: &str) -> &str {
    let rest = text.split("<!-- run by a test -->").nth(1).unwrap_or_default();
    let rest = rest.split("```sh\n").nth(1).unwrap_or_default();
    let block = rest.split("\n```").next().unwrap_or_default();
    assert!(!block.is_empty(), "README.md has no block that is run by a test");
    block
}

#[test]
#[cfg(unix)]
fn it_prints_what_it_says() {
    let readme = tree::read("README.md");
    let folder = tempfile::tempdir().expect("a scratch folder");
    let binaries = Path::new(env!("CARGO_BIN_EXE_droid-provider-cli")).parent().expect("a folder");
    let path = std::env::join_paths(
        std::iter::once(binaries.to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("sh")
        .args(["-eu", "-c", block(&readme)])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("PATH", path.expect("a search path"))
        .env_remove("DROID_CONFIG")
        .env_remove("DROID_DATA_DIR")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        .output()
        .expect("sh");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "", "it is quiet");
    let mut stand_ins = StandIns::default();
    let said: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| match serde_json::from_str::<Value>(line) {
            Ok(value) => stand_ins.put_in(&value).to_string(),
            Err(error) => panic!("{line}: {error}"),
        })
        .collect();
    docs::section_is("README.md", "answers", &format!("```json\n{}\n```", said.join("\n")));
}

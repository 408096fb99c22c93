//! Makes a build that embeds the web page notice when the page was built anew.
//!
//! Owns: the one folder that is watched.
//! Must not know: how the page is built.

#[expect(clippy::disallowed_methods, reason = "how cargo tells a build script what is built")]
fn main() {
    println!("cargo:rerun-if-changed=src-tauri/build.rs");
    // A build for development reads the page where it lies.
    if std::env::var("PROFILE").is_ok_and(|it| it == "release") {
        // A folder that is missing would be "changed" with every build.
        let _ = std::fs::create_dir_all("target/ui");
        println!("cargo:rerun-if-changed=target/ui");
        if !std::path::Path::new("target/ui/index.html").is_file() {
            println!("cargo:warning=the web page was not built (make ui): `/` will say so");
        }
    }
}

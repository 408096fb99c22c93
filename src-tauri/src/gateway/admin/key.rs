//! The admin key: the environment's, else one that is made at the first start.
//!
//! Owns: where its hash is kept, that the key itself is shown once and stored nowhere.
//! Must not know: requests.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::clock::Entropy;
use crate::config::env::{self, Env};
use crate::error::{Error, Result};
use crate::files;
use crate::secret::Secret;

/// Knows the admin key again when it is shown one. Holds its SHA-256 alone.
pub(super) struct AdminKey(String);

/// In the data folder: SHA-256 of the made key, in hex.
const FILE: &str = "admin-key.sha256";

/// A short key can be guessed.
const SHORTEST: usize = 8;

const SECRET_BYTES: usize = 32;

// === impl AdminKey ===

impl AdminKey {
    /// Whether this is the key; takes the same time wherever two differ.
    pub(super) fn is(&self, given: &Secret) -> bool {
        use subtle::ConstantTimeEq as _;
        given.fingerprint().as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

/// Whether there is an admin key that somebody was shown before this start.
pub(super) fn is_there(env: &dyn Env, data_dir: &Path) -> Result<bool> {
    let set = env.get(env::ADMIN_ACCESS_KEY).is_some_and(|it| !it.trim().is_empty());
    Ok(set || read(&data_dir.join(FILE))?.is_some())
}

/// [`env::ADMIN_ACCESS_KEY`] where it is set, else the one made at the first start, which is shown
/// on stderr then.
pub(super) fn read_or_make(
    env: &dyn Env,
    data_dir: &Path,
    entropy: &dyn Entropy,
) -> Result<AdminKey> {
    if let Some(key) = env.get(env::ADMIN_ACCESS_KEY).filter(|it| !it.trim().is_empty()) {
        let key = Secret::new(key.trim());
        if key.expose().len() < SHORTEST {
            return Err(Error::Config {
                origin: "environment".to_owned(),
                message: format!("{} is too short: 8 or more", env::ADMIN_ACCESS_KEY),
            });
        }
        return Ok(AdminKey(key.fingerprint()));
    }
    let path = data_dir.join(FILE);
    if let Some(known) = read(&path)? {
        return Ok(known);
    }
    let mut bytes = [0; SECRET_BYTES];
    entropy.fill(&mut bytes);
    let key = Secret::new(format!("dak_{}", hex::encode(bytes)));
    match files::create_private(&path, format!("{}\n", key.fingerprint()).as_bytes()) {
        Ok(()) => {
            show(&key, &path);
            Ok(AdminKey(key.fingerprint()))
        }
        // Another gateway was faster, and has shown its key.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&path)?
            .ok_or_else(|| Error::Internal("the admin key's file came and went".to_owned())),
        Err(source) => Err(files::data_error(&path, "the admin key cannot be kept", source)),
    }
}

fn read(path: &Path) -> Result<Option<AdminKey>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(files::data_error(path, "the admin key cannot be read", source));
        }
    };
    let hash = text.trim().to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|it| it.is_ascii_hexdigit()) {
        let message =
            "it holds no hash of an admin key: delete it, and a new key is made".to_owned();
        return Err(Error::Data { path: path.to_owned(), message, source: None });
    }
    Ok(Some(AdminKey(hash)))
}

/// A log line would be lost at the usual level, and must not have the key.
fn show(key: &Secret, path: &Path) {
    // Nobody may be there to read it.
    let _ = writeln!(
        std::io::stderr(),
        "admin key, shown this once: {}\n(for a new one delete {} and start again)",
        key.expose(),
        path.display()
    );
}

//! The key that secrets are sealed with, and whether it is the right one.
//!
//! Owns: the key file and the check value in `meta`.
//! Must not know: what is sealed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::Store;
use super::db::Db;
use super::fail::Fail;
use super::seal::{Key256, Place, SealKeys, old_key, stretch};
use super::wrong_key::Lost;
use crate::clock::Entropy;
use crate::error::{Error, Result};
use crate::files;
use crate::secret::Secret;

/// The generated key, 64 hex digits.
pub(super) const KEY_FILE: &str = "key";
/// The key of a rekey that was committed and not yet renamed, or not yet committed.
pub(super) const NEXT_KEY_FILE: &str = "key.new";
const CHECK: Place<'static> = Place { record: "meta", id: "key", field: "check" };
const CHECK_TEXT: &str = "droid-provider";
pub(super) const FROM_FILE: &str = "file";
pub(super) const FROM_PASSPHRASE: &str = "passphrase";

/// What is known of the key in this process.
pub(super) struct Keyring {
    data_dir: PathBuf,
    pub(super) passphrase: Option<Secret>,
    /// The passphrase of a rekey of this process that may not be committed yet.
    pub(super) next_passphrase: Option<Secret>,
    loaded: Option<Loaded>,
    /// The loaded keys once more, for [`super::sealer::StoreSealer`].
    pub(super) published: Published,
    old: Option<Key256>,
}

/// The keys in force, for those who cannot wait for the store's thread.
pub(super) type Published = Arc<Mutex<Option<Arc<SealKeys>>>>;

/// Keys, and the check value they were proven with: when another process rekeys, it differs.
struct Loaded {
    check: String,
    keys: Arc<SealKeys>,
}

// === impl Store ===

impl Store {
    /// Proves that the key at hand is the one the records were sealed with. With a passphrase this
    /// takes some 60 ms the first time.
    ///
    /// # Errors
    /// `WrongKey`, naming the records.
    pub async fn check_key(&self) -> Result<()> {
        self.read("checking the key", |db| {
            if db.meta("key_check")?.is_some() {
                db.load_keys()?;
            }
            Ok(())
        })
        .await
    }

    /// Opens every sealed secret and names the records of those that are damaged.
    ///
    /// # Errors
    /// `WrongKey` when none can be opened because of the key.
    pub async fn damaged_secrets(&self) -> Result<Vec<String>> {
        self.read("checking the secrets", |db| {
            let mut damaged = Vec::new();
            super::rekey::for_each_sealed(db, |place, sealed| {
                if let Err(fail) = db.open_sealed(place, sealed) {
                    match fail {
                        Fail::Told(error @ Error::Damaged { .. }) => {
                            damaged.push(error.to_string())
                        }
                        other => return Err(other),
                    }
                }
                Ok(None)
            })?;
            Ok(damaged)
        })
        .await
    }
}

// === impl Db ===

impl Db {
    /// Seals a secret for its place. Only inside a write transaction.
    pub(super) fn seal(&self, place: Place<'_>, plain: &Secret) -> Result<String, Fail> {
        if plain.is_empty() {
            return Ok(String::new());
        }
        match self.load_keys() {
            Err(Fail::Told(Error::WrongKey { .. })) if self.sealed()?.n_secrets == 0 => {
                self.adopt_key()?;
            }
            Ok(false) => self.adopt_key()?,
            other => {
                other?;
            }
        }
        Ok(self.keyring.borrow().keys()?.seal(place, plain, self.entropy.as_ref())?)
    }

    /// Opens what was sealed for the place.
    pub(super) fn open_sealed(&self, place: Place<'_>, sealed: &str) -> Result<Secret, Fail> {
        if sealed.is_empty() {
            return Ok(Secret::new(""));
        }
        if !self.load_keys()? {
            return Err(place.damaged().into());
        }
        self.keyring.borrow_mut().open(place, sealed).map_err(Fail::from)
    }

    /// Run once, at the opening of the store.
    pub(super) fn open_keyring(&self) -> Result<(), Fail> {
        let has_passphrase = self.keyring.borrow().passphrase.is_some();
        let source = self.meta("key_source")?;
        let proven = match source.as_deref() {
            // The check is made when a secret is first sealed: scrypt is slow.
            None if has_passphrase => return Ok(()),
            Some(FROM_PASSPHRASE) if has_passphrase => return Ok(()),
            None => Ok(false),
            Some(FROM_PASSPHRASE) => Err(self.wrong_key(Lost::PassphraseUnset)?.into()),
            Some(_) if has_passphrase => Err(self.wrong_key(Lost::PassphraseUnexpected)?.into()),
            Some(_) => self.load_keys(),
        };
        match proven {
            Ok(true) => self.finish_rekey_if_begun(),
            Err(fail @ Fail::Told(Error::WrongKey { .. })) if self.sealed()?.n_secrets > 0 => {
                Err(fail)
            }
            // Nothing is sealed yet, so any key will do.
            Ok(false) | Err(Fail::Told(Error::WrongKey { .. })) => {
                self.transaction(|db| db.start_anew(has_passphrase))
            }
            Err(other) => Err(other),
        }
    }

    fn start_anew(&self, has_passphrase: bool) -> Result<(), Fail> {
        let settled = self.sealed()?.n_secrets > 0;
        if settled || !has_passphrase && self.load_keys().is_ok_and(|is_there| is_there) {
            // Another process was quicker.
            return self.load_keys().map(|_| ());
        }
        if has_passphrase {
            self.conn.execute("DELETE FROM meta WHERE name LIKE 'key!_%' ESCAPE '!'", [])?;
            return Ok(());
        }
        self.adopt_key()
    }

    /// Makes sure that the keys in memory are the ones of the store now. False when the store has
    /// no key yet.
    fn load_keys(&self) -> Result<bool, Fail> {
        let Some(check) = self.meta("key_check")? else { return Ok(false) };
        if self.keyring.borrow().loaded.as_ref().is_some_and(|it| it.check == check) {
            return Ok(true);
        }
        let keys = if self.meta("key_source")?.as_deref() == Some(FROM_PASSPHRASE) {
            self.keys_of_passphrase(&check)?
        } else {
            self.keys_of_file(&check)?
        };
        self.keyring.borrow_mut().load(check, keys);
        Ok(true)
    }

    fn keys_of_passphrase(&self, check: &str) -> Result<SealKeys, Fail> {
        let salt = hex::decode(self.meta("key_salt")?.unwrap_or_default()).unwrap_or_default();
        let candidates = {
            let keyring = self.keyring.borrow();
            [keyring.passphrase.clone(), keyring.next_passphrase.clone()]
        };
        let lost = if candidates.iter().all(Option::is_none) {
            Lost::PassphraseUnset
        } else {
            Lost::PassphraseWrong
        };
        for passphrase in candidates.into_iter().flatten() {
            let keys = SealKeys::new(&stretch(&passphrase, &salt)?)?;
            if keys.prove(check) {
                return Ok(keys);
            }
        }
        Err(self.wrong_key(lost)?.into())
    }

    fn keys_of_file(&self, check: &str) -> Result<SealKeys, Fail> {
        let paths = self.keyring.borrow().key_files();
        let mut lost = Lost::FileMissing;
        for path in &paths {
            let Some(master) = read_key(path)? else { continue };
            let keys = SealKeys::new(&master)?;
            if keys.prove(check) {
                return Ok(keys);
            }
            lost = Lost::FileWrong;
        }
        Err(self.wrong_key(lost)?.into())
    }

    /// Makes the key at hand the store's key. Only while nothing is sealed, in a write transaction.
    fn adopt_key(&self) -> Result<(), Fail> {
        let passphrase = self.keyring.borrow().passphrase.clone();
        match passphrase {
            Some(passphrase) => self.set_passphrase(&passphrase).map(|_| ()),
            None => {
                let [path, _] = self.keyring.borrow().key_files();
                let master = read_or_make_key(&path, self.entropy.as_ref())?;
                self.set_key(SealKeys::new(&master)?, FROM_FILE).map(|_| ())
            }
        }
    }

    /// Writes a new salt and check value for a passphrase.
    pub(super) fn set_passphrase(&self, passphrase: &Secret) -> Result<(), Fail> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        self.set_meta("key_salt", &hex::encode(salt))?;
        self.set_key(SealKeys::new(&stretch(passphrase, &salt)?)?, FROM_PASSPHRASE)
    }

    /// Writes a check value and uses the keys from here on.
    pub(super) fn set_key(&self, keys: SealKeys, source: &str) -> Result<(), Fail> {
        let check = keys.seal(CHECK, &Secret::new(CHECK_TEXT), self.entropy.as_ref())?;
        self.set_meta("key_check", &check)?;
        self.set_meta("key_source", source)?;
        self.keyring.borrow_mut().load(check, keys);
        Ok(())
    }

    pub(super) fn meta(&self, name: &str) -> Result<Option<String>, Fail> {
        use rusqlite::OptionalExtension;
        let mut statement = self.conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    pub(super) fn set_meta(&self, name: &str, value: &str) -> Result<(), Fail> {
        self.conn.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [name, value],
        )?;
        Ok(())
    }
}

// === impl Keyring ===

impl Keyring {
    pub(super) fn new(data_dir: PathBuf, passphrase: Option<Secret>) -> Self {
        let passphrase = passphrase.filter(|it| !it.is_empty());
        Self {
            data_dir,
            passphrase,
            next_passphrase: None,
            loaded: None,
            published: Published::default(),
            old: None,
        }
    }

    /// The key file and the one of a rekey under way.
    pub(super) fn key_files(&self) -> [PathBuf; 2] {
        [self.data_dir.join(KEY_FILE), self.data_dir.join(NEXT_KEY_FILE)]
    }

    fn load(&mut self, check: String, keys: SealKeys) {
        let keys = Arc::new(keys);
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        self.loaded = Some(Loaded { check, keys });
    }

    fn keys(&self) -> Result<&SealKeys> {
        let loaded = self.loaded.as_ref().map(|it| &*it.keys);
        loaded.ok_or_else(|| Error::Internal("no key was loaded".to_owned()))
    }

    fn open(&mut self, place: Place<'_>, sealed: &str) -> Result<Secret> {
        let Self { passphrase, loaded, old, .. } = self;
        let Some(Loaded { keys, .. }) = loaded else {
            return Err(Error::Internal("no key was loaded".to_owned()));
        };
        keys.open(place, sealed, || {
            if let (None, Some(passphrase)) = (&old, &passphrase) {
                *old = Some(old_key(passphrase)?);
            }
            Ok(old.clone())
        })
    }
}

// === impl SealKeys ===

impl SealKeys {
    /// Whether these keys sealed the check value.
    pub(super) fn prove(&self, check: &str) -> bool {
        self.open(CHECK, check, || Ok(None)).is_ok_and(|it| it.expose() == CHECK_TEXT)
    }
}

/// The key of a file; none if there is no file.
pub(super) fn read_key(path: &Path) -> Result<Option<Key256>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(files::data_error(path, "the key file cannot be read", source)),
    };
    let mut key = Zeroizing::new([0; 32]);
    match hex::decode_to_slice(text.trim(), key.as_mut_slice()) {
        Ok(()) => Ok(Some(key)),
        Err(_) => Err(Error::Data {
            path: path.to_owned(),
            message: "this is not a key file: 64 hex digits are expected; give back the former one"
                .to_owned(),
            source: None,
        }),
    }
}

/// A new key, as the text of its file.
pub(super) fn generate(entropy: &dyn Entropy) -> (Key256, Zeroizing<String>) {
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(key.as_mut_slice());
    let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
    (key, text)
}

/// Of two processes that make the key at once both get the same one.
fn read_or_make_key(path: &Path, entropy: &dyn Entropy) -> Result<Key256> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    let (key, text) = generate(entropy);
    match files::create_private(path, text.as_bytes()) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or_else(|| Error::Internal("the key file came and went".to_owned()))
        }
        Err(source) => Err(files::data_error(path, "the key file cannot be made", source)),
    }
}

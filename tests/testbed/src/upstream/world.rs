//! The state behind a fake.
//!
//! Owns: what every service shares, and the calls that both [`crate::upstream::Fake`] and the
//! control routes make.
//! Must not know: HTTP.

use std::net::SocketAddr;
use std::sync::Mutex;

use crate::clock::{Clock, Ids};
use crate::upstream::fixtures::Library;
use crate::upstream::grants::Grants;
use crate::upstream::tokens::{Around, Bearer, Directory, Minted, User};
use crate::upstream::{FakeConfig, Journal, Quirks, Script};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: FakeConfig,
    pub(crate) addr: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) accounts: Mutex<Accounts>,
    pub(crate) script: Script,
    pub(crate) journal: Journal,
    pub(crate) library: Library,
}

#[derive(Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) directory: Directory,
    pub(crate) grants: Grants,
    pub(crate) quirks: Quirks,
    signing_in: usize,
}

// === impl World ===

impl World {
    /// Nobody and nothing known yet. Panics if the fixtures cannot be read.
    pub(crate) fn new(config: FakeConfig, addr: SocketAddr) -> Self {
        let library = match &config.fixtures {
            Some(folder) => Library::from_folder(folder).expect("cannot read the fixtures"),
            None => Library::embedded(),
        };
        Self {
            config,
            addr,
            clock: Clock::default(),
            ids: Ids::new(),
            accounts: Mutex::default(),
            script: Script::default(),
            journal: Journal::new(),
            library,
        }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn around<'a>(&'a self, quirks: &'a Quirks) -> Around<'a> {
        Around { config: &self.config, quirks, ids: &self.ids, now_us: self.clock.now_us() }
    }

    pub(crate) fn bearer(&self, token: &str) -> Bearer {
        self.accounts.lock().unwrap().directory.bearer(token, self.clock.now_us())
    }

    pub(crate) fn add_user(&self, email: &str, orgs: &[String]) -> User {
        self.accounts.lock().unwrap().directory.add_user(&self.ids, email, orgs)
    }

    pub(crate) fn sign_in_as(&self, id: &str) -> bool {
        let mut accounts = self.accounts.lock().unwrap();
        let place = accounts.directory.users.iter().position(|user| user.id == id);
        accounts.signing_in = place.unwrap_or(accounts.signing_in);
        place.is_some()
    }

    pub(crate) fn mint(&self, user: Option<&str>) -> Option<Minted> {
        let mut accounts = self.accounts.lock().unwrap();
        let user = accounts.find(user)?;
        let Accounts { directory, quirks, .. } = &mut *accounts;
        let grant =
            directory.grant(self.around(quirks), &user, &self.config.client_ids[0], "DeviceCode");
        Some(directory.minted(&grant))
    }

    pub(crate) fn approve_device(&self, code: &str, user: Option<&str>) -> bool {
        let mut accounts = self.accounts.lock().unwrap();
        let Some(user) = accounts.find(user) else { return false };
        accounts.grants.decide(code, Some(user))
    }

    pub(crate) fn deny_device(&self, code: &str) -> bool {
        self.accounts.lock().unwrap().grants.decide(code, None)
    }

    pub(crate) fn revoke(&self, refresh_token: &str) -> bool {
        let directory = &mut self.accounts.lock().unwrap().directory;
        let family = directory.family_of(refresh_token);
        family.inspect(|it| directory.revoke(*it, "control")).is_some()
    }
}

// === impl Accounts ===

impl Accounts {
    pub(crate) fn signing_in(&self) -> &User {
        &self.directory.users[self.signing_in]
    }

    fn find(&self, id: Option<&str>) -> Option<User> {
        match id {
            Some(id) => self.directory.user(id).cloned(),
            None => Some(self.signing_in().clone()),
        }
    }
}

//! A fake of WorkOS and Factory on one loopback port.
//!
//! Owns: [`Fake`], its configuration and the state behind it.
//! Must not know: who calls; the program under test is met only over HTTP.
//!
//! One base URL serves both: WorkOS under `/user_management/...`, Factory under `/api/...`.

mod answer;
mod conn;
mod control;
mod factory;
mod fixtures;
mod form;
mod grants;
mod journal;
mod rules;
mod rules_anthropic;
mod rules_chat;
mod rules_gemini;
mod rules_responses;
mod script;
mod server;
mod tokens;
mod workos;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Ids};
use conn::{Conn, Conns, CuttableListener};
use fixtures::Library;
use grants::Grants;
use tokens::{Around, Bearer, Directory};

pub use grants::PendingDevice;
pub use journal::{Entry, Journal};
pub use script::{Action, Endpoint, Match, Script};
pub use tokens::{FamilyState, Minted, Stats, User};

/// How a fake behaves; the default is what the real ones do.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A folder of fixtures instead of the embedded ones.
    pub fixtures: Option<PathBuf>,
    /// The OAuth clients WorkOS knows; the first is the one of [`Fake::mint_account`].
    pub client_ids: Vec<String>,
    /// The prompt Factory wants first.
    pub system_prompt: String,
    /// Whether `/g/v1/generate` wants it too (nobody has told; by default it may be missing).
    pub google_prompt_required: bool,
    /// Life of an access token.
    pub access_token_ttl: Duration,
    /// Life of a device code.
    pub device_code_ttl: Duration,
    /// Pause a client must leave between polls.
    pub device_interval: Duration,
    /// Life of an authorization code.
    pub code_ttl: Duration,
    /// Pause between two events of a stream.
    pub event_delay: Duration,
}

/// Ways in which token answers may fall short of seed S0 §3.1 and still be legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// A refresh answers no refresh token; the old one stays good.
    pub omit_refresh_token: bool,
    /// No `expires_in`.
    pub omit_expires_in: bool,
    /// An `expires_at` (RFC 3339), beside or instead of `expires_in`.
    pub give_expires_at: bool,
    /// No `user`.
    pub omit_user: bool,
    /// No `organization_id`.
    pub omit_organization: bool,
    /// No `org_id` in the access token's claims.
    pub omit_org_claim: bool,
}

/// A running fake; dropped, it stops.
#[derive(Debug)]
pub struct Fake {
    world: Arc<World>,
    conns: Conns,
    addr: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

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

// === impl Fake ===

impl Fake {
    /// Listens and serves until dropped. Panics if it cannot listen or read its fixtures.
    pub async fn start(config: FakeConfig) -> Self {
        let listener = TcpListener::bind(config.listen).await.expect("cannot listen");
        let addr = listener.local_addr().unwrap();
        let library = match &config.fixtures {
            Some(folder) => Library::from_folder(folder).expect("cannot read the fixtures"),
            None => Library::embedded(),
        };
        let world = World {
            config,
            addr,
            clock: Clock::default(),
            ids: Ids::new(),
            accounts: Mutex::default(),
            script: Script::default(),
            journal: Journal::new(),
            library,
        };
        world.add_user("ada@example.test", &[]);
        let mut fake =
            Self { world: Arc::new(world), conns: Conns::default(), addr, serving: None };
        fake.serve(listener);
        fake
    }

    /// `http://127.0.0.1:PORT`, also Factory's `app_base_url`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.world.base_url()
    }

    /// Factory's `api_base_url`.
    #[must_use]
    pub fn api_base_url(&self) -> String {
        format!("{}/api/llm", self.base_url())
    }

    /// WorkOS's `auth_url`.
    #[must_use]
    pub fn auth_url(&self) -> String {
        format!("{}/user_management/authenticate", self.base_url())
    }

    /// WorkOS's `device_url`.
    #[must_use]
    pub fn device_url(&self) -> String {
        format!("{}/user_management/authorize/device", self.base_url())
    }

    /// WorkOS's `authorize_url`.
    #[must_use]
    pub fn authorize_url(&self) -> String {
        format!("{}/user_management/authorize", self.base_url())
    }

    /// Where faults are ordered.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.world.script
    }

    /// What was asked and answered so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.world.journal
    }

    /// Adds a person; with no organisation named, one of their own.
    pub fn add_user(&self, email: &str, orgs: &[String]) -> User {
        self.world.add_user(email, orgs)
    }

    /// Who the next PKCE redirects sign in. False: no such user.
    pub fn sign_in_as(&self, user: &User) -> bool {
        self.world.sign_in_as(&user.id)
    }

    /// A signed-in account of a new person.
    pub fn mint_account(&self) -> Minted {
        let user = self.world.add_user(&format!("{}@example.test", self.world.ids.named("p")), &[]);
        self.mint_for(&user)
    }

    /// One more sign-in of a person.
    pub fn mint_for(&self, user: &User) -> Minted {
        self.world.mint(Some(&user.id)).expect("no such user")
    }

    /// Registers an API key.
    pub fn add_key(&self, key: &str) {
        self.world.accounts.lock().unwrap().directory.set_key(key, None);
    }

    /// Makes a key answer this status from now on (401, 402, 403), or frees it.
    pub fn block_key(&self, key: &str, status: Option<u16>) {
        self.world.accounts.lock().unwrap().directory.set_key(key, status);
    }

    /// The person agrees to a device sign-in (user code or device code), as the first user or as
    /// the one given. False: no such code, or decided before.
    pub fn approve_device(&self, code: &str, user: Option<&User>) -> bool {
        self.world.approve_device(code, user.map(|it| it.id.as_str()))
    }

    /// The person refuses a device sign-in.
    pub fn deny_device(&self, code: &str) -> bool {
        self.world.deny_device(code)
    }

    /// Device sign-ins that wait for a person.
    #[must_use]
    pub fn pending_devices(&self) -> Vec<PendingDevice> {
        self.world.accounts.lock().unwrap().grants.pending()
    }

    /// Ends the life of every access token given out so far.
    pub fn expire_access_tokens(&self) {
        self.world.accounts.lock().unwrap().directory.expire_access();
    }

    /// Revokes the family of a refresh token. False: no such token.
    pub fn revoke(&self, refresh_token: &str) -> bool {
        self.world.revoke(refresh_token)
    }

    /// The family a refresh token, spent or not, belongs to.
    #[must_use]
    pub fn state(&self, refresh_token: &str) -> Option<FamilyState> {
        self.world.accounts.lock().unwrap().directory.state(refresh_token)
    }

    /// Counts since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.world.accounts.lock().unwrap().directory.stats
    }

    /// How token answers look from now on.
    pub fn set_quirks(&self, quirks: Quirks) {
        self.world.accounts.lock().unwrap().quirks = quirks;
    }

    /// Moves the fake's clock ahead: codes, tokens and polling intervals age.
    pub fn advance(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// Stops listening and resets every open connection: from now on, connection refused.
    pub async fn go_down(&mut self) {
        if let Some(task) = self.serving.take() {
            task.abort();
            drop(task.await);
        }
        self.conns.reset_all();
    }

    /// Listens on the same port again, with everything it knew.
    pub async fn come_up(&mut self) {
        let listener = TcpListener::bind(self.addr).await.expect("cannot listen again");
        self.serve(listener);
    }

    /// Serves until the task is dropped; for a program that does nothing else.
    pub async fn wait(mut self) {
        if let Some(task) = self.serving.take() {
            drop(task.await);
        }
    }

    fn serve(&mut self, inner: TcpListener) {
        let listener = CuttableListener { inner, conns: self.conns.clone() };
        let service = Router::new()
            .fallback(server::handle)
            .with_state(Arc::clone(&self.world))
            .into_make_service_with_connect_info::<Conn>();
        self.serving = Some(tokio::spawn(async move {
            let served: io::Result<()> = axum::serve(listener, service).await;
            served.expect("the fake stopped serving");
        }));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(task) = &self.serving {
            task.abort();
        }
        self.conns.reset_all();
    }
}

// === impl FakeConfig ===

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            fixtures: None,
            client_ids: vec!["client_01HNM792M5G5G1A2THWPXKFMXB".to_owned()],
            system_prompt: "You are Droid, an AI software engineering agent built by Factory."
                .to_owned(),
            google_prompt_required: false,
            access_token_ttl: Duration::from_secs(8 * 3600),
            device_code_ttl: Duration::from_secs(300),
            device_interval: Duration::from_secs(5),
            code_ttl: Duration::from_secs(600),
            event_delay: Duration::ZERO,
        }
    }
}

// === impl World ===

impl World {
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

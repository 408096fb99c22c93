//! A fake of WorkOS and Factory on one loopback port.
//!
//! Owns: [`Fake`], the handle a test holds.
//! Must not know: who calls; the program under test is met only over HTTP.
//!
//! One base URL serves both: WorkOS under `/user_management/...`, Factory under `/api/...`.

mod answer;
mod config;
mod conn;
mod control;
mod factory;
pub(crate) mod fixtures;
mod form;
mod grants;
mod journal;
mod plan;
pub(crate) mod rules;
mod rules_anthropic;
mod rules_chat;
mod rules_gemini;
mod rules_responses;
mod script;
mod server;
mod token_answer;
mod tokens;
mod workos;
mod world;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use conn::{Conn, Conns, CuttableListener};
pub(crate) use world::{Accounts, World};

pub use config::{FakeConfig, Quirks};
pub use grants::PendingDevice;
pub use journal::{Entry, Journal};
pub use script::{Action, Endpoint, Match, Script};
pub use tokens::{FamilyState, Minted, Stats, User};

/// A running fake; dropped, it stops.
#[derive(Debug)]
pub struct Fake {
    world: Arc<World>,
    conns: Conns,
    addr: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

// === impl Fake ===

impl Fake {
    /// Listens and serves until dropped. Panics if it cannot listen or read its fixtures.
    pub async fn start(config: FakeConfig) -> Self {
        let listener = TcpListener::bind(config.listen).await.expect("cannot listen");
        let addr = listener.local_addr().unwrap();
        let world = World::new(config, addr);
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

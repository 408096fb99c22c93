//! The composition root: builds every part and stops it.
//!
//! Owns: the order in which parts come up and go down.
//! Must not know: what any face asks of them.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Accounts;
use crate::accounts::import::FromEnvironment;
use crate::broker::{Broker, Parts};
use crate::client_keys::{self, ClientKeys};
use crate::clock::{Clock, Entropy, Rand, SystemClock};
use crate::config::Live;
use crate::config::env::{self, Env, ProcessEnv};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::logins::Logins;
use crate::oauth::flow::SignIn;
use crate::oauth::journal::Journal;
use crate::oauth::refresh::{self, Refresher};
use crate::oauth::workos::WorkOsClient;
use crate::owner::{self, Owner};
use crate::secret::Secret;
use crate::store::{self, Store, StoreOptions};
use crate::trials::{self, Trials};
use crate::upstream::Clients;

/// What can be known before anything is opened: cheap, so that a process that is asked for its
/// name answers at once.
#[derive(Clone)]
pub struct Boot {
    /// The environment.
    pub env: Arc<dyn Env>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Every part, up.
#[derive(Clone)]
pub struct App {
    /// The configuration in force.
    pub config: Live,
    /// The records.
    pub store: Store,
    /// Lends accounts.
    pub broker: Broker,
    /// Manages accounts.
    pub accounts: Accounts,
    /// Signs people in.
    pub logins: Logins,
    /// The account of `FACTORY_API_KEY`.
    pub environment_account: Option<AccountId>,
    /// The gateway's clients.
    pub client_keys: ClientKeys,
    /// Refreshes tokens.
    pub refresher: Refresher<Store>,
    /// Tries accounts and keys.
    pub trials: Trials,
    /// HTTP clients by proxy.
    pub clients: Clients,
    workos: WorkOsClient,
    /// Held for as long as the process may hold a lease.
    owner: Arc<Owner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Where the data is.
    pub data_dir: PathBuf,
}

/// How long a refresh may hold up the end of the process: longer than one try of it takes.
const LAST_REFRESH: Duration = Duration::from_secs(35);

// === impl Boot ===

impl Boot {
    /// The program's own: the system's clock, randomness and environment.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn system() -> Result<Self> {
        let entropy = Rand::from_system().map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            env: Arc::new(ProcessEnv),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(entropy),
        })
    }

    /// A variable that holds a secret; none where it is empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.env.get(name).filter(|it| !it.trim().is_empty()).map(Secret::new)
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// [`Error::Config`] naming the file and the key.
    pub fn config(&self) -> Result<Live> {
        let beside = std::env::current_exe().ok().and_then(|it| Some(it.parent()?.to_owned()));
        Live::load(Arc::clone(&self.env), beside)
    }
}

// === impl App ===

impl App {
    /// Opens the data folder and builds every part on it.
    ///
    /// # Errors
    /// When the data folder, the database or the key cannot be used.
    pub async fn open(boot: &Boot, config: Live) -> Result<Self> {
        let data_dir = env::data_dir(&*boot.env)?;
        let passphrase = boot.env.get(env::ENCRYPTION_KEY).filter(|it| !it.is_empty());
        let passphrase = passphrase.map(Secret::new);
        let store = Store::open(StoreOptions {
            data_dir: data_dir.clone(),
            passphrase: passphrase.clone(),
            entropy: Arc::clone(&boot.entropy),
        })
        .await?;
        let settings = config.get();
        let clients = Clients::new(settings.proxies.clone());
        let workos = WorkOsClient::new(clients.clone(), &settings);
        let owner = Owner::claim(&store.run_dir(), &*boot.entropy)?;
        let journal = Journal::new(&data_dir, Arc::new(store.sealer()));
        let refresher = Refresher::new(refresh::Parts {
            store: store.clone(),
            endpoint: workos.clone(),
            journal: journal.clone(),
            owner: owner.id().clone(),
            clock: Arc::clone(&boot.clock),
            entropy: Arc::clone(&boot.entropy),
        });
        let broker = Broker::new(Parts {
            config: config.clone(),
            store: store.clone(),
            refresher: refresher.clone(),
            owner: owner.id().clone(),
            clock: Arc::clone(&boot.clock),
            entropy: Arc::clone(&boot.entropy),
        });
        let accounts = Accounts {
            config: config.clone(),
            store: store.clone(),
            refresher: refresher.clone(),
            broker: broker.clone(),
            clock: Arc::clone(&boot.clock),
            entropy: Arc::clone(&boot.entropy),
            workos: workos.clone(),
            journal,
            passphrase,
        };
        let client_keys = ClientKeys::new(client_keys::Parts {
            store: store.clone(),
            owner: owner.id().clone(),
            clock: Arc::clone(&boot.clock),
            entropy: Arc::clone(&boot.entropy),
            environment: boot.secret(env::API_ACCESS_KEY),
        });
        let trials = Trials::new(trials::Parts {
            config: config.clone(),
            broker: broker.clone(),
            clients: clients.clone(),
            store: store.clone(),
            clock: Arc::clone(&boot.clock),
            entropy: Arc::clone(&boot.entropy),
        });
        let sign_in =
            SignIn::new(workos.clone(), Arc::clone(&boot.clock), Arc::clone(&boot.entropy));
        let logins = Logins::new(accounts.clone(), sign_in);
        let mut app = Self {
            config,
            store,
            broker,
            accounts,
            logins,
            environment_account: None,
            client_keys,
            refresher,
            trials,
            clients,
            workos,
            owner: Arc::new(owner),
            clock: Arc::clone(&boot.clock),
            entropy: Arc::clone(&boot.entropy),
            data_dir,
        };
        app.environment_account = app.import_environment(boot).await?;
        Ok(app)
    }

    /// Says that this process is a gateway, and where.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn announce_gateway(&self, url: &str) -> Result<()> {
        self.owner.announce_gateway(url)
    }

    /// The addresses of the gateways that run on this data now, in whichever process.
    #[must_use]
    pub fn gateways(&self) -> Vec<String> {
        owner::gateways(&self.store.run_dir())
    }

    /// The same for a data folder of which nothing is opened or made.
    #[must_use]
    pub fn gateways_in(data_dir: &Path) -> Vec<String> {
        owner::gateways(&store::run_dir(data_dir))
    }

    /// Puts a changed configuration in force everywhere.
    pub fn reconfigure(&self) {
        let config = self.config.get();
        self.clients.set_rotating(config.proxies.clone());
        self.workos.configure(&config);
        self.broker.reconfigure(&config);
    }

    /// Takes over a configuration that another process saved, if it is time to look.
    pub fn follow_config(&self) {
        if self.config.follow(self.clock.now()) {
            self.reconfigure();
        }
    }

    /// Lets refreshes end and writes what is still to be written.
    ///
    /// # Errors
    /// What the store failed with.
    pub async fn close(&self) -> Result<()> {
        if tokio::time::timeout(LAST_REFRESH, self.refresher.settle()).await.is_err() {
            log::warn!("process {} ends in the middle of a refresh", self.owner.id());
        }
        self.broker.close().await?;
        self.store.close().await
    }

    /// Answers the account of the key there.
    async fn import_environment(&self, boot: &Boot) -> Result<Option<AccountId>> {
        let from = FromEnvironment {
            api_key: boot.secret(env::FACTORY_API_KEY),
            refresh_token: boot.secret(env::REFRESH_KEY),
        };
        let mut account = None;
        for imported in self.accounts.import_environment(&from).await? {
            if imported.outcome != "known" {
                log::info!("{}: {}", imported.source, imported.outcome);
            }
            if imported.source == env::FACTORY_API_KEY {
                account = imported.credential_id.as_deref().map(AccountId::from);
            }
        }
        Ok(account)
    }
}

//! A data directory, opened: both ledgers, the state folded from one, the engine over the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use engine::{Barriers, Clock, Control, Engine, EngineParts, HttpOptions, HttpParties, Parties, SystemClock};
use ledger::{DataDirectory, Disk, Entropy, Ledger, LedgerKind, LedgerOptions, OsEntropy, RealDisk, Running};
use server::Services;

use crate::settings::Settings;

/// The name of an installation that was given none.
pub(crate) const DEFAULT_NAME: &str = "glassline";

/// An installation, open for writing.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) services: Services,
    running: Vec<Running>,
    /// Holds the lock until everything is closed.
    directory: DataDirectory,
}

/// What an installation is surrounded by.
pub(crate) struct Surroundings {
    /// For new ones: part of their ledgers' identity.
    pub(crate) name: String,
    pub(crate) clock: Arc<dyn Clock>,
    /// Draws what the engine draws: ids, and the jitter of retries. Secrets and nonces always come
    /// from the system.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Services and buyers.
    pub(crate) parties: Arc<dyn Parties>,
    /// What the ledgers lie on.
    pub(crate) disk: fn(RealDisk) -> Arc<dyn Disk>,
}

impl Surroundings {
    /// The machine: its clock, its randomness, its network. `allow_hosts` may be asked though they
    /// are not public.
    pub(crate) fn real(name: &str, allow_hosts: Vec<String>) -> anyhow::Result<Surroundings> {
        let options = HttpOptions { allow_hosts, ..HttpOptions::default() };
        Ok(Surroundings {
            name: name.to_owned(),
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::new(OsEntropy),
            parties: Arc::new(HttpParties::new(options).context("cannot set up TLS")?),
            disk: |disk| Arc::new(disk),
        })
    }
}

impl Installation {
    /// Opens a data directory, and makes it where it is missing. `name` is for new ones.
    pub(crate) fn open(path: &Path, name: &str) -> anyhow::Result<Installation> {
        Installation::assemble(DataDirectory::open(path)?, Surroundings::real(name, Vec::new())?)
    }

    /// Opens both ledgers of a data directory.
    pub(crate) fn assemble(
        directory: DataDirectory,
        surroundings: Surroundings,
    ) -> anyhow::Result<Installation> {
        let Surroundings { name, clock, entropy, parties, disk } = surroundings;
        let system: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let mut running = Vec::new();
        let mut start = |kind: LedgerKind| -> anyhow::Result<Ledger> {
            let keys = directory.keys(kind, &*system)?;
            let disk = disk(directory.disk(kind)?);
            let known_id = directory.known_ledger(kind)?;
            let options = LedgerOptions { known_id, ..LedgerOptions::new(&name, kind) };
            let (ledger, threads) = Ledger::start(disk, &keys, options, Arc::clone(&system), clock.now())
                .with_context(|| format!("cannot open the ledger of {}", kind.as_str()))?;
            running.push(threads);
            if known_id.is_none() {
                directory.remember_ledger(kind, &ledger.id())?;
            }
            Ok(ledger)
        };
        let control = start(LedgerKind::Control)?;
        let leads = start(LedgerKind::Leads)?;
        let control = Control::open(control, Arc::clone(&clock), Arc::clone(&system))?;
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: Arc::clone(&clock),
            entropy,
            parties,
            barriers: Barriers::ALL,
        });
        let services = Services { engine, control, leads, clock, entropy: system };
        Ok(Installation { services, running, directory })
    }

    /// Waits for leads under way and writes what is queued. The directory is still locked.
    pub(crate) async fn close(self) -> anyhow::Result<DataDirectory> {
        self.services.engine.drain().await;
        let running = self.running;
        tokio::task::spawn_blocking(move || running.into_iter().try_for_each(Running::close)).await??;
        Ok(self.directory)
    }
}

/// The data directory a command is for.
pub(crate) fn data_directory(flag: Option<PathBuf>, settings: &Settings) -> anyhow::Result<PathBuf> {
    flag.or_else(|| settings.data.clone())
        .context("name a data directory: --data DIR, GLASSLINE_DATA, or data = \"DIR\" in glassline.toml")
}

/// Does something with an installation that no server has open, and closes it again.
pub(crate) async fn change_directory<T>(
    flag: Option<PathBuf>,
    settings: &Settings,
    work: impl AsyncFnOnce(&Services) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let installation = Installation::open(&data_directory(flag, settings)?, DEFAULT_NAME)?;
    let done = work(&installation.services).await;
    installation.close().await?;
    done
}

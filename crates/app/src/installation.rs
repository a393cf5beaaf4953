//! A data directory, opened: both ledgers, the state folded from one, the engine over the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use engine::{Barriers, Clock, Control, Engine, EngineParts, HttpOptions, HttpParties, SystemClock};
use ledger::{DataDirectory, Entropy, Ledger, LedgerKind, LedgerOptions, OsEntropy, Running};
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
    _directory: DataDirectory,
}

impl Installation {
    /// Opens a data directory, and makes it where it is missing. `name` is for new ones.
    pub(crate) fn open(path: &Path, name: &str) -> anyhow::Result<Installation> {
        let directory = DataDirectory::open(path)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let mut running = Vec::new();
        let mut start = |kind: LedgerKind| -> anyhow::Result<Ledger> {
            let keys = directory.keys(kind, &*entropy)?;
            let disk = Arc::new(directory.disk(kind)?);
            let known_id = directory.known_ledger(kind)?;
            let options = LedgerOptions { known_id, ..LedgerOptions::new(name, kind) };
            let (ledger, threads) = Ledger::start(disk, &keys, options, Arc::clone(&entropy), clock.now())
                .with_context(|| format!("cannot open the ledger of {}", kind.as_str()))?;
            running.push(threads);
            if known_id.is_none() {
                directory.remember_ledger(kind, &ledger.id())?;
            }
            Ok(ledger)
        };
        let control = start(LedgerKind::Control)?;
        let leads = start(LedgerKind::Leads)?;
        let control = Control::open(control, Arc::clone(&clock), Arc::clone(&entropy))?;
        let parties = HttpParties::new(HttpOptions::default()).context("cannot set up TLS")?;
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            parties: Arc::new(parties),
            barriers: Barriers::ALL,
        });
        let services = Services { engine, control, leads, clock, entropy };
        Ok(Installation { services, running, _directory: directory })
    }

    /// Waits for leads under way, writes what is queued, and lets the directory go.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.services.engine.drain().await;
        let running = self.running;
        tokio::task::spawn_blocking(move || running.into_iter().try_for_each(Running::close)).await??;
        Ok(())
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

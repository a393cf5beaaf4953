//! A data directory, opened: both ledgers, the state folded from one, the engine over the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use engine::{Barriers, Clock, Control, Engine, EngineParts, HttpOptions, HttpParties, Parties, SystemClock};
use ledger::{
    DataDirectory, DataDirectoryError, Disk, Entropy, Ledger, LedgerKind, LedgerOptions, OsEntropy, RealDisk,
    Running,
};
use server::Services;

use crate::api_client::ApiClient;
use crate::command_line::{DEFAULT_URL, Target};
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
    /// The machine: its clock, its randomness, its network.
    pub(crate) fn real(name: &str, options: HttpOptions) -> anyhow::Result<Surroundings> {
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
        Installation::assemble(DataDirectory::open(path)?, Surroundings::real(name, HttpOptions::default())?)
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
        let engine = engine.with_state(disk(directory.state_disk()?));
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

/// Where a command finds its installation.
pub(crate) enum Place {
    /// With the server that has it open.
    Server(Box<ApiClient>),
    /// In a directory that no server has open.
    Directory(PathBuf),
}

impl Place {
    /// What flags, environment and settings name, in this order: a server, a directory; with nothing
    /// but a key, the server at the usual address.
    pub(crate) fn of(target: Target, settings: &Settings) -> anyhow::Result<Place> {
        let Target { data, url, usual_url, key } = target;
        // A variable that is set to nothing is not set.
        let key = key.filter(|key| !key.is_empty());
        match (url, data.or_else(|| settings.data.clone()), &key) {
            (Some(url), _, _) => Ok(Place::Server(Box::new(ApiClient::new(&url, key)?))),
            (None, Some(path), _) => Ok(Place::Directory(path)),
            (None, None, Some(_)) => Ok(Place::Server(Box::new(ApiClient::new(&usual_url, key)?))),
            (None, None, None) => bail!(
                "name the installation: a running server, --url {usual_url} with its key in GLASSLINE_KEY; or, while \
                 no server runs, its directory, --data DIR (or GLASSLINE_DATA, or data = \"DIR\" in glassline.toml)"
            ),
        }
    }
}

/// Does something with an installation that no server has open, and closes it again.
pub(crate) async fn change_directory<T>(
    path: &Path,
    work: impl AsyncFnOnce(&Services) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let installation = Installation::open(path, DEFAULT_NAME).map_err(name_the_server)?;
    let done = work(&installation.services).await;
    installation.close().await?;
    done
}

/// A directory that is in use is most often a server's, which can be asked.
fn name_the_server(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(DataDirectoryError::InUse { .. }) => anyhow!(
            "{error}; where that is a server, talk to it: --url with its address, such as {DEFAULT_URL}, and its key \
             in GLASSLINE_KEY"
        ),
        Some(_) | None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a command works: a directory, or a server by its address.
    fn place(data: Option<&str>, url: Option<&str>, key: Option<&str>, file: Option<&str>) -> String {
        place_with(data, url, DEFAULT_URL, key, file)
    }

    fn place_with(
        data: Option<&str>,
        url: Option<&str>,
        usual_url: &str,
        key: Option<&str>,
        file: Option<&str>,
    ) -> String {
        let settings = Settings { data: file.map(PathBuf::from), ..Settings::default() };
        let target = Target {
            data: data.map(PathBuf::from),
            url: url.map(str::to_owned),
            usual_url: usual_url.to_owned(),
            key: key.map(str::to_owned),
        };
        match Place::of(target, &settings) {
            Ok(Place::Directory(path)) => path.display().to_string(),
            Ok(Place::Server(client)) => client.address().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_command_works_where_it_is_told_and_with_a_key_alone_at_the_usual_address() {
        assert_eq!(place(Some("d"), None, Some("gl_x"), Some("f")), "d");
        assert_eq!(place(None, None, Some("gl_x"), Some("f")), "f");
        assert_eq!(
            place(Some("d"), Some("http://h.example.com"), Some("gl_x"), None),
            "http://h.example.com/"
        );
        assert_eq!(place(None, None, Some("gl_x"), None), "http://127.0.0.1:8080/");
        assert_eq!(place(None, Some(DEFAULT_URL), None, None), "a server wants a key: set GLASSLINE_KEY");
        let elsewhere = "http://elsewhere.example.com/";
        assert_eq!(place_with(None, None, elsewhere, Some("gl_x"), None), elsewhere);
        assert_eq!(place_with(Some("d"), None, elsewhere, Some("gl_x"), None), "d");
        let neither = place(None, None, Some(""), None);
        for way in ["--url http://127.0.0.1:8080", "GLASSLINE_KEY", "--data DIR"] {
            assert!(neither.contains(way), "{neither}");
        }
    }
}

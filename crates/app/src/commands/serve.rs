//! `glassline serve`: the API over a data directory, until somebody or a failing disk stops it.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::Scope;
use engine::{HttpOptions, Pace};
use ledger::{DataDirectory, Stopped};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::{Api, Services};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use wire::outbound::{MailServer, Mailbox, mailbox};

use crate::command_line::Serve;
use crate::installation::{DEFAULT_NAME, Installation, Surroundings, data_directory};
use crate::settings::Settings;
use crate::{LEDGER_STOPPED, console};

/// Where to listen when nobody says.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Who did what the installation did by itself.
pub(crate) const SYSTEM: &str = "system";
/// Connections that the system keeps until they are accepted; it may allow fewer.
const BACKLOG: u32 = 4096;
/// Longest wait for leads under way once no requests are left.
const DRAIN_MAX: Duration = Duration::from_secs(30);

pub(crate) async fn run(options: Serve, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Serve { data, listen, name, admin_key, reach, mut trusted_proxies, smtp_url, mail_from } = options;
    let data = data_directory(data, settings)?;
    let listen =
        listen.or(settings.listen).unwrap_or(DEFAULT_LISTEN.parse().expect("the default is an address"));
    let name = name.or_else(|| settings.name.clone()).unwrap_or_else(|| DEFAULT_NAME.into());
    let allow_hosts = reach.allow_hosts(settings);
    for range in &settings.trusted_proxies {
        trusted_proxies.push(range.parse().context("cannot use trusted_proxies of the settings")?);
    }
    let parties = HttpOptions {
        allow_hosts,
        mail_server: mail_server(smtp_url.as_deref().or(settings.smtp_url.as_deref()))?,
        mail_sender: mail_sender(mail_from.as_deref().or(settings.mail_from.as_deref()))?,
        ..HttpOptions::default()
    };
    let directory = DataDirectory::open(&data)?;
    let installation = Installation::assemble(directory, Surroundings::real(&name, parties)?)?;
    let prepared = async {
        // A key is printed once, so nothing may fail after that.
        ensure_reach(&installation.services, listen, admin_key.as_deref())?;
        let bound = bind(listen).await?;
        ensure_admin(&installation.services, admin_key).await?;
        Ok(bound)
    };
    match prepared.await {
        Ok((listener, address)) => {
            let api = Api::new(installation.services.clone()).trusted_proxies(trusted_proxies);
            serve(installation, api, listener, CancellationToken::new(), || {
                console::say(&format!("Glassline is listening on http://{address}"));
            })
            .await
        }
        Err(error) => {
            installation.close().await?;
            Err(error)
        }
    }
}

/// The mail server of the installation.
fn mail_server(url: Option<&str>) -> anyhow::Result<Option<MailServer>> {
    url.map(MailServer::read).transpose().context("cannot use --smtp-url, GLASSLINE_SMTP_URL or smtp_url")
}

/// Who writes where a step does not say it.
fn mail_sender(text: Option<&str>) -> anyhow::Result<Option<Mailbox>> {
    let wrong = |text: &str| {
        format!(
            "cannot use --mail-from {text:?}: write desk@example.com or 'Desk <desk@example.com>', in plain letters"
        )
    };
    text.map(|text| mailbox(text).with_context(|| wrong(text))).transpose()
}

/// Nobody else on the network reaches an installation that nobody can administer.
fn ensure_reach(services: &Services, listen: SocketAddr, given: Option<&str>) -> anyhow::Result<()> {
    if !services.control.has_admin() && given.is_none() && !listen.ip().is_loopback() {
        bail!(
            "no administrator key exists yet, so only addresses of this machine are served, not {listen}; set \
             GLASSLINE_ADMIN_KEY, or make one with: glassline key create --scope admin --data DIR"
        );
    }
    Ok(())
}

/// Sees to it that somebody can administer the installation.
async fn ensure_admin(services: &Services, given: Option<String>) -> anyhow::Result<()> {
    let control = &services.control;
    if control.has_admin() {
        return Ok(());
    }
    if let Some(secret) = given {
        let name = control.adopt_key(SYSTEM, "first administrator", vec![Scope::Admin], &secret).await?;
        info!("Took the key of the first administrator from GLASSLINE_ADMIN_KEY; its name is {name}");
        return Ok(());
    }
    let made = control.create_key(SYSTEM, "first administrator", vec![Scope::Admin]).await?;
    console::say(&format!("Administrator key, shown this once: {}", made.secret));
    Ok(())
}

pub(crate) async fn bind(listen: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = listen_on(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Listens on an address; must be called within a runtime.
pub(crate) fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart finds the port as the server before it left it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Lets the process have as many files open as it may: each connection is one, and often only 1,024 are allowed
/// unless asked for more.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        warn!("Cannot raise the limit of open files: {error}");
    }
}

/// Why a server ends.
#[derive(Debug)]
enum End {
    /// Ctrl-C or SIGTERM.
    Asked,
    /// What is on disk is not known any more.
    Stopped(Stopped),
}

/// Finishes the leads that the last stop interrupted, then serves. `ready` is called once
/// requests are answered, `stopping` is cancelled when no more are taken.
pub(crate) async fn serve(
    installation: Installation,
    api: Api,
    listener: TcpListener,
    stopping: CancellationToken,
    ready: impl FnOnce(),
) -> anyhow::Result<ExitCode> {
    raise_file_limit();
    let services = installation.services.clone();
    services.engine.resume().await.context("cannot finish the leads that the last stop interrupted")?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (leads, control) = (services.leads.clone(), services.control.clone());
    let mut end = End::Asked;
    let stop = async {
        // Nothing is lost with the branches that lose: each only waits.
        end = tokio::select! {
            _ = tokio::signal::ctrl_c() => End::Asked,
            _ = terminate.recv() => End::Asked,
            stopped = leads.wait_for_stop() => End::Stopped(stopped),
            stopped = control.ledger().wait_for_stop() => End::Stopped(stopped),
        };
        match &end {
            End::Asked => info!("Stopping: no more requests are taken, what is under way ends"),
            End::Stopped(stopped) => error!("{stopped}: {}", stopped.cause()),
        }
        stopping.cancel();
    };
    let (stop_retrying, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = services.engine.clone();
    let retrying = tokio::spawn(async move {
        // An error only says that the sender is gone.
        engine.keep_retrying(async { drop(stopped.await) }).await;
    });
    let (stop_keeping, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = services.engine.clone();
    let keeping = tokio::spawn(async move {
        engine.keep_checkpoints(Pace::default(), async { drop(stopped.await) }).await;
    });
    ready();
    server::serve(listener, api.router(), stop).await;
    drop(stop_retrying);
    drop(stop_keeping);
    retrying.await.context("the task of retries broke off")?;
    keeping.await.context("the task of checkpoints broke off")?;
    match end {
        End::Asked => {
            match tokio::time::timeout(DRAIN_MAX, services.engine.drain()).await {
                Ok(()) => {
                    services.engine.keep_folds_or_tell().await;
                    drop(installation.close().await?);
                }
                Err(_) => warn!("Some leads did not end in time; the next start finishes them"),
            }
            info!("Stopped");
            Ok(ExitCode::SUCCESS)
        }
        End::Stopped(stopped) => {
            console::complain(&format!("error: {stopped}: {}; the next start recovers", stopped.cause()));
            Ok(ExitCode::from(LEDGER_STOPPED))
        }
    }
}

//! `glassline demo`: an installation of its own, with a day of history, leads that come in, and
//! lines to paste.
//!
//! `parties.rs` is the script by which services and buyers act, `letters.rs` what sources send,
//! `stories.rs` what is planted. `backfill.rs` plays the day on a virtual clock; `live.rs` and
//! `stand_ins.rs` go on over real connections. `directory.rs` keeps it all to a directory of its own.

mod backfill;
mod calendar;
mod directory;
mod flows;
mod letters;
mod live;
mod parties;
mod people;
mod plan;
mod stand_ins;
mod stories;
mod unsynced_disk;
mod virtual_time;
mod welcome;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::Context as _;
use domain::Scope;
use engine::{Clock as _, Control, HttpOptions, SystemClock};
use ledger::DataDirectory;
use server::Api;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::calendar::Calendar;
use self::directory::Mark;
use self::live::Street;
use self::parties::{Report, Script};
use self::stand_ins::Redirected;
use self::welcome::Welcome;
use crate::api_client::ApiClient;
use crate::command_line::Demo;
use crate::commands::serve::{DEFAULT_LISTEN, SYSTEM, bind, listen_on, serve};
use crate::console::{complain, counted, say};
use crate::installation::{Installation, Surroundings};

/// What there is.
const WHAT: &str = "five flows, nine sources, ten buyers, three services";
/// How often the playing of the history tells how far it is, in leads.
const PROGRESS_STEP: usize = 500;

pub(crate) async fn run(options: Demo) -> anyhow::Result<ExitCode> {
    let Demo { data, listen, rate, leads, seed, quiet, stories } = options;
    if stories {
        welcome::stories(&data)?.iter().for_each(|line| say(line));
        return Ok(ExitCode::SUCCESS);
    }
    let (directory, known) = directory::open(&data)?;
    // Before a day is played for nothing.
    let (listener, address) = listen_somewhere(listen).await?;
    let (directory, mut mark) = match known {
        Some(mark) => {
            if !quiet {
                say(&format!("Glassline demo: {WHAT}, and the day that ended at {}", mark.end()));
            }
            (directory, mark)
        }
        None => fill(directory, &data, seed, leads, quiet).await?,
    };
    let script = Script { seed: mark.seed, calendar: Calendar::ending(mark.end()) };

    let (stop, stop_stand_ins) = (CancellationToken::new(), CancellationToken::new());
    // Buyers report to a server that does not run yet.
    let street: Arc<OnceLock<Street>> = Arc::default();
    let hear = {
        let street = Arc::clone(&street);
        Arc::new(move |report: Report| {
            if let Some(street) = street.get() {
                street.report(report);
            }
        })
    };
    let (stand_ins, serving) = stand_ins::open(script, hear, stop_stand_ins.clone()).await?;
    let serving = tokio::spawn(serving);
    let (mail_server, taking_mail) = stand_ins::open_mail(stop_stand_ins.clone()).await?;
    let taking_mail = tokio::spawn(taking_mail);
    let options = HttpOptions {
        allow_hosts: vec![stand_ins.to_string()],
        mail_server: Some(mail_server),
        mail_sender: Some(stand_ins::mail_sender()?),
        ..HttpOptions::default()
    };
    let mut surroundings = Surroundings::real("demo", options)?;
    surroundings.parties = Arc::new(Redirected { parties: surroundings.parties, stand_ins });
    let installation = Installation::assemble(directory, surroundings)?;
    ensure_key(&installation.services.control, &mut mark, &data).await?;
    let server = ApiClient::new(&format!("http://{address}"), Some(mark.key.clone()))?;
    let street = street.get_or_init(|| Street::new(server, stop.clone())).clone();

    // The same seed does not send the same people after every start.
    let start = SystemClock::default().now().to_string();
    let mut sending = None;
    let api = Api::new(installation.services.clone()).trusted_proxies(stand_ins::loopback()).demo();
    let ended = serve(installation, api, listener, stop, || {
        let welcome = Welcome { address, data: &data, mark: &mark, rate };
        say(&if quiet { welcome.short() } else { welcome.long() });
        sending = Some(tokio::spawn(async move { street.send_leads(script, rate, &start).await }));
    })
    .await;
    if let Some(sending) = sending {
        sending.await.context("the task that sends leads broke off")?;
    }
    // Last, since leads under way still ask them.
    stop_stand_ins.cancel();
    serving.await.context("the task of the stand-ins broke off")?;
    taking_mail.await.context("the task of the mail server broke off")?;
    ended
}

/// Listens where it is asked to; without a wish on the usual port, or on a free one when that is
/// taken.
async fn listen_somewhere(wish: Option<SocketAddr>) -> anyhow::Result<(TcpListener, SocketAddr)> {
    if let Some(listen) = wish {
        return bind(listen).await;
    }
    let usual: SocketAddr = DEFAULT_LISTEN.parse().expect("the default is an address");
    match listen_on(usual) {
        Ok(listener) => Ok((listener, usual)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bind((usual.ip(), 0).into()).await,
        Err(error) => Err(error).with_context(|| format!("cannot listen on {usual}")),
    }
}

/// Plays the day that ends now.
async fn fill(
    directory: DataDirectory,
    data: &Path,
    seed: u64,
    leads: u32,
    quiet: bool,
) -> anyhow::Result<(DataDirectory, Mark)> {
    let tell = |text: &str| {
        if !quiet {
            say(text);
        }
    };
    let began = Instant::now();
    let end = SystemClock::default().now();
    let mark = Mark::filling(seed, end);
    mark.write(data)?;
    tell(&format!(
        "Glassline demo: {WHAT}. Playing a day of history, {}, into {} …",
        counted(leads, "lead"),
        data.display()
    ));
    let script = Script { seed, calendar: Calendar::ending(end) };
    let played = backfill::play(directory, mark, script, leads, |arrived| {
        if !quiet && arrived % PROGRESS_STEP == 0 {
            complain(&format!("{arrived} of {leads} leads"));
        }
    });
    let history = played.await?;
    tell(&format!(
        "Played {}, {}, in {:.1} s",
        counted(leads, "lead"),
        counted(history.events, "event"),
        began.elapsed().as_secs_f32()
    ));
    Ok((history.directory, history.mark))
}

/// The key of earlier starts; a new one when somebody took that back.
async fn ensure_key(control: &Control, mark: &mut Mark, data: &Path) -> anyhow::Result<()> {
    if control.authenticate(&mark.key).is_some_and(|key| key.allows(&Scope::Admin)) {
        return Ok(());
    }
    mark.key = control.create_key(SYSTEM, "demo", vec![Scope::Admin]).await?.secret;
    mark.write(data)
}

//! The day of history, played in seconds: the real server and the real engine, a clock that goes
//! where it is put, and parties in the same process.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use domain::{FaultKind, Scope, Timestamp};
use engine::{Answered, Asking, Call, CallFault, Clock as _, MailCall, Parties};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use ledger::{DataDirectory, Disk, Entropy, OsEntropy};
use serde_json::Value;
use server::{Api, RemoteAddress};
use tower::{Service, ServiceExt as _};
use url::Url;
use wire::outbound::{Mailbox, Reply};

use super::calendar::later;
use super::directory::{Mark, State};
use super::flows;
use super::letters::EXCHANGE_ADDRESS;
use super::parties::{Question, Report, Script};
use super::plan::{Arrival, plan};
use super::stand_ins;
use super::unsynced_disk::{UnsyncedDisk, sync};
use super::virtual_time::VirtualClock;
use crate::chance::{Chance, SeededEntropy};
use crate::commands::serve::SYSTEM;
use crate::installation::{Installation, Surroundings};

/// Parties that play their script in this process, and take no real time.
#[derive(Debug)]
struct Players {
    script: Script,
    clock: Arc<VirtualClock>,
    /// What they have to say later on, and when.
    reports: Mutex<Vec<(Timestamp, Report)>>,
    mail_sender: Mailbox,
}

/// How long a mail server takes.
const MAIL_TAKES: Duration = Duration::from_millis(40);

impl Players {
    /// Answers at once, and puts the clock to when the answer is there.
    fn play(&self, call: &Call) -> Result<Answered, CallFault> {
        let fault = |kind, detail: &str, waited| CallFault::new(kind, detail, waited);
        let address: Url =
            call.request.url.parse().map_err(|_| fault(FaultKind::Dns, "no such host", Duration::ZERO))?;
        let question = Question::read(
            address.host_str().unwrap_or_default(),
            address.path(),
            address.query().unwrap_or_default(),
            &call.request.headers,
            &call.request.body,
        );
        let performance = self.script.perform(&question, self.clock.now());
        let performance = performance.ok_or_else(|| fault(FaultKind::Dns, "no such host", Duration::ZERO))?;
        if performance.delay >= call.time_limit {
            self.clock.advance(call.time_limit);
            return Err(fault(FaultKind::Timeout, "no reply in time", call.time_limit));
        }
        self.clock.advance(performance.delay);
        if let Some(report) = performance.report {
            let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
            reports.push((later(self.clock.now(), report.after), report));
        }
        Ok(Answered { reply: performance.reply, redirects: Vec::new(), waited: performance.delay })
    }

    fn take_reports(&self) -> Vec<(Timestamp, Report)> {
        std::mem::take(&mut self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Parties for Players {
    fn ask(&self, call: Call) -> Asking<'_> {
        Box::pin(async move { self.play(&call) })
    }

    fn mail(&self, _: MailCall) -> Asking<'_> {
        self.clock.advance(MAIL_TAKES);
        let reply = Reply { status: 250, headers: Vec::new(), body: stand_ins::MAIL_TAKEN.into() };
        Box::pin(std::future::ready(Ok(Answered { reply, redirects: Vec::new(), waited: MAIL_TAKES })))
    }

    fn mail_sender(&self) -> Option<&Mailbox> {
        Some(&self.mail_sender)
    }
}

/// Something that happens in the history.
#[derive(Debug)]
enum Happening {
    Arrival(Arrival),
    Report(Report),
}

/// What happens, the earliest first; of two at one moment the one that was known first.
#[derive(Debug, Default)]
struct Agenda {
    order: BinaryHeap<Reverse<(Timestamp, usize)>>,
    happenings: Vec<Option<Happening>>,
}

impl Agenda {
    fn add(&mut self, at: Timestamp, happening: Happening) {
        self.order.push(Reverse((at, self.happenings.len())));
        self.happenings.push(Some(happening));
    }

    /// The next one before a moment.
    fn next_before(&mut self, end: Timestamp) -> Option<(Timestamp, Happening)> {
        let Reverse((at, _)) = *self.order.peek()?;
        if at >= end {
            return None;
        }
        let Reverse((at, place)) = self.order.pop()?;
        self.happenings[place].take().map(|happening| (at, happening))
    }
}

/// What playing the history came to.
#[derive(Debug)]
pub(super) struct History {
    pub(super) directory: DataDirectory,
    pub(super) mark: Mark,
    pub(super) events: u64,
}

/// Plays the history into an empty directory, of which `mark` was written before. When it returns,
/// everything is durable.
pub(super) async fn play(
    directory: DataDirectory,
    mut mark: Mark,
    script: Script,
    leads: u32,
    mut progress: impl FnMut(usize),
) -> anyhow::Result<History> {
    let path = directory.path().to_path_buf();
    let clock = Arc::new(VirtualClock::new(script.calendar.publication()));
    let players = Arc::new(Players {
        script,
        clock: Arc::clone(&clock),
        reports: Mutex::new(Vec::new()),
        mail_sender: stand_ins::mail_sender()?,
    });
    let surroundings = Surroundings {
        name: "demo".to_owned(),
        clock: clock.clone(),
        entropy: Arc::new(SeededEntropy::of(Chance::of(script.seed, &["entropy"]))),
        parties: players.clone(),
        disk: |disk| -> Arc<dyn Disk> { Arc::new(UnsyncedDisk(disk)) },
    };
    let installation = Installation::assemble(directory, surroundings)?;
    let services = installation.services.clone();
    for name in flows::SECRETS {
        services.control.set_secret(SYSTEM, &name.parse()?, new_key().parse()?).await?;
    }
    for file in flows::all()? {
        services.control.publish_flow(SYSTEM, &file).await?;
    }
    // The one secret of it: drawn by the system.
    let key = new_key();
    services.control.adopt_key(SYSTEM, "demo", vec![Scope::Admin], &key).await?;
    mark.key = key;

    let mut agenda = Agenda::default();
    for arrival in plan(&script, leads) {
        agenda.add(arrival.at, Happening::Arrival(arrival));
    }
    let router = Api::new(services.clone()).trusted_proxies(stand_ins::loopback()).router();
    let end = script.calendar.end();
    let mut arrived = 0;
    loop {
        let next = agenda.next_before(end);
        let until = next.as_ref().map_or(end, |(at, _)| *at);
        while let Some(due) = services.engine.next_due().filter(|due| *due < until) {
            clock.advance_to(due);
            services.engine.run_due().await;
        }
        let Some((at, happening)) = next else { break };
        clock.advance_to(at);
        match happening {
            Happening::Arrival(Arrival { letter, story, .. }) => {
                let mut letter = letter;
                if let Some((path, body)) = letter.ping() {
                    let offer = post(&router, &mark.key, &path, letter.content_type(), body).await?;
                    let Some(taken) = letter.with_offer(&offer) else { continue };
                    letter = taken;
                }
                let answer =
                    post(&router, &mark.key, &letter.path(), letter.content_type(), letter.body()).await?;
                if let Some(story) = story {
                    let lead_id = answer["lead"]["id"].as_str().context("an answer without a lead")?;
                    mark.tell(story, lead_id.parse()?);
                }
                arrived += 1;
                progress(arrived);
            }
            Happening::Report(report) => {
                let path = format!("/feedback?event_id={}", report.delivery_id);
                post(&router, &mark.key, &path, "application/json", report.body()).await?;
            }
        }
        for (at, report) in players.take_reports() {
            agenda.add(at, Happening::Report(report));
        }
    }
    let events = services.leads.reader().next_seq();
    drop((router, services));
    let directory = installation.close().await?;
    finish(&path, &mut mark)?;
    Ok(History { directory, mark, events })
}

/// Makes the files durable, and then the mark that says so.
fn finish(path: &Path, mark: &mut Mark) -> anyhow::Result<()> {
    sync(path).with_context(|| format!("cannot sync {}", path.display()))?;
    mark.state = State::Ready;
    mark.write(path)
}

/// Posts something as whoever sends it does, but for the connection.
async fn post<S, B>(
    server: &S,
    key: &str,
    path: &str,
    content_type: &str,
    body: String,
) -> anyhow::Result<Value>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let request = Request::post(path)
        .header(AUTHORIZATION, format!("Bearer {key}"))
        .header(CONTENT_TYPE, content_type)
        .header("x-forwarded-for", EXCHANGE_ADDRESS)
        .extension(RemoteAddress((Ipv4Addr::LOCALHOST, 0).into()))
        .body(Full::new(Bytes::from(body)))?;
    let Ok(reply) = server.clone().oneshot(request).await;
    let status = reply.status();
    let body = reply.into_body().collect().await?.to_bytes();
    ensure!(
        matches!(status, StatusCode::CREATED | StatusCode::OK),
        "{path} is answered {status}: {}",
        String::from_utf8_lossy(&body)
    );
    Ok(serde_json::from_slice(&body)?)
}

/// A key that nobody can guess.
fn new_key() -> String {
    let mut bytes = [0; 24];
    OsEntropy.fill(&mut bytes);
    bytes.iter().fold("gl_".to_owned(), |key, byte| key + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use engine::HttpOptions;
    use ledger::{Filter, Order, Window};

    use super::*;
    use crate::commands::demo::calendar::Calendar;

    /// Plays a history and gives its events as lines, without ids.
    async fn told(seed: u64) -> Vec<String> {
        let temp = tempfile::TempDir::new().unwrap();
        let end: Timestamp = "2026-01-15T20:00:00.000Z".parse().unwrap();
        let script = Script { seed, calendar: Calendar::ending(end) };
        let directory = DataDirectory::open(temp.path()).unwrap();
        let mark = Mark::filling(seed, end);
        let History { directory, .. } = play(directory, mark, script, 120, |_| {}).await.unwrap();
        let surroundings = Surroundings::real("demo", HttpOptions::default()).unwrap();
        let installation = Installation::assemble(directory, surroundings).unwrap();
        let reader = installation.services.leads.reader();
        let window = Window { after: None, before: None, order: Order::OldestFirst, limit: 100_000 };
        let seqs = reader.list(&Filter::default(), window).seqs;
        let records = reader.records(&seqs).unwrap();
        let lines: Vec<String> = records.iter().filter_map(|record| without_ids(&record.header)).collect();
        installation.close().await.unwrap();
        lines
    }

    /// The header of a lead's event, without what is drawn anew each time and what follows from that.
    fn without_ids(header: &[u8]) -> Option<String> {
        let mut header: serde_json::Map<String, Value> = serde_json::from_slice(header).unwrap();
        header.get("lead_id").filter(|id| !id.is_null())?;
        header.retain(|key, _| {
            !key.ends_with("id") || matches!(&**key, "flow_id" | "step_id" | "entity_id" | "source_id")
        });
        // Keyed hashes follow from the key of the ledger, which is drawn.
        for drawn in ["snapshot", "idempotency_key", "idempotency_payload", "duplicate_keys"] {
            header.remove(drawn);
        }
        Some(Value::Object(header).to_string())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_seed_and_end_give_the_same_history() {
        let (first, again, other) = (told(1).await, told(1).await, told(2).await);
        assert!(first.len() > 700, "{} events", first.len());
        for (at, (first, again)) in first.iter().zip(&again).enumerate() {
            assert_eq!(first, again, "event {at}");
        }
        assert_eq!(first.len(), again.len());
        assert_ne!(first, other);
        assert!(!first.iter().any(|line| line.contains("no such host")), "everybody is played");
    }
}

//! Leads that come in while the demo runs, over the door that everybody uses, and what buyers report
//! about them.

use std::sync::Arc;
use std::time::Duration;

use engine::{Clock as _, SystemClock};
use http::StatusCode;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::calendar::busyness;
use super::letters::{EXCHANGE_ADDRESS, Letter};
use super::parties::{Report, Script};
use crate::api_client::{ApiClient, Ask};
use crate::chance::Chance;

/// Most leads under way at a time; more are not sent.
const UNDER_WAY_MAX: usize = 256;
/// Most reports that wait for their time; more are not made.
const REPORTS_MAX: usize = 2_000;
/// Live, what takes buyers an hour takes them half a minute: nobody watches a demo for a day.
const REPORT_HASTE: u32 = 120;

/// The way to a running server for sources and buyers.
#[derive(Debug, Clone)]
pub(super) struct Street {
    server: ApiClient,
    stop: CancellationToken,
    tasks: TaskTracker,
    leads: Arc<Semaphore>,
    reports: Arc<Semaphore>,
}

impl Street {
    pub(super) fn new(server: ApiClient, stop: CancellationToken) -> Street {
        let (leads, reports) = (Semaphore::new(UNDER_WAY_MAX), Semaphore::new(REPORTS_MAX));
        let (leads, reports) = (Arc::new(leads), Arc::new(reports));
        Street { server, stop, tasks: TaskTracker::new(), leads, reports }
    }

    /// Sends leads until it is stopped; then waits for those under way.
    pub(super) async fn send_leads(self, script: Script, rate: f64, start: &str) {
        if rate > 0.0 {
            self.send_until_stopped(script, rate, start).await;
        }
        self.stop.cancelled().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn send_until_stopped(&self, script: Script, rate: f64, start: &str) {
        let mut chance = Chance::of(script.seed, &["live", start]);
        let clock = SystemClock::default();
        loop {
            let wait = chance.wait(1.0 / (rate * busyness(clock.now())));
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs_f64(wait)) => {}
            }
            let letter = Letter::draw(&script, &mut chance, clock.now(), true);
            let Ok(place) = Arc::clone(&self.leads).try_acquire_owned() else { continue };
            let street = self.clone();
            self.tasks.spawn(async move {
                street.send(letter).await;
                drop(place);
            });
        }
    }

    /// Sends a lead; a source that asks first what it is worth keeps what nobody bids for.
    async fn send(&self, letter: Letter) {
        let mut letter = letter;
        if let Some((path, body)) = letter.ping() {
            let offer = self.post(&path, letter.content_type(), body).await;
            let Some(taken) = offer.and_then(|offer| letter.with_offer(&offer)) else { return };
            letter = taken;
        }
        self.post(&letter.path(), letter.content_type(), letter.body()).await;
    }

    /// Sends a report when its time has come; those that still wait when the demo ends are not sent.
    pub(super) fn report(&self, report: Report) {
        let Ok(place) = Arc::clone(&self.reports).try_acquire_owned() else { return };
        let street = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = street.stop.cancelled() => return,
                () = tokio::time::sleep(report.after / REPORT_HASTE) => {}
            }
            let path = format!("/feedback?event_id={}", report.delivery_id);
            street.post(&path, "application/json", report.body()).await;
            drop(place);
        });
    }

    /// The answer, where it is one that a sender can use.
    async fn post(&self, path: &str, content_type: &'static str, body: String) -> Option<Value> {
        let ask = Ask::post(path).header("x-forwarded-for", EXCHANGE_ADDRESS).body(content_type, body);
        match self.server.ask(ask).await {
            Ok(answer) if matches!(answer.status, StatusCode::CREATED | StatusCode::OK) => {
                return serde_json::from_str(&answer.text).ok();
            }
            // Somebody paused the source: that is theirs to do.
            Ok(answer) => debug!("A live request is answered {}", answer.status),
            Err(error) if self.stop.is_cancelled() => debug!("A live request ends with the demo: {error:#}"),
            Err(error) => warn!("A live request has no answer: {error:#}"),
        }
        None
    }
}

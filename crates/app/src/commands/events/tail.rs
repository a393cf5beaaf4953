//! `glassline events tail`: events as they happen. Where the connection breaks, the next one goes
//! on after the last event that was shown, so that none is missing and none comes twice.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::address;
use super::list::{nobody_reads, page};
use super::row::Printer;
use crate::api_client::{Answer, ApiClient, Ask, next_piece};
use crate::command_line::{EventSight, Tail};
use crate::console::complain;
use crate::sse::{Message, MessageReader};

/// How long to wait before the first new connection; it doubles each time.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Events that follow each other.
#[derive(Debug, Deserialize)]
struct Batch {
    data: Vec<Box<RawValue>>,
}

/// Where the stream begins.
#[derive(Debug, Deserialize)]
struct Open {
    complete_to_seq: u64,
}

/// Events that the stream left out, because whoever reads was too slow: those from `from` on and
/// before `to` are to be had as a list.
#[derive(Debug, Deserialize)]
struct Gap {
    from: u64,
    to: u64,
}

#[derive(Debug, Deserialize)]
struct Seq {
    seq: u64,
}

pub(super) async fn run(options: Tail) -> anyhow::Result<ExitCode> {
    let Tail { server, filter, after, count, sight } = options;
    let client = ApiClient::open(&server)?;
    let parameters = filter.parameters();
    let list = address(&filter);
    let printer = Printer::new(sight.json);
    let mut tail = Tailing { client, list, parameters, sight, after, left: count, printer };
    let mut pause = PAUSE_MIN;
    let mut connected = false;
    loop {
        let fault = match tail.connect().await {
            Ok(response) => {
                (connected, pause) = (true, PAUSE_MIN);
                match tail.follow(response).await {
                    Ok(()) => return Ok(ExitCode::SUCCESS),
                    Err(Fault::Broken(fault)) => fault,
                    Err(Fault::Fatal(error)) => return nobody_reads(error),
                }
            }
            // Somebody who mistyped the address wants to know at once.
            Err(Fault::Broken(fault)) if !connected => return Err(fault),
            Err(Fault::Broken(fault)) => fault,
            Err(Fault::Fatal(error)) => return Err(error),
        };
        complain(&format!("{fault:#}; trying again in {} s", pause.as_secs_f32()));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Why a connection ended.
#[derive(Debug)]
enum Fault {
    /// It broke; the next may hold.
    Broken(anyhow::Error),
    /// The next would end the same way.
    Fatal(anyhow::Error),
}

struct Tailing {
    client: ApiClient,
    /// Where the same events are listed.
    list: String,
    parameters: Vec<(&'static str, String)>,
    sight: EventSight,
    /// The last place that was looked at; none before the first connection.
    after: Option<u64>,
    /// How many more events to show; none for all.
    left: Option<u64>,
    printer: Printer,
}

impl Tailing {
    async fn connect(&self) -> Result<Response<Incoming>, Fault> {
        let mut ask = Ask::get("/events/stream").query(&self.parameters).query(&self.sight.parameters());
        if let Some(after) = self.after {
            ask = ask.header("last-event-id", after.to_string());
        }
        let response = self.client.begin(ask).await.map_err(Fault::Broken)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let text = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let (status, headers) = (parts.status, parts.headers);
        let text = String::from_utf8_lossy(&text).into_owned();
        match (Answer { status, headers, text }.good()) {
            Err(refused) if status.is_server_error() => Err(Fault::Broken(refused)),
            Err(refused) => Err(Fault::Fatal(refused)),
            Ok(()) => unreachable!("an answer of success is a stream"),
        }
    }

    /// Shows what comes; returns when as many events as were asked for are shown.
    async fn follow(&mut self, mut response: Response<Incoming>) -> Result<(), Fault> {
        let mut reader = MessageReader::default();
        loop {
            let piece = next_piece(&mut response).await.map_err(Fault::Broken)?;
            let Some(piece) = piece else {
                return Err(Fault::Broken(anyhow::anyhow!("the server ended the stream")));
            };
            let messages = reader.read(&piece).context("the stream makes no sense").map_err(Fault::Fatal)?;
            for message in messages {
                self.take(&message).await.map_err(Fault::Fatal)?;
                if self.left == Some(0) {
                    return Ok(());
                }
            }
        }
    }

    async fn take(&mut self, message: &Message) -> anyhow::Result<()> {
        let wrong = || format!("a message {:?} of the stream cannot be read", message.event);
        match message.event.as_str() {
            "open" => {
                let open: Open = serde_json::from_str(&message.data).with_context(wrong)?;
                // Nothing was looked at yet, but what comes later is: this is where to go on from.
                self.after = self.after.or(open.complete_to_seq.checked_sub(1));
            }
            "batch" => {
                let batch: Batch = serde_json::from_str(&message.data).with_context(wrong)?;
                self.show(batch.data)?;
                if let Some(id) = &message.id {
                    self.after = Some(id.parse().with_context(wrong)?);
                }
            }
            "gap" => {
                let gap: Gap = serde_json::from_str(&message.data).with_context(wrong)?;
                self.refill(gap).await?;
            }
            // A kind of a later release.
            _ => {}
        }
        Ok(())
    }

    /// Shows what the stream left out.
    async fn refill(&mut self, gap: Gap) -> anyhow::Result<()> {
        let mut parameters = self.parameters.clone();
        parameters.extend(gap.from.checked_sub(1).map(|seq| ("after", seq.to_string())));
        parameters.extend([
            ("before", gap.to.to_string()),
            ("limit", "1000".to_owned()),
            ("sort", "seq".to_owned()),
        ]);
        parameters.extend(self.sight.parameters());
        let mut page = page(&self.client, &self.list, &parameters).await?;
        loop {
            self.show(page.data)?;
            match page.next {
                Some(next) if self.left != Some(0) => page = self::page(&self.client, &next, &[]).await?,
                _ => break,
            }
        }
        self.after = self.after.max(gap.to.checked_sub(1));
        Ok(())
    }

    fn show(&mut self, mut events: Vec<Box<RawValue>>) -> anyhow::Result<()> {
        if let Some(left) = &mut self.left {
            events.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= events.len() as u64;
        }
        self.printer.print(&events)?;
        if let Some(last) = events.last() {
            let last: Seq = serde_json::from_str(last.get()).context("an event has no seq")?;
            self.after = Some(last.seq);
        }
        Ok(())
    }
}

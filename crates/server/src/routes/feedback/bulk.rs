//! `POST /feedback` with `text/csv`: many reports in one request. Lines are read as they arrive and answered in their
//! order, each by itself: what is wrong with one leaves the others alone.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::{LeadId, Scope};
use engine::{FeedbackError, Report, ReportStatus, Reported};
use futures_util::future::{self, Either};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use wire::csv::{CsvReader, CsvRecord, write_csv};
use wire::json::ObjectWriter;

use super::reading::{MEMBERS, report_of};
use super::{Asked, Named, parties_of, write_members};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::parameters;
use crate::state::ApiState;

/// Most reports of one request. Their answers are kept until they are read, for who reads only after all is sent.
const LINES_MAX: u64 = 100_000;
/// Most bytes of one request.
const BYTES_MAX: u64 = 64 << 20;
/// Most reports under way at a time: one sync of the disk serves all of them.
const AT_A_TIME_MAX: usize = 64;

/// Columns of a file, or parameters that stand for all its lines.
const COLUMNS: [&str; 8] =
    ["event_id", "lead_id", "entity_id", MEMBERS[0], MEMBERS[1], MEMBERS[2], MEMBERS[3], MEMBERS[4]];
/// Parameters that stand for all lines.
const SHARED: [&str; 2] = ["entity_id", "type"];

/// Begins to answer once the names of the columns are read.
pub(super) async fn report_all(
    state: ApiState,
    caller: Caller,
    asked: Asked,
    body: Body,
) -> Result<Response, ApiError> {
    let mut shared: Vec<(&'static str, String)> = Vec::new();
    parameters::read(&asked.uri, &SHARED, |name, value| {
        let known = SHARED.into_iter().find(|own| *own == name);
        shared.extend(known.map(|name| (name, value.to_owned())));
        Ok(known.is_some())
    })?;
    let mut file = File {
        body: body.into_data_stream(),
        reader: CsvReader::default(),
        ready: VecDeque::new(),
        bytes: 0,
        ended: false,
    };
    let first = file.next().await.map_err(FileFault::into_error)?;
    let columns = Columns::read(first, shared)?;
    let (out, answers) = unbounded_channel();
    let bulk = Bulk {
        state,
        caller,
        asked,
        columns,
        out,
        under_way: VecDeque::new(),
        leads: HashSet::new(),
        sums: Sums::default(),
    };
    // It ends with the file, or when nobody listens any more; what is under way then goes to its end.
    tokio::spawn(bulk.run(file));
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, kind)], Body::from_stream(lines(answers))).into_response())
}

fn lines(answers: UnboundedReceiver<Vec<u8>>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(answers, async |mut answers| {
        let line = answers.recv().await?;
        Some((Ok(Bytes::from(line)), answers))
    })
}

/// A file that arrives.
struct File {
    body: BodyDataStream,
    reader: CsvReader,
    ready: VecDeque<CsvRecord>,
    bytes: u64,
    ended: bool,
}

/// Why a file is not read further.
enum FileFault {
    /// It broke off: its last line may not be whole.
    BrokenOff,
    TooLarge,
}

impl FileFault {
    fn into_error(self) -> ApiError {
        match self {
            FileFault::BrokenOff => ApiError::bad_body("the body could not be read to its end"),
            FileFault::TooLarge => {
                let message = format!(
                    "a file has at most {LINES_MAX} lines and {BYTES_MAX} bytes; send the rest by itself"
                );
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
            }
        }
    }
}

impl File {
    /// The next record; none at the end.
    async fn next(&mut self) -> Result<Option<CsvRecord>, FileFault> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Ok(Some(record));
            }
            if self.ended {
                return Ok(None);
            }
            match self.body.next().await {
                Some(Ok(piece)) => {
                    self.bytes += piece.len() as u64;
                    if self.bytes > BYTES_MAX {
                        return Err(FileFault::TooLarge);
                    }
                    self.ready.extend(self.reader.push(&piece));
                }
                Some(Err(_)) => return Err(FileFault::BrokenOff),
                None => {
                    self.ended = true;
                    self.ready.extend(std::mem::take(&mut self.reader).finish());
                }
            }
        }
    }
}

/// What the fields of a line are.
struct Columns {
    names: Vec<&'static str>,
    shared: Vec<(&'static str, String)>,
    /// The line with the names, as it is recorded with each report.
    head: String,
}

impl Columns {
    fn read(first: Option<CsvRecord>, shared: Vec<(&'static str, String)>) -> Result<Columns, ApiError> {
        let needed = "the first line has the names of the columns, such as event_id,type,reason";
        let Some(CsvRecord { fields, .. }) = first else { return Err(ApiError::bad_body(needed)) };
        let fields = fields.map_err(|fault| ApiError::bad_body(format!("line 1: {fault}")))?;
        let mut names: Vec<&'static str> = Vec::new();
        for field in &fields {
            // Spreadsheets begin a file with a mark of its byte order.
            let word = field.trim_start_matches('\u{feff}').trim().to_lowercase();
            let shown: String = word.chars().take(60).collect();
            let Some(name) = COLUMNS.into_iter().find(|name| *name == word) else {
                let hint = wire::nearest(&word, COLUMNS).map(|near| format!("; did you mean {near}?"));
                let message =
                    format!("line 1: there is no column {shown:?}{}; {needed}", hint.unwrap_or_default());
                return Err(ApiError::bad_body(message).about(shown));
            };
            if names.contains(&name) || shared.iter().any(|(own, _)| *own == name) {
                let message = format!("line 1: {name} stands twice, in the columns or in the query");
                return Err(ApiError::bad_body(message).about(name));
            }
            names.push(name);
        }
        let mut head = String::new();
        write_csv(names.iter().copied(), &mut head);
        Ok(Columns { names, shared, head })
    }

    fn value<'a>(&'a self, fields: &'a [String], name: &str) -> Option<&'a str> {
        let own = self.names.iter().position(|own| *own == name).and_then(|at| fields.get(at));
        let shared = || self.shared.iter().find(|(own, _)| *own == name).map(|(_, value)| value);
        own.or_else(shared).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn report(&self, fields: &[String]) -> Result<Report, ApiError> {
        if fields.len() != self.names.len() {
            let (count, columns) = (fields.len(), self.names.len());
            let noun = if count == 1 { "field" } else { "fields" };
            let message = format!("the line has {count} {noun}, and there are {columns} columns");
            return Err(ApiError::bad_body(message));
        }
        let mut named = Named::default();
        for name in ["event_id", "lead_id", "entity_id"] {
            // An event names its buyer.
            let is_needless = name == "entity_id" && self.value(fields, "event_id").is_some();
            if let Some(value) = self.value(fields, name).filter(|_| !is_needless) {
                named.set(name, value)?;
            }
        }
        report_of(named.sale("line")?, |name| Ok(self.value(fields, name).map(str::to_owned)))
    }

    /// The line as it is recorded with its report.
    fn evidence(&self, fields: &[String]) -> String {
        let mut text = self.head.clone();
        write_csv(fields.iter().map(String::as_str), &mut text);
        text
    }
}

/// One file being taken in.
struct Bulk {
    state: ApiState,
    caller: Caller,
    asked: Asked,
    columns: Columns,
    out: UnboundedSender<Vec<u8>>,
    /// In the order of their lines.
    under_way: VecDeque<UnderWay>,
    /// Whose reports are under way: two of one lead are taken one after the other.
    leads: HashSet<LeadId>,
    sums: Sums,
}

struct UnderWay {
    line: u64,
    lead_id: Option<LeadId>,
    work: Work,
}

enum Work {
    Done(Result<Reported, Box<ApiError>>),
    Reporting(JoinHandle<Result<Reported, FeedbackError>>),
}

impl Work {
    /// Waits until it is done; may be given up and asked again.
    async fn end(&mut self) {
        if let Work::Reporting(task) = self {
            let result = match task.await {
                Ok(result) => result.map_err(|error| Box::new(ApiError::from(error))),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            *self = Work::Done(result);
        }
    }
}

#[derive(Default)]
struct Sums {
    lines: u64,
    accepted: u64,
    declined: u64,
    pending: u64,
    /// Of all of these, those that came before.
    repeated: u64,
    refused: u64,
}

impl Bulk {
    async fn run(mut self, mut file: File) {
        let fault = loop {
            if self.out.is_closed() {
                break None;
            }
            let next = {
                let oldest = self.under_way.front_mut();
                let ended = async {
                    match oldest {
                        Some(oldest) => oldest.work.end().await,
                        None => std::future::pending().await,
                    }
                };
                // Either may be given up: what arrived stays in the file, and what is under way goes on.
                match future::select(pin!(file.next()), pin!(ended)).await {
                    Either::Left((next, _)) => Some(next),
                    Either::Right(_) => None,
                }
            };
            match next {
                None => _ = self.end_one().await,
                Some(Ok(Some(record))) if self.sums.lines < LINES_MAX => self.begin(record).await,
                Some(Ok(Some(_))) => break Some(FileFault::TooLarge),
                Some(Ok(None)) => break None,
                Some(Err(fault)) => break Some(fault),
            }
        };
        while self.end_one().await {}
        self.write(|object| {
            if let Some(fault) = fault {
                fault.into_error().write(&self.asked.request_id, object);
            }
            let Sums { lines, accepted, declined, pending, repeated, refused } = &self.sums;
            object.number("lines", *lines);
            object.number("accepted", *accepted);
            object.number("declined", *declined);
            object.number("pending", *pending);
            object.number("repeated", *repeated);
            object.number("refused", *refused);
        });
    }

    async fn begin(&mut self, record: CsvRecord) {
        self.sums.lines += 1;
        let CsvRecord { line, fields } = record;
        let fields = fields.map_err(|fault| ApiError::bad_body(fault.to_string()));
        let ready = fields.and_then(|fields| self.prepare(&fields));
        let (lead_id, work) = match ready {
            Err(error) => (None, Work::Done(Err(Box::new(error)))),
            Ok((lead_id, report)) => {
                while self.leads.contains(&lead_id) && self.end_one().await {}
                self.leads.insert(lead_id);
                let engine = self.state.services.engine.clone();
                let task = tokio::spawn(async move { engine.feedback(report).await });
                (Some(lead_id), Work::Reporting(task))
            }
        };
        self.under_way.push_back(UnderWay { line, lead_id, work });
        while self.under_way.len() > AT_A_TIME_MAX {
            self.end_one().await;
        }
    }

    fn prepare(&self, fields: &[String]) -> Result<(LeadId, Report), ApiError> {
        let report = self.columns.report(fields)?;
        let (buyer, lead_id) = parties_of(&self.state.services.engine, &report.sale)?;
        self.caller.need(&Scope::Feedback(buyer))?;
        let request = self.asked.evidence(self.columns.evidence(fields).as_bytes());
        Ok((lead_id, Report { request, request_id: Some(Arc::clone(&self.asked.request_id)), ..report }))
    }

    /// Waits for the oldest one under way and answers it; whether there was one.
    async fn end_one(&mut self) -> bool {
        let Some(UnderWay { line, lead_id, mut work }) = self.under_way.pop_front() else { return false };
        work.end().await;
        let Work::Done(result) = work else { unreachable!("its end was waited for") };
        if let Some(lead_id) = lead_id {
            self.leads.remove(&lead_id);
        }
        match &result {
            Ok(reported) => {
                match reported.status {
                    ReportStatus::Accepted => self.sums.accepted += 1,
                    ReportStatus::Declined => self.sums.declined += 1,
                    ReportStatus::Pending => self.sums.pending += 1,
                }
                self.sums.repeated += u64::from(reported.repeated);
            }
            Err(_) => self.sums.refused += 1,
        }
        self.write(|object| {
            object.number("line", line);
            match &result {
                Ok(reported) => {
                    write_members(reported, object);
                    object.boolean("repeated", reported.repeated);
                }
                Err(error) => error.write(&self.asked.request_id, object),
            }
        });
        true
    }

    fn write(&self, members: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut line = Vec::new();
        let mut object = ObjectWriter::open(&mut line);
        members(&mut object);
        object.close();
        line.push(b'\n');
        // Whoever hung up is told nothing.
        let _ = self.out.send(line);
    }
}

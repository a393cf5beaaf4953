//! `glassline feedback`: the reports of buyers that wait for a decision, and many reports from a file.
//! `glassline consent`: what a person withdraws.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use http::Method;
use serde_json::{Value, json};
use wire::csv::{CsvReader, CsvRecord, write_csv};

use crate::api_client::{ApiClient, Ask, segment};
use crate::command_line::RunningServer;
use crate::commands::{member, print_list};
use crate::console::{counted, say};

/// Some lines of a file could not be taken in.
const SOME_FAILED: u8 = 1;
/// Lines sent in one request.
const LINES_AT_A_TIME: usize = 500;
/// Bytes of a file read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// Which reports a list shows.
pub(crate) struct ListFilter {
    pub(crate) buyer: Option<String>,
    pub(crate) flow: Option<String>,
    pub(crate) kind: Option<String>,
}

pub(crate) async fn list(filter: ListFilter, json: bool, server: &RunningServer) -> anyhow::Result<ExitCode> {
    let client = ApiClient::open(server)?;
    let ListFilter { buyer, flow, kind } = filter;
    let wanted = [("entity_id", buyer), ("flow_id", flow), ("type", kind)];
    let wanted: Vec<(&'static str, String)> =
        wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reports = client.pages("/feedback", &wanted).await?;
    let columns = [("FEEDBACK", 0), ("RECEIVED", 0), ("BUYER", 0), ("TYPE", 0), ("LEAD", 0), ("REASON", 0)];
    print_list(json, &reports, columns, |report| {
        ["feedback_id", "received_at", "entity_id", "type", "lead_id", "reason"]
            .map(|key| member(report, key))
    });
    Ok(ExitCode::SUCCESS)
}

/// What becomes of some reports.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Approve,
    Decline(Option<String>),
}

pub(crate) async fn decide(
    ids: &[String],
    verdict: &Verdict,
    server: &RunningServer,
) -> anyhow::Result<ExitCode> {
    let client = ApiClient::open(server)?;
    let (word, body) = match verdict {
        Verdict::Approve => ("approve", String::new()),
        Verdict::Decline(reason) => ("decline", json!({ "reason": reason }).to_string()),
    };
    for id in ids {
        let answer =
            client.send(Method::POST, &format!("/feedback/{}/{word}", segment(id)), body.clone()).await;
        let answer = answer.with_context(|| format!("{id} stays as it is"))?;
        say(&format!("{id} is {}", member(&answer, "status")));
    }
    Ok(ExitCode::SUCCESS)
}

/// What every line of a file reports.
pub(crate) struct Shared {
    pub(crate) kind: Option<String>,
    pub(crate) buyer: Option<String>,
}

pub(crate) async fn import(
    path: &Path,
    shared: Shared,
    json: bool,
    server: &RunningServer,
) -> anyhow::Result<ExitCode> {
    let mut input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
    };
    let shared = [("type", shared.kind), ("entity_id", shared.buyer)];
    let shared = shared.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut import = Import {
        client: ApiClient::open(server)?,
        shared,
        json,
        head: None,
        lines: Vec::new(),
        sums: BTreeMap::new(),
    };
    let (mut reader, mut piece) = (CsvReader::default(), vec![0; PIECE_BYTES]);
    loop {
        let read = input.read(&mut piece).with_context(|| format!("cannot read {}", path.display()))?;
        if read == 0 {
            break;
        }
        for record in reader.push(&piece[..read]) {
            import.take(record).await?;
        }
    }
    if let Some(record) = reader.finish() {
        import.take(record).await?;
    }
    import.send().await?;
    import.told()
}

/// A file being sent, so many lines at a time: a file of any size, and an answer before long.
struct Import {
    client: ApiClient,
    shared: Vec<(&'static str, String)>,
    json: bool,
    head: Option<Vec<String>>,
    lines: Vec<(u64, Vec<String>)>,
    /// How many lines came to what.
    sums: BTreeMap<&'static str, u64>,
}

impl Import {
    async fn take(&mut self, record: CsvRecord) -> anyhow::Result<()> {
        let CsvRecord { line, fields } = record;
        let fields = fields.with_context(|| format!("line {line}; the lines before it were sent"))?;
        if self.head.is_none() {
            self.head = Some(fields);
            return Ok(());
        }
        self.lines.push((line, fields));
        if self.lines.len() == LINES_AT_A_TIME { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        let head = self.head.as_ref().context("the file is empty; its first line names the columns")?;
        let mut text = String::new();
        write_csv(head.iter().map(String::as_str), &mut text);
        for (_, fields) in &self.lines {
            write_csv(fields.iter().map(String::as_str), &mut text);
        }
        let answer =
            self.client.ask(Ask::post("/feedback").query(&self.shared).body("text/csv", text)).await?;
        answer.good()?;
        // A field in quotes may hold line ends, so the server counts otherwise; answers are in order.
        let mut lines = std::mem::take(&mut self.lines).into_iter();
        for answered in answer.text.lines() {
            let mut result: Value =
                serde_json::from_str(answered).context("the server's answer is not JSON")?;
            if result["line"].is_null() {
                if let Some(message) = result["error"]["message"].as_str() {
                    bail!("the server stopped: {message}");
                }
                continue;
            }
            let (line, _) = lines.next().context("the server answers lines that were not sent")?;
            result["line"] = line.into();
            self.tell(line, &result);
        }
        match lines.next() {
            Some((line, _)) => bail!("the server did not answer line {line} and those after it"),
            None => Ok(()),
        }
    }

    fn tell(&mut self, line: u64, result: &Value) {
        let (word, why) = match (result["status"].as_str(), result["error"]["message"].as_str()) {
            (Some("accepted"), _) => ("accepted", None),
            (Some("pending"), _) => ("pending", Some("waits for a decision".to_owned())),
            (Some(_), _) => ("declined", Some(member(result, "reason"))),
            (None, message) => ("refused", Some(message.unwrap_or("no reason").to_owned())),
        };
        let repeated = result["repeated"] == true;
        *self.sums.entry(word).or_default() += 1;
        *self.sums.entry("repeated").or_default() += u64::from(repeated);
        if self.json {
            say(&result.to_string());
        } else if let Some(why) = why.filter(|_| !repeated) {
            say(&format!("line {line}: {word}: {why}"));
        }
    }

    fn told(&self) -> anyhow::Result<ExitCode> {
        let sum = |word: &str| self.sums.get(word).copied().unwrap_or(0);
        let [accepted, pending, declined, refused, repeated] =
            ["accepted", "pending", "declined", "refused", "repeated"].map(sum);
        if !self.json {
            let lines = counted(accepted + pending + declined + refused, "line");
            say(&format!(
                "{lines}: {accepted} accepted, {pending} pending, {declined} declined, {refused} refused; {repeated} came before"
            ));
        }
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
    }
}

pub(crate) async fn revoke(
    lead_id: &str,
    reason: Option<String>,
    json: bool,
    server: &RunningServer,
) -> anyhow::Result<ExitCode> {
    let client = ApiClient::open(server)?;
    let path = format!("/leads/{}/revoke-consent", segment(lead_id));
    let answer = client.send(Method::POST, &path, json!({ "reason": reason }).to_string()).await?;
    if json {
        say(&answer.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let again = if answer["repeated"] == true { " (it was before)" } else { "" };
    say(&format!("{lead_id} is sent nowhere any more{again}"));
    for buyer in answer["buyers"].as_array().into_iter().flatten() {
        let told = if buyer["told_by"] == "flow" { "is told" } else { "has the lead: tell it yourself" };
        say(&format!("{} {told}", member(buyer, "entity_id")));
    }
    Ok(ExitCode::SUCCESS)
}

//! `glassline verify`: walks both ledgers of a data directory and checks every record.

use std::process::ExitCode;
use std::sync::Arc;

use ledger::{DataDirectory, Defences, Disk, LedgerKind, Report, verify};
use serde_json::{Value, json};

use crate::command_line::Verify;
use crate::console::{counted, say};

pub(crate) fn run(options: &Verify) -> anyhow::Result<ExitCode> {
    let directory = DataDirectory::open_to_read(&options.data)?;
    let master = directory.master_key()?;
    let mut reports = Vec::new();
    for kind in [LedgerKind::Leads, LedgerKind::Control] {
        let disk: Arc<dyn Disk> = Arc::new(directory.disk(kind)?);
        let report = verify(&disk, master.as_ref(), Defences::ALL)?;
        reports.push((kind, report));
    }
    let clean = reports.iter().all(|(_, report)| report.is_clean());
    if options.json {
        let ledgers: serde_json::Map<String, Value> =
            reports.iter().map(|(kind, report)| (kind.as_str().to_owned(), as_json(report))).collect();
        say(&json!({ "clean": clean, "live": directory.is_live(), "ledgers": ledgers }).to_string());
    } else {
        if directory.is_live() {
            say("A server writes this directory at the moment: its newest records may not be counted.");
        }
        for (kind, report) in &reports {
            say(&as_text(*kind, report));
        }
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn as_text(kind: LedgerKind, report: &Report) -> String {
    let mut text = format!(
        "{}: {}, {}, {}, {} checked",
        kind.as_str(),
        counted(report.files, "file"),
        counted(report.records, "record"),
        counted(report.chains, "chain"),
        if report.bodies_checked == 1 {
            "1 body".to_owned()
        } else {
            format!("{} bodies", report.bodies_checked)
        }
    );
    if report.bodies_erased > 0 {
        text += &format!(", {} erased", report.bodies_erased);
    }
    if report.bodies_unopened > 0 {
        text += &format!(", {} not opened for want of the master key", report.bodies_unopened);
    }
    text += &format!(", {}, {}", counted(report.slots, "slot"), counted(report.torn_bytes, "torn byte"));
    if report.is_clean() {
        let half = if report.bodies_unopened > 0 { " as far as it goes without the bodies" } else { "" };
        return format!("{text}: clean{half}");
    }
    text += &format!(": {}", counted(report.findings_total, "FINDING").to_uppercase());
    for finding in &report.findings {
        text += &format!("\n  {finding}");
    }
    let untold = report.findings_total - report.findings.len() as u64;
    if untold > 0 {
        text += &format!("\n  and {untold} more");
    }
    text
}

fn as_json(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| json!({ "file": finding.path.display().to_string(), "offset": finding.offset, "what": finding.what }))
        .collect();
    json!({
        "files": report.files,
        "records": report.records,
        "chains": report.chains,
        "bodies_checked": report.bodies_checked,
        "bodies_erased": report.bodies_erased,
        "bodies_unopened": report.bodies_unopened,
        "slots": report.slots,
        "torn_bytes": report.torn_bytes,
        "findings_total": report.findings_total,
        "findings": findings,
    })
}

//! Events as rows for people, or as lines for programs.

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use crate::console::try_say;
use crate::table::Table;

/// What a row shows of an event.
#[derive(Debug, Deserialize)]
struct Row {
    seq: u64,
    timestamp: Option<String>,
    #[serde(rename = "type")]
    event_type: String,
    outcome: Option<String>,
    lead_id: Option<String>,
    source_id: Option<String>,
    entity_id: Option<String>,
    step_id: Option<String>,
    duration_ms: Option<u64>,
    price: Option<Number>,
    reason: Option<String>,
}

/// Writes events to standard output: as a table, or one a line as the API gives them.
#[derive(Debug)]
pub(super) struct Printer {
    table: Option<Table<10>>,
}

impl Printer {
    pub(super) fn new(json: bool) -> Printer {
        let columns = [
            ("SEQ", 6),
            ("TIME", 24),
            ("TYPE", 19),
            ("OUTCOME", 0),
            ("LEAD", 29),
            ("PARTY", 14),
            ("STEP", 8),
            ("MS", 5),
            ("PRICE", 5),
            ("REASON", 0),
        ];
        Printer { table: (!json).then(|| Table::new(columns)) }
    }

    /// Writes some events, and fails when nobody reads them.
    pub(super) fn print(&mut self, events: &[Box<RawValue>]) -> anyhow::Result<()> {
        let Some(table) = &mut self.table else {
            for event in events {
                try_say(event.get())?;
            }
            return Ok(());
        };
        let rows = events.iter().map(|event| Ok(cells(serde_json::from_str(event.get())?)));
        let rows = rows.collect::<Result<Vec<_>, serde_json::Error>>()?;
        for line in table.lines(rows) {
            try_say(&line)?;
        }
        Ok(())
    }
}

fn cells(row: Row) -> [String; 10] {
    let text = |text: Option<String>| text.unwrap_or_default();
    [
        row.seq.to_string(),
        text(row.timestamp),
        row.event_type,
        text(row.outcome),
        text(row.lead_id),
        text(row.entity_id.or(row.source_id)),
        text(row.step_id),
        row.duration_ms.map_or(String::new(), |ms| ms.to_string()),
        row.price.map_or(String::new(), |price| price.to_string()),
        text(row.reason),
    ]
}

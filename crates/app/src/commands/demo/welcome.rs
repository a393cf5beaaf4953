//! What the demo prints: where it is, and lines to paste.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::directory::Mark;

/// A person who does not exist, and whom a buyer wants.
const LEAD: &str = r#"{"first_name":"Joan","last_name":"Example","email":"joan@example.com","phone_1":"512-555-0142","state":"TX","postal_code":"78701","product":"roof","home_owner":true}"#;

/// What can be told of a running demo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Welcome<'a> {
    pub(super) address: SocketAddr,
    pub(super) data: &'a Path,
    pub(super) mark: &'a Mark,
    pub(super) rate: f64,
}

impl Welcome<'_> {
    /// Where it is.
    pub(super) fn short(&self) -> String {
        let Welcome { address, mark: Mark { key, .. }, .. } = self;
        format!("Address: http://{address}\nKey: {key}\nPage: http://{address}/ui/#key={key}")
    }

    /// Where it is, and what to do there.
    pub(super) fn long(&self) -> String {
        let Welcome { address, data, mark, rate } = self;
        let key = &mark.key;
        let mut text = self.short();
        let _ = write!(
            text,
            "\n\nSend a lead:\n\
             curl -sS -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{LEAD}' \
             'http://{address}/flows/flow_roofs/sources/src_web_form/submit'\n\
             See its events, newest first (nobody else uses the web form now):\n\
             curl -sS -H 'Authorization: Bearer {key}' \
             'http://{address}/flows/flow_roofs/events?source_id=src_web_form&limit=12'\n\
             For the command line:\n\
             export GLASSLINE_URL=http://{address} GLASSLINE_KEY={key}\n"
        );
        if !mark.stories.is_empty() {
            text += "\nWorth a look:\n";
            for told in &mark.stories {
                let _ =
                    writeln!(text, "{}\n  http://{address}/ui/leads/{}", told.story.title(), told.lead_id);
            }
        }
        let coming = match *rate > 0.0 {
            true if *rate == 1.0 => "About one lead a second comes in from eight sources. ".to_owned(),
            true => format!("About {rate} leads a second come in from eight sources. "),
            false => String::new(),
        };
        let _ = write!(text, "\n{coming}Ctrl-C stops the demo; its data stays in {}.", data.display());
        text
    }
}

/// The stories of a demo, one a line: the lead, and what there is to see.
pub(super) fn stories(data: &Path) -> anyhow::Result<Vec<String>> {
    let none = || format!("there is no demo in {}; name its directory with --data DIR", data.display());
    let mark = Mark::read(data)?.with_context(none)?;
    Ok(mark.stories.iter().map(|told| format!("{}  {}", told.lead_id, told.story.title())).collect())
}

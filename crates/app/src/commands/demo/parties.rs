//! How the services and buyers of the demo behave: from a request and a moment to a reply and the
//! time it takes. The history and the live part are played from the same script.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use wire::outbound::Reply;

use super::calendar::{Calendar, Trouble};
use crate::chance::Chance;

/// What all parties know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    pub(super) seed: u64,
    pub(super) calendar: Calendar,
}

/// A question as a party receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// Whom it was sent to.
    pub(super) host: String,
    /// Where there, such as `/leads`.
    pub(super) path: String,
    /// What was asked, by name; names of a tree have dots. A document of XML is the value of `xml`.
    pub(super) parameters: BTreeMap<String, String>,
    /// The id that the buyer names when it reports back.
    pub(super) delivery_id: Option<String>,
}

/// What a party does about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Performance {
    /// How long it takes until the reply is there.
    pub(super) delay: Duration,
    pub(super) reply: Reply,
    /// What it has to say about the lead later on.
    pub(super) report: Option<Report>,
}

/// What a buyer reports back about a lead it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// How long after it took the lead.
    pub(super) after: Duration,
    /// The delivery it is about.
    pub(super) delivery_id: String,
    pub(super) outcome: ReportKind,
}

/// What became of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportKind {
    /// The person became a customer.
    Converted,
    /// The buyer gives the lead back, and why.
    Returned(&'static str),
}

impl Report {
    /// The report as it is posted.
    pub(super) fn body(&self) -> String {
        match self.outcome {
            ReportKind::Converted => json!({ "type": "conversion", "value": "sold" }).to_string(),
            ReportKind::Returned(reason) => json!({ "type": "return", "reason": reason }).to_string(),
        }
    }
}

impl Question {
    /// Reads a request: its query, then its body.
    pub(super) fn read(
        host: &str,
        path: &str,
        query: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Question {
        let header = |wanted: &str| {
            let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.as_str())
        };
        let mut parameters: BTreeMap<String, String> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if header("content-type").is_some_and(|kind| kind.contains("json")) {
            let tree: Value = serde_json::from_slice(body).unwrap_or_default();
            flatten(&tree, String::new(), &mut parameters);
        } else if header("content-type").is_some_and(|kind| kind.contains("xml")) {
            parameters.insert("xml".to_owned(), String::from_utf8_lossy(body).into_owned());
        } else {
            parameters.extend(form_urlencoded::parse(body).into_owned());
        }
        let delivery_id = header("x-delivery").or(parameters.get("ref").map(String::as_str));
        let delivery_id = delivery_id.map(str::to_owned);
        Question { host: host.to_owned(), path: path.to_owned(), parameters, delivery_id }
    }

    fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// Whom it is about: the e-mail address, or the number.
    fn person(&self) -> &str {
        let mail = self.parameters.values().find(|value| value.contains('@'));
        mail.map_or(self.get("number"), String::as_str)
    }
}

fn flatten(tree: &Value, path: String, out: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match tree {
        Value::Object(members) => members.iter().for_each(|(key, own)| flatten(own, below(key), out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, own)| flatten(own, below(&at.to_string()), out));
        }
        Value::String(text) => drop(out.insert(path, text.clone())),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => drop(out.insert(path, tree.to_string())),
    }
}

/// The hosts of the demo, as the flow files name them.
pub(super) const PHONE: &str = "lookup.phonecheck.example.com";
const HOUSEHOLD: &str = "api.household.example.com";
pub(super) const PREMIER: &str = "crm.premier.example.com";
pub(super) const SUNBELT: &str = "leads.sunbelt.example.com";
pub(super) const SHINGLE: &str = "post.shingle.example.com";
pub(super) const HARBOR: &str = "intake.harbor.example.com";
pub(super) const KEYSTONE: &str = "leads.keystone.example.com";
pub(super) const BLUEBIRD: &str = "api.bluebird.example.com";
pub(super) const NORTHFIELD: &str = "admissions.northfield.example.com";
const LAKESIDE: &str = "enroll.lakeside.example.com";
/// Those of the example files.
const LOOKUP: &str = "lookup.example.com";
const CRM: &str = "crm.example.com";
const BUYER: &str = "buyer.example.com";
const PARTNER: &str = "partner.example.com";
const NORTH: &str = "north.example.com";
const SOUTH: &str = "south.example.com";

/// Every host that the demo plays.
pub(super) const HOSTS: [&str; 16] = [
    PHONE, HOUSEHOLD, PREMIER, SUNBELT, SHINGLE, HARBOR, KEYSTONE, BLUEBIRD, NORTHFIELD, LAKESIDE, LOOKUP,
    CRM, BUYER, PARTNER, NORTH, SOUTH,
];

/// Whom every buyer wants: the person of the line that is printed to be pasted.
pub(super) const GUEST: &str = "joan@example.com";

/// What a buyer makes of the people it is offered, as likelihoods.
#[derive(Debug, Clone, Copy)]
struct Taste {
    takes: f64,
    /// Of those it took.
    converts: f64,
    /// Of those it took.
    returns: f64,
}

fn taste(host: &str) -> Taste {
    let taste = |takes, converts, returns| Taste { takes, converts, returns };
    match host {
        PREMIER => taste(0.55, 0.12, 0.03),
        SUNBELT => taste(0.60, 0.08, 0.04),
        SHINGLE => taste(0.70, 0.06, 0.02),
        HARBOR => taste(0.62, 0.07, 0.02),
        KEYSTONE => taste(0.75, 0.05, 0.04),
        BLUEBIRD => taste(0.66, 0.0, 0.03),
        NORTHFIELD => taste(0.58, 0.09, 0.02),
        LAKESIDE => taste(0.72, 0.07, 0.03),
        CRM => taste(0.5, 0.1, 0.03),
        NORTH => taste(0.8, 0.0, 0.0),
        _ => taste(1.0, 0.0, 0.0),
    }
}

/// How a buyer feels about one person; the same whenever it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Feeling {
    pub(super) takes: bool,
    pub(super) report: Option<(Duration, ReportKind)>,
    /// From 0 to 1, for all that differs from lead to lead.
    shade: f64,
}

/// How long an honest buyer takes to report, in hours.
const REPORT_HOURS: (u32, u32) = (2, 9);

impl Script {
    /// How a buyer feels about a person.
    pub(super) fn feeling(&self, host: &str, person: &str) -> Feeling {
        let mut chance = Chance::of(self.seed, &["feeling", host, person]);
        let taste = taste(host);
        // Always drawn, so that the rest stays the same.
        let takes = chance.happens(taste.takes) || person == GUEST;
        let after =
            Duration::from_secs(u64::from(chance.between(REPORT_HOURS.0 * 3600, REPORT_HOURS.1 * 3600)));
        let converts = chance.happens(taste.converts);
        let returns = chance.happens(taste.returns);
        let outcome = match (converts, returns) {
            (true, _) => Some(ReportKind::Converted),
            (false, true) => {
                Some(ReportKind::Returned(chance.pick(&["Wrong number", "Not interested", "Moved away"])))
            }
            (false, false) => None,
        };
        Feeling { takes, report: outcome.map(|outcome| (after, outcome)), shade: chance.unit() }
    }

    /// What the party that was asked does; nothing when the demo plays nobody there.
    pub(super) fn perform(&self, question: &Question, at: Timestamp) -> Option<Performance> {
        let host = *HOSTS.iter().find(|host| **host == question.host)?;
        let feeling = self.feeling(host, question.person());
        let asked = Asked { script: self, question, at, feeling };
        let (status, body, taken) = match host {
            PHONE | LOOKUP => asked.phone(),
            HOUSEHOLD => asked.household(),
            PREMIER | CRM => asked.premier(),
            SUNBELT => asked.sunbelt(),
            SHINGLE => asked.form_buyer("Already a customer"),
            HARBOR => asked.harbor(),
            KEYSTONE => asked.form_buyer("No current insurance"),
            BLUEBIRD => asked.bluebird(),
            NORTHFIELD => asked.northfield(),
            LAKESIDE => asked.form_buyer("State not served"),
            BUYER => asked.form_buyer("Not now"),
            PARTNER => (200, json!({ "received": true }), false),
            SOUTH if question.path == "/bid" => asked.south_bid(),
            NORTH | SOUTH => return Some(asked.in_xml(host)),
            _ => return None,
        };
        let report = question.delivery_id.clone().filter(|_| taken).zip(feeling.report);
        let report = report.map(|(delivery_id, (after, outcome))| Report { after, delivery_id, outcome });
        let reply = Reply {
            status,
            headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
            body: body.to_string().into_bytes(),
        };
        Some(Performance { delay: self.delay(host, question, at), reply, report })
    }

    /// How long a party takes: usually about its own time, now and then much longer.
    fn delay(&self, host: &str, question: &Question, at: Timestamp) -> Duration {
        let mean_ms = match host {
            PHONE if self.calendar.has(Trouble::PhoneOutage, at) => return Duration::from_secs(30),
            PHONE => 90.0,
            HOUSEHOLD => 140.0,
            PREMIER => 310.0,
            SUNBELT => 450.0,
            SHINGLE => 220.0,
            HARBOR => 380.0,
            KEYSTONE => 170.0,
            BLUEBIRD => 260.0,
            NORTHFIELD => 520.0,
            LOOKUP => 80.0,
            NORTH => 110.0,
            SOUTH => 150.0,
            _ => 340.0,
        };
        let mut chance = Chance::of(self.seed, &["delay", host, question.person()]);
        let slow = if chance.happens(0.02) { 4.0 } else { 1.0 };
        let millis = slow * (mean_ms * 0.6 + chance.wait(mean_ms * 0.4));
        Duration::from_millis(millis.min(2_800.0) as u64)
    }
}

/// One question to one party at one moment.
struct Asked<'a> {
    script: &'a Script,
    question: &'a Question,
    at: Timestamp,
    feeling: Feeling,
}

/// Status, body, and whether the party took the lead.
type Said = (u16, Value, bool);

impl Asked<'_> {
    /// Of the numbers nobody has, those that end in 13 to 19 are known not to work.
    fn phone(&self) -> Said {
        let number = self.question.get("number");
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let end: u32 =
            digits.get(digits.len().saturating_sub(2)..).and_then(|end| end.parse().ok()).unwrap_or(0);
        if DEAD_ENDS.contains(&end) {
            return (200, json!({ "status": "dead", "error": { "message": "Not found" } }), false);
        }
        let line_type = match end % 10 {
            0..=6 => "mobile",
            7 | 8 => "landline",
            _ => "voip",
        };
        (200, json!({ "status": "ok", "line_type": line_type, "carrier": "Tin Can Telecom" }), false)
    }

    fn household(&self) -> Said {
        let shade = self.feeling.shade;
        if shade < 0.07 {
            return (200, json!({ "found": false }), false);
        }
        let band = if shade < 0.4 {
            "low"
        } else if shade < 0.8 {
            "middle"
        } else {
            "high"
        };
        (200, json!({ "found": true, "band": band, "score": (shade * 900.0).round() }), false)
    }

    fn premier(&self) -> Said {
        let declined = |why: &str| {
            (200, json!({ "result": { "status": "declined", "errors": [{ "message": why }] } }), false)
        };
        if matches!(self.question.get("address.state"), "LA" | "NM") {
            return declined("Outside our area");
        }
        if !self.feeling.takes {
            return declined("Area budget spent");
        }
        let bid = format!("{:.2}", 24.0 + (self.feeling.shade * 40.0).round() / 2.0);
        (200, json!({ "result": { "status": "accepted", "bid": bid, "id": self.reference("PR") } }), true)
    }

    fn sunbelt(&self) -> Said {
        let declined = |why: &str| (200, json!({ "accepted": false, "message": why }), false);
        if self.script.calendar.has(Trouble::SunbeltFull, self.at) {
            return declined("Daily cap reached (100/100)");
        }
        if self.question.get("product") == "gutter" {
            return declined("No gutters at the moment");
        }
        if !self.feeling.takes || self.question.get("state") == "LA" {
            return declined("Outside our area");
        }
        let price = 18.0 + (self.feeling.shade * 20.0).round() / 2.0;
        (200, json!({ "accepted": true, "price": price }), true)
    }

    fn harbor(&self) -> Said {
        if self.script.calendar.has(Trouble::HarborDown, self.at) {
            return (503, json!({ "error": "maintenance" }), false);
        }
        if !self.feeling.takes {
            return (200, json!({ "decision": "pass", "reason": "Risk not wanted" }), false);
        }
        let pays = match self.question.get("applicant.band") {
            "high" => 14.5,
            "middle" => 11.0,
            _ => 8.25,
        };
        (200, json!({ "decision": "take", "pays": pays, "quote": self.reference("HM") }), true)
    }

    fn bluebird(&self) -> Said {
        let declined = |why: &str| (200, json!({ "accepted": false, "message": why }), false);
        let year: u32 = self.question.get("year").parse().unwrap_or(0);
        if year < OLDEST_VEHICLE {
            return declined("Vehicle too old");
        }
        if !self.feeling.takes {
            return declined("State not licensed");
        }
        (200, json!({ "accepted": true }), true)
    }

    fn northfield(&self) -> Said {
        if !self.feeling.takes {
            return (200, json!({ "accepted": false, "message": "Program full" }), false);
        }
        (200, json!({ "accepted": true, "inquiry": self.reference("NU") }), true)
    }

    /// What a lead is worth to somebody who has not seen whose it is.
    fn worth(&self) -> f64 {
        4.0 + (self.feeling.shade * 30.0).round() / 2.0
    }

    fn south_bid(&self) -> Said {
        (200, json!({ "bid": self.worth() }), false)
    }

    /// North takes XML, South a call by SOAP.
    fn in_xml(&self, host: &'static str) -> Performance {
        let body = match (host, &*self.question.path) {
            (NORTH, "/ping") => {
                format!("<r><price>{:.2}</price><token>{}</token></r>", self.worth(), self.reference("NA"))
            }
            (NORTH, _) if self.feeling.takes => "<r><status>ok</status></r>".to_owned(),
            (NORTH, _) => "<r><status>no</status><message>Territory is full</message></r>".to_owned(),
            _ => format!(
                r#"<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><AddLeadResponse xmlns="urn:south"><Id>{}</Id></AddLeadResponse></e:Body></e:Envelope>"#,
                self.reference("SA")
            ),
        };
        let kind = if host == NORTH { "text/xml" } else { "application/soap+xml" };
        let headers = vec![("content-type".to_owned(), kind.as_bytes().to_vec())];
        let reply = Reply { status: 200, headers, body: body.into_bytes() };
        Performance { delay: self.script.delay(host, self.question, self.at), reply, report: None }
    }

    /// A buyer that takes forms and says no for one reason.
    fn form_buyer(&self, reason: &str) -> Said {
        match self.feeling.takes {
            true => (200, json!({ "status": "ok" }), true),
            false => (200, json!({ "status": "no", "reason": reason }), false),
        }
    }

    /// The party's own id for the lead.
    fn reference(&self, prefix: &str) -> String {
        format!("{prefix}-{:06}", (self.feeling.shade * 1_000_000.0) as u32)
    }
}

/// Ends of numbers that do not work.
const DEAD_ENDS: std::ops::Range<u32> = 13..20;
/// Bluebird insures no older one.
pub(super) const OLDEST_VEHICLE: u32 = 2008;

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        Script { seed: 1, calendar: Calendar::ending("2026-01-15T20:00:00.000Z".parse().unwrap()) }
    }

    fn ask(host: &str, at: &str, body: &Value) -> (Duration, u16, Value) {
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let question = Question::read(host, "/", "", &headers, body.to_string().as_bytes());
        let Performance { delay, reply, .. } = script().perform(&question, at.parse().unwrap()).unwrap();
        (delay, reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    const QUIET: &str = "2026-01-15T01:00:00.000Z";

    #[test]
    fn queries_forms_and_json_ask_the_same() {
        let json = [("content-type".to_owned(), "application/json".to_owned())];
        let read = Question::read("h", "/", "a=1", &json, br#"{"b":{"c":["x",2,null]},"ref":"evt_1"}"#);
        let told: Vec<String> =
            read.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(told, ["a=1", "b.c.0=x", "b.c.1=2", "ref=evt_1"]);
        assert_eq!(read.delivery_id.as_deref(), Some("evt_1"));
        let form = [("x-delivery".to_owned(), "evt_2".to_owned())];
        let read = Question::read("h", "/", "", &form, b"email=a%40example.com&ref=evt_1");
        assert_eq!((read.person(), read.delivery_id.as_deref()), ("a@example.com", Some("evt_2")));
    }

    #[test]
    fn the_phone_validation_is_slower_than_its_limit_during_the_outage() {
        let number = json!({ "number": "5125550142" });
        assert!(ask(PHONE, QUIET, &number).0 < Duration::from_secs(3));
        assert!(ask(PHONE, "2026-01-15T05:10:00.000Z", &number).0 > Duration::from_secs(5));
        assert_eq!(ask(PHONE, QUIET, &json!({ "number": "5125550114" })).2["status"], "dead");
    }

    #[test]
    fn sunbelt_is_full_from_some_hour_on() {
        let lead = json!({ "email": "a@example.com", "state": "TX", "product": "roof" });
        let said = |at: &str| ask(SUNBELT, at, &lead).2["message"].to_string();
        assert_eq!(said("2026-01-15T14:00:00.000Z"), "\"Daily cap reached (100/100)\"");
        assert_ne!(said("2026-01-15T13:59:00.000Z"), "\"Daily cap reached (100/100)\"");
    }

    #[test]
    fn harbor_has_a_fault_for_some_minutes() {
        let lead = json!({ "applicant": { "email": "a@example.com" } });
        assert_eq!(ask(HARBOR, "2026-01-15T11:05:00.000Z", &lead).1, 503);
        assert_eq!(ask(HARBOR, "2026-01-15T11:12:00.000Z", &lead).1, 200);
    }

    #[test]
    fn a_buyer_feels_the_same_about_a_person_whenever_it_is_asked() {
        let script = script();
        assert_eq!(script.feeling(PREMIER, "a@example.com"), script.feeling(PREMIER, "a@example.com"));
        let people = (0..1_000).map(|at| script.feeling(PREMIER, &format!("p{at}@example.com")));
        let taken = people.filter(|feeling| feeling.takes).count();
        assert!((480..620).contains(&taken), "{taken}");
    }

    #[test]
    fn nobody_is_played_where_nobody_is() {
        let question = Question::read("elsewhere.example.com", "/", "", &[], b"");
        assert_eq!(script().perform(&question, QUIET.parse().unwrap()), None);
    }
}

//! What people who move to Glassline are used to: recorded requests, readings and refusals of their
//! outbound formats, and those where a ruling of ours says better.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use domain::{TimeZone, Timestamp};
use serde_json::{Map, Value as Json};
use wire::flow_file::{try_request, try_response};
use wire::outbound::AllowedHosts;

/// One case a line: `{id, format, op, vars, expected}`, with the reply under `response`.
const CASES: &str = include_str!("data/outbound.jsonl");

/// Cases that a ruling overrides: what we answer has this in it, and the ruling.
const OVERRIDDEN: &[(&str, &str, &str)] = &[
    ("json-response-048", "\"price\":0,", "Prices are decimals; text that is not one leaves the fallback."),
    ("json-response-065", "\"outcome\":\"success\"", "Only 500-599 is a server error."),
    ("json-validate-020", "names a user or a password", "url: user and password make it invalid."),
];

/// Headers that every request of ours has besides those that were recorded, and one that the recorded
/// product leaves to its connection for JSON.
const OURS: [&str; 2] = ["User-Agent", "Content-Length"];

fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

fn object(text: &str) -> Map<String, Json> {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// What differs from the recorded request.
fn request_differs(told: &str, wanted: &Json) -> bool {
    let told = object(told);
    let same =
        ["method", "url", "body", "follow_redirects"].iter().all(|key| told.get(*key) == wanted.get(*key));
    let headers = |json: Option<&Json>| -> BTreeMap<String, String> {
        let members = json.and_then(Json::as_object).into_iter().flatten();
        members.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let (told, wanted) = (headers(told.get("headers")), headers(wanted.get("headers")));
    let all_there = wanted.iter().all(|(name, value)| told.get(name) == Some(value));
    let none_more = told.keys().all(|name| wanted.contains_key(name) || OURS.contains(&&**name));
    !(same && all_there && none_more)
}

/// What differs from the recorded reading. Amounts are the same as text or number.
fn reading_differs(told: &str, wanted: &Json) -> bool {
    let mut told = object(told);
    let mut wanted = wanted.as_object().unwrap().clone();
    let amount = |json: Option<Json>| {
        let text = json.filter(|json| !json.is_null()).map(|json| text(&json))?;
        Some(text.parse::<domain::Money>().map_or(text, |amount| amount.to_string()))
    };
    let price = amount(told.remove("price")) == amount(wanted.remove("price"));
    let same = ["outcome", "reason", "reference"]
        .iter()
        .all(|key| told.remove(*key).filter(|told| !told.is_null()) == wanted.remove(*key));
    !(price && same && told.remove("appended") == Some(Json::Object(wanted)))
}

/// As `glassline try request` answers that is told of no host of one's own.
fn request(line: &str) -> Result<String, String> {
    try_request(line, now(), &TimeZone::UTC, &AllowedHosts::default())
}

/// What is told, and whether it differs from what was recorded. A refusal is one in our own words.
fn told(line: &str, case: &Json) -> (String, bool) {
    let expected = &case["expected"];
    match case["op"].as_str().unwrap() {
        "request" => {
            let told = request(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let differs = request_differs(&told, &expected["request"]);
            (told, differs)
        }
        "response" => {
            let told = try_response(line, now()).unwrap_or_else(|error| panic!("{line}: {error}"));
            let differs = reading_differs(&told, &expected["event"]);
            (told, differs)
        }
        "validate" => {
            let told = request(line);
            let differs = told.is_err() == expected["invalid"].is_null();
            (told.err().unwrap_or_default(), differs)
        }
        other => panic!("{other} is no kind of case"),
    }
}

#[test]
fn what_no_ruling_overrides_is_as_recorded() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut overridden = 0;
    for line in CASES.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let kind = format!("{} {}", text(&case["format"]), text(&case["op"]));
        let count = counts.entry(kind).or_default();
        let (told, differs) = told(line, &case);
        match OVERRIDDEN.iter().find(|(own, _, _)| *own == id) {
            Some((_, answer, ruling)) => {
                count.1 += 1;
                overridden += 1;
                if !told.contains(answer) {
                    wrong.push(format!("{id}: {told}, not {answer}: {ruling}"));
                }
                // A ruling that changes nothing is none.
                if !differs {
                    wrong.push(format!("{id}: as recorded, though overridden: {ruling}"));
                }
            }
            None => {
                count.0 += 1;
                if differs {
                    wrong.push(format!("{line}\n    {told}"));
                }
            }
        }
    }
    for (kind, (matching, by_ruling)) in &counts {
        println!("{kind:<16} {matching:>4} as recorded {by_ruling:>4} by a ruling");
    }
    let (matching, by_ruling) = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!("{:<16} {matching:>4} as recorded {by_ruling:>4} by a ruling", "all");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), matching + by_ruling, wrong.join("\n"));
    assert_eq!(overridden, OVERRIDDEN.len(), "every override has its case");
}

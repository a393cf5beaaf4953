//! What people who move to Glassline are used to: recorded answers for each type, and those where
//! a ruling of ours says better. The clock of the records stood at noon of 15 January 2026, UTC.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use domain::{FieldType, Number, Parsed, Scalar, Timestamp, Value};
use serde_json::Value as Json;

/// One case a line: `{id, type, value, normal, valid, components}`, and `masked` for some.
const CASES: &str = include_str!("data/types.jsonl");

/// Cases that a ruling overrides: the answer we give, as `normal (valid|invalid)`, and why.
const OVERRIDDEN: &[(&str, &str, &str)] = &[
    ("boolean-028", "null (invalid)", "other text has no boolean value"),
    ("boolean-034", "null (invalid)", "other text has no boolean value"),
    ("boolean-041", "null (invalid)", "other text has no boolean value"),
    ("phone-129", "[5125550134] (invalid)", "a list where one value is meant is not valid"),
    ("ssn-003", "987654322 (invalid)", "9xx was never issued"),
    ("ssn-013", "987.65.4320 (invalid)", "9xx was never issued"),
    ("ssn-014", "987-65-4320 (invalid)", "9xx was never issued"),
    ("state-009", "T.X. (invalid)", "an unknown value is not valid"),
    ("state-034", "AA (valid)", "names are known"),
    ("state-035", "AP (valid)", "names are known"),
    ("state-047", "NL (valid)", "small words do not matter"),
    ("state-051", "YT (valid)", "names are known"),
    ("state-054", "Bavaria (invalid)", "an unknown value is not valid"),
    ("state-055", "Île-de-France (invalid)", "an unknown value is not valid"),
    ("state-061", "TX, USA (invalid)", "an unknown value is not valid"),
    ("url-026", "localhost:3000 (invalid)", "a host has a dot or is an IP address"),
];

fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// A value of a case as parsing gets it.
fn value(json: &Json) -> Value {
    fn scalar(json: &Json) -> Scalar {
        match json {
            Json::Null => Scalar::Null,
            Json::Bool(value) => Scalar::Bool(*value),
            Json::Number(number) => number
                .to_string()
                .parse::<Number>()
                .map_or_else(|_| Scalar::Text(number.to_string().into()), Scalar::Number),
            Json::String(text) => Scalar::Text(text.as_str().into()),
            Json::Array(_) | Json::Object(_) => panic!("no case nests: {json}"),
        }
    }
    match json {
        Json::Array(items) => Value::List(items.iter().map(scalar).collect()),
        other => Value::Scalar(scalar(other)),
    }
}

fn type_of(case: &Json) -> FieldType {
    case["type"].as_str().unwrap().parse().unwrap()
}

fn parse(case: &Json) -> Option<Parsed> {
    type_of(case).parse_at(&value(&case["value"]), now())
}

/// Members by name, null where the value lacks them.
type Members = BTreeMap<String, Value>;

fn members(field_type: FieldType, parsed: &Parsed) -> Members {
    let components = parsed.components.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let lacking = field_type.lacking(parsed).map(|name| (name.to_owned(), Scalar::Null.into()));
    let raw = parsed.raw.clone().map(|raw| ("raw".to_owned(), raw));
    components.chain(lacking).chain(raw).collect()
}

fn wanted_members(json: &Json) -> Members {
    json.as_object().unwrap().iter().map(|(name, json)| (name.clone(), value(json))).collect()
}

/// What differs from the answer.
fn difference(field_type: FieldType, parsed: Option<&Parsed>, wanted: &Json) -> Option<String> {
    let Some(parsed) = parsed else {
        let absent = wanted["normal"].is_null() && wanted["valid"].is_null();
        return (!absent).then(|| "absent".to_owned());
    };
    let (valid, components) = (parsed.valid.map_or(Json::Null, Json::Bool), members(field_type, parsed));
    let same = parsed.normal == value(&wanted["normal"])
        && valid == wanted["valid"]
        && components == wanted_members(&wanted["components"]);
    (!same).then(|| format!("{:?} {valid} {components:?}", parsed.normal))
}

fn shown(parsed: &Parsed) -> String {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text.to_string(),
    };
    let normal = match &parsed.normal {
        Value::Scalar(normal) => scalar(normal),
        Value::List(items) => format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
    };
    let valid = match parsed.valid {
        Some(true) => "valid",
        Some(false) => "invalid",
        None => "free",
    };
    format!("{normal} ({valid})")
}

#[test]
fn what_no_ruling_overrides_is_as_recorded() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut overridden = Vec::new();
    for line in CASES.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let count = counts.entry(case["type"].as_str().unwrap().to_owned()).or_default();
        let parsed = parse(&case);
        if let Some((_, answer, ruling)) = OVERRIDDEN.iter().find(|(own, _, _)| *own == id) {
            overridden.push(id.to_owned());
            count.1 += 1;
            let shown = parsed.as_ref().map_or("absent".to_owned(), shown);
            if shown != *answer {
                wrong.push(format!("{id}: {shown}, not {answer}: {ruling}"));
            }
            // A ruling that changes nothing is none.
            if difference(type_of(&case), parsed.as_ref(), &case).is_none() {
                wrong.push(format!("{id}: as recorded, though overridden: {ruling}"));
            }
            continue;
        }
        count.0 += 1;
        wrong.extend(
            difference(type_of(&case), parsed.as_ref(), &case).map(|got| format!("{line}\n    {got}")),
        );
        if let Some(masked) = case.get("masked") {
            let sensitive = type_of(&case);
            let parsed = sensitive.masked(parsed.as_ref().unwrap());
            wrong.extend(
                difference(sensitive, Some(&parsed), masked).map(|got| format!("{line}\n    masked {got}")),
            );
        }
    }
    for (name, (matching, by_ruling)) in &counts {
        println!("{name:<16} {matching:>4} as recorded {by_ruling:>4} by a ruling");
    }
    let (matching, by_ruling) = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!("{:<16} {matching:>4} as recorded {by_ruling:>4} by a ruling", "all");
    assert!(wrong.is_empty(), "{} of {matching}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(overridden.len(), OVERRIDDEN.len(), "every override has its case");
    assert_eq!(matching + by_ruling, CASES.lines().count());
}

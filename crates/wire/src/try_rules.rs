//! `glassline try rules`: how a lead would fare under a condition, as a line of JSON for a line of JSON.

use std::collections::BTreeMap;

use domain::{
    Condition, EarlierStep, Field, FieldName, FieldPath, FieldType, Fields, Lead, Scalar, Seed, StepId,
    Strictness, TimeZone, Timestamp, TracedRule, UnknownFieldType, Value, Variables, standard_fields,
};
use serde_json::{Map, Value as Json};

use crate::flow_file::{FLOW_FILE_BYTES_MAX, read_condition};
use crate::json::{self, ObjectWriter};

/// Where what steps append stands.
const APPENDED: &str = "appended";

/// Answers one line: `{"rules": <condition>, "lead": {…}}`, the condition as in flow files, the lead by the
/// names of its fields.
///
/// A value is raw and read as the type that `"fields": {name: type}` gives its field, or as
/// `{"$type": …, "$value": …}` does; else as that of the standard field of its name, or as its JSON says. A
/// field that only the rules name is one that the lead lacks. Below `appended` stands what steps appended. `"now"` and
/// `"time_zone"` may give the moment and the place, `"partial": true` says that more of the lead is to come.
///
/// The answer is `{"pass", "reason", "trace"}`.
///
/// # Errors
/// When the line cannot be understood.
pub fn try_rules(line: &str, now: Timestamp, time_zone: &TimeZone) -> Result<String, String> {
    let mut out = Vec::new();
    Trial::read(line, now, time_zone)?.write(&mut out);
    Ok(String::from_utf8(out).expect("JSON is written from text"))
}

struct Trial {
    condition: Condition,
    lead: Lead,
    now: Timestamp,
    time_zone: TimeZone,
    strictness: Strictness,
}

impl Trial {
    fn read(line: &str, now: Timestamp, time_zone: &TimeZone) -> Result<Trial, String> {
        let line: Json =
            serde_json::from_str(line.trim_end()).map_err(|error| json::fault_in_line(&error))?;
        let Json::Object(line) = line else { return Err("the line must be a JSON object".to_owned()) };
        let known = ["rules", "lead", "fields", "now", "time_zone", "partial"];
        if let Some(key) = line.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("there is no key {key:?}; there are {}", known.join(", ")));
        }
        let text = |key: &str| match line.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.as_str())),
            Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                Err(format!("{key:?} must be text"))
            }
        };
        let now = match text("now")? {
            None => now,
            Some(text) => text.parse().map_err(|error| format!("\"now\": {error}"))?,
        };
        let time_zone = match text("time_zone")? {
            None => time_zone.clone(),
            Some(text) => text.parse().map_err(|error| format!("\"time_zone\": {error}"))?,
        };
        let strictness = match line.get("partial") {
            None | Some(Json::Null | Json::Bool(false)) => Strictness::Whole,
            Some(Json::Bool(true)) => Strictness::Partial,
            Some(_) => return Err("\"partial\" must be true or false".to_owned()),
        };

        let object = |key: &str| match line.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Object(members)) => Ok(Some(members)),
            Some(_) => Err(format!("{key:?} must be an object")),
        };
        let mut leaves = Leaves::default();
        if let Some(members) = object("fields")? {
            for (name, field_type) in members {
                let Json::String(field_type) = field_type else {
                    return Err(format!("the type of {name:?} must be text"));
                };
                leaves.types.insert(name.clone(), field_type_of(field_type)?);
            }
        }
        if let Some(members) = object("lead")? {
            leaves.gather("", members)?;
        }
        let rules = line.get("rules").ok_or("the line needs the key \"rules\"")?;
        leaves.name_all(rules);
        let (fields, lead, steps) = leaves.parsed(now)?;
        let written = rules.to_string();
        if written.len() > FLOW_FILE_BYTES_MAX {
            let told =
                format!("\"rules\" has {} bytes; at most {FLOW_FILE_BYTES_MAX} are read", written.len());
            return Err(told);
        }
        let condition = read_condition(&written, &fields, &steps).map_err(|error| {
            // The line is one, so that numbers of lines say nothing.
            let messages: Vec<&str> =
                error.problems().iter().map(|problem| problem.message.as_str()).collect();
            messages.join("; ")
        })?;
        Ok(Trial { condition, lead, now, time_zone, strictness })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let variables = Variables {
            now: self.now,
            time_zone: &self.time_zone,
            seed: Seed::of(&[&self.now.as_millis().to_be_bytes()]),
            ..Variables::of(&self.lead)
        };
        let verdict = self.condition.evaluate(self.strictness, &variables);
        let mut object = ObjectWriter::open(out);
        object.boolean("pass", verdict.holds);
        if verdict.holds {
            object.null("reason");
        } else {
            object.text("reason", &verdict.demand());
        }
        json::write_array(verdict.trace.rules.iter(), object.value("trace"), write_rule);
        object.close();
    }
}

fn write_rule(rule: &TracedRule, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    object.text("rule", &rule.rule);
    json::write_scalar(&rule.actual, object.value("actual"));
    object.boolean("passed", rule.passed);
    object.boolean("decided", rule.decided);
    object.close();
}

fn field_type_of(text: &str) -> Result<FieldType, String> {
    text.parse().map_err(|error: UnknownFieldType| error.with_names())
}

/// The type of a field that none is given for.
fn usual_type(name: &str, value: Option<&Value>) -> FieldType {
    let standard = standard_fields().iter().find(|field| field.name == name);
    if let Some(field_type) = standard.and_then(|field| field.field_type.parse().ok()) {
        return field_type;
    }
    match value {
        Some(Value::Scalar(Scalar::Number(_))) => FieldType::Number,
        Some(Value::Scalar(Scalar::Bool(_))) => FieldType::Boolean,
        Some(Value::List(_)) => FieldType::List,
        Some(Value::Scalar(Scalar::Null | Scalar::Text(_))) | None => FieldType::String,
    }
}

/// The values of a lead by their dotted names.
#[derive(Default)]
struct Leaves {
    types: BTreeMap<String, FieldType>,
    values: BTreeMap<String, Value>,
}

impl Leaves {
    fn gather(&mut self, below: &str, members: &Map<String, Json>) -> Result<(), String> {
        for (key, value) in members {
            let name = match below {
                "" => key.strip_prefix("lead.").unwrap_or(key).to_owned(),
                _ => format!("{below}.{key}"),
            };
            match value {
                Json::Object(inner) if inner.contains_key("$type") || inner.contains_key("$value") => {
                    if let Some(Json::String(field_type)) = inner.get("$type") {
                        self.types.insert(name.clone(), field_type_of(field_type)?);
                    }
                    let value = inner.get("$value").unwrap_or(&Json::Null);
                    self.put(name, value)?;
                }
                Json::Object(inner) => self.gather(&name, inner)?,
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                    self.put(name, value)?;
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, name: String, value: &Json) -> Result<(), String> {
        let value = json::read_value(value)
            .ok_or_else(|| format!("{name:?} must be text, a number, true, false or a list of these"))?;
        self.values.insert(name, value);
        Ok(())
    }

    /// Declares the fields that only the rules name.
    fn name_all(&mut self, rules: &Json) {
        let mut left = vec![rules];
        while let Some(json) = left.pop() {
            match json {
                Json::Object(members) => {
                    if let Some(name) = members.get("field").and_then(Json::as_str)
                        && let Some(name) = name.trim().strip_prefix("lead.")
                    {
                        self.name(name);
                    }
                    left.extend(members.values());
                }
                Json::Array(items) => left.extend(items),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
            }
        }
    }

    /// Declares the field of a place: the standard field whose component it is, or the place itself.
    fn name(&mut self, place: &str) {
        let within = |field: &str| {
            place.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if place.parse::<FieldName>().is_err()
            || self.types.keys().chain(self.values.keys()).any(|field| within(field))
        {
            return;
        }
        let standard = standard_fields().iter().filter(|field| within(field.name));
        let name = standard.map(|field| field.name).max_by_key(|name| name.len()).unwrap_or(place);
        self.types.insert(name.to_owned(), usual_type(name, None));
    }

    /// The fields, the lead as they read it with what steps appended, and those steps.
    fn parsed(self, now: Timestamp) -> Result<(Fields, Lead, Vec<EarlierStep>), String> {
        let mut raw = Vec::new();
        let mut appended = Vec::new();
        let mut fields = self.types;
        for (name, value) in self.values {
            let path: FieldPath = name.parse().map_err(|error| format!("{error}"))?;
            if name.split('.').next() == Some(APPENDED) {
                appended.push((path, value));
            } else {
                fields.entry(name).or_insert_with_key(|name| usual_type(name, Some(&value)));
                raw.push((path, value));
            }
        }
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|(name, field_type)| name.parse().map(|name: FieldName| Field::new(name, field_type)))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        let fields = Fields::new(fields)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
        let fields = fields.keeping_raw(|_| true);
        let mut lead = fields.parse(&raw.into_iter().collect(), now);
        let mut steps: Vec<EarlierStep> = Vec::new();
        for (path, value) in appended {
            let id = path.keys().nth(1).and_then(|id| id.parse::<StepId>().ok());
            let id = id.ok_or_else(|| format!("{:?} names no step", path.as_str()))?;
            if steps.iter().all(|step| step.id != id) {
                steps.push(EarlierStep { id, values: Vec::new() });
            }
            lead.set(path, value);
        }
        // What is there is known, also in part: a step that appended something has run.
        for step in &steps {
            let outcome: FieldPath =
                format!("{APPENDED}.{}.outcome", step.id).parse().map_err(|error| format!("{error}"))?;
            if lead.get(outcome.as_str()).is_none() {
                lead.set(outcome, Value::Scalar(Scalar::Null));
            }
        }
        Ok((fields, lead, steps))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn tried(line: &str) -> Result<String, String> {
        try_rules(line, "2026-01-15T05:00:00Z".parse().unwrap(), &TimeZone::UTC)
    }

    fn check(line: &str, wanted: Expect) {
        wanted.assert_eq(&tried(line).unwrap());
    }

    #[test]
    fn a_lead_passes_or_the_reason_says_what_it_would_take() {
        check(
            r#"{"rules": {"field": "lead.state", "op": "in", "value": ["TX", "OK"]},
                "lead": {"state": {"$type": "state", "$value": "Texas"}}}"#,
            expect![[
                r#"{"pass":true,"reason":null,"trace":[{"rule":"state is included in TX, OK","actual":"TX","passed":true,"decided":true}]}"#
            ]],
        );
        check(
            r#"{"rules": {"all": [{"field": "lead.age", "op": "is between", "value": "18-65"}, {"field": "lead.vehicle.make", "op": "eq", "value": "Ford"}]},
                "fields": {"age": "number"}, "lead": {"age": "70", "vehicle": {"make": "Ford"}}}"#,
            expect![[
                r#"{"pass":false,"reason":"Age must be between 18 and 65","trace":[{"rule":"age is between 18 and 65","actual":70,"passed":false,"decided":true}]}"#
            ]],
        );
        check(
            r#"{"rules": {"field": "check.line_type", "op": "eq", "value": "mobile"}, "lead": {"appended": {"check": {"line_type": "Mobile"}}}}"#,
            expect![[
                r#"{"pass":true,"reason":null,"trace":[{"rule":"check.line_type is equal to the given value","actual":"Mobile","passed":true,"decided":true}]}"#
            ]],
        );
    }

    #[test]
    fn the_moment_the_place_and_what_is_missing_can_be_said() {
        check(
            r#"{"rules": {"field": "lead.born", "op": "within_last", "value": {"amount": 1, "unit": "days"}},
                "fields": {"born": "date"}, "lead": {"born": "2026-01-15"}, "time_zone": "America/Chicago"}"#,
            expect![[
                r#"{"pass":false,"reason":"Born must be within the last 1 day","trace":[{"rule":"born is within the last 1 day","actual":"2026-01-15","passed":false,"decided":true}]}"#
            ]],
        );
        check(
            r#"{"rules": {"any": [{"field": "lead.email", "op": "valid"}]}, "fields": {"email": "email"}, "lead": {}, "partial": true}"#,
            expect![[r#"{"pass":true,"reason":null,"trace":[]}"#]],
        );
    }

    #[test]
    fn a_type_that_is_not_given_is_the_usual_one() {
        check(
            r#"{"rules": {"all": [{"field": "lead.email", "op": "valid"}, {"field": "lead.visits", "op": "gt", "value": 3}, {"field": "lead.phone_2.area", "op": "blank"}]},
                "lead": {"email": "ana@example.com", "lead.visits": 4}}"#,
            expect![[
                r#"{"pass":true,"reason":null,"trace":[{"rule":"email format is valid","actual":"ana@example.com","passed":true,"decided":false},{"rule":"visits is greater than 3","actual":4,"passed":true,"decided":false},{"rule":"phone_2.area is blank","actual":null,"passed":true,"decided":true}]}"#
            ]],
        );
    }

    #[test]
    fn a_line_that_cannot_be_understood_says_why() {
        for (line, error) in [
            ("", "the line is not JSON: EOF while parsing a value, at column 0"),
            ("{\"rules\": {}\n", "the line is not JSON: EOF while parsing an object, at column 12"),
            ("[]", "the line must be a JSON object"),
            ("{}", "the line needs the key \"rules\""),
            (r#"{"rule": 1}"#, "there is no key \"rule\""),
            (r#"{"rules": {"field": "lead.A", "op": "blank"}}"#, "lead.A, which is not a field of the flow"),
            (
                r#"{"rules": {}, "fields": {"a": "colour"}}"#,
                "\"colour\" is not a field type; the types are string",
            ),
            (
                r#"{"rules": {}, "fields": {"a": "phon"}}"#,
                "\"phon\" is not a field type; did you mean phone?",
            ),
            (r#"{"rules": {}, "lead": {"A B": 1}}"#, "a field name"),
            (r#"{"rules": {}, "lead": {"a": [[1]]}}"#, "\"a\" must be text"),
            (r#"{"rules": {"all": []}, "time_zone": "Mars"}"#, "there is no time zone"),
            (
                r#"{"rules": {"field": "lead.a", "op": "lt", "value": 1}, "lead": {"a": "x"}}"#,
                "asks \"is less than\" of a value of the type string; it takes is equal to",
            ),
        ] {
            let told = tried(line).unwrap_err();
            assert!(told.contains(error), "{line}: {told}");
        }
        let deep = format!("{{\"rules\":{}{}}}", r#"{"all":["#.repeat(10_000), "]}".repeat(10_000));
        assert!(
            tried(&deep)
                .unwrap_err()
                .contains("nests more than 127 deep; groups of rules nest at most 24 deep")
        );
        let long =
            format!("{{\"rules\":{{\"field\":\"lead.a\",\"op\":\"{}\"}}}}", "x".repeat(FLOW_FILE_BYTES_MAX));
        assert!(tried(&long).unwrap_err().contains("\"rules\" has"));
        let deep = format!("{{\"rules\":{}{}}}", r#"{"all":["#.repeat(30), "]}".repeat(30));
        assert!(tried(&deep).unwrap_err().contains("nested more than 24 deep"));
    }

    proptest! {
        #[test]
        fn every_line_has_an_answer(line in ".{0,60}", key in "[a-z_.$A-Z]{0,8}", value in "[\\[\\]{}\":,a-z0-9 ]{0,12}") {
            for line in [line, format!("{{\"rules\": {{\"all\": []}}, \"lead\": {{\"{key}\": {value}}}}}")] {
                match tried(&line) {
                    Ok(answer) => {
                        let answer: Json = serde_json::from_str(&answer).unwrap();
                        prop_assert!(answer.get("pass").is_some());
                    }
                    Err(error) => prop_assert!(!error.is_empty()),
                }
            }
        }
    }
}

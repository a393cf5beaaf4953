//! From a tree of parameters to a lead: every value under its path.

use domain::{FieldPath, FieldType, Lead, PathError, Scalar, Value};
use serde_json::Value as Json;

use super::tree::Tree;
use super::{PARAMETERS_MAX, Refusal};

/// Names that mean another: what certificates of consent come as.
const RENAMED: (&str, &str) = ("xxtrustedformcerturl", "trustedform_cert_url");

/// Makes a lead of a tree. Lists of plain values stay lists; in other lists each item has its
/// number as a key.
pub(crate) fn read_lead(tree: &Tree) -> Result<Lead, Refusal> {
    let mut values = Vec::new();
    for (name, value) in tree {
        let name = if name.eq_ignore_ascii_case(RENAMED.0) { RENAMED.1 } else { name };
        add(FieldPath::key(name), value, &mut values)?;
    }
    Ok(values.into_iter().collect())
}

fn add(
    path: Result<FieldPath, PathError>,
    value: &Json,
    values: &mut Vec<(FieldPath, Value)>,
) -> Result<(), Refusal> {
    let path = path.map_err(|error| Refusal::Name(error.to_string()))?;
    if let Some(value) = wire::json::read_value(value) {
        values.push((path, value));
        return if values.len() > PARAMETERS_MAX { Err(Refusal::TooMany) } else { Ok(()) };
    }
    match value {
        Json::Object(tree) => tree.iter().try_for_each(|(key, value)| add(path.child(key), value, values)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| add(path.child(&at.to_string()), value, values)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            unreachable!("plain values are read above")
        }
    }
}

/// Whether a parameter such as `is_test` says yes. What is neither yes nor no is refused: a misspelt
/// test lead would be a real one.
pub(crate) fn is_set(raw: &Lead, name: &'static str) -> Result<bool, Refusal> {
    let Some(parsed) = raw.get(name).and_then(|value| FieldType::Boolean.parse(value)) else {
        return Ok(false);
    };
    match parsed.normal {
        Value::Scalar(Scalar::Bool(set)) => Ok(set),
        Value::Scalar(Scalar::Null | Scalar::Number(_) | Scalar::Text(_)) | Value::List(_) => {
            Err(Refusal::Switch(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::tree::read_json;
    use super::*;

    fn check(json: &str, wanted: Expect) {
        let told = match read_lead(&read_json(json).unwrap()) {
            Err(refusal) => format!("{refusal:?}"),
            Ok(lead) => {
                let line = |(path, value): (&FieldPath, &Value)| {
                    let mut json = Vec::new();
                    wire::json::write_value(value, &mut json);
                    format!("{path} = {}", String::from_utf8(json).unwrap())
                };
                lead.iter().map(line).collect::<Vec<_>>().join("\n")
            }
        };
        wanted.assert_eq(&told);
    }

    #[test]
    fn every_value_has_its_path() {
        check(
            r#"{"first_name":"Ann","age":42,"ok":true,"none":null,"list":[1,2],"nest":{"a":{"b":"c"}},"drivers":[{"name":"Ann"},{"name":"Bo"}],"empty":{},"a.b~c":"x","XXTrustedFormCertUrl":"https://cert.example"}"#,
            expect![[r#"
                age = 42
                a~1b~0c = "x"
                drivers.0.name = "Ann"
                drivers.1.name = "Bo"
                first_name = "Ann"
                list = [1,2]
                nest.a.b = "c"
                none = null
                ok = true
                trustedform_cert_url = "https://cert.example""#]],
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        check(r#"{"a":{"":1}}"#, expect![[r#"Name("the name \"a.\" has an empty part")"#]]);
        let many: Vec<String> = (0..=PARAMETERS_MAX).map(|at| format!("\"a{at}\":1")).collect();
        check(&format!("{{{}}}", many.join(",")), expect!["TooMany"]);
    }

    #[test]
    fn yes_is_said_in_many_ways() {
        let lead = |json: &str| read_lead(&read_json(json).unwrap()).unwrap();
        let is_test = |json: &str| is_set(&lead(json), "is_test");
        assert_eq!(is_test(r#"{"is_test":"yes"}"#), Ok(true));
        assert_eq!(is_test(r#"{"is_test":true}"#), Ok(true));
        assert_eq!(is_test(r#"{"is_test":"0"}"#), Ok(false));
        assert_eq!(is_test("{}"), Ok(false));
        assert_eq!(is_test(r#"{"is_test":"maybe"}"#), Err(Refusal::Switch("is_test")));
        assert_eq!(is_test(r#"{"is_test":[1,0]}"#), Err(Refusal::Switch("is_test")));
    }
}

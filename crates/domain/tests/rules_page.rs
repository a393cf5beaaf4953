//! `docs/rules.md` is true: its examples hold, and it lists every operator and what each type takes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use domain::{
    Field, FieldType, Fields, Lead, Operator, Rule, Scalar, TimeZone, Value, Variables, Vocabulary,
    operators_of,
};
use serde_json::Value as Json;

const PAGE: &str = include_str!("../../../docs/rules.md");

fn scalar(json: &Json) -> Scalar {
    match json {
        Json::Bool(value) => Scalar::Bool(*value),
        Json::Number(number) => Scalar::Number(number.to_string().parse().unwrap()),
        Json::String(text) => Scalar::Text(text.as_str().into()),
        Json::Null | Json::Array(_) | Json::Object(_) => Scalar::Null,
    }
}

fn value(text: &str) -> Value {
    match serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Json::Array(items) => Value::List(items.iter().map(scalar).collect()),
        one => Value::Scalar(scalar(&one)),
    }
}

/// `type raw | operator value → holds`.
fn examples() -> Vec<&'static str> {
    let blocks = PAGE.split("```rules\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    blocks.flat_map(str::lines).collect()
}

/// The operator at the start of a text, by the longest of its names, and what follows.
fn operator(text: &str) -> (Operator, &str) {
    let names = Operator::ALL.into_iter().flat_map(|operator| {
        let names = [Some(operator.as_str()), Some(operator.short()), operator.other_spelling()];
        names.into_iter().flatten().map(move |name| (operator, name))
    });
    let fitting = names.filter_map(|(operator, name)| {
        let rest = text.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((operator, name, rest.trim()))
    });
    let (operator, _, rest) =
        fitting.max_by_key(|(_, name, _)| name.len()).unwrap_or_else(|| panic!("no operator: {text}"));
    (operator, rest)
}

#[test]
fn every_example_holds_or_not_as_the_page_says() {
    let chicago: TimeZone = "America/Chicago".parse().unwrap();
    let now = "2026-01-15T05:00:00Z".parse().unwrap();
    for example in examples() {
        let (asked, wanted) = example.split_once(" → ").unwrap();
        let (left, right) = asked.split_once(" | ").unwrap();
        let (field_type, raw) = left.split_once(' ').unwrap();
        let (operator, operand) = operator(right);
        let operand = (!operand.is_empty()).then(|| value(operand));
        let raw: Lead = [("x".parse().unwrap(), value(raw))].into_iter().collect();
        let (rule, lead) = if field_type == "any" {
            (Rule::new(Vocabulary::Raw, "x", operator, operand.as_ref()), raw)
        } else {
            let field = Field::new("x".parse().unwrap(), field_type.parse().unwrap());
            let fields = Fields::new(vec![field]).unwrap();
            (
                Rule::new(&fields, "lead.x", operator, operand.as_ref()),
                fields.parse(&raw, domain::Timestamp::MAX),
            )
        };
        let variables = Variables { now, time_zone: &chicago, ..Variables::of(&lead) };
        assert_eq!(rule.unwrap().holds(&variables).to_string(), wanted, "{example}");
    }
}

#[test]
fn every_operator_has_its_row_and_an_example_and_there_are_no_others() {
    let rows: Vec<(&str, &str)> = PAGE
        .lines()
        .filter_map(|line| {
            let (long, rest) = line.strip_prefix("| `")?.split_once("` | `")?;
            Some((long, rest.split_once('`')?.0))
        })
        .collect();
    let all: Vec<(&str, &str)> =
        Operator::ALL.into_iter().map(|operator| (operator.as_str(), operator.short())).collect();
    assert_eq!(rows, all);
    for operator in Operator::ALL {
        let used = examples().into_iter().any(|example| {
            let (_, right) = example.split_once(" | ").unwrap();
            self::operator(right.split_once(" → ").unwrap().0).0 == operator
        });
        assert!(used, "{operator} has no example");
        let other = operator.other_spelling();
        assert!(other.is_none_or(|other| PAGE.contains(&format!("`{other}`"))), "{operator}");
    }
}

/// The table has a word for operators that go together.
#[test]
fn every_type_takes_what_the_page_says_and_nothing_else() {
    let words = |operator: Operator| match operator {
        Operator::Equal | Operator::NotEqual => Some("equal"),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => Some("less"),
        Operator::Between | Operator::NotBetween => Some("between"),
        Operator::IncludedIn | Operator::NotIncludedIn => Some("included in"),
        Operator::Includes | Operator::NotIncludes => Some("includes"),
        Operator::Matches | Operator::NotMatches => Some("pattern"),
        Operator::WithinLast | Operator::NotWithinLast | Operator::WithinNext | Operator::NotWithinNext => {
            Some("within")
        }
        Operator::Blank | Operator::NotBlank => None,
        Operator::True | Operator::NotTrue | Operator::False | Operator::NotFalse => Some("true"),
        Operator::Valid | Operator::Invalid => Some("format"),
        Operator::Obscene | Operator::NotObscene => Some("obscene"),
    };
    for field_type in FieldType::ALL {
        let row = PAGE.lines().find_map(|line| line.strip_prefix(&format!("| `{field_type}` | ")));
        let row = row.unwrap_or_else(|| panic!("{field_type} has no row"));
        let row = row.split([';', '|']).next().unwrap().trim();
        let mut told: Vec<&str> = row.split(", ").collect();
        let mut takes: Vec<&str> = operators_of(field_type).filter_map(words).collect();
        takes.dedup();
        takes.sort_unstable();
        takes.dedup();
        told.sort_unstable();
        assert_eq!(told, takes, "{field_type}");
        assert!(operators_of(field_type).any(|operator| operator == Operator::Blank));
        // What a type takes, a rule may ask of it.
        let fields = Fields::new(vec![Field::new("x".parse().unwrap(), field_type)]).unwrap();
        for operator in Operator::ALL {
            let error = Rule::new(&fields, "lead.x", operator, None).err().map(|error| error.to_string());
            let refused = error.is_some_and(|error| error.contains(" asks "));
            let fits = operators_of(field_type).any(|own| own == operator);
            assert_eq!(refused, !fits, "{field_type} {operator}");
        }
    }
}

//! `docs/templates.md` is true: its examples are filled in, and it lists every helper, option, token and
//! function. `UPDATE_EXPECT=1` writes the answers behind the examples anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use domain::{
    DATE_TOKENS, Field, Fields, Lead, MATH_FUNCTIONS, MATH_OPERATORS, Template, TimeZone, Value, Variables,
    helper_words,
};
use expect_test::expect_file;

const PAGE: &str = include_str!("../../../docs/templates.md");

/// The fields of the page's table, and the lead that is made of what was sent.
fn given() -> (Fields, Lead) {
    let mut fields = Vec::new();
    let mut raw = Lead::new();
    for row in PAGE.lines().filter(|line| line.starts_with("| `lead.") && line.matches('|').count() == 4) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Some(name) = cells[1].strip_prefix("`lead.").and_then(|name| name.strip_suffix('`')) else {
            continue;
        };
        let (Ok(name), Ok(field_type)) = (name.parse(), cells[2].parse()) else { continue };
        let field = Field::new(name, field_type);
        if !cells[3].is_empty() {
            raw.set(field.name.path().clone(), Value::text(cells[3]));
        }
        fields.push(field);
    }
    let fields = Fields::new(fields).unwrap();
    let lead = fields.parse(&raw, domain::Timestamp::MAX);
    (fields, lead)
}

/// The line of an example with the answer of today.
fn answered(line: &str, fields: &Fields, lead: &Lead) -> String {
    let example = line.split(" → ").next().unwrap();
    let template =
        Template::read(example, fields.into()).unwrap_or_else(|error| panic!("{example}: {error}"));
    let zone: TimeZone = "America/Chicago".parse().unwrap();
    let now = "2026-01-15T12:00:00Z".parse().unwrap();
    let answer = template.render(&Variables { now, time_zone: &zone, ..Variables::of(lead) });
    format!("{example} → {answer}")
}

#[test]
fn every_example_is_answered_as_the_page_says() {
    let (fields, lead) = given();
    assert_eq!(fields.iter().len(), 14);
    let mut in_examples = false;
    let mut page = String::new();
    for line in PAGE.lines() {
        if line.starts_with("```") {
            in_examples = line == "```templates";
        }
        let is_example = in_examples && !line.starts_with("```");
        page.push_str(&if is_example { answered(line, &fields, &lead) } else { line.to_owned() });
        page.push('\n');
    }
    expect_file!["../../../docs/templates.md"].assert_eq(&page);
}

#[test]
fn the_page_has_every_helper_and_no_other() {
    let helpers = PAGE.split("## Helpers").nth(1).unwrap();
    let headings: BTreeSet<&str> = helpers
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .flat_map(|heading| heading.split(", "))
        .collect();
    let words = helper_words();
    let known: BTreeSet<&str> = words.iter().map(|words| words.name).collect();
    assert_eq!(headings, known);
    for words in &words {
        let section = helpers
            .split("### ")
            .find(|section| section.lines().next().unwrap().split(", ").any(|name| name == words.name))
            .unwrap();
        let told: Vec<&str> = match section.split("Options: ").nth(1) {
            None => Vec::new(),
            Some(rest) => {
                rest.split('.').next().unwrap().split(", ").map(|word| word.trim_matches('`')).collect()
            }
        };
        assert_eq!(told, words.options, "{}", words.name);
        assert!(section.contains(&format!("{} ", words.name)), "{} has no example", words.name);
    }
}

#[test]
fn the_page_has_every_token_and_no_other() {
    let told: Vec<(&str, &str)> = PAGE
        .lines()
        .skip_while(|line| !line.starts_with("| tokens"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .flat_map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            let words = |cell: &'static str| cell.split('`').skip(1).step_by(2);
            words(cells[1]).zip(words(cells[3]))
        })
        .collect();
    let told: BTreeSet<(&str, &str)> = told.into_iter().collect();
    assert_eq!(told, DATE_TOKENS.into_iter().collect());
}

#[test]
fn the_page_has_every_operator_and_function() {
    let math = PAGE.split("### math").nth(1).unwrap();
    let line = |start: &str| math.lines().find(|line| line.starts_with(start)).unwrap();
    for operator in MATH_OPERATORS {
        assert!(line("`?:`").contains(&format!("`{operator}`")), "{operator}");
    }
    for function in MATH_FUNCTIONS {
        assert!(line("Functions: ").contains(&format!("`{function}`")), "{function}");
    }
}

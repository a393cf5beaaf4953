//! Any text as a template over any values: refused, or filled in within its bound.

#![no_main]

use domain::{Lead, Number, RENDERED_BYTES_MAX, Scalar, Template, Timestamp, Value, Variables};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (i64, &str, &str, i64)| {
    let (now, text, value, number) = data;
    let Ok(template) = Template::read_on_trial(text) else { return };
    let number: Number = (number % 1_000_000_000).to_string().parse().expect("whole numbers are numbers");
    let list = value.split(' ').map(|part| Scalar::Text(part.into())).collect();
    let lead: Lead = [
        ("a", Value::text(value)),
        ("n", Value::from(number)),
        ("list", Value::List(list)),
        ("yes", Value::from(true)),
        ("day", Value::text("2026-01-15")),
    ]
    .into_iter()
    .map(|(path, value)| (path.parse().expect("it is a path"), value))
    .collect();
    let variables = Variables { now: Timestamp::from_millis(now), ..Variables::of(&lead) };
    assert!(template.render(&variables).len() <= RENDERED_BYTES_MAX);
    let _ = template.value(&variables);
});

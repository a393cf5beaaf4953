//! How long five rules take for one lead, with and without their trace: `cargo bench -p domain --bench rules`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends at its first surprise and prints"
)]

use std::hint::black_box;
use std::time::Instant;

use domain::{
    Condition, Field, FieldType, Fields, Number, Operator, Rule, Scalar, Strictness, Value, Variables,
};

const ROUNDS: u32 = 200_000;

fn main() {
    let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
    let fields = Fields::new(vec![
        field("state", FieldType::State),
        field("email", FieldType::Email),
        field("age", FieldType::Number),
        field("zip", FieldType::PostalCode),
        field("comments", FieldType::String),
    ])
    .unwrap();
    let list = |words: &[&str]| Value::List(words.iter().map(|word| Scalar::Text((*word).into())).collect());
    let rule = |place: &str, operator, operand: Option<Value>| {
        Condition::from(Rule::new(&fields, place, operator, operand.as_ref()).unwrap())
    };
    let condition = Condition::All(vec![
        rule("lead.email", Operator::Valid, None),
        rule("lead.state", Operator::IncludedIn, Some(list(&["TX", "OK", "LA", "AR", "NM"]))),
        rule("lead.age", Operator::Between, Some(Value::text("18-65"))),
        rule("lead.zip.zip", Operator::Matches, Some(Value::text("^7"))),
        rule("lead.comments", Operator::NotEqual, Some(Value::text("test"))),
    ]);
    let raw = [
        ("state", Value::text("Texas")),
        ("email", Value::text("ann@example.com")),
        ("age", Value::from(Number::from(40))),
        ("zip", Value::text("78751")),
        ("comments", Value::text("Two storeys, Tile")),
    ];
    let lead = fields.parse(
        &raw.map(|(name, value)| (name.parse().unwrap(), value)).into_iter().collect(),
        domain::Timestamp::MAX,
    );
    let variables = Variables::of(&lead);
    assert!(condition.holds(&variables));

    let measure = |what: &str, once: &dyn Fn() -> bool| {
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let started = Instant::now();
            for _ in 0..ROUNDS {
                assert!(black_box(once()));
            }
            best = best.min(started.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
        }
        println!("{what}: {best:.0} ns");
    };
    measure("five rules", &|| condition.holds(black_box(&variables)));
    measure("five rules with their trace", &|| {
        condition.evaluate(Strictness::Whole, black_box(&variables)).holds
    });
}

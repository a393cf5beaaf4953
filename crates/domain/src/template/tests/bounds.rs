//! No text and no lead takes more than a little time and memory.

use super::*;

#[test]
fn what_it_becomes_is_bounded() {
    let long = "x".repeat(200 * 1024);
    let lead: Lead = [("first_name".parse().unwrap(), Value::text(long))].into_iter().collect();
    let text = read("{{lead.first_name}}{{lead.first_name}}é").unwrap().render(&Variables::of(&lead));
    assert_eq!(text.len(), RENDERED_BYTES_MAX);
}

/// One hole and nothing else keeps its type, and has its bound all the same.
#[test]
fn a_value_is_bounded_as_its_text_is() {
    let long = "é".repeat(500 * 1024);
    let item = Scalar::Text("x".repeat(1024).into());
    let lead: Lead = [
        ("first_name".parse().unwrap(), Value::text(long)),
        ("tags".parse().unwrap(), Value::List(vec![item; 2048].into())),
        ("none".parse().unwrap(), Value::List(vec![Scalar::Null; 100_000].into())),
    ]
    .into_iter()
    .collect();
    let value = |text: &str| {
        let template = Template::read_on_trial(text).unwrap();
        template.value(&Variables::of(&lead)).unwrap()
    };
    for text in ["{{first_name}}", "{{default zz first_name}}", "{{uppercase first_name}}"] {
        let value = value(text);
        assert_eq!(value.as_text().unwrap().len(), RENDERED_BYTES_MAX, "{text}");
    }
    for (text, count) in [
        ("{{tags}}", 255),
        ("{{default zz tags}}", 255),
        ("{{none}}", RENDERED_BYTES_MAX / 6),
        ("{{split first_name separator=\"x\"}}", 0),
    ] {
        let Value::List(items) = value(text) else { panic!("{text}") };
        assert_eq!(items.len(), count, "{text}");
    }
}

/// Finding again and again can take the square of the length: `.*[^A-Z]|[A-Z]` looks at all that is left
/// each time.
#[test]
fn an_expression_is_looked_for_in_the_first_part_of_a_long_text() {
    let long = "A".repeat(200 * 1024);
    let lead: Lead = [("first_name".parse().unwrap(), Value::text(long))].into_iter().collect();
    let template =
        read("{{replace lead.first_name pattern=\"regexp(.*[^A-Z]|[A-Z])\" replace=\"\"}}").unwrap();
    assert_eq!(template.render(&Variables::of(&lead)).len(), (200 - 8) * 1024);
}

#[test]
fn nothing_may_stand_too_deep() {
    let deep = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let refused = |text: String| {
        let error = read(&text).unwrap_err();
        assert!(
            matches!(
                error.fault,
                TemplateFault::TooDeep | TemplateFault::TooManyParts | TemplateFault::TooLong { .. }
            ),
            "{error}"
        );
    };
    assert_eq!(told(&deep("{{#if lead.age}}", "x", "{{/if}}", 32)), "x");
    refused(deep("{{#if 1}}", "x", "{{/if}}", 33));
    refused(deep("{{#if 1}}", "x", "{{/if}}", 900));
    refused(deep("{{#if 1}}", "x", "{{/if}}", 10_000));
    refused(format!("{{{{{}}}}}", deep("(trim ", "lead.state", ")", 40)));
    refused(format!("{{{{{}}}}}", deep("(", "lead.state", ")", 8_000)));
    refused(format!("{{{{math \"{}\"}}}}", deep("(", "1", ")", 8_000)));
    refused(format!("{{{{math \"{}1\"}}}}", "-".repeat(16_000)));
    refused(format!("{{{{math \"1{}\"}}}}", "^1".repeat(8_000)));
    refused(format!("{{{{math \"{}1{}\"}}}}", "1?".repeat(3_000), ":1".repeat(3_000)));
    refused("{{now}}".repeat(2_001));
    let many = "{{now}}".repeat(2_000);
    assert!(read(&many).is_ok(), "as many values as the message says");
    refused("a{{now}}".repeat(1_001));
    refused("{{#if 1}}{{/if}}".repeat(1_001));
    let error = read(&format!("{{{{math \"1{}\"}}}}", "+1".repeat(8_000))).unwrap_err().to_string();
    assert!(error.contains("more than 250"), "{error}");
    assert_eq!(told(&format!("{{{{math \"1{}\"}}}}", "+1".repeat(120))), "121");
}

#[test]
fn helpers_go_through_a_bounded_number_of_bytes() {
    let long = Value::text("x".repeat(RENDERED_BYTES_MAX));
    let lead: Lead = [("note".parse().unwrap(), long)].into_iter().collect();
    let grown = "(replace ".repeat(10) + "lead.note" + &" \"x\" \"xxxxxxxxxx\")".repeat(10);
    let text = read(&format!("{{{{{grown}}}}}")).unwrap().render(&Variables::of(&lead));
    assert!(text.len() <= RENDERED_BYTES_MAX);
    let many = "{{sha512 lead.note}}".repeat(600);
    let text = read(&many).unwrap().render(&Variables::of(&lead));
    // 4 MiB are 8 times the value read and digested.
    assert_eq!(text.len(), 7 * 128);
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Scalar::Null),
        any::<bool>().prop_map(Scalar::Bool),
        any::<i32>().prop_map(|number| Scalar::Number(number.into())),
        "\\PC{0,40}".prop_map(|text| Scalar::Text(text.into())),
        "[0-9/:T. -]{0,25}".prop_map(|text| Scalar::Text(text.into())),
    ];
    prop_oneof![
        4 => scalar.clone().prop_map(Value::Scalar),
        1 => prop::collection::vec(scalar, 0..4).prop_map(|items| Value::List(items.into())),
    ]
}

const SAMPLES: [&str; 14] = [
    "{{format note format=\"MM/DD/YYYY z S\" timezone=\"Asia/Tokyo\" operator=\"add\" months=note}}",
    "{{format note \"$0,0.00\"}}",
    "{{format note \"(###) ###-####\"}}",
    "{{math \"note ^ note % note / round(note, note) + min(note, 1) - rand()\"}}",
    "{{uppercase note}}{{lowercase note}}{{capitalize note}}{{trim note}}",
    "{{replace note pattern=\"regexp(.*)\" replace=\"$1$&$$\"}}",
    "{{replace note \"a\" note}}",
    "{{substring note start=note end=note}}",
    "{{substring note 2 3}}",
    "{{extract note \"(\\d+)\"}}",
    "{{sha256 note note salt=note}}",
    "{{join (split note \" \") note}}{{split note index=note}}",
    "{{default note note.0 \"x\"}}",
    "{{#if note}}{{note}}{{else if note.1}}{{note.1}}{{/if}}",
];

proptest! {
    #[test]
    fn text_without_braces_is_itself(text in "[^{}\\\\]{0,40}") {
        let template = read(&text).unwrap();
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        prop_assert_eq!(template.render(&Variables::of(&Lead::new())), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[{} \\[\\]a-zé.#/\"'=()|&!~^\\\\-]{0,60}") {
        let _ = read(&text);
        let _ = Template::read_on_trial(&text);
    }

    #[test]
    fn any_words_between_braces_are_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "{{", "}}", "{{#if ", "{{/if}}", "{{else}}", "format ", "lead.age ", "\"YYYY\" ", "math ", "\"1+", "\" ", "(",
            ") ", "replace ", "pattern=", "regexp(", "a ", "'", "[0]", "salt=", "1 ", "~", "\\", "sha256 ", "default ",
        ]), 0..25)
    ) {
        let text = words.concat();
        if let Ok(template) = Template::read_on_trial(&text) {
            let _ = template.render(&Variables::of(&lead()));
        }
        let _ = read(&text);
    }

    #[test]
    fn any_expression_is_read_or_refused(text in "[0-9a-c.+*/%^<>=!&|?:,()'\\[\\] -]{0,40}") {
        let quoted = text.replace('"', "");
        if let Ok(template) = Template::read_on_trial(&format!("{{{{math \"{quoted}\"}}}}")) {
            let _ = template.value(&Variables::of(&lead()));
        }
    }

    #[test]
    fn rendering_never_panics_and_stays_within_its_bound(
        sample in prop::sample::select(SAMPLES.to_vec()), value in any_value(), times in 1_usize..4_000,
    ) {
        let value = match value {
            Value::Scalar(Scalar::Text(text)) if times % 7 == 0 => Value::text(text.repeat(times)),
            other => other,
        };
        let lead: Lead = [("note".parse().unwrap(), value)].into_iter().collect();
        let template = Template::read_on_trial(sample).unwrap();
        prop_assert!(template.render(&Variables::of(&lead)).len() <= RENDERED_BYTES_MAX);
        let _ = template.value(&Variables::of(&lead));
    }
}

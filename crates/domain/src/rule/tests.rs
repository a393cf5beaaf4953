use std::sync::LazyLock;

use proptest::prelude::*;

use super::words::SENTENCE_BYTES_MAX;
use super::*;
use crate::{Field, Fields, Lead, LeadId, LeadIdKind, Number, TimeZone, Timestamp};

fn fields() -> Fields {
    let mut fields: Vec<Field> = FieldType::ALL
        .into_iter()
        .map(|field_type| {
            Field::new(field_type.as_str().replace("string", "text").parse().unwrap(), field_type)
        })
        .collect();
    let mut product = Field::new("product".parse().unwrap(), FieldType::String);
    product.values = vec!["roof".into(), "solar".into()];
    fields.push(product);
    fields.push(Field::new("vehicle.make".parse().unwrap(), FieldType::String));
    Fields::new(fields).unwrap()
}

fn scalar(text: &str) -> Scalar {
    match text {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        text => text.parse().map_or_else(|_| Scalar::Text(text.into()), Scalar::Number),
    }
}

/// `[a, b]` is a list, `'5'` a text, `5` a number, nothing is nothing.
fn value(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(Value::List(inner.split(", ").filter(|part| !part.is_empty()).map(scalar).collect()));
    }
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(Value::text(inner));
    }
    Some(Value::Scalar(scalar(text)))
}

/// `lead.state is included in [TX, OK]`, operators by their long or short names.
fn rule(text: &str) -> Result<Rule, RuleError> {
    let (place, rest) = text.split_once(' ').unwrap();
    let operator = Operator::ALL
        .into_iter()
        .flat_map(|operator| [(operator.as_str(), operator), (operator.short(), operator)])
        .filter(|(name, _)| {
            rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        .max_by_key(|(name, _)| name.len());
    let (name, operator) = operator.unwrap_or_else(|| panic!("no operator in {text}"));
    Rule::new(&fields(), place, operator, value(rest[name.len()..].trim_start()).as_ref())
}

/// Wednesday, 14 January 2026, 23:00 in Chicago.
fn at(lead: &Lead) -> Variables<'_> {
    static CHICAGO: LazyLock<TimeZone> = LazyLock::new(|| "America/Chicago".parse().unwrap());
    Variables { now: "2026-01-15T05:00:00Z".parse().unwrap(), time_zone: &CHICAGO, ..Variables::of(lead) }
}

/// The rule, the raw value of each field it looks at as `field=value`, whether it holds.
fn check(cases: &[(&str, &str, bool)]) {
    for (text, lead, wanted) in cases {
        let rule = rule(text).unwrap_or_else(|error| panic!("{error}"));
        let raw: Lead = lead
            .split(" & ")
            .filter_map(|pair| pair.split_once('='))
            .filter_map(|(name, raw)| Some((name.parse().unwrap(), value(raw)?)))
            .collect();
        let lead = fields().parse(&raw, Timestamp::MAX);
        assert_eq!(rule.holds(&at(&lead)), *wanted, "{text} of {raw:?}");
    }
}

#[test]
fn equality_ignores_case_and_the_kind_of_value() {
    check(&[
        ("lead.text is equal to roof", "text=ROOF", true),
        ("lead.text eq roof", "text=roofs", false),
        ("lead.text eq 123", "text='123'", true),
        ("lead.text eq '123'", "text=123", true),
        ("lead.text eq true", "text=TRUE", true),
        ("lead.text ne roof", "text=solar", true),
        ("lead.text ne roof", "text=Roof", false),
        ("lead.text eq roof", "", false),
        ("lead.text ne roof", "", true),
        ("lead.vehicle.make eq ford", "vehicle.make=Ford", true),
    ]);
}

#[test]
fn rich_values_compare_by_their_normal_form() {
    check(&[
        ("lead.state eq Texas", "state=tx", true),
        ("lead.state in [Texas, ok]", "state=OK", true),
        ("lead.phone eq (512) 555-0134", "phone=512.555.0134", true),
        ("lead.email eq Joe@Example.com", "email=JOE@example.COM", true),
        ("lead.number eq 1,000", "number=$1000.0", true),
        ("lead.date eq 1/15/2024", "date=2024-01-15", true),
        ("lead.postal_code eq 787511234", "postal_code=78751-1234", true),
        ("lead.product eq ROOF", "product=roof", true),
    ]);
}

#[test]
fn components_are_values_of_their_own() {
    check(&[
        ("lead.email.domain eq EXAMPLE.com", "email=a@example.com", true),
        ("lead.email.user eq a", "email=b@example.com", false),
        ("lead.phone.area in [512, 713]", "phone=5125550134", true),
        ("lead.phone.country_calling_code gte 1", "phone=5125550134", true),
        ("lead.phone.is_tollfree is true", "phone=8005550134", true),
        ("lead.postal_code.zip matches pattern ^7", "postal_code=78751", true),
        ("lead.postal_code.zip matches ^7", "postal_code=88751", false),
        ("lead.state.name includes carolina", "state=NC", true),
        ("lead.email.valid is true", "email=a@example.com", true),
        ("lead.email.valid is false", "email=nobody", true),
        ("lead.email.domain is blank", "email=nobody", true),
    ]);
}

#[test]
fn order_is_that_of_numbers_and_of_days() {
    check(&[
        ("lead.number lt 10", "number=9", true),
        ("lead.number lt 10", "number=10", false),
        ("lead.number lte 10", "number=10", true),
        ("lead.number is less than or equal to 10", "number=10.5", false),
        ("lead.number gt 9.5", "number=10", true),
        ("lead.number gte 10", "number=9.99", false),
        ("lead.number lt 10", "number=many", false),
        ("lead.number gt 10", "number=many", false),
        ("lead.number lt 10", "", false),
        ("lead.number gt -5", "number=(4)", true),
        ("lead.date lt 2024-01-15", "date=1/14/2024", true),
        ("lead.date gte '2024-01-15'", "date=15 January 2024", true),
        ("lead.date gt 2024-01-15", "date=tomorrow", false),
    ]);
}

#[test]
fn inclusion_looks_at_each_value_of_a_list() {
    check(&[
        ("lead.state is included in [TX, OK]", "state=ok", true),
        ("lead.state is included in TX, OK", "state=ok", true),
        ("lead.state is included in [TX, OK]", "state=CA", false),
        ("lead.state is not included in [TX, OK]", "state=CA", true),
        ("lead.state not_in [TX, OK]", "", true),
        ("lead.state in [TX, OK]", "", false),
        ("lead.text in [a, b]", "text=[B, A]", true),
        ("lead.text in [a, b]", "text=[a, c]", false),
        ("lead.text in [a, b]", "text=[]", false),
        ("lead.text eq [b, a]", "text=[A, B]", true),
        ("lead.text eq [b, a]", "text=[a]", false),
    ]);
}

#[test]
fn includes_looks_within_a_text_and_among_a_list() {
    check(&[
        ("lead.text includes roof", "text=New ROOFS", true),
        ("lead.text includes roof", "text=solar", false),
        ("lead.text does not include roof", "text=solar", true),
        ("lead.text not_includes roof", "", true),
        ("lead.text includes roof", "text=[Roof, x]", true),
        ("lead.text includes roof", "text=[roofs, x]", false),
        ("lead.phone includes 0134", "phone=512-555-0134", true),
    ]);
}

#[test]
fn blank_is_what_a_person_would_call_no_value() {
    check(&[
        ("lead.text is blank", "", true),
        ("lead.text is blank", "text='  '", true),
        ("lead.text is blank", "text=[]", true),
        ("lead.text is blank", "text=x", false),
        ("lead.text is not blank", "text=x", true),
        ("lead.text not_blank", "", false),
        ("lead.number is blank", "number=many", false),
        ("lead.number is not blank", "number=many", true),
        ("lead.number eq 1", "number=many", false),
        ("lead.number ne 1", "number=many", true),
        ("lead.number lt 5", "number=many", false),
        ("lead.number format is invalid", "number=many", true),
        ("lead.boolean is blank", "boolean=maybe", false),
        ("lead.boolean is true", "boolean=maybe", false),
        ("lead.boolean is not true", "boolean=maybe", true),
        ("lead.number is blank", "number=' '", true),
        ("lead.boolean is blank", "boolean=no", false),
    ]);
}

#[test]
fn true_and_false_are_not_each_others_opposites() {
    check(&[
        ("lead.boolean is true", "boolean=yes", true),
        ("lead.boolean is true", "boolean=no", false),
        ("lead.boolean is true", "boolean=maybe", false),
        ("lead.boolean is not true", "boolean=maybe", true),
        ("lead.boolean is not true", "", true),
        ("lead.boolean is false", "", false),
        ("lead.boolean is false", "boolean=off", true),
        ("lead.boolean is not false", "boolean=off", false),
    ]);
}

#[test]
fn an_absent_value_is_neither_valid_nor_invalid() {
    check(&[
        ("lead.email format is valid", "email=a@example.com", true),
        ("lead.email format is valid", "email=nobody", false),
        ("lead.email format is valid", "", false),
        ("lead.email format is invalid", "email=nobody", true),
        ("lead.email format is invalid", "", false),
        ("lead.number valid", "number=many", false),
        ("lead.number invalid", "number=many", true),
        ("lead.first_name valid", "first_name=Ann", true),
        ("lead.first_name valid", "first_name=12", false),
        ("lead.product valid", "product=gutter", false),
        ("lead.product valid", "product=Solar", true),
    ]);
}

#[test]
fn a_pattern_is_a_regular_expression_or_a_glob() {
    check(&[
        ("lead.text matches pattern ^ab+c$", "text=ABBC", true),
        ("lead.text matches b", "text=abc", true),
        ("lead.text matches /^ab/i", "text=ABC", true),
        ("lead.text matches /b*/", "text=zzz", true),
        ("lead.text does not match pattern ^b", "text=abc", true),
        ("lead.text not_matches ^b", "", true),
        ("lead.text matches .*", "", false),
        ("lead.text matches 787*", "text=78751", true),
        ("lead.text matches 787*", "text=178751", false),
        ("lead.text matches a?c", "text=abc", true),
        ("lead.text matches a?c", "text=ac", false),
        ("lead.text matches ^b$", "text=[a, b]", true),
    ]);
}

/// `random is between 1-50` and `51-100` part leads by halves; the same lead is always in the same.
#[test]
fn leads_are_parted_by_chance() {
    let halves = ["random is between 1-50", "{{random}} is between 51-100"].map(|text| rule(text).unwrap());
    assert_eq!(&**halves[1].text(), "random is between 51 and 100");
    let lead = Lead::new();
    let mut first = 0;
    for byte in 0..200 {
        let lead_id = Some(LeadId::new(LeadIdKind::Lead, Timestamp::default(), [byte; 6]));
        let variables = Variables { lead_id, ..at(&lead) };
        let holds = [0, 1].map(|half| halves[half].holds(&variables));
        assert_ne!(holds[0], holds[1]);
        assert_eq!(holds, [0, 1].map(|half| halves[half].holds(&variables)));
        first += i32::from(holds[0]);
    }
    assert!((60..140).contains(&first), "{first}");
    assert!(halves.iter().all(|rule| rule.belongs_to(Vocabulary::from(&fields()))));
    let told = rule("random matches 5").unwrap_err().to_string();
    assert!(told.contains("of a value of the type number"), "{told}");
    assert!(Rule::new(Vocabulary::Raw, "random", Operator::Equal, Some(&Value::text("x"))).is_ok());
}

#[test]
fn a_rule_that_cannot_be_names_itself_and_its_fault() {
    for (text, message) in [
        (
            "lead.zip eq 1",
            "the rule `lead.zip is equal to 1` looks at lead.zip, which is not a field of the flow",
        ),
        (
            "state eq TX",
            "the rule `state is equal to TX` looks at state, but only lead.<field>, source.name and <earlier step>.<value> can be named",
        ),
        (
            "lead.email.zip eq 1",
            "the rule `lead.email.zip is equal to 1` looks at zip, which a field of the type email does not have",
        ),
        (
            "lead.text.valid is true",
            "the rule `lead.text.valid is true` looks at valid, which a field of the type string does not have",
        ),
        (
            "lead.text lt 5",
            "the rule `lead.text is less than 5` asks \"is less than\" of a value of the type string",
        ),
        ("lead.text is true", "the rule `lead.text is true` asks \"is true\" of a value of the type string"),
        (
            "lead.text valid",
            "the rule `lead.text format is valid` asks \"format is valid\" of a value of the type string",
        ),
        (
            "lead.email.domain valid",
            "the rule `lead.email.domain format is valid` asks \"format is valid\" of a value of the type string",
        ),
        (
            "lead.number matches 5",
            "the rule `lead.number matches pattern 5` asks \"matches pattern\" of a value of the type number",
        ),
        ("lead.text eq", "the rule `lead.text is equal to` needs a value to compare with"),
        ("lead.text in []", "the rule `lead.text is included in ` needs a value to compare with"),
        ("lead.text blank x", "the rule `lead.text is blank x` takes no value"),
        ("lead.number lt [1, 2]", "the rule `lead.number is less than 1, 2` takes one value, not a list"),
        (
            "lead.number lt many",
            "the rule `lead.number is less than many` compares with \"many\", which is no number",
        ),
        (
            "lead.date gt tomorrow",
            "the rule `lead.date is greater than tomorrow` compares with \"tomorrow\", which is no date",
        ),
    ] {
        let told = rule(text).unwrap_err().to_string();
        assert!(told.starts_with(message), "{told}");
    }
    for (text, why) in [
        ("lead.text matches /a/q", "behind its last slash stands \"q\", and flags are i, m and s"),
        ("lead.text matches (", "unclosed group"),
    ] {
        let told = rule(text).unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    }
    for text in [
        "lead.text matches (",
        "lead.text matches a{1000}{1000}{1000}",
        &format!("lead.text matches {}", "(".repeat(200) + &")".repeat(200)),
        &format!("lead.text matches {}", "a".repeat(1001)),
    ] {
        rule(text).unwrap_err();
    }
}

#[test]
fn sentences_name_the_field_and_what_was_asked() {
    for (text, words, wanted, unwanted) in [
        (
            "lead.state in [tx, Oklahoma]",
            "state is included in TX, OK",
            "State must be included in TX or OK",
            "State must not be included in TX or OK",
        ),
        ("lead.email valid", "email format is valid", "Email must be valid", "Email must not be valid"),
        (
            "lead.phone.area ne 512",
            "phone.area is not equal to the given value",
            "Phone area must not be equal to the given value",
            "Phone area must be equal to the given value",
        ),
        (
            "lead.product eq roof",
            "product is equal to roof",
            "Product must be equal to roof",
            "Product must not be equal to roof",
        ),
        (
            "lead.full_name in [Ann Ruiz, Bo Lee]",
            "full_name is included in the given list",
            "Full name must be included in the given list",
            "Full name must not be included in the given list",
        ),
        (
            "lead.email matches ann",
            "email matches pattern as given",
            "Email must match pattern as given",
            "Email must not match pattern as given",
        ),
        (
            "lead.number is between 65-18",
            "number is between 18 and 65",
            "Number must be between 18 and 65",
            "Number must not be between 18 and 65",
        ),
        (
            "lead.time is not between 0830-1645",
            "time is not between 0830 and 1645",
            "Time must not be between 0830 and 1645",
            "Time must be between 0830 and 1645",
        ),
        (
            "lead.date is within the last 1 months",
            "date is within the last 1 month",
            "Date must be within the last 1 month",
            "Date must not be within the last 1 month",
        ),
        (
            "lead.date not_within_next 2w",
            "date is not within the next 2 weeks",
            "Date must not be within the next 2 weeks",
            "Date must be within the next 2 weeks",
        ),
        ("lead.city is obscene", "city is obscene", "City must be obscene", "City must not be obscene"),
        (
            "lead.state eq {{lead.product}}",
            "state is equal to {{lead.product}}",
            "State must be equal to {{lead.product}}",
            "State must not be equal to {{lead.product}}",
        ),
        (
            "lead.text eq {{lead.product}}",
            "text is equal to the given value",
            "Text must be equal to the given value",
            "Text must not be equal to the given value",
        ),
        (
            "x{{lead.number}} is blank",
            "x{{lead.number}} is blank",
            "x{{lead.number}} must be blank",
            "x{{lead.number}} must not be blank",
        ),
        (
            "lead.number gte 5",
            "number is greater than or equal to 5",
            "Number must be greater than or equal to 5",
            "Number must not be greater than or equal to 5",
        ),
    ] {
        let rule = rule(text).unwrap();
        assert_eq!(&**rule.text(), words);
        assert_eq!(rule.sentence(true), wanted);
        assert_eq!(rule.sentence(false), unwanted);
    }
}

#[test]
fn words_stay_short_however_long_the_list() {
    let many = Value::List((0..500).map(|number| Scalar::Text(format!("product {number}").into())).collect());
    let mut fields: Vec<Field> = fields().iter().cloned().collect();
    fields.last_mut().unwrap().values = (0..500).map(|number| format!("product {number}").into()).collect();
    let fields = Fields::new(fields).unwrap();
    let rule = Rule::new(&fields, "lead.vehicle.make", Operator::IncludedIn, Some(&many)).unwrap();
    assert!(rule.text().len() <= SENTENCE_BYTES_MAX && rule.text().ends_with('…'));
    assert!(rule.sentence(true).len() < 2 * SENTENCE_BYTES_MAX);
    let many = Value::List((0..10_001).map(|number| Scalar::Number(Number::from(number))).collect());
    Rule::new(&fields, "lead.text", Operator::IncludedIn, Some(&many)).unwrap_err();
}

/// Values of every kind and shape.
fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Scalar::Null),
        any::<bool>().prop_map(Scalar::Bool),
        (-3000_i32..3000).prop_map(|number| Scalar::Number(number.into())),
        ".{0,20}".prop_map(|text| Scalar::Text(text.into())),
        "[0-9]{1,4}( ?- ?[0-9]{1,4})?".prop_map(|text| Scalar::Text(text.into())),
        "20(24|26)-01-[0-3][0-9](T[0-2][0-9]:00:00Z)?".prop_map(|text| Scalar::Text(text.into())),
        "[0-9]{1,6} (days?|months?|hours|years|moons)".prop_map(|text| Scalar::Text(text.into())),
        "(\\{\\{lead[.](number|text|date)\\}\\}| days|-|5){1,3}".prop_map(|text| Scalar::Text(text.into())),
    ];
    prop_oneof![
        3 => scalar.clone().prop_map(Value::Scalar),
        1 => prop::collection::vec(scalar, 0..3).prop_map(|items| Value::List(items.into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_rule_and_no_value_panics_and_opposites_are_exact(
        place in prop::sample::select(vec![
            "lead.text", "lead.email", "lead.phone", "lead.state.name", "lead.number", "lead.date", "lead.boolean",
            "lead.url.host", "lead.product", "lead.time", "lead.range", "lead.list", "lead.gender", "lead.country",
            "{{lead.number}}", "{{lead.text}}{{lead.number}}",
        ]),
        operator in prop::sample::select(Operator::ALL.to_vec()),
        operand in prop::option::of(any_value()),
        raw in any_value(),
        others in any_value(),
    ) {
        let fields = fields();
        let Ok(rule) = Rule::new(&fields, place, operator, operand.as_ref()) else { return Ok(()) };
        let name = place.trim_start_matches("{{").trim_start_matches("lead.").split(['.', '}']).next().unwrap();
        let raw = [("text", others.clone()), ("number", others), (name, raw)];
        let raw = raw.map(|(name, value)| (name.parse().unwrap(), value)).into_iter().collect();
        let lead = fields.parse(&raw, Timestamp::MAX);
        prop_assert!(rule.belongs_to((&fields).into()));
        let holds = rule.holds(&at(&lead));
        for strictness in [Strictness::Whole, Strictness::Partial] {
            let traced = rule.traced(strictness, &at(&lead));
            prop_assert!(strictness == Strictness::Partial || traced.is_some());
            prop_assert!(traced.is_none_or(|traced| traced.passed == holds));
        }
        if let Some(opposite) = operator.opposite() {
            let opposite = Rule::new(&fields, place, opposite, operand.as_ref()).unwrap();
            prop_assert_ne!(opposite.holds(&at(&lead)), holds);
        }
    }
}

#[test]
fn both_sides_may_be_templates() {
    check(&[
        ("lead.text eq {{lead.product}}", "text=ROOF & product=roof", true),
        ("lead.text ne {{lead.product}}", "text=ROOF & product=roof", false),
        // Read as the type of the left side.
        ("lead.state eq {{lead.text}}", "state=TX & text=Texas", true),
        ("lead.state in [OK, {{lead.text}}]", "state=TX & text=Texas", true),
        ("lead.state in {{lead.text}}", "state=TX & text=Oklahoma, Texas", true),
        ("lead.state in {{lead.list}}", "state=TX & list=Oklahoma, Texas", true),
        ("lead.number lt {{lead.text}}", "number=5 & text=$6", true),
        ("lead.number between {{lead.text}}-{{lead.text}}0", "number=30 & text=6", true),
        ("lead.number between [1, {{lead.text}}]", "number=7 & text=6", false),
        ("lead.date within_last {{lead.number}} days", "date=2026-01-10 & number=4", true),
        ("lead.date within_last {{lead.number}} days", "date=2026-01-10 & number=3", false),
        ("lead.text matches ^{{lead.product}}", "text=Roofs & product=roof", true),
        ("{{lead.text}}/{{lead.number}} eq a/5", "text=A & number=5", true),
        // One place alone has its type.
        ("{{lead.state}} eq Texas", "state=TX", true),
        ("{{lead.email}} valid", "email=nobody", false),
        ("{{lead.text}}. is blank", "", false),
        // What gives nothing, or nothing that fits, is found nowhere.
        ("lead.text eq {{lead.product}}", "text=roof", false),
        ("lead.text eq {{lead.product}}", "", false),
        ("lead.text ne {{lead.product}}", "", true),
        ("lead.number lt {{lead.text}}", "number=5 & text=many", false),
        ("lead.number not_between [1, {{lead.text}}]", "number=5 & text=many", true),
        ("lead.text matches {{lead.product}}(", "text=roof & product=roof", false),
        ("lead.text matches {{lead.list}}", "text=roof & list=(, )", false),
    ]);
    for (text, wanted) in [
        ("lead.text eq {{lead.zip}}", "it names lead.zip, which is not a field"),
        ("lead.text eq {{", "has a template that cannot be read: column 1"),
        ("{{lead.text}}x valid", "asks \"format is valid\" of a value of no known type"),
        ("{{lead.text}} lt 5", "asks \"is less than\" of a value of the type string"),
        ("lead.text is blank {{lead.text}}", "takes no value"),
    ] {
        let error = rule(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn what_a_partial_lead_does_not_have_is_passed_over() {
    let asked = |text: &str, lead: &str| {
        let raw: Lead = lead
            .split(" & ")
            .filter_map(|pair| pair.split_once('='))
            .filter_map(|(name, raw)| Some((name.parse().unwrap(), value(raw)?)))
            .collect();
        let traced =
            rule(text).unwrap().traced(Strictness::Partial, &at(&fields().parse(&raw, Timestamp::MAX)));
        traced.map(|traced| traced.passed)
    };
    for (text, lead, wanted) in [
        ("lead.phone is blank", "email=a@example.com", None),
        ("lead.phone is blank", "phone=x", Some(false)),
        ("lead.text is blank", "text=' '", Some(true)),
        // The address is there, and has no domain.
        ("lead.email.domain is blank", "email=nobody", Some(true)),
        ("lead.email.domain is blank", "", None),
        ("lead.number is greater than 5", "number=many", Some(false)),
        ("lead.text eq {{lead.product}}", "text=roof", None),
        ("lead.text eq {{lead.product}}", "product=roof", None),
        ("lead.text eq {{lead.product}}", "text=roof & product=roof", Some(true)),
        ("{{lead.text}} is blank", "", None),
    ] {
        assert_eq!(asked(text, lead), wanted, "{text} of {lead}");
    }
}

#[test]
fn what_steps_append_is_known_once_the_step_has_run() {
    let fields = fields();
    let steps = [crate::EarlierStep { id: "check".parse().unwrap(), values: vec![] }];
    let vocabulary = Vocabulary::Lead { fields: &fields, steps: &steps };
    let rule = Rule::new(vocabulary, "check.line_type", Operator::Blank, None).unwrap();
    let before = Lead::new();
    assert_eq!(rule.traced(Strictness::Partial, &at(&before)), None);
    let after: Lead =
        [("appended.check.outcome".parse().unwrap(), Value::text("error"))].into_iter().collect();
    assert!(rule.traced(Strictness::Partial, &at(&after)).unwrap().passed);
}

#[test]
fn ranges_are_ordered_by_their_middle_and_moments_by_time() {
    check(&[
        ("lead.range is greater than 5", "range=1-10", true),
        ("lead.range is greater than 6", "range=1-10", false),
        ("lead.range is less than '2-20'", "range=1-10", true),
        ("lead.range gte 5", "range='5'", true),
        ("lead.range is greater than 5", "range='10+'", false),
        ("lead.range is less than 5", "range=good", false),
        ("lead.range is equal to '1 to 10'", "range=1-10", true),
        ("lead.range in [1 to 10, 10+]", "range=over 10", true),
        ("lead.range.min gte 5", "range='10+'", true),
        ("lead.time is less than 2024-01-16", "time=2024-01-15T23:59:59Z", true),
        ("lead.time is greater than 2024-01-15 08:00 CST", "time=2024-01-15T14:00:01Z", true),
        ("lead.time is greater than 2024-01-15 08:00 CST", "time=2024-01-15T14:00:00Z", false),
        ("lead.time is less than 2024-01-16", "time=yesterday", false),
        ("lead.time is equal to 2024-01-15T08:00-06:00", "time=1705327200", true),
    ]);
    for (text, wanted) in [
        ("lead.range is less than '10+'", "compares with \"10+\", which is no range"),
        ("lead.range is less than good", "compares with \"good\", which is no range"),
        ("lead.range matches x", "asks \"matches pattern\" of a value of the type range"),
        ("lead.time is less than tomorrow", "compares with \"tomorrow\", which is no time"),
        ("lead.time includes 2024", "asks \"includes\" of a value of the type time"),
        ("lead.country is equal to Texas", "compares with \"Texas\", which is no country"),
        ("lead.gender is equal to boy", "compares with \"boy\", which is no gender"),
        ("lead.list valid", "asks \"format is valid\" of a value of the type list"),
    ] {
        let error = rule(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn what_no_valid_value_can_be_equal_to_is_refused() {
    for (text, wanted) in [
        ("lead.state in [TX, Texsa]", "compares with \"Texsa\", which is no state; write one such as"),
        ("lead.state is not included in Bavaria", "compares with \"Bavaria\", which is no state"),
        ("lead.ip eq 192.0.2.0/24", "compares with \"192.0.2.0/24\", which is no ip; write one such as"),
        (
            "lead.product eq gutter",
            "compares with \"gutter\", which is none of the values of the field: roof, solar",
        ),
        ("lead.product in [roof, gutter]", "compares with \"gutter\", which is none of the values"),
        ("lead.country eq Frnace", "compares with \"Frnace\", which is no country"),
    ] {
        let error = rule(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    for text in [
        "lead.state in [texas, CA]",
        "lead.state eq {{lead.text}}",
        "lead.state in [TX, {{lead.text}}]",
        "lead.email includes nope",
        "lead.email matches nope",
        "lead.phone eq 5125550143",
        "lead.phone is not included in [0000000000, 5555555555]",
        "lead.email eq none@none",
        "lead.postal_code in [00000]",
        "lead.product in [ROOF, solar]",
        "lead.product includes oo",
        "lead.city eq 29",
        "lead.range eq '10+'",
        "lead.email.domain eq nope",
        "lead.text eq anything",
    ] {
        assert!(rule(text).is_ok(), "{text}: {:?}", rule(text));
    }
}

#[test]
fn rules_fit_the_other_types_as_well() {
    check(&[
        ("lead.country in [US, Canada]", "country=united states", true),
        ("lead.country.name is equal to canada", "country=can", true),
        ("lead.gender is equal to Male", "gender=m", true),
        ("lead.gender.abbr eq f", "gender=female", true),
        ("lead.list includes roof", "list=Roof, solar", true),
        ("lead.list includes roo", "list=Roof, solar", false),
        ("lead.list is equal to [solar, roof]", "list=Roof, solar", true),
        ("lead.list in [roof, solar, gutter]", "list=[Roof, solar]", true),
        ("lead.list in [roof, gutter]", "list=[Roof, solar]", false),
        ("lead.list is blank", "list=' , '", true),
        ("lead.ip is equal to ::ffff:192.0.2.1", "ip=http://192.0.2.1/x", true),
        ("lead.ip.is_ipv4 is true", "ip=192.0.2.1", true),
        ("lead.email.is_free is true", "email=joe@gmail.com", true),
        ("lead.email.is_disposable is false", "email=joe@mailinator.com", false),
        ("lead.email.tld eq co.uk", "email=joe@example.co.uk", true),
        ("lead.full_name.last eq bloggs", "full_name=Bloggs, Joe", true),
        ("lead.street.number eq 123", "street=123 Main St", true),
        ("lead.city matches ^aus", "city=Austin", true),
        ("lead.phone.masked is true", "phone=512-555-****", true),
        ("lead.phone.country_code eq gb", "phone=+44 20 7946 0958", true),
        ("lead.phone eq +44 20 7946 0958", "phone=+442079460958", true),
        ("lead.trustedform_url valid", "trustedform_url=https://example.com/x", false),
    ]);
}

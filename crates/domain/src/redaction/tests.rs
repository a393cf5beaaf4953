use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{Field, FlowParts, Intake, Number, Template, Vocabulary};

const NOW: &str = "2026-01-15T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn at(raw: &Lead) -> Variables<'_> {
    Variables { now: now(), ..Variables::of(raw) }
}

fn lead(pairs: &[(&str, &str)]) -> Lead {
    pairs.iter().map(|(path, raw)| (path.parse().unwrap(), Value::text(*raw))).collect()
}

/// A flow with these fields, whose source has these mappings.
fn flow(fields: &[(&str, FieldType)], map: &[(&str, &str)]) -> Flow {
    let field = |(name, field_type): &(&str, FieldType)| Field::new(name.parse().unwrap(), *field_type);
    let map = map.iter().map(|(to, value)| Mapping {
        to: to.parse().unwrap(),
        value: Template::read(value, Vocabulary::Raw).unwrap(),
        when: None,
    });
    let source = FlowSource {
        id: "src_web".parse().unwrap(),
        key_required: true,
        map: map.collect(),
        accept: None,
        price: None,
        intake: Intake::default(),
        feedback: crate::SourceFeedback::default(),
        gates: crate::SourceGates::default(),
        ping: false,
        ping_expires: crate::DEFAULT_PING_EXPIRES,
    };
    Flow::new(FlowParts {
        id: "flow_a".parse().unwrap(),
        name: "A".into(),
        enabled: true,
        time_zone: crate::TimeZone::UTC,
        fields: Fields::new(fields.iter().map(field).collect()).unwrap(),
        dims: vec![],
        accept: None,
        price: None,
        feedback: crate::FeedbackPolicy::default(),
        reasons: vec![],
        sources: vec![source],
        steps: vec![],
        gates: crate::Gates::default(),
        deadline: None,
        retention: crate::Retention::default(),
    })
    .unwrap()
}

fn sensitive_flow() -> Flow {
    flow(
        &[
            ("first_name", FieldType::FirstName),
            ("phone", FieldType::Phone),
            ("count", FieldType::Number),
            ("note", FieldType::String),
            ("ssn", FieldType::Ssn),
            ("password", FieldType::Credential),
            ("dob", FieldType::Dob),
            ("card", FieldType::CreditCard),
        ],
        &[],
    )
}

const ANN: [(&str, &str); 6] = [
    ("first_name", "Ann"),
    ("phone", "512-555-0143"),
    ("ssn", "219-09-9999"),
    ("password", "blue whale/7"),
    ("dob", "1/5/1976"),
    ("card", "4111 1111 1111 1111"),
];

fn ann() -> Redactor {
    let flow = sensitive_flow();
    Redactor::new(&flow, &flow.sources()[0], &at(&lead(&ANN)))
}

fn masked(redactor: &Redactor, text: &str) -> String {
    redactor.text(&Arc::from(text)).to_string()
}

/// Each text with what is left of it.
fn check(redactor: &Redactor, cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(masked(redactor, text), *wanted, "{text}");
    }
}

#[test]
fn the_leads_own_values_are_masked_in_every_spelling() {
    check(
        &ann(),
        &[
            ("my ssn is 219-09-9999, call me", "my ssn is ***********, call me"),
            ("219099999", "*********"),
            ("219 09 9999 219.09.9999 219/09/9999", "*********** *********** ***********"),
            ("0219099999", "0*********"),
            ("x219099999y", "x*********y"),
            ("2 1 9 0 9 9 9 9 9", "*****************"),
            ("ssn=219%2D09%2D9999&x=1", "ssn=***********&x=1"),
            ("ssn=219%252D09%252D9999&x=1", "ssn=***********&x=1"),
            ("%32%31%39%30%39%39%39%39%39", "*********"),
            (r#"{"ssn":"219\u002d09\u002d9999"}"#, r#"{"ssn":"***********"}"#),
            (r#"{"ssn":"\u0032\u0031\u0039099999"}"#, r#"{"ssn":"*********"}"#),
            ("{\"ssn\":219099999}", "{\"ssn\":*********}"),
            ("<ssn>219&#45;09&#x2D;9999</ssn>", "<ssn>***********</ssn>"),
            ("２１９-09-9999", "***********"),
            ("219\u{2013}09\u{2013}9999", "***********"),
            ("pass=blue+whale%2F7", "pass=************"),
            ("pass=Blue%20Whale%2f7", "pass=************"),
            (r#""blue whale\/7""#, r#""************""#),
            (
                "Authorization: Basic YW5uOmJsdWUgd2hhbGUvNw==",
                "Authorization: Basic **********************==",
            ),
            ("4111-1111-1111-1111 4111111111111111", "******************* ****************"),
            ("4111+1111+1111+1111", "*******************"),
            ("4111.1111.1111.1111", "*******************"),
        ],
    );
}

#[test]
fn the_leads_own_values_are_masked_in_disguise() {
    check(
        &ann(),
        &[
            ("backwards 999990912 and 9999-90-912", "backwards ********* and ***********"),
            ("7/elahw eulb", "************"),
            ("323139303939393939 3231392D30392D39393939", "****************** **********************"),
            ("hex of more: 73736e3d323139303939393939", "hex of more: **************************"),
            ("MjE5MDk5OTk5 c3NuPTIxOTA5OTk5OQ==", "************ ******************=="),
            ("md5 db1f08a02ae61b3fa13a1999d26c5d3f.", "md5 ********************************."),
            ("MD5=DB1F08A02AE61B3FA13A1999D26C5D3F", "MD5=********************************"),
            ("2x8IoCrmGz+hOhmZ0mxdPw==", "**********************=="),
            (r#"{"sha1":"\u0061"}"#, r#"{"sha1":"\u0061"}"#),
            // Of somebody else's.
            (
                "5d41402abc4b2a76b9719d911017c592 aGVsbG8gd29ybGQ=",
                "5d41402abc4b2a76b9719d911017c592 aGVsbG8gd29ybGQ=",
            ),
        ],
    );
    use sha1::Sha1;
    use sha2::{Digest as _, Sha256};
    for digest in [
        Sha256::digest("219-09-9999").to_vec(),
        Sha1::digest("1976-01-05").to_vec(),
        Sha256::digest("blue whale/7").to_vec(),
    ] {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let left = masked(&ann(), &format!("{{\"hash\":\"{hex}\"}}"));
        assert_eq!(left, format!("{{\"hash\":\"{}\"}}", "*".repeat(hex.len())));
        assert_eq!(
            masked(&Redactor::general(), &hex),
            hex,
            "a lead without values of its own has no digests"
        );
    }
}

#[test]
fn a_day_of_birth_is_masked_however_it_is_written() {
    let redactor = ann();
    for day in [
        "1976-01-05",
        "01/05/1976",
        "1/5/1976",
        "1.5.1976",
        "05/01/1976",
        "5.1.1976",
        "1976/1/5",
        "19760105",
        "01051976",
        "05011976",
        "1/5/76",
        "01-05-76",
        "January 5, 1976",
        "5 January 1976",
        "Jan 5th, 1976",
        "JAN 05 1976",
        "5th of January 1976",
        "1976 Jan 5",
        "1976-01-05T00:00:00Z",
        "010576",
        "1%2F5%2F1976",
        "1976\\/01\\/05",
        "January%205%2C%201976",
        "January+5,+1976",
    ] {
        let left = masked(&redactor, &format!("born {day}!"));
        assert!(left.contains("*****") && !left.contains("76"), "{day}: {left}");
    }
    check(
        &redactor,
        &[
            ("born 1976-01-05!", "born **********!"),
            ("born 1976-01-06, 1975-01-05", "born 1976-01-06, 1975-01-05"),
            ("age 50, in 1976", "age 50, in 1976"),
        ],
    );
}

#[test]
fn what_looks_like_a_sensitive_value_is_masked_whoevers_it_is() {
    check(
        &Redactor::general(),
        &[
            ("his is 123-45-6789.", "his is ***********."),
            ("his is 123%2D45%2D6789.", "his is ***********."),
            ("card 4242424242424242 ok", "card **************** ok"),
            ("card 4242 4242 4242 4242 12/26", "card ******************* 12/26"),
            ("card 4242-4242-4242-4242", "card *******************"),
            ("card 3782 822463 10005", "card *****************"),
            ("visa4242424242424242", "visa****************"),
            ("at 1700000000004", "at *************"),
        ],
    );
}

#[test]
fn what_only_resembles_one_stays() {
    check(
        &Redactor::general(),
        &[
            ("512-555-0143", "512-555-0143"),
            ("5125550143", "5125550143"),
            ("123-456-7890 1123-45-6789 123-45-67890", "123-456-7890 1123-45-6789 123-45-67890"),
            ("123456789", "123456789"),
            ("4242424242424241", "4242424242424241"),
            ("00004242424242424242", "00004242424242424242"),
            ("evt_018d0d882e837c2e4242424242424242", "evt_018d0d882e837c2e4242424242424242"),
            ("2024-01-15T10:00:00.000Z", "2024-01-15T10:00:00.000Z"),
            ("78751-4424", "78751-4424"),
            ("", ""),
        ],
    );
}

#[test]
fn a_recorded_lead_has_stars_where_the_sensitive_fields_are() {
    let flow = sensitive_flow();
    let redactor = ann();
    let mut clear = flow.parse_lead(&flow.sources()[0], &at(&lead(&ANN)));
    clear.set("appended.check.echo".parse().unwrap(), Value::text("ok 219-09-9999"));
    clear.set("appended.check.number".parse().unwrap(), Value::from("219099999".parse::<Number>().unwrap()));
    clear.set("appended.check.at".parse().unwrap(), Value::from("1700000000004".parse::<Number>().unwrap()));
    clear.set("appended.check.219099999".parse().unwrap(), Value::from(true));
    let recorded = redactor.lead(flow.fields(), &clear);
    let told: Vec<String> = recorded
        .iter()
        .filter(|(path, _)| !path.as_str().starts_with("phone."))
        .map(|(path, value)| match value {
            Value::Scalar(Scalar::Text(text)) => format!("{path}={text}"),
            Value::Scalar(Scalar::Number(number)) => format!("{path}=#{number}"),
            other => format!("{path}={other:?}"),
        })
        .collect();
    expect_test::expect![[r#"
        appended.check.*********=Scalar(Bool(true))
        appended.check.at=#1700000000004
        appended.check.echo=ok ***********
        appended.check.number=*********
        card=****************
        card.brand=visa
        card.last_four=****
        card.masked=Scalar(Bool(true))
        card.valid=Scalar(Bool(true))
        dob=**/**/1976
        dob.age=#50
        dob.masked=Scalar(Bool(true))
        dob.valid=Scalar(Bool(true))
        dob.year=#1976
        first_name=Ann
        password=************
        password.masked=Scalar(Bool(true))
        password.valid=Scalar(Bool(true))
        phone=5125550143
        ssn=*********
        ssn.first_three=***
        ssn.last_four=****
        ssn.masked=Scalar(Bool(true))
        ssn.middle_two=**
        ssn.valid=Scalar(Bool(true))"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn what_a_sensitive_field_is_made_of_is_masked_among_raw_parameters() {
    let flow = flow(
        &[("ssn", FieldType::Ssn), ("note", FieldType::String)],
        &[("ssn", "{{area}}-{{group}}-{{serial}}")],
    );
    let raw =
        lead(&[("area", "219"), ("group", "09"), ("serial", "9999"), ("page", "9"), ("note", "219099999")]);
    let redactor = Redactor::new(&flow, &flow.sources()[0], &at(&raw));
    let recorded = redactor.raw(flow.fields(), &raw);
    let wanted =
        lead(&[("area", "***"), ("group", "**"), ("serial", "****"), ("page", "9"), ("note", "*********")]);
    assert_eq!(recorded, wanted);
    let request: Arc<[u8]> = b"GET /x?area=219&group=09&serial=9999&page=9 HTTP/1.1".as_slice().into();
    assert_eq!(&*redactor.request(&request), b"GET /x?area=***&group=**&serial=****&page=9 HTTP/1.1");
    // Elsewhere its parts are numbers like any other.
    assert_eq!(masked(&redactor, "area 219"), "area 219");
}

#[test]
fn a_parameter_is_known_by_its_name_in_any_case() {
    let flow = sensitive_flow();
    let raw = lead(&[("SSN", "12345678"), ("Pass-Word", "x"), ("ssn.area", "219"), ("passwords", "y")]);
    let redactor = Redactor::new(&flow, &flow.sources()[0], &at(&raw));
    let wanted = lead(&[("SSN", "********"), ("Pass-Word", "*"), ("ssn.area", "***"), ("passwords", "y")]);
    assert_eq!(redactor.raw(flow.fields(), &raw), wanted);
}

#[test]
fn values_with_a_form_of_their_own_are_not_taken_for_cards() {
    let flow = sensitive_flow();
    let source = &flow.sources()[0];
    // Thirteen digits whose last is right by chance.
    let raw = lead(&[("count", "1700000000004"), ("note", "1700000000004")]);
    let redactor = Redactor::new(&flow, source, &at(&raw));
    let wanted = lead(&[("count", "1700000000004"), ("note", "*************")]);
    assert_eq!(redactor.raw(flow.fields(), &raw), wanted);
    let recorded = redactor.lead(flow.fields(), &flow.parse_lead(source, &at(&raw)));
    assert_eq!(recorded.get("count"), Some(&Value::from("1700000000004".parse::<Number>().unwrap())));
    assert_eq!(recorded.get("note"), Some(&Value::text("*************")));
}

#[test]
fn a_trace_hides_what_a_rule_looked_at() {
    let redactor = ann();
    let trace = RuleTrace {
        rules: [
            ("ssn.last_four is equal to", "9999"),
            ("note includes", "my 219099999"),
            ("phone is", "512"),
            ("{{substring lead.ssn start=6}} is equal to the given value", "9999"),
        ]
        .map(|(rule, actual)| TracedRule {
            rule: rule.into(),
            actual: Scalar::Text(actual.into()),
            passed: true,
            decided: false,
        })
        .to_vec(),
    };
    let told: Vec<Scalar> =
        redactor.trace(sensitive_flow().fields(), &trace).rules.into_iter().map(|rule| rule.actual).collect();
    assert_eq!(told, ["****", "my *********", "512", "****"].map(|text| Scalar::Text(text.into())));
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn json_escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn xml_escaped(text: &str) -> String {
    text.chars().map(|letter| format!("&#{};", u32::from(letter))).collect()
}

fn has_digits(text: &str, digits: &str) -> bool {
    let own: String = text.chars().filter(char::is_ascii_digit).collect();
    own.contains(digits)
}

/// A number of so many digits is text, which looks like anybody's.
#[test]
fn a_number_as_long_as_that_of_a_card_is_masked_and_a_place_on_earth_is_not() {
    let flow = sensitive_flow();
    let redactor = Redactor::general();
    for (raw, recorded) in [
        ("4111111111111111", "****************"),
        ("1234567890123456", "1234567890123456"),
        // Fourteen digits behind the point, the last of them right.
        ("30.26715312345679", "30.26715312345679"),
        ("30.41111111111111111", "30.41111111111111111"),
    ] {
        let raw = lead(&[("count", raw)]);
        assert_eq!(redactor.raw(flow.fields(), &raw).get("count"), Some(&Value::text(recorded)));
        let parsed = flow.fields().parse(&raw, now());
        assert_eq!(parsed.get("count.valid"), Some(&Value::from(true)));
        assert_eq!(redactor.lead(flow.fields(), &parsed).get("count"), Some(&Value::text(recorded)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_spelling_of_the_leads_own_number_gets_through(
        digits in "[1-8][0-9]{8}",
        between in prop::sample::select(vec!["", "-", " ", ".", "/", "_", "\u{2011}"]),
        layers in prop::collection::vec(0..4_usize, 0..4),
        around in "[a-z =:,]{0,6}",
    ) {
        let flow = sensitive_flow();
        let redactor = Redactor::new(&flow, &flow.sources()[0], &at(&lead(&[("ssn", &digits)])));
        let mut text = format!("{}{between}{}{between}{}", &digits[..3], &digits[3..5], &digits[5..]);
        for layer in layers {
            text = match layer {
                0 => percent(&text),
                1 => json_escaped(&text),
                2 => xml_escaped(&text),
                _ => text,
            };
            if text.len() > 100_000 {
                break;
            }
        }
        let left = masked(&redactor, &format!("{around}{text}{around}"));
        prop_assert!(left.contains("*********"), "{} -> {}", text, left);
        prop_assert_eq!(left.matches(char::is_numeric).count(), 0, "{} -> {}", text, left);
    }

    #[test]
    fn a_text_in_the_clear_keeps_its_length(text in "[0-9a-z .,/-]{0,60}") {
        let left = masked(&ann(), &text);
        prop_assert_eq!(left.chars().count(), text.chars().count());
        prop_assert!(!has_digits(&left, "219099999") || !has_digits(&text, "219099999"));
        prop_assert_eq!(masked(&ann(), &left), left.clone(), "masking what is masked changes nothing");
    }

    #[test]
    fn nothing_panics_on_any_bytes(text in prop::collection::vec(any::<u8>(), 0..200), escapes in "[%&#;\\\\u0-9xX-]{0,60}") {
        let redactor = ann();
        for text in [text, escapes.into_bytes()] {
            let text: Arc<[u8]> = text.into();
            redactor.exchange(&text);
            redactor.request(&text);
            Redactor::general().exchange(&text);
        }
    }

    #[test]
    fn the_quick_look_misses_nothing(text in "[0-9 %2D\\\\u-]{0,40}") {
        let mut found = Vec::new();
        for layer in decoding::layers(text.as_bytes()) {
            patterns::find(&layer.chars, &mut found);
        }
        prop_assert!(found.is_empty() || patterns::may_hold(text.as_bytes()), "{}", text);
    }
}

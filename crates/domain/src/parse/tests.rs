//! One line per case: `raw => normal ; component=… ; valid`, with `-` for absent.

use proptest::prelude::*;

use crate::{FieldType, Number, Scalar, Value};

fn shown(value: &Value) -> String {
    match value {
        Value::Scalar(Scalar::Null) => "null".to_owned(),
        Value::Scalar(Scalar::Bool(value)) => value.to_string(),
        Value::Scalar(Scalar::Number(number)) => format!("#{number}"),
        Value::Scalar(Scalar::Text(text)) => text.to_string(),
        Value::List(list) => format!("{} values", list.len()),
    }
}

/// `normal (valid|invalid|free) component=value …`, components by name.
fn read(field_type: FieldType, raw: &Value) -> String {
    let Some(parsed) = field_type.parse(raw) else { return "absent".to_owned() };
    let mut parts: Vec<String> =
        parsed.components.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
    parts.sort();
    for (name, _) in &parsed.components {
        assert!(field_type.components().iter().any(|(declared, _)| declared == name), "{name} is declared");
    }
    let valid = match parsed.valid {
        Some(true) => "valid",
        Some(false) => "invalid",
        None => "free",
    };
    parts.insert(0, format!("{} ({valid})", shown(&parsed.normal)));
    parts.join(" ")
}

fn check(field_type: FieldType, cases: &[(&str, &str)]) {
    for (raw, wanted) in cases {
        assert_eq!(read(field_type, &Value::text(*raw)), *wanted, "{field_type} {raw:?}");
    }
}

#[test]
fn text_is_taken_as_it_is() {
    check(FieldType::String, &[("x", "x (free)"), ("", " (free)"), (" a ", " a  (free)")]);
    check(FieldType::FirstName, &[("O'Brien", "O'Brien (free)"), ("李", "李 (free)")]);
    assert_eq!(read(FieldType::String, &Value::from(true)), "true (free)");
    assert_eq!(read(FieldType::FirstName, &Value::from(true)), "true (invalid)");
    assert_eq!(read(FieldType::LastName, &Value::from(Number::from(12))), "12 (invalid)");
}

#[test]
fn null_is_absent_and_a_list_is_never_one_value() {
    for field_type in FieldType::ALL {
        assert_eq!(field_type.parse(&Scalar::Null.into()), None, "{field_type}");
        let list = Value::List([Scalar::Text("5125550134".into())].into());
        assert_eq!(field_type.parse(&list).unwrap().valid, Some(false), "{field_type}");
    }
}

#[test]
fn an_email_has_a_user_and_a_lower_case_domain() {
    check(
        FieldType::Email,
        &[
            ("joe@example.com", "joe@example.com (valid) domain=example.com user=joe"),
            (" Joe@Example.COM \r\n", "joe@example.com (valid) domain=example.com user=Joe"),
            ("joe@ example.com", "joe@example.com (valid) domain=example.com user=joe"),
            (
                "joe+tag@mail.example.co.uk",
                "joe+tag@mail.example.co.uk (valid) domain=mail.example.co.uk user=joe+tag",
            ),
            ("joe@xn--exmple-cua.com", "joe@xn--exmple-cua.com (valid) domain=xn--exmple-cua.com user=joe"),
            ("joe@exämple.com", "joe@xn--exmple-cua.com (valid) domain=xn--exmple-cua.com user=joe"),
            ("jo e@example.com", "jo e@example.com (invalid)"),
            ("joe@.com", "joe@.com (invalid)"),
            ("joe@@example.com", "joe@@example.com (invalid)"),
            ("joe..bloggs@example.com", "joe..bloggs@example.com (invalid)"),
            (".joe@example.com", ".joe@example.com (invalid)"),
            ("joe.@example.com", "joe.@example.com (invalid)"),
            ("mailto:joe@example.com", "mailto:joe@example.com (invalid)"),
            ("joe@example.com, ann@example.com", "joe@example.com, ann@example.com (invalid)"),
            ("joe,bloggs@example.com", "joe,bloggs@example.com (invalid)"),
            ("joe@localhost", "joe@localhost (invalid)"),
            ("joe@127.0.0.1", "joe@127.0.0.1 (invalid)"),
            ("joe@example.c0m", "joe@example.c0m (invalid)"),
            ("joe@-example.com", "joe@-example.com (invalid)"),
            ("n/a", "n/a (invalid)"),
            ("", " (invalid)"),
        ],
    );
    let long = format!("{}@example.com", "a".repeat(65));
    assert!(read(FieldType::Email, &Value::text(long)).ends_with("(invalid)"));
    assert_eq!(read(FieldType::Email, &Value::from(true)), "true (invalid)");
}

#[test]
fn a_phone_number_is_split_where_the_plan_is_north_american() {
    let plain = |line: &str| {
        format!("5125550134{line} (valid) area=512 country_calling_code=#1 country_code=US exchange=555")
    };
    for raw in [
        "(512) 555-0134",
        "+15125550134",
        "1 (512) 555 0134",
        "512/555/0134",
        "512–555–0134",
        "tel:+1-512-555-0134",
        "512.555.0134",
        "15125550134",
    ] {
        let wanted = format!("{} is_tollfree=false line=0134 number=5550134", plain(""));
        assert_eq!(read(FieldType::Phone, &Value::text(raw)), wanted, "{raw}");
    }
    for raw in ["512-555-0134 #12", "512-555-0134x12", "512-555-0134 ext. 12", "512-555-0134, Extension 12"] {
        let wanted = format!("{} extension=12 is_tollfree=false line=0134 number=5550134", plain("x12"));
        assert_eq!(read(FieldType::Phone, &Value::text(raw)), wanted, "{raw}");
    }
    for (raw, line_type) in
        [("512-555-0134 (c)", "mobile"), ("512-555-0134H", "home"), ("512-555-0134 W", "work")]
    {
        let wanted = format!("{} is_tollfree=false line=0134 number=5550134 type={line_type}", plain(""));
        assert_eq!(read(FieldType::Phone, &Value::text(raw)), wanted, "{raw}");
    }
    let both = read(FieldType::Phone, &Value::text("512-555-0134 x12h"));
    assert!(both.contains("extension=12") && both.contains("type=home"), "{both}");
    for (raw, part) in [
        ("866-555-0100", "is_tollfree=true"),
        ("833-555-0100", "is_tollfree=true"),
        ("416-555-0134", "country_code=CA"),
        ("787-555-0134", "country_code=PR"),
        ("876-555-0134", "country_code=JM"),
    ] {
        let read = read(FieldType::Phone, &Value::text(raw));
        assert!(read.contains(part) && read.contains("(valid)"), "{raw}: {read}");
    }
}

#[test]
fn a_number_nobody_can_dial_is_not_valid() {
    for raw in
        ["822-555-0100", "211-555-0134", "555-555-5555", "512-155-0134", "512-911-0134", "012-555-0134"]
    {
        let read = read(FieldType::Phone, &Value::text(raw));
        assert!(read.contains("(invalid) area="), "{raw}: {read}");
    }
    for raw in [
        "none",
        "-",
        "",
        "555-0134",
        "512-555-01345",
        "25125550134",
        "(512) 555-0134 or (512) 555-0199",
        "+61 491 570 006",
        "+5125550134",
        "x12",
        "512-555-0134 x",
        "mobile",
        "hc",
        "tel:",
    ] {
        assert_eq!(read(FieldType::Phone, &Value::text(raw)), format!("{raw} (invalid)"));
    }
}

#[test]
fn a_state_is_a_code_or_a_name() {
    check(
        FieldType::State,
        &[
            ("Texas", "TX (valid) name=Texas"),
            (" tx ", "TX (valid) name=Texas"),
            ("NEW  YORK", "NY (valid) name=New York"),
            ("Québec", "QC (valid) name=Quebec"),
            ("Que\u{301}bec", "QC (valid) name=Quebec"),
            ("District of Columbia", "DC (valid) name=District of Columbia"),
            ("district columbia", "DC (valid) name=District of Columbia"),
            ("N. Carolina", "NC (valid) name=North Carolina"),
            ("W Virginia", "WV (valid) name=West Virginia"),
            ("Virginia", "VA (valid) name=Virginia"),
            ("Newfoundland & Labrador", "NL (valid) name=Newfoundland and Labrador"),
            ("Yukon", "YT (valid) name=Yukon"),
            ("NU", "NU (valid) name=Nunavut"),
            ("Bavaria", "Bavaria (invalid)"),
            ("TX, USA", "TX, USA (invalid)"),
            ("AA", "AA (invalid)"),
            ("", " (invalid)"),
        ],
    );
}

#[test]
fn a_postal_code_is_american_canadian_or_british() {
    check(
        FieldType::PostalCode,
        &[
            ("78751", "78751 (valid) code=78751 country_code=US zip=78751"),
            ("787514424", "78751-4424 (valid) code=787514424 country_code=US four=4424 zip=78751"),
            ("78751 4424", "78751-4424 (valid) code=78751 4424 country_code=US four=4424 zip=78751"),
            ("78701 - 1234", "78701-1234 (valid) code=78701 - 1234 country_code=US four=1234 zip=78701"),
            ("78701-", "78701 (valid) code=78701- country_code=US zip=78701"),
            ("K1A 0B1", "K1A 0B1 (valid) code=K1A 0B1 country_code=CA district=K fsa=K1A ldu=0B1"),
            ("k1a-0b1", "K1A 0B1 (valid) code=K1A-0B1 country_code=CA district=K fsa=K1A ldu=0B1"),
            ("sw1a1aa", "SW1A 1AA (valid) code=SW1A1AA country_code=GB incode=1AA outcode=SW1A"),
            ("M1 1AE", "M1 1AE (valid) code=M1 1AE country_code=GB incode=1AE outcode=M1"),
            ("B33 8TH", "B33 8TH (valid) code=B33 8TH country_code=GB incode=8TH outcode=B33"),
            ("K1A OB1", "K1A OB1 (invalid)"),
            ("787011", "787011 (invalid)"),
            ("78701-123", "78701-123 (invalid)"),
            ("TX 78701", "TX 78701 (invalid)"),
            ("SW1A", "SW1A (invalid)"),
            ("ééé", "ééé (invalid)"),
            ("", "absent"),
            ("  ", "absent"),
        ],
    );
    assert!(read(FieldType::PostalCode, &Value::from(Number::from(78701))).starts_with("78701 (valid)"));
    assert_eq!(read(FieldType::PostalCode, &Value::from(Number::from(1001))), "1001 (invalid)");
}

#[test]
fn a_number_may_have_signs_words_and_units_around_it() {
    check(
        FieldType::Number,
        &[
            ("100", "#100 (valid)"),
            ("$1,000.50", "#1000.5 (valid)"),
            ("USD 1234", "#1234 (valid)"),
            ("1234 USD", "#1234 (valid)"),
            ("+100", "#100 (valid)"),
            ("-$5", "#-5 (valid)"),
            ("$-5", "#-5 (valid)"),
            ("(100)", "#-100 (valid)"),
            ("1e3", "#1000 (valid)"),
            ("1E-2", "#0.01 (valid)"),
            ("10k", "#10000 (valid)"),
            ("$10 K", "#10000 (valid)"),
            ("1.5M", "#1500000 (valid)"),
            ("10 km", "#10 (valid)"),
            (".5", "#0.5 (valid)"),
            ("00012", "#12 (valid)"),
            ("-0", "#0 (valid)"),
            ("50%", "#50 (valid)"),
            ("1.2.3", "null (invalid)"),
            ("10 - 20", "null (invalid)"),
            ("1/2", "null (invalid)"),
            ("5x5", "null (invalid)"),
            ("--5", "null (invalid)"),
            ("abc", "null (invalid)"),
            ("Infinity", "null (invalid)"),
            ("NaN", "null (invalid)"),
            ("1234567890123456", "null (invalid)"),
            ("1e999", "null (invalid)"),
            (" ", "  (invalid)"),
        ],
    );
    assert_eq!(read(FieldType::Number, &Value::from(true)), "null (invalid)");
}

#[test]
fn a_boolean_is_said_in_the_words_of_forms() {
    check(
        FieldType::Boolean,
        &[
            ("True", "true (valid)"),
            (" true ", "true (valid)"),
            ("T", "true (valid)"),
            ("yes!", "true (valid)"),
            ("1", "true (valid)"),
            ("on", "true (valid)"),
            ("FALSE", "false (valid)"),
            ("n", "false (valid)"),
            ("0", "false (valid)"),
            ("off", "false (valid)"),
            ("-1", "null (invalid)"),
            ("yeah", "null (invalid)"),
            ("o n e", "null (invalid)"),
            ("2", "null (invalid)"),
            ("", " (invalid)"),
        ],
    );
    assert_eq!(read(FieldType::Boolean, &Value::from(false)), "false (valid)");
}

#[test]
fn a_date_is_a_whole_date() {
    check(
        FieldType::Date,
        &[
            ("2024-01-15", "2024-01-15 (valid)"),
            ("2024/01/31", "2024-01-31 (valid)"),
            ("1/15/2024", "2024-01-15 (valid)"),
            ("31/1/2024", "2024-01-31 (valid)"),
            ("1/5/24", "2024-01-05 (valid)"),
            ("1/5/68", "2068-01-05 (valid)"),
            ("1/5/69", "1969-01-05 (valid)"),
            ("01-15-2024", "2024-01-15 (valid)"),
            ("15-01-2024", "2024-01-15 (valid)"),
            ("15012024", "2024-01-15 (valid)"),
            ("20240115", "2024-01-15 (valid)"),
            ("Jan 15, 2024", "2024-01-15 (valid)"),
            ("15 January 2024", "2024-01-15 (valid)"),
            ("Monday, January 15, 2024", "2024-01-15 (valid)"),
            ("12/31/9999", "9999-12-31 (valid)"),
            ("2024-02-29", "2024-02-29 (valid)"),
            ("2023-02-29", "2023-02-29 (invalid)"),
            ("Tuesday, January 15, 2024", "Tuesday, January 15, 2024 (invalid)"),
            ("02/30/2024", "02/30/2024 (invalid)"),
            ("13/13/2024", "13/13/2024 (invalid)"),
            ("1705329045", "1705329045 (invalid)"),
            ("99999999", "99999999 (invalid)"),
            ("tomorrow", "tomorrow (invalid)"),
            ("2024-01-15 and more", "2024-01-15 and more (invalid)"),
            ("  ", "   (invalid)"),
        ],
    );
    assert_eq!(read(FieldType::Date, &Value::from(true)), "true (invalid)");
}

#[test]
fn an_address_of_the_web_has_a_public_looking_host_and_no_password() {
    let parts = |host: &str, path: &str, port: &str| {
        format!("hash= host={host} path={path} port={port} protocol=https query=")
    };
    check(
        FieldType::Url,
        &[
            (
                "https://example.com:443",
                &format!("https://example.com/ (valid) {}", parts("example.com", "/", "")),
            ),
            (
                "https://example.com:8443/a b",
                &format!(
                    "https://example.com:8443/a%20b (valid) {}",
                    parts("example.com:8443", "/a%20b", "8443")
                ),
            ),
            (
                "example.com",
                "http://example.com/ (valid) hash= host=example.com path=/ port= protocol=http query=",
            ),
            (
                "https://example.com/?a=1#top",
                "https://example.com/?a=1#top (valid) hash=#top host=example.com path=/ port= protocol=https query=a=1",
            ),
            ("ftp://example.com", "ftp://example.com (invalid)"),
            ("https://", "https:// (invalid)"),
            ("https://exa mple.com", "https://exa mple.com (invalid)"),
            ("localhost:3000", "localhost:3000 (invalid)"),
            ("https://ann:secret@example.com", "https://ann:secret@example.com (invalid)"),
            ("mailto:ann@example.com", "mailto:ann@example.com (invalid)"),
            ("", " (invalid)"),
        ],
    );
    assert!(read(FieldType::Url, &Value::text("http://127.0.0.1/x")).contains("(valid)"));
}

fn raw_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,40}",
        "[0-9 ()+x#.-]{0,20}",
        "\\+?1?[ (.-]{0,2}[2-9][0-9]{2}[ ).-]{0,2}[0-9]{3}[ .-]?[0-9]{4}( ?(x|ext|#)? ?[0-9]{0,4}[hwcm]?)?",
        "[A-Za-zé.+-]{1,10}@ ?[a-zA-Z0-9ä.-]{1,12}\\.[a-z]{2,4}",
        "[A-Z][0-9][A-Z] ?-?[0-9][A-Z][0-9]",
        "[($-]{0,2}[0-9]{1,4}[,.]?[0-9]{0,3}[kMe0-9)]{0,2}",
        "[0-9]{1,4}[/-][0-9]{1,2}[/-][0-9]{1,4}",
        "[0-9]{8}",
        "(https?://)?[a-z@:.]{1,12}(/[a-z?#% ]{0,8})?",
        "(n|s|north|new|district of|québec|TX|Texas|true|no|on)[ .]?(carolina|york|columbia)?",
    ];
    prop_oneof![
        8 => text.prop_map(Value::text),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(|number| Value::from(Number::from(number))),
        1 => prop::collection::vec(".{0,8}", 0..3)
            .prop_map(|list| Value::List(list.into_iter().map(|text| Scalar::Text(text.into())).collect())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn parsing_a_parsed_value_changes_nothing(raw in raw_value()) {
        for field_type in FieldType::ALL {
            let Some(once) = field_type.parse(&raw) else { continue };
            if once.normal == Value::Scalar(Scalar::Null) {
                // A word that is no number is null ever after.
                prop_assert_eq!(once.valid, Some(false));
                continue;
            }
            let twice = field_type.parse(&once.normal).expect("a value does not vanish");
            prop_assert_eq!(&twice.normal, &once.normal, "{}", field_type);
            // A number is nobody's name, but as text it might be.
            if !matches!(field_type, FieldType::FirstName | FieldType::LastName) {
                prop_assert_eq!(twice.valid, once.valid, "{}", field_type);
            }
        }
    }

    #[test]
    fn an_invalid_value_is_what_was_sent_or_null(text in ".{0,40}") {
        for field_type in FieldType::ALL {
            let Some(parsed) = field_type.parse(&Value::text(text.as_str())) else { continue };
            if parsed.valid == Some(false) && parsed.components.is_empty() {
                let null = Value::Scalar(Scalar::Null);
                prop_assert!(parsed.normal == null || parsed.normal == Value::text(text.as_str()), "{}", field_type);
            }
        }
    }
}

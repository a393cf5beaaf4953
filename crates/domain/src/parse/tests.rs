//! One line per case: `raw => normal ; component=… ; valid`, with `-` for absent.

use proptest::prelude::*;

use crate::{FieldType, Number, Parsed, Scalar, Timestamp, Value};

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
    for (name, _) in &parsed.components {
        assert!(field_type.components().iter().any(|(declared, _)| declared == name), "{name} is declared");
    }
    told(&parsed)
}

fn told(parsed: &Parsed) -> String {
    let mut parts: Vec<String> =
        parsed.components.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
    parts.sort();
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
fn names_of_types_read_as_themselves() {
    for field_type in FieldType::ALL {
        assert_eq!(field_type.as_str().parse::<FieldType>(), Ok(field_type));
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
    assert_eq!(FieldType::List.parse(&Scalar::Null.into()), None);
    for field_type in FieldType::ALL.into_iter().filter(|field_type| *field_type != FieldType::List) {
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
            (
                "joe@example.com",
                "joe@example.com (valid) domain=example.com host=example is_disposable=false is_free=false tld=com user=joe",
            ),
            (
                " Joe@Example.COM \r\n",
                "joe@example.com (valid) domain=example.com host=example is_disposable=false is_free=false tld=com user=Joe",
            ),
            (
                "joe@ example.com",
                "joe@example.com (valid) domain=example.com host=example is_disposable=false is_free=false tld=com user=joe",
            ),
            (
                "joe+tag@mail.example.co.uk",
                "joe+tag@mail.example.co.uk (valid) domain=mail.example.co.uk host=mail.example is_disposable=false is_free=false tld=co.uk user=joe+tag",
            ),
            (
                "joe@xn--exmple-cua.com",
                "joe@xn--exmple-cua.com (valid) domain=xn--exmple-cua.com host=xn--exmple-cua is_disposable=false is_free=false tld=com user=joe",
            ),
            (
                "joe@exämple.com",
                "joe@xn--exmple-cua.com (valid) domain=xn--exmple-cua.com host=xn--exmple-cua is_disposable=false is_free=false tld=com user=joe",
            ),
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
    for raw in [
        "822-555-0100",
        "211-555-0134",
        "555-555-5555",
        "512-155-0134",
        "212-055-0134",
        "(000) 555-0142",
        "012-555-0134",
    ] {
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
        "+999 491 570 006",
        "+61 4",
        "x12",
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
            ("Yukon", "YT (valid) name=Yukon YT"),
            ("nunavut", "NU (valid) name=Nunavut NU"),
            ("NU", "NU (valid) name=Nunavut NU"),
            ("Bavaria", "Bavaria (invalid)"),
            ("TX, USA", "TX, USA (invalid)"),
            ("ae", "AE (valid) name=Armed Forces Europe"),
            ("armed forces pacific", "AP (valid) name=Armed Forces Pacific"),
            ("Washington, DC", "DC (valid) name=District of Columbia"),
            ("XX", "XX (invalid)"),
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
            ("1'000", "#1000 (valid)"),
            ("1’000.5", "#1000.5 (valid)"),
            ("1_000", "#1000 (valid)"),
            // Other words are passed over, whatever they mean.
            ("5 million", "#5 (valid)"),
            ("1.5m", "#1.5 (valid)"),
            ("1.5M", "#1500000 (valid)"),
            ("10 km", "#10 (valid)"),
            (".5", "#0.5 (valid)"),
            ("00012", "#12 (valid)"),
            ("-0", "#0 (valid)"),
            ("50%", "#50 (valid)"),
            ("(5", "null (invalid)"),
            ("1''000", "null (invalid)"),
            ("1.2.3", "null (invalid)"),
            ("10 - 20", "null (invalid)"),
            ("1/2", "null (invalid)"),
            ("5x5", "null (invalid)"),
            ("--5", "null (invalid)"),
            ("abc", "null (invalid)"),
            ("Infinity", "null (invalid)"),
            ("NaN", "null (invalid)"),
            ("123456789012345", "#123456789012345 (valid)"),
            // More digits than numbers have in a record: text of all of them.
            ("1234567890123456", "1234567890123456 (valid)"),
            ("30.26715312345678", "30.26715312345678 (valid)"),
            ("$-0.300000000000000040", "-0.30000000000000004 (valid)"),
            ("1.2345678901234567e-7", "0.00000012345678901234567 (valid)"),
            ("1e70", "null (invalid)"),
            ("1e999", "null (invalid)"),
            ("12abc34", "null (invalid)"),
            ("$", "null (invalid)"),
            (" ", "null (invalid)"),
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
            ("", "null (invalid)"),
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
            ("2024-1-5", "2024-01-05 (valid)"),
            ("1-5-2024", "2024-01-05 (valid)"),
            ("1-5-24", "1-5-24 (invalid)"),
            ("2024-1-", "2024-1- (invalid)"),
            ("Sept 5 2024", "2024-09-05 (valid)"),
            ("Thurs., 5 Sept. 2024", "2024-09-05 (valid)"),
            ("Septe 5 2024", "2024-09-05 (valid)"),
            ("Septic 5 2024", "Septic 5 2024 (invalid)"),
            ("Se 5 2024", "Se 5 2024 (invalid)"),
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
            // Numbers that browsers take for addresses.
            ("5", "5 (invalid)"),
            ("2130706433", "2130706433 (invalid)"),
            ("12.5", "12.5 (invalid)"),
            ("http://0x7f.1", "http://0x7f.1 (invalid)"),
            ("http://127.0.0.01/", "http://127.0.0.01/ (invalid)"),
            ("http://%3127.0.0.1", "http://%3127.0.0.1 (invalid)"),
            ("http://a..b.com", "http://a..b.com (invalid)"),
            ("http://.a.com", "http://.a.com (invalid)"),
            ("http://-a.com", "http://-a.com (invalid)"),
            ("http://a-.com", "http://a-.com (invalid)"),
            ("", " (invalid)"),
        ],
    );
    for good in
        ["http://127.0.0.1/x", "192.0.2.1:8080", "http://[2001:db8::1]/", "example.com.", "a-b.example.com"]
    {
        assert!(read(FieldType::Url, &Value::text(good)).contains("(valid)"), "{good}");
    }
    let long = format!("http://{}.com", "a".repeat(64));
    assert!(read(FieldType::Url, &Value::text(long)).contains("(invalid)"));
}

#[test]
fn a_number_of_another_country_has_its_area_and_its_country() {
    for (raw, wanted) in [
        (
            "+61 491 570 006",
            "491570006 (valid) area=491 country_calling_code=#61 country_code=AU is_tollfree=false number=570006",
        ),
        (
            "+39 06 555 0123",
            "065550123 (valid) area=06 country_calling_code=#39 country_code=IT is_tollfree=false number=5550123",
        ),
        (
            "011 44 20 7946 0958",
            "2079460958 (valid) area=20 country_calling_code=#44 country_code=GB is_tollfree=false number=79460958",
        ),
        (
            "+44 808 157 0192",
            "8081570192 (valid) area=808 country_calling_code=#44 country_code=GB is_tollfree=true number=1570192",
        ),
        (
            "+33 1 42 68 53 00 x7",
            "142685300x7 (valid) area=1 country_calling_code=#33 country_code=FR extension=7 is_tollfree=false number=42685300",
        ),
    ] {
        assert_eq!(read(FieldType::Phone, &Value::text(raw)), wanted, "{raw}");
    }
    for (raw, country) in [
        ("204-555-0134", "CA"),
        ("+1 416 555 0134", "CA"),
        ("787-555-0134", "PR"),
        ("876-555-0134", "JM"),
        ("242-355-0134", "BS"),
        ("808-555-0134", "US"),
    ] {
        let read = read(FieldType::Phone, &Value::text(raw));
        assert!(
            read.contains(&format!("country_code={country}")) && read.contains("(valid)"),
            "{raw}: {read}"
        );
    }
}

#[test]
fn digits_of_a_number_may_be_hidden() {
    for (raw, wanted) in [
        (
            "512-***-****",
            "512******* (valid) area=512 country_calling_code=#1 country_code=US exchange=*** is_tollfree=false line=**** masked=true number=*******",
        ),
        (
            "(***) ***-**34 x** (H)",
            "********34x** (valid) area=*** country_calling_code=#1 country_code=US exchange=*** extension=** is_tollfree=false line=**34 masked=true number=*****34 type=home",
        ),
        (
            "+1 833 *** ****",
            "833******* (valid) area=833 country_calling_code=#1 country_code=US exchange=*** is_tollfree=true line=**** masked=true number=*******",
        ),
        ("****", "**** (invalid)"),
        ("+61 *** *** ***", "+61 *** *** *** (invalid)"),
        ("512-5*5", "512-5*5 (invalid)"),
    ] {
        assert_eq!(read(FieldType::Phone, &Value::text(raw)), wanted, "{raw}");
    }
}

#[test]
fn a_hint_of_what_a_number_is_for_is_no_part_of_it() {
    for (raw, rest) in [("512-555-0134 (c)", "512-555-0134"), (" 512-555-0134 x12H ", "512-555-0134 x12")] {
        let parsed = FieldType::Phone.parse(&Value::text(raw)).unwrap();
        assert_eq!(parsed.raw, Some(Value::text(rest)));
    }
    // A letter that follows no digit is none.
    for raw in ["h", "(m)", "call m"] {
        assert!(read(FieldType::Phone, &Value::text(raw)).ends_with("(invalid)"), "{raw}");
    }
}

#[test]
fn the_raw_value_is_what_was_sent() {
    for (field_type, raw, wanted) in [
        (FieldType::Boolean, Value::from(true), Some(Value::from(true))),
        (FieldType::Number, Value::text("$5"), Some(Value::text("$5"))),
        (FieldType::Email, Value::from(true), Some(Value::text("true"))),
        (FieldType::PostalCode, Value::from(Number::from(78701)), Some(Value::text("78701"))),
        (FieldType::Gender, Value::from(Number::from(1)), Some(Value::from(Number::from(1)))),
        (FieldType::City, Value::from(true), Some(Value::from(true))),
        (FieldType::City, Value::text("Austin"), None),
        (FieldType::String, Value::from(true), None),
    ] {
        assert_eq!(field_type.parse(&raw).unwrap().raw, wanted, "{field_type} {raw:?}");
    }
}

#[test]
fn mail_is_free_or_made_to_be_thrown_away_but_never_both() {
    for (raw, flags) in [
        ("joe@gmail.com", "is_disposable=false is_free=true"),
        ("joe@yahoo.co.uk", "is_disposable=false is_free=true"),
        ("joe@tutanota.com", "is_disposable=false is_free=true"),
        ("joe@mailinator.com", "is_disposable=true is_free=false"),
        ("joe@any.mailinator.com", "is_disposable=true is_free=false"),
        ("joe@0-mail.com", "is_disposable=true is_free=false"),
        ("joe@notgmail.example.com", "is_disposable=false is_free=false"),
    ] {
        let read = read(FieldType::Email, &Value::text(raw));
        assert!(read.contains(flags), "{raw}: {read}");
    }
}

#[test]
fn a_domain_of_mail_lies_below_a_public_suffix() {
    check(
        FieldType::Email,
        &[
            ("joe@example.nosuchsuffix", "joe@example.nosuchsuffix (invalid)"),
            ("joe@com", "joe@com (invalid)"),
            ("joe@co.uk", "joe@co.uk (invalid)"),
            ("joe@example.com.", "joe@example.com. (invalid)"),
            (
                "joe@ann.github.io",
                "joe@ann.github.io (valid) domain=ann.github.io host=ann.github is_disposable=false is_free=false tld=io user=joe",
            ),
            (
                "joe@пример.рф",
                "joe@xn--e1afmkfd.xn--p1ai (valid) domain=xn--e1afmkfd.xn--p1ai host=xn--e1afmkfd is_disposable=false is_free=false tld=xn--p1ai user=joe",
            ),
        ],
    );
    let long = format!("joe@{}.com", "a".repeat(64));
    assert!(read(FieldType::Email, &Value::text(long)).ends_with("(invalid)"));
}

#[test]
fn a_gender_is_a_word_or_its_letter() {
    check(
        FieldType::Gender,
        &[
            ("MALE", "male (valid) abbr=M"),
            (" f ", "female (valid) abbr=F"),
            ("Other", "other (valid) abbr=O"),
            ("male.", "male. (invalid)"),
            ("", " (invalid)"),
        ],
    );
}

#[test]
fn a_street_begins_with_its_number_when_that_holds_a_digit() {
    check(
        FieldType::Street,
        &[
            ("123 Main St Apt 4", "123 Main St Apt 4 (valid) name=Main St Apt 4 number=123"),
            ("123½ Main St", "123½ Main St (valid) name=Main St number=123½"),
            ("½ Main St", "½ Main St (valid) name=Main St number=½"),
            ("Main Street", "Main Street (valid) name=Main Street"),
            ("PO Box 12", "PO Box 12 (valid) name=PO Box 12"),
            ("123 Main St\r\n Apt 4\n", "123 Main St Apt 4 (valid) name=Main St Apt 4 number=123"),
            ("Broadway", "Broadway (invalid)"),
            ("123", "123 (invalid)"),
            (" ", "  (invalid)"),
        ],
    );
}

#[test]
fn a_country_is_a_code_or_a_name() {
    check(
        FieldType::Country,
        &[
            ("us", "US (valid) code_3=USA name=United States"),
            ("U.S.A.", "US (valid) code_3=USA name=United States"),
            ("the United States of America", "US (valid) code_3=USA name=United States"),
            ("gbr", "GB (valid) code_3=GBR name=United Kingdom"),
            ("UK", "GB (valid) code_3=GBR name=United Kingdom"),
            ("Cote d'Ivoire", "CI (valid) code_3=CIV name=Côte d'Ivoire"),
            ("ALAND islands", "AX (valid) code_3=ALA name=Åland Islands"),
            ("Congo", "CG (valid) code_3=COG name=Republic of the Congo"),
            ("XX", "XX (invalid)"),
            ("Texas", "Texas (invalid)"),
            ("", " (invalid)"),
        ],
    );
}

#[test]
fn a_range_has_bounds_in_order() {
    check(
        FieldType::Range,
        &[
            ("1-10", "1-10 (valid) avg=#5.5 max=#10 mid=#5 min=#1"),
            ("1 to 10", "1-10 (valid) avg=#5.5 max=#10 mid=#5 min=#1"),
            ("1–10", "1-10 (valid) avg=#5.5 max=#10 mid=#5 min=#1"),
            ("10 - 1", "1-10 (valid) avg=#5.5 max=#10 mid=#5 min=#1"),
            ("$10k-$20k", "10000-20000 (valid) avg=#15000 max=#20000 mid=#15000 min=#10000"),
            ("5 to 6 years", "5-6 (valid) avg=#5.5 max=#6 mid=#5 min=#5"),
            ("1-1.04", "1-1.04 (valid) avg=#1.02 max=#1.04 mid=#1 min=#1"),
            ("-10 to -5", "-10 to -5 (valid) avg=#-7.5 max=#-5 mid=#-8 min=#-10"),
            ("-5-5", "-5-5 (valid) avg=#0 max=#5 mid=#0 min=#-5"),
            ("10+", "10+ (valid) min=#10"),
            ("10+ years", "10+ (valid) min=#10"),
            ("over $10", "10+ (valid) min=#10"),
            ("10 or more", "10+ (valid) min=#10"),
            ("Under 10", "under 10 (valid) max=#10"),
            ("$1M+", "1000000+ (valid) min=#1000000"),
            ("1.5M+", "1500000+ (valid) min=#1500000"),
            ("10k+", "10000+ (valid) min=#10000"),
            ("over 1M", "1000000+ (valid) min=#1000000"),
            ("OVER $1.5 million", "1500000+ (valid) min=#1500000"),
            (
                "1 million - 2 Million",
                "1000000-2000000 (valid) avg=#1500000 max=#2000000 mid=#1500000 min=#1000000",
            ),
            ("500-1.5k", "500-1500 (valid) avg=#1000 max=#1500 mid=#1000 min=#500"),
            ("0-2 thousand", "0-2000 (valid) avg=#1000 max=#2000 mid=#1000 min=#0"),
            ("10-20k", "10-20k (invalid)"),
            ("$1-2 million", "$1-2 million (invalid)"),
            ("1M-2M", "1000000-2000000 (valid) avg=#1500000 max=#2000000 mid=#1500000 min=#1000000"),
            ("20 and under", "under 20 (valid) max=#20"),
            ("20 years & under", "under 20 (valid) max=#20"),
            ("$5,000 or less", "under 5000 (valid) max=#5000"),
            ("10 & up", "10+ (valid) min=#10"),
            ("10plus", "10+ (valid) min=#10"),
            ("10 Plus", "10+ (valid) min=#10"),
            ("10 years +", "10+ (valid) min=#10"),
            ("50,000 or more per year", "50000+ (valid) min=#50000"),
            ("minimum 5", "5+ (valid) min=#5"),
            ("min. 5", "5+ (valid) min=#5"),
            ("Minimum of $5", "5+ (valid) min=#5"),
            ("5 minimum", "5+ (valid) min=#5"),
            ("maximum 5", "under 5 (valid) max=#5"),
            ("up to -5", "under -5 (valid) max=#-5"),
            ("no more than 5", "under 5 (valid) max=#5"),
            ("not less than .5", "0.5+ (valid) min=#0.5"),
            ("≥ 5", "5+ (valid) min=#5"),
            ("5 min", "5 (valid) avg=#5 max=#5 mid=#5 min=#5"),
            // What a letter means, or which bound, nobody can tell.
            ("1m-2m", "1m-2m (invalid)"),
            ("2MM+", "2MM+ (invalid)"),
            ("5 more", "5 more (invalid)"),
            ("over 5 or less", "over 5 or less (invalid)"),
            ("over 5-10", "over 5-10 (invalid)"),
            ("5 to over 10", "5 to over 10 (invalid)"),
            ("less than 1,000", "under 1000 (valid) max=#1000"),
            ("7", "7 (valid) avg=#7 max=#7 mid=#7 min=#7"),
            ("-5", "-5 (valid) avg=#-5 max=#-5 mid=#-5 min=#-5"),
            ("5-5", "5-5 (valid) avg=#5 max=#5 mid=#5 min=#5"),
            (
                "2024-01-01 to 2024-01-02",
                "1704067200000-1704153600000 (valid) avg=#1704110400000 max=#1704153600000 mid=#1704110400000 min=#1704067200000",
            ),
            ("10-20-30", "10-20-30 (invalid)"),
            ("1 to 2 to 3", "1 to 2 to 3 (invalid)"),
            ("-10--5", "-10--5 (invalid)"),
            ("5-", "5- (invalid)"),
            ("under", "under (invalid)"),
            ("good", "good (invalid)"),
            ("", " (invalid)"),
        ],
    );
    assert_eq!(read(FieldType::Range, &Value::from(true)), "true (invalid)");
}

#[test]
fn a_time_is_a_date_and_a_time_of_day_anywhere() {
    let half_past = "2024-01-15T14:30:00.000Z (valid)";
    for raw in [
        "2024-01-15T14:30Z",
        "2024-01-15 14:30",
        "20240115T143000Z",
        "1/15/2024 2:30 PM",
        "1/15/2024 2:30pm",
        "2:30 p.m. 1/15/2024",
        "Jan 15, 2024 at 2:30 PM",
        "Monday, January 15, 2024 14:30:00",
        "Mon, 15 Jan 2024 14:30:00 GMT",
        "Mon Jan 15 14:30:00 UTC 2024",
        "Mon Jan 15 2024 08:30:00 GMT-0600 (Central Standard Time)",
        "2024-01-15T08:30:00-06:00",
        "2024-01-15 08:30 CST",
        "2024-01-15 8:30 AM CT",
        "2024-01-15 08:30 America/Chicago",
        "2024-01-15T20:00:00+05:30",
        "2024-01-15T14:30:00.00049Z",
        "1705329000",
        "1705329000000",
    ] {
        assert_eq!(read(FieldType::Time, &Value::text(raw)), half_past, "{raw}");
    }
    check(
        FieldType::Time,
        &[
            ("2024-01-15", "2024-01-15T00:00:00.000Z (valid)"),
            ("2024-01-15T24:00", "2024-01-16T00:00:00.000Z (valid)"),
            ("2024-07-15 08:30 America/Chicago", "2024-07-15T13:30:00.000Z (valid)"),
            ("2024-01-15T14:30:45.123456789012Z", "2024-01-15T14:30:45.123Z (valid)"),
            ("2024-01-15 12:00 AM", "2024-01-15T00:00:00.000Z (valid)"),
            ("2024-01-15 12pm", "2024-01-15T12:00:00.000Z (valid)"),
            ("2024-01-15 12 PM", "2024-01-15T12:00:00.000Z (valid)"),
            ("2 p.m. EST 1/15/2024", "2024-01-15T19:00:00.000Z (valid)"),
            ("Jan 15, 2024 at 2 PM", "2024-01-15T14:00:00.000Z (valid)"),
            ("2024-01-15 13 PM", "2024-01-15 13 PM (invalid)"),
            ("2024-01-15 PM", "2024-01-15 PM (invalid)"),
            ("2024-01-15T14:30:45,5Z", "2024-01-15T14:30:45.500Z (valid)"),
            ("20240115T143045,123Z", "2024-01-15T14:30:45.123Z (valid)"),
            ("14:30:45, 1/15/2024", "2024-01-15T14:30:45.000Z (valid)"),
            ("14:30:45,Jan 15 2024", "2024-01-15T14:30:45.000Z (valid)"),
            ("1705329045.5", "2024-01-15T14:30:45.500Z (valid)"),
            ("1705329045.1239", "2024-01-15T14:30:45.123Z (valid)"),
            ("1705329045123.9", "2024-01-15T14:30:45.123Z (valid)"),
            ("1705329045.", "1705329045. (invalid)"),
            // The last day that can be named has a moment in every zone.
            ("9999-12-30T21:59:59Z", "9999-12-30T21:59:59.000Z (valid)"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z (invalid)"),
            ("now", "now (invalid)"),
            ("tomorrow at 5pm", "tomorrow at 5pm (invalid)"),
            ("next Monday", "next Monday (invalid)"),
            ("14:30", "14:30 (invalid)"),
            ("2024-01-15T24:01", "2024-01-15T24:01 (invalid)"),
            ("2024-01-15T25:00", "2024-01-15T25:00 (invalid)"),
            ("2024-01-15 14:30 PM", "2024-01-15 14:30 PM (invalid)"),
            ("2024-01-15 14:30 Mars/Base", "2024-01-15 14:30 Mars/Base (invalid)"),
            ("2024-01-15 14:30 and more", "2024-01-15 14:30 and more (invalid)"),
            ("2024-02-30T00:00Z", "2024-02-30T00:00Z (invalid)"),
            ("12", "12 (invalid)"),
            ("", " (invalid)"),
        ],
    );
}

#[test]
fn an_address_of_the_internet_protocol_is_one_and_whole() {
    let v4 = "192.0.2.1 (valid) ipv6_format=::ffff:192.0.2.1 is_ipv4=true";
    for raw in [
        "192.0.2.1",
        " 192.0.2.1 ",
        "192.0.2.1:443",
        "http://192.0.2.1:80/x?y",
        "[::ffff:192.0.2.1]",
        "::ffff:192.0.2.1",
    ] {
        assert_eq!(read(FieldType::Ip, &Value::text(raw)), v4, "{raw}");
    }
    let v6 = "2001:db8::1 (valid) ipv6_format=2001:db8::1 is_ipv4=false";
    for raw in ["2001:DB8:0:0::1", "[2001:db8::1]:443", "https://[2001:db8::1]/", "2001:db8::1%eth0"] {
        assert_eq!(read(FieldType::Ip, &Value::text(raw)), v6, "{raw}");
    }
    for raw in [
        "192.0.2.1, 192.0.2.2",
        "192.0.2.1 192.0.2.2",
        "192.0.2.0/24",
        "2001:db8::/32",
        "192.0.02.1",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1:99999",
        "[2001:db8::1",
        "2001:db8::1%",
        "example.com",
        "",
    ] {
        assert_eq!(read(FieldType::Ip, &Value::text(raw)), format!("{raw} (invalid)"));
    }
}

#[test]
fn a_certificate_of_consent_is_known_by_the_form_of_its_id() {
    let flags = |kind: &str| {
        ["facebook", "masked", "mobile", "web"].map(|own| format!("is_{own}={}", own == kind)).join(" ")
    };
    let web = "0123456789abcdef0123456789abcdef01234567";
    let (mobile, masked) = ("Ab-9_".repeat(16), "0.1JT7QUPI1sOFZxpr72ZK45K0ck75kEBO9");
    for (host, id, kind) in [
        ("cert", web, "web"),
        ("cert", mobile.as_str(), "mobile"),
        ("cert", "0.aB-1.cD_2.eF3", "facebook"),
        ("ping", masked, "masked"),
    ] {
        let raw = format!("https://{host}.trustedform.com/{id}");
        let wanted = format!("{raw} (valid) cert_id={id} {} type={kind}", flags(kind));
        assert_eq!(read(FieldType::TrustedformUrl, &Value::text(raw.as_str())), wanted);
    }
    for raw in [
        "https://cert.trustedform.com/",
        "https://cert.trustedform.com/x",
        &format!("http://cert.trustedform.com/{web}"),
        &format!("https://cert.trustedform.com/{web}/more"),
        &format!("https://cert.example.com/{web}"),
        web,
        "",
    ] {
        assert_eq!(read(FieldType::TrustedformUrl, &Value::text(raw)), format!("{raw} (invalid)"));
    }
}

#[test]
fn a_whole_name_is_split() {
    check(
        FieldType::FullName,
        &[
            ("Joe Bloggs", "Joe Bloggs (valid) first=Joe last=Bloggs"),
            (
                " Dr.  Joe Q. Bloggs Jr. ",
                "Dr. Joe Q. Bloggs Jr. (valid) first=Joe last=Bloggs middle=Q. salutation=Dr. suffix=Jr.",
            ),
            (
                "Bloggs, Joe Quincy, III",
                "Joe Quincy Bloggs III (valid) first=Joe last=Bloggs middle=Quincy suffix=III",
            ),
            (
                "Bloggs Jr., Mr. Joe",
                "Mr. Joe Bloggs Jr. (valid) first=Joe last=Bloggs salutation=Mr. suffix=Jr.",
            ),
            ("Joe Bloggs, MD, PhD", "Joe Bloggs MD PhD (valid) first=Joe last=Bloggs suffix=MD PhD"),
            ("Ludwig van Beethoven", "Ludwig van Beethoven (valid) first=Ludwig last=van Beethoven"),
            ("Ana María de la Cruz", "Ana María de la Cruz (valid) first=Ana last=de la Cruz middle=María"),
            ("Sr. Juan Ruiz Sr.", "Sr. Juan Ruiz Sr. (valid) first=Juan last=Ruiz salutation=Sr. suffix=Sr."),
            ("Conan O'Brien-Smith", "Conan O'Brien-Smith (valid) first=Conan last=O'Brien-Smith"),
            (
                "Mr. and Mrs. Joe Bloggs",
                "Mr. and Mrs. Joe Bloggs (valid) first=Joe last=Bloggs salutation=Mr. and Mrs.",
            ),
            (
                "Bloggs, Dr. & Mrs. Joe",
                "Dr. & Mrs. Joe Bloggs (valid) first=Joe last=Bloggs salutation=Dr. & Mrs.",
            ),
            ("Lt. Col. Joe Bloggs", "Lt. Col. Joe Bloggs (valid) first=Joe last=Bloggs salutation=Lt. Col."),
            ("Maj. Gen. Ann Lee", "Maj. Gen. Ann Lee (valid) first=Ann last=Lee salutation=Maj. Gen."),
            ("Major Ann Lee", "Major Ann Lee (valid) first=Ann last=Lee salutation=Major"),
            ("Major Lee", "Major Lee (valid) first=Major last=Lee"),
            ("Lee, Major", "Major Lee (valid) first=Major last=Lee"),
            ("Lee, Pastor Ann", "Pastor Ann Lee (valid) first=Ann last=Lee salutation=Pastor"),
            ("Joe Bloggs V", "Joe Bloggs V (valid) first=Joe last=Bloggs suffix=V"),
            ("Joe Bloggs, V", "Joe Bloggs V (valid) first=Joe last=Bloggs suffix=V"),
            ("Bloggs, Joe, V", "Joe Bloggs V (valid) first=Joe last=Bloggs suffix=V"),
            ("Bloggs V, Joe", "Joe Bloggs V (valid) first=Joe last=Bloggs suffix=V"),
            ("Bloggs, V", "V Bloggs (valid) first=V last=Bloggs"),
            ("de la Cruz, V", "V de la Cruz (valid) first=V last=de la Cruz"),
            ("Joe V", "Joe V (valid) first=Joe last=V"),
            ("Joe V. Bloggs", "Joe V. Bloggs (valid) first=Joe last=Bloggs middle=V."),
            ("Jr., Joe Bloggs", "Joe Bloggs Jr. (valid) first=Joe last=Bloggs suffix=Jr."),
            ("Jr., Bloggs, Joe", "Joe Bloggs Jr. (valid) first=Joe last=Bloggs suffix=Jr."),
            // Two persons.
            ("Joe and Ann Bloggs", "Joe and Ann Bloggs (invalid)"),
            ("Joe & Ann Bloggs", "Joe & Ann Bloggs (invalid)"),
            ("Mr. and Mrs. Bloggs", "Mr. and Mrs. Bloggs (invalid)"),
            ("Bloggs", "Bloggs (invalid)"),
            ("Mr. Bloggs", "Mr. Bloggs (invalid)"),
            ("Bloggs,", "Bloggs, (invalid)"),
            ("Joe Bloggs 5125550134", "Joe Bloggs 5125550134 (invalid)"),
            ("joe@example.com x", "joe@example.com x (invalid)"),
            ("a, b, c, d", "a, b, c, d (invalid)"),
            (", ,", ", , (invalid)"),
            ("", " (invalid)"),
        ],
    );
}

#[test]
fn a_list_is_several_values() {
    let list = |raw: &Value| FieldType::List.parse(raw).map(|parsed| (parsed.normal, parsed.valid));
    let texts = |texts: &[&str]| Value::List(texts.iter().map(|text| Scalar::Text((*text).into())).collect());
    assert_eq!(
        list(&Value::text("roof, solar,, \n gutter")),
        Some((texts(&["roof", "solar", "gutter"]), None))
    );
    assert_eq!(list(&texts(&["a, b", " ", "c"])), Some((texts(&["a, b", "c"]), None)));
    assert_eq!(list(&Value::from(true)), Some((Value::List([Scalar::Bool(true)].into()), None)));
    for nothing in [Value::text(" , "), Value::List([].into()), Value::Scalar(Scalar::Null)] {
        assert_eq!(list(&nothing), None, "{nothing:?}");
    }
}

const SENSITIVE: [FieldType; 4] =
    [FieldType::Ssn, FieldType::Credential, FieldType::Dob, FieldType::CreditCard];

fn sensitive(sensitive_type: FieldType, raw: &str) -> (String, String) {
    let now = "2026-01-15T12:00:00Z".parse().unwrap();
    let parsed = sensitive_type.parse_at(&Value::text(raw), now).unwrap();
    let masked = sensitive_type.masked(&parsed);
    assert_eq!(sensitive_type.masked(&masked), masked, "masking what is masked changes nothing");
    (told(&parsed), told(&masked))
}

#[test]
fn sensitive_values_are_read_and_masked() {
    for (sensitive_type, raw, clear, masked) in [
        (
            FieldType::Ssn,
            "123-45-6789",
            "123456789 (valid) first_three=123 last_four=6789 masked=false middle_two=45",
            "********* (valid) first_three=*** last_four=**** masked=true middle_two=**",
        ),
        (
            FieldType::Ssn,
            "000-45-6789",
            "000-45-6789 (invalid) masked=false",
            "*********** (invalid) masked=true",
        ),
        (
            FieldType::Ssn,
            "666-45-6789",
            "666-45-6789 (invalid) masked=false",
            "*********** (invalid) masked=true",
        ),
        (
            FieldType::Ssn,
            "900-45-6789",
            "900-45-6789 (invalid) masked=false",
            "*********** (invalid) masked=true",
        ),
        (
            FieldType::Ssn,
            "123-00-6789",
            "123-00-6789 (invalid) masked=false",
            "*********** (invalid) masked=true",
        ),
        (
            FieldType::Ssn,
            "123-45-0000",
            "123-45-0000 (invalid) masked=false",
            "*********** (invalid) masked=true",
        ),
        (FieldType::Ssn, "12345678", "12345678 (invalid) masked=false", "******** (invalid) masked=true"),
        (FieldType::Credential, "pässword", "pässword (valid) masked=false", "******** (valid) masked=true"),
        (
            FieldType::CreditCard,
            "4111 1111 1111 1111",
            "4111111111111111 (valid) brand=visa last_four=1111 masked=false",
            "**************** (valid) brand=visa last_four=**** masked=true",
        ),
        (
            FieldType::CreditCard,
            "3782-822463-10005",
            "378282246310005 (valid) brand=amex last_four=0005 masked=false",
            "*************** (valid) brand=amex last_four=**** masked=true",
        ),
        (
            FieldType::CreditCard,
            "4111111111111112",
            "4111111111111112 (invalid) masked=false",
            "**************** (invalid) masked=true",
        ),
        (FieldType::CreditCard, "411111", "411111 (invalid) masked=false", "****** (invalid) masked=true"),
        (
            FieldType::Dob,
            "1/15/1976",
            "1976-01-15 (valid) age=#50 masked=false year=#1976",
            "**/**/1976 (valid) age=#50 masked=true year=#1976",
        ),
        (
            FieldType::Dob,
            "31/31/1976",
            "31/31/1976 (invalid) masked=false",
            "********** (invalid) masked=true",
        ),
    ] {
        assert_eq!(sensitive(sensitive_type, raw), (clear.to_owned(), masked.to_owned()), "{raw}");
    }
    for (number, brand) in [
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("6011111111111117", "discover"),
        ("30569309025904", "diners"),
        ("3530111333300000", "jcb"),
        ("6759649826438453", "maestro"),
    ] {
        let (clear, _) = sensitive(FieldType::CreditCard, number);
        assert!(clear.contains(&format!("brand={brand}")), "{number}: {clear}");
    }
}

#[test]
fn an_age_is_right_on_every_day() {
    let age = |born: &str, now: &str| {
        let parsed =
            FieldType::Dob.parse_at(&Value::text(born), format!("{now}T12:00:00Z").parse().unwrap()).unwrap();
        parsed.component("age").map(shown)
    };
    for (born, now, wanted) in [
        ("1980-01-16", "2026-01-15", "#45.9"),
        ("1980-01-15", "2026-01-15", "#46"),
        ("2026-01-15", "2026-01-15", "#0"),
        ("2000-02-29", "2023-02-28", "#22.9"),
        ("2000-02-29", "2023-03-01", "#23"),
        ("2000-02-29", "2024-02-28", "#23.9"),
        ("2000-02-29", "2024-02-29", "#24"),
        ("1999-12-31", "2024-12-30", "#24.9"),
        ("0001-01-01", "9999-12-30", "#9998.9"),
    ] {
        assert_eq!(age(born, now).as_deref(), Some(wanted), "{born} on {now}");
    }
}

#[test]
fn nobody_is_born_in_the_future() {
    for (raw, wanted) in [
        ("1/15/26", "2026-01-15 (valid) age=#0 masked=false year=#2026"),
        ("1/16/26", "1926-01-16 (valid) age=#99.9 masked=false year=#1926"),
        ("1/5/68", "1968-01-05 (valid) age=#58 masked=false year=#1968"),
        ("2026-01-16", "2026-01-16 (invalid) masked=false"),
        ("1/1/2068", "1/1/2068 (invalid) masked=false"),
    ] {
        assert_eq!(sensitive(FieldType::Dob, raw).0, wanted, "{raw}");
    }
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
        "\\+[1-9][0-9 ()-]{4,16}",
        "[(*]{0,2}[0-9*]{3}[ )-]{0,2}[0-9*]{3}-[0-9*]{4}( x[0-9*]{1,4})?",
        "[$-]{0,2}[0-9.]{1,4}k?( ?- ?| to |–|/| or |)(-?[0-9]{0,5}|more)[+]?",
        "(under|over|<|at least|max[.]) ?-?[$]?[0-9]{1,4}(k|M|m| million)?( (and|or|&) (under|up|more)|plus)?",
        "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?( ?(Z|EST|[+-][0-9]{2}:?[0-9]{2}|am|PM))?",
        "[0-9]{9,13}([.][0-9]{0,4})?",
        "(http://)?\\[?[0-9a-f:.]{3,20}\\]?(:[0-9]{1,3})?(/[0-9x]{0,3})?",
        "((Mr|Dr|Sr|Maj|General)[.]? ((and|&) )?)?[A-Za-zé.'-]{1,8},? [a-zA-Z]{0,6},? ?(van|de|Jr|Sr|PhD|Ann|V)?[.,]?( [A-Za-z]{1,6})?",
        "[0-9]{0,3} ?[A-Za-z]{1,6} ?St?\n?(Apt 4)?",
        "(us|USA|the |U.K.|Côte d.ivoire|male|F|other|Congo)",
        "https://(cert|ping).trustedform.com/(0\\.)?[0-9a-f]{38,42}",
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
            let foreign = once.component("country_calling_code").filter(|code| **code != Value::from(Number::from(1)));
            if let Some(Value::Scalar(Scalar::Number(code))) = foreign {
                // The digits within a country are read again with its code before them. Of what cannot be
                // dialled nobody can tell which digit is a prefix.
                let dialled = format!("+{code} {}", once.normal.as_text().unwrap());
                let twice = field_type.parse(&Value::text(dialled)).unwrap();
                if once.valid == Some(true) {
                    prop_assert_eq!((&twice.normal, twice.valid), (&once.normal, once.valid));
                }
                continue;
            }
            let twice = field_type.parse(&once.normal).expect("a value does not vanish");
            prop_assert_eq!(&twice.normal, &once.normal, "{}", field_type);
            // A number is nobody's name, but as text it might be.
            if !matches!(field_type, FieldType::FirstName | FieldType::LastName | FieldType::City) {
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

    #[test]
    fn components_are_declared_and_free_mail_is_not_disposable(raw in raw_value()) {
        for field_type in FieldType::ALL {
            let Some(parsed) = field_type.parse(&raw) else { continue };
            for (name, _) in &parsed.components {
                prop_assert!(field_type.components().iter().any(|(own, _)| own == name), "{} {}", field_type, name);
                prop_assert_eq!(parsed.components.iter().filter(|(own, _)| own == name).count(), 1);
            }
            let yes = Some(&Value::from(true));
            prop_assert!(!(parsed.component("is_free") == yes && parsed.component("is_disposable") == yes));
        }
    }

    #[test]
    fn masking_leaves_no_character_of_the_sensitive_part(
        raw in prop_oneof![raw_value(), "[0-9]{3}-?[0-9]{2}-?[0-9]{4}".prop_map(Value::text)],
        now in Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis(),
    ) {
        for sensitive_type in SENSITIVE {
            let Some(parsed) = sensitive_type.parse_at(&raw, Timestamp::from_millis(now)) else { continue };
            let masked = sensitive_type.masked(&parsed);
            prop_assert_eq!(masked.valid, parsed.valid);
            prop_assert_eq!(masked.component("masked"), Some(&Value::from(true)));
            let kept = |name: &str| matches!(
                (sensitive_type, name),
                (_, "masked") | (FieldType::Dob, "age" | "year") | (FieldType::CreditCard, "brand")
            );
            let hidden = masked.components.iter().filter(|(name, _)| !kept(name)).map(|(_, value)| value);
            for value in hidden.chain(&masked.raw).chain([&masked.normal]) {
                let stars = |scalar: &Scalar| match scalar {
                    Scalar::Text(text) => text.chars().all(|c| c == '*') || {
                        let year = text.strip_prefix("**/**/");
                        sensitive_type == FieldType::Dob && year.is_some_and(|year| year.len() == 4)
                    },
                    Scalar::Null => true,
                    Scalar::Bool(_) | Scalar::Number(_) => false,
                };
                prop_assert!(match value {
                    Value::Scalar(scalar) => stars(scalar),
                    Value::List(list) => list.iter().all(stars),
                }, "{:?}", value);
            }
        }
    }

    #[test]
    fn nothing_panics_on_any_text(text in "\\PC{0,200}", times in 1_usize..40) {
        let now = Timestamp::from_millis(1_768_478_400_000);
        for value in [Value::text(text.as_str()), Value::text(text.repeat(times))] {
            for field_type in FieldType::ALL {
                let _ = field_type.parse(&value);
            }
            for sensitive_type in SENSITIVE {
                let _ = sensitive_type.parse_at(&value, now).map(|parsed| sensitive_type.masked(&parsed));
            }
        }
    }
}

/// `cargo test -p domain --lib a_lead_of_25_fields -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, not a test"]
fn a_lead_of_25_fields_is_read_in_little_time() {
    use crate::{Field, Fields, Lead};

    let plan = [
        ("first_name", FieldType::FirstName, "Ann"),
        ("last_name", FieldType::LastName, "Example"),
        ("name", FieldType::FullName, "Dr. Ann B. Example Jr."),
        ("gender", FieldType::Gender, "F"),
        ("email", FieldType::Email, "Ann.Example@Example.com"),
        ("phone_1", FieldType::Phone, "(512) 555-0134"),
        ("phone_2", FieldType::Phone, "+44 20 7946 0958"),
        ("street", FieldType::Street, "123 Main St Apt 4"),
        ("city", FieldType::City, "Austin"),
        ("state", FieldType::State, "Texas"),
        ("postal_code", FieldType::PostalCode, "78751-4424"),
        ("country", FieldType::Country, "United States"),
        ("price", FieldType::Number, "$1,000.50"),
        ("income", FieldType::Range, "$50,000 - $75,000"),
        ("owner", FieldType::Boolean, "yes"),
        ("moved", FieldType::Date, "1/15/2024"),
        ("consented", FieldType::Time, "Mon, 15 Jan 2024 14:30:45 GMT"),
        ("page", FieldType::Url, "https://www.example.com/quote?utm=1"),
        ("ip", FieldType::Ip, "192.0.2.1"),
        (
            "cert",
            FieldType::TrustedformUrl,
            "https://cert.trustedform.com/0123456789abcdef0123456789abcdef01234567",
        ),
        ("interests", FieldType::List, "roof, solar"),
        ("note", FieldType::String, "call in the evening"),
        ("campaign", FieldType::String, "spring"),
        ("credit", FieldType::Range, "650+"),
        ("age", FieldType::Number, "46"),
    ];
    let field =
        |(name, field_type, _): &(&str, FieldType, &str)| Field::new(name.parse().unwrap(), *field_type);
    let fields = Fields::new(plan.iter().map(field).collect()).unwrap();
    let raw: Lead = plan.iter().map(|(name, _, raw)| (name.parse().unwrap(), Value::text(*raw))).collect();
    for _ in 0..100 {
        std::hint::black_box(fields.parse(&raw, Timestamp::MAX));
    }
    let (rounds, start) = (5_000, std::time::Instant::now());
    for _ in 0..rounds {
        std::hint::black_box(fields.parse(std::hint::black_box(&raw), Timestamp::MAX));
    }
    println!(
        "{:.1} µs per lead of {} fields",
        start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds),
        plan.len()
    );
    for (name, field_type, raw) in plan {
        let (value, start) = (Value::text(raw), std::time::Instant::now());
        for _ in 0..rounds {
            std::hint::black_box(field_type.parse(std::hint::black_box(&value)));
        }
        println!("{:>8.2} µs {name}", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
    }
}

//! Any value as any type: nothing panics, what was parsed parses to itself, and what is masked tells
//! nothing.

#![no_main]

use domain::{FieldType, Scalar, Timestamp, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u8, i64, Vec<String>, bool)| {
    let (which, now, texts, is_list) = data;
    let field_type = FieldType::ALL[usize::from(which) % FieldType::ALL.len()];
    let now = Timestamp::from_millis(now);
    let value = match texts.first() {
        _ if is_list => Value::List(texts.iter().map(|text| Scalar::Text(text.as_str().into())).collect()),
        Some(text) => Value::text(text.as_str()),
        None => Value::Scalar(Scalar::Null),
    };
    let Some(parsed) = field_type.parse_at(&value, now) else { return };
    if parsed.valid == Some(true) {
        let again = field_type.parse_at(&parsed.normal, now).expect("a normal form is a value");
        assert_eq!(again.normal, parsed.normal, "{field_type} {value:?}");
    }
    if field_type.is_sensitive() {
        let masked = field_type.masked(&parsed);
        if let (Value::Scalar(Scalar::Text(text)), true) = (&masked.normal, field_type != FieldType::Dob) {
            assert!(text.chars().all(|letter| letter == '*'), "{field_type} {value:?} {text}");
        }
    }
});

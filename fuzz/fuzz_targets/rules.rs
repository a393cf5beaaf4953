//! Any line as a condition over a lead: an answer, or an error, and never a panic.

#![no_main]

use domain::{TimeZone, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (i64, &str)| {
    let (now, line) = data;
    if let Ok(told) = wire::try_rules(line, Timestamp::from_millis(now), &TimeZone::UTC) {
        let answer: serde_json::Value = serde_json::from_str(&told).expect("an answer is JSON");
        assert!(answer.get("pass").is_some(), "{told}");
    }
});

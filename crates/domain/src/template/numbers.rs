//! Forms of numbers: `0,0.00`, `$0,0.00`, `0.00%` and their kin.

use super::decimal::{Decimal, Rounding};

/// How a number is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberForm {
    sign: Sign,
    before: String,
    /// Fewest digits before the point.
    whole_digits_min: usize,
    has_commas: bool,
    /// Decimal places that are always shown, and those that are shown where they are not zero.
    places: usize,
    places_more: usize,
    /// `[.]00`: no places at all for a whole number.
    places_only_for_parts: bool,
    unit: Unit,
    /// Whether a blank stands before the unit.
    has_blank: bool,
    after: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// `-` before negative numbers.
    Minus,
    /// `+` or `-` before all but zero.
    Always,
    /// Brackets around negative numbers.
    Brackets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    None,
    /// Hundredths.
    Percent,
    /// `k`, `m`, `b`, `t` for thousands and more.
    Short,
    /// `1st`, `2nd`.
    Ordinal,
}

/// Most digits or places that a form may ask for.
const DIGITS_MAX: usize = 30;

impl NumberForm {
    /// Whether a format speaks of numbers: a `0` stands before any letter.
    pub(super) fn is_meant(text: &str) -> bool {
        outside_of_brackets(text).find(|c| c.is_alphabetic() || *c == '0') == Some('0')
    }

    /// Reads a format.
    ///
    /// # Errors
    /// With what it can be.
    pub(super) fn read(text: &str) -> Result<NumberForm, String> {
        let wanted = || {
            "write numbers like 0,0.00 $0,0.00 0.0[00] 0% 0a 0o (0) +0, and other letters in [ and ]"
                .to_owned()
        };
        let start = first_zero(text).ok_or_else(wanted)?;
        let mut form = NumberForm {
            sign: Sign::Minus,
            before: String::new(),
            whole_digits_min: 0,
            has_commas: false,
            places: 0,
            places_more: 0,
            places_only_for_parts: false,
            unit: Unit::None,
            has_blank: false,
            after: String::new(),
        };
        let before = unescaped(&text[..start]);
        for c in before.chars() {
            match c {
                '(' => form.sign = Sign::Brackets,
                '+' => form.sign = Sign::Always,
                '-' => {}
                c => form.before.push(c),
            }
        }
        let mut rest = form.read_digits(&text[start..]).ok_or_else(wanted)?;
        let trimmed = rest.trim_start();
        for (mark, unit) in [('%', Unit::Percent), ('a', Unit::Short), ('o', Unit::Ordinal)] {
            if let Some(after) = trimmed.strip_prefix(mark) {
                form.has_blank = trimmed.len() < rest.len();
                form.unit = unit;
                rest = after;
                break;
            }
        }
        if form.sign == Sign::Brackets {
            let close = rest.find(')').ok_or_else(wanted)?;
            form.after = format!("{}{}", &rest[..close], &rest[close + 1..]);
        } else {
            form.after = rest.to_owned();
        }
        if outside_of_brackets(&form.after).any(char::is_alphanumeric) {
            return Err(wanted());
        }
        form.after = unescaped(&form.after);
        Ok(form)
    }

    /// Reads `0,0.0[00]`, and gives what follows.
    fn read_digits<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let mut rest = text;
        loop {
            if let Some(after) = rest.strip_prefix('0') {
                self.whole_digits_min += 1;
                rest = after;
            } else if let Some(after) = rest.strip_prefix(',').filter(|after| after.starts_with('0')) {
                self.has_commas = true;
                rest = after;
            } else {
                break;
            }
        }
        // The digits of 0,0 say where the comma stands, not how many there are.
        if self.has_commas {
            self.whole_digits_min = 1;
        }
        let zeros = |text: &str| text.bytes().take_while(|byte| *byte == b'0').count();
        let after_point = if let Some(after) = rest.strip_prefix("[.]") {
            self.places_only_for_parts = true;
            Some(after)
        } else {
            rest.strip_prefix('.').filter(|after| after.starts_with(['0', '[']))
        };
        if let Some(after) = after_point {
            self.places = zeros(after);
            rest = &after[self.places..];
            if let Some(inner) = rest.strip_prefix('[') {
                let more = zeros(inner);
                if let Some(after) = inner[more..].strip_prefix(']').filter(|_| more > 0) {
                    self.places_more = more;
                    rest = after;
                }
            }
        }
        (self.whole_digits_min <= DIGITS_MAX && self.places + self.places_more <= DIGITS_MAX).then_some(rest)
    }

    /// Shows a number; it is rounded to the nearest, halves away from zero.
    pub(super) fn show(&self, number: Decimal) -> String {
        let mut number = number;
        let mut unit = "";
        match self.unit {
            Unit::None | Unit::Ordinal => {}
            Unit::Percent => {
                number = number.shifted(2);
                unit = "%";
            }
            Unit::Short => {
                for (power, word) in [(3, "k"), (6, "m"), (9, "b"), (12, "t")] {
                    // Rounding may lift a number to the next unit: 999999 is 1m.
                    let shown = self.rounded(number.shifted(3 - power)).abs();
                    if shown >= Decimal::new(1, 3) {
                        unit = word;
                    } else {
                        break;
                    }
                }
                let power = ["", "k", "m", "b", "t"].iter().position(|word| *word == unit).unwrap_or(0);
                number = number.shifted(-3 * i32::try_from(power).unwrap_or(0));
            }
        }
        let number = self.rounded(number);
        let (whole, part) = number.abs().plain();
        let mut text = String::new();
        match (self.sign, number.is_negative()) {
            (Sign::Minus | Sign::Always, true) => text.push('-'),
            (Sign::Always, false) if !number.is_zero() => text.push('+'),
            (Sign::Brackets, true) => text.push('('),
            (Sign::Minus | Sign::Always | Sign::Brackets, false) => {}
        }
        text.push_str(&self.before);
        let whole = format!("{whole:0>width$}", width = self.whole_digits_min);
        for (at, digit) in whole.chars().enumerate() {
            if self.has_commas && at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        let places = if self.places_only_for_parts && part.is_empty() { 0 } else { self.places };
        if places.max(part.len()) > 0 {
            text.push('.');
            text.push_str(&part);
            text.push_str(&"0".repeat(places.saturating_sub(part.len())));
        }
        if self.unit == Unit::Ordinal {
            unit = ordinal(whole.parse::<u128>().unwrap_or(0));
        }
        if self.has_blank && !unit.is_empty() {
            text.push(' ');
        }
        text.push_str(unit);
        if self.sign == Sign::Brackets && number.is_negative() {
            text.push(')');
        }
        text.push_str(&self.after);
        text
    }

    fn rounded(&self, number: Decimal) -> Decimal {
        let places = i32::try_from(self.places + self.places_more).unwrap_or(0);
        number.to_places(places, Rounding::Nearest)
    }
}

/// `st`, `nd`, `rd` or `th`.
pub(super) fn ordinal(number: u128) -> &'static str {
    match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        (_, _) => "th",
    }
}

/// Where the first `0` stands that is not in brackets.
fn first_zero(text: &str) -> Option<usize> {
    let mut within = false;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '[' => within = true,
            ']' => within = false,
            _ => {}
        }
        (c == '0' && !within).then_some(at)
    })
}

/// The letters of a format that mean something: what stands in `[` and `]` does not.
pub(super) fn outside_of_brackets(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut within = false;
    text.chars().filter(move |c| {
        match c {
            '[' => within = true,
            ']' => {
                let ends = within;
                within = false;
                return !ends;
            }
            _ => {}
        }
        !within
    })
}

/// A text with the brackets taken off.
fn unescaped(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '[' | ']')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(form: &str, cases: &[(&str, &str)]) {
        let read = NumberForm::read(form).unwrap();
        assert!(NumberForm::is_meant(form), "{form}");
        for (number, wanted) in cases {
            assert_eq!(read.show(Decimal::of(&number.parse().unwrap())), *wanted, "{number} as {form}");
        }
    }

    #[test]
    fn digits_and_places() {
        check("0", &[("0", "0"), ("1234.5", "1235"), ("-0.4", "0"), ("-2.5", "-3")]);
        check("000", &[("7", "007"), ("1234", "1234")]);
        check("0.00", &[("1.005", "1.01"), ("2", "2.00"), ("-1.234", "-1.23"), ("0.994999", "0.99")]);
        check("0.0[00]", &[("1", "1.0"), ("1.23456", "1.235"), ("1.2", "1.2")]);
        check("0[.]00", &[("1", "1"), ("1.5", "1.50")]);
        check("0.[000]", &[("1", "1"), ("1.25", "1.25")]);
    }

    #[test]
    fn commas_signs_and_words() {
        check("0,0", &[("999", "999"), ("1000", "1,000"), ("1234567.8", "1,234,568"), ("-1000", "-1,000")]);
        check("$0,0.00", &[("1234.5", "$1,234.50"), ("-1234.5", "-$1,234.50"), ("0", "$0.00")]);
        check("($0,0.00)", &[("1234.5", "$1,234.50"), ("-1234.5", "($1,234.50)")]);
        check("+0", &[("5", "+5"), ("-5", "-5"), ("0", "0")]);
        check("[USD ]0,0.00", &[("1234.5", "USD 1,234.50")]);
        check("0.00 [0 EUR]", &[("2", "2.00 0 EUR")]);
        check("0 €", &[("2", "2 €")]);
    }

    #[test]
    fn units() {
        check("0.00%", &[("0.125", "12.50%"), ("1", "100.00%"), ("-0.5", "-50.00%")]);
        check("0 %", &[("0.5", "50 %")]);
        check("0a", &[("999", "999"), ("1234", "1k"), ("999999", "1m"), ("1500000", "2m"), ("-2e9", "-2b")]);
        check("0.0 a", &[("1234", "1.2 k"), ("5", "5.0"), ("2e13", "20.0 t")]);
        check(
            "0o",
            &[("1", "1st"), ("2", "2nd"), ("3", "3rd"), ("11", "11th"), ("112", "112th"), ("21", "21st")],
        );
    }

    #[test]
    fn what_is_no_form_of_numbers_is_refused() {
        for form in ["", "x", "0 USD", "0a5", "(0", "0,0.00 each", "0.00 0"] {
            assert!(NumberForm::read(form).is_err(), "{form}");
        }
        assert!(NumberForm::read(&"0".repeat(31)).is_err());
        assert!(!NumberForm::is_meant("YYYY-MM-DD 00:00"));
        assert!(!NumberForm::is_meant("[0]YYYY"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_form_or_refused(form in "[0,.\\[\\]$%ao()+ é-]{0,20}", number in any::<i64>(), power in -20..20) {
            if let Ok(form) = NumberForm::read(&form) {
                let _ = form.show(Decimal::new(number.into(), power));
            }
        }

        #[test]
        fn what_is_shown_with_all_places_reads_as_the_number(whole in -999_999_999_i64..999_999_999, places in 0_u32..6) {
            let number = Decimal::new(whole.into(), -i32::try_from(places).unwrap());
            let shown = NumberForm::read("0,0.[000000]").unwrap().show(number).replace(',', "");
            prop_assert_eq!(Decimal::of(&shown.parse().unwrap()), number);
        }
    }
}

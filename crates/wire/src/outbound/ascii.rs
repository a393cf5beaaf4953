//! Text for partners who take nothing but ASCII.

use domain::{Scalar, Value};

/// The same value without accents and what else is not ASCII: `Jörg` is `Jorg`, `北京` is `Bei Jing `.
pub(super) fn ascii(value: Value) -> Value {
    let plain = |scalar: Scalar| match scalar {
        Scalar::Text(text) if !text.is_ascii() => Scalar::Text(ascii_text(&text).into()),
        other @ (Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) | Scalar::Text(_)) => other,
    };
    match value {
        Value::Scalar(scalar) => Value::Scalar(plain(scalar)),
        Value::List(list) => Value::List(list.iter().cloned().map(plain).collect()),
    }
}

/// Letter by letter, by the tables of `deunicode` but for the euro, which is `EU` where people come from.
pub fn ascii_text(text: &str) -> String {
    let plain = |letter: char| {
        if letter == '€' { "EU" } else { deunicode::deunicode_char(letter).unwrap_or_default() }
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_becomes_ascii() {
        for (text, wanted) in [
            ("Jörg", "Jorg"),
            ("Straße 5 – Étage", "Strasse 5 - Etage"),
            ("北京", "Bei Jing "),
            ("“quoted” … €5", "\"quoted\" ... EU5"),
            ("Łódź", "Lodz"),
            ("\u{e000}", ""),
        ] {
            assert_eq!(ascii_text(text), wanted);
        }
    }
}

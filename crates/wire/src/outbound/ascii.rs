//! Text for partners who take nothing but ASCII.

use domain::{Scalar, Secrets, Template, Value, Variables};

/// The value of a template in plain ASCII. What is made of secrets stays as it is: a key with other letters is
/// another key.
pub(super) fn ascii_value(template: &Template, variables: &Variables<'_>) -> Option<Value> {
    let value = template.value(variables)?;
    if template.secrets().is_empty() {
        return Some(ascii(value));
    }
    let Value::Scalar(Scalar::Text(_)) = value else { return Some(value) };
    let mut without_secrets = Vec::new();
    let masked = Secrets::masked(template.secrets());
    template.render_with(&Variables { secrets: &masked, ..*variables }, |_, hole| {
        without_secrets.push(hole.to_owned());
    });
    let mut holes = without_secrets.iter();
    let mut done = 0;
    let mut text = template.render_with(variables, |out, hole| {
        let before = ascii_text(&out[done..]);
        out.truncate(done);
        out.push_str(&before);
        let is_plain = holes.next().is_some_and(|own| own == hole);
        out.push_str(&if is_plain { ascii_text(hole) } else { hole.to_owned() });
        done = out.len();
    });
    let rest = ascii_text(text.get(done..).unwrap_or_default());
    text.truncate(done);
    Some(Value::text(text + &rest))
}

/// The same value without accents and what else is not ASCII: `Jörg` is `Jorg`, `北京` is `Bei Jing `.
fn ascii(value: Value) -> Value {
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

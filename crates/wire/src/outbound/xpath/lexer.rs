//! The words of an expression (XPath 1.0, section 3.7).

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A mark, such as `//` or `!=`, or an operator that is a word, such as `and`.
    Mark(&'static str),
    /// A name, with its prefix when there is one; `*` and `soap:*` too.
    Name(String),
    Literal(String),
    Number(f64),
}

const MARKS: [&str; 22] = [
    "::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">",
    "*", "$",
];
const WORDS: [&str; 4] = ["and", "or", "mod", "div"];

/// Cuts an expression into words; none when something stands there that is no word.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        // After a value `*` multiplies and words are operators; elsewhere both are names.
        let after_value = match tokens.last() {
            None => false,
            Some(Token::Mark(mark)) => matches!(*mark, ")" | "]" | "." | ".."),
            Some(Token::Name(_) | Token::Literal(_) | Token::Number(_)) => true,
        };
        let (token, taken) = if first == '"' || first == '\'' {
            let end = rest[1..].find(first)?;
            (Token::Literal(rest[1..=end].to_owned()), end + 2)
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit()))
        {
            let end =
                rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
            (Token::Number(rest[..end].parse().ok()?), end)
        } else if let Some(name) = name(rest) {
            match WORDS.iter().find(|word| after_value && **word == name) {
                Some(word) => (Token::Mark(word), name.len()),
                None => (Token::Name(name.to_owned()), name.len()),
            }
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark))?;
            if *mark == "*" && !after_value {
                (Token::Name("*".to_owned()), 1)
            } else {
                (Token::Mark(mark), mark.len())
            }
        };
        tokens.push(token);
        rest = rest[taken..].trim_start();
    }
    Some(tokens)
}

/// The name at the start of a text: `status`, `soap:Body`, `soap:*`.
fn name(text: &str) -> Option<&str> {
    let first = part(text)?;
    let rest = &text[first.len()..];
    if rest.starts_with("::") {
        return Some(first);
    }
    let Some(below) = rest.strip_prefix(':') else { return Some(first) };
    let second = if below.starts_with('*') { Some("*") } else { part(below) };
    Some(&text[..first.len() + 1 + second?.len()])
}

fn part(text: &str) -> Option<&str> {
    let starts = |letter: char| letter.is_alphabetic() || letter == '_';
    if !text.starts_with(starts) {
        return None;
    }
    let goes_on =
        |letter: char| starts(letter) || letter.is_numeric() || matches!(letter, '-' | '.' | '\u{b7}');
    let end = text.find(|letter| !goes_on(letter)).unwrap_or(text.len());
    Some(&text[..end])
}

//! A text cut at its braces, and what stands between braces cut into words. Nothing here knows what
//! a word means.

use std::ops::Range;

use super::fault::{TemplateFault, shown};

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that stands for itself.
    Text(String),
    /// What stands between `{{` and `}}`, as bytes of the text, and where its braces begin.
    Tag { inner: Range<usize>, start: usize },
}

/// Where something is wrong, in bytes, and what.
pub(super) type Wrong = (usize, TemplateFault);

/// Cuts a text at its braces. `{{! … }}` and `{{!-- … --}}` are remarks and leave nothing; `~` inside
/// braces takes the blanks on that side away; `\{{` is a text of two braces.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, Wrong> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    let mut trim_next = false;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        push_plain(&mut plain, &text[at..start], &mut trim_next);
        trim_next = false;
        let backslashes = text[at..start].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes > 0 {
            plain.pop();
            if backslashes == 1 {
                plain.push_str("{{");
                at = start + 2;
                continue;
            }
        }
        let (inner, end) = tag(text, start)?;
        let mut inner = inner;
        if text[inner.clone()].starts_with('~') {
            inner.start += 1;
            plain.truncate(plain.trim_end().len());
        }
        if text[inner.clone()].ends_with('~') {
            inner.end -= 1;
            trim_next = true;
        }
        if !text[inner.clone()].starts_with('!') {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Tag { inner, start });
        }
        at = end;
    }
    push_plain(&mut plain, &text[at..], &mut trim_next);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

fn push_plain(plain: &mut String, text: &str, trim: &mut bool) {
    let text = if *trim { text.trim_start() } else { text };
    *trim = *trim && text.is_empty();
    plain.push_str(text);
}

/// What stands between the braces that begin at `start`, and where the text goes on.
fn tag(text: &str, start: usize) -> Result<(Range<usize>, usize), Wrong> {
    let unclosed = || (start, TemplateFault::Unclosed);
    let rest = &text[start..];
    for (open, close) in [("{{!--", "--}}"), ("{{!", "}}")] {
        if rest.starts_with(open) {
            let end = rest.find(close).ok_or_else(unclosed)? + close.len();
            return Ok((start + 2..start + end - 2, start + end));
        }
    }
    // Three braces are two here: nothing is ever escaped.
    let (begin, close) = if rest.starts_with("{{{") { (start + 3, "}}}") } else { (start + 2, "}}") };
    let mut quote: Option<(char, usize)> = None;
    let mut escaped = false;
    for (at, c) in text[begin..].char_indices() {
        let at = begin + at;
        match quote {
            Some((mark, _)) => {
                if c == mark && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped;
            }
            None if text[at..].starts_with(close) => return Ok((begin..at, at + close.len())),
            None if c == '"' || c == '\'' => quote = Some((c, at)),
            None => {}
        }
    }
    match quote {
        Some((mark, at)) => Err((at, TemplateFault::UnclosedText(mark))),
        None => Err(unclosed()),
    }
}

/// A word between braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A name, a number, true, false or null.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// The name of an option, the `=` behind it included.
    Option(String),
    /// `(`
    Open,
    /// `)`
    Close,
}

/// Words of `text[inner]`, each with the byte it begins at.
pub(super) fn words(text: &str, inner: Range<usize>) -> Result<Vec<(usize, Word)>, Wrong> {
    let mut words = Vec::new();
    let mut at = inner.start;
    while let Some(c) = text[at..inner.end].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let start = at;
        let word = match c {
            '(' => {
                at += 1;
                Word::Open
            }
            ')' => {
                at += 1;
                Word::Close
            }
            '"' | '\'' => {
                let (value, end) =
                    quoted(&text[..inner.end], at).ok_or((at, TemplateFault::UnclosedText(c)))?;
                at = end;
                Word::Text(value)
            }
            '=' | '|' | '}' | '{' | '`' => {
                let wanted = "a name, a text in quotes or a number";
                return Err((at, TemplateFault::Unexpected { found: c.to_string(), wanted }));
            }
            _ => {
                let (name, end) = name(text, at..inner.end)?;
                at = end;
                let after = text[at..inner.end].trim_start();
                if after.starts_with('=') {
                    at = inner.end - after.len() + 1;
                    Word::Option(name)
                } else {
                    Word::Name(name)
                }
            }
        };
        words.push((start, word));
    }
    Ok(words)
}

/// The text in the quotes that begin at `at`, and where they end. `\"`, `\'` and `\\` are the second
/// character alone.
fn quoted(text: &str, at: usize) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut letters = text[at..].char_indices();
    let (_, mark) = letters.next()?;
    while let Some((offset, c)) = letters.next() {
        match c {
            '\\' => match letters.next()? {
                (_, next @ ('"' | '\'' | '\\')) => value.push(next),
                (_, next) => value.extend(['\\', next]),
            },
            c if c == mark => return Some((value, at + offset + c.len_utf8())),
            c => value.push(c),
        }
    }
    None
}

/// A name with dots: `a[0]` and `a.[0]` are `a.0`, and `[any text]` is a part of a name.
fn name(text: &str, range: Range<usize>) -> Result<(String, usize), Wrong> {
    let mut name = String::new();
    let mut at = range.start;
    while let Some(c) = text[at..range.end].chars().next() {
        if c == '[' {
            let length = text[at..range.end].find(']').ok_or_else(|| {
                let found = shown(&text[at..range.end]);
                (at, TemplateFault::Unexpected { found, wanted: "a part of a name in [ and ]" })
            })?;
            let part = &text[at + 1..at + length];
            if !name.is_empty() && !name.ends_with('.') {
                name.push('.');
            }
            name.push_str(&part.replace('~', "~0").replace('.', "~1"));
            at += length + 1;
        } else if c.is_whitespace() || matches!(c, '(' | ')' | '=' | '"' | '\'' | '|' | '{' | '}' | '`') {
            break;
        } else {
            name.push(c);
            at += c.len_utf8();
        }
    }
    Ok((name, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_pieces(text: &str) -> String {
        match pieces(text) {
            Ok(pieces) => {
                let piece = |piece: Piece| match piece {
                    Piece::Text(plain) => format!("{plain:?}"),
                    Piece::Tag { inner, .. } => format!("<{}>", &text[inner]),
                };
                pieces.into_iter().map(piece).collect::<Vec<_>>().join(" ")
            }
            Err((at, fault)) => format!("{at}: {fault}"),
        }
    }

    #[test]
    fn a_text_is_cut_at_its_braces() {
        for (text, wanted) in [
            ("", ""),
            ("a}}b{c}", r#""a}}b{c}""#),
            ("a{{b}}c{{{d}}}", r#""a" <b> "c" <d>"#),
            ("{{x \"}}\"}}", "<x \"}}\">"),
            ("{{x '\\'}}'}}", "<x '\\'}}'>"),
            ("a {{~b~}} c", r#""a" <b> "c""#),
            ("a {{! no}}b{{!-- {{x}} --}} c", r#""a b c""#),
            ("a{{!~}}  {{~b}}", r#""a" <b>"#),
            ("\\{{a}} \\\\{{b}}", r#""{{a}} \\" <b>"#),
            ("ab{{c", "2: {{ without the }} that ends it"),
            ("ab{{c \"d}}", "6: a text in quotes without the \" that ends it"),
        ] {
            assert_eq!(shown_pieces(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_stands_between_braces_is_cut_into_words() {
        let text = r#"replace lead.tags[0] pattern = "a\"\\d\d" (x 'y') [first name].b"#;
        let words: Vec<String> = words(text, 0..text.len())
            .unwrap()
            .into_iter()
            .map(|(at, word)| format!("{at} {word:?}"))
            .collect();
        assert_eq!(
            words,
            [
                r#"0 Name("replace")"#,
                r#"8 Name("lead.tags.0")"#,
                r#"21 Option("pattern")"#,
                r#"31 Text("a\"\\d\\d")"#,
                "42 Open",
                r#"43 Name("x")"#,
                r#"45 Text("y")"#,
                "48 Close",
                r#"50 Name("first name.b")"#,
            ]
        );
    }
}

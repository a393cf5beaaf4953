//! The functions of XPath 1.0, section 4, but `id`, `lang` and `namespace-uri`.

use super::super::xml::{Document, local};
use super::evaluate::{Context, Evaluation, Found, TEXT_BYTES_MAX};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Last,
    Position,
    Count,
    Name,
    LocalName,
    Text,
    Concat,
    StartsWith,
    Contains,
    SubstringBefore,
    SubstringAfter,
    Substring,
    StringLength,
    NormalizeSpace,
    Translate,
    Boolean,
    Not,
    True,
    False,
    Number,
    Sum,
    Floor,
    Ceiling,
    Round,
}

impl Function {
    /// The function of a name and a number of arguments.
    pub(super) fn named(name: &str, arguments: usize) -> Option<Function> {
        let (function, least, most) = match name {
            "last" => (Function::Last, 0, 0),
            "position" => (Function::Position, 0, 0),
            "count" => (Function::Count, 1, 1),
            "name" => (Function::Name, 0, 1),
            "local-name" => (Function::LocalName, 0, 1),
            "string" => (Function::Text, 0, 1),
            "concat" => (Function::Concat, 2, 20),
            "starts-with" => (Function::StartsWith, 2, 2),
            "contains" => (Function::Contains, 2, 2),
            "substring-before" => (Function::SubstringBefore, 2, 2),
            "substring-after" => (Function::SubstringAfter, 2, 2),
            "substring" => (Function::Substring, 2, 3),
            "string-length" => (Function::StringLength, 0, 1),
            "normalize-space" => (Function::NormalizeSpace, 0, 1),
            "translate" => (Function::Translate, 3, 3),
            "boolean" => (Function::Boolean, 1, 1),
            "not" => (Function::Not, 1, 1),
            "true" => (Function::True, 0, 0),
            "false" => (Function::False, 0, 0),
            "number" => (Function::Number, 0, 1),
            "sum" => (Function::Sum, 1, 1),
            "floor" => (Function::Floor, 1, 1),
            "ceiling" => (Function::Ceiling, 1, 1),
            "round" => (Function::Round, 1, 1),
            _ => return None,
        };
        (least..=most).contains(&arguments).then_some(function)
    }
}

/// Calls a function; none when an argument is of the wrong kind or it takes too much work.
pub(super) fn call(
    evaluation: &mut Evaluation<'_>,
    function: Function,
    arguments: &[Found],
    context: Context,
) -> Option<Found> {
    let text = |evaluation: &mut Evaluation<'_>, at: usize| match arguments.get(at) {
        Some(argument) => evaluation.text(argument),
        None => evaluation.text_of(context.node),
    };
    let number = |evaluation: &mut Evaluation<'_>, at: usize| match arguments.get(at) {
        Some(argument) => evaluation.number(argument),
        None => evaluation.text_of(context.node).map(|text| number_of(&text)),
    };
    let count = |count: usize| Found::Number(count as f64);
    Some(match function {
        Function::Last => count(context.size),
        Function::Position => count(context.position),
        Function::Count => match arguments {
            [Found::Nodes(nodes)] => count(nodes.len()),
            _ => return None,
        },
        Function::Name | Function::LocalName => {
            let document: &Document = evaluation.document;
            let name = match arguments {
                [] => document.name(context.node),
                [Found::Nodes(nodes)] => nodes.first().map_or("", |node| document.name(*node)),
                _ => return None,
            };
            Found::Text(if function == Function::Name { name } else { local(name) }.to_owned())
        }
        Function::Text => Found::Text(text(evaluation, 0)?),
        Function::Concat => {
            let mut all = String::new();
            for at in 0..arguments.len() {
                all.push_str(&text(evaluation, at)?);
                evaluation.spend(all.len() / 16)?;
                if all.len() > TEXT_BYTES_MAX {
                    return None;
                }
            }
            Found::Text(all)
        }
        Function::StartsWith => Found::Truth(text(evaluation, 0)?.starts_with(&text(evaluation, 1)?)),
        Function::Contains => Found::Truth(text(evaluation, 0)?.contains(&text(evaluation, 1)?)),
        Function::SubstringBefore | Function::SubstringAfter => {
            let (whole, part) = (text(evaluation, 0)?, text(evaluation, 1)?);
            let found = whole.split_once(part.as_str());
            let found = found
                .map(|(before, after)| if function == Function::SubstringBefore { before } else { after });
            Found::Text(found.unwrap_or_default().to_owned())
        }
        Function::Substring => {
            let whole = text(evaluation, 0)?;
            let start = rounded(number(evaluation, 1)?);
            let end =
                if arguments.len() > 2 { start + rounded(number(evaluation, 2)?) } else { f64::INFINITY };
            let places = (1_u32..).map(f64::from);
            let kept = whole.chars().zip(places).filter(|(_, place)| *place >= start && *place < end);
            Found::Text(kept.map(|(letter, _)| letter).collect())
        }
        Function::StringLength => count(text(evaluation, 0)?.chars().count()),
        Function::NormalizeSpace => {
            Found::Text(text(evaluation, 0)?.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        }
        Function::Translate => {
            let (whole, from, to) = (text(evaluation, 0)?, text(evaluation, 1)?, text(evaluation, 2)?);
            let from: Vec<char> = from.chars().take(500).collect();
            let to: Vec<char> = to.chars().take(500).collect();
            evaluation.spend(whole.len() / 16 * from.len())?;
            let other = |letter: char| match from.iter().position(|own| *own == letter) {
                Some(at) => to.get(at).copied(),
                None => Some(letter),
            };
            Found::Text(whole.chars().filter_map(other).collect())
        }
        Function::Boolean => Found::Truth(evaluation.truth(arguments.first()?)),
        Function::Not => Found::Truth(!evaluation.truth(arguments.first()?)),
        Function::True => Found::Truth(true),
        Function::False => Found::Truth(false),
        Function::Number => Found::Number(number(evaluation, 0)?),
        Function::Sum => match arguments {
            [Found::Nodes(nodes)] => {
                let mut sum = 0.0;
                for node in nodes {
                    sum += number_of(&evaluation.text_of(*node)?);
                }
                Found::Number(sum)
            }
            _ => return None,
        },
        Function::Floor => Found::Number(number(evaluation, 0)?.floor()),
        Function::Ceiling => Found::Number(number(evaluation, 0)?.ceil()),
        Function::Round => Found::Number(rounded(number(evaluation, 0)?)),
    })
}

/// Halves go up, as section 4.4 says.
fn rounded(number: f64) -> f64 {
    (number + 0.5).floor()
}

/// A text as a number; not a number when it is none.
pub(super) fn number_of(text: &str) -> f64 {
    let text = text.trim();
    let is_number = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

pub(super) fn number_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // There is no negative zero in XPath's text.
    (number + 0.0).to_string()
}

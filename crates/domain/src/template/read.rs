//! A text becomes a template: blocks are matched, names found, helpers compiled. Blocks are kept on a
//! stack of our own, and brackets have a bound, so that no text takes more than a little memory.

use crate::{FieldPath, FieldType, Scalar, SecretName, Value};

use super::expression::{Argument, Expression};
use super::fault::{TemplateError, TemplateFault, nearest, shown};
use super::helpers::{Arguments, HELPERS, compile};
use super::place::{Names, Variable};
use super::scan::{Piece, Word, Wrong, pieces, words};
use super::{Branch, NESTING_MAX, NODES_MAX, Part, TEMPLATE_BYTES_MAX, Template};

/// A block that is not ended yet.
struct Open {
    /// `if` or `unless`.
    block: &'static str,
    start: usize,
    branches: Vec<Branch>,
    /// The condition of the branch that is being read; none after a bare `else`.
    condition: Option<(Expression, bool)>,
    parts: Vec<Part>,
}

/// Reads a text.
pub(super) fn read(text: &str, names: Names<'_>) -> Result<Template, TemplateError> {
    let too_long = TemplateFault::TooLong { bytes: text.len() };
    if text.len() > TEMPLATE_BYTES_MAX {
        return Err(TemplateError::at("", 0, too_long));
    }
    let mut reader = Reader {
        text,
        names,
        nodes: 0,
        stack: Vec::new(),
        parts: Vec::new(),
        secrets: Vec::new(),
        raw: Vec::new(),
    };
    reader.all().map_err(|(at, fault)| TemplateError::at(text, at, fault))?;
    Ok(Template { parts: reader.parts, secrets: reader.secrets, raw: reader.raw })
}

struct Reader<'a> {
    text: &'a str,
    names: Names<'a>,
    nodes: usize,
    stack: Vec<Open>,
    parts: Vec<Part>,
    /// The secrets it names, each once.
    secrets: Vec<SecretName>,
    /// What it names of what was sent.
    raw: Vec<FieldPath>,
}

impl Reader<'_> {
    fn all(&mut self) -> Result<(), Wrong> {
        for piece in pieces(self.text)? {
            match piece {
                Piece::Text(plain) => {
                    self.count(0)?;
                    self.push(Part::Text(plain.into()));
                }
                Piece::Tag { inner, start } => {
                    let words = words(self.text, inner)?;
                    self.tag(&words, start)?;
                }
            }
        }
        match self.stack.last() {
            Some(open) => Err((open.start, TemplateFault::OpenBlock(open.block))),
            None => Ok(()),
        }
    }

    /// Notes one more text, value, helper or block.
    fn count(&mut self, at: usize) -> Result<(), Wrong> {
        self.nodes += 1;
        if self.nodes > NODES_MAX { Err((at, TemplateFault::TooManyParts)) } else { Ok(()) }
    }

    fn push(&mut self, part: Part) {
        match self.stack.last_mut() {
            Some(open) => open.parts.push(part),
            None => self.parts.push(part),
        }
    }

    fn tag(&mut self, words: &[(usize, Word)], start: usize) -> Result<(), Wrong> {
        let Some((at, Word::Name(first))) = words.first() else {
            if words.is_empty() {
                return Err((start, TemplateFault::Empty("{{ and }}")));
            }
            return self.hole(words, start);
        };
        let at = *at;
        // A mark may stand apart from its word: `{{# if x}}`.
        let (mark, own) = match first.chars().next() {
            Some(mark @ ('#' | '/' | '^' | '>' | '&' | '*')) => (Some(mark), &first[1..]),
            Some(_) | None => (None, first.as_str()),
        };
        let mut rest: Vec<(usize, Word)> = words[1..].to_vec();
        let mut name = own.to_owned();
        if mark.is_some() && own.is_empty() {
            if let Some((_, Word::Name(next))) = rest.first() {
                name.clone_from(next);
                rest.remove(0);
            }
        } else if mark == Some('&') {
            rest.insert(0, (at + 1, Word::Name(name.clone())));
        }
        match mark {
            Some('#') => self.open(&name, &rest, start),
            Some('/') => self.close(&name, &rest, start),
            Some('^') if name.is_empty() => self.or_else(&rest, start),
            Some('^') => {
                let instead = "write {{#unless …}} or {{else}}";
                Err((start, TemplateFault::Refused { what: format!("{{{{^{}}}}}", shown(&name)), instead }))
            }
            Some('>' | '*') => {
                let instead = "a template has no parts in other files; write it out";
                Err((start, TemplateFault::Refused { what: format!("{{{{{}}}}}", shown(first)), instead }))
            }
            Some('&') => {
                if own.is_empty() {
                    rest.insert(0, (at, Word::Name(name)));
                }
                self.hole(&rest, start)
            }
            Some(_) | None if name == "else" => self.or_else(&rest, start),
            Some(_) | None => self.hole(words, start),
        }
    }

    fn open(&mut self, name: &str, rest: &[(usize, Word)], start: usize) -> Result<(), Wrong> {
        let block = match name {
            "if" => "if",
            "unless" => "unless",
            "each" | "with" => {
                let instead = "name the items one by one, like lead.tags.0, or use join";
                return Err((start, TemplateFault::Refused { what: format!("{{{{#{name}}}}}"), instead }));
            }
            _ => {
                let near = nearest(name, ["if", "unless"]).map(|near| format!("{{{{#{near} …}}}}"));
                return Err((
                    start,
                    TemplateFault::UnknownHelper { name: format!("#{}", shown(name)), near },
                ));
            }
        };
        if self.stack.len() >= NESTING_MAX {
            return Err((start, TemplateFault::TooDeep));
        }
        self.count(start)?;
        let condition = self.condition(block, rest, start)?;
        self.stack.push(Open {
            block,
            start,
            branches: Vec::new(),
            condition: Some((condition, block == "if")),
            parts: Vec::new(),
        });
        Ok(())
    }

    fn condition(
        &mut self,
        block: &'static str,
        rest: &[(usize, Word)],
        start: usize,
    ) -> Result<Expression, Wrong> {
        let example = "{{#if lead.phone_2}}…{{else}}…{{/if}}";
        if rest.is_empty() {
            let missing = "a value to look at";
            return Err((start, TemplateFault::Missing { helper: block, missing, example }));
        }
        let single = rest.len() == 1 || matches!(rest[0].1, Word::Open);
        if !single {
            return Err((rest[1].0, TemplateFault::TooMany { helper: block, example }));
        }
        Ok(self.expression(rest, start)?.expression)
    }

    fn or_else(&mut self, rest: &[(usize, Word)], start: usize) -> Result<(), Wrong> {
        let Some(open) = self.stack.last_mut() else {
            return Err((start, TemplateFault::WrongElse("stands outside of a block")));
        };
        let Some((condition, wanted)) = open.condition.take() else {
            return Err((start, TemplateFault::WrongElse("stands behind another {{else}}")));
        };
        let parts = std::mem::take(&mut open.parts);
        open.branches.push(Branch { condition: Some((condition, wanted)), parts });
        let Some(((at, first), rest)) = rest.split_first() else { return Ok(()) };
        let block = match first {
            Word::Name(name) if name == "if" => "if",
            Word::Name(name) if name == "unless" => "unless",
            Word::Name(_) | Word::Text(_) | Word::Option(_) | Word::Open | Word::Close => {
                return Err((*at, TemplateFault::WrongElse("is followed by if, unless or nothing")));
            }
        };
        let condition = self.condition(block, rest, start)?;
        if let Some(open) = self.stack.last_mut() {
            open.condition = Some((condition, block == "if"));
        }
        Ok(())
    }

    fn close(&mut self, name: &str, rest: &[(usize, Word)], start: usize) -> Result<(), Wrong> {
        if let Some((at, _)) = rest.first() {
            let found = shown(&self.text[*at..]);
            return Err((*at, TemplateFault::Unexpected { found, wanted: "}}" }));
        }
        let open = self.stack.last().map(|open| open.block);
        if open != Some(name) {
            return Err((start, TemplateFault::WrongEnd { found: shown(name), open }));
        }
        let Some(Open { mut branches, condition, parts, .. }) = self.stack.pop() else { return Ok(()) };
        branches.push(Branch { condition, parts });
        self.push(Part::If(branches));
        Ok(())
    }

    fn hole(&mut self, words: &[(usize, Word)], start: usize) -> Result<(), Wrong> {
        // Of a lone name the whole hole is what is wrong.
        let lone = words.len() == 1;
        let argument =
            self.expression(words, start).map_err(|(at, fault)| (if lone { start } else { at }, fault))?;
        self.push(Part::Hole(argument.expression));
        Ok(())
    }

    /// All words as one expression: a value, or a helper and what it is applied to.
    fn expression(&mut self, words: &[(usize, Word)], start: usize) -> Result<Argument, Wrong> {
        let mut left = words;
        let argument = self.applied(&mut left, start, 0)?;
        match left.first() {
            None => Ok(argument),
            Some((at, _)) => {
                let found = shown(&self.text[*at..]);
                Err((*at, TemplateFault::Unexpected { found, wanted: "}}" }))
            }
        }
    }

    /// Words up to the end or a closing bracket: `value`, or `helper value … option=value …`.
    fn applied(
        &mut self,
        left: &mut &[(usize, Word)],
        start: usize,
        depth: usize,
    ) -> Result<Argument, Wrong> {
        if depth > NESTING_MAX {
            return Err((start, TemplateFault::TooDeep));
        }
        let Some(((at, first), rest)) = left.split_first() else {
            return Err((start, TemplateFault::Empty("( and )")));
        };
        let at = *at;
        if *first == Word::Close {
            return Err((start, TemplateFault::Empty("( and )")));
        }
        let ends = matches!(rest.first(), None | Some((_, Word::Close)));
        let name = match first {
            Word::Name(name) if !ends => name.clone(),
            Word::Name(name) if is_bare_helper(name) && !self.names.takes_any() => name.clone(),
            Word::Name(_) | Word::Text(_) | Word::Option(_) | Word::Open | Word::Close => {
                return self.operand(left, start, depth);
            }
        };
        *left = rest;
        self.count(at)?;
        let Some(helper) = HELPERS.iter().find(|helper| helper.name == name) else {
            return Err((at, unknown_helper(&name)));
        };
        let mut values = Vec::new();
        let mut options: Vec<(String, Argument)> = Vec::new();
        while let Some((at, word)) = left.first() {
            match word {
                Word::Close => break,
                Word::Option(option) => {
                    let (at, option) = (*at, option.clone());
                    *left = &left[1..];
                    if options.iter().any(|(own, _)| *own == option) {
                        return Err((at, TemplateFault::OptionTwice { helper: helper.name, option }));
                    }
                    let value = self.operand(left, at, depth)?;
                    options.push((option, Argument { at, ..value }));
                }
                Word::Name(_) | Word::Text(_) | Word::Open => {
                    let value = self.operand(left, start, depth)?;
                    values.push(value);
                }
            }
        }
        let arguments = Arguments { helper, at, values, options };
        let (call, field_type) = compile(arguments, self.names)?;
        let expression = Expression::Call(Box::new(call));
        Ok(Argument { expression, field_type, name: format!("({name} …)"), at })
    }

    /// One value: a name, a text, a number, or a helper in brackets.
    fn operand(
        &mut self,
        left: &mut &[(usize, Word)],
        start: usize,
        depth: usize,
    ) -> Result<Argument, Wrong> {
        let wanted = "a name, a text in quotes or a number";
        let Some(((at, word), rest)) = left.split_first() else {
            return Err((start, TemplateFault::Unexpected { found: "}}".to_owned(), wanted }));
        };
        let at = *at;
        self.count(at)?;
        *left = rest;
        let constant = |value: Value, field_type, name: &str| Argument {
            expression: Expression::Constant(value),
            field_type,
            name: shown(name),
            at,
        };
        match word {
            Word::Text(text) => Ok(constant(Value::text(text.as_str()), Some(FieldType::String), text)),
            Word::Name(name) => {
                if name.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
                    && let Ok(number) = name.parse::<crate::Number>()
                {
                    return Ok(constant(number.into(), Some(FieldType::Number), name));
                }
                match name.as_str() {
                    "true" => return Ok(constant(true.into(), Some(FieldType::Boolean), name)),
                    "false" => return Ok(constant(false.into(), Some(FieldType::Boolean), name)),
                    "null" | "undefined" => return Ok(constant(Scalar::Null.into(), None, name)),
                    _ => {}
                }
                let (variable, field_type) = self.names.find(name).map_err(|fault| (at, fault))?;
                if let Variable::Secret(secret) = &variable
                    && !self.secrets.contains(secret)
                {
                    self.secrets.push(secret.clone());
                }
                self.raw.extend(self.names.raw(name, &variable, field_type));
                Ok(Argument { expression: Expression::Variable(variable), field_type, name: shown(name), at })
            }
            Word::Open => {
                let argument = self.applied(left, at, depth + 1)?;
                match left.split_first() {
                    Some(((_, Word::Close), rest)) => {
                        *left = rest;
                        Ok(argument)
                    }
                    Some(_) | None => {
                        let found =
                            left.first().map_or_else(|| "}}".to_owned(), |(at, _)| shown(&self.text[*at..]));
                        Err((at, TemplateFault::Unexpected { found, wanted: ") for this bracket" }))
                    }
                }
            }
            Word::Close => Err((at, TemplateFault::Unexpected { found: ")".to_owned(), wanted })),
            Word::Option(option) => {
                let found = format!("{}=", shown(option));
                Err((at, TemplateFault::Unexpected { found, wanted }))
            }
        }
    }
}

/// Whether a lone word is meant as a helper, though nothing follows it.
fn is_bare_helper(name: &str) -> bool {
    HELPERS.iter().any(|helper| helper.name == name)
}

fn unknown_helper(name: &str) -> TemplateFault {
    let instead = match name {
        "lookup" => "write the whole name, like lead.tags.0",
        "log" => "templates leave no other trace than their text",
        "each" | "with" => "name the items one by one, like lead.tags.0, or use join",
        "if" | "unless" => "as a block it stands like {{#if lead.phone_2}}…{{else}}…{{/if}}",
        _ => {
            let near = nearest(name, HELPERS.iter().map(|helper| helper.name));
            return TemplateFault::UnknownHelper { name: shown(name), near };
        }
    };
    TemplateFault::Refused { what: format!("{{{{{name} …}}}}"), instead }
}

//! The text of an expression becomes steps: what binds more comes first (Pratt's way).

use crate::template::fault::{TemplateFault, nearest, shown};
use crate::template::place::{Names, Variable};
use crate::template::scan::Wrong;

use super::{Binary, Function, MATH_FUNCTIONS, NESTING_MAX, STEPS_MAX, Step, wrong};

/// How strongly what stands before a power binds: more than a sign.
const POWER: u8 = 9;
const SIGN: u8 = 8;

/// Binary operators, longest first, and how strongly each binds.
const OPERATORS: [(&str, Binary, u8); 16] = [
    ("===", Binary::Equal, 3),
    ("!==", Binary::NotEqual, 3),
    ("||", Binary::Or, 1),
    ("&&", Binary::And, 2),
    ("==", Binary::Equal, 3),
    ("!=", Binary::NotEqual, 3),
    ("<=", Binary::LessOrEqual, 4),
    (">=", Binary::GreaterOrEqual, 4),
    ("<", Binary::Less, 4),
    (">", Binary::Greater, 4),
    ("+", Binary::Plus, 5),
    ("-", Binary::Minus, 5),
    ("*", Binary::Times, 6),
    ("/", Binary::Over, 6),
    ("%", Binary::Rest, 6),
    ("^", Binary::Power, POWER),
];

/// Reads an expression; faults come with their byte in it.
pub(super) fn read(text: &str, names: Names<'_>) -> Result<Vec<Step>, Wrong> {
    let mut reader = Reader { text, at: 0, names, steps: Vec::new() };
    reader.expression(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.unexpected("an operator"));
    }
    Ok(reader.steps)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    names: Names<'a>,
    steps: Vec<Step>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn unexpected(&self, wanted: &str) -> Wrong {
        let found = match self.rest() {
            "" => "it ends".to_owned(),
            rest => format!("{:?} stands", shown(rest)),
        };
        (self.at, wrong(format!("{found} where {wanted} is expected")))
    }

    fn take(&mut self, mark: &str) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len();
        }
        found
    }

    fn push(&mut self, step: Step) -> Result<(), Wrong> {
        self.steps.push(step);
        if self.steps.len() > STEPS_MAX {
            let message = format!("there are more than {STEPS_MAX} numbers, names and operators");
            return Err((self.at, wrong(message)));
        }
        Ok(())
    }

    fn deeper(&self, depth: usize) -> Result<usize, Wrong> {
        if depth >= NESTING_MAX { Err((self.at, TemplateFault::TooDeep)) } else { Ok(depth + 1) }
    }

    /// Everything, choices included.
    fn expression(&mut self, depth: usize) -> Result<(), Wrong> {
        let depth = self.deeper(depth)?;
        self.binary(0, depth)?;
        if self.take("?") {
            self.expression(depth)?;
            if !self.take(":") {
                return Err(self.unexpected("the : of ?:"));
            }
            self.expression(depth)?;
            self.push(Step::Choose)?;
        }
        Ok(())
    }

    /// What binds at least so strongly.
    fn binary(&mut self, least: u8, depth: usize) -> Result<(), Wrong> {
        self.signed(depth)?;
        loop {
            self.skip_blanks();
            let rest = self.rest();
            let found = OPERATORS.iter().find(|(mark, ..)| rest.starts_with(mark));
            let Some((mark, operator, binds)) = found.filter(|(_, _, binds)| *binds >= least) else {
                return Ok(());
            };
            self.at += mark.len();
            // Powers go from right to left, all else from left to right.
            if *operator == Binary::Power {
                let depth = self.deeper(depth)?;
                self.binary(POWER, depth)?;
            } else {
                self.binary(binds + 1, depth)?;
            }
            self.push(Step::Binary(*operator))?;
        }
    }

    fn signed(&mut self, depth: usize) -> Result<(), Wrong> {
        self.skip_blanks();
        let step = match self.rest().chars().next() {
            Some('-') => Some(Step::Negate),
            Some('!') if !self.rest().starts_with("!=") => Some(Step::Not),
            Some('+') => None,
            Some(_) | None => return self.operand(depth),
        };
        self.at += 1;
        let depth = self.deeper(depth)?;
        self.binary(SIGN, depth)?;
        match step {
            Some(step) => self.push(step),
            None => Ok(()),
        }
    }

    fn operand(&mut self, depth: usize) -> Result<(), Wrong> {
        let wanted = "a number, a name or (";
        let start = self.at;
        let Some(c) = self.rest().chars().next() else { return Err(self.unexpected(wanted)) };
        match c {
            '(' => {
                self.at += 1;
                self.expression(depth)?;
                if self.take(")") { Ok(()) } else { Err(self.unexpected(")")) }
            }
            '[' => {
                self.at += 1;
                let count = self.list("]", depth)?;
                self.push(Step::List(count))
            }
            '"' | '\'' => {
                let inner = &self.rest()[1..];
                let end = inner.find(c).ok_or((start, TemplateFault::UnclosedText(c)))?;
                self.at += end + 2;
                self.push(Step::Text(inner[..end].to_owned()))
            }
            '0'..='9' | '.' => self.number(),
            c if c.is_alphabetic() || c == '_' => self.name(depth),
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// Expressions with commas between, up to a mark.
    fn list(&mut self, end: &str, depth: usize) -> Result<usize, Wrong> {
        let mut count = 0;
        if self.take(end) {
            return Ok(count);
        }
        loop {
            self.expression(depth)?;
            count += 1;
            if self.take(end) {
                return Ok(count);
            }
            if !self.take(",") {
                return Err(self.unexpected(&format!("a comma or {end}")));
            }
        }
    }

    fn number(&mut self) -> Result<(), Wrong> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') {
            length += 1 + digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let power = digits(length + 1 + sign);
            length += if power > 0 { 1 + sign + power } else { 0 };
        }
        let text = &self.rest()[..length];
        let whole = if text.starts_with('.') { "0" } else { "" };
        let number = format!("{whole}{}", text.strip_suffix('.').unwrap_or(text)).parse::<crate::Number>();
        let number = number.map_err(|error| (self.at, wrong(format!("{:?} is {error}", shown(text)))))?;
        self.at += length;
        self.push(Step::Number(crate::template::decimal::Decimal::of(&number)))
    }

    fn name(&mut self, depth: usize) -> Result<(), Wrong> {
        let start = self.at;
        let mut name = String::new();
        while let Some(c) = self.rest().chars().next() {
            if c == '[' {
                let Some(end) = self.rest().find(']') else {
                    return Err(self.unexpected("a part in [ and ]"));
                };
                if !name.ends_with('.') {
                    name.push('.');
                }
                name.push_str(&self.rest()[1..end]);
                self.at += end + 1;
            } else if c.is_alphanumeric() || c == '_' || (c == '.' && !name.ends_with('.')) {
                name.push(c);
                self.at += c.len_utf8();
            } else {
                break;
            }
        }
        if self.take("(") {
            let function = match name.to_ascii_lowercase().as_str() {
                "abs" => Function::Abs,
                "ceil" => Function::Ceil,
                "floor" => Function::Floor,
                "round" => Function::Round,
                "sqrt" => Function::Sqrt,
                "min" => Function::Min,
                "max" => Function::Max,
                "rand" => Function::Rand,
                _ => {
                    let near = nearest(&name, MATH_FUNCTIONS);
                    let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                    return Err((start, wrong(format!("there is no function {:?}{hint}", shown(&name)))));
                }
            };
            let count = self.list(")", depth)?;
            let (fits, wanted) = match function {
                Function::Rand => (count == 0, "nothing"),
                Function::Min | Function::Max => (count > 0, "at least one value"),
                Function::Round => (count == 1 || count == 2, "a value, and the places to round to"),
                Function::Abs | Function::Ceil | Function::Floor | Function::Sqrt => {
                    (count == 1, "one value")
                }
            };
            if !fits {
                return Err((start, wrong(format!("{name} takes {wanted}"))));
            }
            return self.push(Step::Call(function, count));
        }
        match name.as_str() {
            "true" => return self.push(Step::Bool(true)),
            "false" => return self.push(Step::Bool(false)),
            "null" => return self.push(Step::Null),
            _ => {}
        }
        let (variable, field_type) = self.names.find(&name).map_err(|fault| (start, fault))?;
        if self.names.raw(&name, &variable, field_type).is_some() {
            return Err((
                start,
                wrong(format!("{name} is what was sent, which need be no number; name the field")),
            ));
        }
        if super::cannot_be_reckoned(field_type)
            && let Some(field_type) = field_type
        {
            let does = "reckons with numbers";
            return Err((start, TemplateFault::Type { helper: "math", does, name, field_type }));
        }
        if let Variable::Secret(_) = variable {
            return Err((start, wrong(format!("{name} is a secret, which is no number"))));
        }
        self.push(Step::Variable(variable))
    }
}

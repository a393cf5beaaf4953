//! `math`: an expression over numbers. It is compiled to a list of operations on a stack, so that no
//! nesting of it can use up the machine's.

mod read;
mod run;

use crate::{FieldType, Scalar, Value};

use super::decimal::Decimal;
use super::expression::Room;
use super::fault::TemplateFault;
use super::helpers::Arguments;
use super::place::{Names, Variable};
use super::scan::Wrong;

/// The operators of `math`, from those that bind least.
pub const MATH_OPERATORS: [&str; 17] =
    ["?:", "||", "&&", "==", "!=", "===", "!==", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^"];
/// The functions of `math`.
pub const MATH_FUNCTIONS: [&str; 8] = ["abs", "ceil", "floor", "round", "sqrt", "min", "max", "rand"];

/// Most numbers, names and operators of one expression.
const STEPS_MAX: usize = 250;
/// How deep brackets, signs, powers and choices may stand within each other.
const NESTING_MAX: usize = 32;

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Math {
    steps: Vec<Step>,
    gives_text: bool,
}

/// One operation on the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Number(Decimal),
    Bool(bool),
    Text(String),
    Null,
    Variable(Variable),
    Negate,
    Not,
    Binary(Binary),
    /// Condition, then, else.
    Choose,
    /// Takes so many.
    List(usize),
    Call(Function, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Over,
    Rest,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Abs,
    Ceil,
    Floor,
    Round,
    Sqrt,
    Min,
    Max,
    Rand,
}

impl Math {
    pub(super) fn compile(arguments: &mut Arguments, names: Names<'_>) -> Result<Math, Wrong> {
        let argument = arguments.value();
        let text = arguments.literal(&argument, "the expression")?;
        let gives_text = match arguments.literal_option("dataType")? {
            None => false,
            Some((at, text)) => match text.to_ascii_lowercase().as_str() {
                "string" => true,
                "number" => false,
                _ => {
                    let wanted = "it is String or Number";
                    return Err((at, arguments.wrong_option("dataType", &text, wanted)));
                }
            },
        };
        let steps = read::read(&text, names).map_err(|(at, fault)| (argument.at + 1 + at, fault))?;
        Ok(Math { steps, gives_text })
    }

    pub(super) fn gives_text(&self) -> bool {
        self.gives_text
    }

    /// A number, or its text; null when the result is anything else.
    pub(super) fn value(&self, room: &Room<'_>) -> Value {
        match run::run(&self.steps, room).and_then(Decimal::as_number) {
            Some(number) if self.gives_text => Value::text(number.as_str()),
            Some(number) => number.into(),
            None => Scalar::Null.into(),
        }
    }
}

fn wrong(message: impl Into<String>) -> TemplateFault {
    TemplateFault::Math(message.into())
}

/// A value of this type cannot be reckoned with.
fn cannot_be_reckoned(field_type: Option<FieldType>) -> bool {
    matches!(
        field_type,
        Some(
            FieldType::Email | FieldType::Url | FieldType::TrustedformUrl | FieldType::Ip | FieldType::Range
        )
    )
}

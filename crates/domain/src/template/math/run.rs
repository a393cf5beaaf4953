//! The steps of an expression, one after the other, on a stack.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::template::decimal::{Decimal, Rounding};
use crate::template::expression::Room;
use crate::{Scalar, Value};

use super::{Binary, Function, Step};

/// What stands on the stack.
#[derive(Debug, Clone)]
enum Operand {
    /// Absent, null, or no finite number.
    Null,
    Number(Decimal),
    Bool(bool),
    Text(Arc<str>),
    List(Vec<Operand>),
}

/// The number that an expression gives; nothing when it gives anything else.
pub(super) fn run(steps: &[Step], room: &Room<'_>) -> Option<Decimal> {
    if !room.spend(steps.len() * 16) {
        return None;
    }
    let mut stack: Vec<Operand> = Vec::with_capacity(8);
    for step in steps {
        let result = match step {
            Step::Number(number) => Operand::Number(*number),
            Step::Bool(value) => Operand::Bool(*value),
            Step::Text(text) => Operand::Text(text.as_str().into()),
            Step::Null => Operand::Null,
            Step::Variable(variable) => match variable.value(&room.variables) {
                Some(value) => {
                    if let Value::List(items) = value.as_ref()
                        && !room.spend(items.len() * 16)
                    {
                        return None;
                    }
                    operand(&value)
                }
                None => Operand::Null,
            },
            Step::Negate => number(&stack.pop()?).map(Decimal::negated).into(),
            Step::Not => Operand::Bool(!stack.pop()?.holds()),
            Step::Binary(binary) => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                apply(*binary, left, right)
            }
            Step::Choose => {
                let (otherwise, then, condition) = (stack.pop()?, stack.pop()?, stack.pop()?);
                if condition.holds() { then } else { otherwise }
            }
            Step::List(count) => Operand::List(stack.split_off(stack.len().checked_sub(*count)?)),
            Step::Call(function, count) => {
                let values = stack.split_off(stack.len().checked_sub(*count)?);
                call(*function, &values, room).into()
            }
        };
        stack.push(result);
    }
    match stack.pop()? {
        Operand::Number(number) => Some(number),
        Operand::Null | Operand::Bool(_) | Operand::Text(_) | Operand::List(_) => None,
    }
}

impl From<Option<Decimal>> for Operand {
    fn from(number: Option<Decimal>) -> Operand {
        number.map_or(Operand::Null, Operand::Number)
    }
}

impl Operand {
    fn holds(&self) -> bool {
        match self {
            Operand::Null => false,
            Operand::Number(number) => !number.is_zero(),
            Operand::Bool(value) => *value,
            Operand::Text(text) => !text.trim().is_empty(),
            Operand::List(items) => !items.is_empty(),
        }
    }
}

fn operand(value: &Value) -> Operand {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Null => Operand::Null,
        Scalar::Bool(value) => Operand::Bool(*value),
        Scalar::Number(number) => Operand::Number(Decimal::of(number)),
        Scalar::Text(text) => Operand::Text(Arc::clone(text)),
    };
    match value {
        Value::Scalar(one) => scalar(one),
        Value::List(items) => Operand::List(items.iter().map(scalar).collect()),
    }
}

/// The number that something is, or that its text says.
fn number(operand: &Operand) -> Option<Decimal> {
    match operand {
        Operand::Number(number) => Some(*number),
        Operand::Bool(value) => Some(if *value { Decimal::ONE } else { Decimal::ZERO }),
        Operand::Text(text) => Decimal::of_text(text),
        Operand::Null | Operand::List(_) => None,
    }
}

fn apply(binary: Binary, left: Operand, right: Operand) -> Operand {
    let both = || Some((number(&left)?, number(&right)?));
    let reckon = |how: fn(Decimal, Decimal) -> Option<Decimal>| {
        both().and_then(|(left, right)| how(left, right)).into()
    };
    let compare = |wanted: fn(Ordering) -> bool| Operand::Bool(order(&left, &right).is_some_and(wanted));
    match binary {
        Binary::Or => {
            if left.holds() {
                left
            } else {
                right
            }
        }
        Binary::And => {
            if left.holds() {
                right
            } else {
                left
            }
        }
        Binary::Equal => Operand::Bool(equal(&left, &right)),
        Binary::NotEqual => Operand::Bool(!equal(&left, &right)),
        Binary::Less => compare(Ordering::is_lt),
        Binary::LessOrEqual => compare(Ordering::is_le),
        Binary::Greater => compare(Ordering::is_gt),
        Binary::GreaterOrEqual => compare(Ordering::is_ge),
        Binary::Plus => reckon(|left, right| left.plus(right).times(Decimal::ONE)),
        Binary::Minus => reckon(|left, right| left.plus(right.negated()).times(Decimal::ONE)),
        Binary::Times => reckon(Decimal::times),
        Binary::Over => reckon(Decimal::over),
        Binary::Rest => reckon(Decimal::rest_of),
        Binary::Power => reckon(Decimal::to_the_power_of),
    }
}

/// Numbers by size; texts that are no numbers by their letters.
fn order(left: &Operand, right: &Operand) -> Option<Ordering> {
    match (number(left), number(right), left, right) {
        (Some(left), Some(right), ..) => Some(left.cmp(&right)),
        (_, _, Operand::Text(left), Operand::Text(right)) => Some(left.cmp(right)),
        (..) => None,
    }
}

fn equal(left: &Operand, right: &Operand) -> bool {
    match (left, right) {
        (Operand::Null, Operand::Null) => true,
        (left, right) => order(left, right) == Some(Ordering::Equal),
    }
}

fn call(function: Function, values: &[Operand], room: &Room<'_>) -> Option<Decimal> {
    let first = || number(values.first()?);
    match function {
        Function::Abs => first().map(Decimal::abs),
        Function::Ceil => Some(first()?.to_places(0, Rounding::Up)),
        Function::Floor => Some(first()?.to_places(0, Rounding::Down)),
        Function::Round => {
            let places = match values.get(1) {
                None => 0,
                Some(places) => i32::try_from(number(places)?.as_i64()?).ok()?.clamp(-400, 400),
            };
            Some(first()?.to_places(places, Rounding::Nearest))
        }
        Function::Sqrt => first()?.square_root(),
        // A list counts as its items; what is no number makes the whole none.
        Function::Min => flat(values).map(number).reduce(|one, other| Some(one?.min(other?)))?,
        Function::Max => flat(values).map(number).reduce(|one, other| Some(one?.max(other?)))?,
        Function::Rand => {
            let digits = i128::from(room.chance() % 1_000_000_000_000_000);
            Some(Decimal::new(digits, -15))
        }
    }
}

fn flat(values: &[Operand]) -> impl Iterator<Item = &Operand> {
    values.iter().flat_map(|value| match value {
        Operand::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    })
}

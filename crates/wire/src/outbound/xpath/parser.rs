//! The grammar of XPath 1.0.

use std::fmt;

use super::functions::Function;
use super::lexer::{Token, tokens};

/// Longest expression, in bytes.
const BYTES_MAX: usize = 500;
/// Deepest nesting of brackets and signs.
const DEPTH_MAX: usize = 24;

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct XPath {
    pub(super) root: Expression,
}

/// The text is no XPath.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an XPath of at most {BYTES_MAX} bytes")]
pub(crate) struct XPathError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Literal(String),
    Number(f64),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
    Path(Path),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Compare(Comparison),
    Calculate(Calculation),
    Union,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calculation {
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Start {
    Document,
    Here,
    /// The nodes of an expression, filtered.
    Of(Box<Expression>, Vec<Expression>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Itself,
    Parent,
    Ancestor,
    AncestorOrSelf,
    FollowingSibling,
    PrecedingSibling,
    Following,
    Preceding,
    Attribute,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// Any element, or any attribute on their axis.
    Any,
    /// Of this prefix.
    Prefix(String),
    Name(String),
    Text,
    Node,
}

/// Operators by how tightly they bind, loosest first.
const LEVELS: [&[(&str, Operator)]; 7] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[("=", Operator::Compare(Comparison::Equal)), ("!=", Operator::Compare(Comparison::Unequal))],
    &[
        ("<", Operator::Compare(Comparison::Less)),
        ("<=", Operator::Compare(Comparison::LessOrEqual)),
        (">", Operator::Compare(Comparison::Greater)),
        (">=", Operator::Compare(Comparison::GreaterOrEqual)),
    ],
    &[("+", Operator::Calculate(Calculation::Plus)), ("-", Operator::Calculate(Calculation::Minus))],
    &[
        ("*", Operator::Calculate(Calculation::Times)),
        ("div", Operator::Calculate(Calculation::Divide)),
        ("mod", Operator::Calculate(Calculation::Modulo)),
    ],
    &[("|", Operator::Union)],
];

impl XPath {
    /// Reads an expression.
    pub(crate) fn read(text: &str) -> Result<XPath, XPathError> {
        if text.len() > BYTES_MAX {
            return Err(XPathError);
        }
        let mut parser = Parser { tokens: tokens(text).ok_or(XPathError)?, at: 0, depth: 0 };
        let root = parser.binary(0).ok_or(XPathError)?;
        if parser.at == parser.tokens.len() { Ok(XPath { root }) } else { Err(XPathError) }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parser at {}", self.at)
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_mark(&self, ahead: usize, mark: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token::Mark(own)) if *own == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let taken = self.is_mark(0, mark);
        self.at += usize::from(taken);
        taken
    }

    fn binary(&mut self, level: usize) -> Option<Expression> {
        let Some(operators) = LEVELS.get(level) else { return self.path() };
        // A sign binds tighter than multiplication and looser than a union.
        if level + 1 == LEVELS.len() && self.take("-") {
            let inner = self.deeper(|parser| parser.binary(level))?;
            return Some(Expression::Negative(Box::new(inner)));
        }
        let mut left = self.binary(level + 1)?;
        let mut count = 0;
        while let Some((mark, operator)) = operators.iter().find(|(mark, _)| self.is_mark(0, mark)) {
            self.take(mark);
            let right = self.binary(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
            // Each operator nests what stands left of it one deeper.
            count += 1;
            if count > DEPTH_MAX {
                return None;
            }
        }
        Some(left)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Parser) -> Option<T>) -> Option<T> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn path(&mut self) -> Option<Expression> {
        let mut steps = Vec::new();
        let start = if self.is_mark(0, "/") || self.is_mark(0, "//") {
            if self.is_mark(0, "/") && !self.begins_step(1) {
                self.take("/");
                return Some(Expression::Path(Path { start: Start::Document, steps }));
            }
            Start::Document
        } else if self.begins_primary() {
            let primary = self.primary()?;
            let predicates = self.predicates()?;
            if predicates.is_empty() && !self.is_mark(0, "/") && !self.is_mark(0, "//") {
                return Some(primary);
            }
            Start::Of(Box::new(primary), predicates)
        } else {
            steps.push(self.step()?);
            Start::Here
        };
        loop {
            if self.take("//") {
                steps.push(Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() });
            } else if !self.take("/") {
                break;
            }
            steps.push(self.step()?);
        }
        Some(Expression::Path(Path { start, steps }))
    }

    fn begins_step(&self, ahead: usize) -> bool {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Name(_)) => true,
            Some(Token::Mark(mark)) => matches!(*mark, "." | ".." | "@"),
            Some(Token::Literal(_) | Token::Number(_)) | None => false,
        }
    }

    fn begins_primary(&self) -> bool {
        match self.peek() {
            Some(Token::Literal(_) | Token::Number(_)) => true,
            Some(Token::Mark(mark)) => *mark == "(",
            Some(Token::Name(name)) => {
                self.is_mark(1, "(")
                    && !matches!(&**name, "text" | "node" | "comment" | "processing-instruction")
            }
            None => false,
        }
    }

    fn primary(&mut self) -> Option<Expression> {
        let token = self.peek()?.clone();
        self.at += 1;
        match token {
            Token::Literal(text) => Some(Expression::Literal(text)),
            Token::Number(number) => Some(Expression::Number(number)),
            Token::Mark(_) => {
                let inner = self.deeper(|parser| parser.binary(0))?;
                self.take(")").then_some(inner)
            }
            Token::Name(name) => {
                self.take("(");
                let mut arguments = Vec::new();
                if !self.take(")") {
                    loop {
                        arguments.push(self.deeper(|parser| parser.binary(0))?);
                        if self.take(")") {
                            break;
                        }
                        if !self.take(",") {
                            return None;
                        }
                    }
                }
                let function = Function::named(&name, arguments.len())?;
                Some(Expression::Call(function, arguments))
            }
        }
    }

    fn predicates(&mut self) -> Option<Vec<Expression>> {
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.deeper(|parser| parser.binary(0))?);
            if !self.take("]") {
                return None;
            }
        }
        Some(predicates)
    }

    fn step(&mut self) -> Option<Step> {
        let plain = |axis| Some(Step { axis, test: Test::Node, predicates: Vec::new() });
        if self.take(".") {
            return plain(Axis::Itself);
        }
        if self.take("..") {
            return plain(Axis::Parent);
        }
        let axis = if self.take("@") {
            Axis::Attribute
        } else if self.is_mark(1, "::") {
            let Some(Token::Name(name)) = self.peek() else { return None };
            let axis = axis(name)?;
            self.at += 2;
            axis
        } else {
            Axis::Child
        };
        let Some(Token::Name(name)) = self.peek().cloned() else { return None };
        self.at += 1;
        let test = if self.take("(") {
            if !self.take(")") {
                return None;
            }
            match &*name {
                "text" => Test::Text,
                "node" => Test::Node,
                _ => return None,
            }
        } else if name == "*" {
            Test::Any
        } else if let Some(prefix) = name.strip_suffix(":*") {
            Test::Prefix(format!("{prefix}:"))
        } else {
            Test::Name(name)
        };
        Some(Step { axis, test, predicates: self.predicates()? })
    }
}

fn axis(name: &str) -> Option<Axis> {
    Some(match name {
        "child" => Axis::Child,
        "descendant" => Axis::Descendant,
        "descendant-or-self" => Axis::DescendantOrSelf,
        "self" => Axis::Itself,
        "parent" => Axis::Parent,
        "ancestor" => Axis::Ancestor,
        "ancestor-or-self" => Axis::AncestorOrSelf,
        "following-sibling" => Axis::FollowingSibling,
        "preceding-sibling" => Axis::PrecedingSibling,
        "following" => Axis::Following,
        "preceding" => Axis::Preceding,
        "attribute" => Axis::Attribute,
        _ => return None,
    })
}

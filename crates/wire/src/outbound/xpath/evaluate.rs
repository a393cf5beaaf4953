//! What an expression finds in a document.

use super::super::xml::{Document, NodeId, NodeKind};
use super::functions;
use super::parser::{Axis, Calculation, Comparison, Expression, Operator, Path, Start, Step, Test, XPath};

/// Most nodes that one expression may look at; with more it finds nothing.
const WORK_MAX: usize = 2_000_000;
/// Longest text that an expression may make, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// In the order of the document, each once.
    Nodes(Vec<NodeId>),
    Text(String),
    Number(f64),
    Truth(bool),
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) node: NodeId,
    pub(super) position: usize,
    pub(super) size: usize,
}

/// The document, and how much more may be looked at.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    pub(super) document: &'a Document,
    left: usize,
}

impl XPath {
    /// The text of everything it finds, in the order of the document; a number, a truth value or a text
    /// is one. Nothing when it would take too much work.
    pub(crate) fn find(&self, document: &Document, max: usize) -> Vec<String> {
        let mut evaluation = Evaluation { document, left: WORK_MAX };
        let context = Context { node: Document::ROOT, position: 1, size: 1 };
        let Some(found) = evaluation.evaluate(&self.root, context) else { return Vec::new() };
        match found {
            Found::Nodes(nodes) => {
                let mut texts = Vec::new();
                for node in nodes.into_iter().take(max) {
                    let Some(text) = evaluation.text_of(node) else { return Vec::new() };
                    texts.push(text);
                }
                texts
            }
            other @ (Found::Text(_) | Found::Number(_) | Found::Truth(_)) => {
                evaluation.text(&other).into_iter().collect()
            }
        }
    }
}

impl Evaluation<'_> {
    /// Counts work; none when there was too much.
    pub(super) fn spend(&mut self, work: usize) -> Option<()> {
        self.left = self.left.checked_sub(work)?;
        Some(())
    }

    /// The text of a node, which costs as much work as it has nodes and bytes.
    pub(super) fn text_of(&mut self, node: NodeId) -> Option<String> {
        self.spend(self.document.below(node).len() + 1)?;
        let text = self.document.text_of(node);
        self.spend(text.len() / 16)?;
        Some(text)
    }

    pub(super) fn evaluate(&mut self, expression: &Expression, context: Context) -> Option<Found> {
        self.spend(1)?;
        match expression {
            Expression::Literal(text) => Some(Found::Text(text.clone())),
            Expression::Number(number) => Some(Found::Number(*number)),
            Expression::Negative(inner) => {
                let inner = self.evaluate(inner, context)?;
                Some(Found::Number(-self.number(&inner)?))
            }
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right, context),
            Expression::Call(function, arguments) => {
                let arguments: Option<Vec<Found>> =
                    arguments.iter().map(|argument| self.evaluate(argument, context)).collect();
                functions::call(self, *function, &arguments?, context)
            }
            Expression::Path(path) => self.path(path, context).map(Found::Nodes),
        }
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        context: Context,
    ) -> Option<Found> {
        let left = self.evaluate(left, context)?;
        match operator {
            Operator::Or => {
                let found = self.truth(&left) || {
                    let right = self.evaluate(right, context)?;
                    self.truth(&right)
                };
                Some(Found::Truth(found))
            }
            Operator::And => {
                let found = self.truth(&left) && {
                    let right = self.evaluate(right, context)?;
                    self.truth(&right)
                };
                Some(Found::Truth(found))
            }
            Operator::Compare(comparison) => {
                let right = self.evaluate(right, context)?;
                self.compare(comparison, &left, &right).map(Found::Truth)
            }
            Operator::Calculate(calculation) => {
                let right = self.evaluate(right, context)?;
                let (left, right) = (self.number(&left)?, self.number(&right)?);
                Some(Found::Number(match calculation {
                    Calculation::Plus => left + right,
                    Calculation::Minus => left - right,
                    Calculation::Times => left * right,
                    Calculation::Divide => left / right,
                    Calculation::Modulo => left % right,
                }))
            }
            Operator::Union => {
                let right = self.evaluate(right, context)?;
                let (Found::Nodes(mut nodes), Found::Nodes(more)) = (left, right) else { return None };
                nodes.extend(more);
                Some(Found::Nodes(in_order(nodes)))
            }
        }
    }

    /// Compares as section 3.4 says: a set of nodes is equal when any of its nodes is.
    fn compare(&mut self, comparison: Comparison, left: &Found, right: &Found) -> Option<bool> {
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::Unequal);
        if let (Found::Truth(_), _) | (_, Found::Truth(_)) = (left, right)
            && is_equality
        {
            return Some((self.truth(left) == self.truth(right)) == (comparison == Comparison::Equal));
        }
        let lefts = self.each(left)?;
        let rights = self.each(right)?;
        let has_number = matches!((left, right), (Found::Number(_), _) | (_, Found::Number(_)));
        for left in &lefts {
            for right in &rights {
                self.spend(1 + left.len().min(right.len()) / 16)?;
                let (left_number, right_number) = (functions::number_of(left), functions::number_of(right));
                let is_equal = if has_number { left_number == right_number } else { left == right };
                let holds = match comparison {
                    Comparison::Equal => is_equal,
                    Comparison::Unequal => !is_equal,
                    Comparison::Less => left_number < right_number,
                    Comparison::LessOrEqual => left_number <= right_number,
                    Comparison::Greater => left_number > right_number,
                    Comparison::GreaterOrEqual => left_number >= right_number,
                };
                if holds {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    fn each(&mut self, found: &Found) -> Option<Vec<String>> {
        match found {
            Found::Nodes(nodes) => nodes.iter().map(|node| self.text_of(*node)).collect(),
            Found::Text(_) | Found::Number(_) | Found::Truth(_) => self.text(found).map(|text| vec![text]),
        }
    }

    pub(super) fn text(&mut self, found: &Found) -> Option<String> {
        match found {
            Found::Nodes(nodes) => nodes.first().map_or(Some(String::new()), |node| self.text_of(*node)),
            Found::Text(text) => Some(text.clone()),
            Found::Number(number) => Some(functions::number_text(*number)),
            Found::Truth(value) => Some(value.to_string()),
        }
    }

    pub(super) fn number(&mut self, found: &Found) -> Option<f64> {
        match found {
            Found::Number(number) => Some(*number),
            Found::Truth(value) => Some(f64::from(u8::from(*value))),
            Found::Text(_) | Found::Nodes(_) => self.text(found).map(|text| functions::number_of(&text)),
        }
    }

    pub(super) fn truth(&self, found: &Found) -> bool {
        match found {
            Found::Nodes(nodes) => !nodes.is_empty(),
            Found::Text(text) => !text.is_empty(),
            Found::Number(number) => *number != 0.0 && !number.is_nan(),
            Found::Truth(value) => *value,
        }
    }

    fn path(&mut self, path: &Path, context: Context) -> Option<Vec<NodeId>> {
        let mut nodes = match &path.start {
            Start::Document => vec![Document::ROOT],
            Start::Here => vec![context.node],
            Start::Of(inner, predicates) => {
                let Found::Nodes(mut nodes) = self.evaluate(inner, context)? else { return None };
                for predicate in predicates {
                    nodes = self.filter(nodes, predicate)?;
                }
                nodes
            }
        };
        for step in &path.steps {
            let mut next = Vec::new();
            for node in nodes {
                next.extend(self.step(step, node)?);
                self.spend(1)?;
            }
            nodes = in_order(next);
        }
        Some(nodes)
    }

    /// The nodes of one step, in the order of the document.
    fn step(&mut self, step: &Step, from: NodeId) -> Option<Vec<NodeId>> {
        let document = self.document;
        let candidates = self.along(step.axis, from)?;
        let mut nodes: Vec<NodeId> = candidates
            .into_iter()
            .filter(|node| {
                let is_own_kind = match document.kind(*node) {
                    NodeKind::Attribute(..) => step.axis == Axis::Attribute,
                    NodeKind::Element(_) => true,
                    NodeKind::Root | NodeKind::Text(_) => matches!(step.test, Test::Node | Test::Text),
                };
                is_own_kind
                    && match &step.test {
                        Test::Any => true,
                        Test::Name(name) => document.name(*node) == name,
                        Test::Prefix(prefix) => document.name(*node).starts_with(prefix.as_str()),
                        Test::Text => matches!(document.kind(*node), NodeKind::Text(_)),
                        Test::Node => true,
                    }
            })
            .collect();
        for predicate in &step.predicates {
            nodes = self.filter(nodes, predicate)?;
        }
        Some(nodes)
    }

    /// The nodes along an axis, nearest first, which is what positions count.
    fn along(&mut self, axis: Axis, from: NodeId) -> Option<Vec<NodeId>> {
        let document = self.document;
        let is_attribute = |node: &NodeId| matches!(document.kind(*node), NodeKind::Attribute(..));
        let ancestors = || {
            std::iter::successors(Some(from), |node| {
                (*node != Document::ROOT).then(|| document.parent(*node))
            })
        };
        let siblings = || -> Box<dyn DoubleEndedIterator<Item = NodeId>> {
            if from == Document::ROOT || is_attribute(&from) {
                return Box::new(std::iter::empty());
            }
            Box::new(document.children(document.parent(from)).collect::<Vec<_>>().into_iter())
        };
        let nodes: Vec<NodeId> = match axis {
            Axis::Child => document.children(from).collect(),
            Axis::Descendant => document.below(from).filter(|node| !is_attribute(node)).collect(),
            Axis::DescendantOrSelf => {
                let below = document.below(from).filter(|node| !is_attribute(node));
                std::iter::once(from).chain(below).collect()
            }
            Axis::Itself => vec![from],
            Axis::Parent => ancestors().skip(1).take(1).collect(),
            Axis::Ancestor => ancestors().skip(1).collect(),
            Axis::AncestorOrSelf => ancestors().collect(),
            Axis::FollowingSibling => siblings().filter(|node| *node > from).collect(),
            Axis::PrecedingSibling => siblings().rev().filter(|node| *node < from).collect(),
            Axis::Following => {
                let end = document.below(from).end;
                (end..document.end()).filter(|node| !is_attribute(node)).collect()
            }
            Axis::Preceding => {
                let above: Vec<NodeId> = ancestors().collect();
                (0..from).rev().filter(|node| !is_attribute(node) && !above.contains(node)).collect()
            }
            Axis::Attribute => document.below(from).take_while(is_attribute).collect(),
        };
        let looked_at = match axis {
            Axis::FollowingSibling | Axis::PrecedingSibling => document.below(document.parent(from)).len(),
            Axis::Descendant | Axis::DescendantOrSelf => document.below(from).len(),
            Axis::Following | Axis::Preceding => document.end(),
            Axis::Child
            | Axis::Itself
            | Axis::Parent
            | Axis::Ancestor
            | Axis::AncestorOrSelf
            | Axis::Attribute => nodes.len(),
        };
        self.spend(looked_at + 1)?;
        Some(nodes)
    }

    /// The nodes for which a predicate holds; a number is a position.
    fn filter(&mut self, nodes: Vec<NodeId>, predicate: &Expression) -> Option<Vec<NodeId>> {
        let size = nodes.len();
        let mut kept = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let position = at + 1;
            let holds = match self.evaluate(predicate, Context { node, position, size })? {
                Found::Number(number) => number == position as f64,
                other @ (Found::Nodes(_) | Found::Text(_) | Found::Truth(_)) => self.truth(&other),
            };
            if holds {
                kept.push(node);
            }
        }
        Some(kept)
    }
}

fn in_order(mut nodes: Vec<NodeId>) -> Vec<NodeId> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPLY: &str = "<?xml version=\"1.0\"?><res><status code=\"1\">Accepted</status><price>7.25</price>\
        <errs><e k=\"x\">B</e><e> A </e><e>C</e></errs><note><![CDATA[<hi>]]></note>\
        <s:b xmlns:s=\"urn:s\"><s:c>deep</s:c></s:b></res>";

    fn find(path: &str, document: &str) -> Vec<String> {
        XPath::read(path).unwrap().find(&Document::read(document).unwrap(), 100)
    }

    fn check(path: &str, wanted: &[&str]) {
        assert_eq!(find(path, REPLY), wanted, "{path}");
    }

    #[test]
    fn places_are_found_by_path() {
        check("/res/status/text()", &["Accepted"]);
        check("//status", &["Accepted"]);
        check("//status/@code", &["1"]);
        check("//@code", &["1"]);
        check("/res/errs/e", &["B", " A ", "C"]);
        check("//e[2]", &[" A "]);
        check("//e[last()]", &["C"]);
        check("//e[position() < 3]", &["B", " A "]);
        check("(//e)[1]", &["B"]);
        check("//e[@k='x']", &["B"]);
        check("//e[. = 'C']", &["C"]);
        check("//status[@code = 1]", &["Accepted"]);
        check("/res/*[name() = 'price']", &["7.25"]);
        check("//s:c", &["deep"]);
        check("//s:*/s:c", &["deep"]);
        check("//*[local-name() = 'c']", &["deep"]);
        check("//e[@k]/following-sibling::e[1]", &[" A "]);
        check("//e[3]/preceding-sibling::*[1]", &[" A "]);
        check("//e/..", &["B A C"]);
        check("//e/ancestor::res/price", &["7.25"]);
        check("//price | //status", &["Accepted", "7.25"]);
        check("//note/text()", &["<hi>"]);
        check("res/price", &["7.25"]);
        check("//price/following::e", &["B", " A ", "C"]);
        check("//none", &[]);
        check("/", &["Accepted7.25B AC<hi>deep".replace("AC", "A C").as_str()]);
    }

    #[test]
    fn functions_and_operators_give_values() {
        check("count(/res/errs/e)", &["3"]);
        check("string(//status/@code)", &["1"]);
        check("concat(//status, '-', //price)", &["Accepted-7.25"]);
        check("normalize-space(//e[2])", &["A"]);
        check("//price * 2", &["14.5"]);
        check("//price > 7 and not(//none)", &["true"]);
        check("sum(//price) div 0", &["Infinity"]);
        check("substring-after(//status, 'cc')", &["epted"]);
        check("substring('12345', 2, 3)", &["234"]);
        check("translate('abc', 'abc', 'AB')", &["AB"]);
        check("contains(//status, 'cept') = true()", &["true"]);
        check("starts-with('abc', 'ab')", &["true"]);
        check("string-length('é')", &["1"]);
        check("floor(2.7) + ceiling(0.1) - round(1.5)", &["1"]);
        check("-(3 mod 2)", &["-1"]);
        check("7 - 2 - 1", &["4"]);
        check("boolean(//e)", &["true"]);
    }

    #[test]
    fn a_name_is_found_where_a_default_namespace_stands() {
        let reply = "<res xmlns=\"urn:x\"><status>ok</status></res>";
        assert_eq!(find("//status", reply), ["ok"]);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let nested = format!("{}1{}", "(".repeat(200), ")".repeat(200));
        let sum = vec!["1"; 200].join("+");
        let minus = "-".repeat(400);
        for text in [
            "",
            "///[",
            "a[",
            "a]",
            "//",
            "a b",
            "$x",
            "foo(1)",
            "count()",
            "1 +",
            "'open",
            "a::b",
            &nested,
            &sum,
            &minus,
            &"x".repeat(501),
        ] {
            assert!(XPath::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn too_much_work_finds_nothing() {
        let wide = format!("<r>{}</r>", "<a>1</a>".repeat(20_000));
        assert_eq!(find("//a[//a[//a]]/../a", &wide), Vec::<String>::new());
        assert_eq!(find("//a != //a", &wide), Vec::<String>::new());
        assert_eq!(find("count(//a)", &wide), ["20000"]);
    }

    proptest! {
        #[test]
        fn any_expression_is_read_or_refused_and_evaluated(
            text in "(//?|\\*|@|a|e|res|\\[|\\]|\\(|\\)|1|text\\(\\)|\\.\\.?| and | or |=|<|'x'|count\\(|last\\(\\)|\\||,|ancestor::|-){1,14}",
        ) {
            if let Ok(path) = XPath::read(&text) {
                let _ = path.find(&Document::read(REPLY).unwrap(), 100);
            }
        }
    }
}

//! Text with holes: `{{lead.first_name}} {{lead.last_name}}`. Read once when a flow is published,
//! then filled in for each lead without looking at the text again.

use std::sync::Arc;

use crate::variables::Variable;
use crate::vocabulary::PlaceError;
use crate::{Number, Scalar, Value, Variables, Vocabulary};

/// A text with holes that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<TemplatePart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Text(Arc<str>),
    Hole(Variable),
    /// A number, or true or false; always alone.
    Constant(Scalar),
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of the template: {fault}")]
pub struct TemplateError {
    /// Where in the text, in characters, 1 for the first.
    pub column: usize,
    /// What is wrong there.
    pub fault: TemplateFault,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// `{{` without `}}`.
    #[error("{{{{ without the }}}} that ends it")]
    Unclosed,
    /// Nothing between the braces.
    #[error("nothing stands between {{{{ and }}}}")]
    Empty,
    /// Something other than one name.
    #[error("{{{{{0}}}}} uses a helper, which is not supported yet; only {{{{path}}}} is")]
    Helper(String),
    /// A name that cannot be named here.
    #[error("it names {0}")]
    Place(#[from] PlaceError),
    /// A name that stands for something else.
    #[error("{{{{{0}}}}} is not supported yet")]
    Later(String),
    /// More text or holes than a template may have.
    #[error("it has {bytes} bytes; at most {max} fit", max = TEMPLATE_BYTES_MAX)]
    TooLong {
        /// How many.
        bytes: usize,
    },
}

/// Longest text of a template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 16 * 1024;
/// Longest text a template can become, in bytes; what goes beyond is cut.
pub const RENDERED_BYTES_MAX: usize = 256 * 1024;

impl Template {
    /// Reads a text. Names are checked against what may be named at its place.
    ///
    /// # Errors
    /// With the first fault and its column.
    pub fn read(text: &str, vocabulary: Vocabulary<'_>) -> Result<Template, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError { column: 1, fault: TemplateFault::TooLong { bytes: text.len() } });
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let column = text[..text.len() - rest.len() + start].chars().count() + 1;
            let error = |fault| TemplateError { column, fault };
            if start > 0 {
                parts.push(TemplatePart::Text(rest[..start].into()));
            }
            let inner = &rest[start + 2..];
            let end = inner.find("}}").ok_or_else(|| error(TemplateFault::Unclosed))?;
            let name = inner[..end].trim();
            parts.push(TemplatePart::Hole(variable(name, vocabulary).map_err(error)?));
            rest = &inner[end + 2..];
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Text(rest.into()));
        }
        Ok(Template { parts })
    }

    /// A text without holes, whatever stands in it.
    pub fn literal(text: &str) -> Template {
        Template { parts: vec![TemplatePart::Text(text.into())] }
    }

    /// The same value for every lead, with its type: a file may say `2` or `true` where text could
    /// stand.
    pub fn constant(scalar: Scalar) -> Template {
        let part = match scalar {
            Scalar::Text(text) => TemplatePart::Text(text),
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => TemplatePart::Constant(scalar),
        };
        Template { parts: vec![part] }
    }

    /// The text, when it has no holes.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TemplatePart::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills the holes in. Unknown and absent values are empty text; lists have commas between.
    pub fn render(&self, variables: &Variables<'_>) -> String {
        self.render_with(variables, String::push_str)
    }

    /// The same, where `fill` appends the text of each hole, in order, to what stands before it: the
    /// place for escapes.
    pub fn render_with(&self, variables: &Variables<'_>, mut fill: impl FnMut(&mut String, &str)) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => out.push_str(text),
                TemplatePart::Constant(scalar) => write_scalar(scalar, &mut out),
                TemplatePart::Hole(variable) => {
                    let mut hole = String::new();
                    if let Some(value) = variables.get(variable) {
                        write_value(&value, &mut hole);
                    }
                    fill(&mut out, &hole);
                }
            }
            if out.len() > RENDERED_BYTES_MAX {
                let end = (0..=RENDERED_BYTES_MAX).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
                out.truncate(end);
                break;
            }
        }
        out
    }

    /// The same with its type: a template that is one hole and nothing else gives the value that
    /// stands there, nothing when it is absent; a constant gives itself; any other gives text.
    pub fn value(&self, variables: &Variables<'_>) -> Option<Value> {
        match self.parts.as_slice() {
            [TemplatePart::Hole(variable)] => variables.get(variable).map(std::borrow::Cow::into_owned),
            [TemplatePart::Constant(scalar)] => Some(Value::Scalar(scalar.clone())),
            _ => Some(Value::text(self.render(variables))),
        }
    }
}

fn variable(name: &str, vocabulary: Vocabulary<'_>) -> Result<Variable, TemplateFault> {
    let shown = || name.chars().take(80).collect::<String>();
    if name.is_empty() {
        return Err(TemplateFault::Empty);
    }
    if name.contains(char::is_whitespace) || name.starts_with(['#', '/', '>', '!', '{', '&', '^']) {
        return Err(TemplateFault::Helper(shown()));
    }
    if !matches!(vocabulary, Vocabulary::Raw) {
        match name {
            "lead.id" => return Ok(Variable::LeadId),
            "event_id" | "delivery_id" => return Ok(Variable::DeliveryId),
            "price" => return Ok(Variable::Price),
            "now" | "random" => return Err(TemplateFault::Later(shown())),
            _ if name.starts_with("secret.") || name.starts_with("feedback.") => {
                return Err(TemplateFault::Later(shown()));
            }
            _ => {}
        }
    }
    Ok(Variable::Value(vocabulary.place(name)?.path))
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Scalar(scalar) => write_scalar(scalar, out),
        Value::List(list) => {
            for (at, scalar) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_scalar(scalar, out);
            }
        }
    }
}

fn write_scalar(scalar: &Scalar, out: &mut String) {
    match scalar {
        Scalar::Null => {}
        Scalar::Bool(true) => out.push_str("true"),
        Scalar::Bool(false) => out.push_str("false"),
        Scalar::Number(number) => out.push_str(Number::as_str(number)),
        Scalar::Text(text) => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{EarlierStep, Field, FieldType, Fields, Lead};

    fn read(text: &str) -> Result<Template, TemplateError> {
        let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
        let fields =
            Fields::new(vec![field("first_name", FieldType::FirstName), field("age", FieldType::Number)])
                .unwrap();
        let steps = [EarlierStep { id: "check".parse().unwrap(), values: vec![] }];
        Template::read(text, Vocabulary::Lead { fields: &fields, steps: &steps })
    }

    fn lead() -> Lead {
        [
            ("first_name", Value::text("Ann")),
            ("age", Value::from("40".parse::<Number>().unwrap())),
            ("appended.check.tags", Value::List([Scalar::Text("a".into()), Scalar::Bool(true)].into())),
        ]
        .map(|(path, value)| (path.parse().unwrap(), value))
        .into_iter()
        .collect()
    }

    fn check(text: &str, wanted: &str) {
        let told = match read(text) {
            Ok(template) => template.render(&Variables::of(&lead())),
            Err(error) => error.to_string(),
        };
        assert_eq!(told, wanted, "{text}");
    }

    #[test]
    fn holes_are_filled_in() {
        check("plain", "plain");
        check("", "");
        check("{{lead.first_name}} is {{ lead.age }}", "Ann is 40");
        check("é{{check.tags}}{{appended.check.none}}}}", "éa,true}}");
        check("{{lead.id}}{{delivery_id}}", "");
    }

    #[test]
    fn faults_are_told_with_their_column() {
        check("a{{lead.first_name", "column 2 of the template: {{ without the }} that ends it");
        check("é{{ }}", "column 2 of the template: nothing stands between {{ and }}");
        check(
            "{{lead.zip}}",
            "column 1 of the template: it names lead.zip, which is not a field of the flow",
        );
        check("{{later.x}}", "column 1 of the template: it names later.x, but no step later runs before it");
        check(
            "{{lowercase lead.age}}",
            "column 1 of the template: {{lowercase lead.age}} uses a helper, which is not supported yet; only \
             {{path}} is",
        );
        check("{{now}}", "column 1 of the template: {{now}} is not supported yet");
    }

    #[test]
    fn one_hole_alone_keeps_its_type() {
        let lead = lead();
        let value = |text: &str| read(text).unwrap().value(&Variables::of(&lead));
        assert_eq!(value("{{lead.age}}"), Some(Value::from("40".parse::<Number>().unwrap())));
        assert_eq!(value("{{lead.age}} "), Some(Value::text("40 ")));
        assert_eq!(value("{{check.none}}"), None);
        assert_eq!(value("x"), Some(Value::text("x")));
    }

    #[test]
    fn a_constant_keeps_its_type_and_is_no_text() {
        let constant = Template::constant(Scalar::Bool(true));
        assert_eq!(constant.value(&Variables::of(&lead())), Some(Value::from(true)));
        assert_eq!(constant.render(&Variables::of(&lead())), "true");
        assert_eq!(constant.as_literal(), None);
        assert_eq!(Template::constant(Scalar::Text("{{x".into())), Template::literal("{{x"));
    }

    #[test]
    fn raw_parameters_go_by_any_name() {
        let template = Template::read("{{fname}}/{{price}}/{{vehicle.make}}", Vocabulary::Raw).unwrap();
        let raw: Lead = [("fname", "ann"), ("price", "3"), ("vehicle.make", "Ford")]
            .map(|(path, raw)| (path.parse().unwrap(), Value::text(raw)))
            .into_iter()
            .collect();
        assert_eq!(template.render(&Variables::of(&raw)), "ann/3/Ford");
    }

    #[test]
    fn holes_may_be_escaped_by_what_stands_before_them() {
        let quoted = |out: &mut String, hole: &str| {
            let quote = if out.is_empty() { '<' } else { '(' };
            out.push(quote);
            out.push_str(hole);
        };
        let text = read("{{lead.first_name}} {{check.none}}{{lead.age}}").unwrap();
        assert_eq!(text.render_with(&Variables::of(&lead()), quoted), "<Ann ((40");
    }

    #[test]
    fn what_it_becomes_is_bounded() {
        let long = "x".repeat(200 * 1024);
        let lead: Lead = [("first_name".parse().unwrap(), Value::text(long))].into_iter().collect();
        let text = read("{{lead.first_name}}{{lead.first_name}}é").unwrap().render(&Variables::of(&lead));
        assert_eq!(text.len(), RENDERED_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn text_without_braces_is_itself(text in "[^{}]{0,40}") {
            let template = read(&text).unwrap();
            prop_assert_eq!(template.as_literal(), Some(text.as_str()));
            prop_assert_eq!(template.render(&Variables::of(&Lead::new())), text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[{} a-zé.#]{0,40}") {
            let _ = read(&text);
        }
    }
}

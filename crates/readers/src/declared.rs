//! Filters on what flows declare: `dim.<path>`, `has.<field>`, `valid.<field>`. What they name is
//! known only with the flows that are asked about, so they are read first and resolved when all
//! parameters are there.

use std::sync::Arc;

use domain::{DimKind, FieldState, Flow, FlowId, FlowVersion, Scalar};
use ledger::{Choice, DimFilter, FieldFilter, Filter};
use wire::nearest;

use crate::names::ParameterError;
use crate::values;

/// The parameters that filter by what flows declare, as descriptions name them.
pub const DECLARED_NAMES: [&str; 3] = ["dim.<path>", "has.<field>", "valid.<field>"];

/// Knows what flows declare.
pub trait PublishedFlows {
    /// Shows every version of every flow.
    fn each(&self, show: &mut dyn FnMut(FlowVersion, &Flow));
}

/// Most dims and fields of one query.
const DECLARED_MAX: usize = 20;
/// Most names that a message lists.
const NAMES_TOLD_MAX: usize = 30;

/// What is asked of dims and fields, as people wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DeclaredFilters {
    dims: Vec<(String, Choice<Arc<str>>)>,
    fields: Vec<Asked>,
}

/// A question to one field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    parameter: String,
    field: String,
    states: Vec<FieldState>,
}

impl DeclaredFilters {
    /// The beginnings of the parameters it knows.
    pub(crate) const PREFIXES: [&str; 3] = ["dim.", "has.", "valid."];

    /// Takes one parameter; gives whether its name begins as one of those it knows.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, ParameterError> {
        if !DeclaredFilters::PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            return Ok(false);
        }
        values::given(name, value)?;
        if self.dims.len() + self.fields.len() >= DECLARED_MAX {
            return Err(ParameterError::new(name, format!("at most {DECLARED_MAX} dims and fields fit")));
        }
        if let Some(path) = name.strip_prefix("dim.") {
            let read = |text: &str| values::word(text).map(Arc::from);
            let known = self.dims.iter().position(|(own, _)| own == path);
            let at = known.unwrap_or_else(|| {
                self.dims.push((path.to_owned(), Choice::default()));
                self.dims.len() - 1
            });
            values::choose(name, value, &mut self.dims[at].1, |text| read(text))?;
            return Ok(true);
        }
        let states: Vec<FieldState> = match (name.starts_with("has."), value) {
            (true, "true") => vec![FieldState::Invalid, FieldState::Valid],
            (true, "false") => vec![FieldState::Absent],
            (false, "true") => vec![FieldState::Valid],
            (false, "false") => vec![FieldState::Invalid],
            (true, _) => return Err(ParameterError::new(name, "write true, or false")),
            (false, _) => {
                let message = "write true, or false: what was sent is no value of the field's type";
                return Err(ParameterError::new(name, message));
            }
        };
        if self.fields.iter().any(|asked| asked.parameter == name && asked.states != states) {
            return Err(ParameterError::new(name, "write it once: true, or false"));
        }
        let (_, field) = name.split_once('.').unwrap_or_default();
        self.fields.push(Asked { parameter: name.to_owned(), field: field.to_owned(), states });
        Ok(true)
    }

    /// Whether anything is asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.dims.is_empty() && self.fields.is_empty()
    }

    /// Puts into the filter what is asked, leaving nothing behind.
    ///
    /// # Errors
    /// When a dim or field is named that no version of the flows asked about declares, or a value
    /// that a dim cannot have.
    pub(crate) fn resolve(
        &mut self,
        flows: &Choice<FlowId>,
        published: &dyn PublishedFlows,
        filter: &mut Filter,
    ) -> Result<(), ParameterError> {
        if self.is_empty() {
            return Ok(());
        }
        let mut known = Known::default();
        published.each(&mut |version, flow| {
            let is_in = |list: &[FlowId]| list.contains(flow.id());
            if (flows.among.is_empty() || is_in(&flows.among)) && !is_in(&flows.except) {
                known.add(version, flow, &self.dims);
            }
        });
        for (path, values) in std::mem::take(&mut self.dims) {
            let dim = known.dim(&path)?;
            filter.dims.push(dim.filter(&path, &values)?);
        }
        for asked in std::mem::take(&mut self.fields) {
            let places = known.places(&asked)?;
            filter.fields.push(FieldFilter { states: asked.states, places });
        }
        Ok(())
    }
}

/// At which place each version of each flow declares a field.
type Places = Vec<(FlowId, FlowVersion, usize)>;

/// What the flows asked about declare.
#[derive(Debug, Default)]
struct Known {
    dims: Vec<KnownDim>,
    fields: Vec<(Arc<str>, Places)>,
}

#[derive(Debug)]
struct KnownDim {
    path: Arc<str>,
    kinds: Vec<DimKind>,
    /// What each text that is asked for means, in some version of some flow.
    meant: Vec<(Arc<str>, Scalar)>,
    /// Values it can have, where they are few.
    values: Vec<Arc<str>>,
}

impl Known {
    /// `asked` are the dims that are asked for, with their values.
    fn add(&mut self, version: FlowVersion, flow: &Flow, asked: &[(String, Choice<Arc<str>>)]) {
        for (dim, kind) in flow.declared_dims() {
            let at = self.dims.iter().position(|own| own.path == dim.path).unwrap_or_else(|| {
                let path = Arc::clone(&dim.path);
                self.dims.push(KnownDim { path, kinds: Vec::new(), meant: Vec::new(), values: Vec::new() });
                self.dims.len() - 1
            });
            let own = &mut self.dims[at];
            if !own.kinds.contains(&kind) {
                own.kinds.push(kind);
            }
            let Some((_, asked)) = asked.iter().find(|(path, _)| **path == *dim.path) else { continue };
            for text in asked.among.iter().chain(&asked.except) {
                let meant = flow.dim_meant(dim, text).map(|meant| (Arc::clone(text), meant));
                own.meant.extend(meant.filter(|meant| !own.meant.contains(meant)));
            }
            let values = flow.dim_values(dim).unwrap_or_default();
            let new = values.into_iter().filter(|value| !own.values.contains(value)).collect::<Vec<_>>();
            own.values.extend(new);
        }
        for (place, field) in flow.fields().iter().enumerate() {
            let at = (flow.id().clone(), version, place);
            match self.fields.iter_mut().find(|(own, _)| **own == *field.name.as_str()) {
                Some((_, places)) => places.push(at),
                None => self.fields.push((field.name.as_str().into(), vec![at])),
            }
        }
    }

    fn dim(&self, path: &str) -> Result<&KnownDim, ParameterError> {
        let found = self.dims.iter().find(|dim| *dim.path == *path);
        found.ok_or_else(|| {
            let names = self.dims.iter().map(|dim| &*dim.path);
            unknown(&format!("dim.{path}"), "a dim of these flows", path, names)
        })
    }

    fn places(&self, asked: &Asked) -> Result<Places, ParameterError> {
        let found = self.fields.iter().find(|(name, _)| **name == *asked.field);
        found.map(|(_, places)| places.clone()).ok_or_else(|| {
            let names = self.fields.iter().map(|(name, _)| &**name);
            unknown(&asked.parameter, "a field of these flows", &asked.field, names)
        })
    }
}

impl KnownDim {
    /// The values as the dim has them: `true` is the boolean where the dim is one, and `Texas` is `TX`.
    fn filter(&self, path: &str, values: &Choice<Arc<str>>) -> Result<DimFilter, ParameterError> {
        let read = |texts: &[Arc<str>]| -> Result<Vec<Scalar>, ParameterError> {
            let mut read = Vec::new();
            for text in texts {
                let before = read.len();
                read.extend(self.meant.iter().filter(|(own, _)| own == text).map(|(_, meant)| meant.clone()));
                if read.len() == before {
                    return Err(ParameterError::new(&format!("dim.{path}"), self.no_value(text)));
                }
            }
            Ok(read)
        };
        let values = Choice { among: read(&values.among)?, except: read(&values.except)? };
        Ok(DimFilter { path: Arc::clone(&self.path), values })
    }

    /// Why it never has such a value.
    fn no_value(&self, text: &str) -> String {
        if self.kinds == [DimKind::Boolean] {
            return "is true or false".to_owned();
        }
        let shown: String = text.chars().take(80).collect();
        let mut known: Vec<&str> = self.values.iter().map(|value| &**value).collect();
        let more = if known.len() > NAMES_TOLD_MAX { " …" } else { "" };
        known.truncate(NAMES_TOLD_MAX);
        match known.is_empty() {
            true => format!("{shown:?} is no value that it can have"),
            false => format!("{shown:?} is no value that it can have; these are {}{more}", known.join(", ")),
        }
    }
}

fn unknown<'a>(
    parameter: &str,
    what: &str,
    name: &str,
    names: impl Iterator<Item = &'a str>,
) -> ParameterError {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let shown: String = name.chars().take(80).collect();
    let near = nearest(name, names.iter().copied());
    let more = if names.len() > NAMES_TOLD_MAX { " …" } else { "" };
    names.truncate(NAMES_TOLD_MAX);
    let known = match names.is_empty() {
        true => "there are none".to_owned(),
        false => format!("known are {}{more}", names.join(", ")),
    };
    let message = match near {
        Some(near) => format!("{shown:?} is not {what}; did you mean {near}? {known}"),
        None => format!("{shown:?} is not {what}; {known}"),
    };
    ParameterError::new(parameter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOWS: [&str; 2] = [
        "entities: { src_a: { kind: source, name: A } }\nflow:\n  id: flow_a\n  name: A\n  fields: { email: email, state: state, owner: boolean, loan_amount: number }\n  \
         dims: [ lead.state, lead.owner, { field: lead.loan_amount, buckets: [ 10, 20 ] } ]\n  sources: [ { entity: src_a } ]\n",
        "entities: { src_a: { kind: source, name: A } }\nflow:\n  id: flow_b\n  name: B\n  fields: { phone_1: phone, email: email }\n  dims: [ lead.phone_1.type ]\n  \
         sources: [ { entity: src_a } ]\n",
    ];

    struct Two;

    impl PublishedFlows for Two {
        fn each(&self, show: &mut dyn FnMut(FlowVersion, &Flow)) {
            for text in FLOWS {
                show(FlowVersion(3), &wire::flow_file::FlowFile::read(text).unwrap().flow);
            }
        }
    }

    /// What `name=value` pairs parted by `&` come to, or what is wrong with them.
    fn check(query: &str, flows: &[&str], wanted: &str) {
        let (mut declared, mut filter) = (DeclaredFilters::default(), Filter::default());
        let flows = Choice::among(flows.iter().map(|flow| flow.parse().unwrap()));
        let set = query.split('&').try_for_each(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            declared.set(name, value).map(|known| assert!(known, "{name}"))
        });
        let told = match set.and_then(|()| declared.resolve(&flows, &Two, &mut filter)) {
            Ok(()) => format!("{:?} {:?}", filter.dims, filter.fields),
            Err(error) => format!("{}: {error}", error.name),
        };
        assert_eq!(told, wanted, "{query}");
    }

    #[test]
    fn dims_keep_their_type() {
        check(
            "dim.lead.state=TX,-ok&dim.lead.owner=TRUE&dim.lead.loan_amount=>=20",
            &["flow_a"],
            "[DimFilter { path: \"lead.state\", values: Choice { among: [Text(\"TX\")], except: [Text(\"OK\")] } }, \
             DimFilter { path: \"lead.owner\", values: Choice { among: [Bool(true)], except: [] } }, \
             DimFilter { path: \"lead.loan_amount\", values: Choice { among: [Text(\"≥20\")], except: [] } }] []",
        );
        check("dim.lead.owner=maybe", &[], "dim.lead.owner: is true or false");
        let state = |code: &str| {
            format!(
                "[DimFilter {{ path: \"lead.state\", values: Choice {{ among: [Text({code:?})], except: [] }} }}] []"
            )
        };
        check("dim.lead.state=Texas", &[], &state("TX"));
        check("dim.lead.state=quebec", &[], &state("QC"));
        check("dim.lead.state=Texsa", &[], "dim.lead.state: \"Texsa\" is no value that it can have");
        check(
            "dim.lead.loan_amount=15",
            &[],
            "dim.lead.loan_amount: \"15\" is no value that it can have; these are <10, 10-20, ≥20",
        );
    }

    #[test]
    fn fields_are_found_where_each_version_declares_them() {
        check(
            "has.email=false&valid.phone_1=false",
            &[],
            "[] [FieldFilter { states: [Absent], places: [(flow_a, FlowVersion(3), 0), (flow_b, FlowVersion(3), 1)] }, \
             FieldFilter { states: [Invalid], places: [(flow_b, FlowVersion(3), 0)] }]",
        );
    }

    #[test]
    fn what_no_flow_declares_is_told_with_the_nearest_name() {
        check(
            "dim.lead.stat=TX",
            &["flow_a"],
            "dim.lead.stat: \"lead.stat\" is not a dim of these flows; did you mean lead.state? known are \
             lead.loan_amount, lead.owner, lead.state",
        );
        check(
            "dim.lead.state=TX",
            &["flow_b"],
            "dim.lead.state: \"lead.state\" is not a dim of these flows; known are lead.phone_1.type",
        );
        check(
            "has.emial=true",
            &[],
            "has.emial: \"emial\" is not a field of these flows; did you mean email? known are email, loan_amount, \
             owner, phone_1, state",
        );
        check("has.email=yes", &[], "has.email: write true, or false");
        check("has.email=true&has.email=false", &[], "has.email: write it once: true, or false");
        check("dim.lead.state=TX,,", &[], "dim.lead.state: a word is missing between the commas");
    }
}

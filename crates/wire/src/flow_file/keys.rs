//! The keys of each part of a flow file: those this release reads, and those it knows of and
//! refuses, so that nothing a flow says is silently left undone.

/// The keys of one kind of part.
pub(super) struct Keys {
    /// What the part is called in messages.
    pub(super) part: &'static str,
    /// Read.
    pub(super) known: &'static [&'static str],
    /// Refused as not supported yet.
    pub(super) later: &'static [&'static str],
}

pub(super) const FILE: Keys =
    Keys { part: "the file", known: &["entities", "flow", "lists", "secrets", "tests"], later: &[] };

pub(super) const ENTITY: Keys =
    Keys { part: "an entity", known: &["kind", "name"], later: &["time_zone", "hours", "caps", "limits"] };

pub(super) const FLOW: Keys = Keys {
    part: "the flow",
    known: &["id", "name", "enabled", "fields", "dims", "accept", "sources", "steps"],
    later: &[
        "time_zone",
        "deadline",
        "on_deadline",
        "duplicates",
        "suppress",
        "reasons",
        "hours",
        "price",
        "caps",
        "retention",
    ],
};

pub(super) const FIELD: Keys = Keys { part: "a field", known: &["type", "required", "values"], later: &[] };

pub(super) const ACCEPT: Keys =
    Keys { part: "the acceptance criteria", known: &["require", "exclude", "reason"], later: &[] };

pub(super) const SOURCE: Keys = Keys {
    part: "a source",
    known: &["entity", "key_required", "accept"],
    later: &[
        "map",
        "price",
        "caps",
        "answer",
        "ping",
        "ping_limits",
        "ping_expires",
        "allow_from",
        "same_payload",
        "feedback",
    ],
};

pub(super) const FILTER: Keys = Keys {
    part: "a filter",
    known: &["id", "kind", "require", "exclude", "on_fail", "outcome", "reason"],
    later: &["when", "enabled"],
};

pub(super) const RULE: Keys = Keys { part: "a rule", known: &["field", "op", "value"], later: &[] };

pub(super) const GROUPS: [&str; 3] = ["all", "any", "none"];

/// Kinds of steps of later releases.
pub(super) const STEP_KINDS_LATER: [&str; 3] = ["enhancement", "recipient", "distribute"];

/// Field types of later releases.
pub(super) const TYPES_LATER: [&str; 10] =
    ["city", "gender", "dob", "time", "street", "range", "ssn", "credential", "ip", "trustedform_url"];

/// Operators of later releases.
pub(super) const OPERATORS_LATER: [&str; 8] = [
    "is between",
    "is not between",
    "is obscene",
    "is not obscene",
    "between",
    "not_between",
    "obscene",
    "not_obscene",
];

/// The nearest of some words, when it is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(60).collect::<String>().to_lowercase();
    let (distance, nearest) = words
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + nearest.chars().count() / 4).then_some(nearest)
}

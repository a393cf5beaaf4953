//! The keys of each part of a flow file: those this release reads, and those it knows of and
//! refuses, so that nothing a flow says is silently left undone. `schema` has the same tables in
//! the form that editors know.

pub(super) use crate::nearest;

/// The keys of one kind of part.
#[derive(Debug)]
pub(super) struct Keys {
    /// What the part is called in messages.
    pub(super) part: &'static str,
    /// Read.
    pub(super) known: &'static [&'static str],
    /// Refused as not supported yet.
    pub(super) later: &'static [&'static str],
}

impl Keys {
    /// The part, with the verb that fits it: `a source has`, `the settings of an entity have`.
    pub(super) fn with_verb(&self, of_one: &str, of_many: &str) -> String {
        let is_many = ["the settings of ", "the limits of ", "the acceptance criteria"]
            .iter()
            .any(|many| self.part.starts_with(many));
        format!("{} {}", self.part, if is_many { of_many } else { of_one })
    }
}

pub(super) const FILE: Keys =
    Keys { part: "the file", known: &["entities", "flow", "lists", "secrets", "tests"], later: &[] };

pub(super) const ENTITY: Keys = Keys {
    part: "an entity",
    known: &["kind", "name", "time_zone", "hours", "caps", "limits", "circuit"],
    later: &[],
};

pub(super) const CIRCUIT: Keys =
    Keys { part: "the circuit of an entity", known: &["errors", "cool_down"], later: &[] };

pub(super) const ENTITY_LIMITS: Keys = Keys { part: "the limits of an entity", known: LIMITS, later: &[] };

pub(super) const FLOW: Keys = Keys {
    part: "the flow",
    known: &[
        "id",
        "name",
        "enabled",
        "time_zone",
        "fields",
        "dims",
        "duplicates",
        "suppress",
        "reasons",
        "accept",
        "hours",
        "price",
        "feedback",
        "caps",
        "ping_limits",
        "sources",
        "steps",
        "deadline",
        "on_deadline",
        "retention",
    ],
    later: &[],
};

pub(super) const RETENTION: Keys =
    Keys { part: "the retention of a flow", known: &["bodies", "headers"], later: &[] };

pub(super) const DUPLICATE: Keys =
    Keys { part: "a rule for duplicates", known: &["name", "key", "window", "scope", "against"], later: &[] };

pub(super) const SUPPRESS: Keys =
    Keys { part: "a list to look at", known: &["list", "value", "reason"], later: &[] };

pub(super) const CAP: Keys = Keys {
    part: "a cap",
    known: &["name", "max_leads", "max_spend", "per", "every", "time_zone", "when", "reason"],
    later: &[],
};

pub(super) const ENTITY_CAP: Keys = Keys {
    part: "a cap of an entity",
    known: &["name", "max_leads", "max_spend", "per", "every", "time_zone", "reason"],
    later: &[],
};

pub(super) const PING_LIMIT: Keys =
    Keys { part: "a limit of pings", known: &["name", "max", "per", "every", "time_zone"], later: &[] };

pub(super) const FIELD: Keys = Keys { part: "a field", known: &["type", "required", "values"], later: &[] };

pub(super) const DIM: Keys = Keys { part: "a dim", known: &["field", "buckets"], later: &[] };

pub(super) const ACCEPT: Keys =
    Keys { part: "the acceptance criteria", known: &["require", "exclude", "reason"], later: &[] };

pub(super) const PURCHASE_PRICE: Keys =
    Keys { part: "the price of a source", known: &["fixed", "table", "from", "share", "of"], later: &[] };

pub(super) const SALE_PRICE: Keys = Keys {
    part: "the price of a recipient",
    known: &["fixed", "table", "from", "floor", "max_price"],
    later: &[],
};

pub(super) const PRICE_ROW: Keys = Keys { part: "a row of prices", known: &["amount", "when"], later: &[] };

pub(super) const SOURCE: Keys = Keys {
    part: "a source",
    known: &[
        "entity",
        "key_required",
        "allow_from",
        "limits",
        "same_payload",
        "map",
        "accept",
        "price",
        "hours",
        "caps",
        "ping_limits",
        "answer",
        "answer_as",
        "feedback",
        "ping",
        "ping_expires",
    ],
    later: &[],
};

const LIMITS: &[&str] = &["concurrent", "per_second", "per_minute", "per_hour", "per_day"];

pub(super) const INTAKE_LIMITS: Keys = Keys { part: "the limits of a source", known: LIMITS, later: &[] };

pub(super) const STEP_LIMITS: Keys = Keys { part: "the limits of a step", known: LIMITS, later: &[] };

pub(super) const MAPPING: Keys = Keys { part: "a mapping", known: &["to", "value", "when"], later: &[] };

pub(super) const FILTER: Keys = Keys {
    part: "a filter",
    known: &["id", "kind", "enabled", "when", "require", "exclude", "on_fail", "outcome", "reason"],
    later: &[],
};

pub(super) const ENHANCEMENT: Keys = Keys {
    part: "an enhancement",
    known: &[
        "id",
        "kind",
        "enabled",
        "when",
        "limits",
        "entity",
        "integration",
        "request",
        "response",
        "timeout",
    ],
    later: &["test"],
};

pub(super) const RECIPIENT: Keys = Keys {
    part: "a recipient",
    known: &[
        "id",
        "kind",
        "enabled",
        "when",
        "limits",
        "entity",
        "integration",
        "request",
        "response",
        "timeout",
        "price",
        "retry",
        "feedback",
        "on_revoked",
        "counts_as",
        "hours",
        "caps",
        "on_error",
        "on_unknown",
        "test",
    ],
    later: &[],
};

/// A recipient of a group: as a lone one, and what only the group gives a meaning.
pub(super) const MEMBER: Keys = Keys {
    part: "a recipient of a group",
    known: &[
        "id",
        "enabled",
        "when",
        "entity",
        "integration",
        "request",
        "response",
        "timeout",
        "price",
        "retry",
        "feedback",
        "on_revoked",
        "limits",
        "counts_as",
        "on_error",
        "on_unknown",
        "test",
        "hours",
        "caps",
        "weight",
        "ping",
    ],
    later: &[],
};

/// What to do about a key that another sort of recipient has.
pub(super) fn elsewhere(keys: &Keys, key: &str) -> Option<&'static str> {
    match (keys.part, key) {
        ("a recipient", "ping" | "weight") => Some("recipients of a group have it (kind: distribute)"),
        ("a recipient of a group", "kind") => Some("leave it out; all in a group are recipients"),
        _ => None,
    }
}

pub(super) const DISTRIBUTE: Keys = Keys {
    part: "a group",
    known: &[
        "id",
        "kind",
        "enabled",
        "when",
        "strategy",
        "max_sales",
        "min_margin",
        "ping_timeout",
        "on_unsold",
        "recipients",
    ],
    later: &[],
};

pub(super) const ON_UNSOLD: Keys =
    Keys { part: "the end of an unsold group", known: &["outcome", "reason"], later: &[] };

pub(super) const PING: Keys =
    Keys { part: "a ping", known: &["request", "response", "integration"], later: &[] };

pub(super) const PING_RESPONSE: Keys = Keys {
    part: "the response of a ping",
    known: &["outcome", "reason", "price", "reference", "values", "capture", "cookie", "content_type"],
    later: &[],
};

pub(super) const REQUEST: Keys = Keys {
    part: "a request",
    known: &[
        "method",
        "url",
        "headers",
        "fields",
        "parameters",
        "basic_auth",
        "ascii",
        "follow_redirects",
        "encode_form_field_names",
        "json_parameter",
        "xml_parameter",
        "extra_parameters",
        "nested_extra_parameters",
        "wsdl",
        "wsdl_file",
        "wsdl_text",
        "wsdl_sha256",
        "function",
        "version",
        "soap_headers",
        "security",
        "bearer_token",
        "root_prefix",
        "root_xmlns",
        "to",
        "cc",
        "bcc",
        "from",
        "reply_to",
        "subject",
        "text",
        "html",
    ],
    later: &[],
};

pub(super) const SECURITY: Keys =
    Keys { part: "the security of a call", known: &["user", "password", "digest"], later: &[] };

pub(super) const XMLNS: Keys =
    Keys { part: "the attribute of the root element", known: &["name", "value"], later: &[] };

pub(super) const BASIC_AUTH: Keys =
    Keys { part: "the basic authentication", known: &["user", "password"], later: &[] };

pub(super) const ENHANCEMENT_RESPONSE: Keys = Keys {
    part: "the response of an enhancement",
    known: &["outcome", "reason", "reference", "values", "capture", "cookie", "content_type"],
    later: &[],
};

pub(super) const RECIPIENT_RESPONSE: Keys = Keys {
    part: "the response of a recipient",
    known: &["outcome", "reason", "price", "reference", "values", "capture", "cookie", "content_type"],
    later: &[],
};

pub(super) const OUTCOME: Keys =
    Keys { part: "the outcome of a response", known: &["path", "term", "on_match"], later: &[] };

pub(super) const REASON: Keys =
    Keys { part: "the reason of a response", known: &["path", "default"], later: &[] };

pub(super) const REPLY_PRICE: Keys =
    Keys { part: "the price of a response", known: &["path", "fallback"], later: &[] };

pub(super) const REFERENCE: Keys = Keys { part: "the reference of a response", known: &["path"], later: &[] };

pub(super) const COOKIE: Keys = Keys { part: "the cookie of a response", known: &["term"], later: &[] };

pub(super) const RETRY: Keys = Keys { part: "the retry policy", known: &["attempts", "backoff"], later: &[] };

pub(super) const FEEDBACK: Keys = Keys {
    part: "the feedback policy",
    known: &["returns", "conversions", "reasons", "approve", "max_returns"],
    later: &[],
};

pub(super) const MAX_RETURNS: Keys =
    Keys { part: "the limit of returns", known: &["share", "per", "at_least"], later: &[] };

pub(super) const SOURCE_FEEDBACK: Keys = Keys {
    part: "the feedback of a source",
    known: &["integration", "request", "response", "timeout", "retry", "types", "refund"],
    later: &[],
};

pub(super) const NOTICE: Keys = Keys {
    part: "the notice of a revocation",
    known: &["integration", "request", "response", "timeout", "retry"],
    later: &[],
};

pub(super) const NOTICE_RESPONSE: Keys =
    Keys { part: "the response of a notice", known: &["outcome", "reason", "content_type"], later: &[] };

pub(super) const RULE: Keys = Keys { part: "a rule", known: &["field", "op", "value"], later: &[] };

pub(super) const WINDOW: Keys = Keys { part: "a length of time", known: &["amount", "unit"], later: &[] };

pub(super) const TEST: Keys = Keys {
    part: "a test",
    known: &["name", "at", "source", "ping", "submit", "replies", "expect", "exact"],
    later: &[],
};

/// What is said to one step: a reply, or what it is to a ping and to the lead itself.
pub(super) const STEP_REPLIES: Keys = Keys {
    part: "a reply",
    known: &["body", "status", "headers", "delay", "fault", "ping", "post"],
    later: &[],
};

pub(super) const REPLY: Keys =
    Keys { part: "a reply", known: &["body", "status", "headers", "delay", "fault"], later: &[] };

pub(super) const GROUPS: [&str; 3] = ["all", "any", "none"];

/// Kinds of steps.
pub(super) const STEP_KINDS: [&str; 4] = ["filter", "enhancement", "recipient", "distribute"];

//! The JSON Schema of flow documents: what `keys` lists, in the form that editors and checkers
//! know; a test holds the two together. It tells the shape of a document; that names and types go together only
//! [`FlowFile::read`](super::FlowFile::read) can tell.

use domain::{
    ALLOW_FROM_MAX, ANSWER_FIELDS_MAX, Against, AnswerForm, BUCKETS_MAX, CAP_EVERY_MAX, CAP_LEADS_MAX,
    CAPS_MAX, CIRCUIT_ERRORS, CapUnit, Circuit, DIMS_MAX, DUPLICATE_RULES_MAX, DuplicateScope, FIELDS_MAX,
    FieldType, Integration, LIMIT_MAX, Method, Operator, PING_LIMITS_MAX, REASON_CHARS_MAX, SOURCES_MAX,
    STEPS_MAX, SUPPRESS_MAX, Strategy, TEMPLATE_BYTES_MAX,
};
use serde_json::{Map, Value, json};

use super::entities::KINDS;
use super::feedback::{APPROVALS, AT_LEAST_MAX, TYPES};
use super::flow::{PARTNER_WORDS_CHARS_MAX, REASONS_MAX};
use super::flow_test::{FAULTS, REPLIES_MAX, STATUSES, TESTS_MAX};
use super::gates::STRETCHES_MAX;
use super::prices::PRICE_ROWS_MAX;
use super::reader::NAME_CHARS_MAX;
use super::requests;
use super::responses::{self, ENDINGS};
use super::secrets::FILE_SECRETS_MAX;
use super::sources::MAPPINGS_MAX;
use super::{groups, keys};
use crate::outbound::RECIPIENTS_MAX;

/// The JSON Schema (draft 2020-12) of the flow documents that this release reads. Keys of later
/// releases are not in it.
pub fn schema() -> Value {
    let mut schema = object(
        &["flow"],
        "A flow and the parties it names",
        json!({
            "entities": {
                "description": "The other parties: what is missing is created, what exists is left alone",
                "type": "object",
                "propertyNames": { "pattern": "^(src|buyer|svc)_[a-z0-9_]{1,64}$" },
                "additionalProperties": reference("entity"),
            },
            "flow": reference("flow"),
            "lists": {
                "description": "Suppression lists: what is missing is created, empty",
                "type": "array", "items": reference("list_name"),
            },
            "secrets": {
                "description": "Names of the secrets that requests are filled with as {{secret.name}}; their values are set with `glassline secret set`",
                "type": "array", "maxItems": FILE_SECRETS_MAX, "uniqueItems": true,
                "items": { "type": "string", "pattern": "^[a-z0-9_]{1,64}$" },
            },
            "tests": {
                "description": "What becomes of made-up submissions; tried by `glassline flow test`, no part of what is published",
                "type": "array", "maxItems": TESTS_MAX, "items": reference("test"),
            },
        }),
    );
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Flow",
        "$defs": definitions(),
    });
    merge(&mut schema, head);
    schema
}

fn definitions() -> Value {
    let mut all = Map::new();
    for part in
        [texts(), conditions(), parties(), gates(), prices(), steps(), feedback(), exchanges(), tests()]
    {
        merge_map(&mut all, part);
    }
    Value::Object(all)
}

/// Texts and numbers with a form of their own.
fn texts() -> Value {
    json!({
        "name": {
            "description": "What people call it",
            "type": "string", "minLength": 1, "maxLength": NAME_CHARS_MAX, "pattern": "\\S",
        },
        "reason": {
            "description": "A sentence that is recorded in the clear: no values of the lead",
            "type": "string", "minLength": 1, "maxLength": REASON_CHARS_MAX, "pattern": "\\S",
        },
        "amount": {
            "description": "An exact amount of the installation's currency, from 0 to 1,000,000",
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1_000_000 },
                { "type": "string", "pattern": "^\\+?([0-9]+(\\.[0-9]+)?|\\.[0-9]+)$" },
            ],
        },
        "duration": {
            "description": "A length of time, such as 500ms 10s 5m 2h 30d 4w 2y (365 days)",
            "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w|y)$",
        },
        "template": {
            "description": "Text with {{path}} for what differs by lead; a number, true or false stands for itself",
            "type": ["string", "number", "boolean"], "maxLength": TEMPLATE_BYTES_MAX,
        },
        "step_id": { "description": "Unique within the flow", "type": "string", "pattern": "^[a-z0-9_]{1,64}$" },
        "field_name": {
            "type": "string", "maxLength": 64, "pattern": "^[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)*$",
        },
        "field_type": { "enum": FieldType::ALL.map(FieldType::as_str) },
        "path": {
            "description": "A place in a reply: keys and numbers of items with dots between, * for all",
            "type": ["string", "number", "boolean"], "maxLength": 500,
        },
        "time_zone": { "description": "A place of the IANA database, such as America/Chicago", "type": "string" },
        "list_name": { "type": "string", "pattern": "^[a-z0-9_]{1,64}$" },
        "ending": { "enum": ENDINGS.map(|(word, _)| word) },
    })
}

fn conditions() -> Value {
    let group = |key: &str, meaning: &str| {
        json!({
            "description": meaning,
            "type": "object",
            "properties": { key: { "type": "array", "items": reference("condition") } },
            "required": [key],
            "additionalProperties": false,
        })
    };
    let operators: Vec<Value> = Operator::ALL
        .into_iter()
        .flat_map(|operator| {
            [operator.as_str(), operator.short()].into_iter().chain(operator.other_spelling())
        })
        // The short names `true` and `false` are truth values to YAML.
        .chain(["true", "false"])
        .map(Value::from)
        .chain([Value::Bool(true), Value::Bool(false)])
        .fold(Vec::new(), |mut all, word| {
            if !all.contains(&word) {
                all.push(word);
            }
            all
        });
    json!({
        "condition": {
            "description": "One rule, or a group of conditions",
            "anyOf": [
                reference("rule"),
                group("all", "Holds when each member does"),
                group("any", "Holds when some member does"),
                group("none", "Holds when no member does"),
            ],
        },
        "rule": object(&["field", "op"], "Asks something of one value of the lead", json!({
            "field": {
                "description": "lead.<field>, lead.<field>.<component>, <earlier step>.<value> or source.name; below map the name of a raw parameter; or a template of these",
                "type": "string",
            },
            "op": { "description": "The operator, by its long or short name", "enum": operators },
            "value": {
                "description": "What to compare with; texts may be templates",
                "anyOf": [
                    reference("scalar"),
                    { "type": "array", "items": reference("scalar") },
                    reference("window"),
                ],
            },
        })),
        "window": object(&["amount", "unit"], "A length of time, as 30 days", json!({
            "amount": { "description": "A whole number", "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": domain::WINDOW_AMOUNT_MAX },
                { "type": "string" },
            ] },
            "unit": { "description": "seconds, minutes, hours, days, weeks, months or years", "type": "string" },
        })),
        "scalar": { "type": ["string", "number", "boolean"] },
        "check": {
            "oneOf": [{ "required": ["require"] }, { "required": ["exclude"] }],
        },
        "accept": with(
            object(&[], "What every lead must fulfil", json!({
                "require": reference("condition"),
                "exclude": reference("condition"),
                "reason": reference("reason"),
            })),
            json!({ "allOf": [reference("check")] }),
        ),
    })
}

fn parties() -> Value {
    json!({
        "entity": object(&["kind", "name"], "Another party", json!({
            "kind": { "enum": KINDS.map(|(word, _)| word) },
            "name": reference("name"),
            "time_zone": reference("time_zone"),
            "hours": reference("hours"),
            "caps": caps("entity_cap"),
            "limits": reference("entity_limits"),
            "circuit": reference("circuit"),
        })),
        "circuit": object(&[], "When a buyer or service that gives no usable answer is left alone for a while", json!({
            "errors": {
                "description": "After so many errors in a row",
                "type": "integer", "minimum": CIRCUIT_ERRORS.start(), "maximum": CIRCUIT_ERRORS.end(),
                "default": Circuit::default().errors,
            },
            "cool_down": reference("duration"),
        })),
        "entity_limits": limits("How often it sends, or is asked, in all flows together"),
        "flow": object(&["id", "name"], "The flow", json!({
            "id": { "type": "string", "pattern": "^flow_[a-z0-9_]{1,64}$" },
            "name": reference("name"),
            "enabled": { "description": "Whether it takes leads", "type": "boolean", "default": true },
            "time_zone": reference("time_zone"),
            "duplicates": {
                "description": "What makes a lead the same as an earlier one",
                "type": "array", "maxItems": DUPLICATE_RULES_MAX, "items": reference("duplicate"),
            },
            "suppress": {
                "description": "Lists whose leads are refused",
                "type": "array", "maxItems": SUPPRESS_MAX, "items": reference("suppress"),
            },
            "hours": reference("hours"),
            "caps": caps("cap"),
            "ping_limits": ping_limits(),
            "fields": {
                "description": "Only these become lead.…; short form is name: type",
                "type": "object",
                "maxProperties": FIELDS_MAX,
                "propertyNames": reference("field_name"),
                "additionalProperties": { "anyOf": [reference("field_type"), reference("field")] },
            },
            "dims": {
                "description": "What is kept in the clear for reports: what has few possible values",
                "type": "array", "maxItems": DIMS_MAX,
                "items": { "anyOf": [reference("dim_path"), reference("dim")] },
            },
            "reasons": {
                "description": "Partners' words, and the reason that is recorded in the clear for them",
                "type": "object",
                "maxProperties": REASONS_MAX,
                "propertyNames": { "minLength": 1, "maxLength": PARTNER_WORDS_CHARS_MAX },
                "additionalProperties": reference("reason"),
            },
            "accept": reference("accept"),
            "price": reference("purchase_price"),
            "feedback": reference("feedback"),
            "deadline": {
                "description": "When a source has its answer at the latest, from 1ms to 10m; left out: when the flow ends",
                "allOf": [reference("duration")],
            },
            "on_deadline": {
                "description": "The answer then, unless the lead is sold; error unless said otherwise",
                "allOf": [reference("ending")],
            },
            "retention": reference("retention"),
            "sources": { "type": "array", "maxItems": SOURCES_MAX, "items": reference("source") },
            "steps": { "type": "array", "maxItems": STEPS_MAX, "items": reference("step") },
        })),
        "retention": object(&[], "How long what is recorded of its leads is to be kept, from 1d to 100y; on record only, nothing is deleted by it yet", json!({
            "bodies": {
                "description": "What can be read of a lead; left out: as long as the installation keeps it",
                "allOf": [reference("duration")],
            },
            "headers": {
                "description": "That there was a lead, and what became of it; at least as long as bodies",
                "allOf": [reference("duration")],
            },
        })),
        "dim_path": {
            "description": "lead.<field>, lead.<field>.<component> or appended.<step>.<value>",
            "type": "string", "pattern": "^(lead|appended)\\.",
        },
        "dim": object(&["field", "buckets"], "A number that is counted between bounds", json!({
            "field": reference("dim_path"),
            "buckets": {
                "description": "Where a bucket ends and the next begins; ascending",
                "type": "array", "minItems": 1, "maxItems": BUCKETS_MAX, "items": { "type": "number", "minimum": 0 },
            },
        })),
        "field": object(&["type"], "A field of the lead", json!({
            "type": reference("field_type"),
            "required": { "description": "Whether a lead without it is refused", "type": "boolean", "default": false },
            "values": {
                "description": "What it may be; for strings, and for each item of a list",
                "type": "array", "minItems": 1, "maxItems": 500, "items": { "type": "string" },
            },
        })),
        "source": object(&["entity"], "Where leads come from", json!({
            "entity": { "type": "string", "pattern": "^src_[a-z0-9_]{1,64}$" },
            "key_required": {
                "description": "Whether a submission needs a key of the scope submit:<source>",
                "type": "boolean", "default": true,
            },
            "map": {
                "description": "Raw parameter to field, in order; later ones overwrite",
                "type": "array", "maxItems": MAPPINGS_MAX, "items": reference("mapping"),
            },
            "accept": reference("accept"),
            "price": reference("purchase_price"),
            "allow_from": {
                "description": "Ranges of addresses that submissions may come from; left out: anywhere",
                "type": "array", "minItems": 1, "maxItems": ALLOW_FROM_MAX,
                "items": { "type": "string", "pattern": "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$" },
            },
            "limits": reference("intake_limits"),
            "same_payload": {
                "description": "For how long, up to 24h, an identical submission gets the first answer; left out: each is a lead",
                "allOf": [reference("duration")],
            },
            "answer": {
                "description": "What the source is told: outcome, reason, price, lead.id, lead.<field>, <step>.<value>",
                "type": "array", "maxItems": ANSWER_FIELDS_MAX,
                "items": { "type": "string", "minLength": 1 },
            },
            "answer_as": {
                "description": "The form of the answer for who takes any",
                "enum": AnswerForm::ALL.map(AnswerForm::as_str), "default": AnswerForm::default().as_str(),
            },
            "feedback": reference("source_feedback"),
            "hours": reference("hours"),
            "caps": caps("cap"),
            "ping_limits": ping_limits(),
            "ping": {
                "description": "Whether it may ask for a price before it sends a lead",
                "type": "boolean", "default": false,
            },
            "ping_expires": {
                "description": "How long the offer of a ping stands, from 1s to 1d; 60s unless said otherwise",
                "allOf": [reference("duration")],
            },
        })),
        "intake_limits": limits("How many submissions are taken; more are answered 429"),
        "step_limits": limits("How often the step asks; more wait for their turn"),
        "limit": { "type": "integer", "minimum": 1, "maximum": LIMIT_MAX },
        "mapping": object(&["to", "value"], "Puts a value under the name of a field", json!({
            "to": reference("field_name"),
            "value": reference("template"),
            "when": reference("condition"),
        })),
    })
}

fn limits(description: &str) -> Value {
    let keys = ["concurrent", "per_second", "per_minute", "per_hour", "per_day"];
    let properties: Map<String, Value> =
        keys.into_iter().map(|key| (key.to_owned(), reference("limit"))).collect();
    object(&[], description, Value::Object(properties))
}

fn caps(part: &str) -> Value {
    json!({
        "description": "How many leads may succeed in a time, or what they may cost",
        "type": "array", "maxItems": CAPS_MAX, "items": reference(part),
    })
}

fn ping_limits() -> Value {
    json!({
        "description": "How often prices may be asked for; beyond that pings are refused with 429",
        "type": "array", "maxItems": PING_LIMITS_MAX, "items": reference("ping_limit"),
    })
}

fn gates() -> Value {
    let period = json!({
        "name": reference("name"),
        "per": { "description": "A unit of the calendar; weeks begin on Monday", "enum": CapUnit::ALL.map(CapUnit::as_str) },
        "every": { "description": "So many units make one period", "type": "integer", "minimum": 1, "maximum": CAP_EVERY_MAX, "default": 1 },
        "time_zone": reference("time_zone"),
    });
    let cap = |description: &str, more: Value| {
        let mut properties = period.clone();
        merge(
            &mut properties,
            json!({
                "max_leads": { "description": "So many leads", "type": "integer", "minimum": 0, "maximum": CAP_LEADS_MAX },
                "max_spend": {
                    "description": "So much money, from 0 to 1,000,000,000",
                    "anyOf": [
                        { "type": "number", "minimum": 0, "maximum": 1_000_000_000 },
                        { "type": "string", "pattern": "^\\+?([0-9]+(\\.[0-9]+)?|\\.[0-9]+)$" },
                    ],
                },
                "reason": reference("reason"),
            }),
        );
        merge(&mut properties, more);
        with(
            object(&["name", "per"], description, properties),
            json!({ "oneOf": [{ "required": ["max_leads"] }, { "required": ["max_spend"] }] }),
        )
    };
    json!({
        "hours": {
            "description": "Days (mon) or ranges of days (mon-fri), and when they are open; other days are closed",
            "type": "object",
            "propertyNames": { "pattern": format!("^{0}( *- *{0})?$", "([mM][oO][nN]|[tT][uU][eE]|[wW][eE][dD]|[tT][hH][uU]|[fF][rR][iI]|[sS][aA][tT]|[sS][uU][nN])") },
            "additionalProperties": {
                "type": "array", "maxItems": STRETCHES_MAX,
                "items": { "type": "string", "pattern": "^ *(24[hH]|[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2}) *$" },
            },
        },
        "duplicate": object(&["name", "key", "window"], "A lead whose key is that of an earlier one is refused", json!({
            "name": reference("name"),
            "key": reference("template"),
            "window": { "description": "For how long an earlier lead counts, 1s to 2y", "allOf": [reference("duration")] },
            "scope": {
                "description": "Among which leads; installation: of all flows with a rule of this name and scope",
                "enum": DuplicateScope::ALL.map(|(word, _)| word), "default": "flow",
            },
            "against": {
                "description": "How far an earlier lead must have come to count",
                "enum": Against::ALL.map(|(word, _)| word), "default": "accepted",
            },
        })),
        "suppress": object(&["list", "value"], "A lead whose value is on the list is refused", json!({
            "list": reference("list_name"),
            "value": reference("template"),
            "reason": reference("reason"),
        })),
        "cap": cap("A lead that it counts is refused when it is full", json!({ "when": reference("condition") })),
        "entity_cap": cap("Counts the leads of a party in all flows", json!({})),
        "ping_limit": object(&["name", "max", "per"], "Every ping counts, whatever comes of it", {
            let mut properties = period;
            merge(&mut properties, json!({
                "max": { "description": "So many pings", "type": "integer", "minimum": 0, "maximum": CAP_LEADS_MAX },
            }));
            properties
        }),
    })
}

fn prices() -> Value {
    let one_of = json!({
        "oneOf": [{ "required": ["fixed"] }, { "required": ["table"] }, { "required": ["from"] }],
    });
    let table = json!({
        "description": "The last row whose condition holds counts",
        "type": "array", "minItems": 1, "maxItems": PRICE_ROWS_MAX, "items": reference("price_row"),
    });
    json!({
        "purchase_price": with(
            object(&[], "What a source is paid", json!({
                "fixed": reference("amount"),
                "table": table,
                "from": { "description": "What the source names in the parameter price", "const": "submission" },
                "share": {
                    "description": "This part, more than 0 and at most 1, of what the lead is sold for",
                    "anyOf": [
                        { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
                        { "type": "string", "pattern": "^\\+?([0-9]+(\\.[0-9]+)?|\\.[0-9]+)$" },
                    ],
                },
                "of": { "description": "The bids sold", "const": "bid" },
            })),
            json!({
                "oneOf": [
                    { "required": ["fixed"] }, { "required": ["table"] }, { "required": ["from"] },
                    { "required": ["share", "of"] },
                ],
                "dependentRequired": { "of": ["share"] },
            }),
        ),
        "sale_price": with(
            with(
                object(&[], "What a recipient pays", json!({
                    "fixed": reference("amount"),
                    "table": table,
                    "from": { "description": "What its reply names, or what it bid", "enum": ["reply", "bid"] },
                    "floor": {
                        "description": "A lower price from the reply is flagged, a lower bid is not taken",
                        "allOf": [reference("amount")],
                    },
                    "max_price": {
                        "description": "The most that the reply can make it pay; budgets reserve it",
                        "allOf": [reference("amount")],
                    },
                })),
                one_of,
            ),
            json!({ "dependentRequired": { "floor": ["from"], "max_price": ["from"] } }),
        ),
        "price_row": object(&["amount"], "A price, and for which leads", json!({
            "amount": reference("amount"),
            "when": reference("condition"),
        })),
    })
}

fn steps() -> Value {
    let integrations = Integration::ALL.map(Integration::as_str);
    let answering: Vec<&str> =
        integrations.into_iter().filter(|word| *word != Integration::Email.as_str()).collect();
    let kind = |kind: &str| json!({ "const": kind });
    let enabled = json!({ "description": "Whether it is run at all", "type": "boolean", "default": true });
    let timeout = json!({
        "description": "How long the whole exchange may take, up to 2m; 10s unless said otherwise",
        "allOf": [reference("duration")],
    });
    let slot = |meaning: &str, default: &str| json!({ "description": meaning, "enum": ["next", "hold"], "default": default });
    let recipient = json!({
        "id": reference("step_id"),
        "enabled": enabled,
        "when": reference("condition"),
        "entity": { "type": "string", "pattern": "^(buyer|svc)_[a-z0-9_]{1,64}$" },
        "integration": { "enum": integrations },
        "request": reference("request"),
        "response": reference("recipient_response"),
        "timeout": timeout,
        "limits": reference("step_limits"),
        "price": reference("sale_price"),
        "retry": reference("retry"),
        "feedback": reference("feedback"),
        "on_revoked": reference("notice"),
        "counts_as": { "description": "copy: not a sale, out of revenue and sold counts", "const": "copy" },
        "hours": reference("hours"),
        "caps": caps("cap"),
        "on_error": slot("After a known fault, while another attempt waits: go on, or hold the sale for it", "next"),
        "on_unknown": slot("While nobody knows whether it has the lead: risk a second sale, or hold this one", "hold"),
        "test": {
            "description": "What it gets of test leads: the lead, or nothing, and what would be sent is recorded",
            "enum": ["deliver", "simulate"], "default": "deliver",
        },
    });
    let mut member = recipient.clone();
    merge(
        &mut member,
        json!({
            "weight": {
                "description": "How often it is asked first, beside the others of a weighted group",
                "type": "integer", "minimum": 0, "maximum": domain::WEIGHT_MAX, "default": 1,
            },
            "ping": reference("ping"),
        }),
    );
    json!({
        "step": {
            "description": "What is done with an accepted lead",
            "type": "object",
            "required": ["kind"],
            "properties": { "kind": { "enum": keys::STEP_KINDS } },
            "allOf": keys::STEP_KINDS.map(|kind| json!({
                "if": { "properties": { "kind": { "const": kind } } },
                "then": reference(kind),
            })),
        },
        "filter": with(
            object(&["id", "kind"], "Lets a lead through, or does not", json!({
                "id": reference("step_id"),
                "kind": kind("filter"),
                "enabled": enabled,
                "when": reference("condition"),
                "require": reference("condition"),
                "exclude": reference("condition"),
                "on_fail": { "enum": ["stop", "continue"], "default": "stop" },
                "outcome": { "description": "What the flow ends with when it stops here", "allOf": [reference("ending")] },
                "reason": reference("reason"),
            })),
            json!({ "allOf": [reference("check")] }),
        ),
        "enhancement": with(
            object(&["id", "kind", "entity", "integration", "request"],
                "Asks a service for more about the lead",
                json!({
                    "id": reference("step_id"),
                    "kind": kind("enhancement"),
                    "enabled": enabled,
                    "when": reference("condition"),
                    "entity": { "type": "string", "pattern": "^svc_[a-z0-9_]{1,64}$" },
                    "integration": { "enum": answering },
                    "request": reference("request"),
                    "response": reference("enhancement_response"),
                    "timeout": timeout,
                    "limits": reference("step_limits"),
                }),
            ),
            json!({ "allOf": [reference("form")] }),
        ),
        "recipient": with(
            object(&["id", "kind", "entity", "integration", "request"],
                "Offers the lead to a buyer, or hands it to a system of one's own",
                with(recipient, json!({
                    "kind": kind("recipient"),
                    // Only in a group there are bids.
                    "price": with(reference("sale_price"), json!({ "properties": { "from": { "const": "reply" } } })),
                })),
            ),
            json!({ "allOf": [reference("form"), reference("priced")] }),
        ),
        "member": with(
            object(&["id", "entity", "integration", "request"], "Offers the lead to one recipient of a group", member),
            json!({ "allOf": [reference("form"), reference("priced")] }),
        ),
        "distribute": object(&["id", "kind", "strategy", "recipients"],
            "Offers the lead to several recipients, of which some may have it",
            json!({
                "id": reference("step_id"),
                "kind": kind("distribute"),
                "enabled": enabled,
                "when": reference("condition"),
                "strategy": {
                    "description": "Who is asked first",
                    "enum": Strategy::ALL.map(Strategy::as_str),
                },
                "max_sales": {
                    "description": "How many may have the lead; 1 unless said otherwise, with the strategy all everyone",
                    "type": "integer", "minimum": 1, "maximum": groups::SALES_MAX,
                },
                "min_margin": {
                    "description": "What an offer must leave over the purchase price",
                    "allOf": [reference("amount")],
                },
                "ping_timeout": {
                    "description": "How long all pings together may take, up to 30s; 2s unless said otherwise",
                    "allOf": [reference("duration")],
                },
                "on_unsold": reference("on_unsold"),
                "recipients": {
                    "type": "array", "minItems": 1, "maxItems": domain::RECIPIENTS_MAX, "items": reference("member"),
                },
            }),
        ),
        "on_unsold": object(&[], "How the flow ends when nobody has the lead; left out: it goes on", json!({
            "outcome": { "description": "failure unless said otherwise", "allOf": [reference("ending")] },
            "reason": reference("reason"),
        })),
        "ping": with(
            object(&["request", "response"], "Asks a buyer what it offers, before it has the lead", json!({
                "integration": { "description": "Left out: the recipient's own", "enum": answering },
                "request": reference("request"),
                "response": reference("ping_response"),
            })),
            json!({ "allOf": [reference("form")] }),
        ),
        "retry": object(&["attempts"], "When a fault is followed by another attempt", json!({
            "attempts": {
                "description": "The first included",
                "type": "integer", "minimum": 1, "maximum": domain::ATTEMPTS_MAX,
            },
            "backoff": {
                "description": "The waits before the second attempt, the third …; up to 7d each, the last stands for all that follow",
                "type": "array", "minItems": 1, "maxItems": domain::ATTEMPTS_MAX, "items": reference("duration"),
            },
        })),
    })
}

/// What comes back from buyers, and who is told of it.
fn feedback() -> Value {
    let window = |meaning: &str| {
        json!({
            "description": format!("{meaning}, up to 2y; true: at any time, false: not at all"),
            "anyOf": [reference("duration"), { "type": "boolean" }],
        })
    };
    let told = |extra: Value| {
        let mut properties = json!({
            "integration": { "enum": Integration::ALL.map(Integration::as_str) },
            "request": reference("request"),
            "response": reference("notice_response"),
            "timeout": reference("duration"),
            "retry": reference("retry"),
        });
        merge(&mut properties, extra);
        properties
    };
    json!({
        "feedback": object(&[], "What buyers may report back; a recipient stands over its flow", json!({
            "returns": window("How long after the delivery a lead can be given back"),
            "conversions": window("How long after the delivery it can be reported as a customer"),
            "reasons": {
                "description": "Why a lead can be given back; left out: for any reason",
                "type": "array", "minItems": 1, "maxItems": domain::REPORT_REASONS_MAX, "items": reference("reason"),
            },
            "approve": {
                "description": "manual: somebody approves or declines each report",
                "enum": APPROVALS.map(|(word, _)| word), "default": "auto",
            },
            "max_returns": reference("max_returns"),
        })),
        "max_returns": object(&["share", "per"], "How much of what it bought in a period a buyer may give back", json!({
            "share": {
                "description": "Which part, from 0 to 1",
                "anyOf": [
                    { "type": "number", "minimum": 0, "maximum": 1 },
                    { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
                ],
            },
            "per": { "enum": domain::ReturnPeriod::ALL.map(|(word, _)| word) },
            "at_least": {
                "description": "So many leads of a period can be given back in any case",
                "type": "integer", "minimum": 0, "maximum": AT_LEAST_MAX, "default": 0,
            },
        })),
        "source_feedback": with(
            object(&[], "What becomes of feedback at a source", told(json!({
                "types": {
                    "description": "Of what it is told; left out: of both",
                    "type": "array", "minItems": 1, "items": { "enum": TYPES.map(|(word, _)| word) },
                },
                "refund": {
                    "description": "Whether it gives back what it was paid for a lead that every buyer gave back",
                    "type": "boolean", "default": true,
                },
            }))),
            json!({
                "dependentRequired": { "integration": ["request"], "request": ["integration"], "types": ["integration"] },
                "allOf": [reference("form")],
            }),
        ),
        "notice": with(
            object(&["integration", "request"], "How a buyer is told that consent was withdrawn", told(json!({}))),
            json!({ "allOf": [reference("form")] }),
        ),
        "notice_response": object(&[], "How the reply is read; left out: any reply below 500 is a success", json!({
            "outcome": reference("reply_outcome"),
            "reason": reference("reply_reason"),
            "content_type": { "description": "The form of the reply, whatever its own content type says", "type": "string" },
        })),
    })
}

/// An address of the web whose host is written out.
const WEB_URL: &str = "^https?://[^/?{}@\\s\\\\]+([/?]|$)";
/// The address of a mail server.
const MAIL_URL: &str = "^(smtps://[^/?{}@\\s\\\\]+/?|smtp://[^/?{}@\\s\\\\]+/?([?]tls=none)?)$";

fn exchanges() -> Value {
    let own_headers = requests::OWN_HEADERS.map(anycase).join("|");
    let fields = json!({
        "description": "Dotted names nest in JSON, numbers make lists",
        "type": "object",
        "maxProperties": requests::FIELDS_MAX,
        "propertyNames": { "minLength": 1, "maxLength": requests::FIELD_NAME_BYTES_MAX },
        "additionalProperties": reference("template"),
    });
    let mailboxes = json!({
        "description": "Whom a message goes to: addresses with commas between or as a list, each perhaps as Name <address>",
        "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "minItems": 1, "maxItems": RECIPIENTS_MAX, "items": { "type": "string", "minLength": 1 } },
        ],
    });
    let response = |extra: Value| {
        let mut properties = json!({
            "outcome": reference("reply_outcome"),
            "reason": reference("reply_reason"),
            "reference": reference("reply_reference"),
            "capture": {
                "description": "What is taken out of a reply in text or HTML, by name: the first group of an expression",
                "type": "object",
                "maxProperties": responses::CAPTURES_MAX,
                "additionalProperties": { "type": "string", "maxLength": 1000 },
            },
            "cookie": reference("reply_cookie"),
            "content_type": {
                "description": "The form of the reply, whatever its own content type says, such as application/json",
                "type": "string",
            },
            "values": {
                "description": "What some values of the reply may be, by path; these tell nothing about a person",
                "type": "object",
                "maxProperties": responses::VALUES_MAX,
                "additionalProperties": {
                    "type": "array", "minItems": 1, "maxItems": responses::WORDS_MAX,
                    "items": { "type": ["string", "number", "boolean"], "maxLength": responses::WORD_BYTES_MAX },
                },
            },
        });
        merge(&mut properties, extra);
        object(&[], "How the reply is read; left out: any reply below 500 is a success", properties)
    };
    let methods: Vec<Value> = Integration::ALL
        .into_iter()
        .map(|integration| {
            let (other, methods) = (
                if integration == Integration::CustomQuery { "fields" } else { "parameters" },
                integration
                    .methods()
                    .iter()
                    .flat_map(|method| [method.as_str().to_owned(), method.as_str().to_ascii_lowercase()])
                    .collect::<Vec<_>>(),
            );
            let required: &[&str] = match integration {
                Integration::CustomSoap => &["function"],
                Integration::Email => &["to", "subject"],
                Integration::CustomJson
                | Integration::CustomForm
                | Integration::CustomQuery
                | Integration::CustomXml => &["url"],
            };
            let url = if integration == Integration::Email { MAIL_URL } else { WEB_URL };
            let mut properties =
                json!({ "method": { "enum": methods }, other: false, "url": { "pattern": url } });
            for (key, integrations) in requests::KEYS_OF {
                if !integrations.contains(&integration) {
                    merge(&mut properties, json!({ key: false }));
                }
            }
            let mut request = json!({ "properties": properties, "required": required });
            let mut step = json!({});
            if integration == Integration::CustomSoap {
                let places = ["wsdl", "wsdl_file", "wsdl_text"].map(|key| json!({ "required": [key] }));
                merge(&mut request, json!({ "anyOf": places }));
            }
            if integration == Integration::Email {
                let has_text = json!({ "anyOf": [{ "required": ["text"] }, { "required": ["html"] }] });
                let has_server = json!({ "dependentRequired": { "basic_auth": ["url"] } });
                merge(&mut request, with(has_text, has_server));
                merge(&mut step, json!({ "response": false }));
            }
            merge(&mut step, json!({ "request": request }));
            json!({
                // A ping may leave it out, and then has that of its recipient.
                "if": { "properties": { "integration": { "const": integration.as_str() } }, "required": ["integration"] },
                "then": { "properties": step },
            })
        })
        .collect();
    json!({
        "form": { "description": "Methods, and fields or parameters, as the integration has them", "allOf": methods },
        "priced": {
            "description": "A price from the reply needs its place there",
            "if": {
                "properties": { "price": { "properties": { "from": { "const": "reply" } }, "required": ["from"] } },
                "required": ["price"],
            },
            "then": { "properties": { "response": { "required": ["price"] } }, "required": ["response"] },
        },
        "request": object(&[], "What is sent", json!({
            "method": { "type": "string", "pattern": Method::ALL.map(|method| format!("^{}$", anycase(&method.as_str().to_ascii_lowercase()))).join("|") },
            "url": {
                "description": "Scheme and host are written out; the rest may hold {{path}}, but for a mail server: smtps://host, smtp://host, smtp://host?tls=none",
                "type": "string", "maxLength": TEMPLATE_BYTES_MAX,
            },
            "headers": {
                "type": "object",
                "maxProperties": requests::HEADERS_MAX,
                "propertyNames": {
                    "pattern": "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$",
                    "maxLength": requests::HEADER_NAME_BYTES_MAX,
                    "not": { "pattern": format!("^({own_headers})$") },
                },
                "additionalProperties": reference("template"),
            },
            "fields": fields,
            "parameters": fields,
            "basic_auth": reference("basic_auth"),
            "ascii": { "description": "Texts lose their accents and what else is not ASCII", "type": "boolean", "default": false },
            "follow_redirects": { "description": "Left out: only custom_query does", "type": "boolean" },
            "encode_form_field_names": { "description": "Whether names of form fields are escaped", "type": "boolean", "default": true },
            "json_parameter": { "description": "The JSON goes into this parameter of a form", "type": "string", "minLength": 1, "maxLength": requests::FIELD_NAME_BYTES_MAX },
            "xml_parameter": { "description": "The XML goes into this parameter of a form", "type": "string", "minLength": 1, "maxLength": requests::FIELD_NAME_BYTES_MAX },
            "wsdl": { "description": "The address of the WSDL, which is fetched when the flow is published", "type": "string", "pattern": "^https?://" },
            "wsdl_file": { "description": "The file of the WSDL, beside the flow file; read when the flow is published", "type": "string" },
            "wsdl_text": { "description": "The WSDL itself; with it nothing is fetched or read", "type": "string", "maxLength": crate::outbound::WSDL_BYTES_MAX },
            "wsdl_sha256": { "description": "SHA-256 of the WSDL; another document is refused", "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" },
            "function": { "description": "The operation of the WSDL that is called", "type": "string" },
            "version": { "description": "1.1 or 1.2; left out: whichever the WSDL has first", "type": ["string", "number"] },
            "soap_headers": fields,
            "security": reference("security"),
            "bearer_token": reference("template"),
            "root_prefix": { "description": "The prefix of the element in the body", "type": "string" },
            "root_xmlns": reference("root_xmlns"),
            "extra_parameters": fields,
            "nested_extra_parameters": fields,
            "to": mailboxes,
            "cc": mailboxes,
            "bcc": mailboxes,
            "from": { "description": "Who writes; left out: whom the installation names", "type": "string", "minLength": 1 },
            "reply_to": { "description": "To whom answers go", "type": "string", "minLength": 1 },
            "subject": reference("template"),
            "text": { "description": "The message as text", "allOf": [reference("template")] },
            "html": { "description": "The message as HTML; values are escaped for it", "allOf": [reference("template")] },
        })),
        "enhancement_response": response(json!({})),
        "recipient_response": response(json!({ "price": reference("reply_price") })),
        "ping_response": with(
            response(json!({ "price": reference("reply_price") })),
            json!({ "required": ["price"] }),
        ),
        "reply_outcome": with(
            object(&[], "What tells yes from no, without regard to case", json!({
                "path": reference("path"),
                "term": {
                    "description": "Text, or an expression between slashes; left out: anything that is not blank",
                    "type": ["string", "number", "boolean"], "maxLength": 1000,
                },
                "on_match": { "description": "What it means when the term is found", "allOf": [reference("ending")] },
            })),
            json!({ "anyOf": [{ "required": ["term"] }, { "required": ["on_match"] }] }),
        ),
        "reply_reason": object(&[], "Where a no says why", json!({
            "path": reference("path"),
            "default": { "description": "Said when nothing stands there", "allOf": [reference("reason")] },
        })),
        "reply_price": object(&["path"], "Where the price stands", json!({
            "path": reference("path"),
            "fallback": { "description": "The price when no amount stands there; 0 unless said otherwise", "allOf": [reference("amount")] },
        })),
        "basic_auth": object(&["user", "password"], "User and password of HTTP's basic authentication", json!({
            "user": reference("template"),
            "password": reference("template"),
        })),
        "security": object(&["user", "password"], "User and password within the envelope of SOAP", json!({
            "user": reference("template"),
            "password": reference("template"),
            "digest": { "description": "Whether the password is sent as a digest", "type": "boolean", "default": false },
        })),
        "root_xmlns": object(&["name", "value"], "An attribute more of the element in the body of SOAP", json!({
            "name": { "type": "string" },
            "value": { "type": "string" },
        })),
        "reply_cookie": object(&["term"], "Picks one Set-Cookie line, appended as cookie", json!({
            "term": { "description": "Text, or an expression between slashes", "type": ["string", "number", "boolean"], "maxLength": 1000 },
        })),
        "reply_reference": object(&["path"], "Where the other party's own id stands", json!({
            "path": reference("path"),
        })),
    })
}

fn tests() -> Value {
    let fault = json!({
        "description": "What happens in place of a reply",
        "enum": FAULTS.map(|(word, _)| word),
    });
    let reply = json!({
        "body": { "description": "Text, or anything else, which is sent as JSON" },
        "status": {
            "description": "200 unless said otherwise, of a mail server 250",
            "type": "integer", "minimum": STATUSES.start(), "maximum": STATUSES.end(),
        },
        "headers": {
            "type": "object",
            "additionalProperties": { "anyOf": [
                reference("scalar"),
                { "type": "array", "items": reference("scalar") },
            ] },
        },
        "delay": {
            "description": "How long it takes, up to 1d; with the step's timeout or longer there is none",
            "allOf": [reference("duration")],
        },
        "fault": fault,
    });
    let in_turn = json!({
        "description": "One reply, or a list: one for each attempt, and the last for whatever comes after it",
        "anyOf": [
            reference("test_reply"),
            { "type": "array", "minItems": 1, "maxItems": REPLIES_MAX, "items": reference("test_reply") },
        ],
    });
    let mut step_reply = reply.clone();
    merge(&mut step_reply, json!({ "ping": reference("test_replies"), "post": reference("test_replies") }));
    let no_fault = json!({
        "if": { "required": ["fault"] },
        "then": { "properties": { "body": false, "status": false, "headers": false } },
    });
    json!({
        "test": with(
            object(&["name", "at", "source", "expect"], "A submission, and the events that come of it", json!({
                "name": reference("name"),
                "at": { "description": "When everything begins, such as 2026-01-15T16:00:00Z", "type": "string" },
                "source": { "type": "string", "pattern": "^src_[a-z0-9_]{1,64}$" },
                "ping": { "description": "What the source asks a price for first; the lead takes up the offer", "type": "object" },
                "submit": { "description": "The raw parameters of the lead", "type": "object" },
                "replies": {
                    "description": "What other parties say, by step",
                    "type": "object",
                    "propertyNames": reference("step_id"),
                    "additionalProperties": { "anyOf": [reference("step_replies"), reference("test_replies")] },
                },
                "expect": {
                    "description": "In order: type [step] [price N] [outcome X] [margin N] [reason …]; others may lie between",
                    "type": "array", "minItems": 1, "items": { "type": "string", "pattern": "\\S" },
                },
                "exact": { "description": "Whether no others may lie between", "type": "boolean", "default": false },
            })),
            json!({ "anyOf": [{ "required": ["submit"] }, { "required": ["ping"] }] }),
        ),
        "step_replies": with(
            object(&[], "A reply, or what is said to the ping and to the lead itself", step_reply),
            json!({
                "allOf": [
                    no_fault.clone(),
                    {
                        "if": { "anyOf": [{ "required": ["ping"] }, { "required": ["post"] }] },
                        "then": { "properties": { "body": false, "status": false, "headers": false, "delay": false, "fault": false } },
                    },
                ],
            }),
        ),
        "test_replies": in_turn,
        "test_reply": with(object(&[], "A reply", reply), json!({ "allOf": [no_fault] })),
    })
}

/// A part of the file with these keys.
fn object(required: &[&str], description: &str, properties: Value) -> Value {
    json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// `host` as `[hH][oO][sS][tT]`: patterns know no flag for case.
fn anycase(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphabetic() { format!("[{c}{}]", c.to_ascii_uppercase()) } else { c.to_string() }
    };
    name.chars().map(letter).collect()
}

fn with(mut schema: Value, more: Value) -> Value {
    merge(&mut schema, more);
    schema
}

fn merge(schema: &mut Value, more: Value) {
    if let Value::Object(members) = schema {
        merge_map(members, more);
    }
}

fn merge_map(members: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        members.extend(more);
    }
}

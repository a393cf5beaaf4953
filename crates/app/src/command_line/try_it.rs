//! The flags of `glassline try`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{TimeZone, Timestamp};

use super::Reach;

#[derive(Debug, Subcommand)]
pub(crate) enum TryCommand {
    /// Read values as a field type does
    #[command(after_help = TYPES_HELP)]
    Types(TryOptions),
    /// Judge leads by conditions, and say why
    #[command(after_help = RULES_HELP)]
    Rules(TryOptions),
    /// Fill templates in
    #[command(after_help = TEMPLATE_HELP)]
    Template(TryOptions),
    /// Make the requests that deliveries would send
    #[command(after_help = REQUEST_HELP)]
    Request {
        #[command(flatten)]
        options: TryOptions,
        #[command(flatten)]
        reach: Reach,
    },
    /// Read replies as deliveries would
    #[command(after_help = RESPONSE_HELP)]
    Response(TryOptions),
    /// Read submissions, or write the answers to them
    #[command(after_help = INTAKE_HELP)]
    Intake(TryOptions),
}

const REQUEST_HELP: &str = "\
Reads {\"integration\": …, \"request\": {…}, \"lead\": {…}, \"fields\": {…}}, one a line, and answers
{\"method\", \"url\", \"headers\", \"body\", \"follow_redirects\"}. The request has the keys of flow files;
`fields` gives the types of the lead's fields; a value of the lead or of the request may also be
{\"$type\": \"phone\", \"$value\": \"…\"}. The nonce of a password's digest is all zeros here. An address that
is not public is an error unless --allow-host has its host, as serve does.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"integration\": \"custom_json\", \"request\": {\"url\": \"https://buyer.example.com/\", \
\"fields\": {\"contact.mail\": \"{{lead.email}}\"}}, \"lead\": {\"email\": \"ann@example.com\"}}' \\
         | glassline try request";

const RESPONSE_HELP: &str = "\
Reads {\"integration\": …, \"response\": {…}, \"reply\": {\"status\": 200, \"headers\": {…}, \"body\": …}}, one
a line, and answers {\"outcome\", \"reason\", \"price\", \"reference\", \"appended\"}. The response has the
keys of flow files; a body that is no text is sent as JSON, and \"body_base64\" has one in any charset.
The price is 0 where none is looked for.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"integration\": \"custom_xml\", \"response\": {\"outcome\": {\"path\": \"//status\", \
\"term\": \"ok\"}}, \"reply\": {\"headers\": {\"Content-Type\": \"text/xml\"}, \"body\": \
\"<status>OK</status>\"}}' \\
         | glassline try response";

const TYPES_HELP: &str = "\
Reads {\"type\": …, \"value\": …}, one a line, and answers {\"normal\": …, \"valid\": …, \"components\": {…}}.
The component raw is what was sent; those that the value could have and lacks are null. `valid` is
null where the type takes anything, or nothing was sent. \"values\": […] are those that a field of the
type string or list declares. No type looks at the time zone: a time without one is UTC.

Values of the sensitive types (ssn, credential, dob, credit_card) are answered as filters and buyers
see them; under \"masked\" stands what is recorded of them.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"type\": \"phone\", \"value\": \"(512) 555-0143\"}' | glassline try types";

const RULES_HELP: &str = "\
Reads {\"rules\": …, \"lead\": {…}}, one a line, the condition as in flow files, and answers {\"pass\": …,
\"reason\": …, \"trace\": […]}. \"fields\": {name: type} gives the types of the lead's values, and so does
{\"$type\": \"phone\", \"$value\": \"…\"}; else a standard field has its own type, and any other that of its
JSON. What steps appended stands below \"appended\".

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"rules\": {\"field\": \"lead.state\", \"op\": \"in\", \"value\": [\"TX\"]}, \"lead\": \
{\"state\": \"Texas\"}}' \\
         | glassline try rules";

const INTAKE_HELP: &str = "\
Reads {\"method\": …, \"uri\": …, \"headers\": {…}, \"body\": …}, one a line, and answers {\"lead\": {…}} or
{\"refusal\": {\"status\": …, \"headers\": {…}, \"body\": …}}; or {\"answer_for\": {…}, \"accept\": …, \"fields\":
[…], \"as\": …, \"uri\": …}, and answers {\"status\": …, \"headers\": {…}, \"body\": …}.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"method\": \"GET\", \"uri\": \"/submit?state=TX\"}' | glassline try intake";

const TEMPLATE_HELP: &str = "\
Reads {\"template\": …, \"vars\": {…}}, one a line, and answers {\"value\": …}. Vars are a tree or have
dotted names; {\"$type\": \"phone\", \"$value\": \"…\"} is read as a field of that type, with its
components. No flow is at hand, so any name may stand in a template, and one that is not given is
empty.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"template\": \"{{uppercase lead.city}}\", \"vars\": {\"lead.city\": \"Austin\"}}' \\
         | glassline try template";

/// What all trials take.
#[derive(Debug, Args)]
pub(crate) struct TryOptions {
    /// Questions, one JSON object a line; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// The moment it is, like 2026-01-15T12:00:00Z [default: by this machine's clock]
    #[arg(long, value_name = "MOMENT")]
    pub(crate) now: Option<Timestamp>,
    /// Where it is, like America/Chicago; values are read alike everywhere
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: TimeZone,
}

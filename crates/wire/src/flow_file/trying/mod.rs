//! What would this delivery send, and what would this reply mean? One JSON object in, one out, with the
//! keys of flow files and without a flow.
//!
//! A request: `{"integration", "request", "lead", "fields"}`, where `fields` gives the types of the lead
//! and a value may be `{"$type": "phone", "$value": "…"}`. A reply: `{"integration", "response",
//! "reply": {"status", "headers", "body"}}`, or `body_base64` for bytes. With `vars` instead the settings are those of the product
//! that people come from ([`vars`]), whose names of fields may contradict each other. Expressions that cannot be
//! read find nothing here; a flow with them is not published.

mod answer;
mod given;
mod vars;

use domain::{Integration, RequestSettings, ResponseSettings, Secrets, Seed, TimeZone, Timestamp, Variables};

use self::given::Given;
use super::keys::{self, Keys};
use super::names::Names;
use super::node::{Kind, Member, Node};
use super::problem::FlowFileError;
use super::reader::Reader;
use crate::outbound::{
    AllowedHosts, Fresh, Means, Outbound, mailbox, read_mail_reply, read_reply, render_outbound,
};

/// What of a line is read as a step is.
const TRIED: Keys = Keys { part: "the line", known: &["integration", "request", "response"], later: &[] };

/// What one line asks for, read.
#[derive(Debug)]
struct Tried {
    request: Option<RequestSettings>,
    response: ResponseSettings,
    given: Given,
}

/// Who writes where the installation would say it.
const SENDER: &str = "the-installation@example.com";

/// What a delivery sends: `{"method", "url", "headers", "body", "follow_redirects"}`, or of a message
/// `{"server", "envelope": {"from", "to"}, "headers", "text", "html"}`. `now` and
/// `time_zone` are those of templates, and `now` is what birth dates are held against. Secrets stand there
/// as events have them, as `[secret name]`. An address that is not public is one of the hosts that may be asked.
///
/// # Errors
/// With what is wrong with the line, or why it cannot be sent.
pub fn try_request(
    line: &str,
    now: Timestamp,
    time_zone: &TimeZone,
    allowed_hosts: &AllowedHosts,
) -> Result<String, String> {
    let mut root = Node::read(line).map_err(|problem| problem.message)?;
    let tried = read(&mut root, now, Some(allowed_hosts))?;
    let settings = tried.request.ok_or("the line needs the key \"request\"")?;
    let seed = Seed::of(&[&now.as_millis().to_be_bytes()]);
    // Their values are nowhere but with a server.
    let secrets = Secrets::masked(settings.secrets());
    let variables = Variables { now, time_zone, seed, secrets: &secrets, ..Variables::of(&tried.given.lead) };
    let fresh = Fresh { nonce: [0; 16], created: now };
    let sender = mailbox(SENDER);
    let means = Means { fresh: Some(&fresh), sender: sender.as_ref() };
    match render_outbound(&settings, &variables, means).map_err(|error| error.to_string())? {
        Outbound::Http(request) => Ok(answer::request(settings.integration, &request)),
        Outbound::Mail(mail) => Ok(answer::mail(&mail)),
    }
}

/// What a reply means: `{"outcome", "reason", "price", "reference", "appended"}`.
///
/// # Errors
/// With what is wrong with the line.
pub fn try_response(line: &str, now: Timestamp) -> Result<String, String> {
    let mut root = Node::read(line).map_err(|problem| problem.message)?;
    let fallback = vars::only_fallback(&root);
    let reply = member(&root, if has(&root, "vars") { "response" } else { "reply" });
    let reply = given::reply(reply.ok_or("the line needs the key \"reply\"")?)?;
    let tried = read(&mut root, now, None)?;
    let is_mail = member(&root, "integration")
        .is_some_and(|node| node.kind == Kind::Text(Integration::Email.as_str().to_owned()));
    let reading = if is_mail { read_mail_reply(&reply) } else { read_reply(&tried.response, &reply) };
    Ok(answer::reading(&reading, fallback))
}

/// Reads the settings of a line. What it leaves out is as little as a step can say.
fn read(root: &mut Node, now: Timestamp, allowed_hosts: Option<&AllowedHosts>) -> Result<Tried, String> {
    let Kind::Map(members) = &mut root.kind else { return Err("the line is not an object".to_owned()) };
    // That product takes any.
    let takes_any_names = members.iter().any(|member| member.key == "vars");
    vars::translate(members, now)?;
    let mut given = Given::default();
    if let Some(at) = members.iter().position(|member| member.key == "lead") {
        let types = members.iter().position(|member| member.key == "fields");
        let types = types.map(|at| members[at].value.clone());
        given.lead(&members[at].value, types.as_ref(), now)?;
    }
    if let Some(request) = members.iter_mut().find(|member| member.key == "request") {
        given.values(&mut request.value, now)?;
    }
    let mut step: Vec<Member> =
        members.iter().filter(|member| TRIED.known.contains(&member.key.as_str())).cloned().collect();
    if !step.iter().any(|member| member.key == "integration") {
        step.push(text_member("integration", Kind::Text(Integration::CustomJson.as_str().to_owned())));
    }
    let step = Node { line: 1, kind: Kind::Map(step) };
    let allowed_hosts = allowed_hosts.cloned();
    let mut reader = Reader { is_trying: true, takes_any_names, allowed_hosts, ..Reader::default() };
    let names = Names::Lead { fields: &given.fields, unread: &[], steps: &given.steps };
    let part = reader.part(&step, &TRIED);
    let read = part.and_then(|part| {
        // A reply is read without regard to what was sent.
        let request = part.get("request").map_or(Some(None), |_| reader.request(&part, names).map(Some));
        let response = reader.response(&part, &keys::RECIPIENT_RESPONSE);
        request.zip(response)
    });
    match read {
        Some((request, response)) if reader.problems.is_empty() => Ok(Tried { request, response, given }),
        Some(_) | None => {
            let problems = FlowFileError::new(reader.problems);
            let told: Vec<&str> =
                problems.problems().iter().map(|problem| problem.message.as_str()).collect();
            Err(told.join("; "))
        }
    }
}

fn member<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let Kind::Map(members) = &node.kind else { return None };
    members.iter().find(|member| member.key == key).map(|member| &member.value)
}

fn has(node: &Node, key: &str) -> bool {
    member(node, key).is_some()
}

fn text_member(key: &str, kind: Kind) -> Member {
    Member { line: 1, key: key.to_owned(), value: Node { line: 1, kind } }
}

//! What other parties say in a test.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{Flow, Integration, Step, StepId, StepKind};

use super::super::keys::{self, nearest};
use super::super::node::{Kind, Node};
use super::super::reader::{Part, Reader};
use crate::outbound::Reply;

/// How long a reply may keep others waiting.
const DELAYS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 3600);
/// What may stand for a status, of HTTP or of a mail server.
pub(in super::super) const STATUSES: RangeInclusive<u32> = 100..=599;
/// Most replies to one step: more than it has attempts.
pub(in super::super) const REPLIES_MAX: usize = 100;
/// The keys that say how a lead is answered; a step that pings has those of [`BELOW`] above them.
const OWN: [&str; 5] = ["body", "status", "headers", "delay", "fault"];
/// The keys under which the replies of a step stand that pings.
const BELOW: [&str; 2] = ["ping", "post"];

/// The words for faults.
pub(in super::super) const FAULTS: [(&str, GivenAnswer); 3] =
    [("reset", GivenAnswer::Reset), ("timeout", GivenAnswer::Timeout), ("tls", GivenAnswer::Tls)];

/// What the party of one step says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReplies {
    /// The step.
    pub step_id: StepId,
    /// To pings, in turn.
    pub ping: GivenReplies,
    /// To the lead itself, one for each attempt.
    pub post: GivenReplies,
}

/// Replies in turn. The last one holds for whatever comes after it; without any, nobody is to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GivenReplies(Vec<GivenReply>);

impl GivenReplies {
    /// The reply to the question of this number, from 0 on.
    pub fn get(&self, at: usize) -> Option<&GivenReply> {
        self.0.get(at).or(self.0.last())
    }
}

/// One reply, or what happens in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenReply {
    /// After how long; never later than whoever asks gives up.
    pub delay: Duration,
    /// What comes then.
    pub answer: GivenAnswer,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenAnswer {
    /// A reply.
    Reply(Reply),
    /// The connection is reset after the request was sent.
    Reset,
    /// Nothing, until whoever asks gives up.
    Timeout,
    /// The certificate is not one to trust, so that nothing is sent.
    Tls,
}

impl Reader {
    /// The replies by step.
    pub(super) fn replies(&mut self, node: &Node, flow: Option<&Flow>) -> Option<Vec<StepReplies>> {
        let members = self.map(node, "replies")?;
        let before = self.problems.len();
        let mut replies = Vec::new();
        for member in members {
            let Some(step_id) = self.parse::<StepId>(member.line, &member.key) else { continue };
            let step = match flow {
                None => None,
                Some(flow) => {
                    let Some(step) = self.asking_step(member.line, &step_id, flow) else { continue };
                    Some(step)
                }
            };
            replies.extend(self.step_replies(&member.value, step_id, step));
        }
        (self.problems.len() == before).then_some(replies)
    }

    /// The step of an id, when it asks somebody.
    fn asking_step<'a>(&mut self, line: u64, step_id: &StepId, flow: &'a Flow) -> Option<&'a Step> {
        let Some(step) = flow.step(step_id) else {
            let near = nearest(step_id.as_str(), flow.all_steps().map(|step| step.id.as_str()));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            self.problem(line, format!("{step_id} is not a step of the flow{hint}"));
            return None;
        };
        if step.request().is_none() {
            self.problem(line, format!("the step {step_id} asks nobody, so there is no reply to it"));
            return None;
        }
        Some(step)
    }

    fn step_replies(&mut self, node: &Node, step_id: StepId, step: Option<&Step>) -> Option<StepReplies> {
        let is_mail = step.and_then(Step::request).is_some_and(|to| to.integration == Integration::Email);
        let status = if is_mail { MAIL_TAKEN } else { HTTP_OK };
        if let Kind::Map(_) = &node.kind {
            let part = self.part(node, &keys::STEP_REPLIES)?;
            let has = |keys: &[&str]| keys.iter().any(|key| part.get(key).is_some());
            if has(&BELOW) && has(&OWN) {
                let message = "what is said to a ping stands below \"ping\" and all else below \"post\", \
                               when one of these keys is there";
                self.problem(part.line, message);
                return None;
            }
            if let (Some(node), Some(step)) = (part.get("ping"), step.filter(|step| !is_pinged(step))) {
                self.problem(
                    node.line,
                    format!("the step {} has no ping, so there is no reply to one", step.id),
                );
                return None;
            }
            let below = |reader: &mut Reader, key, status| {
                part.get(key).map_or(Some(GivenReplies::default()), |node| reader.in_turn(node, status))
            };
            if has(&BELOW) {
                let (ping, post) = (below(self, "ping", HTTP_OK), below(self, "post", status));
                return Some(StepReplies { step_id, ping: ping?, post: post? });
            }
            let post = GivenReplies(vec![self.given_reply(&part, status)?]);
            return Some(StepReplies { step_id, ping: GivenReplies::default(), post });
        }
        let post = self.in_turn(node, status)?;
        Some(StepReplies { step_id, ping: GivenReplies::default(), post })
    }

    /// One reply, or a list of them.
    fn in_turn(&mut self, node: &Node, status: u16) -> Option<GivenReplies> {
        let Kind::List(nodes) = &node.kind else {
            let part = self.part(node, &keys::REPLY)?;
            return self.given_reply(&part, status).map(|reply| GivenReplies(vec![reply]));
        };
        if nodes.is_empty() {
            self.problem(node.line, "a list of replies needs a reply");
            return None;
        }
        if !self.fits(node.line, "replies", nodes.len(), REPLIES_MAX) {
            return None;
        }
        let one = |node| {
            let part = self.part(node, &keys::REPLY)?;
            self.given_reply(&part, status)
        };
        let replies: Vec<GivenReply> = nodes.iter().filter_map(one).collect();
        (replies.len() == nodes.len()).then_some(GivenReplies(replies))
    }

    fn given_reply(&mut self, part: &Part<'_>, status: u16) -> Option<GivenReply> {
        let delay =
            part.get("delay").map_or(Some(Duration::ZERO), |node| self.duration(node, "delay", DELAYS));
        let Some(fault) = part.get("fault") else {
            let answer = self.reply(part, status).map(GivenAnswer::Reply);
            return Some(GivenReply { delay: delay?, answer: answer? });
        };
        let words = FAULTS.each_ref().map(|(word, answer)| (*word, answer));
        let answer = self.word(fault, "fault", &words).cloned();
        for key in ["body", "status", "headers"] {
            if let Some(node) = part.get(key) {
                self.problem(node.line, format!("a fault comes in place of a reply, so it has no {key:?}"));
                return None;
            }
        }
        if let (Some(GivenAnswer::Timeout), Some(node)) = (&answer, part.get("delay")) {
            self.problem(node.line, "a timeout lasts as long as the step waits, so it has no \"delay\"");
            return None;
        }
        Some(GivenReply { delay: delay?, answer: answer? })
    }

    fn reply(&mut self, part: &Part<'_>, status: u16) -> Option<Reply> {
        let status = part.get("status").map_or(Some(status), |node| {
            let status = self.count(node, "status", STATUSES)?;
            Some(u16::try_from(status).expect("it is within bounds"))
        });
        let headers = part.get("headers").map_or(Some(Vec::new()), |node| self.reply_headers(node));
        let (mut body, mut is_json) = (Vec::new(), false);
        match part.get("body") {
            None => {}
            Some(Node { kind: Kind::Text(text), .. }) => body.extend_from_slice(text.as_bytes()),
            Some(node) => {
                node.write(&mut body);
                is_json = true;
            }
        }
        let mut headers = headers?;
        if is_json && !headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
            headers.push((CONTENT_TYPE.to_owned(), b"application/json".to_vec()));
        }
        Some(Reply { status: status?, headers, body })
    }

    /// Names of headers, in lower case as replies have them, and what they say; a list is a header that
    /// stands several times.
    fn reply_headers(&mut self, node: &Node) -> Option<Vec<(String, Vec<u8>)>> {
        let members = self.map(node, "headers")?;
        let before = self.problems.len();
        let mut headers = Vec::new();
        for member in members {
            let values = match &member.value.kind {
                Kind::List(nodes) => nodes.iter().collect(),
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_) => {
                    vec![&member.value]
                }
            };
            for value in values {
                let text = self.any_text(value, &member.key);
                headers.extend(text.map(|text| (member.key.to_ascii_lowercase(), text.as_bytes().to_vec())));
            }
        }
        (self.problems.len() == before).then_some(headers)
    }
}

fn is_pinged(step: &Step) -> bool {
    match &step.kind {
        StepKind::Recipient(recipient) => recipient.ping.is_some(),
        StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Distribute(_) => false,
    }
}

/// What a web server says of what it took.
const HTTP_OK: u16 = 200;
/// What a mail server says of a message that it took.
const MAIL_TAKEN: u16 = 250;
const CONTENT_TYPE: &str = "content-type";

//! Services and buyers that answer as a script says, in no time but that of a fake clock.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{EntityId, FaultKind};
use engine::{Answered, Asking, Call, CallFault, MailCall, Parties};
use wire::outbound::{OutboundMail, OutboundRequest, Reply};

use crate::FakeClock;

/// Services and buyers that answer as a script says. A party that has no more to say says its last
/// again; one without a script is not reachable.
#[derive(Debug)]
pub struct ScriptedParties {
    clock: Arc<FakeClock>,
    scripts: Mutex<HashMap<EntityId, VecDeque<Answer>>>,
    seen: Mutex<Vec<(EntityId, OutboundRequest)>>,
    mails: Mutex<Vec<(EntityId, OutboundMail)>>,
}

/// One answer of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Reply { after: Duration, reply: Reply },
    Fault { after: Option<Duration>, kind: FaultKind, detail: &'static str },
}

impl ScriptedParties {
    /// Reads a script: a party a line, its answers with ` | ` between, as in
    /// `buyer_a: timeout | 503 | 200 {"status":"ok"} | slow 245 200 {} | reset | refused | dns | tls`.
    /// `retry-after N 503` adds that header. Empty lines are passed over.
    ///
    /// # Panics
    /// When the script cannot be read.
    pub fn new(clock: Arc<FakeClock>, script: &str) -> ScriptedParties {
        let mut scripts = HashMap::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (party, answers) = line.split_once(':').expect("a line is a party, a colon and answers");
            let party: EntityId = party.trim().parse().expect("a party has an id");
            scripts.insert(party, answers.split(" | ").map(|text| read(text.trim())).collect());
        }
        ScriptedParties {
            clock,
            scripts: Mutex::new(scripts),
            seen: Mutex::default(),
            mails: Mutex::default(),
        }
    }

    /// Every request so far, with the party that got it.
    pub fn seen(&self) -> Vec<(EntityId, OutboundRequest)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every message so far, with the party that got it.
    pub fn mails(&self) -> Vec<(EntityId, OutboundMail)> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, party: &EntityId) -> Answer {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answers) = scripts.get_mut(party) else { return read("refused") };
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
            .expect("a script has an answer")
    }
}

fn read(text: &str) -> Answer {
    let fault = |after, kind, detail| Answer::Fault { after, kind, detail };
    let at_once = Some(Duration::from_millis(1));
    match text {
        "timeout" => return fault(None, FaultKind::Timeout, "no reply in time"),
        "reset" => return fault(at_once, FaultKind::Unknown, "connection reset"),
        "refused" => return fault(at_once, FaultKind::Connect, "connection refused"),
        "dns" => return fault(at_once, FaultKind::Dns, "no such host"),
        "tls" => return fault(at_once, FaultKind::Tls, "certificate expired"),
        _ => {}
    }
    if let Some(rest) = text.strip_prefix("slow ") {
        let (ms, rest) = rest.split_once(' ').expect("slow takes milliseconds and an answer");
        let after = Duration::from_millis(ms.parse().expect("milliseconds"));
        return match read(rest) {
            Answer::Reply { reply, .. } => Answer::Reply { after, reply },
            Answer::Fault { kind, detail, .. } => fault(Some(after), kind, detail),
        };
    }
    if let Some(rest) = text.strip_prefix("retry-after ") {
        let (seconds, rest) = rest.split_once(' ').expect("retry-after takes seconds and an answer");
        let Answer::Reply { after, mut reply } = read(rest) else { panic!("only a reply has headers") };
        reply.headers.push(("retry-after".to_owned(), seconds.as_bytes().to_vec()));
        return Answer::Reply { after, reply };
    }
    let (status, body) = text.split_once(' ').unwrap_or((text, ""));
    let status = status.parse().unwrap_or_else(|_| panic!("{text:?} is no answer"));
    let content_type = if body.starts_with(['{', '[']) { "application/json" } else { "text/plain" };
    let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    Answer::Reply {
        after: Duration::from_millis(1),
        reply: Reply { status, headers, body: body.as_bytes().to_vec() },
    }
}

impl Parties for ScriptedParties {
    fn ask(&self, call: Call) -> Asking<'_> {
        let Call { entity_id, request, time_limit, purpose: _, step_limits: _ } = call;
        let answer = self.answer(&entity_id);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push((entity_id, request));
        self.play(answer, time_limit)
    }

    fn mail(&self, call: MailCall) -> Asking<'_> {
        let MailCall { entity_id, mail, time_limit, purpose: _, step_limits: _ } = call;
        let answer = self.answer(&entity_id);
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push((entity_id, mail));
        self.play(answer, time_limit)
    }
}

impl ScriptedParties {
    fn play(&self, answer: Answer, time_limit: Duration) -> Asking<'_> {
        Box::pin(async move {
            let timed_out = CallFault::new(FaultKind::Timeout, "no reply in time", time_limit);
            let (after, result) = match answer {
                Answer::Reply { after, .. } | Answer::Fault { after: Some(after), .. }
                    if after >= time_limit =>
                {
                    (time_limit, Err(timed_out))
                }
                Answer::Reply { after, reply } => {
                    (after, Ok(Answered { reply, redirects: Vec::new(), waited: after }))
                }
                Answer::Fault { after, kind, detail } => {
                    let after = after.unwrap_or(time_limit);
                    (after, Err(CallFault::new(kind, detail, after)))
                }
            };
            self.clock.advance(after);
            result
        })
    }
}

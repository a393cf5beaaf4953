//! Services and buyers that say what a test gives them to say.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{FaultKind, StepId};
use engine::{Answered, Asking, Call, CallFault, MailCall, Parties, Purpose};
use wire::flow_file::{GivenAnswer, GivenReply, StepReplies};
use wire::outbound::{Mailbox, mailbox};

/// Who writes where the installation would say it.
const SENDER: &str = "the-installation@example.com";

/// Services and buyers that say what a test gives them to say, after as long as it says.
#[derive(Debug)]
pub(super) struct GivenParties {
    replies: Vec<StepReplies>,
    sender: Option<Mailbox>,
    asked: Mutex<Asked>,
}

/// What was asked so far.
#[derive(Debug, Default)]
struct Asked {
    leads: HashMap<StepId, usize>,
    pings: HashMap<StepId, usize>,
    unanswered: Vec<String>,
}

/// How often was asked before.
fn count(asked: &mut HashMap<StepId, usize>, step_id: &StepId) -> usize {
    let times = asked.entry(step_id.clone()).or_default();
    *times += 1;
    *times - 1
}

/// That there is no reply, and how to give one.
fn no_reply(step_id: &StepId, asked: &str, reply: &str) -> String {
    format!("the step {step_id} is given no reply{asked}; give one below \"replies\": {step_id}: {reply}")
}

impl GivenParties {
    pub(super) fn new(replies: Vec<StepReplies>) -> GivenParties {
        GivenParties { replies, sender: mailbox(SENDER), asked: Mutex::default() }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whom the test gives no reply and how to give one, each once and in the order in which they were asked.
    pub(super) fn unanswered(&self) -> Vec<String> {
        self.asked().unanswered.clone()
    }

    fn replies_of(&self, step_id: &StepId) -> Option<&StepReplies> {
        self.replies.iter().find(|replies| replies.step_id == *step_id)
    }

    /// What is said now to whoever asks.
    fn next(&self, purpose: &Purpose) -> Option<GivenReply> {
        let mut asked = self.asked();
        let (unanswered, given) = match purpose {
            Purpose::Lead(step_id) => {
                let at = count(&mut asked.leads, step_id);
                let replies = self.replies_of(step_id);
                // Beside what is said to its ping.
                let reply = if replies.is_some() { "{ post: { status: 200 } }" } else { "{ status: 200 }" };
                (no_reply(step_id, "", reply), replies.and_then(|replies| replies.post.get(at)))
            }
            Purpose::Ping(step_id) => {
                let at = count(&mut asked.pings, step_id);
                let reply = "{ ping: { status: 200 } }";
                let given = self.replies_of(step_id).and_then(|replies| replies.ping.get(at));
                (no_reply(step_id, " to its ping", reply), given)
            }
            // Nothing that a test does leads to a report.
            Purpose::Notice => ("somebody is told of a report, which no test can answer".to_owned(), None),
        };
        if given.is_none() && !asked.unanswered.contains(&unanswered) {
            asked.unanswered.push(unanswered);
        }
        given.cloned()
    }

    async fn play(&self, purpose: Purpose, time_limit: Duration) -> Result<Answered, CallFault> {
        let fault = |kind, detail: &str, waited| Err(CallFault::new(kind, detail, waited));
        let Some(GivenReply { delay, answer }) = self.next(&purpose) else {
            return fault(FaultKind::Connect, "no reply is given", Duration::ZERO);
        };
        if delay >= time_limit || answer == GivenAnswer::Timeout {
            tokio::time::sleep(time_limit).await;
            return fault(FaultKind::Timeout, "no whole reply within the time limit", time_limit);
        }
        tokio::time::sleep(delay).await;
        match answer {
            GivenAnswer::Reply(reply) => Ok(Answered { reply, redirects: Vec::new(), waited: delay }),
            GivenAnswer::Reset => {
                fault(FaultKind::Unknown, "the connection was reset before the reply was whole", delay)
            }
            GivenAnswer::Tls => {
                fault(FaultKind::Tls, "the certificate of the host is not valid for it", delay)
            }
            GivenAnswer::Timeout => unreachable!("it was waited for"),
        }
    }
}

impl Parties for GivenParties {
    fn ask(&self, call: Call) -> Asking<'_> {
        Box::pin(self.play(call.purpose, call.time_limit))
    }

    fn mail(&self, call: MailCall) -> Asking<'_> {
        Box::pin(self.play(call.purpose, call.time_limit))
    }

    fn mail_sender(&self) -> Option<&Mailbox> {
        self.sender.as_ref()
    }
}

//! The other parties: services and buyers, asked over a connection or played by a test.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::{EntityId, FaultKind, FlowId, Limits, StepId};
use wire::outbound::{AllowedHosts, Mailbox, OutboundMail, OutboundRequest, Reply};

use crate::Redirect;

/// One question to another party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whom.
    pub entity_id: EntityId,
    /// What for.
    pub purpose: Purpose,
    /// What is sent.
    pub request: OutboundRequest,
    /// How long it may take in all: resolving, connecting, sending, and the last byte of the reply. A call
    /// waits as long as that for its turn before, at most.
    pub time_limit: Duration,
    /// The limits of the step that asks, where it has any; those of the party count besides.
    pub step_limits: Option<StepLimits>,
}

/// What a party is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A step sends it a lead.
    Lead(StepId),
    /// A recipient is asked what it would pay for a lead.
    Ping(StepId),
    /// It is told of something that happened to a lead.
    Notice,
}

/// How often one step of a flow asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLimits {
    /// The flow, whose versions share them.
    pub flow_id: FlowId,
    /// The step.
    pub step_id: StepId,
    /// How often.
    pub limits: Limits,
}

/// One message to another party, by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailCall {
    /// Whom.
    pub entity_id: EntityId,
    /// What for.
    pub purpose: Purpose,
    /// What is sent.
    pub mail: OutboundMail,
    /// How long it may take in all, until the mail server has taken it; and as long before, at most, for its
    /// turn.
    pub time_limit: Duration,
    /// The limits of the step that asks, where it has any; those of the party count besides.
    pub step_limits: Option<StepLimits>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct CallFault {
    /// Which part failed. [`FaultKind::Timeout`], [`FaultKind::Reply`] and [`FaultKind::Unknown`] mean
    /// that bytes may have been sent, so that the other side may have acted on them; all others mean
    /// that it has not.
    pub kind: FaultKind,
    /// The same for people: a short phrase in our own words, without anything from the request or the
    /// reply, such as `connection refused`.
    pub detail: String,
    /// How much of the time was spent waiting for the other side.
    pub waited: Duration,
    /// The replies before it that sent the request on, in order; most often none.
    pub redirects: Vec<Redirect>,
    /// How long it is of no use to try again, where that is known.
    pub retry_after: Option<Duration>,
}

impl CallFault {
    /// A fault of the first server that was asked, after which it can be tried again at any time.
    pub fn new(kind: FaultKind, detail: impl Into<String>, waited: Duration) -> CallFault {
        CallFault { kind, detail: detail.into(), waited, redirects: Vec::new(), retry_after: None }
    }
}

/// A reply, and how long it was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The reply, whole.
    pub reply: Reply,
    /// The replies before it that sent the request on, in order; most often none.
    pub redirects: Vec<Redirect>,
    /// How much of the time was spent waiting for the other side.
    pub waited: Duration,
}

/// What is said where neither the installation nor a step names a mail server.
pub(crate) const NO_MAIL_SERVER: &str =
    "no mail server is set; GLASSLINE_SMTP_URL or the step's \"url\" names one";

/// A question under way.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Answered, CallFault>> + Send + 'a>>;

/// Asks other parties. Whoever implements it keeps the time limit and bounds what it reads.
pub trait Parties: fmt::Debug + Send + Sync {
    /// Sends one request and reads its reply. Once polled it may have sent bytes, so it must not be
    /// polled before the event that says so is durable.
    fn ask(&self, call: Call) -> Asking<'_>;

    /// Sends one message and reads what the mail server says of it: its last word is the status of the
    /// reply. The same holds as for [`ask`](Parties::ask). Who has no mail server says so.
    fn mail(&self, call: MailCall) -> Asking<'_> {
        drop(call);
        let fault = CallFault::new(FaultKind::Connect, NO_MAIL_SERVER, Duration::ZERO);
        Box::pin(std::future::ready(Err(fault)))
    }

    /// Who writes where a step does not say it, such as `Leads <desk@example.com>`.
    fn mail_sender(&self) -> Option<&Mailbox> {
        None
    }

    /// The hosts that may be asked besides public ones; none where any may.
    fn allowed_hosts(&self) -> Option<&AllowedHosts> {
        None
    }

    /// Fetches what no party is asked for in the name of a lead, such as a WSDL. Unless it is implemented,
    /// nothing is fetched.
    fn fetch(&self, request: OutboundRequest, time_limit: Duration) -> Asking<'_> {
        let (_, _) = (request, time_limit);
        let fault = CallFault::new(FaultKind::Connect, "nothing is fetched here", Duration::ZERO);
        Box::pin(async { Err(fault) })
    }
}

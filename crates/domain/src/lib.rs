//! What Glassline is about, as values: leads, flows, events, and the rules between them.
//!
//! Nothing here reads a clock, a file, a socket or a random number, and nothing waits: time and
//! randomness arrive as arguments, and what to do is decided here and done by `engine`. The crate
//! knows nothing of JSON either; `wire` gives these values their stored and public shapes.
//!
//! Start with [`Event`] (what happened), then [`Lead`] (what it happened to) and [`EventKind`]
//! (what is true of each kind of moment). What a lead goes through is a [`Flow`]: its [`Fields`]
//! read the lead, [`Condition`]s judge it, and [`Flow::next`] says what comes next.

mod address_range;
mod answer_field;
mod cap;
mod catalogue;
mod circuit;
mod condition;
mod control;
mod dim;
mod distribution;
mod duplicate;
mod entity_settings;
mod event;
mod event_kind;
mod event_type;
mod explain;
mod feedback;
mod field;
mod field_states;
mod field_type;
mod flow;
mod gates;
mod hours;
mod id;
mod intake;
mod lead;
mod lead_summary;
mod ledger_event;
mod limits;
mod mapping;
mod money;
mod name;
mod next;
mod number;
mod operator;
mod outcome;
mod parse;
mod path;
mod pattern;
mod price;
mod privacy;
mod reason_words;
mod redaction;
mod request;
mod response;
mod retry_policy;
mod rule;
mod scope;
mod secret;
mod seed;
mod slashes;
mod step;
mod suppression;
mod template;
mod time_zone;
mod timestamp;
mod value;
mod variables;
mod vocabulary;

pub use address_range::{AddressRange, AddressRangeError};
pub use answer_field::{AnswerField, AnswerForm};
pub use cap::{
    CAP_EVERY_MAX, CAP_IDS_BYTES_MAX, CAP_LEADS_MAX, CAP_SPEND_MAX, CAPS_MAX, Cap, CapLimit, CapPeriod,
    CapUnit, slug,
};
pub use catalogue::{StandardField, TypeWords, standard_fields, type_words};
pub use circuit::{CIRCUIT_ERRORS, COOL_DOWNS, Circuit};
pub use condition::{CONDITION_DEPTH_MAX, Condition, Verdict};
pub use control::{ApiKeyHash, ControlEvent, ControlKind, EntityKind, ListTag, ListTags, Resending, Reveal};
pub use dim::{BUCKETS_MAX, Dim, DimFault, DimKind};
pub use distribution::{
    Candidate, Cost, DEFAULT_PING_TIMEOUT, Distribution, GroupNext, GroupResult, GroupView, Offers,
    PING_TIMEOUT_MAX, RECIPIENTS_MAX, Stand, Strategy, Turns, Unsold, WEIGHT_MAX, as_recipient,
};
pub use duplicate::{
    Against, DUPLICATE_RULES_MAX, DUPLICATE_WINDOW_MAX, DuplicateKey, DuplicateRule, DuplicateScope,
};
pub use entity_settings::EntitySettings;
pub use event::{Event, EventBody, EventHead, Exchange, Idempotency, Marks, RuleTrace, Timing, TracedRule};
pub use event_kind::{
    Answer, Asked, Call, Completion, EventKind, Fault, FaultKind, Feedback, FeedbackKind, NoBid, Notice,
    NoticeEnd, Price, Retry, Reversal,
};
pub use event_type::{EventType, UnknownEventType};
pub use explain::{Explained, Fate};
pub use feedback::{
    Approval, Counts, Day, FeedbackPolicy, Holding, NOTICE_ATTEMPTS, NoticeSettings, OpenEnd, Owed,
    RATE_DAYS, RATE_DAYS_MAX, REPORT_REASONS_MAX, RateKind, RateName, RateOf, ReportWindow, ReportedSale,
    Reports, ReturnLimit, ReturnPeriod, ReturnShare, Revocation, RevocationNotice, SourceFeedback,
    TakenReport, UnknownRate, UnknownShare,
};
pub use field::{FIELDS_MAX, Field, FieldError, FieldName, Fields, PATHS_OF_FIELDS_MAX};
pub use field_states::{FieldState, FieldStates};
pub use field_type::{FieldType, UnknownFieldType};
pub use flow::{
    DEFAULT_PING_EXPIRES, DIMS_MAX, Deadline, Flow, FlowError, FlowParts, FlowSource, REASON_CHARS_MAX,
    RESERVED_STEP_IDS, RULES_MAX, Retention, SOURCES_MAX, STEPS_MAX,
};
pub use gates::{
    Gates, PING_LIMITS_MAX, PingLimit, RecipientGates, SourceGates, duplicate_reason, outside_hours,
};
pub use hours::{DAYS, Hours, HoursError};
pub use id::{ChainId, EventId, IdError, LeadId, LeadIdKind, SubjectId};
pub use intake::{ALLOW_FROM_MAX, ANSWER_FIELDS_MAX, Intake, SAME_PAYLOAD_MAX};
pub use lead::Lead;
pub use lead_summary::{
    Buyer, LeadState, LeadSummary, PATH_POINTS_MAX, PathPoint, Sign, Standing, UnknownLeadState,
};
pub use ledger_event::{LedgerEvent, LedgerEventKind, Predecessor};
pub use limits::{LIMIT_MAX, LimitPeriod, Limits};
pub use mapping::Mapping;
pub use money::{Money, MoneyError};
pub use name::{EntityId, FlowId, FlowVersion, NameError, SecretName, SourceId, StepId};
pub use next::{Next, Progress, StepEnd};
pub use number::Number;
pub use operator::{Operator, UnknownOperator, operators_of};
pub use outcome::{Outcome, Reason, ReasonCode, UnknownOutcome};
pub use parse::Parsed;
pub use path::{FieldPath, PATH_BYTES_MAX, PathError};
pub use pattern::PatternBudget;
pub use price::{
    PRICE_MAX, PRICE_PARAMETER, PriceRow, PriceTable, PurchasePrice, SalePrice, Share, named_price,
};
pub use privacy::{ClosedSet, Privacy};
pub use reason_words::reason_in_the_clear;
pub use redaction::{Redactor, SecretGuard, SentText};
pub use request::{
    BasicAuth, ElementType, InsideForm, Integration, MailSettings, MailboxTemplate, Method, NamedTemplates,
    PasswordKind, RequestSettings, SoapCall, SoapOperation, SoapSecurity, SoapVersion, UnknownMethod,
};
pub use response::{
    OutcomeSearch, Pattern, PatternError, PriceSearch, ReasonSearch, ReplyForm, ReplyPath, ReplyPathError,
    ResponseSettings, SearchTerm, SearchTermError,
};
pub use retry_policy::{ATTEMPTS_MAX, BACKOFF_MAX, DEFAULT_BACKOFF, RetryPolicy};
pub use rule::{Rule, RuleError, RuleFault, Strictness, WINDOW_AMOUNT_MAX};
pub use scope::{Scope, UnknownScope};
pub use secret::{SECRET_CHARS_MAX, SECRET_CHARS_MIN, SecretFault, SecretValue, Secrets};
pub use seed::Seed;
pub use step::{
    Check, CheckTest, DEFAULT_TIMEOUT, Ending, Enhancement, Filter, Judgement, OnFail, Ping, Recipient,
    SlotRule, Step, StepKind, TIMEOUT_MAX, TestRule,
};
pub use suppression::{
    LIST_VALUE_BYTES_MAX, ListItem, ListItemError, ListName, ListNameError, SUPPRESS_MAX, SuppressRule,
    listed,
};
pub use template::{
    DATE_TOKENS, HelperWords, MATH_FUNCTIONS, MATH_OPERATORS, RENDERED_BYTES_MAX, TEMPLATE_BYTES_MAX,
    Template, TemplateError, TemplateFault, helper_words,
};
pub use time_zone::{TimeZone, UnknownTimeZone};
pub use timestamp::{Timestamp, TimestampError};
pub use value::{Scalar, Value};
pub use variables::Variables;
pub use vocabulary::{EarlierStep, PlaceError, Vocabulary};

//! What comes back from buyers, and who is told of it: what a flow lets buyers report ([`FeedbackPolicy`]), how
//! much of what they bought they may give back ([`ReturnLimit`]), how sources and buyers are told
//! ([`NoticeSettings`]), and what has come back of one lead so far ([`Reports`]).

mod limit;
mod notice;
mod policy;
mod rate;
mod reports;

pub use limit::{Day, ReturnLimit, ReturnPeriod, ReturnShare, UnknownShare};
pub use notice::{NOTICE_ATTEMPTS, NoticeSettings, SourceFeedback};
pub use policy::{Approval, FeedbackPolicy, REPORT_REASONS_MAX, ReportWindow, ReportedSale};
pub use rate::{Counts, RATE_DAYS, RATE_DAYS_MAX, RateKind, RateName, RateOf, UnknownRate};
pub use reports::{Holding, OpenEnd, Owed, Reports, Revocation, RevocationNotice, TakenReport};

//! The word to group by, from a partner's words. Of several that fit the first counts, so the surer
//! ones come first.

use crate::ReasonCode;

const DUPLICATE: &[&str] = &[
    "duplicate",
    "duplication",
    "dupe",
    "already exist",
    "already in our",
    "already received",
    "already submitted",
    "already purchased",
];
const SUPPRESSED: &[&str] = &[
    "do not call",
    "do-not-call",
    "dnc",
    "suppress",
    "litigator",
    "opted out",
    "opt-out",
    "blacklist",
    "black list",
    "existing customer",
    "existing client",
    "current customer",
    "current client",
    "already a customer",
    "already a client",
];
const SOLD_ELSEWHERE: &[&str] = &["sold elsewhere", "sold to another", "already sold"];
const CAP: &[&str] = &["cap", "caps", "quota", "budget", "capacity", "allotment", "allocation"];
const FULL: &[&str] =
    &["reached", "full", "exceed", "hit", "exhausted", "met", "over", "limit", "maxed", "spent", "used up"];
const TOO_MANY: &[&str] = &["limit reached", "limit exceeded", "over limit", "throttle", "too many"];
const LIMIT: &[&str] = &["max", "maximum", "limit"];
const OUTSIDE_HOURS: &[&str] = &[
    "outside hours",
    "after hours",
    "business hours",
    "office hours",
    "hours of operation",
    "operating hours",
    "currently closed",
    "office closed",
    "is closed",
];
const AUTH: &[&str] = &[
    "unauthorized",
    "not authorized",
    "authentication",
    "invalid key",
    "api key",
    "credentials",
    "access denied",
];
const MISSING: &[&str] = &[
    "missing",
    "is required",
    "are required",
    "address required",
    "phone required",
    "required field",
    "cannot be blank",
    "can't be blank",
    "is blank",
    "must be provided",
    "not provided",
    "no proof of consent",
];
const PRICE: &[&str] = &["price", "bid", "bids", "floor", "payout"];
const PRICE_OFF: &[&str] =
    &["low", "high", "below", "above", "under", "minimum", "maximum", "floor", "exceed", "not match"];
const NO_BUYER: &[&str] = &[
    "no buyer",
    "no match",
    "no bid",
    "no partner",
    "no active campaign",
    "unmatched",
    "unsold",
    "no matching buyer",
];
const CRITERIA_SURE: &[&str] = &["criteria", "not eligible", "ineligible", "unqualified", "not qualified"];
const INVALID: &[&str] = &[
    "invalid",
    "not valid",
    "failed validation",
    "bad phone",
    "bad email",
    "bad address",
    "bad zip",
    "wrong number",
    "disconnected",
    "not in service",
    "undeliverable",
    "bounced",
    "disposable",
    "fake",
    "bogus",
    "profanity",
    "not match",
    "malformed",
    "incorrect",
];
const CRITERIA: &[&str] = &[
    "not accepted",
    "not allowed",
    "no coverage",
    "not covered",
    "not served",
    "not serviced",
    "not licensed",
    "not supported",
    "unsupported",
    "not buy leads in",
    "not available in",
    "out of area",
    "outside of area",
    "out of coverage",
    "service area",
    "not in our",
    "not in buy area",
    "not in area",
    "in this state",
    "out of range",
    "not in range",
    "filter",
    "too low",
    "too high",
    "too old",
    "too young",
    "too small",
    "too large",
    "too shaded",
    "older than",
    "stale",
    "below minimum",
    "of minimum",
    "under 18",
    "must be",
    "must own",
    "not a homeowner",
    "renter",
    "poor credit",
    "low credit",
    "late payments",
    "not enough",
    "already has an attorney",
];

/// The word to group by, from words in lower case.
pub(super) fn code_of(words: &str) -> ReasonCode {
    let any = |wanted: &[&str]| wanted.iter().any(|wanted| words.contains(wanted));
    let is_about_price = has_word(words, PRICE);
    if any(DUPLICATE) {
        ReasonCode::Duplicate
    } else if any(SUPPRESSED) {
        ReasonCode::Suppressed
    } else if any(SOLD_ELSEWHERE) {
        ReasonCode::SoldElsewhere
    } else if has_word(words, CAP) && any(FULL)
        || any(TOO_MANY)
        || !is_about_price && has_word(words, LIMIT) && any(&["reached", "exceeded", "over "])
        || has_word(words, &["throttled"])
    {
        ReasonCode::CapReached
    } else if any(OUTSIDE_HOURS) || words.contains("outside") && has_word(words, &["hours"]) {
        ReasonCode::OutsideHours
    } else if has_word(words, &["paused", "inactive", "disabled", "suspended"]) {
        ReasonCode::Paused
    } else if any(AUTH) {
        ReasonCode::Auth
    } else if any(MISSING) {
        ReasonCode::MissingField
    } else if is_about_price && any(PRICE_OFF) {
        ReasonCode::Price
    } else if any(CRITERIA_SURE) {
        ReasonCode::Criteria
    } else if any(NO_BUYER) {
        ReasonCode::NoBuyer
    } else if any(INVALID) {
        ReasonCode::InvalidField
    } else if any(CRITERIA) {
        ReasonCode::Criteria
    } else {
        ReasonCode::Declined
    }
}

/// Whether one of these stands there as a whole word.
fn has_word(words: &str, wanted: &[&str]) -> bool {
    words.split(|letter: char| !letter.is_alphanumeric()).any(|word| wanted.contains(&word))
}

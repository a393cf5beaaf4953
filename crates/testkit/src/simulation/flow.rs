//! The flow that all simulated leads run through, and what the rules must know of it.

use domain::{EntityId, FlowId, Money};

use super::plan::{Budgets, Extras};

/// One service, three buyers: one that names its price and is asked often, one with a fixed price, a
/// condition and a cap, one that gets copies. Besides an auction with two bidders, and three buyers that take
/// turns, of which two may have the lead. One source is paid a share of the bids, and asks before. The flow has
/// a cap as well, and of each sort of buyer one has a circuit. What stands in capitals is the history's: see
/// [`Extras`].
const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form WEB_CAPS }
  src_call: { kind: source, name: Call Centre }
  src_ask: { kind: source, name: Exchange }
  svc_check: { kind: service, name: Phone Check }
  buyer_bid: { kind: buyer, name: Bidding Buyer, circuit: { errors: 5, cool_down: 20s } }
  buyer_fix: { kind: buyer, name: Fixed Buyer }
  buyer_crm: { kind: buyer, name: Own Records }
  buyer_north: { kind: buyer, name: North, circuit: { errors: 2, cool_down: 5s } NORTH_CAPS }
  buyer_south: { kind: buyer, name: South }
  buyer_red: { kind: buyer, name: Red, circuit: { errors: 1, cool_down: 2s } RED_CAPS }
  buyer_green: { kind: buyer, name: Green }
  buyer_blue: { kind: buyer, name: Blue }
flow:
  id: flow_roofs
  name: Roofs
  fields:
    first_name: first_name
    email: { type: email, required: true }
    state: state
    ssn: ssn
  price: { fixed: PRICE }
  caps: [ { name: Enough, max_leads: 9, per: month, every: 1000 } ]
  DUPLICATES
  deadline: DEADLINE
  on_deadline: failure
  sources:
    - entity: src_web
      key_required: false
      ping: true
      ping_expires: 40s
      feedback:
        integration: custom_query
        request: { url: "https://web.example.com/fb", parameters: { lead: "{{lead.id}}", type: "{{feedback.type}}" } }
        response: { outcome: { path: status, term: accepted } }
        timeout: 2s
        retry: { attempts: 3, backoff: [ 3s ] }
    - { entity: src_call, key_required: false, ping: true, ping_expires: 40s, feedback: { refund: false } CALL_CAPS }
    - entity: src_ask
      key_required: false
      ping: true
      ping_expires: 40s
      price: { share: 0.80, of: bid }
      feedback:
        integration: custom_query
        request: { url: "https://ask.example.com/fb", parameters: { lead: "{{lead.id}}", type: "{{feedback.type}}" } }
        response: { outcome: { path: status, term: accepted } }
        timeout: 2s
        retry: { attempts: 2, backoff: [ 3s ] }
  steps:
    - id: in_area
      kind: filter
      require: { field: lead.state, op: is included in, value: [ TX, OK, NM ] }
      reason: State not in our area
    - id: check
      kind: enhancement
      entity: svc_check
      integration: custom_query
      request: { url: "https://check.example.com/v1", parameters: { name: "{{lead.first_name}}" } }
      response: { outcome: { path: status, term: ok } }
      timeout: 3s
    - id: bid
      kind: recipient
      entity: buyer_bid
      integration: custom_json
      request:
        url: https://bid.example.com/leads
        headers: { x-lead: "{{lead.id}}" }
        fields: { mail: "{{lead.email}}", name: "{{lead.first_name}}", line: "{{appended.check.line}}", ssn: "{{lead.ssn}}" }
      response:
        outcome: { path: status, term: accepted }
        reason: { path: why }
        price: { path: bid }
      price: { from: reply, floor: 5.00, max_price: 25.00 }
      timeout: 5s
      retry: { attempts: 4, backoff: [ 2s, 30s, 2m ] }
      BID_CAPS
      feedback: { returns: 7d, conversions: true, max_returns: { share: 0.5, per: day, at_least: 1 } }
    - id: fix
      kind: recipient
      entity: buyer_fix
      when: { field: lead.state, op: is not equal to, value: NM }
      integration: custom_form
      request:
        url: https://fix.example.com/post
        headers: { x-lead: "{{lead.id}}" }
        fields: { mail: "{{lead.email}}", sold_for: "{{appended.bid.price}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: why } }
      price: { fixed: 25.00 }
      timeout: 4s
      retry: { attempts: 2, backoff: [ 10s ] }
      feedback: { returns: 1d }
      caps: [ { name: Few, max_leads: 4, per: month, every: 1000 } ]
    - id: copy
      kind: recipient
      entity: buyer_crm
      counts_as: copy
      integration: custom_json
      request:
        url: https://crm.example.com/copies
        headers: { x-lead: "{{lead.id}}" }
        fields: { mail: "{{lead.email}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: why } }
      price: { fixed: 1.00 }
      timeout: 2s
      retry: { attempts: 3, backoff: [ 1s ] }
      feedback: { returns: 1d }
    - id: auction
      kind: distribute
      AUCTION_WHEN
      strategy: highest_bid
      max_sales: 1
      ping_timeout: 1s
      recipients:
        - id: north
          entity: buyer_north
          integration: custom_json
          ping:
            request: { url: "https://north.example.com/ping", fields: { state: "{{lead.state}}" } }
            response: { price: { path: bid }, reference: { path: id } }
          request:
            url: https://north.example.com/leads
            headers: { x-lead: "{{lead.id}}" }
            fields: { mail: "{{lead.email}}", token: "{{ping.reference}}" }
          response: { outcome: { path: status, term: accepted }, reason: { path: why } }
          price: { from: bid, floor: 2.00 }
          timeout: 2s
          retry: { attempts: 3, backoff: [ 5s ] }
          feedback: { returns: 1d }
        - id: south
          entity: buyer_south
          integration: custom_json
          ping:
            request: { url: "https://south.example.com/ping" }
            response: { price: { path: bid } }
          request:
            url: https://south.example.com/leads
            headers: { x-lead: "{{lead.id}}" }
            fields: { mail: "{{lead.email}}" }
          response: { outcome: { path: status, term: accepted }, reason: { path: why } }
          price: { from: bid }
          timeout: 2s
          retry: { attempts: 2, backoff: [ 20s ] }
          SOUTH_CAPS
          on_error: hold
          feedback: { returns: 1d }
    - id: round
      kind: distribute
      strategy: round_robin
      max_sales: 2
      recipients:
        - id: red
          entity: buyer_red
          integration: custom_form
          request:
            url: https://red.example.com/leads
            headers: { x-lead: "{{lead.id}}" }
            fields: { mail: "{{lead.email}}" }
          response: { outcome: { path: status, term: accepted }, reason: { path: why } }
          price: { fixed: 3.00 }
          timeout: 1s
          retry: { attempts: 3, backoff: [ 3s ] }
        - id: green
          entity: buyer_green
          when: { field: lead.state, op: is not equal to, value: NM }
          integration: custom_form
          request:
            url: https://green.example.com/leads
            headers: { x-lead: "{{lead.id}}" }
            fields: { mail: "{{lead.email}}" }
          response: { outcome: { path: status, term: accepted }, reason: { path: why } }
          price: { fixed: 3.00 }
          timeout: 1s
          on_unknown: next
        - id: blue
          entity: buyer_blue
          integration: custom_form
          request:
            url: https://blue.example.com/leads
            headers: { x-lead: "{{lead.id}}" }
            fields: { mail: "{{lead.email}}" }
          response: { outcome: { path: status, term: accepted }, reason: { path: why } }
          price: { fixed: 3.00 }
          timeout: 1s
          retry: { attempts: 2, backoff: [ 1s ] }
          feedback: { returns: 1d }
    - id: sold
      kind: filter
      require:
        any:
          SOLD_BY
      reason: No buyer
"#;

/// What makes a lead one that is sold.
const SOLD_BY: [&str; 4] = [
    "{ field: round.sold, op: is greater than, value: 0 }",
    "{ field: bid.outcome, op: is equal to, value: success }",
    "{ field: fix.outcome, op: is equal to, value: success }",
    "{ field: auction.outcome, op: is equal to, value: success }",
];

/// The text of a version of the flow of a history; versions differ in what a source is paid.
pub(super) fn text(extras: &Extras, version: u32) -> String {
    let budget = |amount: fn(&Budgets) -> u32, comma: &str| match &extras.budgets {
        Some(budgets) => {
            let (most, period) = (amount(budgets), budgets.period);
            format!("{comma}caps: [ {{ name: Budget, max_spend: {most}, {period} }} ]")
        }
        None => String::new(),
    };
    let duplicates = extras.sold_once_s.map_or(String::new(), |seconds| {
        format!(
            "duplicates: [ {{ name: Same person, key: \"{{{{lead.email}}}}\", window: {seconds}s, against: sold }} ]"
        )
    });
    let when = format!("when: {{ field: lead.state, op: is not equal to, value: {NO_AUCTION} }}");
    let sold_by = if extras.sold_by_round { &SOLD_BY[..1] } else { &SOLD_BY };
    let sold_by: Vec<String> = sold_by.iter().map(|rule| format!("- {rule}")).collect();
    FLOW.replace("PRICE", &format!("{}.50", 7 + version))
        .replace(" WEB_CAPS", &budget(|budgets| budgets.web, ", "))
        .replace(" CALL_CAPS", &budget(|budgets| budgets.call, ", "))
        .replace(" NORTH_CAPS", &budget(|budgets| budgets.north, ", "))
        .replace(" RED_CAPS", &budget(|budgets| budgets.red, ", "))
        .replace("BID_CAPS", &budget(|budgets| budgets.bid, ""))
        .replace("SOUTH_CAPS", &budget(|budgets| budgets.south, ""))
        .replace("DUPLICATES", &duplicates)
        .replace("DEADLINE", &format!("{}ms", extras.deadline_ms))
        .replace("AUCTION_WHEN", if extras.auction_when { &when } else { "" })
        .replace("SOLD_BY", &sold_by.join("\n          "))
}

/// Leads of this state pass the auction by, where it has a condition.
pub(super) const NO_AUCTION: &str = "OK";

/// How long the offer of a ping stands, in milliseconds.
pub(super) const PING_EXPIRES_MS: u64 = 40_000;

/// What a version pays for a lead; which version is which no event tells.
pub(super) fn is_price(amount: Money) -> bool {
    (0..=3).any(|version| format!("{}.50", 7 + version).parse() == Ok(amount))
}

/// The most that a source may be paid which is paid the same for every lead.
pub(super) fn price_most() -> Money {
    "10.50".parse().expect("an amount")
}

/// The most that the buyer pays which names its price.
pub(super) fn bid_most() -> Money {
    "25".parse().expect("an amount")
}

/// Whether a source is paid a share of the bids.
pub(super) fn has_share(source: &str) -> bool {
    source == "src_ask"
}

pub(super) fn id() -> FlowId {
    "flow_roofs".parse().expect("a flow's id")
}

pub(super) fn entity(text: &str) -> EntityId {
    text.parse().expect("a party's id")
}

/// The parties an operator pauses.
pub(super) const PARTIES: [&str; 7] =
    ["svc_check", "buyer_bid", "buyer_fix", "buyer_crm", "buyer_north", "buyer_red", "buyer_green"];

/// How many of the leads that a buyer bought on a day it may give back.
pub(super) fn returns_max(buyer: &EntityId, sold: u64) -> u64 {
    if buyer.as_str() == "buyer_bid" { (sold / 2).max(1) } else { u64::MAX }
}

/// Whether a source is told of feedback, and gives back what it was paid.
pub(super) fn is_told(source: &str) -> bool {
    source == "src_web" || source == "src_ask"
}

/// How often a step asks its buyer, if no operator has it sent again.
pub(super) fn attempts_max(step: &str) -> u32 {
    match step {
        "bid" => 4,
        "fix" | "south" | "blue" => 2,
        "copy" | "north" | "red" => 3,
        "green" => 1,
        _ => panic!("{step} asks no buyer"),
    }
}

/// How many of a group's buyers may have a lead.
pub(super) const GROUPS: [(&str, usize); 2] = [("auction", 1), ("round", 2)];

/// The checked flow of a version.
pub(super) fn flow(extras: &Extras, version: u32) -> domain::Flow {
    let file = wire::flow_file::FlowFile::read(&text(extras, version));
    file.unwrap_or_else(|error| panic!("{error}")).flow
}

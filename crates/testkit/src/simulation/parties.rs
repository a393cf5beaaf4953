//! Services and buyers that are slow, lie, reset and answer too late. Buyers keep a book, and check with
//! each request that the event which announces it is durable.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::{EventId, EventType, FaultKind, FeedbackKind, LeadId};
use engine::{Answered, Asking, Call, CallFault, Parties};
use wire::Header;
use wire::outbound::{OutboundRequest, Reply};

use super::World;
use super::clients::report;
use super::world::{Entry, ReportState, Says};

pub(super) struct HostileParties {
    pub(super) world: Arc<World>,
}

impl fmt::Debug for HostileParties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostileParties")
    }
}

/// What a party does with one request.
struct Conduct {
    after: Duration,
    what: Result<(Reply, Says), (FaultKind, &'static str)>,
    /// It has the lead, whatever it answers.
    took: bool,
}

impl Parties for HostileParties {
    fn ask(&self, call: Call) -> Asking<'_> {
        Box::pin(async move {
            let world = &self.world;
            if !world.is_alive() {
                // The process is dead: it sends nothing and hears nothing.
                return std::future::pending().await;
            }
            let limit = call.time_limit;
            let is_buyer = call.entity_id.as_str().starts_with("buyer_");
            let is_ping = call.request.url.ends_with("/ping");
            let place = (is_buyer && !is_ping).then(|| self.write_down(&call)).flatten();
            if call.entity_id.as_str().starts_with("src_") {
                match header(&call.request, "idempotency-key").and_then(|key| key.parse().ok()) {
                    Some(key) => world.hear(key),
                    None => world.broken(format_args!("{} is told something without a key", call.entity_id)),
                }
            }
            let conduct = if is_ping { self.bid(&call) } else { self.conduct(&call, place) };
            let after = conduct.after.min(limit);
            let in_time = conduct.after < limit;
            if let Some(place) = place {
                world.with_entry(place, |entry| {
                    entry.took = conduct.took;
                    if let (Ok((reply, says)), true) = (&conduct.what, in_time) {
                        // It is kept as text.
                        entry.given = Some((reply.clone().in_utf_8().evidence(), *says));
                    }
                });
                if conduct.took {
                    self.perhaps_report(place);
                }
            }
            world.tell(format_args!(
                "{} is asked {}: {} after {} ms",
                call.entity_id,
                place.map_or(String::new(), |place| world
                    .with_entry(place, |entry| format!("{} of {}", entry.delivery_id, entry.lead_id))),
                match &conduct.what {
                    _ if !in_time => "too late".to_owned(),
                    Ok((reply, says)) => format!("{} {says:?}", reply.status),
                    Err((kind, _)) => kind.as_str().to_owned(),
                },
                after.as_millis()
            ));
            tokio::time::sleep(after).await;
            match conduct.what {
                _ if !in_time => Err(CallFault::new(FaultKind::Timeout, "no reply in time", limit)),
                Ok((reply, _)) => Ok(Answered { reply, redirects: Vec::new(), waited: after }),
                Err((kind, detail)) => Err(CallFault::new(kind, detail, after)),
            }
        })
    }
}

fn header<'a>(request: &'a OutboundRequest, name: &str) -> Option<&'a str> {
    let (_, value) = request.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    Some(value)
}

impl HostileParties {
    /// A buyer writes the request down, and holds it against all it was asked before.
    fn write_down(&self, call: &Call) -> Option<usize> {
        let world = &self.world;
        let request = call.request.evidence();
        let ids = header(&call.request, "idempotency-key").zip(header(&call.request, "x-lead"));
        let Some((delivery_id, lead_id)) = ids.and_then(|(delivery, lead)| {
            Some((delivery.parse::<EventId>().ok()?, lead.parse::<LeadId>().ok()?))
        }) else {
            world.broken(format_args!("{} is asked without its ids", call.entity_id));
            return None;
        };
        let mut asked = 1;
        for entry in world.book() {
            if entry.entity_id != call.entity_id || entry.lead_id != lead_id {
                continue;
            }
            if entry.delivery_id != delivery_id {
                let first = entry.delivery_id;
                world.broken(format_args!(
                    "{} sees two delivery ids of {lead_id}: {first} and {delivery_id}",
                    call.entity_id
                ));
            } else if entry.request != request {
                world.broken(format_args!("{} sees two requests of {delivery_id}", call.entity_id));
            }
            asked += 1;
        }
        if world.setting.looks_at_once {
            let announced = self.announced(lead_id, delivery_id);
            if let Some(announced) = announced
                && announced < asked
            {
                world.broken(format_args!(
                    "{} is asked {asked} times for {delivery_id}, and {announced} attempts are durable",
                    call.entity_id
                ));
            }
        }
        Some(world.enter(Entry {
            entity_id: call.entity_id.clone(),
            lead_id,
            delivery_id,
            request,
            given: None,
            took: false,
        }))
    }

    /// How many attempts of a delivery are durable; none when the disk does not let us look.
    fn announced(&self, lead_id: LeadId, delivery_id: EventId) -> Option<usize> {
        let reader = self.world.life()?.leads.reader();
        let delivery_id = delivery_id.to_string();
        let mut attempts = 0;
        for seq in reader.chain(lead_id) {
            let bytes = reader.header_bytes(seq).ok()??;
            let header = Header::read(&bytes).ok()?;
            attempts += usize::from(
                *header.event_type == *EventType::RecipientAttempted.as_str()
                    && header.delivery_id.as_deref() == Some(&*delivery_id),
            );
        }
        Some(attempts)
    }

    /// What a buyer says to a ping.
    fn bid(&self, call: &Call) -> Conduct {
        let world = &self.world;
        let number = world.next_reply();
        let cents = world.draw(0..1_000);
        let body = format!(r#"{{"bid":{}.{:02},"id":"p{number}"}}"#, cents / 100, cents % 100);
        let after = Duration::from_millis(world.draw(1..1_300));
        let what = match world.draw(0..10) {
            0 => Err((FaultKind::Connect, "connection refused")),
            1 => Err((FaultKind::Unknown, "connection reset")),
            2 => Ok((json(503, body), Says::Unclear)),
            3 => Ok((json(200, "{".to_owned()), Says::Unclear)),
            _ => Ok((json(200, body), Says::Unclear)),
        };
        Conduct { after: after.min(call.time_limit * 2), what, took: false }
    }

    fn perhaps_report(&self, place: usize) {
        let world = &self.world;
        let kind = match world.draw(0..10) {
            0..2 => FeedbackKind::Return,
            2..4 => FeedbackKind::Conversion,
            _ => return,
        };
        let after = Duration::from_millis(world.draw(1..60_000));
        let by_lead = world.chance(30);
        let number = world.with_entry(place, |entry| ReportState {
            delivery_id: entry.delivery_id,
            lead_id: entry.lead_id,
            entity_id: entry.entity_id.clone(),
            kind,
            by_lead,
            after,
            answered: None,
            done: false,
        });
        let number = world.add_report(number);
        tokio::spawn(report(Arc::clone(world), number));
    }

    fn conduct(&self, call: &Call, place: Option<usize>) -> Conduct {
        let world = &self.world;
        let entity = call.entity_id.as_str();
        let took_before = place.is_some_and(|place| {
            let delivery_id = world.with_entry(place, |entry| entry.delivery_id);
            world.book()[..place].iter().any(|entry| entry.delivery_id == delivery_id && entry.took)
        });
        let number = world.next_reply();
        let yes = || match entity {
            "svc_check" => {
                (200, format!(r#"{{"status":"ok","line":"mobile","id":"r{number}"}}"#), Says::Unclear)
            }
            "buyer_bid" => {
                let cents = world.draw(100..3_000);
                let bid = format!("{}.{:02}", cents / 100, cents % 100);
                let says = Says::Yes(Some(bid.parse().expect("an amount")));
                (200, format!(r#"{{"status":"accepted","bid":{bid},"id":"r{number}"}}"#), says)
            }
            _ => (201, format!(r#"{{"status":"Accepted","id":"r{number}"}}"#), Says::Yes(None)),
        };
        let quick = Duration::from_millis(world.draw(1..400));
        let reply = |after, (status, body, says): (u16, String, Says), took| Conduct {
            after,
            what: Ok((json(status, body), says)),
            took,
        };
        let fault = |after, kind, detail, took| Conduct { after, what: Err((kind, detail)), took };
        let no =
            |why: &str| (200, format!(r#"{{"status":"refused","why":"{why}","id":"r{number}"}}"#), Says::No);
        let text = |status, body: &str| (status, format!("{body} r{number}"), Says::Unclear);
        // It took the lead before, and now says that it did not, or that it knows it.
        if took_before && world.chance(50) {
            return reply(quick, no(["Duplicate", "Never seen"][usize::from(world.chance(50))]), true);
        }
        match world.draw(0..100) {
            0..38 => reply(quick, yes(), true),
            38..48 => reply(quick, no("Daily cap reached (100/100)"), false),
            48..56 => reply(quick, (503, "busy".to_owned(), Says::Unclear), false),
            56..61 => {
                let mut conduct = reply(quick, text(503, "later"), false);
                let seconds = if world.chance(10) { 3_600 } else { world.draw(0..300) };
                if let Ok((reply, _)) = &mut conduct.what {
                    let value = match world.draw(0..3) {
                        0 => "Mon, 15 Jan 2024 10:30:00 GMT".to_owned(),
                        1 => seconds.to_string(),
                        _ => "soon".to_owned(),
                    };
                    reply.headers.push(("retry-after".to_owned(), value.into_bytes()));
                }
                conduct
            }
            61..67 => fault(quick, FaultKind::Unknown, "connection reset", true),
            67..70 => fault(quick, FaultKind::Unknown, "connection reset", false),
            70..76 => reply(call.time_limit + Duration::from_millis(world.draw(0..2_000)), yes(), true),
            76..78 => fault(call.time_limit * 2, FaultKind::Timeout, "no reply in time", false),
            78..81 => fault(quick, FaultKind::Connect, "connection refused", false),
            81..82 => fault(quick, FaultKind::Dns, "no such host", false),
            82..83 => fault(quick, FaultKind::Tls, "certificate expired", false),
            83..87 => {
                let mut conduct = reply(quick, text(200, "\u{0}{]"), false);
                if let Ok((reply, _)) = &mut conduct.what {
                    let garbage: Vec<u8> = (0..40).map(|_| world.draw(0..256) as u8).collect();
                    reply.body.extend(garbage);
                }
                conduct
            }
            87..90 => {
                // The reader goes by what the body is when nothing says what it is called.
                let mut conduct = reply(quick, yes(), true);
                if let Ok((reply, _)) = &mut conduct.what {
                    reply.headers = vec![("content-type".to_owned(), b"application/octet-stream".to_vec())];
                }
                conduct
            }
            90..93 => {
                let bid = ["99999999999999999999999", "-4", "\"free\"", "1e400"][world.draw(0..4) as usize];
                let body = format!(r#"{{"status":"accepted","bid":{bid},"id":"r{number}"}}"#);
                // Less than nothing is an amount too: it is the flow that says what it takes.
                let says = match (entity == "buyer_bid", bid) {
                    (true, "-4") => Says::Yes(Some("-4".parse().expect("an amount"))),
                    (true, _) => Says::Unclear,
                    (false, _) => Says::Yes(None),
                };
                reply(quick, (200, body, says), true)
            }
            93..94 => reply(quick, text(200, &"[".repeat(5_000)), false),
            94..96 => reply(quick, text(404, "not here"), false),
            _ => reply(call.time_limit - Duration::from_millis(1), yes(), true),
        }
    }
}

fn json(status: u16, body: String) -> Reply {
    let headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
    Reply { status, headers, body: body.into_bytes() }
}

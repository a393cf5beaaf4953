//! Whether what came is what was expected.

use domain::EventType;
use wire::flow_file::{EventLine, Expected, FlowTest};

/// Where what came parts from what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unmet<'a> {
    /// What was to come; none when nothing more was.
    pub(super) wanted: Option<&'a Expected>,
    /// What came in its place, as far as that can be told.
    pub(super) instead: Option<&'a EventLine>,
    /// What was to come just before it, and came.
    pub(super) before: Option<&'a Expected>,
    /// Whether it came before that.
    pub(super) is_early: bool,
}

/// Holds what came against what a test expects.
pub(super) fn judge<'a>(test: &'a FlowTest, came: &'a [EventLine]) -> Result<(), Unmet<'a>> {
    if test.is_exact { exactly(&test.expect, came) } else { in_order(&test.expect, came) }
}

/// Each line has its event, in this order; others may lie between.
fn in_order<'a>(expect: &'a [Expected], came: &'a [EventLine]) -> Result<(), Unmet<'a>> {
    let (mut rest, mut passed, mut before) = (came, Vec::new(), None);
    for wanted in expect {
        let is_it = |event: &EventLine| wanted.event.is_true_of(event);
        let Some(at) = rest.iter().position(is_it) else {
            let is_early = passed.iter().copied().any(is_it);
            return Err(Unmet {
                wanted: Some(wanted),
                instead: nearest(&wanted.event, rest),
                before,
                is_early,
            });
        };
        passed.extend(&rest[..at]);
        before = Some(wanted);
        rest = &rest[at + 1..];
    }
    Ok(())
}

/// Each line has its event, and each event its line.
fn exactly<'a>(expect: &'a [Expected], came: &'a [EventLine]) -> Result<(), Unmet<'a>> {
    for at in 0..expect.len().max(came.len()) {
        let (wanted, own) = (expect.get(at), came.get(at));
        let is_met = matches!((wanted, own), (Some(wanted), Some(own)) if wanted.event.is_true_of(own));
        if !is_met {
            let before = at.checked_sub(1).and_then(|at| expect.get(at));
            return Err(Unmet { wanted, instead: own, before, is_early: false });
        }
    }
    Ok(())
}

/// The event that was meant, of those that came after all that was met: of the same step and type, else of
/// the same step, else of the same type; what was refused stands for what was to be accepted, and the other way round.
fn nearest<'a>(wanted: &EventLine, rest: &'a [EventLine]) -> Option<&'a EventLine> {
    let same_type = |event: &&EventLine| event.event_type == wanted.event_type;
    let same_step = |event: &&EventLine| wanted.step_id.is_some() && event.step_id == wanted.step_id;
    let both = rest.iter().find(|event| same_type(event) && same_step(event));
    both.or_else(|| rest.iter().rfind(same_step))
        .or_else(|| rest.iter().find(|event| same_type(event) && wanted.step_id.is_none()))
        .or_else(|| rest.iter().find(|event| is_verdict(wanted) && is_verdict(event)))
}

fn is_verdict(event: &EventLine) -> bool {
    matches!(event.event_type, EventType::SourceAccepted | EventType::SourceRejected)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAME: &str = "source.submitted | source.accepted price 10 | recipient.attempted a | recipient.failed a reason No | \
                        recipient.attempted b | recipient.delivered b price 5 | flow.completed outcome success margin -5";

    fn lines(text: &str) -> Vec<EventLine> {
        text.split(" | ").map(|line| EventLine::read(line, None).unwrap()).collect()
    }

    /// What is not met, and what came instead.
    fn told(expect: &str, is_exact: bool) -> String {
        let numbered = (1..).zip(lines(expect));
        let expect = numbered.map(|(line, event)| Expected { line, event }).collect();
        let test = FlowTest {
            line: 1,
            name: "a test".into(),
            at: "2026-01-15T16:00:00Z".parse().unwrap(),
            source_id: "src_a".parse().unwrap(),
            ping: None,
            submit: None,
            replies: Vec::new(),
            expect,
            is_exact,
        };
        let came = lines(CAME);
        match judge(&test, &came) {
            Ok(()) => "met".to_owned(),
            Err(Unmet { wanted, instead, before, is_early }) => {
                let wanted = wanted.map_or("nothing".to_owned(), |wanted| wanted.line.to_string());
                let instead = instead.map_or("nothing".to_owned(), EventLine::to_string);
                let early = before.filter(|_| is_early);
                let early = early.map(|line| format!(", early for {}", line.line)).unwrap_or_default();
                format!("{wanted}: {instead}{early}")
            }
        }
    }

    #[test]
    fn others_may_lie_between() {
        for (expect, wanted) in [
            ("source.submitted", "met"),
            ("recipient.failed a | recipient.delivered b price 5.00 | flow.completed margin -5", "met"),
            ("recipient.attempted | recipient.attempted", "met"),
            ("recipient.attempted | recipient.attempted | recipient.attempted", "3: nothing"),
            ("recipient.delivered b | recipient.failed a", "2: nothing, early for 1"),
            ("recipient.attempted a | recipient.delivered a", "2: recipient.failed a reason No"),
            ("recipient.delivered b price 6", "1: recipient.delivered b price 5"),
            ("source.rejected", "1: source.accepted price 10"),
            ("source.accepted price 9", "1: source.accepted price 10"),
            ("filter.passed c", "1: nothing"),
            ("source.accepted | source.submitted", "2: nothing, early for 1"),
        ] {
            assert_eq!(told(expect, false), wanted, "{expect}");
        }
    }

    #[test]
    fn where_all_is_told_nothing_lies_between() {
        assert_eq!(told(CAME, true), "met");
        assert_eq!(told("source.submitted | recipient.attempted a", true), "2: source.accepted price 10");
        assert_eq!(told("source.submitted | source.accepted", true), "nothing: recipient.attempted a");
        assert_eq!(told(&format!("{CAME} | retry.attempted b"), true), "8: nothing");
    }
}

//! Circuits of other parties: whoever gives no usable answer several times in a row is left alone for a while,
//! and then asked once, as a probe, before all others are let through again.
//!
//! A circuit changes by calls that began since it changed last; what began before tells nothing any more. In
//! memory only: after a restart every circuit is closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Circuit, EntityId, Timestamp};

use crate::Clock;

/// The circuits of all parties. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Circuits {
    clock: Arc<dyn Clock>,
    inner: Arc<Mutex<HashMap<EntityId, State>>>,
}

#[derive(Debug, Default)]
struct State {
    position: Position,
    /// Errors in a row while it is closed.
    errors: u32,
    /// How often it changed, so that what began before counts no more.
    changes: u64,
    /// How often it opened.
    opened: u64,
}

#[derive(Debug, Default)]
enum Position {
    #[default]
    Closed,
    /// Nobody is let through until this moment, by the monotonic clock.
    Open { until: Duration },
    /// One call is let through, and is under way.
    Probing,
}

/// How the circuit of a party stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitStanding {
    /// Whose it is.
    pub entity_id: EntityId,
    /// Whether it lets calls through.
    pub position: CircuitPosition,
    /// Errors in a row by now, while it is closed.
    pub errors: u32,
    /// How often it opened since the start.
    pub opened: u64,
}

/// Whether a circuit lets calls through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitPosition {
    /// All.
    Closed,
    /// None, until about then.
    Open {
        /// When one is let through.
        until: Timestamp,
    },
    /// One, which tells how it goes on.
    HalfOpen,
}

impl CircuitPosition {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            CircuitPosition::Closed => "closed",
            CircuitPosition::Open { .. } => "open",
            CircuitPosition::HalfOpen => "half_open",
        }
    }
}

/// Why a call is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotLetThrough {
    /// After so many errors in a row the circuit opened.
    pub(crate) errors: u32,
    /// When one is let through; none while one is under way.
    pub(crate) wait: Option<Duration>,
}

/// A call that was let through. Dropped without an end, it tells nothing.
#[derive(Debug)]
pub(crate) struct Pass {
    circuits: Circuits,
    entity_id: EntityId,
    circuit: Circuit,
    changes: u64,
    is_probe: bool,
}

impl Circuits {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Circuits {
        Circuits { clock, inner: Arc::default() }
    }

    fn inner(&self) -> MutexGuard<'_, HashMap<EntityId, State>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a call would not be let through; a look, which lets none through.
    pub(crate) fn refusal(&self, entity_id: &EntityId, circuit: Option<Circuit>) -> Option<NotLetThrough> {
        let circuit = circuit?;
        self.inner().get(entity_id)?.refusal(circuit, self.clock.monotonic())
    }

    /// Lets a call through; none has a pass where there is no circuit.
    pub(crate) fn enter(
        &self,
        entity_id: &EntityId,
        circuit: Option<Circuit>,
    ) -> Result<Option<Pass>, NotLetThrough> {
        let mut inner = self.inner();
        let Some(circuit) = circuit else {
            if let Some(state) = inner.get_mut(entity_id) {
                state.close();
            }
            return Ok(None);
        };
        if !inner.contains_key(entity_id) {
            inner.insert(entity_id.clone(), State::default());
        }
        let state = inner.get_mut(entity_id).expect("it is there");
        if let Some(refusal) = state.refusal(circuit, self.clock.monotonic()) {
            return Err(refusal);
        }
        let is_probe = matches!(state.position, Position::Open { .. });
        if is_probe {
            state.position = Position::Probing;
            state.changes += 1;
        }
        let changes = state.changes;
        let entity_id = entity_id.clone();
        Ok(Some(Pass { circuits: self.clone(), entity_id, circuit, changes, is_probe }))
    }

    /// How the circuit of a party stands; none when it has none.
    pub(crate) fn standing(&self, entity_id: &EntityId, circuit: Option<Circuit>) -> Option<CircuitStanding> {
        let circuit = circuit?;
        let now = self.clock.monotonic();
        let mut standing = CircuitStanding {
            entity_id: entity_id.clone(),
            position: CircuitPosition::Closed,
            errors: 0,
            opened: 0,
        };
        if let Some(state) = self.inner().get(entity_id) {
            standing.position = match (&state.position, state.refusal(circuit, now)) {
                (Position::Closed, _) => CircuitPosition::Closed,
                (Position::Open { .. }, Some(NotLetThrough { wait: Some(wait), .. })) => {
                    let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                    CircuitPosition::Open { until: self.clock.now().plus_millis(wait_ms) }
                }
                (Position::Open { .. } | Position::Probing, _) => CircuitPosition::HalfOpen,
            };
            (standing.errors, standing.opened) = (state.errors, state.opened);
        }
        Some(standing)
    }
}

impl State {
    fn refusal(&self, circuit: Circuit, now: Duration) -> Option<NotLetThrough> {
        match self.position {
            Position::Closed => None,
            Position::Open { until } => {
                let wait = until.checked_sub(now).filter(|wait| !wait.is_zero())?;
                Some(NotLetThrough { errors: circuit.errors, wait: Some(wait) })
            }
            Position::Probing => Some(NotLetThrough { errors: circuit.errors, wait: None }),
        }
    }

    fn open(&mut self, until: Duration) {
        self.position = Position::Open { until };
        self.errors = 0;
        self.changes += 1;
        self.opened += 1;
    }

    fn close(&mut self) {
        self.errors = 0;
        if !matches!(self.position, Position::Closed) {
            self.position = Position::Closed;
            self.changes += 1;
        }
    }
}

impl Pass {
    /// The call ended, with a usable answer or without.
    pub(crate) fn ended(self, was_error: bool) {
        let until = self.circuits.clock.monotonic() + self.circuit.cool_down;
        let mut inner = self.circuits.inner();
        let Some(state) = inner.get_mut(&self.entity_id).filter(|state| state.changes == self.changes) else {
            return;
        };
        if !was_error {
            state.close();
        } else if self.is_probe {
            state.open(until);
        } else {
            state.errors += 1;
            if state.errors >= self.circuit.errors {
                state.open(until);
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_probe {
            return;
        }
        let mut inner = self.circuits.inner();
        if let Some(state) = inner.get_mut(&self.entity_id)
            && state.changes == self.changes
        {
            // It told nothing: the next one is the probe.
            state.position = Position::Open { until: Duration::ZERO };
            state.changes += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(i64::try_from(self.0.load(Ordering::SeqCst)).unwrap())
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    const CIRCUIT: Option<Circuit> = Some(Circuit { errors: 3, cool_down: Duration::from_secs(60) });

    /// Plays what calls do, parted by spaces: `a?` begins the call a, `a+` ends it well, `a-` with an error, `a.` is
    /// given up; `60s` passes. Tells of each beginning whether it was let through, and how the circuit stands at last.
    fn play(script: &str) -> String {
        let clock = Arc::new(Hand::default());
        let circuits = Circuits::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let id: EntityId = "buyer_a".parse().unwrap();
        let mut passes: HashMap<&str, Pass> = HashMap::new();
        let mut told = String::new();
        for word in script.split(' ') {
            let (name, what) = word.split_at(word.len() - 1);
            match what {
                "?" => match circuits.enter(&id, CIRCUIT) {
                    Ok(pass) => {
                        passes.insert(name, pass.unwrap());
                        told.push('y');
                    }
                    Err(_) => told.push('n'),
                },
                "+" | "-" => passes.remove(name).unwrap().ended(what == "-"),
                "." => drop(passes.remove(name)),
                "s" => drop(clock.0.fetch_add(name.parse::<u64>().unwrap() * 1000, Ordering::SeqCst)),
                other => panic!("{other}"),
            }
        }
        let standing = circuits.standing(&id, CIRCUIT).unwrap();
        format!("{told} {} {} {}", standing.position.as_str(), standing.errors, standing.opened)
    }

    #[test]
    fn it_opens_after_so_many_errors_in_a_row() {
        assert_eq!(play("a? a- b? b-"), "yy closed 2 0");
        assert_eq!(play("a? a- b? b- c? c- d?"), "yyyn open 0 1");
        assert_eq!(play("a? a- b? b- c? c+ d? d- e? e- f?"), "yyyyyy closed 2 0");
        assert_eq!(play("a? b? c? c- a- b- d?"), "yyyn open 0 1");
    }

    #[test]
    fn one_call_tries_it_after_the_cool_down() {
        let open = "a? b? c? a- b- c-";
        assert_eq!(play(&format!("{open} 59s d? 1s")), "yyyn half_open 0 1");
        assert_eq!(play(&format!("{open} 60s d? e?")), "yyyyn half_open 0 1");
        assert_eq!(play(&format!("{open} 60s d? e? d+ f? g?")), "yyyynyy closed 0 1");
        assert_eq!(play(&format!("{open} 60s d? d- e? 59s f? 1s g?")), "yyyynny half_open 0 2");
    }

    #[test]
    fn a_probe_that_tells_nothing_leaves_its_place_to_the_next() {
        assert_eq!(play("a? b? c? a- b- c- 60s d? d. e? f? e+"), "yyyyyn closed 0 1");
    }

    #[test]
    fn what_began_before_a_change_tells_nothing() {
        assert_eq!(play("a? b? c? x? y? a- b- c- x+ d?"), "yyyyyn open 0 1");
        assert_eq!(play("a? b? c? x? y? a- b- c- 60s d? x- y+ e?"), "yyyyyyn half_open 0 1");
        assert_eq!(play("a? b? c? x? a- b- c- 60s d? d+ x- e? e- f? f- g?"), "yyyyyyyy closed 2 1");
    }

    #[test]
    fn without_a_circuit_everything_is_let_through_and_one_begins_closed() {
        let circuits = Circuits::new(Arc::new(Hand::default()));
        let id: EntityId = "buyer_a".parse().unwrap();
        for _ in 0..3 {
            circuits.enter(&id, CIRCUIT).unwrap().unwrap().ended(true);
        }
        circuits.enter(&id, CIRCUIT).unwrap_err();
        assert!(circuits.refusal(&id, None).is_none());
        assert!(circuits.enter(&id, None).unwrap().is_none());
        assert!(circuits.standing(&id, None).is_none());
        circuits.enter(&id, CIRCUIT).unwrap().unwrap();
    }
}

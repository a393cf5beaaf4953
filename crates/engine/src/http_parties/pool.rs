//! Connections between two requests, and how many requests a host gets at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::FaultKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::Fault;
use super::connection::{Connection, Place};

/// Most hosts for which connections are kept.
const PLACES_MAX: usize = 1_000;

/// What is kept of one host.
struct Shelf {
    /// Those used last at the end.
    idle: VecDeque<(Connection, Instant)>,
    turns: Arc<Semaphore>,
}

/// Connections between two requests.
pub(super) struct Pool {
    idle_per_place_max: usize,
    open_per_place_max: usize,
    idle_max: Duration,
    shelves: Mutex<HashMap<Place, Shelf>>,
}

impl Pool {
    pub(super) fn new(idle_per_place_max: usize, open_per_place_max: usize, idle_max: Duration) -> Pool {
        Pool { idle_per_place_max, open_per_place_max, idle_max, shelves: Mutex::default() }
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<Place, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to one connection to a host, for as long as a request is under way on it.
    pub(super) async fn turn(&self, place: &Place, deadline: Instant) -> Result<OwnedSemaphorePermit, Fault> {
        let turns = self.turns(place);
        match timeout_at(deadline, turns.acquire_owned()).await {
            Ok(turn) => Ok(turn.expect("nobody closes the semaphore")),
            Err(_) => {
                let detail = format!(
                    "{} requests to the host were under way for all of the time limit",
                    self.open_per_place_max
                );
                Err(Fault::new(FaultKind::Connect, detail))
            }
        }
    }

    fn turns(&self, place: &Place) -> Arc<Semaphore> {
        let mut shelves = self.shelves();
        if let Some(shelf) = shelves.get(place) {
            return Arc::clone(&shelf.turns);
        }
        let turns = Arc::new(Semaphore::new(self.open_per_place_max));
        if shelves.len() >= PLACES_MAX {
            shelves.retain(|_, shelf| {
                shelf.idle.retain(|kept| self.is_good(kept));
                !shelf.idle.is_empty() || Arc::strong_count(&shelf.turns) > 1
            });
        }
        if shelves.len() < PLACES_MAX {
            shelves.insert(place.clone(), Shelf { idle: VecDeque::new(), turns: Arc::clone(&turns) });
        }
        turns
    }

    fn is_good(&self, (connection, since): &(Connection, Instant)) -> bool {
        since.elapsed() < self.idle_max && !connection.sender.is_closed()
    }

    /// The connection that was used last; the other side may have closed it meanwhile.
    pub(super) fn take(&self, place: &Place) -> Option<Connection> {
        let mut shelves = self.shelves();
        let idle = &mut shelves.get_mut(place)?.idle;
        while let Some(kept) = idle.pop_back() {
            if self.is_good(&kept) {
                return Some(kept.0);
            }
        }
        None
    }

    /// Keeps a connection whose reply was read whole.
    pub(super) fn put(&self, place: &Place, connection: Connection) {
        let mut shelves = self.shelves();
        let Some(shelf) = shelves.get_mut(place) else { return };
        while shelf.idle.front().is_some_and(|oldest| !self.is_good(oldest)) {
            shelf.idle.pop_front();
        }
        if shelf.idle.len() < self.idle_per_place_max && !connection.sender.is_closed() {
            shelf.idle.push_back((connection, Instant::now()));
        }
    }
}

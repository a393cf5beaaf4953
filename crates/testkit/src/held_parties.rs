//! Services and buyers that answer nothing until they are told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::{Answered, Asking, Call, Parties};
use tokio::sync::{Semaphore, watch};
use wire::outbound::Reply;

/// Services and buyers that answer nothing until they are told to; then they answer 200 to whoever
/// asked first.
#[derive(Debug)]
pub struct HeldParties {
    asked: watch::Sender<usize>,
    answers: Semaphore,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Default for HeldParties {
    fn default() -> HeldParties {
        HeldParties {
            asked: watch::Sender::new(0),
            answers: Semaphore::new(0),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }
}

impl HeldParties {
    /// Waits until they were asked so often in all.
    ///
    /// # Panics
    /// Never: who is waited for is this itself.
    pub async fn asked(&self, count: usize) {
        self.asked.subscribe().wait_for(|asked| *asked >= count).await.expect("the sender is here");
    }

    /// Lets them answer so often.
    pub fn answer(&self, count: usize) {
        self.answers.add_permits(count);
    }

    /// The most requests that were with them at a time.
    pub fn most_at_a_time(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Parties for HeldParties {
    fn ask(&self, _: Call) -> Asking<'_> {
        Box::pin(async {
            let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(under_way, Ordering::SeqCst);
            self.asked.send_modify(|asked| *asked += 1);
            self.answers.acquire().await.expect("nobody closes the semaphore").forget();
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            let reply = Reply { status: 200, headers: Vec::new(), body: Vec::new() };
            Ok(Answered { reply, redirects: Vec::new(), waited: Duration::ZERO })
        })
    }
}

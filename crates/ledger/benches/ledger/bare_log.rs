//! The least that a durable log with group commit does: a queue, one write and one `fdatasync` a
//! batch, an answer to each caller. No encoding, no checksums, no index. What the ledger is held
//! against.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// The side that callers hold.
#[derive(Clone, Default)]
pub(crate) struct BareLog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    queued: Condvar,
}

#[derive(Default)]
struct Queue {
    appends: Vec<Append>,
    closed: bool,
}

struct Append {
    bytes: Vec<u8>,
    done: oneshot::Sender<()>,
}

impl BareLog {
    pub(crate) fn start(directory: &Path) -> (BareLog, JoinHandle<()>) {
        let file = File::create_new(directory.join("log")).expect("a file can be made");
        let log = BareLog::default();
        let shared = Arc::clone(&log.shared);
        (log, std::thread::spawn(move || write_appends(&shared, &file)))
    }

    /// Ready when the bytes are durable.
    pub(crate) async fn append(&self, bytes: Vec<u8>) {
        let (done, answer) = oneshot::channel();
        self.shared.queue.lock().expect("nobody panics").appends.push(Append { bytes, done });
        self.shared.queued.notify_one();
        answer.await.expect("the writer answers");
    }

    pub(crate) fn close(&self) {
        self.shared.queue.lock().expect("nobody panics").closed = true;
        self.shared.queued.notify_one();
    }
}

fn write_appends(shared: &Shared, file: &File) {
    let (mut end, mut reserved) = (0, 0);
    let mut batch = Vec::new();
    loop {
        let appends = {
            let mut queue = shared.queue.lock().expect("nobody panics");
            while queue.appends.is_empty() && !queue.closed {
                queue = shared.queued.wait(queue).expect("nobody panics");
            }
            std::mem::take(&mut queue.appends)
        };
        if appends.is_empty() {
            return;
        }
        batch.clear();
        for append in &appends {
            batch.extend_from_slice(&append.bytes);
        }
        if end + batch.len() as u64 > reserved {
            let bytes = RESERVE_BYTES.max(batch.len() as u64);
            rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), reserved, bytes)
                .expect("there is space");
            reserved += bytes;
        }
        file.write_all_at(&batch, end).expect("the file is written");
        file.sync_data().expect("the file syncs");
        end += batch.len() as u64;
        for append in appends {
            append.done.send(()).expect("the caller waits");
        }
    }
}

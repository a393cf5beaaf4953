//! How long requests may take, and how many may stay.

use std::time::Duration;

/// How long requests may take, and how many may stay. The default suits production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for a client to send the headers of a request. A connection on which nothing
    /// is asked is closed after it too.
    pub headers_time: Duration,
    /// Longest time for a source to send its body.
    pub body_time: Duration,
    /// Longest time from the end of a request's headers to its reply.
    pub request_time: Duration,
    /// Longest time for which the rest of a body is read that nobody wants, once its request is answered.
    pub linger_time: Duration,
    /// Most connections at a time; more wait to be accepted. A source that waits for its answer keeps one.
    pub connections: usize,
    /// Most live streams at a time.
    pub streams: usize,
    /// Longest time that requests under way have to end when the server stops.
    pub shutdown_time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            headers_time: Duration::from_secs(15),
            body_time: Duration::from_secs(20),
            request_time: Duration::from_secs(60),
            linger_time: Duration::from_secs(5),
            connections: 16_384,
            streams: 256,
            shutdown_time: crate::SHUTDOWN_MAX,
        }
    }
}

//! Bodies that nobody reads to their end. A connection that is closed while its client still sends is reset, and
//! what the client was answered may be lost on the way; so what is left is read on for a while.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Request, header};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Most bytes that are read of what nobody wants.
const LINGER_BYTES_MAX: usize = 16 << 20;

/// A body whose rest is read and forgotten when it is dropped before its end.
#[derive(Debug)]
pub(crate) struct Lingering {
    /// None once it has ended or failed.
    rest: Option<Incoming>,
    /// Whether the client sends nothing before it is asked to (`Expect: 100-continue`), and was not asked yet.
    waits: bool,
    time_max: Duration,
}

impl Lingering {
    /// Puts it in the place of a request's body; the rest is read within `time_max`.
    pub(crate) fn in_place(request: Request<Incoming>, time_max: Duration) -> Request<Lingering> {
        let waits = request.headers().contains_key(header::EXPECT);
        request.map(|body| Lingering { rest: Some(body), waits, time_max })
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let polled = Pin::new(rest).poll_frame(context);
        self.waits = false;
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.rest = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(rest) = self.rest.take().filter(|rest| !self.waits && !rest.is_end_stream()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // Ends by its bounds, or with the connection, which waits for it.
            runtime.spawn(tokio::time::timeout(self.time_max, read_on(rest)));
        }
    }
}

/// Reads a body to its end, or as far as is allowed.
async fn read_on(mut body: Incoming) {
    let mut bytes = 0;
    while bytes <= LINGER_BYTES_MAX
        && let Some(Ok(frame)) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
}

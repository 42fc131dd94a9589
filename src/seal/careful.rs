//! A body that breaks is passed on as far as it came, and then looks broken.
//!
//! hyper drops the connection at once where a body fails, and with it what it had not written
//! yet. So a failure is kept until all that came before is on its way, as the program's wire
//! shows; then the connection ends without the end that its client waits for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::body::Broken;

/// How often it is looked at whether everything is on its way.
const LOOK: Duration = Duration::from_millis(10);

/// Whether a wire has bytes that it could not write yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow(Arc<AtomicBool>);

impl Flow {
    /// A wire that tells this.
    pub(super) fn watch<W>(&self, wire: W) -> Watched<W> {
        Watched { wire, flow: self.clone() }
    }

    fn is_stuck(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A wire whose writes are watched.
pub(super) struct Watched<W> {
    wire: W,
    flow: Flow,
}

impl<W: Unpin> Watched<W> {
    fn told<T>(&self, poll: Poll<T>) -> Poll<T> {
        self.flow.0.store(poll.is_pending(), Ordering::Relaxed);
        poll
    }
}

impl<W: AsyncRead + Unpin> AsyncRead for Watched<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(context, into)
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Watched<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(context, bytes);
        self.told(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.wire).poll_flush(context);
        self.told(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

/// A body whose failure waits until what came before it is written.
pub(super) struct Careful<B> {
    body: B,
    flow: Flow,
    failure: Option<(Broken, Pin<Box<Sleep>>)>,
}

impl<B> Careful<B> {
    pub(super) fn new(body: B, flow: &Flow) -> Self {
        Self { body, flow: flow.clone(), failure: None }
    }
}

impl<B> Body for Careful<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Broken>,
{
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        if this.failure.is_none() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Err(error)) => this.failure = Some((error.into(), Box::pin(sleep(LOOK)))),
                Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
                None => return Poll::Ready(None),
            }
        }
        while let Some((_, pause)) = &mut this.failure {
            // Whoever drives the connection writes what it has whenever there is no more.
            ready!(pause.as_mut().poll(context));
            if !this.flow.is_stuck() {
                break;
            }
            *pause = Box::pin(sleep(LOOK));
        }
        Poll::Ready(this.failure.take().map(|(error, _)| Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        self.failure.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

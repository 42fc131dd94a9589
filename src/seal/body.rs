//! Bodies of messages: passed on as they come, or through a filter on the way.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use super::careful::{Careful, Flow};
use super::coding::Coding;
use crate::inject::Filter;

/// Any error of a connection.
pub(super) type Broken = Box<dyn Error + Send + Sync>;
/// Any body.
pub(super) type Body = UnsyncBoxBody<Bytes, Broken>;

/// After how much silence what is held back goes on where a line ends with it.
const MOMENT: Duration = Duration::from_millis(30);
/// After how much all of it does: a peer that answers amid a line waits no longer, and a packet that was lost
/// on the way and sent again takes less.
const LONG: Duration = Duration::from_secs(5);

/// No body.
pub(super) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// These bytes.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// As it comes.
pub(super) fn untouched(body: Incoming) -> Body {
    body.map_err(Into::into).boxed_unsync()
}

/// As it comes, and broken as it breaks, once what came is written.
pub(super) fn careful<B>(body: B, flow: &Flow) -> Body
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Broken>,
{
    Careful::new(body, flow).boxed_unsync()
}

/// These bytes, and then this failure.
pub(super) fn cut(bytes: Bytes, failure: Broken) -> Body {
    let (sender, receiver) = channel(2);
    // There is room for both.
    let _ = sender.try_send(Ok(Frame::data(bytes)));
    let _ = sender.try_send(Err(failure));
    Piped(receiver).boxed_unsync()
}

/// Reads a body, and what broke it where something did; `None` where it has more than `most`
/// bytes.
pub(super) async fn read_up_to(mut body: Incoming, most: usize) -> Option<(Bytes, Option<Broken>)> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) if all.len() + data.len() > most => return None,
            Ok(Ok(data)) => all.extend_from_slice(&data),
            // Trailers: nobody was told of any.
            Ok(Err(_)) => {}
            Err(error) => return Some((all.freeze(), Some(error.into()))),
        }
    }
    Some((all.freeze(), None))
}

/// Reads all of a body that is known to be short.
///
/// # Errors
/// The connection broke.
pub(super) async fn read(body: Incoming) -> Result<Bytes, Broken> {
    Ok(body.collect().await?.to_bytes())
}

/// What is asked before filtered bytes go on.
pub(super) trait Gate: Send + 'static {
    /// Whether they may.
    fn opens(&mut self) -> impl Future<Output = bool> + Send;
}

/// A body that goes through `filter`, decoded and encoded again where it is compressed. It is
/// read only as fast as it is taken.
pub(super) fn filtered(
    body: Incoming,
    filter: impl Filter + Send + 'static,
    coding: Coding,
    gate: impl Gate,
) -> Body {
    let (sender, receiver) = channel(1);
    tokio::spawn(pump(body, filter, coding, gate, sender));
    Piped(receiver).boxed_unsync()
}

async fn pump(
    mut body: Incoming,
    mut filter: impl Filter + Send,
    mut coding: Coding,
    mut gate: impl Gate,
    sender: Sender<Result<Frame<Bytes>, Broken>>,
) {
    let mut waits = [MOMENT, LONG].iter();
    loop {
        let wait = if filter.holds() { waits.next() } else { None };
        let next = match wait {
            Some(wait) => timeout(*wait, body.frame()).await,
            None => Ok(body.frame().await),
        };
        let mut shown = Vec::new();
        match next {
            Err(_) if wait == Some(&MOMENT) => filter.pause(&mut shown),
            Err(_) => filter.idle(usize::MAX, &mut shown),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    waits = [MOMENT, LONG].iter();
                    if !push(&data, &mut coding, &mut filter, &mut gate, &sender).await {
                        return;
                    }
                    continue;
                }
                // Trailers: nobody was told of any (TE, Trailer), and they are not looked into.
                Err(_) => continue,
            },
            Ok(Some(Err(error))) => {
                // What came goes on, and then the failure.
                filter.finish(&mut shown);
                if send(shown, &mut coding, &mut gate, &sender).await {
                    let _ = sender.send(Err(error.into())).await;
                }
                return;
            }
            Ok(None) => {
                if !finish(&mut coding, &mut filter, &mut gate, &sender).await {
                    let _ = sender.send(Err("the body is cut off".into())).await;
                }
                return;
            }
        }
        if !send(shown, &mut coding, &mut gate, &sender).await {
            return;
        }
    }
}

/// Filters one piece; false where nobody takes it any more, or it cannot be read.
async fn push<F: Filter, G: Gate>(
    data: &[u8],
    coding: &mut Coding,
    filter: &mut F,
    gate: &mut G,
    sender: &Sender<Result<Frame<Bytes>, Broken>>,
) -> bool {
    // Little at once: a few bytes may become many.
    for piece in data.chunks(coding.piece()) {
        let mut shown = Vec::new();
        match coding.decode(piece) {
            Ok(decoded) => filter.push(&decoded, &mut shown),
            Err(error) => {
                let _ = sender.send(Err(error.into())).await;
                return false;
            }
        }
        if !send(shown, coding, gate, sender).await {
            return false;
        }
    }
    true
}

async fn finish<F: Filter, G: Gate>(
    coding: &mut Coding,
    filter: &mut F,
    gate: &mut G,
    sender: &Sender<Result<Frame<Bytes>, Broken>>,
) -> bool {
    let mut shown = Vec::new();
    let Ok(rest) = coding.decoded() else { return false };
    filter.push(&rest, &mut shown);
    filter.finish(&mut shown);
    if !send(shown, coding, gate, sender).await {
        return true;
    }
    match coding.encoded() {
        Ok(end) if end.is_empty() => true,
        Ok(end) => {
            let _ = sender.send(Ok(Frame::data(end.into()))).await;
            true
        }
        Err(_) => false,
    }
}

/// Sends what was filtered; false where nobody takes it, or it may not go.
async fn send<G: Gate>(
    shown: Vec<u8>,
    coding: &mut Coding,
    gate: &mut G,
    sender: &Sender<Result<Frame<Bytes>, Broken>>,
) -> bool {
    if shown.is_empty() {
        return true;
    }
    if !gate.opens().await {
        let _ = sender.send(Err("what was found in it is not passed on".into())).await;
        return false;
    }
    match coding.encode(shown) {
        Ok(encoded) => sender.send(Ok(Frame::data(encoded.into()))).await.is_ok(),
        Err(_) => false,
    }
}

/// The end of a pipe between a task and a connection.
struct Piped(Receiver<Result<Frame<Bytes>, Broken>>);

impl hyper::body::Body for Piped {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.0.poll_recv(context)
    }
}

//! WebSockets: what the server says is looked into frame by frame, and keeps its length.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split};

use super::connect::Wire;
use super::values::Values;
use crate::inject::Filter as _;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

/// Passes messages on in both directions, until one side has ended.
///
/// # Errors
/// A connection broke, or the server sent what cannot be looked into.
pub(super) async fn relay(
    client: impl Wire,
    server: impl Wire,
    values: Option<&Values>,
) -> Result<(), Stopped> {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let up = async {
        copy(&mut from_client, &mut to_server).await?;
        Ok(to_server.shutdown().await?)
    };
    let down = async {
        let mut frames = Frames::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = from_server.read(&mut chunk).await?;
            if count == 0 {
                return Ok(to_client.shutdown().await?);
            }
            match values {
                Some(values) => {
                    let mut out = Vec::with_capacity(count);
                    let readable = frames.push(&chunk[..count], values, &mut out);
                    to_client.write_all(&out).await?;
                    to_client.flush().await?;
                    readable.map_err(Stopped::Unreadable)?;
                }
                None => to_client.write_all(&chunk[..count]).await?,
            }
            to_client.flush().await?;
        }
    };
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
    }
}

/// Why messages are passed on no longer.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A connection broke.
    Broken,
    /// The server sent what nobody can look into here.
    Unreadable(&'static str),
}

impl From<io::Error> for Stopped {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// The server's side of a WebSocket, cut into frames (RFC 6455, 5.2).
#[derive(Default)]
pub(super) struct Frames {
    head: Vec<u8>,
    payload: Vec<u8>,
    /// Bytes of the payload that are still to come.
    left: u64,
}

/// A payload is kept back until it is there in whole, or has so many bytes.
const MOST_KEPT: usize = 1 << 20;

impl Frames {
    /// Takes `bytes`, and adds to `out` what can be passed on.
    ///
    /// # Errors
    /// What makes a frame unreadable: no server may mask one, and nobody asked for extensions.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        values: &Values,
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        while !bytes.is_empty() || self.is_ready() {
            if self.is_ready() || self.left > 0 {
                let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                let (payload, rest) = bytes.split_at(take);
                self.payload.extend_from_slice(payload);
                self.left -= take as u64;
                bytes = rest;
                if self.left > 0 && self.payload.len() < MOST_KEPT {
                    return Ok(());
                }
                self.pass(values, out);
                continue;
            }
            self.head.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some((length, is_masked)) = length(&self.head) {
                if is_masked {
                    return Err("a masked frame from a server");
                }
                if self.head[0] & 0x70 != 0 {
                    return Err("a frame of an extension that nobody asked for");
                }
                self.left = length;
            }
        }
        Ok(())
    }

    /// Whether a head is complete and its payload, too.
    fn is_ready(&self) -> bool {
        self.left == 0 && length(&self.head).is_some()
    }

    fn pass(&mut self, values: &Values, out: &mut Vec<u8>) {
        if length(&self.head).is_some() {
            out.append(&mut self.head);
        }
        let mut stream = values.in_place().stream(|_| ());
        stream.push(&self.payload, out);
        stream.finish(out);
        self.payload.clear();
    }
}

/// How long the payload is, and whether it is masked, once the head is complete.
fn length(head: &[u8]) -> Option<(u64, bool)> {
    let second = *head.get(1)?;
    let is_masked = second & 0x80 != 0;
    let (length, extended): (u64, usize) = match second & 0x7f {
        126 => (head.get(2..4)?.iter().fold(0, |n, b| n << 8 | u64::from(*b)), 2),
        127 => (head.get(2..10)?.iter().fold(0, |n, b| n << 8 | u64::from(*b)), 8),
        short => (short.into(), 0),
    };
    let whole = 2 + extended + if is_masked { 4 } else { 0 };
    (head.len() == whole).then_some((length, is_masked))
}

//! Asking the service: before a value leaves for a host the first time, and when one is refused.
//!
//! The tasks of the proxy wait here; the thread that supervises the program answers.

use std::collections::BTreeMap;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use super::error::SealError;
use super::values::Values;
use crate::access::Sealing;
use crate::name::{Address, SecretName};

/// So many different refusals are recorded, and the rest counted; a program can make up any number.
const MOST_DENIED: usize = 1000;
/// So many answers may have a value in them that their request had not; further ones are refused.
const FEW: u64 = 5;

/// What happened, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The value of this secret is about to leave for this host, the first time.
    Use(SecretName, Address),
    /// Something was refused.
    Denied(Denied),
}

impl Event {
    /// Whether it is about this secret.
    pub(crate) fn is_of(&self, name: &SecretName) -> bool {
        match self {
            Self::Use(used, _) => used == name,
            Self::Denied(denied) => denied.name.as_ref() == Some(name),
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Denied {
    /// The secret, where a placeholder was found.
    pub(crate) name: Option<SecretName>,
    /// Where the request went.
    pub(crate) address: Option<Address>,
    /// Why, in a word or two.
    pub(crate) why: String,
}

/// How often a secret went to a host, or a refusal was repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// What happened.
    pub(crate) event: Event,
    /// How many times.
    pub(crate) count: u64,
}

/// Questions of a proxy, to be answered by one thread.
pub(crate) struct Asks {
    receiver: Receiver<Ask>,
    wake: PipeReader,
}

struct Ask {
    event: Event,
    reply: oneshot::Sender<bool>,
}

impl Asks {
    /// Answers everything that is asked by now; `record` says whether it was recorded.
    pub(crate) fn answer(&self, mut record: impl FnMut(&Event) -> bool) {
        let _ = (&self.wake).read(&mut [0; 64]);
        while let Ok(ask) = self.receiver.try_recv() {
            // Whoever asked may be gone.
            let _ = ask.reply.send(record(&ask.event));
        }
    }
}

impl AsFd for Asks {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// What the tasks of a proxy share: rules, values, and the way to the service.
pub(super) struct SealedRun {
    sealing: Sealing,
    values: Values,
    sender: Mutex<Sender<Ask>>,
    wake: PipeWriter,
    used: AsyncMutex<BTreeMap<(SecretName, Address), u64>>,
    denied: AsyncMutex<BTreeMap<Denied, u64>>,
    /// Refusals beyond those.
    more: AtomicU64,
}

/// Makes both ends.
///
/// # Errors
/// No descriptors are left.
pub(super) fn run(sealing: Sealing, values: Values) -> Result<(SealedRun, Asks), SealError> {
    let (reader, writer) = pipe().map_err(SealError::System)?;
    for end in [reader.as_fd(), writer.as_fd()] {
        let flags = fcntl_getfl(end).map_err(|error| SealError::System(error.into()))?;
        fcntl_setfl(end, flags | OFlags::NONBLOCK)
            .map_err(|error| SealError::System(error.into()))?;
    }
    let (sender, receiver) = channel();
    let run = SealedRun {
        sealing,
        values,
        sender: Mutex::new(sender),
        wake: writer,
        used: AsyncMutex::default(),
        denied: AsyncMutex::default(),
        more: AtomicU64::new(0),
    };
    Ok((run, Asks { receiver, wake: reader }))
}

impl SealedRun {
    pub(super) fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    /// Has it recorded that the value goes to `address`; false where that failed, and then no
    /// value may leave.
    pub(super) async fn recorded(&self, name: &SecretName, address: &Address) -> bool {
        // Held while the first one is recorded: the second waits for it.
        let mut used = self.used.lock().await;
        let key = (name.clone(), address.clone());
        if !used.contains_key(&key) && !self.ask(Event::Use(key.0.clone(), key.1.clone())).await {
            return false;
        }
        *used.entry(key).or_default() += 1;
        true
    }

    /// Whether this run has put a value into a request to `address`.
    pub(super) async fn has_left(&self, address: &Address) -> bool {
        self.used.lock().await.keys().any(|(_, used)| used == address)
    }

    /// Has a refusal recorded, the first of its kind at once; says how many there were of it.
    pub(super) async fn denied(&self, denied: Denied) -> u64 {
        let mut all = self.denied.lock().await;
        if let Some(count) = all.get_mut(&denied) {
            *count += 1;
            return *count;
        }
        if all.len() < MOST_DENIED {
            let _ = self.ask(Event::Denied(denied.clone())).await;
            all.insert(denied, 1);
            return 1;
        }
        self.more.fetch_add(1, Ordering::Relaxed);
        u64::MAX
    }

    /// Has it recorded that an answer had the value in it; false where it is to be refused. That
    /// a value that was sent comes back (`is_echo`) is no guess; otherwise a few may be chance,
    /// and one of few possibilities is found by them all.
    pub(super) async fn came_back(
        &self,
        name: &SecretName,
        address: &Address,
        is_echo: bool,
    ) -> bool {
        let why = "kept out of an answer".to_owned();
        let denied = Denied { name: Some(name.clone()), address: Some(address.clone()), why };
        let count = self.denied(denied).await;
        !self.values.is_guessable(name) && (is_echo || count <= FEW)
    }

    async fn ask(&self, event: Event) -> bool {
        let (reply, answer) = oneshot::channel();
        let sent = {
            let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
            sender.send(Ask { event, reply }).is_ok()
        };
        // A full pipe wakes as well.
        let _ = (&self.wake).write(&[0]);
        sent && answer.await.unwrap_or(false)
    }

    /// How often what was recorded happened, once nobody serves any more.
    pub(super) fn counted(&self) -> Vec<Use> {
        let Ok(used) = self.used.try_lock() else { return Vec::new() };
        let Ok(denied) = self.denied.try_lock() else { return Vec::new() };
        let uses = used.iter().map(|((name, address), count)| Use {
            event: Event::Use(name.clone(), address.clone()),
            count: *count,
        });
        let refused = denied
            .iter()
            .map(|(one, count)| Use { event: Event::Denied(one.clone()), count: *count });
        let more = self.more.load(Ordering::Relaxed);
        let why = "other refusals".to_owned();
        let more = (more > 0).then_some(Use {
            event: Event::Denied(Denied { name: None, address: None, why }),
            count: more,
        });
        uses.chain(refused).chain(more).collect()
    }
}

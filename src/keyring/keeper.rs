//! A process of authy's own that keeps what was unlocked, where the kernel has no keyring for it:
//! macOS, most containers.
//!
//! Whoever inherited its socket is answered, and nobody else can be: a socket has no path to open, unlike
//! a pipe or a file in memory. It ends when the last process that holds the socket has ended, with its
//! time, after a sleep of the machine, and when anybody of this user connects to its door.
//!
//! One message hands it what to keep: the label, until when (seconds since 1970, 8 bytes), the length (4
//! bytes, both little-endian) and the bytes. It answers with one byte. From then on each message is a
//! label together with a socket, into which it writes the bytes, or nothing.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use listenfd::ListenFd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::setsid;
use zeroize::Zeroizing;

use super::LARGEST;
use crate::secret::SecretBytes;

/// Bytes of a label.
const LABEL: usize = 32;
/// Asked for instead of a label: keep nothing any more.
const LOCK: [u8; LABEL] = [b'-'; LABEL];
/// Lowest descriptor that is used: out of the way of a shell's redirections.
const LOWEST: i32 = 100;
/// The last word of a keeper that is to stay.
const STAY: &str = "stay";
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What two clocks may differ by.
const SLACK: Duration = Duration::from_secs(2);

/// The socket that this process inherited.
static INHERITED: OnceLock<UnixStream> = OnceLock::new();

/// What a program has to inherit to be answered, in the variable [`UNLOCKED`](crate::UNLOCKED).
#[derive(Debug, Clone)]
pub struct UnlockSocket {
    socket: Arc<OwnedFd>,
    has_door: bool,
}

impl UnlockSocket {
    /// The number of the descriptor, which a program that is started now inherits.
    #[must_use]
    pub fn number(&self) -> String {
        self.socket.as_raw_fd().to_string()
    }

    /// Whether `lock` can end it from any shell of this user's: not where the state folder cannot be
    /// written.
    #[must_use]
    pub const fn has_door(&self) -> bool {
        self.has_door
    }
}

/// How the keeper is started: the program of authy, the word that makes it one, and the folder of its
/// door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeeperCommand<'c> {
    pub(crate) program: &'c Path,
    pub(crate) word: &'c OsStr,
    pub(crate) doors: Option<&'c Path>,
}

/// Takes over the socket of a keeper that this process inherited, as the protocol of systemd's sockets
/// names it: it says of a number that a descriptor is behind it and ours to own.
pub fn take_unlock_socket() {
    let inherited = ListenFd::from_env().take_unix_listener(0).ok().flatten();
    if let Some(socket) = inherited {
        let _ = INHERITED.set(UnixStream::from(OwnedFd::from(socket)));
    }
}

/// Starts a keeper for `payload`.
///
/// # Errors
/// It cannot be started, or did not take it.
pub(super) fn start(
    command: KeeperCommand<'_>,
    label: &str,
    payload: &[u8],
    until: SystemTime,
) -> io::Result<UnlockSocket> {
    let door = command.doors.and_then(|folder| new_door(folder).ok()).unwrap_or_default();
    let (mut own, its) = UnixStream::pair()?;
    let started = Command::new(command.program)
        .arg0("authy")
        .args([command.word, door.as_os_str()])
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(its)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !started.success() {
        return Err(io::Error::other("the process that keeps it did not start"));
    }
    let until = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    own.set_read_timeout(Some(PATIENCE))?;
    for part in [&label_bytes(label)[..], &until.to_le_bytes(), &length.to_le_bytes(), payload] {
        own.write_all(part)?;
    }
    own.read_exact(&mut [0])?;
    let kept = fcntl_dupfd_cloexec(&own, LOWEST)?;
    fcntl_setfd(&kept, FdFlags::empty())?;
    Ok(UnlockSocket { socket: Arc::new(kept), has_door: !door.as_os_str().is_empty() })
}

/// A path for a new door. Whoever could make one in the folder could only lock.
fn new_door(folder: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(folder.join(format!("{:08x}", rand::random::<u32>())))
}

fn label_bytes(label: &str) -> [u8; LABEL] {
    let mut bytes = [b' '; LABEL];
    for (byte, letter) in bytes.iter_mut().zip(label.bytes()) {
        *byte = letter;
    }
    bytes
}

/// What the keeper whose socket this process inherited keeps under `label`.
pub(super) fn find(label: &str) -> Option<SecretBytes> {
    let bytes = ask(INHERITED.get()?, label_bytes(label)).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

/// Ends the keeper of this process's own socket, and those with a door in `doors`; says how many.
pub(super) fn forget(doors: Option<&Path>) -> usize {
    let own = INHERITED.get().map_or(0, |socket| usize::from(ask(socket, LOCK).is_ok()));
    let others = doors.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let others = others.flatten().filter(|door| knock(&door.path())).count();
    own.max(others)
}

/// Has the keeper behind this door end, and waits until it has.
fn knock(door: &Path) -> bool {
    let Ok(mut keeper) = UnixStream::connect(door) else {
        // Left by one that was killed.
        let _ = fs::remove_file(door);
        return false;
    };
    let _ = keeper.set_read_timeout(Some(PATIENCE));
    let _ = keeper.read(&mut [0]);
    true
}

fn ask(keeper: &UnixStream, label: [u8; LABEL]) -> io::Result<SecretBytes> {
    let (mut own, its) = UnixStream::pair()?;
    own.set_read_timeout(Some(PATIENCE))?;
    let sockets = [its.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut with = SendAncillaryBuffer::new(&mut space);
    with.push(SendAncillaryMessage::ScmRights(&sockets));
    sendmsg(keeper, &[IoSlice::new(&label)], &mut with, SendFlags::empty())?;
    drop(its);
    // Sized for all of it: growing would leave copies behind.
    let mut bytes = Zeroizing::new(vec![0; LARGEST]);
    let mut length = 0;
    while length < LARGEST {
        match own.read(&mut bytes[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(SecretBytes::new(bytes[..length].to_vec()))
}

/// Is the process that `unlock` starts for a command: `words` are those behind the keeper's word.
///
/// The first one starts another and ends, so that the program has no child that it does not know of;
/// the other stays.
///
/// # Errors
/// The other cannot be started; its socket fails.
pub fn keep_unlocked(program: &Path, word: &OsStr, words: &[OsString]) -> io::Result<()> {
    match words {
        [door] => {
            let mut other = Command::new(program);
            other.arg0("authy").args([word, door, OsStr::new(STAY)]).spawn().map(|_| ())
        }
        [door, ..] => {
            // No signal of a terminal is meant for it, and no folder is kept busy by it.
            let _ = setsid();
            let _ = std::env::set_current_dir("/");
            let door = Some(Path::new(door)).filter(|door| !door.as_os_str().is_empty());
            let result =
                Keeper::receive(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
                    .and_then(|keeper| keeper.serve(door));
            if let Some(door) = door {
                let _ = fs::remove_file(door);
            }
            result
        }
        [] => Ok(()),
    }
}

/// What is kept, and until when.
struct Keeper {
    socket: UnixStream,
    label: [u8; LABEL],
    payload: Zeroizing<Vec<u8>>,
    until: SystemTime,
    /// Two clocks at the start: one of them stands still while the machine sleeps.
    since: (SystemTime, Instant),
}

impl Keeper {
    fn receive(mut socket: UnixStream) -> io::Result<Self> {
        let (mut label, mut until, mut length) = ([0; LABEL], [0; 8], [0; 4]);
        for part in [&mut label[..], &mut until, &mut length] {
            socket.read_exact(part)?;
        }
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        let mut payload = Zeroizing::new(vec![0; length.min(LARGEST)]);
        socket.read_exact(&mut payload)?;
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from_le_bytes(until));
        Ok(Self { socket, label, payload, until, since: (SystemTime::now(), Instant::now()) })
    }

    /// Answers until it has to end.
    fn serve(mut self, door: Option<&Path>) -> io::Result<()> {
        // Where the system has no room for it, it is kept all the same: it could be swapped then.
        let _locked = region::lock(self.payload.as_ptr(), self.payload.len().max(1)).ok();
        let door = door.map(UnixListener::bind).transpose()?;
        self.socket.write_all(b"k")?;
        while let Some(left) = self.left() {
            let mut watched = vec![PollFd::new(&self.socket, PollFlags::IN)];
            watched.extend(door.as_ref().map(|door| PollFd::new(door, PollFlags::IN)));
            let wait = Timespec::try_from(left).ok();
            match poll(&mut watched, wait.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let (asked, knocked) = (
                !watched[0].revents().is_empty(),
                watched.get(1).is_some_and(|door| !door.revents().is_empty()),
            );
            if knocked {
                // The visitor sees its connection end once nothing is kept any more.
                let visitor = door.as_ref().map(UnixListener::accept);
                drop(self);
                drop(visitor);
                return Ok(());
            }
            if asked && !self.answer()? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// For how long to go on.
    fn left(&self) -> Option<Duration> {
        let (time, awake) = (self.since.0.elapsed().unwrap_or_default(), self.since.1.elapsed());
        // The machine slept: whoever woke it may be somebody else.
        if time > awake + SLACK {
            return None;
        }
        self.until.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero())
    }

    /// Answers one question; tells whether more may come.
    fn answer(&self) -> io::Result<bool> {
        let mut label = [0; LABEL];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut with = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut label)];
        let received = match recvmsg(&self.socket, &mut parts, &mut with, RecvFlags::empty()) {
            Err(Errno::INTR | Errno::AGAIN) => return Ok(true),
            received => received?,
        };
        if received.bytes == 0 || label == LOCK {
            return Ok(false);
        }
        let sockets = with.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
            _ => None,
        });
        for socket in sockets.flatten() {
            // The time may have come while nobody asked.
            if received.bytes == LABEL && label == self.label && self.left().is_some() {
                let mut asker = UnixStream::from(socket);
                // It fits the buffer of a socket: whoever does not read holds nobody up.
                let _ = asker.set_nonblocking(true).and_then(|()| asker.write_all(&self.payload));
            }
        }
        Ok(true)
    }
}

//! The kernel's keyring: keyctl(2), keyrings(7).

use std::fs;
use std::io;
use std::thread;

use keyutils_raw::{
    KEY_POS_READ, KEY_POS_SEARCH, KEY_POS_SETATTR, KEY_POS_VIEW, KEY_POS_WRITE,
    KEY_SPEC_SESSION_KEYRING, KEY_SPEC_THREAD_KEYRING, KEY_SPEC_USER_SESSION_KEYRING,
    KEY_USR_SEARCH, KEY_USR_VIEW, KeyringSerial, add_key, keyctl_describe, keyctl_get_keyring_id,
    keyctl_invalidate, keyctl_join_session_keyring, keyctl_link, keyctl_read, keyctl_search,
    keyctl_session_to_parent, keyctl_set_timeout, keyctl_setperm,
};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use zeroize::Zeroizing;

use super::{KeyringError, LARGEST, MARK};
use crate::secret::SecretBytes;

/// The type of a key that holds bytes.
const USER: &str = "user";
/// Whoever possesses it reads it; whoever is the same user sees that it is there and can end it.
///
/// Without SETATTR and WRITE a key of the same name could not be made anew, or would lose its time
/// limit and take no new one.
const PERMISSIONS: u32 = KEY_POS_VIEW
    | KEY_POS_READ
    | KEY_POS_WRITE
    | KEY_POS_SEARCH
    | KEY_POS_SETATTR
    | KEY_USR_VIEW
    | KEY_USR_SEARCH;
/// The most keys of a session that are looked at: more than a user may have.
const LINKS: usize = 1024;

/// The C library's number of an error.
fn failed(number: i32) -> KeyringError {
    match Errno::from_raw_os_error(number) {
        // Docker's filter answers the first, podman's the second.
        Errno::PERM | Errno::NOSYS => KeyringError::Forbidden,
        Errno::DQUOT => KeyringError::Full,
        other => KeyringError::Failed(io::Error::from(other)),
    }
}

/// The session's keyring, without making one.
fn session() -> Result<KeyringSerial, KeyringError> {
    keyctl_get_keyring_id(KEY_SPEC_SESSION_KEYRING, false).map_err(|error| failed(error.0))
}

/// Whether this process has no session keyring of its own, and falls back to the user's.
fn is_of_user(session: KeyringSerial) -> bool {
    keyctl_get_keyring_id(KEY_SPEC_USER_SESSION_KEYRING, false).ok() == Some(session)
}

/// Keeps `payload` under `label` for so many seconds.
///
/// # Errors
/// [`KeyringError`]; nothing is kept then.
pub(crate) fn keep(label: &str, payload: &[u8], seconds: u32) -> Result<(), KeyringError> {
    let session = session()?;
    if is_of_user(session) {
        return Err(KeyringError::NoSession);
    }
    let name = format!("{MARK}{label}");
    // Over a living key `add_key` writes a new value and forgets the time limit.
    if let Ok(old) = keyctl_search(session, USER, &name, None) {
        let _ = keyctl_invalidate(old);
    }
    let key = add_key(USER, &name, payload, session).map_err(|error| failed(error.0))?;
    let limited = keyctl_set_timeout(key, seconds).and_then(|()| keyctl_setperm(key, PERMISSIONS));
    limited.map_err(|error| {
        let _ = keyctl_invalidate(key);
        failed(error.0)
    })
}

/// What this session keeps under `label`.
pub(crate) fn find(label: &str) -> Option<SecretBytes> {
    let session = session().ok()?;
    let key = keyctl_search(session, USER, &format!("{MARK}{label}"), None).ok()?;
    let mut buffer = Zeroizing::new(vec![0; LARGEST]);
    // A longer key would give its length and no bytes.
    let length = keyctl_read(key, Some((&mut buffer[..]).into())).ok()?;
    buffer.get(..length).map(|bytes| SecretBytes::new(bytes.to_vec()))
}

/// Ends all that sessions of this user keep for authy, and says how many it were.
pub(crate) fn forget() -> usize {
    let mut found = own_links().into_iter().filter(|key| is_ours(*key)).collect::<Vec<_>>();
    // Not in every container. It lists what this user may see, whatever session it is in.
    let listed = fs::read_to_string("/proc/keys").unwrap_or_default();
    let user = rustix::process::getuid().as_raw().to_string();
    found.extend(listed.lines().filter_map(|line| key_of_line(line, &user)));
    found.sort();
    found.dedup();
    found.into_iter().filter(|key| keyctl_invalidate(*key).is_ok()).count()
}

/// A line of `/proc/keys` (proc_keys(5)): `ID FLAGS USAGE TIMEOUT PERM UID GID TYPE DESCRIPTION: …`.
fn key_of_line(line: &str, user: &str) -> Option<KeyringSerial> {
    let fields: Vec<&str> = line.split_whitespace().take(9).collect();
    let [id, _, _, _, _, uid, _, kind, name] = fields.as_slice() else { return None };
    let is_ours = *uid == user && *kind == USER && name.starts_with(MARK);
    let id = i32::try_from(u32::from_str_radix(id, 16).ok()?).ok()?;
    KeyringSerial::new(id).filter(|_| is_ours)
}

/// What is linked into the session's keyring.
fn own_links() -> Vec<KeyringSerial> {
    let mut bytes = vec![0; LINKS * size_of::<i32>()];
    let Ok(session) = session() else { return Vec::new() };
    let Ok(length) = keyctl_read(session, Some((&mut bytes[..]).into())) else { return Vec::new() };
    let links = bytes.get(..length).unwrap_or_default().as_chunks().0.iter();
    links.filter_map(|link| KeyringSerial::new(i32::from_ne_bytes(*link))).collect()
}

/// Whether a key is one of authy's: `TYPE;UID;GID;PERM;DESCRIPTION`.
fn is_ours(key: KeyringSerial) -> bool {
    let mut bytes = vec![0; 256];
    let Ok(length) = keyctl_describe(key, Some((&mut bytes[..]).into())) else { return false };
    let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or(&bytes));
    let mut fields = text.splitn(5, ';');
    fields.next() == Some(USER) && fields.nth(3).is_some_and(|name| name.starts_with(MARK))
}

/// Begins a session for this thread, and for the program that started this process, such as a shell,
/// and what that starts from now on.
///
/// A session that is there already may be in others' hands: of what was started in it before, and of a
/// program that gave its own session to the shell, as is done here.
///
/// # Errors
/// `ParentRefuses` where that program takes none: one with threads, which fish has at times.
pub(crate) fn begin_session() -> Result<(), KeyringError> {
    // Whether there are keyrings at all: `leave` goes on without.
    session()?;
    leave()?;
    keyctl_session_to_parent().map_err(|error| match failed(error.0) {
        KeyringError::Forbidden => KeyringError::ParentRefuses,
        other => other,
    })
}

/// Begins a session for this thread and what it starts.
///
/// # Errors
/// [`KeyringError`].
pub(crate) fn new_session() -> Result<(), KeyringError> {
    // Without a name: one that has a name is open to every process of the user.
    keyctl_join_session_keyring(None).map(|_| ()).map_err(|error| failed(error.0))
}

/// Leaves the session for good, this thread and what it starts from now on. What else the session
/// holds goes along: tickets of network file systems, keys of encrypted folders.
///
/// # Errors
/// `Full`, where something is kept that would stay within reach.
pub(crate) fn leave() -> Result<(), KeyringError> {
    let links = own_links();
    let (kept, others): (Vec<_>, Vec<_>) = links.into_iter().partition(|key| is_ours(*key));
    // Possession is what lets a key be linked, and this thread has it until it leaves. Its own
    // keyring bridges that; it ends with the thread, and with exec.
    for key in &others {
        let _ = keyctl_link(*key, KEY_SPEC_THREAD_KEYRING);
    }
    match new_session() {
        Ok(()) => {}
        // Where no keyring may be used, nothing is kept either.
        Err(_) if kept.is_empty() => return Ok(()),
        Err(error) => return Err(error),
    }
    for key in &others {
        let _ = keyctl_link(*key, KEY_SPEC_SESSION_KEYRING);
    }
    Ok(())
}

/// Starts something that cannot reach what this session keeps; this process still can.
///
/// # Errors
/// As [`leave`]; nothing was started then.
pub(crate) fn apart<T: Send>(start: impl FnOnce() -> T + Send) -> Result<T, KeyringError> {
    // A session is a thread's, and what a thread starts is in it.
    thread::scope(|scope| {
        let left = scope.spawn(|| leave().map(|()| start())).join();
        left.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// For how many seconds the machine was suspended since it started.
pub(crate) fn suspended() -> u64 {
    let (all, awake) = (clock_gettime(ClockId::Boottime), clock_gettime(ClockId::Monotonic));
    u64::try_from(all.tv_sec - awake.tv_sec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{KeyringSerial, apart, find, keep, key_of_line, new_session};
    use std::thread;

    /// In a session of its own, where this machine lets keys be kept.
    fn in_session(test: impl FnOnce() + Send) {
        thread::scope(|scope| {
            // Most containers forbid it; the tests of the binary say so.
            scope.spawn(|| new_session().is_ok().then(test));
        });
    }

    #[test]
    fn a_session_keeps_what_a_program_started_apart_does_not_find() {
        in_session(|| {
            keep("test-apart", b"kept", 60).unwrap();
            assert_eq!(find("test-apart").unwrap().expose(), b"kept");
            assert!(thread::scope(|s| s.spawn(|| find("test-apart")).join().unwrap()).is_some());
            assert!(apart(|| find("test-apart")).unwrap().is_none());
            assert!(find("test-apart").is_some(), "this thread stays where it is");
            keep("test-apart", b"anew", 60).unwrap();
            assert_eq!(find("test-apart").unwrap().expose(), b"anew");
        });
    }

    #[test]
    fn what_else_a_session_holds_goes_along() {
        in_session(|| {
            let session = super::session().unwrap();
            super::add_key("user", "ticket", b"t", session).unwrap();
            let found = apart(|| {
                let session = super::session().unwrap();
                super::keyctl_search(session, "user", "ticket", None).is_ok()
            });
            assert!(found.unwrap());
        });
    }

    #[test]
    fn only_keys_of_ours_and_of_this_user_are_ended() {
        let line = "2f1d3c5a I--Q---     1  14m 2f090000  1001  1001 user      authy:0123: 190";
        assert_eq!(key_of_line(line, "1001"), KeyringSerial::new(0x2f1d_3c5a));
        assert_eq!(key_of_line(line, "1002"), None);
        assert_eq!(key_of_line(&line.replace("authy:", "krb5:"), "1001"), None);
        assert_eq!(key_of_line(&line.replace("user ", "logon "), "1001"), None);
        assert_eq!(key_of_line("", "1001"), None);
    }
}

//! An identity that `unlock` opened and that the login session keeps: found by the file that a
//! passphrase protects, which has to be there still, and used by whoever could type that passphrase.
//!
//! What is kept: lines `NAME=VALUE`, an empty line, the keys as `age-keygen` writes them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use time::OffsetDateTime;

use super::agent;
use super::authenticate::with_plugins;
use super::error::IdentityError;
use crate::crypto::Identity;
use crate::crypto::digest::Digest;
use crate::keyring::{self, KeeperCommand, UnlockSocket};
use crate::secret::SecretBytes;
use crate::service::base::Context;

/// Hex digits of the digest by which a file is found again.
const DIGITS: usize = 32;
/// A difference of two clocks in whole seconds is one off at times.
const SLACK: u64 = 1;

/// What the session keeps of an identity.
pub(crate) struct Kept {
    /// The keys, as text.
    pub(crate) keys: SecretBytes,
    /// When it ends.
    pub(crate) until: OffsetDateTime,
    /// Whether each use is asked about.
    pub(crate) confirm: bool,
    /// For how many seconds the machine had been suspended.
    suspended: u64,
}

impl Kept {
    fn to_bytes(&self) -> SecretBytes {
        let head = format!(
            "until={}\nconfirm={}\nsuspended={}\n\n",
            self.until.unix_timestamp(),
            self.confirm,
            self.suspended
        );
        // Sized for all of it: growing would leave copies of the keys behind.
        let mut bytes = Vec::with_capacity(head.len() + self.keys.len());
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(self.keys.expose());
        SecretBytes::new(bytes)
    }

    fn parse(bytes: &SecretBytes) -> Option<Self> {
        let (head, keys) = bytes.expose_str()?.split_once("\n\n")?;
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once('='));
            lines.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        Some(Self {
            until: OffsetDateTime::from_unix_timestamp(field("until")?.parse().ok()?).ok()?,
            confirm: field("confirm")?.parse().ok()?,
            suspended: field("suspended")?.parse().ok()?,
            keys: SecretBytes::from(keys.to_owned()),
        })
    }
}

/// The `keys` of the identity file `file`, to be kept.
pub(crate) struct ToKeep<'k> {
    pub(crate) file: &'k [u8],
    pub(crate) keys: SecretBytes,
    pub(crate) until: OffsetDateTime,
    pub(crate) confirm: bool,
}

/// Keeps an identity in this session; with a `keeper`, in a new one for what is started from here, which
/// may have to inherit something for it.
///
/// # Errors
/// `NotKept`.
pub(crate) fn keep(
    what: ToKeep<'_>,
    keeper: Option<KeeperCommand<'_>>,
) -> Result<Option<UnlockSocket>, IdentityError> {
    let ToKeep { file, keys, until, confirm } = what;
    let kept = Kept { keys, until, confirm, suspended: keyring::suspended() };
    let (label, bytes, end) = (label(file), kept.to_bytes(), SystemTime::from(until));
    match keeper {
        Some(keeper) => keyring::keep_apart(keeper, &label, bytes.expose(), end),
        None => keyring::keep(&label, bytes.expose(), end).map(|()| None),
    }
    .map_err(IdentityError::NotKept)
}

/// Where the doors of keepers are, by which 'authy lock' finds them.
pub(crate) fn doors(state: Option<&Path>) -> Option<PathBuf> {
    state.map(|state| state.join("unlocked"))
}

/// What the session keeps of the identity in this file, if it does.
pub(crate) fn find(file: &[u8], now: OffsetDateTime) -> Option<Kept> {
    if !Identity::is_protected(file) {
        return None;
    }
    let kept = Kept::parse(&keyring::find(&label(file))?)?;
    // The machine slept: whoever woke it may be somebody else.
    if keyring::suspended() > kept.suspended + SLACK {
        keyring::forget(None);
        return None;
    }
    (kept.until > now).then_some(kept)
}

/// The identity in this file without its passphrase, where the session keeps it; used by an agent only
/// if a person at the terminal says so.
///
/// # Errors
/// `NotAgreed`.
pub(super) fn identity(
    ctx: &Context,
    file: &[u8],
    name: &str,
) -> Result<Option<Identity>, IdentityError> {
    let Some(kept) = find(file, ctx.now) else { return Ok(None) };
    let may = if ctx.agent.is_some() {
        agent::refuse_always(ctx, "to use your unlocked identity").is_ok()
    } else {
        let name = crate::name::printable(name);
        !kept.confirm || ctx.front.consents(&format!("Use the unlocked identity '{name}'?"))
    };
    match may {
        true => {
            let identity = Identity::parse(kept.keys.expose(), &|| None).ok();
            Ok(identity.map(|identity| with_plugins(ctx, identity)))
        }
        false => Err(IdentityError::NotAgreed { label: crate::name::printable(name) }),
    }
}

fn label(file: &[u8]) -> String {
    let mut label = Digest::of(file).hex();
    label.truncate(DIGITS);
    label
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::secret::SecretBytes;
    use time::macros::datetime;

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let kept = Kept {
            keys: SecretBytes::from("# a comment\n\nAGE-SECRET-KEY-1X\n".to_owned()),
            until: datetime!(2026-11-30 20:00:00 UTC),
            confirm: true,
            suspended: 7,
        };
        let read = Kept::parse(&kept.to_bytes()).unwrap();
        assert_eq!(read.keys.expose(), kept.keys.expose());
        assert_eq!((read.until, read.confirm, read.suspended), (kept.until, true, 7));
        for damaged in ["", "until=1\n\nx", "until=x\nconfirm=true\nsuspended=1\n\nx"] {
            assert!(Kept::parse(&SecretBytes::from(damaged.to_owned())).is_none(), "{damaged}");
        }
    }
}

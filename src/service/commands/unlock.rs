//! `unlock`: the identity stays open for this login session, for a time.

use std::path::Path;

use serde::Serialize;

use crate::access::{Caller, Principal};
use crate::audit::{Action, Op};
use crate::crypto::Identity;
use crate::inject::HelperCommand;
use crate::keyring::{self, KeeperCommand, UnlockSocket};
use crate::name::{MemberName, Ttl};
use crate::service::audit::Recorder;
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::authenticate::{identity_bytes, the_identity_file, with_passphrase};
use crate::service::identity::kept::{self, ToKeep};
use crate::service::identity::{IdentityError, member_of, refuse_always, with_plugins};
use crate::service::session::refuse_any_token;
use crate::store::Stamp;

/// The longest time, in seconds: a week.
const LONGEST: i64 = 7 * 24 * 60 * 60;

/// How an identity is unlocked.
#[derive(Debug, Clone)]
pub struct UnlockOptions {
    /// For how long.
    pub keep: Ttl,
    /// Ask at each use.
    pub confirm: bool,
    /// For whom.
    pub place: UnlockPlace,
    /// How this program is started as one that calls `keep_unlocked`: for [`UnlockPlace::Command`] where
    /// the kernel has no keyring.
    pub keeper: HelperCommand,
}

/// Whose the unlocked identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlockPlace {
    /// Of the shell that started this process, and of what that starts from now on.
    Shell,
    /// Of all that was and is started in this login session.
    Session,
    /// Of what this thread starts.
    Command,
}

/// What was unlocked.
#[derive(Debug, Clone, Serialize)]
pub struct UnlockReport {
    /// The member.
    pub member: MemberName,
    /// The file of the identity.
    pub identity: String,
    /// Until when (RFC 3339).
    pub until: String,
    /// For whom.
    pub place: UnlockPlace,
    /// What a command has to inherit to be unlocked, in the variable [`UNLOCKED`](crate::UNLOCKED).
    #[serde(skip)]
    pub socket: Option<UnlockSocket>,
}

/// Asks for the passphrase of the identity and has the login session keep what it opens. Recorded
/// before it is kept.
///
/// # Errors
/// The identity has no passphrase, or is nobody's here; the passphrase is wrong; the system keeps
/// nothing; a token is set, an agent asks, or `AUTHY_SCOPE` confines.
pub fn unlock(ctx: &Context, options: &UnlockOptions) -> Result<UnlockReport> {
    refuse_any_token(ctx)?;
    ctx.refuse_confined()?;
    refuse_always(ctx, "your identity to stay unlocked")?;
    if options.keep.seconds() > LONGEST {
        return Err(IdentityError::TooLong.into());
    }
    let opened = OpenVault::open(ctx)?;
    let path = the_identity_file(ctx, IdentityError::NoFileOfIts)?;
    let file = identity_bytes(&path)?;
    if !Identity::is_protected(file.expose()) {
        return Err(not_protected(&path, file.expose()).into());
    }
    let shown = path.to_string_lossy();
    let keys = with_passphrase(ctx, &shown, |ask| Identity::unprotect(file.expose(), ask))?;
    let unusable = |source| IdentityError::unusable(shown.to_string(), source);
    let identity = Identity::parse(keys.expose(), &|| None).map_err(unusable)?;
    let identity = with_plugins(ctx, identity);
    let name = member_of(&identity, &opened.rules)?;
    if matches!(options.place, UnlockPlace::Shell) {
        keyring::begin_session().map_err(IdentityError::NotKept)?;
    }
    let asker = Principal::Member(Caller { name: name.clone(), identity: identity.into() });
    let action = Action::new(Op::UNLOCK).saying(options.keep.to_string());
    let _receipt = Recorder::open(ctx, &opened, &asker)?.granted(&action)?;
    let until = ctx.now + time::Duration::seconds(options.keep.seconds());
    let doors = kept::doors(ctx.state.as_deref());
    let keeper = matches!(options.place, UnlockPlace::Command).then_some(KeeperCommand {
        program: &options.keeper.program,
        word: &options.keeper.word,
        doors: doors.as_deref(),
    });
    let what = ToKeep { file: file.expose(), keys, until, confirm: options.confirm };
    let socket = kept::keep(what, keeper)?;
    Ok(UnlockReport {
        member: name,
        identity: shown.into_owned(),
        until: Stamp::new(until).to_string(),
        place: options.place,
        socket,
    })
}

/// Why there is nothing to unlock.
fn not_protected(path: &Path, file: &[u8]) -> IdentityError {
    let open = Identity::parse(file, &|| None);
    match open {
        Ok(identity) if identity.has_plugins() => IdentityError::AsksItself(path.to_owned()),
        Err(_) if Identity::is_ssh(file) => IdentityError::SshKey(path.to_owned()),
        _ => IdentityError::NotProtected(path.to_owned()),
    }
}

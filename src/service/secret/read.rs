//! Reading values: authenticate, decide, record, open. Every command that reads goes here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::belongs::Place;
use super::cache;
use crate::access::{Access, Need, Principal, Reach, Sealing};
use crate::audit::{Action, Op};
use crate::fs::{Lock, Root};
use crate::many;
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::audit::Recorder;
use crate::service::base::{
    Context, LOCK_WAIT, OpenVault, Result, SecretError, Snapshot, effective_scope, may_be_a_race,
    or_missing,
};
use crate::service::identity::agent::{self};
use crate::service::identity::{Asked, Verdict};
use crate::service::session::asker;
use crate::service::session::refresh::refresh;
use crate::store::{EncryptedSecret, StoreError};

/// Decides which names a request means, given what may be reached and what exists.
pub(crate) type Select<'s> = dyn Fn(&Reach<'_>, &Snapshot) -> Result<Vec<SecretName>> + 's;

/// A request for values.
pub(crate) struct Wanted<'s> {
    /// The command.
    pub(crate) op: Op,
    /// The scope asked for.
    pub(crate) scope: Option<&'s ScopeName>,
    /// What for.
    pub(crate) need: Need,
    /// Names known before anything is decided, for the audit line of a denial.
    pub(crate) named: Vec<SecretName>,
    /// The program's name, for `run`.
    pub(crate) detail: Option<String>,
    /// Where that program is: recorded in its name's stead where a scope limits programs.
    pub(crate) path: Option<String>,
    /// Whether what is sealed is wanted sealed; it is so anyway where no value is revealed.
    pub(crate) seal: bool,
    /// Which names are meant.
    pub(crate) select: &'s Select<'s>,
    /// Where the files are read from that are not those which lie there.
    pub(crate) load: Option<&'s Load<'s>>,
}

/// Reads what is to be opened.
pub(crate) type Load<'s> = dyn Fn(&Snapshot) -> Result<EncryptedSecret> + 's;

/// The values read, in the order of their names.
pub(crate) type Values = Vec<(SecretName, SecretBytes)>;

/// What was read, and what may be done with it.
pub(crate) struct Reading<'r, 'c> {
    /// The values, in the order of their names.
    pub(crate) values: Values,
    /// The scope they were read in.
    pub(crate) scope: Option<ScopeName>,
    /// Whether they may go into processes only.
    pub(crate) run_only: bool,
    /// Whether a token gave them.
    pub(crate) by_token: bool,
    /// Whether the scope limits which programs may be started.
    pub(crate) limits_programs: bool,
    /// What of them is sealed.
    pub(crate) sealing: Option<Sealing>,
    /// Those that are no secret.
    pub(crate) not_secret: BTreeSet<SecretName>,
    /// Where they belong, where anything is sealed.
    pub(crate) places: Vec<Place>,
    /// Where this machine remembers the vault.
    pub(crate) state: Option<&'r Path>,
    /// Writes more lines about them.
    pub(crate) recorder: &'r mut Recorder<'c>,
}

/// Reads the values that `wanted` means, all of them or an error, and hands them to `then`.
/// What fails in there is recorded as failed, after the line that granted the values.
///
/// # Errors
/// Denied, not found, damaged: each with its audit line where the caller is known.
pub(crate) fn read<T>(
    ctx: &Context,
    wanted: &Wanted<'_>,
    then: impl FnOnce(Reading<'_, '_>) -> Result<T>,
) -> Result<T> {
    read_in(ctx, &OpenVault::open(ctx)?, wanted, then)
}

/// As [`read`], in a vault that is open.
pub(crate) fn read_in<T>(
    ctx: &Context,
    opened: &OpenVault<'_>,
    wanted: &Wanted<'_>,
    then: impl FnOnce(Reading<'_, '_>) -> Result<T>,
) -> Result<T> {
    let asker = asker(ctx, opened, &wanted.op)?;
    if let Principal::Member(caller) = &asker {
        refresh(ctx, opened, caller);
    }
    let mut recorder = Recorder::open(ctx, opened, &asker)?;
    let mut action = Action {
        op: wanted.op.clone(),
        secrets: wanted.named.clone(),
        scope: wanted.scope.cloned().or_else(|| scope_of(&asker)),
        detail: wanted.detail.clone(),
    };
    let result = (|| -> Result<T> {
        let scope = effective_scope(ctx, wanted.scope)?.or_else(|| scope_of(&asker));
        action.scope.clone_from(&scope);
        let asked = Asked {
            op: &wanted.op,
            need: wanted.need,
            named: &wanted.named,
            scope: scope.as_ref(),
            detail: wanted.detail.as_deref().filter(|_| wanted.op.is_under("helper")),
        };
        let verdict = agent::judge(ctx, opened, &asker, &asked)?;
        let found = match find(opened, &asker, wanted, scope.as_ref(), &mut action) {
            // Another command may be about to refresh the grant after its change.
            Err(error) if error.is_stale_grant() => {
                let again = reload(ctx, opened, &wanted.op)?;
                find(opened, &again, wanted, scope.as_ref(), &mut action)?
            }
            found => found.map_err(|error| or_missing(opened, error))?,
        };
        let receipt = recorder.granted(&action)?;
        let place = |one: &EncryptedSecret| Place::of(one.name().clone(), one.record());
        let files = found.access.files().iter().filter(|_| found.sealing.is_some());
        let places = files.map(place).collect();
        let not_secret = found.access.files().iter().filter(|one| one.record().not_secret);
        let not_secret = not_secret.map(|one| one.name().clone()).collect();
        let values = cache::recall(opened, &asker, found.access).open(receipt)?;
        if verdict == Verdict::ShowHandedOut {
            agent::show_handed_out(ctx, &values, &asked)?;
        }
        // Before `then`, which may replace this process.
        cache::keep_signatures(opened, &asker);
        opened.save_pins();
        then(Reading {
            values,
            scope,
            run_only: found.run_only || verdict == Verdict::ProcessesOnly,
            by_token: matches!(asker, Principal::Bearer(_)),
            limits_programs: found.limits_programs,
            sealing: found.sealing,
            not_secret,
            places,
            state: opened.vault.pins().folder(),
            recorder: &mut recorder,
        })
    })();
    if let Err(error) = &result {
        recorder.record_refusal(&action, error);
    }
    result
}

/// Reads one secret for the command `op`, recorded with `detail`.
pub(crate) fn read_one(
    ctx: &Context,
    op: Op,
    detail: Option<&str>,
    name: &SecretName,
    scope: Option<&ScopeName>,
) -> Result<SecretBytes> {
    read_loaded(ctx, op, detail, name, None, scope)
}

/// As [`read_one`], for files that `load` reads.
pub(crate) fn read_loaded(
    ctx: &Context,
    op: Op,
    detail: Option<&str>,
    name: &SecretName,
    load: Option<&Load<'_>>,
    scope: Option<&ScopeName>,
) -> Result<SecretBytes> {
    let select = |reach: &Reach<'_>, _: &crate::service::base::opening::Snapshot| {
        reach.permits(name)?;
        Ok(vec![name.clone()])
    };
    let wanted = Wanted {
        op,
        scope,
        need: Need::Reveal,
        named: vec![name.clone()],
        detail: detail.map(str::to_owned),
        path: None,
        seal: false,
        select: &select,
        load,
    };
    let values = read(ctx, &wanted, |reading| Ok(reading.values))?;
    let value = values.into_iter().next().map(|(_, value)| value);
    value.ok_or_else(|| {
        SecretError::NotFound { name: name.clone(), scope: scope.cloned(), nearest: None }.into()
    })
}

/// What a request means, ready to be opened.
struct Found {
    access: Access<'static>,
    run_only: bool,
    limits_programs: bool,
    sealing: Option<Sealing>,
}

/// Decides, and reads the files. Nothing is opened.
fn find(
    opened: &Snapshot,
    asker: &Principal,
    wanted: &Wanted<'_>,
    scope: Option<&ScopeName>,
    action: &mut Action,
) -> Result<Found> {
    let reach = opened.rules.reach_of(asker, scope, wanted.need)?;
    let limits_programs = reach.limits_programs();
    if limits_programs && wanted.path.is_some() {
        action.detail.clone_from(&wanted.path);
    }
    let names = (wanted.select)(&reach, opened)?;
    action.secrets.clone_from(&names);
    if wanted.need == Need::Reveal {
        names.iter().try_for_each(|name| reach.shows(name))?;
    }
    cache::recall_signatures(opened, asker, names.len());
    let sealed = match wanted.load {
        Some(load) => vec![load(opened)?],
        None => sealed(opened, &names, scope)?,
    };
    reach.opens(&sealed)?;
    let access = reach.give(asker, &wanted.op, wanted.need, Cow::Owned(sealed))?;
    let run_only = reach.is_run_only();
    // Rules that name nothing of what is wanted here start no proxy.
    let sealing = reach.sealing(wanted.seal).filter(|sealing| {
        wanted.seal || sealing.only || names.iter().any(|name| sealing.seals(name))
    });
    Ok(Found { access, run_only, limits_programs, sealing })
}

/// Reads the token's grant once more, after whatever holds the vault's lock.
fn reload(ctx: &Context, opened: &Snapshot, op: &Op) -> Result<Principal> {
    let _lock = Lock::acquire(opened.vault.root(), LOCK_WAIT);
    asker(ctx, opened, op)
}

/// The one scope of a token.
pub(crate) fn scope_of(asker: &Principal) -> Option<ScopeName> {
    match asker {
        Principal::Bearer(bearer) => Some(bearer.grant().scope.clone()),
        Principal::Member(_) => None,
    }
}

/// Reads and verifies the files of `names`, at once.
fn sealed(
    opened: &Snapshot,
    names: &[SecretName],
    scope: Option<&ScopeName>,
) -> Result<Vec<EncryptedSecret>> {
    let read = |name: &SecretName| {
        let found = settled(opened, || opened.vault.secret(name, &opened.rules))?;
        found.ok_or_else(|| opened.not_found(name, scope))
    };
    // All are read first: of several damaged secrets the same one is named each time.
    many::map(names, read).into_iter().collect()
}

/// For readers without the lock only: whoever holds it would wait for themselves.
///
/// Repeats a read that fell between the two renames of another command's change: taking the
/// lock waits for that command. A vault that cannot be locked is given a moment instead.
pub(crate) fn settled<T>(
    opened: &Snapshot,
    read: impl Fn() -> std::result::Result<T, StoreError>,
) -> Result<T> {
    let mut result = read();
    for pause in [0, 20, 100] {
        match &result {
            Err(error) if may_be_a_race(error) => {}
            _ => break,
        }
        let root = Root::new(opened.vault.root().path().to_owned());
        match Lock::acquire(&root, LOCK_WAIT) {
            Ok(lock) => {
                crate::fs::recover(&lock)?;
            }
            Err(_) => std::thread::sleep(Duration::from_millis(pause)),
        }
        result = read();
    }
    result.map_err(|error| or_missing(opened, error.into()))
}

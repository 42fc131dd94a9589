//! Taking the last change back, as a new one.
//!
//! The last commit that changed secrets or policies says what to do: what it made goes, what it took away
//! comes back, what it changed is made again what it was. Nothing of the past is rewritten.

mod error;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::audit::{Action, Op};
use crate::crypto::digest::Digest;
use crate::fs::{self, Subject, VaultPath};
use crate::git;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::service::change::{LockedVault, PLACES, Transaction, uncommitted};
use crate::service::identity::authenticate::authenticate;
use crate::service::rules::{
    CommitView, Encryption, PastChange, RuleUpdate, Says, apply_rules, changed, next_version,
    put_back, secret_at,
};
use crate::service::secret::note_pending;
use crate::service::session::refuse_token;
use crate::store::{EncryptedSecret, MAX_TOML, Policy, Record};
use crate::words::words;
use error::UndoError;

words! {
    /// What taking a change back does to one thing.
    pub enum Undoing {
        /// A secret that was new goes.
        Remove = "remove",
        /// A secret that was removed comes back.
        Restore = "restore",
        /// A secret gets the value of before, and what was said about it.
        Value = "value",
        /// A secret is said about what was said before.
        Annotation = "annotation",
        /// A secret gets its name of before.
        Rename = "rename",
        /// A policy becomes what it was.
        Policy = "policy",
        /// A policy that was new goes.
        PolicyRemove = "policy-remove",
    }
}

/// One thing that is taken back.
#[derive(Debug, Clone, Serialize)]
pub struct UndoStep {
    /// What happens to it.
    pub what: Undoing,
    /// The secret, by its name of now, or the policy.
    pub name: String,
    /// The version that it is made again; of a rename nothing.
    pub version: Option<u64>,
    /// The name of before, where it was renamed.
    pub to: Option<String>,
}

/// A change that can be taken back, or was.
#[derive(Debug, Clone, Serialize)]
pub struct Undo {
    /// Its commit.
    pub commit: CommitView,
    /// What that says it did.
    pub subject: String,
    /// What taking it back does.
    pub steps: Vec<UndoStep>,
}

/// One of them, ready to be done.
enum Step {
    Remove { name: SecretName, digest: Digest },
    Restore(EncryptedSecret),
    Value(EncryptedSecret),
    Annotation { name: SecretName, was: Record },
    Rename { from: SecretName, to: SecretName },
    Policy { scope: ScopeName, was: Option<Policy> },
}

impl Step {
    fn shown(&self) -> UndoStep {
        let step = |what, name: &dyn ToString, version| UndoStep {
            what,
            name: name.to_string(),
            version,
            to: None,
        };
        match self {
            Self::Remove { name, .. } => step(Undoing::Remove, name, None),
            Self::Restore(past) => step(Undoing::Restore, past.name(), Some(past.record().version)),
            Self::Value(past) => step(Undoing::Value, past.name(), Some(past.record().version)),
            Self::Annotation { name, was } => step(Undoing::Annotation, name, Some(was.version)),
            Self::Rename { from, to } => {
                UndoStep { to: Some(to.to_string()), ..step(Undoing::Rename, from, None) }
            }
            Self::Policy { scope, was: Some(was) } => {
                step(Undoing::Policy, scope, Some(was.version))
            }
            Self::Policy { scope, was: None } => step(Undoing::PolicyRemove, scope, None),
        }
    }
}

/// A change and how it is taken back.
struct Plan {
    commit: CommitView,
    subject: String,
    steps: Vec<Step>,
}

impl Plan {
    fn shown(&self) -> Undo {
        Undo {
            commit: self.commit.clone(),
            subject: self.subject.clone(),
            steps: self.steps.iter().map(Step::shown).collect(),
        }
    }
}

/// Says what [`undo`] would do, and does nothing.
///
/// # Errors
/// The last change cannot be taken back like this: it brought somebody else's in, was of members or
/// settings, or the vault is not as it left it.
pub fn undo_plan(ctx: &Context) -> Result<Undo> {
    refuse_token(ctx, &Op::UNDO)?;
    let opened = OpenVault::open(ctx)?;
    let caller = authenticate(ctx, &opened.rules)?;
    Ok(plan(ctx, &opened, &caller.name)?.shown())
}

/// Takes the last change of secrets or policies back, as a new change. `seen` is the commit that the
/// caller was shown.
///
/// # Errors
/// As [`undo_plan`]; another change came meanwhile; not the caller's to read or to write.
pub fn undo(ctx: &Context, seen: &str) -> Result<Undo> {
    let locked = LockedVault::lock(ctx, &Op::UNDO)?;
    let plan = plan(ctx, &locked.opened, &locked.caller.name)?;
    if plan.commit.id != seen {
        return Err(UndoError::Moved.into());
    }
    let names = plan.steps.iter().flat_map(|step| match step {
        Step::Remove { name, .. } | Step::Annotation { name, .. } => vec![name.clone()],
        Step::Restore(past) | Step::Value(past) => vec![past.name().clone()],
        Step::Rename { from, to } => vec![from.clone(), to.clone()],
        Step::Policy { .. } => Vec::new(),
    });
    let scope = plan.steps.iter().find_map(|step| match step {
        Step::Policy { scope, .. } => Some(scope.clone()),
        _ => None,
    });
    let has_policies = scope.is_some();
    let action = Action::new(Op::UNDO).on(names).saying(plan.subject.clone());
    let action = match scope {
        Some(scope) => action.within(scope),
        None => action,
    };
    locked.transact(&action, |tx| {
        take_back(tx, &plan.steps)?;
        Ok((format!("Undo \"{}\"", plan.subject), ()))
    })?;
    drop(locked);
    if has_policies {
        note_pending(ctx)?;
    }
    Ok(plan.shown())
}

fn take_back(tx: &mut Transaction<'_>, steps: &[Step]) -> Result<()> {
    let locked = tx.locked();
    let (mut past, mut policies) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Remove { name, .. } => {
                locked.may_write(name)?;
                tx.remove_secret(name);
            }
            Step::Restore(one) | Step::Value(one) => {
                locked.may_write(one.name())?;
                past.push(one.clone());
            }
            Step::Annotation { name, was } => {
                locked.may_write(name)?;
                let now: Record = (**locked.secret(name)?.record()).clone();
                tx.write_record(name, annotated(now, was));
            }
            Step::Rename { from, to } => _ = tx.rename_secret(from, to)?,
            Step::Policy { scope, was } => {
                locked.require_admin()?;
                let path = VaultPath::policy(scope);
                let version = next_version(tx.opened(), &path, None);
                let policy = match was {
                    Some(was) => Policy { version, ..was.clone() },
                    None => Policy { version, removed: Some(tx.at()), ..Policy::default() },
                };
                policies.push((scope.clone(), policy));
            }
        }
    }
    if !past.is_empty() {
        let values = tx.reopen(Op::UNDO, &past)?;
        for (one, (_, value)) in past.iter().zip(values) {
            put_back(tx, one, &value, Says::Then)?;
        }
    }
    if !policies.is_empty() {
        apply_rules(tx, RuleUpdate { policies, ..RuleUpdate::default() }, Encryption::Later)?;
    }
    Ok(())
}

/// The record with what another one says beside the value.
fn annotated(now: Record, was: &Record) -> Record {
    Record {
        version: now.version + 1,
        description: was.description.clone(),
        tags: was.tags.clone(),
        rotate_every: was.rotate_every,
        services: was.services.clone(),
        user: was.user.clone(),
        bearer: was.bearer,
        not_secret: was.not_secret,
        leaked: was.leaked,
        ..now
    }
}

fn plan(ctx: &Context, opened: &Snapshot, caller: &MemberName) -> Result<Plan> {
    let root = opened.vault.root().path();
    if let Some(reason) = git::waits_for(root)? {
        return Err(git::GitError::NotReady { reason }.into());
    }
    let newest = git::newest(root, &PLACES)?.ok_or(UndoError::Nothing)?;
    let (commit, subject) = (CommitView::from(newest.commit), newest.subject);
    let parent = match newest.parents.as_slice() {
        [] if newest.is_cut_off => return Err(UndoError::CutOff.into()),
        [] => return Err(UndoError::Nothing.into()),
        _ if newest.is_before_merge => return Err(UndoError::Joined { subject }.into()),
        [only] => only,
        _ => return Err(UndoError::Joined { subject }.into()),
    };
    // Where git has no name for the user, commits are made in that of the member.
    let own = git::user(&ctx.vault).name.unwrap_or_else(|| caller.to_string());
    if own != commit.author {
        return Err(UndoError::Theirs { author: commit.author, subject }.into());
    }
    // A later change, of which no commit tells what was before.
    if let Some(path) = uncommitted(opened)? {
        return Err(UndoError::NotCommitted { path }.into());
    }
    let (mut names, mut scopes) = (BTreeSet::new(), BTreeSet::new());
    for path in newest.paths.iter().filter_map(|path| VaultPath::parse(path)) {
        match path.subject() {
            Subject::Record(name) | Subject::Value(name) => _ = names.insert(name.clone()),
            Subject::Policy(scope) => _ = scopes.insert(scope.clone()),
            _ => return Err(UndoError::OfOther { subject }.into()),
        }
    }
    if !names.is_empty() && !scopes.is_empty() {
        return Err(UndoError::OfOther { subject }.into());
    }
    let mut steps = Vec::new();
    for name in &names {
        steps.push(of_secret(opened, &commit.id, parent, name)?);
    }
    for scope in scopes {
        steps.push(of_policy(opened, &commit.id, parent, scope)?);
    }
    Ok(Plan { commit, subject, steps: renamed(steps) })
}

fn of_secret(opened: &Snapshot, commit: &str, parent: &str, name: &SecretName) -> Result<Step> {
    let before = secret_at(opened, parent, name)?;
    let after = secret_at(opened, commit, name)?;
    let now = opened.vault.record(name, &opened.rules)?;
    let is_as_committed = match (&now, &after) {
        (Some(now), Some(after)) => {
            (now.version, now.digest) == (after.record().version, after.record().digest)
        }
        (None, None) => true,
        _ => false,
    };
    if !is_as_committed {
        return Err(UndoError::NotAsCommitted { what: name.to_string() }.into());
    }
    Ok(match (before, after) {
        (None, Some(after)) => Step::Remove { name: name.clone(), digest: after.record().digest },
        (Some(before), None) => Step::Restore(before),
        (Some(before), Some(after)) => match changed(after.record(), Some(before.record())) {
            PastChange::Value => Step::Value(before),
            PastChange::Annotation => {
                Step::Annotation { name: name.clone(), was: (**before.record()).clone() }
            }
            _ => return Err(UndoError::OfReaders { name: name.clone() }.into()),
        },
        (None, None) => return Err(UndoError::NotAsCommitted { what: name.to_string() }.into()),
    })
}

fn of_policy(opened: &Snapshot, commit: &str, parent: &str, scope: ScopeName) -> Result<Step> {
    let (path, root) = (VaultPath::policy(&scope), opened.vault.root());
    let now = fs::read(root, &path, MAX_TOML)?;
    let after = git::file_at(root.path(), commit, path.as_str())?;
    if now != after {
        return Err(UndoError::NotAsCommitted { what: path.to_string() }.into());
    }
    let was = match git::file_at(root.path(), parent, path.as_str())? {
        None => None,
        Some(bytes) => {
            let signed = opened.vault.approved::<Policy>(&path, bytes);
            let signed = signed.ok_or(UndoError::Unsigned { path })?;
            Some((*signed).clone()).filter(|was| was.removed.is_none())
        }
    };
    Ok(Step::Policy { scope, was })
}

/// Makes one step of a secret that goes and one that comes back with the same file: it was renamed.
fn renamed(steps: Vec<Step>) -> Vec<Step> {
    let (gone, mut steps): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|step| matches!(step, Step::Restore(_)));
    for step in gone {
        let renamed = match &step {
            Step::Restore(past) => {
                let file = past.record().digest;
                steps.iter_mut().find_map(|other| match other {
                    Step::Remove { name, digest } if *digest == file => {
                        let (from, to) = (name.clone(), past.name().clone());
                        *other = Step::Rename { from, to };
                        Some(())
                    }
                    _ => None,
                })
            }
            _ => None,
        };
        if renamed.is_none() {
            steps.push(step);
        }
    }
    steps
}

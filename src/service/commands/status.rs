//! `status`: where one is, who one is there, and what waits. Nobody is asked, nothing is recorded:
//! no value is opened.

use rayon::prelude::*;
use serde::Serialize;
use time::OffsetDateTime;

use crate::access::ScopePolicy;
use crate::audit::Op;
use crate::crypto::CryptoError;
use crate::fs::VaultPath;
use crate::git::{self, Home};
use crate::name::{GroupName, MemberName, ScopeName, SecretName, SessionId, printable};
use crate::service::base::{
    Context, Error, IdentitySource, OpenVault, Pending, Result, Snapshot, effective_scope,
};
use crate::service::change::waiting;
use crate::service::identity::agent::is_limited;
use crate::service::identity::authenticate::{authenticate, identity_bytes, identity_label};
use crate::service::identity::{IdentityError, identity_file, kept, keys_without_copy};
use crate::service::rules::{AccessRequest, open_requests};
use crate::service::secret::{due, rekey_waits_for};
use crate::service::session::{bearer, expiry};
use crate::service::sync::split;
use crate::store::{CommitMode, Member, Policy, Stamp};

/// Where one is, who one is there, and what waits.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The vault's folder.
    pub vault: String,
    /// The vault's id.
    pub id: String,
    /// Who asks.
    pub caller: CallerView,
    /// What `unlock` keeps open, where it does.
    pub unlocked: Option<UnlockedView>,
    /// `AUTHY_SCOPE`, here or of a process above.
    pub confined: Option<ScopeName>,
    /// What tells that an agent is at work.
    pub agent: Option<String>,
    /// Whether the vault lets that agent pass values to programs only.
    pub agent_limited: bool,
    /// The scopes that the caller may use, sorted by name.
    pub scopes: Vec<UsableScope>,
    /// The remote, where there is one; a token is not told.
    pub remote: Option<RemoteView>,
    /// Whether changes are for the user to commit: `commit = "manual"`, or a vault inside a project.
    pub manual_commit: bool,
    /// What waits for somebody; nothing does for a token.
    pub waits: Waits,
}

/// Who asks.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CallerView {
    /// A member.
    Member {
        /// The name.
        name: MemberName,
        /// Whether they are an admin.
        admin: bool,
        /// Whether they sign, and so store and change secrets.
        writes: bool,
        /// Their groups.
        groups: Vec<GroupName>,
        /// The fingerprint of the key they sign with.
        fingerprint: Option<String>,
        /// The file of the identity, where it comes from one.
        identity: Option<String>,
    },
    /// Somebody who asks to join.
    Waiting {
        /// The name.
        name: MemberName,
        /// The fingerprint of the key they will sign with, for an admin to compare.
        fingerprint: Option<String>,
    },
    /// The holder of a session token.
    Session {
        /// The session's id.
        id: SessionId,
        /// For people.
        label: String,
        /// The scope.
        scope: ScopeName,
        /// When it ends (RFC 3339).
        expires: String,
        /// Whether values go into programs only.
        run_only: bool,
    },
    /// Whoever knows the passphrase of the identity, which was not asked for.
    Locked {
        /// The file of the identity.
        identity: Option<String>,
        /// Whether a command prints it, which is not started for this.
        by_command: bool,
    },
    /// Nobody whom the vault knows.
    Nobody {
        /// Why.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// What `unlock` keeps open.
#[derive(Debug, Clone, Serialize)]
pub struct UnlockedView {
    /// Until when (RFC 3339).
    pub until: String,
    /// Whether each use is asked about.
    pub confirm: bool,
}

/// A scope that the caller may use.
#[derive(Debug, Clone, Serialize)]
pub struct UsableScope {
    /// Its name.
    pub name: ScopeName,
    /// How many secrets it allows.
    pub secrets: usize,
    /// Whether values go into programs only.
    pub run_only: bool,
    /// Whether values are used on the wire only.
    pub seal_only: bool,
}

/// The branch of the remote that this one follows, as it was fetched last.
#[derive(Debug, Clone, Serialize)]
pub struct RemoteView {
    /// Such as `origin/main`.
    pub branch: String,
    /// When it was fetched last (RFC 3339).
    pub fetched: Option<String>,
    /// Commits that are only here; `None` before the first sync.
    pub ahead: Option<usize>,
    /// Commits that were fetched, and are not merged.
    pub behind: Option<usize>,
    /// What keeps it from being compared.
    pub problem: Option<String>,
}

/// What waits for somebody.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Waits {
    /// Secrets, and the files of the rest, that no commit has.
    pub commit: Vec<String>,
    /// Members and policies that were edited by hand, and are not committed.
    pub edited: Vec<String>,
    /// Members and policies that wait for an admin.
    pub approve: Vec<String>,
    /// Access that was asked for and no scope gives yet: for admins.
    pub requests: Vec<AccessRequest>,
    /// What this clone and the remote both changed.
    pub conflicts: Vec<String>,
    /// Secrets that are due for rotation.
    pub rotate: Vec<SecretName>,
    /// How many secrets are encrypted to others than the rules say.
    pub rekey: usize,
    /// The folder of an identity that has no copy elsewhere.
    pub backup: Option<String>,
}

impl Waits {
    /// Whether nothing does.
    pub fn is_empty(&self) -> bool {
        let Self { commit, edited, approve, requests, conflicts, rotate, rekey, backup } = self;
        let lists = [commit, edited, approve, conflicts];
        lists.iter().all(|list| list.is_empty())
            && requests.is_empty()
            && rotate.is_empty()
            && *rekey == 0
            && backup.is_none()
    }
}

/// What a prompt shows: found in a few milliseconds however large the vault is.
#[derive(Debug, Clone, Serialize)]
pub struct BriefStatus {
    /// The member, or the session's id; `None` where that is not clear at once.
    pub who: Option<String>,
    /// Whether a change waits for its commit.
    pub uncommitted: bool,
    /// Commits that are only here.
    pub ahead: usize,
    /// Commits that were fetched, and are not merged.
    pub behind: usize,
}

/// Tells where one is. A passphrase is asked for only as far as the front answers.
///
/// # Errors
/// No vault, or a damaged one; `AUTHY_SCOPE` is no scope.
pub fn status(ctx: &Context) -> Result<Status> {
    let opened = OpenVault::open(ctx)?;
    let names = opened.vault.names()?;
    let caller = caller(ctx, &opened)?;
    let root = opened.vault.root().path();
    let is_own = matches!(git::locate(root), Ok(Home::Own));
    let remote = (is_own && ctx.token.is_none()).then(|| remote(ctx)).flatten();
    Ok(Status {
        vault: shown(&ctx.vault),
        id: opened.vault.id().to_owned(),
        unlocked: unlocked(ctx),
        confined: effective_scope(ctx, None)?,
        agent: ctx.agent.as_ref().map(|agent| agent.marker.clone()),
        agent_limited: is_limited(ctx, &opened),
        scopes: scopes(&opened, &caller, &names),
        manual_commit: opened.vault.config().commit == CommitMode::Manual || !is_own,
        // A token changes nothing, and is to know of its scope alone.
        waits: match ctx.token {
            Some(_) => Waits::default(),
            None => waits(ctx, &opened, &caller, remote.as_ref(), &names)?,
        },
        remote,
        caller,
    })
}

fn unlocked(ctx: &Context) -> Option<UnlockedView> {
    let file = identity_file(ctx).filter(|_| ctx.token.is_none())?;
    let kept = kept::find(identity_bytes(&file).ok()?.expose(), ctx.now)?;
    Some(UnlockedView { until: Stamp::new(kept.until).to_string(), confirm: kept.confirm })
}

/// Tells what a prompt shows.
///
/// # Errors
/// No vault, or a damaged one.
pub fn status_brief(ctx: &Context) -> Result<BriefStatus> {
    let opened = OpenVault::open(ctx)?;
    let who = match caller(ctx, &opened)? {
        CallerView::Member { name, .. } => Some(name.to_string()),
        CallerView::Waiting { name, .. } => Some(format!("{name}?")),
        CallerView::Session { id, .. } => Some(id.to_string()),
        CallerView::Locked { .. } | CallerView::Nobody { .. } => None,
    };
    let root = opened.vault.root();
    if ctx.token.is_some() {
        return Ok(BriefStatus { who, uncommitted: false, ahead: 0, behind: 0 });
    }
    let found = git::remote(&ctx.vault).ok().and_then(|remote| {
        let theirs = git::fetched(&ctx.vault, &remote).ok()??;
        distance(ctx, &remote, &theirs).ok()
    });
    let (ahead, behind) = found.unwrap_or_default();
    let uncommitted = !Pending::load(root)?.still(root.path()).messages.is_empty();
    Ok(BriefStatus { who, uncommitted, ahead, behind })
}

fn caller(ctx: &Context, opened: &Snapshot) -> Result<CallerView> {
    if ctx.token.is_some() {
        return Ok(match bearer(ctx, opened, &Op::STATUS) {
            Ok(Some(bearer)) => {
                let grant = bearer.grant();
                CallerView::Session {
                    id: bearer.id().clone(),
                    label: grant.label.clone(),
                    scope: grant.scope.clone(),
                    expires: expiry(grant, &opened.rules).to_string(),
                    run_only: grant.run_only,
                }
            }
            Ok(None) => nobody("no token".to_owned(), None),
            Err(error) => nobody(error.to_string(), error.hint()),
        });
    }
    let identity = || identity_label(ctx);
    let error = match authenticate(ctx, &opened.rules) {
        Ok(caller) => {
            let member = opened.rules.member(&caller.name);
            return Ok(CallerView::Member {
                admin: opened.rules.is_admin(&caller.name),
                writes: member.is_some_and(|member| member.signing.is_some()),
                groups: member.map(|member| member.groups.clone()).unwrap_or_default(),
                fingerprint: member.and_then(|member| Some(member.verify?.fingerprint())),
                identity: identity(),
                name: caller.name,
            });
        }
        Err(error) => error,
    };
    if let Some(name) = error.waiting_member() {
        return Ok(CallerView::Waiting {
            name: name.clone(),
            fingerprint: claimed_fingerprint(opened, name),
        });
    }
    Ok(match is_locked(&error) {
        true => CallerView::Locked {
            identity: identity(),
            by_command: matches!(ctx.identity, IdentitySource::Once(_)),
        },
        false => nobody(error.to_string(), error.hint()),
    })
}

/// The fingerprint of the key that a member asks to sign with: nothing vouches for it.
fn claimed_fingerprint(opened: &Snapshot, name: &MemberName) -> Option<String> {
    let claim = opened.vault.claim::<Member>(&VaultPath::member(name)).ok()?;
    Some(claim.document.verify?.fingerprint())
}

/// Whether nothing but a passphrase is missing.
fn is_locked(error: &Error) -> bool {
    let unusable = error.of::<IdentityError>();
    let source = match unusable {
        Some(IdentityError::NotAgreed { .. }) => return true,
        Some(IdentityError::Unusable { source, .. }) => source,
        _ => return false,
    };
    matches!(source, CryptoError::PassphraseNeeded)
}

fn nobody(problem: String, hint: Option<String>) -> CallerView {
    CallerView::Nobody { problem, hint }
}

/// The scopes in force that the caller may use.
fn scopes(opened: &Snapshot, caller: &CallerView, names: &[SecretName]) -> Vec<UsableScope> {
    let may_use = |scope: &ScopeName, policy: &ScopePolicy| match caller {
        CallerView::Member { admin: true, .. } => true,
        CallerView::Member { name, .. } => {
            opened.rules.member(name).is_some_and(|member| policy.lists(name, member))
        }
        CallerView::Session { scope: own, .. } => own == scope,
        CallerView::Waiting { .. } | CallerView::Locked { .. } | CallerView::Nobody { .. } => false,
    };
    let view = |name: &ScopeName, policy: &ScopePolicy| {
        let Policy { run_only, seal_only, .. } = *policy.document();
        UsableScope {
            name: name.clone(),
            secrets: names.iter().filter(|name| policy.rule(name).allows()).count(),
            run_only,
            seal_only,
        }
    };
    let usable = opened.rules.in_force().filter(|(name, policy)| may_use(name, policy));
    usable.map(|(name, policy)| view(name, policy)).collect()
}

/// Compares with the remote as it was fetched last; nothing is fetched.
fn remote(ctx: &Context) -> Option<RemoteView> {
    let empty = |branch: String| RemoteView {
        branch,
        fetched: None,
        ahead: None,
        behind: None,
        problem: None,
    };
    let remote = match git::remote(&ctx.vault) {
        Ok(remote) => remote,
        Err(git::GitError::NoRemote { several: false, .. }) => return None,
        Err(error) => {
            return Some(RemoteView { problem: Some(error.to_string()), ..empty(String::new()) });
        }
    };
    let fetched = git::last_fetched(&ctx.vault).ok().flatten();
    let fetched = fetched.map(|at| Stamp::new(OffsetDateTime::from(at)).to_string());
    let view = RemoteView { fetched, ..empty(remote.shown()) };
    let theirs = match git::fetched(&ctx.vault, &remote) {
        Ok(Some(theirs)) => theirs,
        Ok(None) => return Some(view),
        Err(error) => return Some(RemoteView { problem: Some(error.to_string()), ..view }),
    };
    Some(match distance(ctx, &remote, &theirs) {
        Ok((ahead, behind)) => RemoteView { ahead: Some(ahead), behind: Some(behind), ..view },
        Err(error) => RemoteView { problem: Some(error.to_string()), ..view },
    })
}

/// How many commits are to be sent, to a fork where they go there, and how many to be merged.
fn distance(ctx: &Context, remote: &git::Remote, theirs: &str) -> Result<(usize, usize)> {
    let (ahead, behind) = git::ahead_and_behind(&ctx.vault, theirs)?;
    let ahead = match git::pushed_elsewhere(&ctx.vault, remote)? {
        Some(pushed) => git::ahead_and_behind(&ctx.vault, &pushed)?.0,
        None => ahead,
    };
    Ok((ahead, behind))
}

fn waits(
    ctx: &Context,
    opened: &Snapshot,
    caller: &CallerView,
    remote: Option<&RemoteView>,
    names: &[SecretName],
) -> Result<Waits> {
    // What is to be done to secrets is for members.
    let names = if matches!(caller, CallerView::Nobody { .. }) { &[] } else { names };
    let waiting = waiting(opened)?;
    let now = Stamp::new(ctx.now);
    let record = |name: &SecretName| opened.vault.record(name, &opened.rules).ok().flatten();
    let may = |name: &SecretName| match caller {
        CallerView::Member { name: who, .. } => opened.rules.may_read(who, name),
        _ => true,
    };
    let is_due = |name: &&SecretName| {
        may(name) && record(name).is_some_and(|record| due(now, &record).is_some())
    };
    let rotate = names.par_iter().filter(is_due).cloned().collect();
    Ok(Waits {
        commit: waiting.names(),
        edited: waiting.edited.iter().map(ToString::to_string).collect(),
        approve: opened.rules.await_approval(),
        requests: match caller {
            // What is wrong with the trail is for 'audit verify' to tell.
            CallerView::Member { admin: true, .. } => {
                open_requests(ctx, opened).unwrap_or_default()
            }
            _ => Vec::new(),
        },
        conflicts: match remote {
            // Where one side only goes on from the other there is nothing to decide.
            Some(RemoteView { ahead: Some(1..), behind: Some(1..), .. }) => {
                conflicts(ctx, opened).unwrap_or_default()
            }
            _ => Vec::new(),
        },
        rotate,
        rekey: rekey_waits_for(opened)?.unwrap_or(0),
        backup: keys_without_copy(opened).map(|folder| shown(&folder)),
    })
}

/// What both sides changed, as far as that was fetched.
fn conflicts(ctx: &Context, opened: &Snapshot) -> Option<Vec<String>> {
    let theirs = git::fetched(&ctx.vault, &git::remote(&ctx.vault).ok()?).ok()??;
    let division = git::compare(&ctx.vault, &theirs).ok()?;
    let plan = split(opened.vault.root(), &division).ok()?;
    Some(plan.conflicts.iter().map(|one| one.matter.to_string()).collect())
}

fn shown(path: &std::path::Path) -> String {
    printable(&path.to_string_lossy())
}

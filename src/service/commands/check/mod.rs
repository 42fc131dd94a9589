//! Checking the whole vault: every file against the rules and against its neighbours. Needs
//! no identity and opens no value.

mod install;
mod modes;
mod quantum;
mod repair;
mod secrets;
mod sessions;
mod since;
mod staged;

pub use install::{install_diff, install_hook};
pub use repair::repair;
pub use staged::check_staged;

use std::path::Path;

use serde::Serialize;

use crate::access::PolicyState;
use crate::audit::Op;
use crate::crypto::known::Known;
use crate::fs::{self, FOLDERS, Listing, Subject, VaultPath};
use crate::git;
use crate::kind::Failure as _;
use crate::name::MemberName;
use crate::service::audit::{ChainStatus, ChainSummary, caller_if_any, verify_all};
use crate::service::base::{
    Context, GoneRule, Note, OpenVault, Result, Snapshot, gone_rules, missing_rules_and_trail,
    missing_secrets, way_back,
};
use crate::service::change::waiting;
use crate::service::identity::{BACKUP, keys_without_copy};
use crate::service::repository::{Lacking, lacking};
use crate::service::rules::{CommitView, approving_commit, last_change};
use crate::service::secret::pending;
use crate::service::session::bearer;
use crate::store::{Member, Policy, Stamp, Standing, StoreError};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// Somebody has access whom the rules do not give it, or lacks it, or something waits for
    /// an admin.
    Drift,
    /// A file is not what it should be.
    Damage,
}

/// Something that `check` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the vault.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What mends it, where something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// Whether a member or a policy that is not there may be why.
    #[serde(skip)]
    hangs_on_rules: bool,
}

impl Finding {
    fn new(severity: Severity, path: &impl ToString, message: &impl ToString) -> Self {
        let (path, message) = (path.to_string(), message.to_string());
        Self { severity, path, message, mend: None, hangs_on_rules: false }
    }

    fn mend(self, mend: Option<String>) -> Self {
        Self { mend, ..self }
    }
}

/// Checks members, policies, records, values against their records, readers against the
/// rules, the audit trail, and what has no business in the vault's folders. Sorted by path.
/// With a revision of git as the `base`, also that nothing is older than it was there.
///
/// # Errors
/// No vault; no such revision; settings or admins that do not verify; an identity that was named and cannot
/// be used.
pub fn check(ctx: &Context, base: Option<&str>) -> Result<Vec<Finding>> {
    let opened = OpenVault::open(ctx)?;
    // Each record is looked at up to three times.
    opened.vault.trust_known(Known::of_this_process());
    let bearer = bearer(ctx, &opened, &Op::CHECK)?;
    let mut found = documents(&opened);
    found.extend(secrets::secrets(&opened, Stamp::new(ctx.now))?);
    let missing = missing_rules_and_trail(&opened);
    let is_rule = |path: &&VaultPath| {
        matches!(path.subject(), Subject::Admins(_) | Subject::Member(_) | Subject::Policy(_))
    };
    let mut gone = gone_rules(&opened);
    gone.retain(|gone| !missing.contains(&gone.path));
    let missing_rule = missing.iter().find(is_rule).or_else(|| Some(&gone.first()?.path));
    if let Some(file) = missing_rule {
        // Who may sign by it may sign.
        for found in found.iter_mut().filter(|found| found.hangs_on_rules) {
            found.mend = Some(format!("bring back {file} first"));
        }
    }
    found.extend(pending(&opened)?.iter().map(|change| secrets::drift(change, missing_rule)));
    found.extend(lost(&opened, &missing));
    found.extend(uncommitted(&opened));
    found.extend(strays(&opened)?);
    found.extend(quantum::quantum(&opened)?);
    found.extend(modes::modes(opened.vault.root()));
    found.extend(lacking(opened.vault.root())?.iter().map(lacks));
    found.extend(gone.iter().map(|rule| told_gone(&opened, rule)));
    found.extend(of_git(&opened)?);
    if let Ok(Some(
        reason @ (git::Reason::InProgress(_)
        | git::Reason::Detached
        | git::Reason::NotTrusted { .. }
        | git::Reason::NotColocated),
    )) = git::waits_for(&ctx.vault)
    {
        let (reason, hint) = (reason.to_string(), reason.hint());
        ctx.front.note(&Note::GitUnfinished { reason, hint });
    }
    let caller = if bearer.is_some() { None } else { caller_if_any(ctx, &opened)? };
    if caller.is_some() {
        remind_of_backup(ctx, &opened);
        tell_who_opens_all(ctx, &opened);
    }
    if let Some(caller) = &caller {
        found.extend(secrets::unopened(&opened, caller)?);
    }
    found.extend(sessions::sessions(&opened, caller.as_ref())?);
    if opened.vault.obeys_another_branch() {
        // This branch encrypts to those of its own time.
        let is_of_now = |found: &Finding| {
            found.severity == Severity::Drift && found.path.starts_with("secrets/")
        };
        found.retain(|found| !is_of_now(found));
    }
    if let Some(base) = base {
        found.extend(since::since(ctx, &opened, base)?);
    }
    let trail = verify_all(ctx, &opened, bearer)?;
    found.extend(trail.chains.iter().filter_map(|chain| damaged(&opened, chain)));
    found.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
    Ok(found)
}

/// The commit that has a document as it was last approved.
type Approved = Result<Option<CommitView>>;

/// Members and policies that are not in force.
fn documents(opened: &Snapshot) -> Vec<Finding> {
    let unapproved = |name: &str, path: VaultPath, why: &StoreError, approved: Approved| {
        // A history that cannot be read keeps nobody from the finding.
        let commit = last_change(opened, &path).ok().flatten();
        // An edit that is committed is dropped by what was there before it.
        let before = match (&commit, approved.ok().flatten()) {
            (None, _) => format!(", 'git checkout -- {path}' drops the edit"),
            (Some(_), Some(before)) => {
                format!(", 'git checkout {} -- {path}' drops the edit", before.short())
            }
            (Some(_), None) => String::new(),
        };
        // One that cannot be read cannot be approved either.
        let unreadable = match path.subject() {
            Subject::Member(_) => opened.vault.claim::<Member>(&path).err(),
            _ => opened.vault.claim::<Policy>(&path).err(),
        };
        let mend = match &unreadable {
            None => format!("'authy approve {name}' shows and signs it{before}"),
            Some(_) => format!("mend the file by hand{}", before.replacen(", ", ", or ", 1)),
        };
        let why: &dyn ToString = unreadable.as_ref().map_or(why as &dyn ToString, |error| error);
        let why = why.to_string();
        let commit = commit.map_or_else(String::new, |commit| {
            format!(" (commit {} by {})", commit.short(), commit.author)
        });
        Finding::new(Severity::Drift, &path, &format!("not approved: {why}{commit}"))
            .mend(Some(mend))
    };
    let broken = |path: VaultPath, why: &StoreError| {
        Finding::new(Severity::Damage, &path, why).mend(why.hint())
    };
    let members = opened.rules.standings().filter_map(|(name, file)| match file {
        Standing::Unapproved(why) => {
            let approved = approving_commit::<Member>(opened, name);
            Some(unapproved(name.as_str(), VaultPath::member(name), why, approved))
        }
        Standing::Damaged(why) => Some(broken(VaultPath::member(name), why)),
        Standing::InForce(_) | Standing::Removed(_) => None,
    });
    let policies = opened.rules.policies().filter_map(|(name, state)| match state {
        PolicyState::Unapproved(why) => {
            let approved = approving_commit::<Policy>(opened, name);
            Some(unapproved(name.as_str(), VaultPath::policy(name), why, approved))
        }
        PolicyState::Damaged(why) => Some(broken(VaultPath::policy(name), why)),
        PolicyState::Bad(why) => {
            Some(Finding::new(Severity::Damage, &VaultPath::policy(name), why).mend(why.hint()))
        }
        PolicyState::InForce(..) | PolicyState::Removed(_) => None,
    });
    members.chain(policies).collect()
}

/// Changes that no commit has as they lie here. A history that cannot be read says nothing.
fn uncommitted(opened: &Snapshot) -> Vec<Finding> {
    let waiting = waiting(opened).unwrap_or_default();
    let reason = git::waits_for(opened.vault.root().path()).ok().flatten();
    let first = reason.map(|reason| {
        let way = reason.hint().map(|way| format!(", {way}")).unwrap_or_default();
        format!("{reason}{way}; then ")
    });
    let first = first.unwrap_or_default();
    let mend = format!("{first}'authy sync' commits it, and so does 'authy check --repair'");
    let finding = |path: &VaultPath| {
        let message = "no commit has it as it is here";
        Finding::new(Severity::Warning, path, &message).mend(Some(mend.clone()))
    };
    // Of a secret whose two files wait the record stands for both.
    let is_told = |path: &&VaultPath| match path.subject() {
        Subject::Value(name) => !waiting.signed.contains(&VaultPath::record(name)),
        _ => true,
    };
    waiting.signed.iter().filter(is_told).map(finding).collect()
}

/// What the last commit has and the work tree lacks.
fn lost(opened: &Snapshot, missing: &[VaultPath]) -> Vec<Finding> {
    let missing = [missing.to_vec(), missing_secrets(opened)].concat();
    let way = (!missing.is_empty()).then(|| way_back(opened.vault.root(), &missing));
    let message = "it is in the last commit and missing here";
    let finding = |path| Finding::new(Severity::Damage, path, &message).mend(way.clone());
    missing.iter().map(finding).collect()
}

/// A member or a policy that was here, and is gone without the word of an admin.
fn told_gone(opened: &Snapshot, gone: &GoneRule) -> Finding {
    let (path, version) = (&gone.path, gone.version);
    let message = format!("it is gone: version {version} was here, and no admin removed it");
    let mend = match gone.way(opened.vault.root()) {
        Some(way) => format!("bring it back: {way}"),
        None => format!("see 'git log -- {path}', and bring it back with git"),
    };
    Finding::new(Severity::Damage, path, &message).mend(Some(mend))
}

/// What a power cut left of git's own files.
fn of_git(opened: &Snapshot) -> Result<Vec<Finding>> {
    let damage = git::damage(opened.vault.root().path())?;
    let judged = |severity, path: &str, message: &str| {
        let mend = Some("run 'authy check --repair'".to_owned());
        Finding::new(severity, &path, &message).mend(mend)
    };
    let found = |path: &str, message: &str| judged(Severity::Damage, path, message);
    let objects = (damage.objects > 0).then(|| {
        let severity = if damage.is_needed { Severity::Damage } else { Severity::Warning };
        let message = format!("{} of git's objects are empty files", damage.objects);
        judged(severity, ".git/objects", &message)
    });
    let missing = (damage.missing > 0).then(|| {
        let lost = format!("{} objects of git's newest commits are missing", damage.missing);
        found(".git/objects", &lost)
    });
    let head = damage.head.map(|_| {
        let lost =
            "git's HEAD is an empty file: git finds no repository here, and nothing is committed";
        found(".git/HEAD", lost)
    });
    let index = damage.index.then(|| found(".git/index", "git's index is an empty file"));
    let lost = "its newest commit cannot be read";
    let branch = damage.branch.map(|name| found(&format!(".git/{name}"), lost));
    Ok([objects, missing, head, index, branch].into_iter().flatten().collect())
}

/// Lines that git should find and does not.
fn lacks(lack: &Lacking) -> Finding {
    let message = format!("it lacks: {}", lack.lines.join(", "));
    Finding::new(Severity::Warning, &lack.path, &message)
        .mend(Some("run 'authy check --repair'".to_owned()))
}

/// Files that are none of the vault's: perhaps plaintext that somebody left there.
fn strays(opened: &Snapshot) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for listing in [Listing::Secrets, Listing::Members, Listing::Policies] {
        let folder = listing.folder();
        let listed = fs::list(opened.vault.root(), listing)?;
        let unknown = listed
            .files
            .iter()
            .filter(|file| VaultPath::parse(&format!("{folder}/{file}")).is_none());
        for file in unknown.chain(&listed.strays) {
            let path = format!("{folder}/{file}");
            // What stands under a name of the vault is reported as that.
            if VaultPath::parse(&path).is_none() {
                let mend = "remove it, or move it out of the vault".to_owned();
                let message = "no file of the vault";
                found.push(Finding::new(Severity::Warning, &path, &message).mend(Some(mend)));
            }
        }
    }
    // SideTask the folders, in the vault of a person: a script, notes, an export. A pipeline's clone
    // has other things lying about. Without the git program nobody tells.
    let root = opened.vault.root().path();
    let names = match root.join(fs::KEYS).is_dir() {
        true => git::untracked(root).unwrap_or_default(),
        false => Vec::new(),
    };
    for name in names {
        let folder = name.split('/').next().unwrap_or_default();
        if FOLDERS.contains(&folder) || folder == ".jj" || VaultPath::parse(&name).is_some() {
            continue;
        }
        let message = "no file of the vault, and git does not know it";
        let mend = "move it out of the vault (scripts to ~/bin or into the project), or commit it";
        let found_here = Finding::new(Severity::Warning, &name, &message);
        found.push(found_here.mend(Some(mend.to_owned())));
    }
    Ok(found)
}

/// Says, once, that an identity lies in the vault's own folder and nowhere else that we know of:
/// removing that folder, or `git clean -fdx`, takes it along.
fn remind_of_backup(ctx: &Context, opened: &Snapshot) {
    let Some(keys) = keys_without_copy(opened) else { return };
    let Some(state) = opened.vault.pins().folder() else { return };
    let told = state.join("told").join(BACKUP);
    if told.exists() {
        return;
    }
    fs::remember(&told, b"");
    ctx.front.note(&Note::NoBackup { folder: keys });
}

/// Says how many could still open the vault if one of its admins lost their identity; where nobody could
/// that is said once.
fn tell_who_opens_all(ctx: &Context, opened: &Snapshot) {
    let admins: Vec<&MemberName> = opened.rules.admins().collect();
    let Some(state) = opened.vault.pins().folder() else { return };
    match admins.as_slice() {
        [only] => {
            let told = state.join("told").join("one-admin");
            if !told.exists() {
                fs::remember(&told, b"");
                ctx.front.note(&Note::OneAdmin { name: (*only).clone() });
            }
        }
        several => ctx.front.note(&Note::Admins { count: several.len() }),
    }
}

fn damaged(opened: &Snapshot, chain: &ChainSummary) -> Option<Finding> {
    if chain.status != ChainStatus::Damaged {
        return None;
    }
    let root = opened.vault.root().path();
    let file = chain.file.as_deref().map(|file| file.strip_prefix(root).unwrap_or(file));
    let path = file.map_or_else(|| format!("audit/{}", chain.chain), shown);
    let line = chain.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let fault = chain.fault.as_deref().unwrap_or_default();
    let mend = match path.starts_with("audit/") {
        true if chain.is_hole => {
            "who wrote these lines has them: the next 'authy sync' there publishes them again"
        }
        true => "see 'authy audit verify', and 'git log' of that file",
        // What this clone wrote is in no history but as it was published.
        false => "see 'authy audit verify', and what of it is published in 'audit'",
    };
    let mend = mend.to_owned();
    Some(Finding::new(Severity::Damage, &path, &format!("{line}{fault}")).mend(Some(mend)))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

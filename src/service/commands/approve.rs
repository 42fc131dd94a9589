//! `approve`: what waits for an admin's signature is shown with its effect, then signed, and
//! the secrets are encrypted to those who may read them from then on.

use serde::Serialize;

use crate::access::{AccessError, PolicyState, Ruling, ScopePolicy};
use crate::audit::{Action, Op};
use crate::crypto::digest::Digest;
use crate::fs::{self, VaultPath};
use crate::name::{MemberName, ScopeName};
use crate::service::base::{Context, OpenVault, Result, Snapshot, approved_before};
use crate::service::change::LockedVault;
use crate::service::identity::{MemberError, acceptable, refuse_taken};
use crate::service::rules::effect::effect;
use crate::service::rules::{
    CommitView, Effect, Encryption, RuleUpdate, apply_rules, last_change, next_version,
    shown_member, shown_policy, text_diff,
};
use crate::service::secret::ReaderChange;
use crate::store::{Claim, Grantee, MAX_TOML, Member, Policy, Standing};
use crate::words::words;

/// What waits for approval, and what it would change.
#[derive(Debug, Clone, Serialize)]
pub struct Approval {
    /// Members, then policies, sorted by name.
    pub proposals: Vec<Proposal>,
    /// What changes for whom.
    pub effect: Effect,
    /// What stands for all of this: the files, and what they would change.
    pub digest: String,
}

words! {
    /// What waits for an approval.
    pub enum ApprovalKind {
        /// A member.
        Member = "member",
        /// A policy.
        Policy = "policy",
    }
}

/// A member or a policy that no admin signed as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// `member` or `policy`.
    pub what: ApprovalKind,
    /// Its name.
    pub name: String,
    /// The file, relative to the vault.
    pub path: String,
    /// Why it is not in force.
    pub problem: String,
    /// The commit that last changed the file; `None` where the change is not committed.
    pub commit: Option<CommitView>,
    /// The fingerprint of the key that the member will sign with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Lines taken away (`-`) and added (`+`) since it was last approved.
    pub diff: Vec<String>,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    document: Document,
}

#[derive(Debug, Clone)]
enum Document {
    Member(MemberName, Box<Member>),
    Policy(ScopeName, Box<Policy>),
}

impl Document {
    fn path(&self) -> VaultPath {
        match self {
            Self::Member(name, _) => VaultPath::member(name),
            Self::Policy(name, _) => VaultPath::policy(name),
        }
    }
}

/// Tells what waits for approval, all of it or what has this name and, where one is given, is of
/// this kind; this needs no identity.
///
/// # Errors
/// There is no such member or policy, or both and no kind; a file is no document; a request is
/// not its member's.
pub fn approval(ctx: &Context, kind: Option<ApprovalKind>, name: Option<&str>) -> Result<Approval> {
    let opened = OpenVault::open(ctx)?;
    let approval = propose(&opened, kind, name)?;
    Ok(approval)
}

/// Signs what `shown` lists and encrypts what changes by it, in one change; returns whose
/// access to which secrets the encryption changed.
///
/// # Errors
/// A file is not the one that was shown; the caller is no admin, confined, or an agent.
pub fn approve(ctx: &Context, shown: &Approval) -> Result<Vec<ReaderChange>> {
    let locked = LockedVault::lock(ctx, &Op::APPROVE)?;
    let names: Vec<&str> = shown.proposals.iter().map(|one| one.name.as_str()).collect();
    let detail = shown.proposals.iter().map(|one| format!("{} {}", one.what, one.name));
    let detail = detail.collect::<Vec<_>>().join(" ");
    let action = Action::new(Op::APPROVE).saying(detail);
    locked.transact(&action, |tx| {
        locked.require_admin()?;
        let mut update = RuleUpdate::default();
        for one in &shown.proposals {
            if digest_now(&locked.opened, &one.document.path()) != Some(one.digest) {
                return Err(MemberError::ClaimChanged(one.path.clone()).into());
            }
            match &one.document {
                Document::Member(name, member) => {
                    update.members.push((name.clone(), (**member).clone()));
                }
                Document::Policy(name, policy) => {
                    update.policies.push((name.clone(), (**policy).clone()));
                }
            }
        }
        let changes = apply_rules(tx, update, Encryption::Now)?;
        Ok((format!("Approve {}", names.join(", ")), changes))
    })
}

fn digest_now(opened: &Snapshot, path: &VaultPath) -> Option<Digest> {
    let bytes = fs::read(opened.vault.root(), path, MAX_TOML).ok()??;
    Some(Digest::of(&bytes))
}

fn propose(opened: &Snapshot, kind: Option<ApprovalKind>, name: Option<&str>) -> Result<Approval> {
    let is_meant = |other: &str, of: ApprovalKind| {
        name.is_none_or(|name| name == other) && kind.is_none_or(|kind| kind == of)
    };
    let (mut before, mut proposals) = (Ruling::of(&opened.rules), Vec::new());
    let members = opened.rules.standings();
    for (name, standing) in
        members.filter(|(name, _)| is_meant(name.as_str(), ApprovalKind::Member))
    {
        if let Standing::Unapproved(why) = standing {
            let (one, base) = of_member(opened, name, why.to_string())?;
            before.members.extend(base.map(|base| (name.clone(), base)));
            proposals.push(one);
        }
    }
    let policies = opened.rules.policies();
    for (name, state) in policies.filter(|(name, _)| is_meant(name.as_str(), ApprovalKind::Policy))
    {
        if let PolicyState::Unapproved(why) = state {
            let (one, base) = of_policy(opened, name, why.to_string())?;
            if let Some(base) = base {
                before.policies.insert(name.clone(), ScopePolicy::compile(base)?);
            }
            proposals.push(one);
        }
    }
    if let Some(name) = name {
        match (kind, proposals.as_slice()) {
            (_, []) => refuse_unknown(opened, kind, name)?,
            (None, [_, _, ..]) => return Err(MemberError::TwoOfOneName(name.to_owned()).into()),
            _ => {}
        }
    }
    let mut after = before.clone();
    for one in &proposals {
        match &one.document {
            Document::Member(name, member) => {
                after.members.insert(name.clone(), (**member).clone());
            }
            Document::Policy(name, policy) if policy.removed.is_some() => {
                after.policies.remove(name);
            }
            Document::Policy(name, policy) => {
                after.policies.insert(name.clone(), ScopePolicy::compile((**policy).clone())?);
            }
        }
    }
    let names = opened.vault.names()?;
    let effect = effect(&before, &after, &names);
    let digest = digest_of(&proposals, &effect);
    Ok(Approval { proposals, effect, digest })
}

/// The digest of what is shown: who approves by it approves just that.
fn digest_of(proposals: &[Proposal], effect: &Effect) -> String {
    let files: Vec<_> =
        proposals.iter().map(|one| (&one.path, one.digest.to_string(), &one.diff)).collect();
    let shown = serde_json::to_vec(&(files, effect)).unwrap_or_default();
    let digest = Digest::of(&shown).to_string();
    digest.split_once(':').map_or(digest.as_str(), |(_, hex)| &hex[..16]).to_owned()
}

/// A name that nobody has is a typing mistake; one that is in force needs no approval.
fn refuse_unknown(opened: &Snapshot, kind: Option<ApprovalKind>, name: &str) -> Result<()> {
    let member = MemberName::parse(name).ok().and_then(|name| opened.rules.standing(&name));
    match member.filter(|_| kind != Some(ApprovalKind::Policy)) {
        Some(Standing::InForce(_)) => return Ok(()),
        Some(Standing::Damaged(why)) => return Err(MemberError::Damaged(why.clone()).into()),
        _ if kind == Some(ApprovalKind::Member) => {
            return Err(MemberError::NothingToApprove(name.to_owned()).into());
        }
        _ => {}
    }
    let scope = ScopeName::parse(name)?;
    match opened.rules.policy_state(&scope) {
        None | Some(PolicyState::Removed(_)) => {
            Err(MemberError::NothingToApprove(name.to_owned()).into())
        }
        Some(_) => Ok(opened.rules.scope(&scope).map(drop)?),
    }
}

fn of_member(
    opened: &Snapshot,
    name: &MemberName,
    problem: String,
) -> Result<(Proposal, Option<Member>)> {
    let path = VaultPath::member(name);
    let claim = opened.vault.claim::<Member>(&path)?;
    let signed = approved_before::<Member>(&opened.vault, name)?.map(|signed| (*signed).clone());
    // Whoever comes back was no member, and still is who began their audit chains.
    let mut former = signed.as_ref().map(|old| old.former.clone()).unwrap_or_default();
    former.extend(signed.as_ref().and_then(|old| old.verify));
    let last = signed.as_ref().map(|old| old.version);
    let base = signed.filter(|old| old.removed.is_none());
    let wanted = &claim.document;
    if wanted.removed.is_some() {
        return Err(MemberError::UnapprovedRemoval(name.clone()).into());
    }
    let recipients = wanted.recipients.iter().map(|text| opened.vault.recipient(text));
    let recipients = recipients.collect::<std::result::Result<Vec<_>, _>>()?;
    if recipients.is_empty() {
        return Err(MemberError::NoRecipient.into());
    }
    acceptable(opened, &recipients)?;
    refuse_taken(opened, &recipients, Some(name))?;
    refuse_forged(opened, name, &path, &claim, base.as_ref())?;
    former.retain(|key| wanted.verify.as_ref() != Some(key));
    let member =
        Member { version: version(opened, &path, wanted.version, last), former, ..wanted.clone() };
    let diff =
        text_diff(&in_words(base.as_ref(), shown_member), &in_words(Some(&member), shown_member));
    let problem = match &claim.by {
        Some(by) if by == name => format!("'{name}' asks for it themselves"),
        _ => problem,
    };
    let document = Document::Member(name.clone(), Box::new(member));
    Ok((proposal(opened, document, problem, diff, claim.digest)?, base))
}

fn proposal(
    opened: &Snapshot,
    document: Document,
    problem: String,
    diff: Vec<String>,
    digest: Digest,
) -> Result<Proposal> {
    let path = document.path();
    let (what, name, key) = match &document {
        Document::Member(name, member) => (ApprovalKind::Member, name.to_string(), member.verify),
        Document::Policy(name, _) => (ApprovalKind::Policy, name.to_string(), None),
    };
    Ok(Proposal {
        what,
        name,
        commit: last_change(opened, &path)?,
        path: path.to_string(),
        problem,
        fingerprint: key.map(|key| key.fingerprint()),
        diff,
        digest,
        document,
    })
}

/// What is encrypted to a member, and the key they sign with, are theirs to say: by a signature
/// with that key, or with the one they had before. What an admin adds by hand has no key.
fn refuse_forged(
    opened: &Snapshot,
    name: &MemberName,
    path: &VaultPath,
    claim: &Claim<Member>,
    base: Option<&Member>,
) -> Result<()> {
    let wanted = &claim.document;
    let same = |base: &Member| {
        (&base.recipients, &base.verify, &base.signing)
            == (&wanted.recipients, &wanted.verify, &wanted.signing)
    };
    let by_hand = wanted.verify.is_none() && wanted.signing.is_none();
    let keys = [wanted.verify, base.and_then(|base| base.verify)];
    let signed = |key| claim.is_signed_with(&opened.vault, path, &key);
    let genuine = match base {
        Some(base) if same(base) => true,
        None if by_hand => true,
        _ => wanted.verify.is_some() && keys.into_iter().flatten().any(signed),
    };
    if !genuine {
        return Err(MemberError::ForgedRequest(name.clone()).into());
    }
    // An admin's key stands in the set of admins, which another change replaces.
    let own = opened.vault.admins().admins.get(name);
    match own {
        Some(key) if wanted.verify.as_ref() != Some(key) => {
            Err(MemberError::AdminKey(name.clone()).into())
        }
        _ => Ok(()),
    }
}

fn of_policy(
    opened: &Snapshot,
    name: &ScopeName,
    problem: String,
) -> Result<(Proposal, Option<Policy>)> {
    let path = VaultPath::policy(name);
    let claim = opened.vault.claim::<Policy>(&path)?;
    let signed = approved_before::<Policy>(&opened.vault, name)?.map(|signed| (*signed).clone());
    let last = signed.as_ref().map(|old| old.version);
    let base = signed.filter(|old| old.removed.is_none());
    let policy = Policy {
        version: version(opened, &path, claim.document.version, last),
        ..claim.document.clone()
    };
    ScopePolicy::compile(policy.clone())
        .map_err(|why| AccessError::BadPolicy { scope: name.clone(), why: why.into() })?;
    let mut diff =
        text_diff(&in_words(base.as_ref(), shown_policy), &in_words(Some(&policy), shown_policy));
    for grantee in &policy.members {
        if let Grantee::Member(who) = grantee
            && !matches!(
                opened.rules.standing(who),
                Some(Standing::InForce(_) | Standing::Unapproved(_))
            )
        {
            diff.push(format!("(it lists '{who}', who is not a member)"));
        }
    }
    let document = Document::Policy(name.clone(), Box::new(policy));
    Ok((proposal(opened, document, problem, diff, claim.digest)?, base))
}

/// The version claimed, or one above every one there was.
fn version(opened: &Snapshot, path: &VaultPath, claimed: u64, signed: Option<u64>) -> u64 {
    // What is claimed is text from anybody: one that leaves no room above it is not taken over.
    let claimed = if claimed > u64::from(u32::MAX) { 0 } else { claimed };
    claimed.max(next_version(opened, path, signed))
}

fn in_words<T>(base: Option<&T>, show: fn(&T) -> std::result::Result<String, String>) -> String {
    base.and_then(|base| show(base).ok()).unwrap_or_default()
}

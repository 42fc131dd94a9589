//! The rules now in force: admins, members and policies of one vault, each read once a command
//! when it is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::error::AccessError;
use super::policy::ScopePolicy;
use super::shelf::LazyMap;
use crate::crypto::sign::VerifyKey;
use crate::crypto::{CryptoError, Recipient};
use crate::name::{MemberName, ScopeName, SecretName};
use crate::store::{Authority, Document, Member, Policy, Signed, Standing, StoreError, Vault};

/// A policy's file, compiled where it is in force.
#[derive(Debug)]
pub(crate) enum PolicyState {
    /// In force.
    InForce(Box<Signed<Policy>>, Box<ScopePolicy>),
    /// Removed by an admin: the tombstone.
    Removed(Box<Signed<Policy>>),
    /// Not signed by an admin as it stands.
    Unapproved(Arc<StoreError>),
    /// Not readable or rolled back.
    Damaged(Arc<StoreError>),
    /// Signed, but a pattern does not compile.
    Bad(Arc<AccessError>),
}

impl PolicyState {
    /// The policy, where an admin signed it.
    pub(crate) fn signed(&self) -> Option<&Signed<Policy>> {
        match self {
            Self::InForce(signed, _) | Self::Removed(signed) => Some(signed),
            Self::Unapproved(_) | Self::Damaged(_) | Self::Bad(_) => None,
        }
    }

    fn of(file: Standing<Policy>) -> Self {
        match file {
            Standing::InForce(document) => match ScopePolicy::compile((*document).clone()) {
                Ok(policy) => Self::InForce(Box::new(document), Box::new(policy)),
                Err(error) => Self::Bad(Arc::new(error)),
            },
            Standing::Removed(document) => Self::Removed(Box::new(document)),
            Standing::Unapproved(why) => Self::Unapproved(why),
            Standing::Damaged(why) => Self::Damaged(why),
        }
    }
}

/// The rules in force.
#[derive(Debug)]
pub(crate) struct Rules {
    admins: BTreeSet<MemberName>,
    members: LazyMap<MemberName, Standing<Member>>,
    policies: LazyMap<ScopeName, PolicyState>,
    vault: Option<Arc<Vault>>,
    past: Box<Past>,
    /// Recipients of members that were read: thousands of secrets go to the same ones, and checking
    /// one takes as long as encrypting to it.
    recipients: Mutex<BTreeMap<MemberName, Arc<[Recipient]>>>,
}

/// Tells the rules that admins last signed, given those of now.
type ReadPast = Box<dyn Fn(&Rules) -> Option<Rules> + Send + Sync>;

/// The rules that admins last signed, where a document of now is not in force: read once, when
/// somebody needs them.
#[derive(Default)]
struct Past {
    read: Option<ReadPast>,
    rules: OnceLock<Option<Box<Rules>>>,
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Past")
    }
}

/// Documents that an admin has signed and that are about to be published.
#[derive(Debug, Default)]
pub(crate) struct RuleChange {
    /// Who the admins are from then on, where that changes.
    pub(crate) admins: Option<BTreeSet<MemberName>>,
    /// Members, tombstones included.
    pub(crate) members: Vec<(MemberName, Signed<Member>)>,
    /// Policies, tombstones included.
    pub(crate) policies: Vec<(ScopeName, Signed<Policy>)>,
}

/// A kind of document that the rules are made of.
pub(crate) trait RuleDocument: Document {
    /// Those of this kind in a change.
    fn among(change: &mut RuleChange) -> &mut Vec<(Self::Name, Signed<Self>)>;
}

impl RuleDocument for Member {
    fn among(change: &mut RuleChange) -> &mut Vec<(MemberName, Signed<Self>)> {
        &mut change.members
    }
}

impl RuleDocument for Policy {
    fn among(change: &mut RuleChange) -> &mut Vec<(ScopeName, Signed<Self>)> {
        &mut change.policies
    }
}

impl Rules {
    /// The rules of `vault` as they will be once `change` is published.
    ///
    /// # Errors
    /// As [`Rules::of`].
    pub(crate) fn after(vault: &Arc<Vault>, change: RuleChange) -> Result<Self, StoreError> {
        let mut rules = Self::of(vault)?;
        if let Some(admins) = change.admins {
            rules.admins = admins;
        }
        let standing = |(name, signed)| (name, Standing::of(signed));
        rules.members.extend(change.members.into_iter().map(standing));
        let state = |(name, signed)| (name, PolicyState::of(Standing::of(signed)));
        rules.policies.extend(change.policies.into_iter().map(state));
        Ok(rules)
    }

    /// Takes the rules of `vault` as its files state them, each read when it is asked for.
    ///
    /// # Errors
    /// [`StoreError`] where a folder cannot be read; a bad file only loses its own say.
    pub(crate) fn of(vault: &Arc<Vault>) -> Result<Self, StoreError> {
        let (for_members, for_policies) = (Arc::clone(vault), Arc::clone(vault));
        Ok(Self {
            admins: vault.admins().admins.keys().cloned().collect(),
            members: LazyMap::new(vault.names_of::<Member>()?, move |name| {
                for_members.standing(name)
            }),
            policies: LazyMap::new(vault.names_of::<Policy>()?, move |name| {
                PolicyState::of(for_policies.standing(name))
            }),
            vault: Some(Arc::clone(vault)),
            past: Box::default(),
            recipients: Mutex::default(),
        })
    }

    /// The same rules, by which `read` tells those that admins last signed: a record is judged by
    /// them as well while an edit waits for its approval.
    pub(crate) fn with_past(
        self,
        read: impl Fn(&Self) -> Option<Self> + Send + Sync + 'static,
    ) -> Self {
        let past = Past { read: Some(Box::new(read)), rules: OnceLock::new() };
        Self { past: Box::new(past), ..self }
    }

    /// The rules that admins last signed, where that are others than those of now.
    fn past(&self) -> Option<&Self> {
        let read = || {
            let read = self.past.read.as_ref()?;
            let waits =
                self.waiting_members().next().is_some() || self.waiting_policies().next().is_some();
            waits.then(|| read(self)).flatten().map(Box::new)
        };
        self.past.rules.get_or_init(read).as_deref()
    }

    /// Why nobody gives `who` the secret.
    pub(crate) fn not_given(&self, who: &MemberName, name: &SecretName) -> AccessError {
        let waits = self.would_give(who, name);
        let scope = waits.or_else(|| self.undecided().find(|scope| self.gave(scope, who, name)));
        let damage = scope.and_then(|scope| match self.policies.get(scope) {
            Some(PolicyState::Damaged(why)) => Some(Arc::clone(why)),
            _ => None,
        });
        let (member, name) = (who.clone(), name.clone());
        match damage {
            Some(why) => AccessError::GivenByDamaged { member, name, why },
            None => AccessError::NotGiven { member, name, waits: waits.cloned() },
        }
    }

    /// Whether a policy gives the secret as it lies there, in force or not.
    fn gave(&self, scope: &ScopeName, who: &MemberName, name: &SecretName) -> bool {
        let policy = || {
            let signed = self.vault.as_ref()?.signed_once::<Policy>(scope)?;
            ScopePolicy::compile((*signed).clone()).ok()
        };
        let lists =
            |policy: &ScopePolicy| self.member(who).is_some_and(|member| policy.lists(who, member));
        policy().is_some_and(|policy| lists(&policy) && policy.rule(name).allows())
    }

    /// Who would have a secret by a policy that waits for an admin, as one last signed it: that policy.
    fn would_give(&self, who: &MemberName, name: &SecretName) -> Option<&ScopeName> {
        let (member, past) = (self.member(who)?, self.past()?);
        let gives = |scope: &&ScopeName| match past.policy_state(scope) {
            Some(PolicyState::InForce(_, policy)) => {
                policy.lists(who, member) && policy.rule(name).allows()
            }
            _ => false,
        };
        self.undecided().find(gives)
    }

    /// Members whose files are not in force as they lie there. One after another: threads that judge
    /// many records wait for the answer together, and none of them may be given more to do by it.
    pub(crate) fn waiting_members(&self) -> impl Iterator<Item = &MemberName> {
        self.members.names().filter(|name| self.waits(name))
    }

    /// As [`Rules::waiting_members`], for policies.
    pub(crate) fn waiting_policies(&self) -> impl Iterator<Item = &ScopeName> {
        let decided = |state: &PolicyState| {
            matches!(state, PolicyState::InForce(..) | PolicyState::Removed(_))
        };
        self.policies
            .names()
            .filter(move |name| self.policies.get(name).is_some_and(|s| !decided(s)))
    }

    /// Whether `name` is an admin.
    pub(crate) fn is_admin(&self, name: &MemberName) -> bool {
        self.admins.contains(name)
    }

    /// The admins, sorted.
    pub(crate) fn admins(&self) -> impl Iterator<Item = &MemberName> {
        self.admins.iter()
    }

    /// A member in force.
    pub(crate) fn member(&self, name: &MemberName) -> Option<&Member> {
        match self.members.get(name) {
            Some(Standing::InForce(member)) => Some(member),
            _ => None,
        }
    }

    /// What a member's values are encrypted to; `None` for nobody in force.
    ///
    /// # Errors
    /// One that cannot be used.
    pub(crate) fn recipients(
        &self,
        name: &MemberName,
    ) -> Result<Option<Arc<[Recipient]>>, CryptoError> {
        let known = || self.recipients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recipients) = known().get(name) {
            return Ok(Some(Arc::clone(recipients)));
        }
        let kept;
        let member = match self.member(name) {
            Some(member) => member,
            None => match self.kept(name) {
                Some(found) => {
                    kept = found;
                    &kept
                }
                None => return Ok(None),
            },
        };
        let read = |text: &String| match &self.vault {
            Some(vault) => vault.recipient(text),
            None => Recipient::parse(text),
        };
        let recipients = member.recipients.iter().map(read);
        let recipients: Arc<[Recipient]> = recipients.collect::<Result<_, _>>()?;
        known().insert(name.clone(), Arc::clone(&recipients));
        Ok(Some(recipients))
    }

    /// A member whose file waits, as values are encrypted to them meanwhile: as admins last signed it, less
    /// what the member took away. An edit that nobody approved takes no value from anybody.
    fn kept(&self, name: &MemberName) -> Option<Member> {
        if !self.waits(name) {
            return None;
        }
        let mut kept = self.as_last_signed(name)?.clone();
        let vault = self.vault.as_ref()?;
        if let Some(own) = kept.verify.and_then(|key| vault.own_edit(name, &key)) {
            kept.recipients.retain(|recipient| own.recipients.contains(recipient));
        }
        (!kept.recipients.is_empty()).then_some(kept)
    }

    /// A member whose file waits, as admins last signed it.
    pub(crate) fn as_last_signed(&self, name: &MemberName) -> Option<&Member> {
        self.past()?.member(name)
    }

    /// Whether values can be encrypted to somebody: a member, or one whose file waits.
    pub(crate) fn is_encrypted_to(&self, name: &MemberName) -> bool {
        self.member(name).is_some() || self.kept(name).is_some()
    }

    /// The keys that check grants' signatures: their creators', as long as they are members.
    pub(crate) fn creator_key(&self) -> impl Fn(&MemberName) -> Option<VerifyKey> {
        |name| self.member(name)?.verify
    }

    /// Whether a member in force has a key to sign with; one added by recipients alone has none.
    pub(crate) fn signs(&self, name: &MemberName) -> bool {
        self.member(name).is_some_and(|member| member.signing.is_some())
    }

    /// Every member's file, removed ones included, sorted by name.
    pub(crate) fn standings(&self) -> impl Iterator<Item = (&MemberName, &Standing<Member>)> {
        self.members.iter()
    }

    /// A member's file, a removed one's included.
    pub(crate) fn standing(&self, name: &MemberName) -> Option<&Standing<Member>> {
        self.members.get(name)
    }

    /// Every verify key that `name` is known by, removed members included, and those whose file
    /// waits as admins last signed it; `None` for a name that no admin ever signed for.
    pub(crate) fn verify_keys(&self, name: &MemberName) -> Option<Vec<VerifyKey>> {
        let member = match self.members.get(name)?.signed() {
            Some(member) => member,
            None => self.past()?.members.get(name)?.signed()?,
        };
        Some(member.verify.into_iter().chain(member.former.iter().copied()).collect())
    }

    /// Every member in force, sorted by name.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&MemberName, &Member)> {
        self.members.names().filter_map(|name| Some((name, self.member(name)?)))
    }

    /// As [`Rules::members`], those first in whose files one of `texts` stands: a recipient
    /// is mostly found without verifying every member.
    pub(crate) fn members_likely(
        &self,
        texts: &[String],
    ) -> impl Iterator<Item = (&MemberName, &Member)> {
        let likely = |name: &&MemberName| self.mentions(name, texts);
        let (first, rest): (Vec<_>, Vec<_>) = self.members.names().partition(likely);
        first.into_iter().chain(rest).filter_map(|name| Some((name, self.member(name)?)))
    }

    /// Whether one of `texts` stands in the file of `name`, which is not verified.
    pub(crate) fn mentions(&self, name: &MemberName, texts: &[String]) -> bool {
        self.vault.as_ref().is_some_and(|vault| vault.mentions(name, texts))
    }

    /// Member files that are not in force, with the reason.
    pub(crate) fn member_problems(&self) -> impl Iterator<Item = (&MemberName, &Arc<StoreError>)> {
        self.members.iter().filter_map(|(name, standing)| match standing {
            Standing::Unapproved(why) | Standing::Damaged(why) => Some((name, why)),
            Standing::InForce(_) | Standing::Removed(_) => None,
        })
    }

    /// One policy's state and its name, a removed one included.
    pub(crate) fn policy_entry(&self, scope: &ScopeName) -> Option<(&ScopeName, &PolicyState)> {
        self.policies.entry(scope)
    }

    /// Every policy's state, removed ones included, sorted by name.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (&ScopeName, &PolicyState)> {
        self.policies.iter()
    }

    /// One policy's state, a removed one included.
    pub(crate) fn policy_state(&self, scope: &ScopeName) -> Option<&PolicyState> {
        self.policies.get(scope)
    }

    /// The policies in force, sorted by name.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (&ScopeName, &ScopePolicy)> {
        self.policies.iter().filter_map(|(name, state)| match state {
            PolicyState::InForce(_, policy) => Some((name, &**policy)),
            _ => None,
        })
    }

    /// Policies of which nobody can say what they give: not approved as they stand, or damaged.
    pub(crate) fn undecided(&self) -> impl Iterator<Item = &ScopeName> {
        self.policies.iter().filter_map(|(name, state)| match state {
            PolicyState::InForce(..) | PolicyState::Removed(_) => None,
            PolicyState::Unapproved(_) | PolicyState::Damaged(_) | PolicyState::Bad(_) => {
                Some(name)
            }
        })
    }

    /// Whether every policy is in force or removed: where one is not, nobody knows what it gave.
    pub(crate) fn is_decided(&self) -> bool {
        self.undecided().next().is_none()
    }

    /// Whether the file of `who` is there and not in force: what they may do is not decided.
    pub(crate) fn waits(&self, who: &MemberName) -> bool {
        matches!(self.members.get(who), Some(Standing::Unapproved(_) | Standing::Damaged(_)))
    }

    /// Members and policies that wait for an admin's signature, by name.
    pub(crate) fn await_approval(&self) -> Vec<String> {
        let unapproved =
            |(_, standing): &(_, &Standing<Member>)| matches!(standing, Standing::Unapproved(_));
        let members = self.standings().filter(unapproved).map(|(name, _)| name.to_string());
        self.unapproved().map(ToString::to_string).chain(members).collect()
    }

    /// Policies that wait for an admin's signature.
    pub(crate) fn unapproved(&self) -> impl Iterator<Item = &ScopeName> {
        self.policies
            .iter()
            .filter_map(|(name, state)| matches!(state, PolicyState::Unapproved(_)).then_some(name))
    }

    /// Everybody who may use a scope: all admins, and every member that its policy lists, sorted.
    pub(crate) fn users<'r>(
        &'r self,
        policy: &'r ScopePolicy,
    ) -> impl Iterator<Item = &'r MemberName> {
        let may = |(name, member): &(&MemberName, &Member)| {
            self.is_admin(name) || policy.lists(name, member)
        };
        self.members().filter(move |one| may(one)).map(|(name, _)| name)
    }

    /// Everybody who may read `name`: all admins, then every member listed by a policy in
    /// force that allows it, each part sorted. This is also the order of stanzas.
    pub(crate) fn readers(&self, name: &SecretName) -> Vec<MemberName> {
        self.readers_keeping(name, &|_| false)
    }

    /// As [`Rules::readers`], with the members that are to be kept.
    pub(crate) fn readers_keeping(
        &self,
        name: &SecretName,
        keep: &dyn Fn(&MemberName) -> bool,
    ) -> Vec<MemberName> {
        let is_member = |admin: &&MemberName| self.is_encrypted_to(admin);
        let mut readers: Vec<_> = self.admins.iter().filter(is_member).cloned().collect();
        let reads = |who: &&MemberName| {
            let given = |member: &Member| keep(who) || self.is_given(who, member, name);
            match self.member(who) {
                Some(member) => given(member),
                None => self.kept(who).is_some_and(|member| given(&member)),
            }
        };
        let others = self.members.names().filter(|who| !self.is_admin(who));
        readers.extend(others.filter(reads).cloned());
        readers
    }

    /// Whether `who` may read `name`.
    pub(crate) fn may_read(&self, who: &MemberName, name: &SecretName) -> bool {
        self.member(who)
            .is_some_and(|member| self.is_admin(who) || self.is_given(who, member, name))
    }

    fn is_given(&self, who: &MemberName, member: &Member, name: &SecretName) -> bool {
        self.giving(who, member, name).next().is_some()
    }

    /// The policies that give `name` to `who`.
    pub(super) fn giving(
        &self,
        who: &MemberName,
        member: &Member,
        name: &SecretName,
    ) -> impl Iterator<Item = &ScopePolicy> {
        self.policies
            .known_first()
            .filter_map(|state| match state {
                PolicyState::InForce(_, policy) => Some(&**policy),
                _ => None,
            })
            .filter(move |policy| policy.lists(who, member) && policy.rule(name).allows())
    }
}

impl Authority for Rules {
    /// A record is signed by a member who may read its name under the rules now in force, or did
    /// when admins last signed the documents that wait: an edit that nobody approved takes no
    /// record from anybody.
    fn record_key(&self, signer: &MemberName, name: &SecretName) -> Option<VerifyKey> {
        let key = |rules: &Self| {
            rules.may_read(signer, name).then(|| rules.member(signer)?.verify).flatten()
        };
        key(self).or_else(|| key(self.past()?))
    }
}

#[cfg(test)]
mod tests;

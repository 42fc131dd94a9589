//! A token at work: what its signed grant allows, within what the policy still allows.

use std::collections::BTreeSet;

use super::decide::{Need, Reach};
use super::error::AccessError;
use super::exposure::Exposure;
use super::policy::ScopePolicy;
use super::rules::Rules;
use crate::crypto::keys::ChainKey;
use crate::crypto::{FileKey, Identity, decrypt, decrypt_with_key};
use crate::fs::GrantPlace;
use crate::name::{ScopeName, SecretName, SessionId};
use crate::secret::SecretBytes;
use crate::session::GrantKeys;
use crate::store::{EncryptedSecret, Grant, Policy, Signed};

/// The bearer of a token whose grant was verified and opened.
#[derive(Debug)]
pub(crate) struct Bearer {
    place: GrantPlace,
    chain: ChainKey,
    grant: Signed<Grant>,
    /// What the policy allowed when the session was made.
    limits: ScopePolicy,
    identity: Identity,
    keys: GrantKeys,
    /// Secrets that are encrypted to the token itself: new values reach a shared session so.
    direct: BTreeSet<SecretName>,
}

impl Bearer {
    /// Takes a verified grant and what the token opened of it.
    ///
    /// # Errors
    /// A pattern of the grant does not compile.
    pub(crate) fn new(
        place: GrantPlace,
        grant: Signed<Grant>,
        identity: Identity,
        chain: ChainKey,
        keys: GrantKeys,
    ) -> Result<Self, AccessError> {
        let limits = limits(&grant)?;
        Ok(Self { place, chain, grant, limits, identity, keys, direct: BTreeSet::new() })
    }

    /// The session's id.
    pub(crate) fn id(&self) -> &SessionId {
        &self.place.id
    }

    /// Where the grant lies.
    pub(crate) fn place(&self) -> &GrantPlace {
        &self.place
    }

    /// What the token opens files with.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The key of the session's audit chains.
    pub(crate) fn chain_key(&self) -> &ChainKey {
        &self.chain
    }

    /// The grant.
    pub(crate) fn grant(&self) -> &Signed<Grant> {
        &self.grant
    }

    /// What the policy allowed when the session was made.
    pub(crate) fn limits(&self) -> &ScopePolicy {
        &self.limits
    }

    /// Whether the grant's list has a key for `name`.
    pub(crate) fn has_key(&self, name: &SecretName) -> bool {
        self.keys.0.contains_key(name)
    }

    /// Adds a secret whose record says that it is encrypted to the token.
    pub(crate) fn add_direct(&mut self, name: SecretName) {
        self.direct.insert(name);
    }

    pub(super) fn holds(&self, name: &SecretName) -> bool {
        self.has_key(name) || self.direct.contains(name)
    }

    /// The error for a secret that the grant does not include.
    pub(super) fn lacks(&self, name: &SecretName) -> AccessError {
        AccessError::NotInGrant {
            name: name.clone(),
            id: self.place.id.clone(),
            creator: self.grant.by().clone(),
        }
    }

    /// Whether this token opens the file as it is now.
    ///
    /// # Errors
    /// `Stale`: the grant has the key of an older file.
    pub(super) fn opens(&self, sealed: &EncryptedSecret) -> Result<(), AccessError> {
        match self.key_of(sealed).is_some() || sealed.record().names_session(&self.place.id) {
            true => Ok(()),
            false => Err(AccessError::Stale {
                name: sealed.name().clone(),
                creator: self.grant.by().clone(),
                id: self.place.id.clone(),
            }),
        }
    }

    /// Decrypts with the key in the grant, or as a reader of the file.
    pub(super) fn open(&self, sealed: &EncryptedSecret) -> Result<SecretBytes, AccessError> {
        self.opens(sealed)?;
        match self.key_of(sealed) {
            Some(key) => decrypt_with_key(sealed.ciphertext(), key),
            None => decrypt(sealed.ciphertext(), &self.identity),
        }
        .map_err(|source| AccessError::Open { name: sealed.name().clone(), source })
    }

    fn key_of(&self, sealed: &EncryptedSecret) -> Option<&FileKey> {
        self.keys.key_of(sealed.name(), &sealed.record().digest)
    }
}

/// The patterns and programs that a grant was given, as a policy.
///
/// # Errors
/// A pattern does not compile.
pub(crate) fn limits(grant: &Grant) -> Result<ScopePolicy, AccessError> {
    ScopePolicy::compile(Policy {
        allow: grant.allow.clone(),
        deny: grant.deny.clone(),
        commands: grant.commands.clone(),
        run_only: grant.run_only,
        seal_only: grant.seal_only,
        sealed: grant.sealed.clone(),
        ..Policy::default()
    })
}

impl Rules {
    /// The policy of a grant, if its creator may still use it.
    ///
    /// # Errors
    /// The policy is not in force; the creator is no member any more, or is not listed.
    pub(crate) fn of_grant(
        &self,
        grant: &Signed<Grant>,
    ) -> Result<(&ScopeName, &ScopePolicy), AccessError> {
        let gone =
            || AccessError::Creator { creator: grant.by().clone(), scope: grant.scope.clone() };
        let creator = self.member(grant.by()).ok_or_else(gone)?;
        let (name, policy) = self.scope(&grant.scope)?;
        match self.is_admin(grant.by()) || policy.lists(grant.by(), creator) {
            true => Ok((name, policy)),
            false => Err(gone()),
        }
    }

    /// What the bearer of a token reaches.
    ///
    /// # Errors
    /// Another scope is asked for; the grant is not usable; values are to be shown by a
    /// session or a policy that is run-only.
    pub(crate) fn reach_of_bearer<'a>(
        &'a self,
        bearer: &'a Bearer,
        scope: Option<&ScopeName>,
        need: Need,
    ) -> Result<Reach<'a>, AccessError> {
        let grant = bearer.grant();
        if let Some(asked) = scope.filter(|asked| **asked != grant.scope) {
            return Err(AccessError::OtherScope {
                asked: asked.clone(),
                scope: grant.scope.clone(),
            });
        }
        let (name, policy) = self.of_grant(grant)?;
        let (of_policy, of_grant) = (policy.exposure(), Exposure::from(&**grant));
        of_policy.min(of_grant).permits(need, name).map_err(|why| match (why, of_policy) {
            // The policy would show it.
            (AccessError::RunOnly { scope }, Exposure::Reveal) => {
                AccessError::RunOnlyToken { scope }
            }
            (why, _) => why,
        })?;
        Ok(Reach::Grant(name, policy, bearer))
    }
}

//! What this side wrote and signed with a key that its member has given up since, on another machine or in
//! another clone: once the branches are joined nobody takes it any more, and only whoever wrote it can say
//! that it is theirs.
//!
//! A key that was given up may be in other hands. So what is signed anew was in force on this side before
//! the branches were joined, and its value is the same: as with other rules that change, what was right
//! on its own side was right.

use std::collections::BTreeMap;

use crate::access::{Caller, Rules};
use crate::audit::{Action, Op};
use crate::crypto::digest::Digest;
use crate::crypto::sign::VerifyKey;
use crate::fs::{self, Subject, VaultPath};
use crate::git;
use crate::name::{MemberName, SecretName};
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::service::change::LockedVault;
use crate::service::secret::encrypt_to;
use crate::store::{Authority, EncryptedSecret, MAX_SEALED, MAX_TOML, Record};

/// What a member wrote that another commit lacks, as it was before something was joined.
pub(crate) struct OwnRecords {
    caller: Caller,
    key: VerifyKey,
    /// The values, as their records state them.
    values: BTreeMap<SecretName, Digest>,
}

impl OwnRecords {
    /// Takes what is in force here, signed by `caller`, and otherwise in the commit `theirs`. `None` where
    /// nothing can become of it: that commit has the same member.
    ///
    /// # Errors
    /// The branches cannot be compared.
    pub(crate) fn before(opened: &Snapshot, caller: &Caller, theirs: &str) -> Result<Option<Self>> {
        let key = opened.rules.member(&caller.name).and_then(|member| member.verify);
        let Some(key) = key else { return Ok(None) };
        let beyond = git::paths_beyond(opened.vault.root().path(), theirs)?;
        let own = VaultPath::member(&caller.name);
        if !beyond.iter().any(|file| file == own.as_str()) {
            return Ok(None);
        }
        let mut values = BTreeMap::new();
        for file in &beyond {
            let path = VaultPath::parse(file);
            let Some(Subject::Record(name)) = path.as_ref().map(VaultPath::subject) else {
                continue;
            };
            if let Ok(Some(sealed)) = opened.vault.secret(name, &opened.rules)
                && *sealed.record().by() == caller.name
            {
                values.insert(name.clone(), sealed.record().digest);
            }
        }
        Ok(Some(Self { caller: caller.clone(), key, values }))
    }

    /// Signs anew, and encrypts to the recipients of now, what of it is not in force any more because its
    /// key was given up.
    ///
    /// # Errors
    /// The vault cannot be changed.
    pub(crate) fn resign(self, ctx: &Context) -> Result<()> {
        {
            let opened = OpenVault::open(ctx)?;
            let now = opened.rules.member(&self.caller.name).and_then(|member| member.verify);
            // Nothing happened to the key; or they sign nothing any more.
            if now.is_none_or(|now| now == self.key) || self.lost(&opened).is_empty() {
                return Ok(());
            }
        }
        let locked = LockedVault::lock_for(ctx, self.caller.clone())?;
        let sealed = self.lost(&locked.opened);
        let names: Vec<SecretName> = sealed.iter().map(|one| one.name().clone()).collect();
        let list = names.iter().map(SecretName::as_str).collect::<Vec<_>>().join(", ");
        locked.transact(&Action::new(Op::SYNC).on(names), |tx| {
            let values = tx.reopen(Op::REKEY, &sealed)?;
            let live = tx.live()?;
            for (old, (name, value)) in sealed.iter().zip(&values) {
                let old: &Record = old.record();
                let is_member = |one: &&MemberName| locked.opened.rules.member(one).is_some();
                let members = old.members().filter(is_member).cloned().collect();
                let (readers, file) = encrypt_to(&locked.opened, &live, name, members, value)?;
                let record = Record { version: old.version + 1, readers, ..old.clone() };
                tx.write_secret(name, file, record);
            }
            Ok((format!("Sign {list} with the key of now"), ()))
        })
    }

    fn lost(&self, opened: &Snapshot) -> Vec<EncryptedSecret> {
        let then = Then { rules: &opened.rules, me: &self.caller.name, key: self.key };
        let lost = |(name, value): (&SecretName, &Digest)| {
            if opened.vault.secret(name, &opened.rules).is_ok() {
                return None;
            }
            let root = opened.vault.root();
            let record = fs::read(root, &VaultPath::record(name), MAX_TOML).ok()??;
            let sealed = fs::read(root, &VaultPath::secret(name), MAX_SEALED).ok()??;
            let sealed = opened.vault.offered_secret(name, record, sealed, &then).ok()?;
            (sealed.record().digest == *value).then_some(sealed)
        };
        self.values.iter().filter_map(lost).collect()
    }
}

/// The rules of now, by which one member signs with a key of before.
struct Then<'r> {
    rules: &'r Rules,
    me: &'r MemberName,
    key: VerifyKey,
}

impl Authority for Then<'_> {
    fn record_key(&self, signer: &MemberName, name: &SecretName) -> Option<VerifyKey> {
        (signer == self.me && self.rules.may_read(signer, name)).then_some(self.key)
    }
}

//! Changing a vault: lock, stage, audit, publish, commit. Every change is one of these.
//!
//! Dropped before `finish`, nothing happened.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::commit::{commit, note_unsent, publish_lines};
use crate::access::{AccessError, Caller, Need, Principal};
use crate::audit::{Action, Op};
use crate::crypto::sign::SigningKey;
use crate::fs::{GrantPlace, LocalFile, Lock, Root, Stage, VaultPath};
use crate::git;
use crate::many;
use crate::name::SecretName;
use crate::secret::SecretBytes;
use crate::service::audit::Recorder;
use crate::service::base::{
    Context, Error, LOCK_WAIT, OpenVault, Pending, Result, SecretError, Snapshot, VaultError,
    missing_for, missing_secrets, refuse_gone, refuse_missing,
};
use crate::service::identity::authenticate::authenticate;
use crate::service::identity::{member_of, signer};
use crate::service::session::live::{self};
use crate::service::session::{Live, refresh_locked, refuse_token};
use crate::store::{
    self, Document, EncryptedSecret, Pin, Record, Signed, Signer, Stamp, Unverified, Vault, Version,
};

/// How many records are signed before they are staged.
const AT_ONCE: usize = 1024;

/// The vault under its lock, and the caller who changes it.
pub(crate) struct LockedVault<'c> {
    pub(crate) ctx: &'c Context,
    pub(crate) opened: OpenVault<'c>,
    pub(crate) caller: Caller,
    asker: Principal,
    signer: Signer,
    lock: Lock,
}

impl<'c> LockedVault<'c> {
    /// Authenticates, then locks, then reads the vault as it stands under the lock. The
    /// order matters: a passphrase prompt must not keep others waiting.
    pub(crate) fn lock(ctx: &'c Context, op: &Op) -> Result<Self> {
        refuse_token(ctx, op)?;
        let before = OpenVault::open(ctx)?;
        let caller = authenticate(ctx, &before.rules)?;
        // What it saw is remembered and said before the vault is opened again, and so only once.
        drop(before);
        Self::lock_for(ctx, caller)
    }

    /// As [`LockedVault::lock`], for somebody who is authenticated already.
    pub(crate) fn lock_for(ctx: &'c Context, caller: Caller) -> Result<Self> {
        let lock =
            Lock::acquire(&Root::new(ctx.vault.clone()), LOCK_WAIT).map_err(|error| match error
                .is_read_only()
            {
                true => Error::from(VaultError::ReadOnly),
                false => error.into(),
            })?;
        let opened = OpenVault::open_locked(ctx, &lock)?;
        let name = member_of(&caller.identity, &opened.rules)?;
        let caller = Caller { name, ..caller };
        let signer = signer(&caller, &opened.rules)?;
        let asker = Principal::Member(caller.clone());
        Ok(Self { ctx, opened, caller, asker, signer, lock })
    }

    /// The lock itself.
    pub(crate) fn held(&self) -> &Lock {
        &self.lock
    }

    /// The key that the caller signs with.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.signer.key
    }

    /// Gives the caller's live sessions what has changed meanwhile.
    pub(crate) fn refresh(&self) {
        refresh_locked(self.ctx, &self.caller, &self.signer, &self.lock);
    }

    /// Reads a secret: under the lock nobody publishes, so what does not fit is damage at once.
    ///
    /// # Errors
    /// Not found; damaged.
    pub(crate) fn secret(&self, name: &SecretName) -> Result<EncryptedSecret> {
        let opened = &self.opened;
        opened.vault.secret(name, &opened.rules)?.ok_or_else(|| opened.not_found(name, None))
    }

    /// Runs `work` on a fresh change; what it returns decides: a change to finish, or an
    /// error, which is recorded.
    pub(crate) fn transact<'s, T>(
        &'s self,
        action: &Action,
        work: impl FnOnce(&mut Transaction<'s>) -> Result<(String, T)>,
    ) -> Result<T> {
        let ctx = self.ctx;
        let missing = missing_for(&self.opened, &action.secrets);
        refuse_missing(&self.opened, &missing)?;
        refuse_gone(&self.opened)?;
        let mut tx = Transaction {
            locked: self,
            recorder: Recorder::open_locked(ctx, &self.opened, &self.asker, &self.lock)?,
            stage: Stage::new(&self.lock),
            records: BTreeMap::new(),
            at: Stamp::new(ctx.now),
            pins: Vec::new(),
            successor: None,
            live: None,
        };
        let asked = crate::service::identity::agent::refuse_change(ctx, &self.opened, action);
        let result = asked.and_then(|()| work(&mut tx)).and_then(|(message, value)| {
            tx.finish(action, message)?;
            // With another key the sessions have ended that the caller made.
            if tx.successor.is_none() {
                self.refresh();
            }
            Ok(value)
        });
        match &result {
            // What is published will happen: the line that granted it stays true.
            Err(error) if error.is_unfinished() => {}
            Err(error) => tx.recorder.record_refusal(action, error),
            Ok(_) => note_unsent(ctx, &self.opened.vault),
        }
        self.opened.save_pins();
        result
    }

    /// Refuses to go on where files of any secret are missing.
    ///
    /// # Errors
    /// `Missing`.
    pub(crate) fn refuse_missing_secrets(&self) -> Result<()> {
        let missing = missing_secrets(&self.opened);
        Ok(refuse_missing(&self.opened, &missing)?)
    }

    /// Refuses whoever is not an admin, and whoever is confined to a scope.
    ///
    /// # Errors
    /// `NotAdmin` or `Confined`.
    pub(crate) fn require_admin(&self) -> Result<()> {
        if !self.opened.rules.is_admin(&self.caller.name) {
            return Err(AccessError::NotAdmin(self.caller.name.clone()).into());
        }
        Ok(self.ctx.refuse_confined()?)
    }
}

/// A change being put together.
#[must_use = "a change that is not finished leaves nothing"]
pub(crate) struct Transaction<'a> {
    locked: &'a LockedVault<'a>,
    recorder: Recorder<'a>,
    stage: Stage,
    /// Records that are not signed yet: there may be thousands, and every core can sign some.
    records: BTreeMap<VaultPath, Record>,
    at: Stamp,
    /// What is remembered once the change is published.
    pins: Vec<Pin>,
    successor: Option<Signer>,
    live: Option<Rc<[Live]>>,
}

impl<'a> Transaction<'a> {
    /// The vault that is being changed, as it was before; it outlives what is staged meanwhile.
    pub(crate) fn locked(&self) -> &'a LockedVault<'a> {
        self.locked
    }

    /// What the front found out.
    pub(crate) fn ctx(&self) -> &'a Context {
        self.locked.ctx
    }

    /// The vault and its rules before the change.
    pub(crate) fn opened(&self) -> &'a Snapshot {
        &self.locked.opened
    }

    /// Who makes the change.
    pub(crate) fn caller(&self) -> &'a Caller {
        &self.locked.caller
    }

    /// The moment of the change.
    pub(crate) fn at(&self) -> Stamp {
        self.at
    }

    /// The live shared sessions.
    ///
    /// # Errors
    /// They cannot be listed.
    pub(crate) fn live(&mut self) -> Result<Rc<[Live]>> {
        match &self.live {
            Some(live) => Ok(Rc::clone(live)),
            None => {
                let live: Rc<[Live]> = live::live(self.ctx(), self.opened())?.into();
                Ok(Rc::clone(self.live.insert(live)))
            }
        }
    }

    /// Opens secrets that are to be encrypted anew, or compared; their names are recorded first, under `op`.
    ///
    /// # Errors
    /// Denied; damaged; not recorded.
    pub(crate) fn reopen(
        &mut self,
        op: Op,
        sealed: &[EncryptedSecret],
    ) -> Result<Vec<(SecretName, SecretBytes)>> {
        let names: Vec<_> = sealed.iter().map(|one| one.name().clone()).collect();
        let asker = &self.locked.asker;
        let reach = self.opened().rules.reach_of(asker, None, Need::Use)?;
        let access = reach.give(asker, &op, Need::Use, Cow::Borrowed(sealed))?;
        let detail = "opens what is there".to_owned();
        let receipt = self.recorder.granted(&Action::new(op).on(names).saying(detail))?;
        Ok(access.open(receipt)?)
    }

    /// Stages a file as it is.
    pub(crate) fn put(&mut self, path: VaultPath, bytes: Vec<u8>) {
        self.records.remove(&path);
        self.stage.put(path, bytes);
    }

    /// Stages a file of this clone.
    pub(crate) fn put_local(&mut self, file: LocalFile, bytes: Vec<u8>) {
        self.stage.put_local(file, bytes);
    }

    /// Stages the removal of a file.
    pub(crate) fn remove(&mut self, path: VaultPath) {
        self.records.remove(&path);
        self.stage.remove(path);
    }

    /// Stages the removal of a session's grant; once it is published, a copy that is put back
    /// is no session.
    pub(crate) fn revoke(&mut self, place: &GrantPlace) {
        place.files().into_iter().for_each(|file| self.stage.remove(file));
        self.pins.push(Pin::revoked(place));
    }

    /// Has this remembered once the change is published.
    pub(crate) fn remember(&mut self, pin: Pin) {
        self.pins.push(pin);
    }

    /// Has everything that follows signed with this key, which is the caller's from now on.
    pub(crate) fn sign_as(&mut self, key: SigningKey) {
        self.successor = Some(Signer { name: self.locked.caller.name.clone(), key });
    }

    /// Signs a document that an admin has yet to approve, and stages it. Its version is not
    /// pinned: it may be dropped.
    ///
    /// # Errors
    /// As [`Transaction::put_signed`].
    pub(crate) fn put_request<T: serde::Serialize>(
        &mut self,
        path: VaultPath,
        document: &T,
    ) -> Result<()> {
        let vault = self.locked.opened.vault.id();
        let bytes = store::sign(document, &path, vault, self.signer(), self.at)?;
        self.stage.put(path, bytes);
        Ok(())
    }

    fn signer(&self) -> &Signer {
        self.successor.as_ref().unwrap_or(&self.locked.signer)
    }

    /// Signs a document and stages it; its version is pinned once it is published.
    ///
    /// # Errors
    /// Where the document has no TOML form.
    pub(crate) fn put_signed<T: serde::Serialize>(
        &mut self,
        path: VaultPath,
        document: &T,
        version: Version,
    ) -> Result<()> {
        self.sign(&path, document, version).map(|bytes| self.put(path, bytes))
    }

    /// Takes a record to be signed and staged with all others when the change is finished; its version
    /// is pinned once it is published.
    pub(crate) fn put_record(&mut self, path: VaultPath, record: Record) {
        self.pins.push(Pin::Seen(path.clone(), Version::from(&record)));
        self.records.insert(path, record);
    }

    fn sign_records(&mut self) -> Result<()> {
        let mut records = std::mem::take(&mut self.records).into_iter();
        let signer = self.successor.as_ref().unwrap_or(&self.locked.signer);
        let (vault, at) = (self.locked.opened.vault.id(), self.at);
        let sign = |(path, record): &(VaultPath, Record)| {
            (path.clone(), store::sign(record, path, vault, signer, at))
        };
        loop {
            let some: Vec<_> = records.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            for (path, bytes) in many::map(&some, sign) {
                self.stage.put(path, bytes?);
            }
        }
    }

    /// As [`Transaction::put_signed`], for another content of a member or a policy; it comes back as the
    /// next command will read it. Its version is above what this machine has seen: a request may have gone
    /// further than the branch.
    ///
    /// # Errors
    /// As [`Transaction::put_signed`].
    pub(crate) fn put_document<D: Document>(
        &mut self,
        name: &D::Name,
        document: &D,
    ) -> Result<Signed<D>> {
        let version = self.above_seen(&D::path(name), document.version());
        self.sign_document(name, &document.clone().with_version(version))
    }

    /// The version of another content: above what this machine has seen.
    pub(crate) fn above_seen(&self, path: &VaultPath, version: u64) -> u64 {
        let seen = self.opened().vault.pins().seen(path);
        seen.map_or(version, |seen| version.max(seen.version + 1))
    }

    /// Signs a member or a policy as it is; it comes back as the next command will read it.
    ///
    /// # Errors
    /// As [`Transaction::put_signed`].
    pub(crate) fn sign_document<D: Document>(
        &mut self,
        name: &D::Name,
        document: &D,
    ) -> Result<Signed<D>> {
        let path = D::path(name);
        let bytes = self.sign(&path, document, Version::of_document(document.version()))?;
        let key = self.signer().key.verify_key();
        let read = Unverified::parse(&path, bytes.clone())?;
        let signed = read.verify(self.locked.opened.vault.id(), Some(&key))?;
        self.put(path, bytes);
        Ok(signed)
    }

    fn sign<T: serde::Serialize>(
        &mut self,
        path: &VaultPath,
        document: &T,
        version: Version,
    ) -> Result<Vec<u8>> {
        let vault = self.locked.opened.vault.id();
        let bytes = store::sign(document, path, vault, self.signer(), self.at)?;
        self.pins.push(Pin::Seen(path.clone(), version));
        Ok(bytes)
    }

    fn finish(&mut self, action: &Action, message: String) -> Result<()> {
        let vault = &self.locked.opened.vault;
        vault.refuse_unread()?;
        self.sign_records()?;
        let mut travelling = self.stage.paths();
        travelling.retain(VaultPath::travels);
        if action.op != Op::CONFLICT_TAKE {
            refuse_open(vault, &travelling)?;
        }
        // What stays in this clone is nothing to commit.
        let commits = vault.config().commit == store::CommitMode::Auto && !travelling.is_empty();
        let mut pending = Pending::load(vault.root())?.still(vault.root().path());
        if commits {
            pending.add(message, &travelling);
            self.stage.put_local(LocalFile::Pending, pending.render());
        }
        let nothing = self.stage.is_empty();
        let stage = std::mem::replace(&mut self.stage, Stage::new(&self.locked.lock));
        let staged = if nothing { None } else { Some(stage.write()?) };
        // On disk before the change is: a change without its line cannot happen.
        let _receipt = self.recorder.granted(action)?;
        if let Some(staged) = staged {
            staged.publish()?;
        }
        // Not before: a removal that did not happen is none.
        self.pins.iter().for_each(|pin| vault.pins().note(pin));
        if commits {
            commit(self.ctx(), vault, &self.caller().name, self.recorder.chain(), &pending);
        } else if !travelling.is_empty() {
            publish_lines(vault)?;
        }
        Ok(())
    }
}

/// A file that both sides of a merge changed is decided first: `git merge --abort` would throw a new version
/// away that this machine has seen.
fn refuse_open(vault: &Vault, paths: &[VaultPath]) -> Result<()> {
    let open = git::open_conflicts(vault.root().path())?;
    match paths.iter().find(|path| open.contains(path.as_str())) {
        Some(path) => Err(SecretError::Open { path: path.clone() }.into()),
        None => Ok(()),
    }
}

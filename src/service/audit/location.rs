//! Where a clone's chain lies: in `.local/audit/`, out of the way of what git does to the work tree; in a
//! read-only vault in the state folder, under a clone id of its own.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::clone::{clone_id, clone_key};
use super::error::ChainError;
use super::recorder::actor;
use crate::access::{Caller, Principal, Rules};
use crate::audit::{Chain, ChainFiles, ChainName, Opener, Opening, Published};
use crate::crypto::keys::ChainKey;
use crate::crypto::{CryptoError, decrypt, encrypt};
use crate::fs::{self, FsError, Listing, LocalFile, Lock, Root, Stage, VaultPath};
use crate::name::MemberName;
use crate::service::base::{
    Context, LOCK_WAIT, Note, Result, Snapshot, TokenError, VaultError, missing_chain,
    refuse_missing,
};
use crate::service::identity::{ready_recipients, signer};

/// Largest sealed key of a chain in bytes.
pub(crate) const MAX_KEY: usize = 128 << 10;
/// The lock for opening chains in the state folder.
const AUDIT_LOCK: &str = "audit-lock";

/// Where the caller's chain lies: in the vault, or in the state folder.
pub(super) struct ChainLocation(ChainFiles);

/// What there was of a chain of this clone that is not there.
enum Past {
    None,
    /// An older authy wrote it in the work tree.
    InWorkTree(ChainFiles),
    /// It was published, or verified, and this clone's own lines are gone.
    Lost,
}

impl ChainLocation {
    /// The place in the vault; `None` where the vault has no clone id and takes none.
    pub(super) fn in_vault(opened: &Snapshot, asker: &Principal) -> Result<Option<Self>> {
        let root = opened.vault.root();
        let clone = match clone_id(&root.local(LocalFile::Clone)) {
            Err(error) if error.is_read_only() => return Ok(None),
            clone => clone?,
        };
        let bad = || ChainError::BadCloneId(root.local(LocalFile::Clone));
        let chain = ChainName::of(&actor(asker), &clone).ok_or_else(bad)?;
        let first = VaultPath::local_segment(chain.as_str(), 1).ok_or_else(bad)?;
        fs::refuse_linked_folders(root, &first)?;
        let folder = root.folder(Listing::LocalAudit);
        let notes = root.local(LocalFile::LastSegment);
        Ok(Some(Self(ChainFiles::new(&folder, &chain).noted_in(&notes))))
    }

    fn in_state(folder: &Path, asker: &Principal) -> Result<Self> {
        let clone = clone_id(&folder.join(LocalFile::Clone.name()))?;
        let bad = || ChainError::BadCloneId(folder.join(LocalFile::Clone.name()));
        let chain = ChainName::of(&actor(asker), &clone).ok_or_else(bad)?;
        let notes = folder.join(LocalFile::LastSegment.name());
        Ok(Self(ChainFiles::new(&fallback_folder(folder), &chain).noted_in(&notes)))
    }

    /// Attaches to the chain, or opens it where it has no file yet.
    pub(super) fn chain(
        &self,
        ctx: &Context,
        opened: &Snapshot,
        asker: &Principal,
        lock: Option<&Lock>,
    ) -> Result<Chain> {
        if let Some(chain) = self.attach(opened, asker)? {
            return Ok(chain);
        }
        // Only one process may open a chain; the lock lies beside the vault's own.
        let root = Root::new(ctx.vault.clone());
        let held;
        let lock = match lock {
            Some(lock) => lock,
            None => {
                held = Lock::acquire(&root, LOCK_WAIT)?;
                &held
            }
        };
        if let Some(chain) = self.attach(opened, asker)? {
            return Ok(chain);
        }
        match self.past(opened)? {
            Past::None => self.open_first(ctx, opened, asker),
            Past::InWorkTree(segments) => {
                self.take_over(&segments, lock)?;
                let not_open = || ChainError::NoKey(self.0.chain().clone());
                Ok(self.attach(opened, asker)?.ok_or_else(not_open)?)
            }
            Past::Lost => {
                // Going on from what is published would tell its next lines a second time.
                ctx.front.note(&Note::ChainLost { chain: self.0.chain().to_string() });
                fs::remove_file(&root.local(LocalFile::Clone))?;
                let place = Self::in_vault(opened, asker)?.ok_or(VaultError::ReadOnly)?;
                place.open_first(ctx, opened, asker)
            }
        }
    }

    /// What there was of a chain that this clone does not have.
    fn past(&self, opened: &Snapshot) -> Result<Past> {
        let (root, chain) = (opened.vault.root(), self.0.chain());
        if !self.0.folder().starts_with(root.folder(Listing::LocalAudit)) {
            return Ok(Past::None);
        }
        refuse_missing(opened, &missing_chain(opened, chain.as_str()))?;
        let audit = root.folder(Listing::Audit);
        fs::refuse_linked(root, Listing::Audit)?;
        let published = Published::find(&audit, chain)?;
        let (pins, clone) = (opened.vault.pins(), clone_key(root.path()));
        let is_known = pins.heads().contains_key(chain.as_str())
            || pins.own_heads(&clone).any(|own| own.chain == chain.as_str());
        Ok(match (published.is_empty(), published.is_in_folders()) {
            (false, false) => Past::InWorkTree(ChainFiles::new(&audit, chain)),
            (true, _) if !is_known => Past::None,
            _ => Past::Lost,
        })
    }

    /// Takes a chain that an older authy wrote in the work tree; what lies there counts as published.
    fn take_over(&self, segments: &ChainFiles, lock: &Lock) -> Result<()> {
        let name = self.0.chain().as_str();
        let mut stage = Stage::new(lock);
        for segment in segments.whole_segments()? {
            if let Some(path) = VaultPath::local_segment(name, segment.first) {
                stage.put(path, segment.bytes);
            }
        }
        let key = fs::read_plain(segments.key(), MAX_KEY)?;
        if let Some((path, key)) = VaultPath::local_chain_key(name).zip(key) {
            stage.put(path, key);
        }
        stage.write()?.publish()?;
        Ok(self.0.cut_as_segments()?)
    }

    fn attach(&self, opened: &Snapshot, asker: &Principal) -> Result<Option<Chain>> {
        if !self.0.is_open()? {
            return Ok(None);
        }
        let key = self.key(opened, asker)?;
        let key = key.ok_or_else(|| ChainError::NoKey(self.0.chain().clone()))?;
        Ok(Some(Chain::attach(self.0.clone(), self.0.chain().clone(), key)))
    }

    /// The chain's key; `None` where there is none yet.
    fn key(&self, opened: &Snapshot, asker: &Principal) -> Result<Option<ChainKey>> {
        let own = fs::read_plain(self.0.key(), MAX_KEY)?;
        if let Principal::Bearer(bearer) = asker {
            // A token derives it; the file is for those who verify.
            return Ok(own.map(|_| bearer.chain_key().clone()));
        }
        let Principal::Member(caller) = asker else { return Ok(None) };
        let open = |sealed: &[u8]| decrypt(sealed, &caller.identity);
        let source = match own.as_deref().map(open) {
            Some(Ok(key)) => return Ok(ChainKey::from_secret(&key)),
            // Nobody is asked again who has just said no.
            Some(Err(source @ CryptoError::Plugin(_))) => return Err(source.into()),
            Some(Err(source)) => Some(source),
            None => None,
        };
        // Another clone encrypted it anew, to the identity that its member has since.
        let folder = opened.vault.root().folder(Listing::Audit);
        let published = fs::read_plain(ChainFiles::new(&folder, self.0.chain()).key(), MAX_KEY)?;
        match (published.as_deref().map(open), source) {
            (Some(Ok(key)), _) => {
                if let Some(published) = &published {
                    // Best effort: it is found there next time, too.
                    let _ = fs::replace(self.0.key(), published);
                }
                Ok(ChainKey::from_secret(&key))
            }
            (Some(Err(source)), _) | (None, Some(source)) => {
                Err(ChainError::Unopened { chain: self.0.chain().clone(), source }.into())
            }
            (None, None) => Ok(None),
        }
    }

    /// Writes the key first, so that a chain never lies there without one.
    fn open_first(&self, ctx: &Context, opened: &Snapshot, asker: &Principal) -> Result<Chain> {
        let found = self.key(opened, asker)?;
        let open = |by, key| {
            let opening = Opening { chain: self.0.chain(), vault: opened.vault.id(), by };
            Ok(Chain::open_first(self.0.clone(), &opening, key, ctx.now)?)
        };
        match asker {
            Principal::Member(caller) => {
                let key = match found {
                    Some(left_by_a_crash) => left_by_a_crash,
                    None => self.new_key(ctx, opened, caller)?,
                };
                // Whoever was added by recipients alone has nothing to sign with yet.
                let signs = opened.rules.signs(&caller.name);
                let signer = signs.then(|| signer(caller, &opened.rules)).transpose()?;
                let signing = signer.as_ref().map(|signer| &signer.key);
                open(Opener::Member { name: &caller.name, signing }, key)
            }
            Principal::Bearer(bearer) => {
                if found.is_none() {
                    let path = bearer.place().chain_key();
                    let sealed = opened.vault.grant_file(&path, MAX_KEY)?;
                    let sealed = sealed.ok_or(TokenError::TornGrant(path))?;
                    fs::create_new(self.0.key(), &sealed, 0o600)?;
                }
                let (id, label) = (bearer.id().as_str(), bearer.grant().label.as_str());
                open(Opener::Session { id, label }, bearer.chain_key().clone())
            }
        }
    }

    fn new_key(&self, ctx: &Context, opened: &Snapshot, caller: &Caller) -> Result<ChainKey> {
        let key = ChainKey::generate();
        let sealed = encrypt_chain_key(ctx, &key, &caller.name, &opened.rules)?;
        fs::create_new(self.0.key(), &sealed, 0o600)?;
        Ok(key)
    }
}

/// Encrypts a chain's key to its writer's member and the admins.
pub(crate) fn encrypt_chain_key(
    ctx: &Context,
    key: &ChainKey,
    member: &MemberName,
    rules: &Rules,
) -> Result<Vec<u8>> {
    let admins = rules.admins().filter(|admin| rules.member(admin).is_some());
    let to = ready_recipients(ctx, rules, member, admins)?;
    Ok(encrypt(key.to_secret().expose(), &to)?)
}

/// The chain in the state folder, for a vault that cannot be written; where that cannot be
/// written either, as in a sandbox whose home is read-only, in one that does for this run.
pub(super) fn fallback_chain(ctx: &Context, opened: &Snapshot, asker: &Principal) -> Result<Chain> {
    let usual = opened.vault.pins().folder();
    // One that is there already may be where nothing can be written now.
    let usual = usual.filter(|folder| !folder.is_dir() || fs::can_be_written(folder));
    let failure = match usual.map(|folder| chain_in(ctx, opened, asker, folder)) {
        Some(Err(error)) if error.is_read_only() => error,
        Some(found) => return found,
        None => ChainError::NoPlace.into(),
    };
    if ctx.makeshift.is_empty() {
        return Err(failure);
    }
    let can_hold = |makeshift: &&PathBuf| {
        let folder = makeshift.join(opened.vault.id());
        fs::make_folders(&folder).is_ok()
            && fs::can_be_written(&folder)
            && fs::is_own_alone(makeshift)
    };
    let makeshift = ctx.makeshift.iter().find(can_hold).ok_or(ChainError::NoPlace)?;
    let folder = makeshift.join(opened.vault.id());
    let chain = chain_in(ctx, opened, asker, &folder)?;
    ctx.front.note(&Note::Makeshift { folder });
    Ok(chain)
}

fn chain_in(ctx: &Context, opened: &Snapshot, asker: &Principal, folder: &Path) -> Result<Chain> {
    fs::make_folders(folder)?;
    let place = ChainLocation::in_state(folder, asker)?;
    let chain = match place.attach(opened, asker)? {
        Some(chain) => chain,
        None => {
            let _held = lock_elsewhere(folder)?;
            match place.attach(opened, asker)? {
                Some(chain) => chain,
                None => place.open_first(ctx, opened, asker)?,
            }
        }
    };
    ctx.front.note(&Note::AuditElsewhere { file: place.0.folder().to_owned() });
    Ok(chain)
}

/// Keeps others from opening and moving chains in the state folder.
pub(crate) fn lock_elsewhere(folder: &Path) -> std::result::Result<File, FsError> {
    fs::lock_file(&folder.join(AUDIT_LOCK))
}

/// The folder of chains in the state folder of a vault.
pub(crate) fn fallback_folder(folder: &Path) -> PathBuf {
    folder.join("audit")
}

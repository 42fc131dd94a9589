//! Opening a vault and reading its files, each verified before it is handed out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::admin_sets::SetReader;
use super::branch::{self, Commits, Findings, Wanted};
use super::documents::{AdminSet, Config, Document, FORMAT};
use super::error::{RolledBackPast, StoreError};
use super::folders;
use super::pin_store::PinStore;
use super::pins::Version;
use super::plugins::StartPlugins;
use super::record::{EncryptedSecret, Record};
use super::request::{InRequest, RuleFile, in_request};
use super::signed::{Signed, Unverified};
use super::{MAX_SEALED, MAX_TOML};
use crate::crypto::known::Known;
use crate::crypto::sign::VerifyKey;
use crate::fs::{self, Listing, Reader, Root, VaultPath};
use crate::name::{MemberName, SecretName};

/// So many seconds a record may have been made after the latest moment known: clocks differ, and one
/// that was made up would stay the newest for ever.
const MOST_AHEAD: i64 = 24 * 60 * 60;

/// Answers who may sign a record: a rule, so it lives above this layer.
pub(crate) trait Authority: Sync {
    /// The key with which `signer` may sign the record of `name`, if they may.
    fn record_key(&self, signer: &MemberName, name: &SecretName) -> Option<VerifyKey>;
}

/// An open vault: settings and admins verified, pins loaded.
#[derive(Debug)]
pub(crate) struct Vault {
    root: Root,
    pub(super) files: Reader,
    config: Signed<Config>,
    admins: Signed<AdminSet>,
    pub(super) pins: PinStore,
    first_use: bool,
    /// Signatures of records that need no second look.
    known: OnceLock<Known>,
    /// What starts age plugins.
    pub(super) plugins: StartPlugins,
    /// The latest moment known, in seconds since 1970: what is a day beyond it nobody can have made.
    latest: OnceLock<i64>,
    /// The first document that the system would not let us read.
    pub(super) unread: OnceLock<Arc<StoreError>>,
    /// What commits tell.
    pub(super) commits: Box<dyn Commits>,
    pub(super) findings: Findings,
}

impl Vault {
    /// Opens the vault at `root` and verifies its settings against the accepted admins; `commits` tell
    /// whether what is older than it was seen was put back.
    ///
    /// # Errors
    /// `NoVault` where there is none; any damage otherwise.
    pub(crate) fn open(
        root: Root,
        base: Option<&Path>,
        commits: Box<dyn Commits>,
    ) -> Result<Self, StoreError> {
        let path = VaultPath::config();
        refuse_old(&root)?;
        let bytes = fs::read(&root, &path, MAX_TOML)?
            .ok_or_else(|| StoreError::NoVault(root.path().to_owned()))?;
        let unverified = Unverified::parse(&path, bytes)?;
        let claim: Config = unverified.peek()?;
        check_claim(&path, &claim)?;
        refuse_another_vault(&root, base, &claim.vault)?;
        let pins = PinStore::load(base, &claim.vault)?;
        let sets = SetReader { root: &root, vault: &claim.vault, pins: &pins, commits: &*commits };
        let (admins, admins_request) = sets.accept()?;
        let key = admins.admins.get(unverified.by()).copied();
        let mut config = unverified.verify::<Config>(&claim.vault, key.as_ref())?;
        let first_use = pins.admins().is_none();
        let files = Reader::open(&root)?;
        let (known, unread, latest) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let found = Version::of_document(config.version);
        let mut request = None;
        if let Some(seen) = pins.seen(&path).filter(|seen| found < *seen) {
            // What nobody who may has signed is no version.
            let read = |bytes: &[u8]| -> Option<(Version, Signed<Config>)> {
                let read = Unverified::parse(&path, bytes.to_vec()).ok()?;
                let key = admins.admins.get(read.by()).copied();
                let found = read.verify::<Config>(&claim.vault, key.as_ref()).ok()?;
                Some((Version::of_document(found.version), found))
            };
            let file = RuleFile { path: &path, found: Some(found), seen };
            match in_request(&*commits, &pins, &file, &read) {
                Some(InRequest { branch, of_main }) => {
                    config = of_main.map_or(config, |(_, newer)| newer);
                    request = Some(branch);
                }
                None => {
                    let newest = |bytes: &[u8]| read(bytes).filter(|(version, _)| *version >= seen);
                    let is_it = &mut |bytes: Option<&[u8]>| bytes.and_then(newest).is_some();
                    let newer = branch::newer(&*commits, &pins, &path, is_it);
                    let newer = newer.and_then(|found| newest(&found.bytes?));
                    let rolled_back = StoreError::RolledBack {
                        path: path.clone(),
                        found: found.version,
                        seen: seen.version,
                        past: RolledBackPast::here().into(),
                    };
                    config = newer.ok_or(rolled_back)?.1;
                }
            }
        }
        let findings = Findings::default();
        let vault = Self {
            root,
            files,
            config,
            admins,
            pins,
            first_use,
            known,
            latest,
            unread,
            plugins: StartPlugins::default(),
            commits,
            findings,
        };
        vault.met(&path, found);
        vault.pins.pin(&path, Version::of_document(vault.config.version));
        if let Some(branch) = request {
            vault.tell_waiting(branch, &path);
        }
        if let (Some(branch), Some((number, _))) = (admins_request, vault.pins.admins()) {
            vault.tell_waiting(branch, &VaultPath::admins(number));
        }
        Ok(vault)
    }

    /// Says what the latest moment known is, in seconds since 1970.
    pub(crate) fn know_latest(&self, latest: i64) {
        let _ = self.latest.set(latest);
    }

    /// The vault's folder.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// The vault's id.
    pub(crate) fn id(&self) -> &str {
        &self.config.vault
    }

    /// The settings.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Who signed the settings.
    pub(crate) fn config_signer(&self) -> &MemberName {
        self.config.by()
    }

    /// The admins now in force.
    pub(crate) fn admins(&self) -> &AdminSet {
        &self.admins
    }

    /// Whether this machine had no pins of this vault.
    pub(crate) fn is_first_use(&self) -> bool {
        self.first_use
    }

    /// What this machine remembers.
    pub(crate) fn pins(&self) -> &PinStore {
        &self.pins
    }

    /// Checks signatures of records from now on only where they are not known to be good.
    pub(crate) fn trust_known(&self, known: Known) {
        // What is known already serves as well.
        let _ = self.known.set(known);
    }

    /// The signatures of records that are known, and those that turned out to be good.
    pub(crate) fn known(&self) -> Option<&Known> {
        self.known.get()
    }

    /// Lists the names of the documents of a kind, without reading any: those that are here, and those
    /// that this machine has seen in another branch, where this one never had them.
    ///
    /// # Errors
    /// [`StoreError`] where the folder cannot be read.
    pub(crate) fn names_of<D: Document>(&self) -> Result<Vec<D::Name>, StoreError> {
        let folder = D::LISTING.folder();
        let listed = fs::list(&self.root, D::LISTING)?;
        // A link or a pipe under a document's name is a damaged document, not none.
        let files: BTreeSet<String> = listed.files.into_iter().chain(listed.strays).collect();
        let path = |file: &String| VaultPath::parse(&format!("{folder}/{file}"));
        let mut names: Vec<D::Name> =
            files.iter().filter_map(|file| D::name(path(file)?.subject()).cloned()).collect();
        for (path, seen) in self.pins.seen_below(folder) {
            let is_here = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            if is_here.is_some_and(|file| files.contains(file)) {
                continue;
            }
            let Some(path) = VaultPath::parse(path) else { continue };
            if let Some(name) = D::name(path.subject())
                && self.of_elsewhere::<D>(&path, seen).is_some()
            {
                self.note_rule_of_another_branch();
                names.push(name.clone());
            }
        }
        Ok(names)
    }

    /// Whether one of `texts` stands in a member's file, which is not verified: only to read
    /// the likely ones first.
    pub(crate) fn mentions(&self, name: &MemberName, texts: &[String]) -> bool {
        let bytes = self.files.read(&VaultPath::member(name), MAX_TOML).ok().flatten();
        let file = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        texts.iter().any(|text| file.contains(text))
    }

    /// Whether a text stands in a secret's record, which is not verified: only to read the likely
    /// ones.
    pub(crate) fn record_mentions(&self, name: &SecretName, text: &str) -> bool {
        let bytes = self.files.read(&VaultPath::record(name), MAX_TOML).ok().flatten();
        bytes.is_some_and(|bytes| memchr::memmem::find(&bytes, text.as_bytes()).is_some())
    }

    /// Lists the names of all secrets, sorted, without opening or verifying any.
    ///
    /// # Errors
    /// [`StoreError`] where the folder cannot be read.
    pub(crate) fn names(&self) -> Result<Vec<SecretName>, StoreError> {
        let listed = fs::list(&self.root, Listing::Secrets)?;
        // Half a secret is listed too: whoever reads it is told, instead of missing it.
        let all = listed.files.iter().chain(&listed.strays);
        let stem = |file| str::strip_suffix(file, ".toml").or_else(|| file.strip_suffix(".age"));
        let mut stems: Vec<_> = all.filter_map(|file| stem(file.as_str())).collect();
        // A value and its record, as a rule: each name is looked at once.
        stems.dedup();
        let mut names: Vec<_> =
            stems.into_iter().filter_map(|stem| SecretName::parse(stem).ok()).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Reads and verifies the record of `name`; `None` where there is no such secret.
    ///
    /// # Errors
    /// Any damage of the record, a rollback below the pin included.
    pub(crate) fn record(
        &self,
        name: &SecretName,
        authority: &dyn Authority,
    ) -> Result<Option<Signed<Record>>, StoreError> {
        let path = VaultPath::record(name);
        let Some(bytes) = self.read(&path, MAX_TOML)? else {
            return Ok(None);
        };
        let unverified = Unverified::parse(&path, bytes)?;
        let key = authority.record_key(unverified.by(), name);
        let record: Signed<Record> = match self.known.get() {
            Some(known) => unverified.verify_unless_known(self.id(), key.as_ref(), known)?,
            None => unverified.verify(self.id(), key.as_ref())?,
        };
        let found = Version::from(&*record);
        if let Some(latest) = self.latest.get()
            && found.created > latest.saturating_add(MOST_AHEAD)
        {
            return Err(StoreError::Ahead { path, created: record.created });
        }
        if let Some(last) = self.pins.removed(&path).filter(|last| found <= *last)
            && !self.is_behind(&path, Wanted::Removal, &mut |bytes| bytes.is_none())
            && !self.is_removed_in_request(&path, last)
        {
            return Err(StoreError::CameBack { path, version: last.version });
        }
        match self.pins.seen(&path) {
            Some(seen) if found < seen => {
                let is_good = |bytes: &[u8]| {
                    let Ok(read) = Unverified::parse(&path, bytes.to_vec()) else { return false };
                    let key = authority.record_key(read.by(), name);
                    read.verify::<Record>(self.id(), key.as_ref()).is_ok()
                };
                self.refuse_put_back(&path, found, seen, &is_good)?;
            }
            Some(seen) if found == seen => self.met(&path, found),
            _ => {}
        }
        Ok(Some(record))
    }

    /// Reads a secret: verified record, and the ciphertext that fits it; `None` where there
    /// is no such secret. The pin of `name` moves up to this version.
    ///
    /// # Errors
    /// Any damage of either file.
    pub(crate) fn secret(
        &self,
        name: &SecretName,
        authority: &dyn Authority,
    ) -> Result<Option<EncryptedSecret>, StoreError> {
        let (value, path) = (VaultPath::secret(name), VaultPath::record(name));
        let record = self.record(name, authority)?;
        let ciphertext = self.read(&value, MAX_SEALED)?;
        let (record, ciphertext) = match (record, ciphertext) {
            (Some(record), Some(ciphertext)) => (record, ciphertext),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(StoreError::Half { present: path, absent: value }),
            (None, Some(_)) => return Err(StoreError::Half { present: value, absent: path }),
        };
        let version = Version::from(&*record);
        let sealed = EncryptedSecret::join(name.clone(), ciphertext, record)
            .ok_or_else(|| StoreError::Digest { value, record: path.clone() })?;
        self.pins.pin(&path, version);
        Ok(Some(sealed))
    }

    /// Accepts the present admins and this folder as known, and saves every pin.
    ///
    /// # Errors
    /// [`StoreError`] where the state folder cannot be written.
    pub(crate) fn save_pins(&self, base: Option<&Path>) -> Result<(), StoreError> {
        if let Some(base) = base {
            folders::remember_vault(base, &canonical(&self.root), self.id())?;
        }
        let request = self.pins.has_seen_more().then(|| self.request()).flatten();
        Ok(self.pins.save(request.as_ref())?)
    }

    pub(super) fn files(&self) -> &Reader {
        &self.files
    }
}

impl Vault {
    /// The folders of other clones of this vault that were used on this machine.
    pub(super) fn other_clones(&self) -> Vec<PathBuf> {
        let base = self.pins.folder().and_then(Path::parent);
        let all = base.and_then(|base| folders::folders_of(base, self.id()).ok());
        let here = canonical(&self.root);
        all.unwrap_or_default().into_iter().filter(|folder| *folder != here).collect()
    }
}

fn canonical(root: &Root) -> PathBuf {
    root.path().canonicalize().unwrap_or_else(|_| root.path().to_owned())
}

/// One file that is all of a vault is no damage, but another program's.
///
/// # Errors
/// `OldVault`.
pub(crate) fn refuse_old(root: &Root) -> Result<(), StoreError> {
    let folder = root.path();
    match folder.join("vault.age").is_file() && !folder.join("admins").exists() {
        true => Err(StoreError::OldVault(folder.to_owned())),
        false => Ok(()),
    }
}

/// Checks what must hold before the settings' signature can be checked.
fn check_claim(path: &VaultPath, claim: &Config) -> Result<(), StoreError> {
    if claim.format != FORMAT {
        return Err(StoreError::Format { found: claim.format, known: FORMAT });
    }
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if claim.vault.len() != 32 || !claim.vault.bytes().all(is_hex) {
        return Err(StoreError::Malformed {
            path: path.clone(),
            line: None,
            reason: "the vault id is not 32 hex digits".to_owned(),
        });
    }
    Ok(())
}

/// A folder that held one vault does not silently hold another.
fn refuse_another_vault(root: &Root, base: Option<&Path>, id: &str) -> Result<(), StoreError> {
    let Some(base) = base else { return Ok(()) };
    let folder = canonical(root);
    match folders::known_vault(base, &folder)? {
        Some(was) if was != id => Err(StoreError::OtherVault { folder, was, now: id.to_owned() }),
        _ => Ok(()),
    }
}

/// Makes the folder known for the vault that lies there now, where its id is `id`.
///
/// # Errors
/// `NoVault`, damage of its settings; `OtherVault` where it has another id.
pub(crate) fn accept_vault(root: &Root, base: &Path, id: &str) -> Result<(), StoreError> {
    let path = VaultPath::config();
    let bytes = fs::read(root, &path, MAX_TOML)?
        .ok_or_else(|| StoreError::NoVault(root.path().to_owned()))?;
    let claim: Config = Unverified::parse(&path, bytes)?.peek()?;
    check_claim(&path, &claim)?;
    let folder = canonical(root);
    match claim.vault == id {
        true => Ok(folders::remember_vault(base, &folder, id)?),
        false => Err(StoreError::OtherVault { folder, was: id.to_owned(), now: claim.vault }),
    }
}

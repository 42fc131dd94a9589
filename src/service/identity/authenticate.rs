//! Who is it: finding the identity, and the member it belongs to.

use std::cell::RefCell;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::enroll::{BACKUP, keyfile_of};
use super::error::IdentityError;
use super::kept;
use super::member_error::MemberError;
use crate::access::{AccessError, Caller, Rules};
use crate::crypto::plugin;
use crate::crypto::sign::SigningKey;
use crate::crypto::{CryptoError, Identity, Recipient, decrypt_armored};
use crate::fs::{self, Root};
use crate::name::{MemberName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{
    Context, IdentitySource, Note, Result, Snapshot, TokenError, TokenSource, or_missing_rules,
};
use crate::store::{Member, Signer, StoreError, known_vault};

const MAX_IDENTITY: usize = 1 << 20;
/// Longest path read back.
const MAX_PATH: usize = 1 << 16;

/// Proves which member is calling.
///
/// # Errors
/// No identity, a wrong passphrase, an identity that is nobody's here; a token, beside
/// which no identity is ever used.
pub(crate) fn authenticate(ctx: &Context, rules: &Rules) -> Result<Caller> {
    match ctx.token {
        Some(TokenSource::Lost) => return Err(TokenError::Lost.into()),
        Some(_) => return Err(TokenError::ReadOnly.into()),
        None => {}
    }
    let identity = match &ctx.identity {
        IdentitySource::Default => Arc::new(default_identity(ctx, rules)?),
        IdentitySource::Open(open) => Arc::clone(&open.0),
        _ => Arc::new(load_source(ctx)?),
    };
    let found = member_of(&identity, rules);
    let root = Root::new(ctx.vault.clone());
    let name = found.map_err(|error| or_missing_rules(&root, error))?;
    if identity.has_plugins()
        && let Some(member) = rules.member(&name)
        && let (Some(signing), Some(verify)) = (&member.signing, member.verify)
        && let Some(root) = plugin::Root::new(signing, verify)
    {
        identity.remember_under(root);
    }
    Ok(Caller { name, identity })
}

/// Finds the member in force whose recipients include one of this identity.
pub(crate) fn member_of(identity: &Identity, rules: &Rules) -> Result<MemberName> {
    let texts: Vec<String> = identity.recipients().iter().map(ToString::to_string).collect();
    let found =
        rules.members_likely(&texts).find(|(_, member)| owns(identity.recipients(), member));
    if let Some((name, _)) = found {
        return Ok(name.clone());
    }
    let waits = rules.member_problems().find(|(name, why)| {
        matches!(&***why, StoreError::UnknownSigner { by, .. } if by == *name)
            && rules.mentions(name, &texts)
    });
    if let Some((name, _)) = waits {
        return Err(AccessError::MemberWaits(name.clone()).into());
    }
    // Of those whose file somebody edited, whoever it was before.
    let own = rules.member_problems().find(|(name, _)| {
        rules.as_last_signed(name).is_some_and(|member| owns(identity.recipients(), member))
    });
    let own = own.map(|(name, why)| (Some(name.clone()), why));
    let first = || rules.member_problems().next().map(|(_, why)| (None, why));
    Err(match own.or_else(first) {
        Some((name, why)) => AccessError::MemberNotInForce { name, why: Arc::clone(why) },
        None => AccessError::NotAMember,
    }
    .into())
}

/// Whether one of `recipients` is the member's.
pub(crate) fn owns(recipients: &[Recipient], member: &Member) -> bool {
    let theirs = |text: &String| Recipient::parse(text).ok();
    member.recipients.iter().filter_map(theirs).any(|one| recipients.contains(&one))
}

/// The recipients of `members`, in their order, each once.
pub(crate) fn recipients<'a>(
    rules: &Rules,
    members: impl Iterator<Item = &'a MemberName>,
) -> Result<Vec<Recipient>> {
    let mut all = Vec::new();
    for name in members {
        let recipients = rules.recipients(name)?;
        let recipients = recipients.ok_or_else(|| MemberError::NoMember(name.clone()))?;
        for recipient in recipients.iter() {
            if !all.contains(recipient) {
                all.push(recipient.clone());
            }
        }
    }
    Ok(all)
}

/// The recipients of `writer`, and those of the `admins` that can be encrypted to here: an admin's plugin
/// that is not installed keeps nobody from working.
///
/// # Errors
/// As [`recipients`].
pub(crate) fn ready_recipients<'a>(
    ctx: &Context,
    rules: &Rules,
    writer: &'a MemberName,
    admins: impl Iterator<Item = &'a MemberName>,
) -> Result<Vec<Recipient>> {
    let mut all = recipients(rules, std::iter::once(writer))?;
    for admin in admins.filter(|admin| *admin != writer) {
        for recipient in recipients(rules, std::iter::once(admin))? {
            match recipient.ready(false) {
                Ok(()) if all.contains(&recipient) => {}
                Ok(()) => all.push(recipient),
                Err(why) => {
                    let (admin, reason) = (admin.clone(), why.to_string());
                    ctx.front.note(&Note::ChainKeyWithheld { admin, reason });
                }
            }
        }
    }
    Ok(all)
}

/// Decrypts the caller's signing key.
///
/// # Errors
/// `NoSigningKey` for a member who only reads; `ForeignSigningKey` where it is another's.
pub(crate) fn signer(caller: &Caller, rules: &Rules) -> Result<Signer> {
    let name = caller.name.clone();
    let member = rules.member(&name).ok_or(AccessError::NotAMember)?;
    let (Some(sealed), Some(verify)) = (&member.signing, member.verify) else {
        return Err(MemberError::NoSigningKey(name).into());
    };
    let seed = decrypt_armored(sealed, &caller.identity)?;
    match SigningKey::from_seed(&seed) {
        Some(key) if key.verify_key() == verify => Ok(Signer { name, key }),
        _ => Err(MemberError::ForeignSigningKey(name).into()),
    }
}

/// Loads the identity that was named by flag, environment or project file.
pub(crate) fn load_source(ctx: &Context) -> Result<Identity> {
    match &ctx.identity {
        IdentitySource::Text(text) => parse(ctx, text.expose(), "AUTHY_IDENTITY"),
        IdentitySource::File(path) => load(ctx, path),
        IdentitySource::Once(once) => parse(ctx, super::once::read(once)?.expose(), &once.label()),
        IdentitySource::Default | IdentitySource::Open(_) => {
            Err(IdentityError::NotFound { dir: None }.into())
        }
    }
}

/// The folder of this user's identities.
pub(crate) fn own_keys(ctx: &Context) -> Option<PathBuf> {
    ctx.home.as_ref().map(|home| home.join(".authy").join(fs::KEYS))
}

/// The vault's folder as this machine remembers it.
pub(crate) fn real_folder(ctx: &Context) -> PathBuf {
    ctx.vault.canonicalize().unwrap_or_else(|_| ctx.vault.clone())
}

/// The bytes of an identity file.
///
/// # Errors
/// It is not there, or cannot be read.
pub(crate) fn identity_bytes(path: &Path) -> Result<SecretBytes> {
    let bytes = fs::read_outside(path, MAX_IDENTITY).map_err(IdentityError::File)?;
    let bytes = bytes.ok_or_else(|| IdentityError::NoFile(path.to_owned()))?;
    Ok(SecretBytes::new(bytes))
}

/// Loads an identity file that only its owner can read.
pub(crate) fn load(ctx: &Context, path: &Path) -> Result<Identity> {
    let bytes = identity_bytes(path)?;
    if fs::mode_of(path)?.is_some_and(|mode| mode & 0o077 != 0) {
        return Err(IdentityError::FileOpen(path.to_owned()).into());
    }
    let label = path.to_string_lossy();
    // Who gives the passphrase with the command means that.
    if ctx.front.given_passphrase().is_none()
        && let Some(identity) = kept::identity(ctx, bytes.expose(), &label)?
    {
        return Ok(identity);
    }
    let unlocks = ctx.agent.is_none() && ctx.confined.is_none();
    let may_unlock = unlocks && Identity::is_protected(bytes.expose());
    parse(ctx, bytes.expose(), &label).map_err(|error| match error.of::<IdentityError>() {
        Some(IdentityError::Unusable { label, source: CryptoError::PassphraseNeeded, .. }) => {
            let (label, source) = (label.clone(), CryptoError::PassphraseNeeded);
            IdentityError::Unusable { label, source, may_unlock }.into()
        }
        _ => error,
    })
}

fn parse(ctx: &Context, bytes: &[u8], label: &str) -> Result<Identity> {
    with_passphrase(ctx, label, |ask| Identity::parse(bytes, ask))
        .map(|identity| with_plugins(ctx, identity))
}

/// The identity, whose plugins, where it has some, are started as the context says.
pub(crate) fn with_plugins(ctx: &Context, identity: Identity) -> Identity {
    if identity.has_plugins()
        && let Some(plugins) = ctx.plugins()
    {
        identity.use_plugins(&plugins);
    }
    identity
}

/// Opens something of the identity `label`, asking for its passphrase as often as the front does.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn with_passphrase<T>(
    ctx: &Context,
    label: &str,
    open: impl Fn(&dyn Fn() -> Option<SecretBytes>) -> std::result::Result<T, CryptoError>,
) -> Result<T> {
    let label = printable(label);
    let ask = || ctx.front.passphrase(&label);
    loop {
        match open(&ask) {
            Ok(opened) => return Ok(opened),
            Err(CryptoError::WrongPassphrase) if ctx.front.asks_again(&label) => {}
            Err(source) => return Err(IdentityError::unusable(label, source).into()),
        }
    }
}

/// The keyfile that `init` or `join` used for this clone, where it lies elsewhere and still does.
fn remembered(ctx: &Context) -> Option<PathBuf> {
    let base = ctx.state.as_ref()?;
    let folder = real_folder(ctx);
    let id = known_vault(base, &folder).ok()??;
    let path = fs::read_outside(&base.join(id).join(keyfile_of(&folder)), MAX_PATH).ok()??;
    Some(PathBuf::from(OsString::from_vec(path))).filter(|file| file.is_file())
}

/// The identity that was used when the vault was made or joined, else the one usable identity in
/// `~/.authy/keys`: the only file, or the only one that is a
/// member's. A passphrase is asked for only where the choice is already clear.
fn default_identity(ctx: &Context, rules: &Rules) -> Result<Identity> {
    if let Some(file) = remembered(ctx) {
        return load(ctx, &file);
    }
    let dir = own_keys(ctx);
    let files = dir.as_deref().map(key_files).unwrap_or_default();
    match (files.as_slice(), dir) {
        ([], dir) => Err(IdentityError::NotFound { dir }.into()),
        ([only], _) => load(ctx, only),
        (several, dir) => {
            let mut usable: Vec<Identity> = several
                .iter()
                .filter_map(|path| load_without_asking(path))
                .filter(|identity| member_of(identity, rules).is_ok())
                .collect();
            // The same key in two files is one key.
            let one = usable.pop();
            let is_same = |other: &Identity| {
                one.as_ref().is_some_and(|one| one.recipients() == other.recipients())
            };
            match one {
                Some(_) if !usable.iter().all(is_same) => Err(IdentityError::Ambiguous {
                    dir: dir.unwrap_or_default(),
                    count: usable.len() + 1,
                }
                .into()),
                Some(one) => Ok(with_plugins(ctx, one)),
                None => Err(IdentityError::Several {
                    dir: dir.unwrap_or_default(),
                    count: several.len(),
                }
                .into()),
            }
        }
    }
}

fn load_without_asking(path: &Path) -> Option<Identity> {
    let bytes = SecretBytes::new(fs::read_outside(path, MAX_IDENTITY).ok()??);
    let private = matches!(fs::mode_of(path), Ok(Some(mode)) if mode & 0o077 == 0);
    private.then(|| Identity::parse(bytes.expose(), &|| None).ok()).flatten()
}

/// The files that may hold identities, sorted; public halves are none.
pub(crate) fn key_files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_none_or(|ext| ext != "pub"))
        .collect();
    files.sort();
    files
}

/// The folder of the vault that holds identities, where nobody has made a copy with `--backup`.
pub(crate) fn keys_without_copy(opened: &Snapshot) -> Option<PathBuf> {
    let keys = opened.vault.root().path().join(fs::KEYS);
    let state = opened.vault.pins().folder()?;
    (!key_files(&keys).is_empty() && !state.join(BACKUP).exists()).then_some(keys)
}

/// What the identity that `ctx` leads to is called, as far as that is clear without opening any.
pub(crate) fn identity_label(ctx: &Context) -> Option<String> {
    match &ctx.identity {
        IdentitySource::Text(_) => Some("AUTHY_IDENTITY".to_owned()),
        IdentitySource::Once(once) => Some(once.label()),
        _ => identity_file(ctx).map(|file| printable(&file.to_string_lossy())),
    }
}

/// As [`identity_file`], for what has to have it.
///
/// # Errors
/// There is none, or several; it lies in no file, which is what `elsewhere` says.
pub(crate) fn the_identity_file(
    ctx: &Context,
    elsewhere: IdentityError,
) -> std::result::Result<PathBuf, IdentityError> {
    if let Some(file) = identity_file(ctx) {
        return Ok(file);
    }
    if !matches!(ctx.identity, IdentitySource::Default) {
        return Err(elsewhere);
    }
    let dir = own_keys(ctx);
    match dir.as_deref().map(key_files).unwrap_or_default().len() {
        0 | 1 => Err(IdentityError::NotFound { dir }),
        count => Err(IdentityError::Which { dir: dir.unwrap_or_default(), count }),
    }
}

/// What an identity file has in it, and the passphrase that protects it.
pub(crate) struct IdentityText {
    /// As `age-keygen` writes it, or an ssh key.
    pub(crate) text: SecretBytes,
    /// `None` where nothing protects it.
    pub(crate) passphrase: Option<SecretBytes>,
}

/// Refuses an identity all of whose keys plugins keep, for what copies or replaces keys.
///
/// # Errors
/// `OfPlugin`.
pub(crate) fn refuse_plugins(identity: &Identity, file: &Path) -> Result<()> {
    match identity.is_plugins_alone() {
        true => refuse_any_plugin(identity, file),
        false => Ok(()),
    }
}

/// Refuses an identity that has a key which a plugin keeps, for what gives all of its keys up.
///
/// # Errors
/// `OfPlugin`.
pub(crate) fn refuse_any_plugin(identity: &Identity, file: &Path) -> Result<()> {
    match identity.recipients().iter().find_map(Recipient::plugin) {
        Some(plugin) => {
            let (file, plugin) = (file.to_owned(), plugin.clone());
            Err(IdentityError::OfPlugin { file, plugin }.into())
        }
        None => Ok(()),
    }
}

/// Opens an identity file without regard to what `unlock` keeps: whoever is to protect it anew has to know
/// the passphrase.
///
/// # Errors
/// It is not there; the passphrase is wrong, or nobody gives it.
pub(crate) fn identity_text(ctx: &Context, path: &Path) -> Result<IdentityText> {
    let file = identity_bytes(path)?;
    if !Identity::is_protected(file.expose()) {
        return Ok(IdentityText { text: file, passphrase: None });
    }
    let given = RefCell::new(None);
    let text = with_passphrase(ctx, &path.to_string_lossy(), |ask| {
        let ask = || {
            *given.borrow_mut() = ask();
            given.borrow().clone()
        };
        Identity::unprotect(file.expose(), &ask)
    })?;
    Ok(IdentityText { text, passphrase: given.into_inner() })
}

/// The file of the identity that `ctx` leads to, as far as that is clear without opening any.
pub(crate) fn identity_file(ctx: &Context) -> Option<PathBuf> {
    match &ctx.identity {
        IdentitySource::File(path) => Some(path.clone()),
        IdentitySource::Text(_) | IdentitySource::Once(_) | IdentitySource::Open(_) => None,
        IdentitySource::Default => remembered(ctx).or_else(|| {
            let mut files = key_files(&own_keys(ctx)?);
            files.pop().filter(|_| files.is_empty())
        }),
    }
}

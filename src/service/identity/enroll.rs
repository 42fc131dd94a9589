//! Who is new to a vault: a name, an identity, a signing key. `init` makes the first admin so,
//! `join` a member who waits for approval.

use std::path::{Path, PathBuf};

use super::authenticate;
use super::error::IdentityError;
use super::member_error::MemberError;
use crate::crypto::digest::Digest;
use crate::crypto::sign::SigningKey;
use crate::crypto::{CryptoError, Identity, Recipient, encrypt_armored, encrypt_with_passphrase};
use crate::fs;
use crate::git;
use crate::name::{MemberName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, IdentitySource, Result, Snapshot};
use crate::store::{Member, Stamp};

/// Longest name that is made of another text.
const MAX_NAME: usize = 40;

/// Somebody who is to become a member.
#[derive(Debug, Clone, Default)]
pub struct Newcomer {
    /// The name; otherwise made of what git or the account calls the user.
    pub name: Option<MemberName>,
    /// What this account calls the user, the best first: `USER`, `LOGNAME`, the account of
    /// the process.
    pub logins: Vec<String>,
    /// Where to make a new identity; the file must not exist.
    pub generate_keyfile: Option<PathBuf>,
    /// Protect a new identity with a passphrase.
    pub passphrase: bool,
    /// Make a new identity one that a quantum computer does not break.
    pub post_quantum: bool,
    /// Where to put a copy of the identity, protected by a passphrase; the file must not exist.
    pub backup: Option<PathBuf>,
}

/// Where the name of a new member comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameSource {
    /// It was given.
    Given,
    /// `user.name` of git's configuration.
    GitName,
    /// `user.email` of git's configuration, up to the `@`.
    GitEmail,
    /// `USER`, `LOGNAME`, or the account of the process.
    Login,
    /// Nothing says who the user is.
    Nothing,
}

/// The file of a vault's state folder that says where the identity of the clone in `folder` lies: two
/// members may have a clone each on one machine.
pub(crate) fn keyfile_of(folder: &Path) -> String {
    let digest = Digest::of(folder.as_os_str().as_encoded_bytes()).to_string();
    let hex = digest.rsplit(':').next().unwrap_or_default();
    format!("keyfile.{}", hex.get(..16).unwrap_or(hex))
}

/// The file of a vault's state folder that says that there is a copy of the identity.
pub(crate) const BACKUP: &str = "backup";
/// The identity that is made where nothing else is said, in the folder of this user's identities.
pub(crate) const USUAL: &str = "master.key";

/// The identity of a new member.
pub(crate) struct Key {
    /// What opens their files.
    pub(crate) identity: Identity,
    /// Its first public half.
    pub(crate) recipient: String,
    /// The file, unless it came from the environment.
    pub(crate) file: Option<PathBuf>,
    /// Whether the file is new.
    pub(crate) created: bool,
    /// The copy that was made.
    pub(crate) backup: Option<PathBuf>,
}

/// Refuses recipients that need a plugin which the vault does not accept: who writes would find out
/// later.
///
/// # Errors
/// The plugin.
pub(crate) fn acceptable(opened: &Snapshot, recipients: &[Recipient]) -> Result<()> {
    let accepted = recipients.iter().try_for_each(|one| opened.vault.accepts(one));
    Ok(accepted.map_err(CryptoError::from)?)
}

/// The identity of somebody who comes to a vault that is there: found, or made as those have one who are
/// here already.
///
/// # Errors
/// As [`identity`]; its plugin is not accepted.
pub(crate) fn identity_for(ctx: &Context, opened: &Snapshot, options: &Newcomer) -> Result<Key> {
    let mut who = options.clone();
    who.post_quantum |= is_made(ctx, &who) && admins_are_post_quantum(opened);
    let key = identity(ctx, &who)?;
    acceptable(opened, key.identity.recipients())?;
    Ok(key)
}

/// An identity proves one member, so no two members share a recipient.
///
/// # Errors
/// `RecipientTaken` where one belongs to a member in force other than `who`.
pub(crate) fn refuse_taken(
    opened: &Snapshot,
    recipients: &[Recipient],
    who: Option<&MemberName>,
) -> Result<()> {
    let mut others = opened.rules.members().filter(|(name, _)| who != Some(name));
    match others.find(|(_, member)| authenticate::owns(recipients, member)) {
        Some((name, _)) => Err(MemberError::RecipientTaken(name.clone()).into()),
        None => Ok(()),
    }
}

/// A member's first document: `key` encrypted to `recipients`, in no group.
///
/// # Errors
/// The key cannot be sealed.
pub(crate) fn member(key: &SigningKey, recipients: &[Recipient]) -> Result<Member> {
    let seed = key.seed();
    Ok(Member {
        version: 1,
        recipients: recipients.iter().map(ToString::to_string).collect(),
        verify: Some(key.verify_key()),
        signing: Some(encrypt_armored(seed.expose(), recipients)?),
        ..Member::default()
    })
}

/// The name given, or the first that fits of what git and the account call the user.
///
/// # Errors
/// None in practice: `admin` is a name.
pub(crate) fn name(ctx: &Context, options: &Newcomer) -> Result<(MemberName, NameSource)> {
    if let Some(name) = &options.name {
        return Ok((name.clone(), NameSource::Given));
    }
    let git = git::user(&ctx.vault);
    let local = git.email.as_deref().and_then(|email| email.split('@').next());
    let known = [(git.name.as_deref(), NameSource::GitName), (local, NameSource::GitEmail)];
    let logins = options.logins.iter().map(|login| (Some(login.as_str()), NameSource::Login));
    let fitting = known.into_iter().chain(logins).find_map(|(text, source)| {
        let name = MemberName::parse(&as_name(text?)).ok()?;
        Some((name, source))
    });
    match fitting {
        Some(found) => Ok(found),
        None => Ok((MemberName::parse("admin")?, NameSource::Nothing)),
    }
}

/// The text in small letters, with a dash for each run of what a name cannot have.
fn as_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.truncate(MAX_NAME);
    name.trim_end_matches('-').to_owned()
}

/// The identity that was named or that is there, or a new one where there is none.
///
/// # Errors
/// It cannot be used, or a new one not be written.
pub(crate) fn identity(ctx: &Context, options: &Newcomer) -> Result<Key> {
    let Some(copy) = &options.backup else {
        let key = found(ctx, options)?;
        return refuse_classic(options, &key).map(|()| key);
    };
    // Asked before anything is made: whoever gives up has changed nothing.
    let secret = passphrase_of_copy(ctx, options, copy)?;
    let mut key = found(ctx, options)?;
    refuse_classic(options, &key)?;
    if let Some(file) = &key.file {
        let bytes = authenticate::identity_bytes(file)?;
        let sealed = match secret {
            Some(secret) => SecretBytes::new(encrypt_with_passphrase(bytes.expose(), &secret)?),
            None => bytes,
        };
        fs::create_new(copy, sealed.expose(), 0o600)?;
        key.backup = Some(copy.clone());
    }
    Ok(key)
}

/// The passphrase that a copy gets; `None` for an identity that has one itself. What `age -d` prints
/// of a copy is the identity, and as a keyfile it works as it is.
fn passphrase_of_copy(
    ctx: &Context,
    options: &Newcomer,
    copy: &Path,
) -> Result<Option<SecretBytes>> {
    if copy.exists() {
        return Err(IdentityError::CopyExists(copy.to_owned()).into());
    }
    let file = match (&options.generate_keyfile, &ctx.identity) {
        (Some(_), _) => None,
        (None, IdentitySource::File(file)) => Some(file.clone()),
        _ => authenticate::own_keys(ctx).map(|folder| folder.join(USUAL)),
    };
    let is_protected = match file.filter(|file| file.exists()) {
        Some(file) => {
            let parsed =
                Identity::parse(authenticate::identity_bytes(&file)?.expose(), &|| None).ok();
            parsed.iter().try_for_each(|one| authenticate::refuse_plugins(one, &file))?;
            parsed.is_none()
        }
        None => options.passphrase,
    };
    if is_protected {
        return Ok(None);
    }
    ask_for(ctx, &printable(&copy.to_string_lossy())).map(Some)
}

/// Refuses an identity that was there already where one was wanted that a quantum computer does not
/// break.
fn refuse_classic(options: &Newcomer, key: &Key) -> Result<()> {
    let all = key.identity.recipients().iter().all(Recipient::is_post_quantum);
    match (options.post_quantum && !all, &key.file) {
        (false, _) => Ok(()),
        (true, file) => Err(IdentityError::NotPostQuantum(file.clone()).into()),
    }
}

/// Asks for a new passphrase for what is called `label`.
///
/// # Errors
/// `NoPassphrase`.
pub(crate) fn ask_for(ctx: &Context, label: &str) -> Result<SecretBytes> {
    let secret = ctx.front.new_passphrase(label).filter(|secret| !secret.is_empty());
    secret.ok_or_else(|| IdentityError::NoPassphrase.into())
}

/// Whether every key of every admin is one that a quantum computer does not break.
pub(crate) fn admins_are_post_quantum(opened: &Snapshot) -> bool {
    let all = authenticate::recipients(&opened.rules, opened.rules.admins());
    all.is_ok_and(|all| all.iter().all(Recipient::is_post_quantum))
}

/// Writes a copy of the identity in `file`, under the passphrase that it has, or else under a new one.
///
/// # Errors
/// There is no such file; the copy exists already; nobody gives a passphrase.
pub(crate) fn copy(ctx: &Context, file: &Path, copy: &Path) -> Result<()> {
    let bytes = authenticate::identity_bytes(file)?;
    if copy.exists() {
        return Err(IdentityError::CopyExists(copy.to_owned()).into());
    }
    let sealed = match Identity::parse(bytes.expose(), &|| None) {
        // It has one itself.
        Err(_) => bytes,
        Ok(identity) => {
            authenticate::refuse_plugins(&identity, file)?;
            SecretBytes::new(encrypt_with_passphrase(
                bytes.expose(),
                &ask_for(ctx, &printable(&copy.to_string_lossy()))?,
            )?)
        }
    };
    Ok(fs::create_new(copy, sealed.expose(), 0o600)?)
}

/// What is remembered of an identity on this machine: where it lies, unless that is where everybody
/// looks, and that there is a copy.
pub(crate) fn remember(ctx: &Context, vault: &str, key: &Key) {
    let Some(state) = ctx.state.as_ref().map(|base| base.join(vault)) else { return };
    let usual = authenticate::own_keys(ctx);
    let path = key.file.as_ref().and_then(|file| std::path::absolute(file).ok());
    if let Some(path) = path.filter(|path| path.parent() != usual.as_deref()) {
        let folder = authenticate::real_folder(ctx);
        let bytes = path.as_os_str().as_encoded_bytes();
        fs::remember(&state.join(keyfile_of(&folder)), bytes);
    }
    if key.backup.is_some() {
        fs::remember(&state.join(BACKUP), b"");
    }
}

fn found(ctx: &Context, options: &Newcomer) -> Result<Key> {
    if let Some(file) = &options.generate_keyfile {
        return generate(ctx, file, options);
    }
    match &ctx.identity {
        IdentitySource::Text(_) | IdentitySource::Once(_) | IdentitySource::Open(_) => {
            existing(authenticate::load_source(ctx)?, None)
        }
        IdentitySource::File(file) if !file.exists() => generate(ctx, file, options),
        IdentitySource::File(file) => existing(authenticate::load_source(ctx)?, Some(file.clone())),
        IdentitySource::Default => {
            let folder =
                authenticate::own_keys(ctx).ok_or(IdentityError::NotFound { dir: None })?;
            let file = folder.join(USUAL);
            if file.exists() {
                existing(authenticate::load(ctx, &file)?, Some(file))
            } else {
                generate(ctx, &file, options)
            }
        }
    }
}

/// Whether an identity would be made, as there is none.
pub(crate) fn is_made(ctx: &Context, options: &Newcomer) -> bool {
    if options.generate_keyfile.is_some() {
        return true;
    }
    match &ctx.identity {
        IdentitySource::Text(_) | IdentitySource::Once(_) | IdentitySource::Open(_) => false,
        IdentitySource::File(file) => !file.exists(),
        IdentitySource::Default => {
            authenticate::own_keys(ctx).is_some_and(|folder| !folder.join(USUAL).exists())
        }
    }
}

fn existing(identity: Identity, file: Option<PathBuf>) -> Result<Key> {
    let label = || file.as_deref().map(Path::to_string_lossy).unwrap_or_default();
    let unusable = |source| IdentityError::unusable(printable(&label()), source);
    identity.prove().map_err(unusable)?;
    let recipient = identity.recipients().first().map(ToString::to_string).unwrap_or_default();
    Ok(Key { identity, recipient, file, created: false, backup: None })
}

/// Makes an identity file; one that exists is never overwritten.
fn generate(ctx: &Context, file: &Path, options: &Newcomer) -> Result<Key> {
    let created = Stamp::new(ctx.now).to_string();
    let (identity, text) = Identity::generate_as(options.post_quantum, &created);
    let bytes = if options.passphrase {
        let label = printable(&file.to_string_lossy());
        let secret = ctx.front.new_passphrase(&label).ok_or(IdentityError::NoPassphrase)?;
        SecretBytes::new(encrypt_with_passphrase(text.expose(), &secret)?)
    } else {
        text
    };
    fs::create_new(file, bytes.expose(), 0o600)?;
    let mut key = existing(identity, Some(file.to_owned()))?;
    key.created = true;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::{MemberName, as_name};
    use proptest::prelude::*;

    #[test]
    fn a_name_is_made_of_what_people_are_called() {
        for (text, name) in [
            ("Alice Test", "alice-test"),
            ("  Dr. Zoë O'Hara  ", "dr-zo-o-hara"),
            ("alice", "alice"),
            ("山田", ""),
            ("", ""),
            ("---", ""),
            ("ALICE_99", "alice-99"),
        ] {
            assert_eq!(as_name(text), name, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_is_a_name_or_nothing(text in any::<String>()) {
            let name = as_name(&text);
            // A few are reserved words.
            prop_assert!(name.is_empty() || MemberName::parse(&name).is_ok() || name.len() == 3 || name.len() == 4);
        }
    }
}

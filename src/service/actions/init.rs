//! `init`: the vault, its first admin, an identity, a git repository, the first commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::access::{Asker, Caller};
use crate::audit::Op;
use crate::crypto::keys::random_id;
use crate::crypto::sign::SigningKey;
use crate::crypto::{Identity, seal_armored, seal_with_passphrase};
use crate::fs::{self, Lock, Root, Stage, VaultPath};
use crate::git::{self, Home};
use crate::name::MemberName;
use crate::secret::SecretBytes;
use crate::service::base::caller;
use crate::service::base::commit::{PENDING, Pending, commit};
use crate::service::base::context::{Context, IdentitySource};
use crate::service::base::error::Result;
use crate::service::base::note::Note;
use crate::service::base::opening::{LOCK_WAIT, Opened};
use crate::service::base::problem::Problem;
use crate::service::base::recorder::{AuditAction, Recorder};
use crate::session::Token;
use crate::store::{self, AdminSet, AuditMode, CommitMode, Config, FORMAT, Member, Signer, Stamp};

const GITIGNORE: &str = "\
# Identities, this clone's own files and its session grants never leave this machine.
/keys/
/.local/
/sessions/*
!/sessions/shared/
";
/// Longest name that is made of another text.
const MAX_NAME: usize = 40;
const GITATTRIBUTES: &str = "\
*.age -text -diff -merge
*.toml text eol=lf
*.jsonl text eol=lf
";

/// How to make a vault.
#[derive(Debug, Clone, Default)]
pub struct InitOptions {
    /// The first admin; otherwise named after what git or the account calls the user.
    pub member: Option<MemberName>,
    /// What this account calls the user, the best first: `USER`, `LOGNAME`, the account of
    /// the process.
    pub logins: Vec<String>,
    /// Where to make a new identity; the file must not exist.
    pub generate_keyfile: Option<PathBuf>,
    /// Protect a new identity with a passphrase.
    pub passphrase: bool,
    /// Leave committing to the user.
    pub manual_commit: bool,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct InitReport {
    /// The vault's folder.
    pub vault: PathBuf,
    /// The vault's id.
    pub id: String,
    /// The first admin.
    pub member: MemberName,
    /// Where that name comes from.
    pub named_after: NameSource,
    /// The identity file, unless the identity came from the environment.
    pub keyfile: Option<PathBuf>,
    /// Whether the identity file is new.
    pub keyfile_created: bool,
    /// The first admin's recipient.
    pub recipient: String,
    /// The fingerprint of the first admin's verify key.
    pub fingerprint: String,
    /// Whether authy commits changes by itself.
    pub commits: bool,
}

/// Where the name of the first admin comes from.
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

/// Makes a vault.
///
/// # Errors
/// A vault is there already, the identity cannot be used or made, the folder not written.
pub fn init(ctx: &Context, options: &InitOptions) -> Result<InitReport> {
    // A token belongs to a vault that is there already.
    if let Some(token) = &ctx.token {
        let is_token = Token::parse(token.expose()).is_some();
        return Err(if is_token { Problem::ReadOnlyToken } else { Problem::TokenInvalid }.into());
    }
    let root = Root::new(ctx.vault.clone());
    if root.file(&VaultPath::config()).exists() {
        return Err(Problem::VaultExists(ctx.vault.clone()).into());
    }
    let (member, named_after) = member_name(ctx, options)?;
    let key = identity(ctx, options)?;
    fs::make_folders(root.path())?;
    let inside = prepare_repository(root.path())?;
    let lock = Lock::acquire(&root, LOCK_WAIT)?;
    fs::recover(&lock)?;
    if root.file(&VaultPath::config()).exists() {
        return Err(Problem::VaultExists(ctx.vault.clone()).into());
    }
    if inside {
        ctx.front.note(&Note::ManualCommit);
    }
    let config = Config {
        format: FORMAT,
        vault: random_id::<16>(),
        created: Stamp::new(ctx.now),
        commit: if inside || options.manual_commit { CommitMode::Manual } else { CommitMode::Auto },
        audit: if inside { AuditMode::Local } else { AuditMode::Repo },
        agents: store::Agents::default(),
    };
    let signer = Signer { name: member.clone(), key: SigningKey::generate() };
    let pending = publish(Stage::new(&lock), (&config, &signer), &key.identity)?;
    take_the_folder(ctx, &config.vault);
    record(ctx, (&signer, key.identity), (&lock, &pending))?;
    Ok(InitReport {
        vault: ctx.vault.clone(),
        id: config.vault,
        member,
        named_after,
        keyfile: key.file,
        keyfile_created: key.created,
        recipient: key.recipient,
        fingerprint: signer.key.verify_key().fingerprint(),
        commits: config.commit == CommitMode::Auto,
    })
}

/// Makes the folder known for the new vault: `init` says so explicitly, where another
/// vault's files in the same folder would be refused. Saving the pins notes a failure.
fn take_the_folder(ctx: &Context, vault: &str) {
    if let (Some(base), Ok(folder)) = (&ctx.state, ctx.vault.canonicalize()) {
        let _ = store::remember_vault(base, &folder, vault);
    }
}

/// The identity that `init` uses.
struct Key {
    identity: Identity,
    recipient: String,
    file: Option<PathBuf>,
    created: bool,
}

/// Writes the vault's first files, all or nothing.
fn publish(
    mut stage: Stage,
    (config, signer): (&Config, &Signer),
    identity: &Identity,
) -> Result<Pending> {
    let verify = signer.key.verify_key();
    let seed = signer.key.seed();
    let sealed = seal_armored(seed.expose(), identity.recipients())?;
    let member = Member {
        version: 1,
        removed: None,
        recipients: identity.recipients().iter().map(ToString::to_string).collect(),
        groups: Vec::new(),
        verify: Some(verify),
        signing: Some(sealed),
    };
    let admins = AdminSet { version: 1, admins: BTreeMap::from([(signer.name.clone(), verify)]) };
    let with = (signer, config.created);
    let path = VaultPath::config();
    let bytes = store::sign(config, &path, &config.vault, with)?;
    stage.put(path, bytes);
    let path = VaultPath::admins(1);
    let bytes = store::sign(&admins, &path, &config.vault, with)?;
    stage.put(path, bytes);
    let path = VaultPath::member(&signer.name);
    let bytes = store::sign(&member, &path, &config.vault, with)?;
    stage.put(path, bytes);
    stage.put(VaultPath::gitignore(), GITIGNORE.into());
    stage.put(VaultPath::gitattributes(), GITATTRIBUTES.into());
    let mut pending = Pending::default();
    pending.add(format!("Create vault (admin {})", signer.name), &stage.paths());
    if config.commit == CommitMode::Auto {
        stage.put_local(PENDING, pending.render())?;
    }
    stage.write()?.publish()?;
    Ok(pending)
}

/// Opens the new vault as any command would, pins it, and makes the first audit line and commit.
fn record(
    ctx: &Context,
    (signer, identity): (&Signer, Identity),
    (lock, pending): (&Lock, &Pending),
) -> Result<()> {
    let opened = Opened::open_locked(ctx, lock)?;
    let caller = Caller { name: signer.name.clone(), identity: std::sync::Arc::new(identity) };
    let (name, asker) = (caller.name.clone(), Asker::Member(caller));
    let mut recorder = Recorder::open_locked(ctx, &opened, (&asker, lock))?;
    let _receipt = recorder.granted(&AuditAction::new(Op::INIT))?;
    if let Err(error) = opened.vault.save_pins(ctx.state.as_deref()) {
        ctx.front.note(&Note::NoPins { reason: error.to_string() });
    }
    if opened.vault.config().commit == CommitMode::Auto {
        commit(ctx, (&opened.vault, &name), recorder.chain(), pending);
    }
    Ok(())
}

/// Makes a repository where there is none; returns whether the vault lies inside another's.
fn prepare_repository(vault: &Path) -> Result<bool> {
    Ok(match git::locate(vault)? {
        Home::Own => false,
        Home::Inside { .. } => true,
        Home::None => {
            git::init(vault)?;
            false
        }
    })
}

/// The name given, or the first that fits of what git and the account call the user.
fn member_name(ctx: &Context, options: &InitOptions) -> Result<(MemberName, NameSource)> {
    if let Some(name) = &options.member {
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

fn identity(ctx: &Context, options: &InitOptions) -> Result<Key> {
    if let Some(file) = &options.generate_keyfile {
        return generate(ctx, file, options.passphrase);
    }
    match &ctx.identity {
        IdentitySource::Text(_) => existing(caller::load_source(ctx)?, None),
        IdentitySource::File(file) if !file.exists() => generate(ctx, file, options.passphrase),
        IdentitySource::File(file) => existing(caller::load_source(ctx)?, Some(file.clone())),
        IdentitySource::Default => {
            let home = ctx.home.as_ref().ok_or(Problem::NoIdentity { dir: None })?;
            let file = home.join(".authy").join("keys").join("master.key");
            if file.exists() {
                existing(caller::load(ctx, &file)?, Some(file))
            } else {
                generate(ctx, &file, options.passphrase)
            }
        }
    }
}

fn existing(identity: Identity, file: Option<PathBuf>) -> Result<Key> {
    let recipient = identity.recipients().first().map(ToString::to_string).unwrap_or_default();
    Ok(Key { identity, recipient, file, created: false })
}

/// Makes an identity file; one that exists is never overwritten.
fn generate(ctx: &Context, file: &Path, passphrase: bool) -> Result<Key> {
    let (identity, text) = Identity::generate(&Stamp::new(ctx.now).to_string());
    let bytes = if passphrase {
        let label = crate::name::printable(&file.to_string_lossy());
        let secret = ctx.front.new_passphrase(&label).ok_or(Problem::NoPassphrase)?;
        SecretBytes::new(seal_with_passphrase(text.expose(), &secret)?)
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

//! `init`: the vault, its first admin, an identity, a git repository, the first commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::access::{Caller, Principal};
use crate::audit::{Action, Op};
use crate::crypto::keys::random_id;
use crate::crypto::sign::SigningKey;
use crate::crypto::{Identity, Recipient};
use crate::fs::{self, FOLDERS, LocalFile, Lock, Root, Stage, VaultPath};
use crate::git::{self, Home};
use crate::kind::{Failure, Kind};
use crate::name::MemberName;
use crate::name::printable;
use crate::service::audit::Recorder;
use crate::service::base::{Context, LOCK_WAIT, Note, OpenVault, Pending, Result};
use crate::service::change::commit::commit;
use crate::service::identity::enroll::{self};
use crate::service::identity::{NameSource, Newcomer, refuse_always};
use crate::service::repository::{GITATTRIBUTES, GITIGNORE};
use crate::service::session::refuse_any_token;
use crate::store::{self, AdminSet, AuditMode, CommitMode, Config, FORMAT, Signer, Stamp};

/// How to make a vault.
#[derive(Debug, Clone, Default)]
pub struct InitOptions {
    /// The first admin.
    pub who: Newcomer,
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
    /// The copy of the identity that was made.
    pub backup: Option<PathBuf>,
    /// The first admin's recipient.
    pub recipient: String,
    /// The fingerprint of the first admin's verify key.
    pub fingerprint: String,
    /// Whether authy commits changes by itself.
    pub commits: bool,
}

/// Whether there is a vault already.
pub fn is_vault(ctx: &Context) -> bool {
    Root::new(ctx.vault.clone()).file(&VaultPath::config()).exists()
}

/// Makes a vault.
///
/// # Errors
/// A vault is there already, the identity cannot be used or made, the folder not written.
pub fn init(ctx: &Context, options: &InitOptions) -> Result<InitReport> {
    // A token belongs to a vault that is there already.
    refuse_any_token(ctx)?;
    let root = Root::new(ctx.vault.clone());
    store::refuse_old(&root)?;
    if is_vault(ctx) {
        return Err(InitError::Exists(ctx.vault.clone()).into());
    }
    refuse_half(&root)?;
    if let Some(branch) = git::fetched_with(root.path(), VaultPath::config().as_str()) {
        return Err(InitError::Fetched { vault: ctx.vault.clone(), branch }.into());
    }
    let (member, named_after) = enroll::name(ctx, &options.who)?;
    let key = enroll::identity(ctx, &options.who)?;
    // Nothing is made that nothing could be encrypted in.
    key.identity.recipients().iter().try_for_each(|one| one.ready(true))?;
    fs::make_folders(root.path())?;
    let lock = Lock::acquire(&root, LOCK_WAIT)?;
    fs::recover(&lock)?;
    if is_vault(ctx) {
        return Err(InitError::Exists(ctx.vault.clone()).into());
    }
    let inside = prepare_repository(ctx, &lock)?;
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
        sync: store::SyncMode::default(),
        subject: None,
        plugins: key.identity.recipients().iter().filter_map(Recipient::plugin).cloned().collect(),
        version: 0,
    };
    let signer = Signer { name: member.clone(), key: SigningKey::generate() };
    let pending = publish(Stage::new(&lock), &config, &signer, &key.identity)?;
    take_the_folder(ctx, &config.vault);
    enroll::remember(ctx, &config.vault, &key);
    record(ctx, &signer, key.identity, &lock, &pending)?;
    Ok(InitReport {
        vault: ctx.vault.clone(),
        id: config.vault,
        member,
        named_after,
        keyfile: key.file,
        keyfile_created: key.created,
        backup: key.backup,
        recipient: key.recipient,
        fingerprint: signer.key.verify_key().fingerprint(),
        commits: config.commit == CommitMode::Auto,
    })
}

/// Parts of a vault that has lost its settings are not to be overwritten.
fn refuse_half(root: &Root) -> Result<()> {
    let has_files = |folder: &str| {
        std::fs::read_dir(root.path().join(folder))
            .is_ok_and(|mut entries| entries.next().is_some())
    };
    match FOLDERS.into_iter().find(|one| has_files(one)) {
        Some(folder) => Err(InitError::Half { vault: root.path().to_owned(), folder }.into()),
        None => Ok(()),
    }
}

/// Makes the folder known for the new vault: `init` says so explicitly, where another
/// vault's files in the same folder would be refused. Saving the pins notes a failure.
fn take_the_folder(ctx: &Context, vault: &str) {
    if let (Some(base), Ok(folder)) = (&ctx.state, ctx.vault.canonicalize()) {
        let _ = store::remember_vault(base, &folder, vault);
    }
}

/// Makes the folder known for the vault that lies there now, whose id is `id`: somebody put it in
/// the place of the one that was there. Shows its admins, as the first time.
///
/// # Errors
/// There is none, or another one; an agent asks and nobody at the terminal agrees.
pub fn accept_vault(ctx: &Context, id: &str) -> Result<()> {
    refuse_always(ctx, "another vault here")?;
    if let Some(base) = &ctx.state {
        store::accept_vault(&Root::new(ctx.vault.clone()), base, id)?;
    }
    let opened = OpenVault::open(ctx)?;
    // Otherwise that is said by itself.
    if !opened.vault.is_first_use() {
        ctx.front.note(&opened.introduction());
    }
    Ok(())
}

/// Writes the vault's first files, all or nothing.
fn publish(
    mut stage: Stage,
    config: &Config,
    signer: &Signer,
    identity: &Identity,
) -> Result<Pending> {
    let verify = signer.key.verify_key();
    let member = enroll::member(&signer.key, identity.recipients())?;
    let admins = AdminSet { version: 1, admins: BTreeMap::from([(signer.name.clone(), verify)]) };
    let at = config.created;
    let path = VaultPath::config();
    let bytes = store::sign(config, &path, &config.vault, signer, at)?;
    stage.put(path, bytes);
    let path = VaultPath::admins(1);
    let bytes = store::sign(&admins, &path, &config.vault, signer, at)?;
    stage.put(path, bytes);
    let path = VaultPath::member(&signer.name);
    let bytes = store::sign(&member, &path, &config.vault, signer, at)?;
    stage.put(path, bytes);
    stage.put(VaultPath::gitignore(), GITIGNORE.into());
    stage.put(VaultPath::gitattributes(), GITATTRIBUTES.into());
    let mut pending = Pending::default();
    pending.add(format!("Create vault (admin {})", signer.name), &stage.paths());
    if config.commit == CommitMode::Auto {
        stage.put_local(LocalFile::Pending, pending.render());
    }
    stage.write()?.publish()?;
    Ok(pending)
}

/// Opens the new vault as any command would, pins it, and makes the first audit line and commit.
fn record(
    ctx: &Context,
    signer: &Signer,
    identity: Identity,
    lock: &Lock,
    pending: &Pending,
) -> Result<()> {
    let opened = OpenVault::open_locked(ctx, lock)?;
    let caller = Caller { name: signer.name.clone(), identity: std::sync::Arc::new(identity) };
    let (name, asker) = (caller.name.clone(), Principal::Member(caller));
    let mut recorder = Recorder::open_locked(ctx, &opened, &asker, lock)?;
    let _receipt = recorder.granted(&Action::new(Op::INIT))?;
    if let Err(error) = opened.vault.save_pins(ctx.state.as_deref()) {
        ctx.front.note(&Note::NoPins { reason: error.to_string() });
    }
    if opened.vault.config().commit == CommitMode::Auto {
        commit(ctx, &opened.vault, &name, recorder.chain(), pending);
    }
    Ok(())
}

/// Makes a repository where there is none; returns whether the vault lies inside another's, and is to be
/// committed with that. A home folder is no project: what people keep in git of it are settings.
fn prepare_repository(ctx: &Context, lock: &Lock) -> Result<bool> {
    let vault = ctx.vault.as_path();
    match git::locate(vault)? {
        Home::Own => return Ok(false),
        Home::Inside { work_tree } => {
            let home = ctx.home.as_ref().and_then(|home| home.canonicalize().ok());
            if home.as_ref() != Some(&work_tree) {
                return Ok(true);
            }
            let inside = vault.canonicalize().ok();
            let inside = inside.as_ref().and_then(|vault| vault.strip_prefix(&work_tree).ok());
            let folder = inside.unwrap_or(vault).to_owned();
            ctx.front.note(&Note::HomeIsRepository { folder });
        }
        Home::None => {}
    }
    let workshop = lock.workshop()?;
    let made = git::init(vault, &workshop);
    // Best effort: it is empty now, or the next recovery removes it.
    let _ = std::fs::remove_dir_all(workshop);
    made?;
    Ok(false)
}

/// What keeps a vault from being made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error("a vault exists already at '{}'", .0.display())]
    Exists(PathBuf),
    #[error("'{}' has '{folder}' of a vault, and no authy.toml", printable(&vault.to_string_lossy()))]
    Half { vault: PathBuf, folder: &'static str },
    #[error("'{branch}' has a vault, which is not checked out at '{}'", printable(&vault.to_string_lossy()))]
    Fetched { vault: PathBuf, branch: String },
}

impl Failure for InitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Exists(_) | Self::Fetched { .. } => Kind::Conflict,
            Self::Half { .. } => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Fetched { vault, branch } => {
                let name = branch.split_once('/').map_or(branch.as_str(), |(_, name)| name);
                let vault = git::quoted(vault);
                let name = git::quoted(Path::new(name));
                format!("check it out: git -C {vault} switch {name}; then 'authy join'")
            }
            Self::Exists(_) => "choose another folder with --vault".into(),
            Self::Half { .. } => {
                "bring it back with git, as in 'git checkout HEAD -- authy.toml', or choose another folder with --vault".into()
            },
        })
    }
}

//! Where the vault's repository is, found from the outside: a few `stat` calls, nothing opened.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::bstr::{BString, ByteSlice as _};
use gix::discover::repository::Path as Found;
use gix::discover::upwards;
use rustix::fs::{Mode, OFlags};

use super::error::GitError;
use super::kind::Kind;

/// How the vault lies to git's work trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// The vault is the root of a work tree, linked ones included.
    Own,
    /// The vault is a folder inside this work tree.
    Inside { work_tree: PathBuf },
    /// No work tree holds the vault.
    None,
}

/// Tells how `vault`, which need not exist yet, lies to git's work trees.
///
/// # Errors
/// [`GitError::Io`] where the folder cannot be reached, [`GitError::Gix`] where a repository above
/// it cannot be read.
pub(crate) fn locate(vault: &Path) -> Result<Home, GitError> {
    Ok(match Worktree::find(vault)? {
        None => Home::None,
        Some(place) if place.prefix.is_empty() => Home::Own,
        Some(place) => Home::Inside { work_tree: place.work_tree },
    })
}

/// A vault in a work tree.
#[derive(Debug, Clone)]
pub(super) struct Worktree {
    /// The vault's folder, without links.
    pub(super) vault: PathBuf,
    /// The root of the work tree.
    pub(super) work_tree: PathBuf,
    /// What belongs to this work tree alone: `HEAD`, `index`.
    pub(super) git_dir: PathBuf,
    /// What all work trees of the repository share: `objects`, `config`, `hooks`.
    pub(super) common_dir: PathBuf,
    /// The vault as git names it: empty, or segments that each end in `/`.
    pub(super) prefix: BString,
    /// Whether this user owns the folders of the repository.
    pub(super) is_owned: bool,
    kind: OnceLock<Kind>,
}

impl Worktree {
    /// Finds the work tree around `vault`.
    ///
    /// # Errors
    /// As [`locate`].
    pub(super) fn find(vault: &Path) -> Result<Option<Self>, GitError> {
        let (start, vault) = resolve(vault)?;
        // Variables that name a repository (GIT_DIR and the like) are left alone: in a hook they
        // speak of the hook's repository. GIT_CEILING_DIRECTORIES names none.
        let options = upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let _footing = Footing::find();
        let found = gix::discover::upwards_opts(&start, options.apply_environment());
        let (found, trust) = match found {
            Ok(found) => found,
            Err(error) if error.downcast_any_ref::<upwards::Error>().is_some() => return Ok(None),
            Err(error) => return Err(GitError::gix("look for a git repository")(error)),
        };
        let (git_dir, work_tree) = match found {
            Found::LinkedWorkTree { work_dir, git_dir } => (git_dir, work_dir),
            Found::WorkTree(work_dir) => (work_dir.join(".git"), work_dir),
            Found::Repository(_) => return Ok(None),
        };
        let Ok(inner) = vault.strip_prefix(&work_tree) else { return Ok(None) };
        let mut prefix = gix::path::into_bstr(inner)
            .map_err(GitError::gix("name the vault's folder"))?
            .into_owned();
        if prefix.split_str("/").any(|segment| segment == b".git") {
            return Ok(None);
        }
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let common_dir = common_dir(&git_dir)?;
        let is_owned = trust == gix::sec::Trust::Full;
        let kind = OnceLock::new();
        Ok(Some(Self { vault, work_tree, git_dir, common_dir, prefix, is_owned, kind }))
    }

    /// The index, whatever GIT_INDEX_FILE says.
    pub(super) fn index(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    /// Refuses a repository that git takes for none, because a power cut left an empty `HEAD`.
    ///
    /// # Errors
    /// [`GitError::NoHead`].
    pub(super) fn require_head(&self) -> Result<(), GitError> {
        let file = self.git_dir.join("HEAD");
        match file.metadata() {
            Ok(head) if head.len() == 0 => Err(GitError::NoHead { file }),
            _ => Ok(()),
        }
    }

    /// Whether jj drives the repository beside git: then HEAD is never on a branch, and jj takes in what is
    /// committed onto it (tried with 0.45 and 0.46).
    pub(super) fn is_jj(&self) -> bool {
        self.work_tree.join(".jj").is_dir()
    }

    /// Names a file of the vault as git does.
    pub(super) fn full(&self, path: &str) -> BString {
        let mut full = self.prefix.clone();
        full.extend_from_slice(path.as_bytes());
        full
    }

    /// Of which kind the repository is.
    pub(super) fn kind(&self) -> Kind {
        *self.kind.get_or_init(|| Kind::of(&self.common_dir))
    }

    /// The branch that is checked out, read without git; `None` where none is, or where its place is no
    /// file.
    pub(super) fn branch(&self) -> Option<String> {
        if self.kind().has_reftable {
            return None;
        }
        let head = std::fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        let name = head.strip_prefix("ref:")?.trim();
        name.starts_with("refs/heads/").then(|| name.to_owned())
    }
}

/// A folder to stand in while gix looks for a repository: it asks for the one that the process stands in,
/// though every path is absolute, and a shell may stand in one that was removed.
pub(super) struct Footing(Option<OwnedFd>);

impl Footing {
    pub(super) fn find() -> Self {
        if std::env::current_dir().is_ok() {
            return Self(None);
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let gone = rustix::fs::open(".", flags, Mode::empty()).ok();
        Self(gone.filter(|_| std::env::set_current_dir("/").is_ok()))
    }
}

impl Drop for Footing {
    fn drop(&mut self) {
        // Not one command of a program may run in another folder than it was started in.
        if let Some(gone) = &self.0 {
            let _ = rustix::process::fchdir(gone);
        }
    }
}

/// Returns the nearest folder that exists, and the vault, both without links.
fn resolve(vault: &Path) -> Result<(PathBuf, PathBuf), GitError> {
    let absolute = std::path::absolute(vault).map_err(GitError::io("find", vault))?;
    let existing = absolute.ancestors().find(|path| path.is_dir()).unwrap_or(&absolute);
    let start = existing.canonicalize().map_err(GitError::io("open", existing))?;
    let vault = match absolute.strip_prefix(existing) {
        Ok(rest) if !rest.as_os_str().is_empty() => start.join(rest),
        _ => start.clone(),
    };
    Ok((start, vault))
}

fn common_dir(git_dir: &Path) -> Result<PathBuf, GitError> {
    let pointer = git_dir.join("commondir");
    match gix::discover::path::from_plain_file_relative_to_file(&pointer) {
        None => Ok(git_dir.to_owned()),
        Some(read) => read.map_err(GitError::io("read", &pointer)),
    }
}

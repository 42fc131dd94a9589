//! Writing single files outside the journal: key files, the state directory, output files.
//!
//! Files of a vault are not written here: they go through a stage.

use std::ffi::OsStr;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;
use std::time::Duration;

use super::error::{FsError, Origin};
use super::folder::Folder;
use super::paths::{Root, VaultPath, is_lower_hex};
use super::random_name;

const TEMP_PREFIX: &str = ".authy-";
const TEMP_ENDING: &str = ".tmp";
/// Between its creation and its rename a temporary file is a few milliseconds old.
const ABANDONED: Duration = Duration::from_secs(600);

/// Creates a file that must not exist yet, with `mode`, and makes its parent folders. On Linux
/// it is there with all its bytes or not at all.
///
/// # Errors
/// [`FsError::Exists`] where anything stands there, a dangling link too; [`FsError::Io`].
pub(crate) fn create_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FsError> {
    let (folder, name) = place_of(path)?;
    folder.write_whole(name, bytes, mode)?;
    folder.sync()
}

/// Replaces a file, or creates it, by a rename; it is readable by its owner only (0600).
///
/// # Errors
/// [`FsError::NotRegular`] where a link, a device or a folder stands there; [`FsError::Io`].
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let (folder, name) = place_of(path)?;
    folder.refuse_special(name)?;
    remove_old_temps(&folder);
    let temp = format!("{TEMP_PREFIX}{}{TEMP_ENDING}", random_name());
    folder.write_new(&temp, bytes, 0o600)?;
    match folder.rename(&temp, &folder, name) {
        Ok(true) => folder.sync(),
        Ok(false) => Err(FsError::io("replace", path, io::ErrorKind::NotFound)),
        Err(error) => {
            // Best effort: the rename's error is the one to report.
            let _ = folder.remove(&temp);
            Err(error)
        }
    }
}

/// Replaces a file of somebody else's, or creates it (0644): whatever a link leads to, with the mode
/// that it has.
///
/// # Errors
/// As [`replace`].
pub(crate) fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mode = std::fs::metadata(&real).map_or(0o644, |meta| meta.permissions().mode() & 0o777);
    let (folder, name) = place_of(&real)?;
    folder.refuse_special(name)?;
    let temp = format!("{TEMP_PREFIX}{}{TEMP_ENDING}", random_name());
    folder.write_new(&temp, bytes, mode)?;
    // Whoever works as root leaves a file to its owner; nobody else can give one away.
    if let Ok(meta) = std::fs::metadata(&real) {
        let _ =
            std::os::unix::fs::chown(folder.path().join(&temp), Some(meta.uid()), Some(meta.gid()));
    }
    // What the user's mask took away from a file that had it.
    let whole =
        std::fs::set_permissions(folder.path().join(&temp), std::fs::Permissions::from_mode(mode));
    let moved = whole
        .map_err(|error| FsError::io("write", &real, error))
        .and_then(|()| folder.rename(&temp, &folder, name));
    match moved {
        Ok(true) => folder.sync(),
        Ok(false) => Err(FsError::io("replace", &real, io::ErrorKind::NotFound)),
        Err(error) => {
            // Best effort: the error of the rename is the one to report.
            let _ = folder.remove(&temp);
            Err(error)
        }
    }
}

/// Makes a link where nothing stands, and the folders above it.
///
/// # Errors
/// [`FsError::Io`], where anything stands there too.
pub(crate) fn link_new(link: &Path, to: &Path) -> Result<(), FsError> {
    if let Some(folder) = link.parent() {
        make_folders(folder)?;
    }
    std::os::unix::fs::symlink(to, link).map_err(|error| FsError::io("make the link", link, error))
}

/// Removes the temporary files of writers that were killed. Best effort: they are no harm but
/// to whoever looks into the folder, or where they are the copy that a `resolve` began.
fn remove_old_temps(folder: &Folder) {
    remove_older(folder.path(), ABANDONED, |name| {
        let random = name.strip_prefix(TEMP_PREFIX).and_then(|name| name.strip_suffix(TEMP_ENDING));
        random.is_some_and(is_lower_hex)
    });
}

/// Removes the regular files of a folder, not below it, that are older than `age` and whose names
/// `is_ours` knows. Best effort.
pub(crate) fn remove_older(folder: &Path, age: Duration, is_ours: impl Fn(&str) -> bool) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_old = || {
            let file = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            file.modified().ok()?.elapsed().ok().map(|elapsed| elapsed > age)
        };
        if entry.file_name().to_str().is_some_and(&is_ours) && is_old() == Some(true) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Adds whole lines to a file that is this user's only (0600); what a crash left of a line ends first.
/// They are not flushed: whoever needs them after a power cut has to do without the last ones.
///
/// # Errors
/// [`FsError::Io`].
pub(crate) fn append_lines(path: &Path, lines: &[u8]) -> Result<(), FsError> {
    let failed = |error| FsError::io("write", path, error);
    let flags = rustix::fs::OFlags::NOFOLLOW.bits();
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(i32::try_from(flags).unwrap_or_default())
        .open(path)
        .map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut last = [b'\n'];
    if let Some(at) = length.checked_sub(1) {
        file.read_exact_at(&mut last, at).map_err(failed)?;
    }
    let begin: &[u8] = if last == [b'\n'] { b"" } else { b"\n" };
    file.write_all(&[begin, lines].concat()).map_err(failed)
}

/// Puts a file of a vault where it belongs, unless it lies there already as it is: what is told
/// elsewhere too, so that no journal is needed. True where it was written.
///
/// # Errors
/// As [`Reader::read`](super::Reader::read).
pub(crate) fn keep(root: &Root, path: &VaultPath, bytes: &[u8]) -> Result<bool, FsError> {
    let Some(vault) = Folder::open(root.path(), Origin::Vault)? else {
        return Err(FsError::io("open", root.path(), io::ErrorKind::NotFound));
    };
    let found = |folder: &Folder, name: &str| match folder.read(name, bytes.len()) {
        Err(FsError::TooLarge { .. }) => Ok(Some(Vec::new())),
        found => found,
    };
    let found = vault.at(path.as_str(), found)?.flatten();
    if found.as_deref() == Some(bytes) {
        return Ok(false);
    }
    let folders: Vec<&Path> = Path::new(path.as_str()).ancestors().skip(1).collect();
    let made = folders.iter().filter(|folder| !vault.path().join(folder).exists());
    // The names of new folders stand in the ones above them.
    let above: Vec<_> = made.filter_map(|folder| folder.parent()).collect();
    let mode = if path.is_public() { 0o644 } else { 0o600 };
    vault.at_made(path.as_str(), |folder, name| {
        if found.is_none() {
            folder.write_whole(name, bytes, mode)?;
            return folder.sync();
        }
        let temp = format!("{TEMP_PREFIX}{}{TEMP_ENDING}", random_name());
        folder.write_new(&temp, bytes, mode)?;
        if let Err(error) = folder.rename(&temp, folder, name) {
            // Best effort: the rename's error is the one to report.
            let _ = folder.remove(&temp);
            return Err(error);
        }
        folder.sync()
    })?;
    for folder in above {
        open(&vault.path().join(folder))?.sync()?;
    }
    Ok(true)
}

/// Makes a folder and the ones above it that are missing, for their owner only (0700).
///
/// # Errors
/// [`FsError::NotFolder`] where something else stands in the way; [`FsError::Io`].
pub(crate) fn make_folders(path: &Path) -> Result<(), FsError> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).collect();
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => open(parent_of(folder))?.sync()?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(FsError::io("make the folder", folder, error)),
        }
    }
    open(path).map(drop)
}

/// Writes a file that only spares work, and its folder where that is missing. Best effort:
/// without it the work is done again.
pub(crate) fn remember(path: &Path, bytes: &[u8]) {
    if let Some(folder) = path.parent() {
        let _ = make_folders(folder).and_then(|()| replace(path, bytes));
    }
}

/// As [`remember`], and not even flushed: whoever reads it after a power cut, or after a crash, has to see
/// where it is not whole, and to do without it.
pub(crate) fn jot(path: &Path, bytes: &[u8]) {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut file = OpenOptions::new();
    file.write(true).create(true).truncate(true).mode(0o600).custom_flags(flags);
    let _ = file.open(path).and_then(|mut file| file.write_all(bytes));
}

/// Removes a file; a missing one is fine.
///
/// # Errors
/// [`FsError::Io`].
pub(crate) fn remove_file(path: &Path) -> Result<(), FsError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FsError::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// The open folder that holds `path`, made if missing, and the file's name in it.
fn place_of(path: &Path) -> Result<(Folder, &OsStr), FsError> {
    let name =
        path.file_name().ok_or_else(|| FsError::io("write", path, io::ErrorKind::InvalidInput))?;
    let parent = parent_of(path);
    make_folders(parent)?;
    Ok((open(parent)?, name))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn open(path: &Path) -> Result<Folder, FsError> {
    Folder::open(path, Origin::Outside)?
        .ok_or_else(|| FsError::io("open", path, io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use super::{create_new, make_folders, replace};
    use crate::fs::{FsError, mode_of};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_key_file_and_its_folders_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/master.key");
        create_new(&path, b"key", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"key");
        assert_eq!(mode_of(&path).unwrap(), Some(0o600));
        assert_eq!(mode_of(&folder.path().join("a")).unwrap(), Some(0o700));
        assert_eq!(mode_of(&folder.path().join("a/b")).unwrap(), Some(0o700));
    }

    #[test]
    fn a_new_file_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, b"old").unwrap();
        symlink(folder.path().join("nowhere"), &link).unwrap();
        for path in [&file, &link] {
            let error = create_new(path, b"new", 0o600).unwrap_err();
            assert!(matches!(error, FsError::Exists { .. }), "{error}");
            assert_eq!(error.kind(), Kind::Conflict);
        }
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert!(!folder.path().join("nowhere").exists());
    }

    #[test]
    fn a_replaced_file_is_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/pins");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(mode_of(&path).unwrap(), Some(0o600));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_writer_left_behind_goes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let hour = std::time::Duration::from_secs(3600);
        let before = std::time::SystemTime::now() - hour;
        let old = [".authy-0123456789abcdef.tmp", ".authy-mine.tmp", "authy.tmp"];
        for name in old {
            fs::File::create(at(name)).unwrap().set_modified(before).unwrap();
        }
        fs::write(at(".authy-fedcba9876543210.tmp"), b"").unwrap();
        replace(&at("pins"), b"one").unwrap();
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".authy-fedcba9876543210.tmp", ".authy-mine.tmp", "authy.tmp", "pins"]);
    }

    #[test]
    fn links_devices_and_folders_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (link, sub) = (folder.path().join("link"), folder.path().join("sub"));
        symlink("/dev/null", &link).unwrap();
        fs::create_dir(&sub).unwrap();
        for path in [&link, &sub] {
            let error = replace(path, b"x").unwrap_err();
            assert!(matches!(error, FsError::NotRegular { .. }), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_in_the_way_of_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(make_folders(&file).is_err());
        assert!(create_new(&file.join("x"), b"", 0o600).is_err());
        assert!(create_new(&folder.path().join(".."), b"", 0o600).is_err());
    }
}

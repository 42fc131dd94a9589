//! Whether somebody who wants another program could have put it where one lies.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// Bits of a mode that let others than the owner write.
const OTHERS_WRITE: u32 = 0o022;

/// Whether a program can be started from `path`: a file that the calling user may execute.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file() && accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

/// Whether the calling user can change neither the file at `path`, nor what it links to, nor
/// any folder on the way: then it is what the system's administrator installed.
///
/// For root, who can write everywhere, whatever belongs to root and only root may write
/// counts as guarded.
pub(crate) fn is_guarded(path: &Path) -> bool {
    let as_found = path.is_absolute() && is_chain_guarded(path);
    as_found && path.canonicalize().is_ok_and(|real| real == path || is_chain_guarded(&real))
}

fn is_chain_guarded(path: &Path) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    path.ancestors().all(|part| match part.metadata() {
        // A sticky folder keeps others from replacing what is not theirs, not from adding.
        Ok(found) if is_root => found.uid() == 0 && found.mode() & OTHERS_WRITE == 0,
        Ok(_) => accessat(CWD, part, Access::WRITE_OK, AtFlags::EACCESS).is_err(),
        Err(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::is_guarded;
    use std::path::Path;

    #[test]
    fn what_the_system_installed_is_guarded_and_what_the_user_can_write_is_not() {
        let sh = Path::new("/bin/sh").canonicalize().unwrap();
        assert!(is_guarded(&sh));
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("sh");
        std::fs::copy(&sh, &own).unwrap();
        assert!(!is_guarded(&own));
        std::fs::remove_file(&own).unwrap();
        // A link to a guarded program can be turned.
        std::os::unix::fs::symlink(&sh, &own).unwrap();
        assert!(!is_guarded(&own));
        assert!(!is_guarded(Path::new("sh")) && !is_guarded(Path::new("/no/such/program")));
    }
}

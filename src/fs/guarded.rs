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
/// any folder on the way: then it is what the system's administrator installed. What belongs
/// to the user can be made writable again, so it never counts.
///
/// For root, who can write everywhere, whatever belongs to root and only root may write
/// counts as guarded.
pub(crate) fn is_guarded(path: &Path) -> bool {
    let as_found = path.is_absolute() && is_chain_guarded(path);
    as_found && path.canonicalize().is_ok_and(|real| real == path || is_chain_guarded(&real))
}

fn is_chain_guarded(path: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    path.ancestors().all(|part| {
        let is_writable = || accessat(CWD, part, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
        part.metadata()
            .is_ok_and(|found| is_kept_from(user, found.uid(), found.mode(), is_writable))
    })
}

/// Whether `user` can change what has this owner and this mode.
fn is_kept_from(user: u32, owner: u32, mode: u32, is_writable: impl Fn() -> bool) -> bool {
    match user {
        // A sticky folder keeps others from replacing what is not theirs, not from adding.
        0 => owner == 0 && mode & OTHERS_WRITE == 0,
        _ => owner != user && !is_writable(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_guarded, is_kept_from};
    use std::path::Path;

    #[test]
    fn what_belongs_to_the_user_or_can_be_written_is_not_kept_from_him() {
        let (can, cannot) = (|| true, || false);
        assert!(is_kept_from(1000, 0, 0o755, cannot));
        assert!(!is_kept_from(1000, 0, 0o775, can));
        // Its owners give themselves back what the mode denies them.
        assert!(!is_kept_from(1000, 1000, 0o555, cannot));
        assert!(is_kept_from(0, 0, 0o755, can));
        assert!(!is_kept_from(0, 1000, 0o755, can) && !is_kept_from(0, 0, 0o775, can));
    }

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

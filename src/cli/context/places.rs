//! Where things lie for this user: home, state, what stands in for it.

use std::path::PathBuf;

use super::CliEnv;

impl CliEnv {
    /// `HOME`, or where it is not set at all the account's home, as git does it.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        if self.variable("HOME").is_some() {
            return self.path("HOME");
        }
        self.account_home.get_or_init(account_home).clone()
    }

    /// Where a run is recorded whose home folder cannot be written: by this user's number, as
    /// the folder may be everybody's. In the strictest sandboxes memory alone can be written.
    pub(super) fn makeshift(&self) -> Vec<PathBuf> {
        let user = format!("authy-state-{}", rustix::process::geteuid().as_raw());
        let runtime = self.path("XDG_RUNTIME_DIR").filter(|path| path.is_absolute());
        let temporary = self.path("TMPDIR").unwrap_or_else(|| "/tmp".into());
        let folders = runtime.into_iter().chain([temporary, "/dev/shm".into()]);
        folders.map(|folder| folder.join(&user)).collect()
    }

    pub(crate) fn state(&self) -> Option<PathBuf> {
        // The XDG specification: a path that is not absolute is to be ignored.
        let absolute = |path: &PathBuf| path.is_absolute();
        self.path("AUTHY_STATE_DIR")
            .or_else(|| Some(self.path("XDG_STATE_HOME").filter(absolute)?.join("authy")))
            .or_else(|| Some(self.home()?.join(".local/state/authy")))
    }
}

fn account_home() -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten()?;
    Some(user.dir).filter(|home| home.is_absolute())
}

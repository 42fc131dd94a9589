//! Where the vault, the identity and the token come from: flag, environment, project file.

use std::path::{Component, Path, PathBuf};

use authy::{IdentitySource, OnceIdentity, ProjectFile, RUN_KEYFILE, TokenSource};

use super::CliEnv;
use crate::cli::agent::{self, LostToken};
use crate::cli::error::Failure;

/// The name of the credential of systemd that is an identity.
const CREDENTIAL: &str = "authy-identity";

impl CliEnv {
    /// Finds the session token: flag, variables, those of a process above, project file.
    pub(super) fn token(
        &self,
        project: Option<&ProjectFile>,
    ) -> Result<Option<TokenSource>, Failure> {
        let file = |path: PathBuf| Some(TokenSource::File(self.expanded(path)));
        if let Some(path) = &self.global.token_file {
            return Ok(file(path.clone()));
        }
        if let Some(token) = self.secret("AUTHY_TOKEN") {
            return Ok(Some(TokenSource::Text(token)));
        }
        let named = self.variable("AUTHY_TOKEN_FILE");
        if let Some(path) = named.as_ref().filter(|path| !path.is_empty()) {
            return Ok(file(path.into()));
        }
        match agent::lost_token(self.above()) {
            Some(LostToken::Itself) => return Ok(Some(TokenSource::Lost)),
            Some(LostToken::File(path)) => return Ok(file(path)),
            None => {}
        }
        // Whoever passes variables on may pass one that it does not have: no reason to use an
        // identity.
        if named.is_some() {
            return Ok(Some(TokenSource::NoFile));
        }
        if let Some((project, path)) =
            project.and_then(|file| Some((file, file.token_file.clone()?)))
        {
            self.must_be_allowed(project, "names a token file")?;
            return Ok(file(path));
        }
        Ok(None)
    }

    pub(super) fn vault(&self, project: Option<&ProjectFile>) -> Result<PathBuf, Failure> {
        if let Some(vault) = self.global.vault.clone().or_else(|| self.path("AUTHY_VAULT")) {
            return Ok(self.named_vault(&vault)?.unwrap_or(vault));
        }
        if let Some((file, vault)) = project.and_then(|file| Some((file, file.vault.clone()?))) {
            if !authy::vault_is_known(self.state().as_deref(), &vault) {
                self.must_be_allowed(file, "names a vault that is new to this machine")?;
            }
            return Ok(vault);
        }
        self.home().map(|home| home.join(".authy")).ok_or(Failure::NoHome)
    }

    /// The folder of a vault that is given by a name: a word that is no path, and that the user's
    /// configuration has.
    fn named_vault(&self, word: &Path) -> Result<Option<PathBuf>, Failure> {
        let Some(name) = word.to_str().filter(|word| !word.contains('/') && !word.starts_with('.'))
        else {
            return Ok(None);
        };
        let absolute = |path: &PathBuf| path.is_absolute();
        let folder = self.path("XDG_CONFIG_HOME").filter(absolute);
        let Some(folder) = folder.or_else(|| Some(self.home()?.join(".config"))) else {
            return Ok(None);
        };
        let file = folder.join("authy/config.toml");
        Ok(authy::named_vault(&file, self.home().as_deref(), name)?)
    }

    pub(super) fn identity(
        &self,
        project: Option<&ProjectFile>,
    ) -> Result<IdentitySource, Failure> {
        if let Some(once) = self.once.get() {
            return Ok(IdentitySource::Once(once.clone()));
        }
        let once = |identity: OnceIdentity| {
            Ok(IdentitySource::Once(self.once.get_or_init(|| identity).clone()))
        };
        if let Some(line) = &self.global.identity_command {
            return once(OnceIdentity::of_command(line.clone()));
        }
        if let Some(file) = self.global.keyfile.clone().or_else(|| self.path("AUTHY_KEYFILE")) {
            let file = self.expanded(file);
            return match is_stream(&file) {
                true => once(OnceIdentity::of_stream(file)),
                false => Ok(IdentitySource::File(file)),
            };
        }
        if let Some(identity) = self.secret("AUTHY_IDENTITY") {
            return Ok(IdentitySource::Text(identity));
        }
        if let Some(line) = self.variable("AUTHY_IDENTITY_COMMAND").filter(|line| !line.is_empty())
        {
            return once(OnceIdentity::of_command(line));
        }
        if let Some(file) = self.path(RUN_KEYFILE) {
            return Ok(IdentitySource::File(file));
        }
        // systemd.exec(5), "Credentials": files that a service alone may read.
        let credentials = self.path("CREDENTIALS_DIRECTORY").filter(|path| path.is_absolute());
        let credential = credentials.map(|folder| folder.join(CREDENTIAL));
        if let Some(file) = credential.filter(|file| file.exists()) {
            return once(OnceIdentity::of_stream(file));
        }
        if let Some((file, key)) = project.and_then(|file| Some((file, file.keyfile.clone()?))) {
            if !self.is_own_key(&key) {
                self.must_be_allowed(file, "names an identity outside ~/.authy/keys")?;
            }
            return Ok(IdentitySource::File(key));
        }
        Ok(IdentitySource::Default)
    }

    /// Tells whether the path leads into the user's own folder of identities.
    pub(super) fn is_own_key(&self, key: &Path) -> bool {
        let direct = key.components().all(|part| part != Component::ParentDir);
        direct && self.home().is_some_and(|home| key.starts_with(home.join(".authy/keys")))
    }
}

/// Whether a path is a descriptor that somebody opened for this process, or a pipe.
fn is_stream(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let is_descriptor = ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"]
        .iter()
        .any(|start| path.as_os_str().as_encoded_bytes().starts_with(start.as_bytes()));
    is_descriptor || std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo())
}

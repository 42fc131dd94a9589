//! The world around the command: the one place that reads the environment.
//!
//! Flags come before the environment, that before `.authy.toml`, that before defaults.
//! A project file that nobody allowed gives a scope and naming to typed commands, and
//! nothing that opens another vault, another identity or sets variables of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use authy::{Context, IdentitySource, InjectRequest, Naming, ProjectFile, ScopeName, SecretBytes};
use time::OffsetDateTime;

use super::Global;
use super::error::Failure;
use super::front::Person;
use super::ui::Ui;

/// Flags and environment, before they are resolved.
pub(crate) struct World {
    global: Global,
    ui: Ui,
}

impl World {
    /// Keeps the flags.
    pub(crate) fn new(global: Global, ui: Ui) -> Self {
        Self { global, ui }
    }

    /// Where output goes.
    pub(crate) fn ui(&self) -> Ui {
        self.ui
    }

    /// Whether `--json` was given.
    pub(crate) fn json(&self) -> bool {
        self.global.json
    }

    /// Whether a person may be asked.
    pub(crate) fn may_ask(&self) -> bool {
        let quiet = variable("AUTHY_NON_INTERACTIVE").is_some_and(|value| value == "1");
        !self.global.no_input && !quiet
    }

    /// The project file at or above the current folder.
    ///
    /// # Errors
    /// It is there and cannot be understood.
    pub(crate) fn project(&self) -> Result<Option<ProjectFile>, Failure> {
        match std::env::current_dir() {
            Ok(folder) => Ok(authy::find_project(&folder, home().as_deref())?),
            Err(_) => Ok(None),
        }
    }

    /// Resolves flags, environment and project file for a command.
    ///
    /// # Errors
    /// The project file cannot be understood or wants what nobody allowed.
    pub(crate) fn context(&self) -> Result<Context, Failure> {
        let project = self.project()?;
        let vault = self.vault(project.as_ref())?;
        let identity = self.identity(project.as_ref())?;
        self.build(vault, identity)
    }

    /// As [`World::context`], but without obeying a project file.
    ///
    /// # Errors
    /// `AUTHY_SCOPE` is no name.
    pub(crate) fn context_without_project(&self) -> Result<Context, Failure> {
        self.build(self.vault(None)?, self.identity(None)?)
    }

    fn build(&self, vault: PathBuf, identity: IdentitySource) -> Result<Context, Failure> {
        let passphrase = secret("AUTHY_PASSPHRASE");
        Ok(Context {
            vault,
            home: home(),
            state: state(),
            identity,
            token: secret("AUTHY_TOKEN"),
            confined: confined()?,
            user: variable("USER").or_else(|| variable("LOGNAME")).and_then(text),
            now: OffsetDateTime::now_utc(),
            front: Box::new(Person { ui: self.ui, passphrase, may_ask: self.may_ask() }),
        })
    }

    /// The scope of a typed command: the flag, `AUTHY_SCOPE`, or the project file's.
    ///
    /// # Errors
    /// The project file cannot be understood, `AUTHY_SCOPE` is no name.
    pub(crate) fn scope(&self, flag: Option<ScopeName>) -> Result<Option<ScopeName>, Failure> {
        if flag.is_some() {
            return Ok(flag);
        }
        match confined()? {
            Some(scope) => Ok(Some(scope)),
            None => Ok(self.project()?.and_then(|file| file.scope)),
        }
    }

    /// Naming, scope and templates for `run`, `env` and `export`.
    ///
    /// # Errors
    /// The project file maps variables and nobody allowed it.
    pub(crate) fn request(&self, flags: InjectFlags) -> Result<InjectRequest, Failure> {
        let scope = self.scope(flags.scope)?;
        let file = self.project()?;
        let mut templates = Vec::new();
        if let Some(file) = file.as_ref().filter(|file| !file.env.is_empty()) {
            if !allowed(file) {
                return Err(not_allowed(file, "maps variables in [env]"));
            }
            templates = file.env.clone().into_iter().collect();
        }
        let from_file = |pick: fn(&ProjectFile) -> Option<bool>| file.as_ref().and_then(pick);
        let naming = Naming {
            uppercase: flags.uppercase || from_file(|file| file.uppercase).unwrap_or(false),
            replace_dash: flags
                .replace_dash
                .or_else(|| file.as_ref().and_then(|file| file.replace_dash)),
            prefix: flags
                .prefix
                .or_else(|| file.as_ref().and_then(|file| file.prefix.clone()))
                .unwrap_or_default(),
        };
        Ok(InjectRequest { scope, naming, only: flags.only, templates })
    }

    fn vault(&self, project: Option<&ProjectFile>) -> Result<PathBuf, Failure> {
        if let Some(vault) = self.global.vault.clone().or_else(|| path("AUTHY_VAULT")) {
            return Ok(vault);
        }
        if let Some((file, vault)) = project.and_then(|file| Some((file, file.vault.clone()?))) {
            if !allowed(file) && !authy::vault_is_known(state().as_deref(), &vault) {
                return Err(not_allowed(file, "names a vault that this machine does not know"));
            }
            return Ok(vault);
        }
        match home() {
            Some(home) => Ok(home.join(".authy")),
            None => Err(Failure::usage("HOME is not set", "name the vault with --vault")),
        }
    }

    fn identity(&self, project: Option<&ProjectFile>) -> Result<IdentitySource, Failure> {
        if let Some(file) = self.global.keyfile.clone().or_else(|| path("AUTHY_KEYFILE")) {
            return Ok(IdentitySource::File(expand(file)));
        }
        if let Some(identity) = secret("AUTHY_IDENTITY") {
            return Ok(IdentitySource::Text(identity));
        }
        if let Some((file, key)) = project.and_then(|file| Some((file, file.keyfile.clone()?))) {
            if !is_own_key(&key) && !allowed(file) {
                return Err(not_allowed(file, "names an identity outside ~/.authy/keys"));
            }
            return Ok(IdentitySource::File(key));
        }
        Ok(IdentitySource::Default)
    }
}

/// What was typed about scope and naming.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct InjectFlags {
    /// Take the values that this policy allows
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Write variables in upper case: db-url becomes DB_URL
    #[arg(long)]
    uppercase: bool,
    /// Write this character for '-', '.' and '/' instead of '_'
    #[arg(long, value_name = "C")]
    replace_dash: Option<char>,
    /// Put this before every variable
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Take only secrets whose name matches this pattern; may be repeated
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
}

/// Whether the user allowed the file.
pub(crate) fn allowed(file: &ProjectFile) -> bool {
    authy::project_is_allowed(state().as_deref(), file)
}

fn not_allowed(file: &ProjectFile, what: &str) -> Failure {
    let path = authy::printable(&file.path.to_string_lossy());
    Failure::denied(
        format!("'{path}' {what} and is not allowed"),
        "look at it, then run 'authy allow'",
    )
}

/// Whether the key lies in the user's own folder of identities.
fn is_own_key(key: &Path) -> bool {
    let plain = key.components().all(|part| !matches!(part, std::path::Component::ParentDir));
    plain && home().is_some_and(|home| key.starts_with(home.join(".authy").join("keys")))
}

/// A leading `~/` that no shell expanded.
fn expand(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

fn confined() -> Result<Option<ScopeName>, Failure> {
    let scope = variable("AUTHY_SCOPE").filter(|value| !value.is_empty()).and_then(text);
    Ok(scope.map(|scope| ScopeName::parse(&scope)).transpose()?)
}

fn home() -> Option<PathBuf> {
    path("HOME")
}

fn state() -> Option<PathBuf> {
    path("AUTHY_STATE_DIR")
        .or_else(|| Some(path("XDG_STATE_HOME")?.join("authy")))
        .or_else(|| Some(home()?.join(".local").join("state").join("authy")))
}

fn path(name: &str) -> Option<PathBuf> {
    variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn secret(name: &str) -> Option<SecretBytes> {
    variable(name).map(|value| SecretBytes::new(value.into_encoded_bytes()))
}

fn text(value: OsString) -> Option<String> {
    value.into_string().ok()
}

/// A variable of this process.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

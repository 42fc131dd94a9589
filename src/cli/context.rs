//! The environment of the command: the one place that reads variables.
//!
//! Flags come before the environment, that before `.authy.toml`, that before the vault. A
//! project file that nobody allowed gives scope and naming to typed commands; it opens no
//! vault this machine does not know, no identity outside `~/.authy/keys`, and sets no
//! variables.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use authy::{
    AgentAtWork, Context, EditorChoice, IdentitySource, OnceIdentity, PluginAccess, ProjectFile,
    ScopeName, SecretBytes, Unseen,
};
use time::OffsetDateTime;

use super::Global;
use super::agent::{self, Above, Confinement};
use super::ask::{FrontOfPerson, Person};
use super::error::Failure;
use super::ui::Ui;
use crate::front::expanded;

mod places;
mod sources;
#[cfg(test)]
mod tests;

/// Looks a variable up.
type Variables = Box<dyn Fn(&str) -> Option<OsString>>;

/// Flags and environment, resolved only as far as a command asks.
pub(crate) struct CliEnv {
    global: Global,
    ui: Ui,
    now: OffsetDateTime,
    folder: Option<PathBuf>,
    variables: Variables,
    /// Read once: what was judged is what is obeyed.
    project: OnceCell<Option<ProjectFile>>,
    /// What is above this process; looked at once, and by nobody who need not know.
    above: Rc<OnceCell<Above>>,
    /// An identity that can be read once, by whichever context comes first.
    once: OnceCell<OnceIdentity>,
    /// Asked only where it can matter: it may be a question to the network.
    account_home: OnceCell<Option<PathBuf>>,
    /// Passphrases that were typed: nobody types one twice for one command.
    typed: Rc<RefCell<BTreeMap<String, SecretBytes>>>,
    /// Whether a change is here that the remote does not have, and is to be sent at once.
    unsent: Rc<Cell<Option<bool>>>,
}

impl CliEnv {
    /// Returns the environment of this process.
    pub(crate) fn new(global: Global, ui: Ui) -> Self {
        Self {
            global,
            ui,
            now: OffsetDateTime::now_utc(),
            folder: std::env::current_dir().ok(),
            variables: Box::new(|name| std::env::var_os(name)),
            project: OnceCell::new(),
            above: Rc::default(),
            once: OnceCell::new(),
            account_home: OnceCell::new(),
            typed: Rc::default(),
            unsent: Rc::default(),
        }
    }

    fn above(&self) -> &Above {
        self.above.get_or_init(Above::look)
    }

    /// Returns where output goes.
    pub(crate) fn ui(&self) -> Ui {
        self.ui
    }

    /// Returns the person at the terminal.
    pub(crate) fn person(&self) -> Person {
        let silent = self.variable("AUTHY_NON_INTERACTIVE").is_some_and(|value| value != "0");
        Person::new(self.ui, !self.global.no_input && !silent)
    }

    /// The index that git names to its hooks.
    pub(crate) fn git_index(&self) -> Option<PathBuf> {
        self.variable("GIT_INDEX_FILE").map(PathBuf::from)
    }

    /// Resolves flags, environment and project file.
    ///
    /// # Errors
    /// The project file cannot be understood, or wants what only an allowed one gets.
    pub(crate) fn context(&self) -> Result<Context, Failure> {
        let project = self.project()?;
        self.context_with(self.vault(project)?, self.identity(project)?, project)
    }

    /// As [`CliEnv::context`], for what asks nobody.
    ///
    /// # Errors
    /// As [`CliEnv::context`].
    pub(crate) fn context_unasked(&self) -> Result<Context, Failure> {
        let mut context = self.context()?;
        if let IdentitySource::Once(once) = context.identity {
            context.identity = IdentitySource::Once(once.unasked());
        }
        context.plugins = None;
        Ok(Context { front: self.front(Person::new(self.ui, false)), ..context })
    }

    /// Tells whether the person at the terminal does not want something removed. Where an agent is at
    /// work the library asks, and nobody is asked twice.
    /// Nobody is asked about what is not there either: the library says so.
    pub(crate) fn refuses(
        &self,
        ctx: &Context,
        is_there: impl FnOnce() -> bool,
        question: &str,
    ) -> bool {
        ctx.agent.is_none() && self.person().refuses(is_there, question)
    }

    /// The same with its identity open, so that a passphrase is asked for now and not later.
    ///
    /// # Errors
    /// As [`authy::open_identity`].
    #[allow(clippy::unused_self, reason = "what is asked for is asked for here")]
    pub(crate) fn unlocked(&self, ctx: Context) -> Result<Context, Failure> {
        let identity = IdentitySource::Open(authy::open_identity(&ctx)?.identity);
        Ok(Context { identity, ..ctx })
    }

    /// Everything is sent.
    pub(crate) fn is_sent(&self) {
        self.unsent.set(None);
    }

    /// Sends what the command changed, if the vault wants that, and says on a terminal if it is
    /// not sent. The change is done: what keeps it from being sent is no failure.
    pub(crate) fn send(&self) {
        match self.unsent.take() {
            Some(true) => {
                let sent = self.context().and_then(|ctx| {
                    authy::sync(&ctx, None, self.person().may_ask()).map_err(Failure::from)
                });
                match sent {
                    Ok(report) => self.ui.note(format_args!("sent to {}", report.remote)),
                    Err(error) => self.ui.note(format_args!("not sent: {error} (authy sync)")),
                }
            }
            Some(false) if std::io::stderr().is_terminal() => {
                self.ui.note("not sent yet: authy sync");
            }
            _ => {}
        }
    }

    /// How age plugins are started, for this person.
    fn plugins(&self, person: Person) -> PluginAccess {
        PluginAccess::new(self.program_path(), Arc::new(person))
    }

    /// The folders of programs.
    pub(crate) fn program_path(&self) -> OsString {
        self.variable("PATH").unwrap_or_default()
    }

    fn front(&self, person: Person) -> Box<FrontOfPerson> {
        Box::new(FrontOfPerson {
            person,
            passphrase: self.passphrase(),
            typed: Rc::clone(&self.typed),
            unsent: Rc::clone(&self.unsent),
            wrong: Cell::new(0),
            bar: RefCell::default(),
            told: RefCell::default(),
            above: Rc::clone(&self.above),
        })
    }

    /// Resolves flags and environment alone, for commands that judge the project file or
    /// have nothing to do with it.
    ///
    /// # Errors
    /// `AUTHY_SCOPE` is no scope; nothing says where the vault is.
    pub(crate) fn context_without_project(&self) -> Result<Context, Failure> {
        self.context_with(self.vault(None)?, self.identity(None)?, None)
    }

    /// Finds the project file of the current folder.
    ///
    /// # Errors
    /// It is there and cannot be understood.
    pub(crate) fn project(&self) -> Result<Option<&ProjectFile>, Failure> {
        if self.project.get().is_none() {
            let found = match &self.folder {
                Some(folder) => authy::find_project(folder, self.home().as_deref())?,
                None => None,
            };
            return Ok(self.project.get_or_init(|| found).as_ref());
        }
        Ok(self.project.get().and_then(Option::as_ref))
    }

    /// Finds the project file of a command that is about it.
    ///
    /// # Errors
    /// As [`CliEnv::project`]; there is none.
    pub(crate) fn the_project(&self) -> Result<&ProjectFile, Failure> {
        self.project()?.ok_or(Failure::NoProject)
    }

    /// Tells whether the user allowed the project file.
    pub(crate) fn allows(&self, file: &ProjectFile) -> bool {
        authy::project_is_allowed(self.state().as_deref(), file)
    }

    /// Insists that the user allowed the project file, because of `what` it does.
    ///
    /// # Errors
    /// [`Failure::NotAllowed`].
    pub(crate) fn must_be_allowed(
        &self,
        file: &ProjectFile,
        what: &'static str,
    ) -> Result<(), Failure> {
        match self.allows(file) {
            true => Ok(()),
            false => Err(Failure::NotAllowed { path: file.path.clone(), what }),
        }
    }

    /// Resolves the scope of a typed command.
    ///
    /// # Errors
    /// `AUTHY_SCOPE` is no scope; the project file cannot be understood.
    pub(crate) fn scope(&self, flag: Option<ScopeName>) -> Result<Option<ScopeName>, Failure> {
        match flag.map_or_else(|| self.confined(), |flag| Ok(Some(flag)))? {
            Some(scope) => Ok(Some(scope)),
            None => Ok(self.project()?.and_then(|file| file.scope.clone())),
        }
    }

    /// Resolves the scope of what other programs start: only an allowed project file has a say.
    ///
    /// # Errors
    /// As [`CliEnv::scope`].
    pub(crate) fn scope_of_its_own(
        &self,
        flag: Option<ScopeName>,
    ) -> Result<Option<ScopeName>, Failure> {
        match flag.map_or_else(|| self.confined(), |flag| Ok(Some(flag)))? {
            Some(scope) => Ok(Some(scope)),
            None => {
                let allowed = self.project()?.filter(|file| self.allows(file));
                Ok(allowed.and_then(|file| file.scope.clone()))
            }
        }
    }

    /// Returns the name of the program that started this one, shells passed over.
    pub(crate) fn starter(&self) -> Option<String> {
        self.above().starter().map(str::to_owned)
    }

    /// Returns the file in which a sealed run above tells its placeholders.
    pub(crate) fn sealed_run(&self) -> Option<PathBuf> {
        self.path("AUTHY_PLACEHOLDERS").filter(|path| path.is_absolute())
    }

    /// Returns the words about vault and credentials, for this program once more.
    #[cfg(feature = "mcp")]
    pub(crate) fn words_for_itself(&self) -> Vec<OsString> {
        let flags = [
            ("--vault", &self.global.vault),
            ("--keyfile", &self.global.keyfile),
            ("--token-file", &self.global.token_file),
        ];
        let given = flags.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?)));
        let given = given.map(|(flag, path)| (flag, path.as_os_str().to_owned()));
        let line = self.global.identity_command.clone();
        let line = line.into_iter().map(|line| ("--identity-command", line));
        given.chain(line).flat_map(|(flag, value)| [flag.into(), value]).collect()
    }

    /// As [`CliEnv::context`], now, for a client of the MCP server: an agent, whatever marks it.
    ///
    /// # Errors
    /// As [`CliEnv::context`].
    #[cfg(feature = "mcp")]
    pub(crate) fn context_for_client(&self, client: &str) -> Result<Context, Failure> {
        let mut context = self.context()?;
        context.now = OffsetDateTime::now_utc();
        let agent = context.agent.take().unwrap_or(AgentAtWork {
            marker: String::new(),
            has_scope_of_person: false,
            unseen: None,
        });
        context.agent = Some(AgentAtWork { marker: agent::of_client(client), ..agent });
        // The terminal, where there is one, is the client's.
        let nobody = Person::new(self.ui, false);
        context.plugins = Some(self.plugins(nobody));
        context.front = self.front(nobody);
        Ok(context)
    }

    /// As [`CliEnv::context`], for what OpenClaw itself starts: it marks that as it marks what its
    /// agents start.
    ///
    /// # Errors
    /// As [`CliEnv::context`].
    pub(crate) fn context_for_openclaw(&self) -> Result<Context, Failure> {
        let context = self.context()?;
        let is_its_own = agent::is_openclaw_itself(&*self.variables, self.above());
        Ok(Context { agent: context.agent.filter(|_| !is_its_own), ..context })
    }

    /// Returns the user's editor, and where a value may lie while it is edited.
    pub(crate) fn editor(&self) -> EditorChoice {
        let runtime = self.path("XDG_RUNTIME_DIR");
        EditorChoice {
            visual: self.variable("VISUAL"),
            editor: self.variable("EDITOR"),
            has_terminal: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
            memory_dirs: runtime.into_iter().chain([PathBuf::from("/dev/shm")]).collect(),
        }
    }

    /// Returns the environment that a child may inherit.
    #[allow(clippy::unused_self, reason = "the environment is asked for here and nowhere else")]
    pub(crate) fn inherited(&self) -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }

    /// `AUTHY_PASSPHRASE`.
    pub(crate) fn passphrase(&self) -> Option<SecretBytes> {
        self.secret("AUTHY_PASSPHRASE")
    }

    fn context_with(
        &self,
        vault: PathBuf,
        identity: IdentitySource,
        project: Option<&ProjectFile>,
    ) -> Result<Context, Failure> {
        let confined = self.confined()?;
        let scope = confined.as_ref().map(ScopeName::as_str);
        let agent = agent::agent(&*self.variables, self.above(), scope);
        let project_scope = || {
            let allowed = project.filter(|file| self.allows(file));
            allowed.and_then(|file| file.scope.clone())
        };
        Ok(Context {
            vault,
            home: self.home(),
            state: self.state(),
            makeshift: self.makeshift(),
            identity,
            token: self.token(project)?,
            agent: agent.map(|agent| AgentAtWork {
                marker: agent.marker,
                has_scope_of_person: agent.is_below_a_run,
                unseen: agent.is_out_of_sight.then(|| Unseen { project: project_scope() }),
            }),
            confined,
            now: self.now,
            plugins: Some(self.plugins(self.person())),
            front: self.front(self.person()),
        })
    }

    /// Returns what this account calls the user; containers often know none of it.
    pub(crate) fn logins(&self) -> Vec<String> {
        let variables = ["USER", "LOGNAME"].into_iter().filter_map(|name| self.variable(name));
        let account = || nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
        let mut logins: Vec<String> =
            variables.filter_map(|login| login.into_string().ok()).collect();
        // Asked only where it can matter: it may be a question to the network.
        if logins.iter().all(String::is_empty) {
            logins.extend(account().map(|account| account.name));
        }
        logins
    }

    /// Whether what fails may be explained to a person: one at a terminal, and no agent.
    pub(crate) fn is_for_person(&self) -> bool {
        let is_agent = agent::agent(&*self.variables, self.above(), None).is_some();
        !is_agent && std::io::stderr().is_terminal() && self.person().may_ask()
    }

    /// Whether the words or the environment say which vault is meant.
    pub(crate) fn names_vault(&self) -> bool {
        self.global.vault.is_some() || self.path("AUTHY_VAULT").is_some()
    }

    fn expanded(&self, path: PathBuf) -> PathBuf {
        expanded(path, self.home().as_deref())
    }

    /// Expands a `~/` in a word for a program, where that names a file and the word itself
    /// does not.
    pub(crate) fn word(&self, word: OsString) -> OsString {
        if !word.as_encoded_bytes().starts_with(b"~/") || Path::new(&word).exists() {
            return word;
        }
        let path = self.expanded(PathBuf::from(&word));
        if path.exists() { path.into_os_string() } else { word }
    }

    /// A scope that is not text confines too: it is an error, not the absence of a scope.
    pub(crate) fn confined(&self) -> Result<Option<ScopeName>, Failure> {
        let parse =
            |scope: OsString| ScopeName::parse(&scope.to_string_lossy()).map_err(Failure::Confined);
        match agent::confinement(&*self.variables, self.above()) {
            Confinement::Free => Ok(None),
            Confinement::To(scope) => parse(scope).map(Some),
            Confinement::Changed { own, above } => {
                Err(Failure::ScopeChanged { own: parse(own)?, above: parse(above)? })
            }
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    fn secret(&self, name: &str) -> Option<SecretBytes> {
        self.variable(name).map(|value| SecretBytes::new(value.into_encoded_bytes()))
    }

    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        (self.variables)(name)
    }
}

//! The program that `run` becomes: its words, its environment, and nothing of authy's.
//!
//! authy replaces itself, so signals, the exit code, the terminal and the process id are
//! the program's own. std resets the ignored SIGPIPE of a Rust program and the signal mask
//! on the way; signals that our parent chose to ignore (nohup) stay ignored.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process;

use super::environment::Environment;
use super::error::InjectError;
use super::memory::{self, MemFile};
use super::supervise::HelperCommand;
use crate::fs::is_program;
use crate::keyring::{self, KeyringError};
use crate::name::ScopeName;
use crate::secret::{RUN_KEYFILE, SecretBytes, WITHHELD};

/// What a clean environment keeps besides `LC_*`: enough to find programs, the user's
/// files, the terminal and the language.
const KEPT: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "COLORTERM",
    "LANG",
    "TZ",
    "TMPDIR",
    "PWD",
];

/// What an authy inside the program is to use.
#[derive(Debug, Clone, Default)]
pub(crate) enum HandOn {
    /// The identity that it finds by itself.
    #[default]
    Nothing,
    /// The identity in this file.
    Identity(PathBuf),
    /// This token: it reaches no more than the program was given, or could be.
    Token(SecretBytes),
    /// The token in this file.
    TokenFile(PathBuf),
    /// No token and, as there was one, no identity either.
    NoToken,
}

/// A program about to be run with values.
pub(crate) struct Command {
    /// The program and its arguments, passed untouched.
    pub(crate) argv: Vec<OsString>,
    /// What authy sets.
    pub(crate) environment: Environment,
    /// The caller's own environment.
    pub(crate) inherited: Vec<(OsString, OsString)>,
    /// Keeps only [`KEPT`] of what is inherited.
    pub(crate) clean_env: bool,
    /// The scope that authy commands inside the program are confined to, if any.
    pub(crate) scope: Option<ScopeName>,
    /// What keeps the files alive that the environment names.
    pub(crate) files: Vec<OwnedFd>,
    /// How an authy inside the program finds what gave access.
    pub(crate) hand_on: HandOn,
    /// Variables that have this value, or none, whatever else is set.
    pub(crate) fixed: Vec<(Cow<'static, str>, Option<OsString>)>,
}

impl Command {
    /// Gives the program files in memory, whose paths the variables hold.
    ///
    /// # Errors
    /// A variable cannot be set; the system has no such files.
    pub(crate) fn give_files(
        &mut self,
        files: &[(String, SecretBytes)],
        holder: &HelperCommand,
    ) -> Result<(), InjectError> {
        let Some((first, _)) = files.first() else { return Ok(()) };
        let failed = |variable: &str| {
            let variable = variable.to_owned();
            |source| InjectError::NoFile { variable, source }
        };
        let mut made = Vec::new();
        for (variable, content) in files {
            made.push((variable, MemFile::create(content).map_err(failed(variable))?));
        }
        // Once all of them are there: it holds what it inherits.
        let holder = memory::start_holder(holder).map_err(failed(first))?;
        for (variable, file) in made {
            self.environment.set(variable, SecretBytes::from(file.path(holder)))?;
            self.files.push(file.into_kept());
        }
        Ok(())
    }

    /// Replaces this process by the program; returns only where that fails.
    pub(crate) fn exec(self) -> InjectError {
        if let Err(source) = keyring::leave() {
            return self.within_reach(source);
        }
        match self.to_std() {
            Ok(mut command) => self.explain(command.exec()),
            Err(error) => error,
        }
    }

    /// Builds the command.
    ///
    /// # Errors
    /// [`InjectError::NoProgram`] without a first word.
    pub(super) fn to_std(&self) -> Result<process::Command, InjectError> {
        let (program, arguments) = self.argv.split_first().ok_or(InjectError::NoProgram)?;
        let mut command = process::Command::new(program);
        command.args(arguments);
        self.set_environment(&mut command);
        Ok(command)
    }

    /// Starts the program; one that is a script without `#!` is `sh`'s, as execvp(3) does it.
    ///
    /// # Errors
    /// [`InjectError`] where it cannot be started.
    pub(super) fn spawn(
        &self,
        connect: impl Fn(&mut process::Command) -> io::Result<()>,
    ) -> Result<process::Child, InjectError> {
        let start = |command: &mut process::Command| {
            match connect(command) {
                Ok(()) => keyring::apart(|| command.spawn()),
                Err(error) => Ok(Err(error)),
            }
            .map_err(|source| self.within_reach(source))
        };
        let failure = match start(&mut self.to_std()?)? {
            Ok(child) => return Ok(child),
            Err(failure) => failure,
        };
        let path = self.inherited.iter().find(|(name, _)| name == "PATH");
        match as_script(&self.argv, path.map(|(_, path)| path.as_os_str()), &failure) {
            Some(words) => {
                let mut command = process::Command::new(&words[0]);
                command.args(&words[1..]);
                self.set_environment(&mut command);
                start(&mut command)?.map_err(|source| self.explain(source))
            }
            None => Err(self.explain(failure)),
        }
    }

    /// Builds the command of `leader`, which is to start the program in turn.
    ///
    /// # Errors
    /// [`InjectError::NoProgram`] without a first word.
    pub(super) fn led_by(&self, leader: &HelperCommand) -> Result<process::Command, InjectError> {
        if self.argv.is_empty() {
            return Err(InjectError::NoProgram);
        }
        let mut command = process::Command::new(&leader.program);
        command.arg0("authy").arg(&leader.word).args(&self.argv);
        self.set_environment(&mut command);
        Ok(command)
    }

    fn set_environment(&self, command: &mut process::Command) {
        command.env_clear();
        for (variable, value) in &self.inherited {
            if self.passes(variable) {
                command.env(variable, value);
            }
        }
        for (variable, _, value) in self.environment.iter() {
            command.env(variable, OsStr::from_bytes(value.expose()));
        }
        for (variable, value) in &self.fixed {
            match value {
                Some(value) => command.env(&**variable, value),
                None => command.env_remove(&**variable),
            };
        }
        if let Some(scope) = &self.scope {
            command.env("AUTHY_SCOPE", scope.as_str());
        }
        match &self.hand_on {
            HandOn::Nothing => &mut *command,
            HandOn::Identity(file) => command.env(RUN_KEYFILE, file),
            HandOn::Token(token) => command.env("AUTHY_TOKEN", OsStr::from_bytes(token.expose())),
            HandOn::TokenFile(file) => command.env("AUTHY_TOKEN_FILE", file),
            HandOn::NoToken => command.env("AUTHY_TOKEN", ""),
        };
    }

    fn passes(&self, variable: &OsStr) -> bool {
        let is = |names: &[&str]| names.iter().any(|name| variable == *name);
        if is(&WITHHELD) {
            return false;
        }
        !self.clean_env || is(&KEPT) || variable.as_bytes().starts_with(b"LC_")
    }

    /// Says that what the session keeps unlocked would be within the program's reach.
    pub(super) fn within_reach(&self, source: KeyringError) -> InjectError {
        let program = self.argv.first().map(|word| word.to_string_lossy().into_owned());
        InjectError::WithinReach { program: program.unwrap_or_default(), source }
    }

    pub(super) fn explain(&self, source: io::Error) -> InjectError {
        match not_started(self.argv.first(), source) {
            InjectError::TooLarge { program, .. } => {
                InjectError::TooLarge { program, largest: self.largest() }
            }
            other => other,
        }
    }

    fn largest(&self) -> Option<String> {
        let largest = self.environment.iter().max_by_key(|(_, _, value)| value.len());
        largest.map(|(_, origin, _)| origin.to_string())
    }
}

/// The words that start a script which names no interpreter, where that is why starting it failed.
pub(super) fn as_script(
    argv: &[OsString],
    path: Option<&OsStr>,
    failure: &io::Error,
) -> Option<Vec<OsString>> {
    let is_script = failure.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    let (word, arguments) = argv.split_first().filter(|_| is_script)?;
    let file = if word.as_bytes().contains(&b'/') {
        word.clone()
    } else {
        let folders = path.into_iter().flat_map(std::env::split_paths);
        folders.map(|folder| folder.join(word)).find(|file| is_program(file))?.into()
    };
    Some([OsString::from("/bin/sh"), file].into_iter().chain(arguments.iter().cloned()).collect())
}

/// Says why `program` could not be started.
pub(super) fn not_started(program: Option<&OsString>, source: io::Error) -> InjectError {
    let program = program.map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    match source.kind() {
        io::ErrorKind::NotFound => InjectError::ProgramNotFound { program },
        io::ErrorKind::ArgumentListTooLong => InjectError::TooLarge { program, largest: None },
        _ => InjectError::ProgramNotExecutable { program, source },
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, HandOn};
    use crate::inject::environment::Environment;
    use crate::inject::error::InjectError;
    use crate::inject::naming::Naming;
    use crate::kind::Failure as _;
    use crate::name::{ScopeName, SecretName};
    use crate::secret::{SecretBytes, WITHHELD};
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    use std::{env, fs, process};

    fn command(argv: &[&str]) -> Command {
        let secrets = vec![(SecretName::parse("db-url").unwrap(), b"v\n\xff".to_vec().into())];
        let mut inherited: Vec<(OsString, OsString)> =
            [("LC_TIME", "C"), ("TERM", "dumb"), ("AUTHY_VAULT", "/v"), ("db_url", "old")]
                .map(|(name, value)| (name.into(), value.into()))
                .into();
        inherited.push(("PATH".into(), env::var_os("PATH").unwrap()));
        inherited.extend(WITHHELD.map(|name| (name.into(), "x".into())));
        Command {
            argv: argv.iter().map(OsString::from).collect(),
            environment: Environment::from_secrets(secrets, &Naming::default()).unwrap(),
            inherited,
            clean_env: false,
            scope: Some(ScopeName::parse("backend").unwrap()),
            hand_on: HandOn::Nothing,
            files: Vec::new(),
            fixed: Vec::new(),
        }
    }

    fn stdout(command: &Command) -> Vec<u8> {
        let output = command.to_std().unwrap().output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    /// The environment of a child, without PATH.
    fn seen(command: &Command) -> Vec<Vec<u8>> {
        let mut all: Vec<_> = stdout(command)
            .split(|&byte| byte == 0)
            .filter(|entry| !entry.is_empty() && !entry.starts_with(b"PATH="))
            .map(<[u8]>::to_vec)
            .collect();
        all.sort();
        all
    }

    #[test]
    fn the_child_gets_values_and_scope_but_no_credentials() {
        let all = seen(&command(&["env", "-0"]));
        let expected: [&[u8]; 5] = [
            b"AUTHY_SCOPE=backend",
            b"AUTHY_VAULT=/v",
            b"LC_TIME=C",
            b"TERM=dumb",
            b"db_url=v\n\xff",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn under_a_token_the_child_gets_an_empty_one() {
        let all = seen(&Command { hand_on: HandOn::NoToken, ..command(&["env", "-0"]) });
        assert!(all.contains(&b"AUTHY_TOKEN=".to_vec()));
        assert!(!all.iter().any(|entry| entry.starts_with(b"AUTHY_IDENTITY")));
    }

    #[test]
    fn what_gave_access_is_handed_on_in_its_own_way() {
        let with = |hand_on| seen(&Command { hand_on, ..command(&["env", "-0"]) });
        let token = with(HandOn::Token(b"authy_v1.x".to_vec().into()));
        assert!(token.contains(&b"AUTHY_TOKEN=authy_v1.x".to_vec()));
        let file = with(HandOn::TokenFile("/t".into()));
        assert!(file.contains(&b"AUTHY_TOKEN_FILE=/t".to_vec()));
        let identity = with(HandOn::Identity("/k".into()));
        assert!(identity.contains(&b"AUTHY_RUN_KEYFILE=/k".to_vec()));
        for withheld in [token, file, identity] {
            let has_key = |entry: &Vec<u8>| entry.starts_with(b"AUTHY_KEYFILE");
            assert!(!withheld.iter().any(has_key));
        }
    }

    #[test]
    fn a_clean_environment_keeps_the_user_and_the_terminal_only() {
        let all = seen(&Command { clean_env: true, ..command(&["env", "-0"]) });
        let expected: [&[u8]; 4] =
            [b"AUTHY_SCOPE=backend", b"LC_TIME=C", b"TERM=dumb", b"db_url=v\n\xff"];
        assert_eq!(all, expected);
    }

    #[test]
    fn words_pass_untouched() {
        let mut command = command(&["printf", "%s|", "--", "a b", "$HOME", "", "*"]);
        command.argv.push(OsString::from_vec(b"\xff'\"".to_vec()));
        assert_eq!(stdout(&command), b"--|a b|$HOME||*|\xff'\"|");
    }

    /// Why `command` does not start. An `exec` that fails would leave this process, and so the
    /// other tests, to die of SIGPIPE.
    fn refused(command: &Command) -> InjectError {
        match command.to_std() {
            Ok(mut std) => command.explain(std.spawn().unwrap_err()),
            Err(error) => error,
        }
    }

    #[test]
    fn failures_have_the_exit_codes_of_a_shell() {
        let missing = refused(&command(&["no-such-program-here"]));
        assert!(matches!(missing, InjectError::ProgramNotFound { .. }), "{missing}");
        assert_eq!(missing.exit_code(), 127);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plain");
        fs::write(&file, "x").unwrap();
        for path in [dir.path(), &file] {
            let error = refused(&command(&[path.to_str().unwrap(), "hunter2"]));
            assert_eq!(error.exit_code(), 126, "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(refused(&command(&[])).exit_code(), 2);
    }

    #[test]
    fn values_too_large_for_the_system_are_named() {
        let mut command = command(&["true"]);
        let big = SecretBytes::new(vec![b'x'; 8 << 20]);
        command.environment.set("BIG", big).unwrap();
        let error = refused(&command);
        assert_eq!(error.exit_code(), 126);
        assert!(error.hint().unwrap().contains("'BIG'"), "{error}");
    }

    /// Starts this test binary once more; there, the test below replaces it by `script`.
    fn replaced_by(script: &str) -> process::Output {
        process::Command::new(env::current_exe().unwrap())
            .args(["--exact", "inject::child::tests::replace_this_process", "--ignored"])
            .args(["--nocapture", "--quiet"])
            .env("TEST_EXEC", script)
            .output()
            .unwrap()
    }

    #[test]
    #[ignore = "started by the tests below"]
    fn replace_this_process() {
        if let Ok(script) = env::var("TEST_EXEC") {
            panic!("{}", command(&["sh", "-c", &script]).exec());
        }
    }

    #[test]
    fn the_program_takes_the_process_and_its_exit_code_over() {
        let output = replaced_by("printf 'value:%s' \"$db_url\"; exit 42");
        assert_eq!(output.status.code(), Some(42));
        let marker = b"value:v\n\xff";
        assert!(output.stdout.windows(marker.len()).any(|window| window == marker));
    }

    #[test]
    fn the_program_starts_with_sigpipe_and_sigterm_at_their_defaults() {
        use std::os::unix::process::ExitStatusExt as _;
        for signal in [13, 15] {
            let status = replaced_by(&format!("kill -{signal} $$; exit 0")).status;
            assert_eq!(status.signal(), Some(signal), "{status}");
        }
    }
}

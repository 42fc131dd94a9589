//! The sandbox of one test: its own HOME, a cleared environment, a work folder, a watchdog.
//!
//! `t.authy(["store", "db-url"]).stdin("v\n").ok()` runs the binary; `ok` and `fails`
//! check the exit code and hand back what it printed. Whatever goes wrong, the panic shows
//! the command with everything it printed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::outcome::Done;
pub(crate) use crate::skipped::{command, happens_to_have, needs};
use crate::snapshot::Snapshot;

/// The binary under test.
pub(crate) const AUTHY: &str = env!("CARGO_BIN_EXE_authy");
/// No command may take longer; one that does is killed and fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place where authy finds nothing that the test did not put there.
pub(crate) struct Sandbox {
    root: TempDir,
    vars: BTreeMap<OsString, OsString>,
}

impl Sandbox {
    /// Makes an empty HOME: no vault, no identity, git knows who commits.
    pub(crate) fn empty() -> Self {
        Self::within(TempDir::with_prefix("authy-test-").unwrap())
    }

    /// As [`Sandbox::empty`], in memory where there is a place for it: to be put back a
    /// thousand times.
    pub(crate) fn in_memory() -> Self {
        let Ok(root) = TempDir::with_prefix_in("authy-test-", "/dev/shm") else {
            return Self::empty();
        };
        let script = root.path().join("can-run");
        let can_run = std::fs::write(&script, "#!/bin/sh\n").is_ok()
            && command("chmod").arg("700").arg(&script).status().is_ok()
            && command(&script).status().is_ok_and(|status| status.success());
        let space = rustix::fs::statvfs(root.path()).map_or(0, |at| at.f_bavail * at.f_frsize);
        if can_run && space > 256 << 20 { Self::within(root) } else { Self::empty() }
    }

    fn within(root: TempDir) -> Self {
        let mut t = Self { root, vars: BTreeMap::new() };
        for folder in [t.home(), t.work(), t.tmp()] {
            std::fs::create_dir(&folder).unwrap();
        }
        let config = t.path("gitconfig");
        std::fs::write(&config, "[user]\n\tname = Alice Test\n\temail = alice@example.com\n")
            .unwrap();
        t.set("PATH", std::env::var_os("PATH").unwrap());
        t.set("TERM", "xterm");
        t.set("LANG", "C.UTF-8");
        t.set("HOME", t.home());
        t.set("TMPDIR", t.tmp());
        t.set("XDG_STATE_HOME", t.path("state"));
        t.set("GIT_CONFIG_NOSYSTEM", "1");
        t.set("GIT_CONFIG_GLOBAL", config);
        t
    }

    /// Makes a HOME with a vault at `~/.authy` whose only admin is alice.
    pub(crate) fn new() -> Self {
        Self::empty().with_vault()
    }

    pub(crate) fn with_vault(self) -> Self {
        self.authy(["init", "--member", "alice"]).ok();
        self
    }

    /// Sets a variable for every command of this sandbox.
    pub(crate) fn set(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.vars.insert(name.as_ref().into(), value.as_ref().into());
    }

    /// Gives the environment of every command, `authy` on its PATH.
    pub(crate) fn vars(&self) -> BTreeMap<OsString, OsString> {
        let mut path = OsString::from(Path::new(AUTHY).parent().unwrap());
        path.push(":");
        path.push(self.vars.get(OsStr::new("PATH")).unwrap());
        let mut vars = self.vars.clone();
        vars.insert("PATH".into(), path);
        vars
    }

    /// Names a path inside the sandbox.
    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(inside)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Names the folder commands run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// Names the TMPDIR of every command.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.path("tmp")
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.path("home/.authy")
    }

    /// Names the identity file that `init` makes.
    pub(crate) fn key(&self) -> PathBuf {
        self.path("home/.authy/keys/master.key")
    }

    /// Prepares a call of the binary under test.
    pub(crate) fn authy<I>(&self, args: I) -> Call<'_>
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.program(AUTHY, args)
    }

    /// Prepares a call of any program in the same environment; `authy` is on its PATH. What not
    /// every machine has, the test has to have asked for ([`needs`]).
    pub(crate) fn program<I>(&self, program: impl AsRef<OsStr>, args: I) -> Call<'_>
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = command(program);
        command.args(args).env_clear().envs(self.vars()).current_dir(self.work());
        Call { command, stdin: Vec::new(), vault: self.vault(), sandbox: self }
    }

    /// Prepares a script for `sh`.
    pub(crate) fn sh(&self, script: &str) -> Call<'_> {
        self.program("sh", ["-c", script])
    }

    /// Writes a file in the work folder and hands back its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes an executable script in the work folder and hands back its path.
    pub(crate) fn script(&self, name: &str, content: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write(name, format!("#!/bin/sh\n{content}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

/// One command, not yet run.
#[must_use]
pub(crate) struct Call<'t> {
    command: Command,
    stdin: Vec<u8>,
    vault: PathBuf,
    sandbox: &'t Sandbox,
}

impl Call<'_> {
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        if name.as_ref() == "AUTHY_VAULT" {
            self.vault = self.sandbox.work().join(Path::new(value.as_ref()));
        }
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, path: impl AsRef<Path>) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Runs it and expects exit 0.
    pub(crate) fn ok(self) -> Done {
        self.ends().code_is(0)
    }

    /// Runs it, expects this exit code and a vault that is byte for byte as before.
    pub(crate) fn fails(self, code: i32) -> Done {
        let vault = self.vault.clone();
        let before = Snapshot::take(&vault);
        let done = self.ends().code_is(code);
        done.assert(before.differences(&Snapshot::take(&vault)));
        done
    }

    /// Runs it, whatever its exit code.
    pub(crate) fn ends(self) -> Done {
        let words = format!("{:?}", self.command.get_args().collect::<Vec<_>>());
        let stdin = self.stdin.clone();
        let mut child = self.spawn();
        if let Some(mut pipe) = child.stdin.take() {
            // A program that does not read its input closes the pipe: no failure of ours.
            std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        }
        let pid = child.id();
        let Some(output) = patiently(move || child.wait_with_output()) else {
            signal(pid, rustix::process::Signal::KILL);
            panic!("authy {words} hung")
        };
        let output = output.unwrap();
        Done { words, code: code(output.status), stdout: output.stdout, stderr: output.stderr }
    }

    /// Starts it with pipes and leaves it running.
    pub(crate) fn spawn(mut self) -> Child {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        start(pipes.stderr(Stdio::piped()))
    }

    /// Starts it with no input and no output and leaves it running.
    pub(crate) fn spawn_silent(mut self) -> Child {
        let nothing = self.command.stdin(Stdio::null()).stdout(Stdio::null());
        start(nothing.stderr(Stdio::null()))
    }
}

/// Starts a program. One that a test has just written is busy for as long as a process that another
/// test forked meanwhile holds it open for writing, which is until that runs its own program.
fn start(command: &mut Command) -> Child {
    let begun = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy && begun.elapsed() < PATIENCE =>
            {
                std::thread::yield_now();
            }
            started => return started.unwrap(),
        }
    }
}

/// Waits for a process that was left running and gives its exit code.
pub(crate) fn finish(mut child: Child) -> i32 {
    let pid = child.id();
    let Some(status) = patiently(move || child.wait()) else {
        signal(pid, rustix::process::Signal::KILL);
        panic!("process {pid} hung")
    };
    code(status.unwrap())
}

/// Does something that may block; `None` when it takes longer than anything should.
pub(crate) fn patiently<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(job()));
    receiver.recv_timeout(PATIENCE).ok()
}

/// Gives the exit code as a shell would: 128+n for signal n.
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Sends a signal to a process that the test started.
pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Whether strace is there and may trace.
pub(crate) fn strace_works(t: &Sandbox) -> bool {
    if !needs(["strace"]) {
        return false;
    }
    // Some containers do not let it trace.
    let works = t.program("strace", ["-qq", "-o", "/dev/null", "true"]).ends().code == 0;
    if !works {
        eprintln!("left out: strace may not trace here");
    }
    works
}

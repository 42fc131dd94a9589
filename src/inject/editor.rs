//! The user's editor on a file in memory: started, waited for, kept from making copies.
//!
//! Editors leave traces of what they edit: swap, backup, undo and history files. Those known
//! here are told not to; any other keeps its habits. While it runs, Ctrl-C and Ctrl-\ belong
//! to the editor; a request to end authy ends both, so that the caller's guard can remove
//! the file.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_default;

use super::error::InjectError;
use super::signals::Signals;
use crate::keyring;
use crate::secret::WITHHELD;

/// How long an editor that was asked to end may take.
const GRACE: Duration = Duration::from_secs(2);
/// Characters that make a setting more than words between blanks.
const SHELL_CHARACTERS: &[u8] = b"|&;<>()$`\\\"'*?[#~=%";
/// Editors that draw on the terminal they are started on.
const ON_A_TERMINAL: [&[u8]; 21] = [
    b"vi",
    b"vim",
    b"vim.basic",
    b"vim.tiny",
    b"vim.nox",
    b"vimx",
    b"view",
    b"nvim",
    b"nvi",
    b"elvis",
    b"nano",
    b"pico",
    b"micro",
    b"emacs-nox",
    b"emacs",
    b"mg",
    b"jove",
    b"hx",
    b"helix",
    b"kak",
    b"ne",
];
/// The same wish in the language of vi's descendants.
const VIM_SETTINGS: &str = "silent! set noswapfile|silent! set nobackup|\
    silent! set nowritebackup|silent! set noundofile|silent! set viminfo=";

/// An editor and how to start it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EditorCommand {
    /// As the user wrote it.
    name: OsString,
    argv: Vec<OsString>,
}

/// Chooses the editor: `$VISUAL`, else `$EDITOR`, else vi.
///
/// A setting may carry arguments. Plain words are started without a shell between, so that
/// signals reach the editor; quotes and the like are left to `sh`, as git does.
pub(crate) fn editor_command(visual: Option<&OsStr>, editor: Option<&OsStr>) -> EditorCommand {
    let set =
        [visual, editor].into_iter().flatten().find(|setting| words(setting).next().is_some());
    let name = set.unwrap_or(OsStr::new("vi")).to_owned();
    let mut argv: Vec<OsString> =
        if name.as_bytes().iter().any(|byte| SHELL_CHARACTERS.contains(byte)) {
            // A caught signal, unlike an ignored one, is back to normal in what sh starts.
            let mut script = OsString::from("trap : INT QUIT; ");
            script.push(&name);
            script.push(" \"$@\"");
            vec!["sh".into(), "-c".into(), script, name.clone()]
        } else {
            words(&name).map(|word| OsStr::from_bytes(word).to_owned()).collect()
        };
    argv.extend(without_copies(&name).iter().map(OsString::from));
    EditorCommand { name, argv }
}

impl EditorCommand {
    /// Whether this editor draws on the terminal: without one it would wait for keys for
    /// ever, or take what is piped in for keys.
    pub(crate) fn needs_terminal(&self) -> bool {
        ON_A_TERMINAL.contains(&basename(&self.name))
    }
}

/// Edits `path` on the terminal.
///
/// # Errors
/// [`InjectError`] where the editor does not start, fails, or a signal ends the wait.
pub(crate) fn edit(path: &Path, editor: &EditorCommand) -> Result<(), InjectError> {
    let _signals = HeldSignals::new().map_err(InjectError::EditorWait)?;
    let mut events =
        Signals::catch(&[SIGCHLD, SIGTERM, SIGHUP]).map_err(InjectError::EditorWait)?;
    let name = || editor.name.to_string_lossy().into_owned();
    let mut child = keyring::apart(|| to_std(path, editor).spawn())
        .map_err(|source| InjectError::WithinReach { program: name(), source })?
        .map_err(|source| InjectError::EditorStart { editor: name(), source })?;
    let status = wait(&mut child, &mut events)?;
    if status.success() { Ok(()) } else { Err(InjectError::EditorFailed { status }) }
}

fn to_std(path: &Path, editor: &EditorCommand) -> Command {
    let mut argv = editor.argv.iter();
    let mut command = Command::new(argv.next().map_or(OsStr::new("vi"), OsString::as_os_str));
    command.args(argv).arg(path);
    for variable in WITHHELD {
        command.env_remove(variable);
    }
    if basename(&editor.name) == b"vi" {
        quiet_vi(path, &mut command);
    }
    command
}

/// Arguments that keep an editor from copying the file elsewhere.
fn without_copies(setting: &OsStr) -> &'static [&'static str] {
    match basename(setting) {
        b"vim" | b"nvim" | b"gvim" | b"mvim" | b"vimx" | b"view" | b"vim.basic" | b"vim.tiny"
        | b"vim.nox" => &["-n", "-i", "NONE", "--cmd", VIM_SETTINGS, "-c", VIM_SETTINGS],
        // macOS installs pico under this name, which does not know the option.
        b"nano" if !cfg!(target_os = "macos") => &["--ignorercfiles"],
        b"emacs" => {
            &["--eval", "(setq make-backup-files nil auto-save-default nil create-lockfiles nil)"]
        }
        b"micro" => &["-backup", "false", "-saveundo", "false"],
        _ => &[],
    }
}

/// Quiets plain `vi`, which may be vim, nvi or busybox: each ignores the variables of the
/// others, where a foreign option would be an error.
fn quiet_vi(path: &Path, command: &mut Command) {
    command.env("VIMINIT", VIM_SETTINGS);
    if let Some(folder) = path.parent().and_then(Path::to_str)
        && !folder.contains(|c: char| c.is_whitespace() || c == '|' || c == '\\')
    {
        // nvi cannot do without a recovery file: let it lie in memory beside the text.
        command.env("NEXINIT", format!("set directory={folder} recdir={folder}"));
    }
}

/// The last part of the path of a setting's first word.
fn basename(setting: &OsStr) -> &[u8] {
    let program = words(setting).next().unwrap_or_default();
    program.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

fn words(setting: &OsStr) -> impl Iterator<Item = &[u8]> {
    setting.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Waits for the editor; passes a request to end on to it.
fn wait(child: &mut Child, events: &mut Signals) -> Result<ExitStatus, InjectError> {
    loop {
        if let Some(status) = child.try_wait().map_err(InjectError::EditorWait)? {
            return Ok(status);
        }
        let came = events.wait().map_err(InjectError::EditorWait)?;
        if let Some(signal) = came.into_iter().find(|signal| *signal != Signal::CHILD) {
            end(child, signal);
            return Err(InjectError::EditorInterrupted);
        }
    }
}

/// Ends the editor, which may still want to tidy up: the file is removed after this.
fn end(child: &mut Child, signal: Signal) {
    let _ = kill_process(Pid::from_child(child), signal);
    let since = Instant::now();
    while since.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Keeps signals from ending authy; their default action is back on drop.
///
/// A handler, once installed, stays: it looks at one flag of the process and does what
/// would have happened without it while the flag is up. Programs started meanwhile get the
/// default actions.
///
/// Several may be held at once; the last one lets go.
struct HeldSignals(&'static AtomicBool);

/// How many hold signals now.
static HOLDERS: Mutex<usize> = Mutex::new(0);

fn holders() -> MutexGuard<'static, usize> {
    HOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HeldSignals {
    fn new() -> io::Result<Self> {
        static DEFAULTS: OnceLock<Arc<AtomicBool>> = OnceLock::new();
        let mut result = Ok(());
        let flag = DEFAULTS.get_or_init(|| {
            let flag = Arc::new(AtomicBool::new(true));
            for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
                if let Err(error) = register_conditional_default(signal, flag.clone()) {
                    result = Err(error);
                }
            }
            flag
        });
        result?;
        let mut holders = holders();
        *holders += 1;
        flag.store(false, Ordering::SeqCst);
        Ok(Self(flag))
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        let mut holders = holders();
        *holders -= 1;
        if *holders == 0 {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests;

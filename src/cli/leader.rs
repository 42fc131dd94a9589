//! This program as the leader of a pseudo-terminal's session, and ending as a program did.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{self, ExitCode};

use authy::{Ended, HelperCommand, UNLOCKED};

/// The first word of a command line that is authy's own. Nobody types it.
const WORD: &str = "__lead";

/// Says how to start this program as a leader.
pub(crate) fn leader() -> HelperCommand {
    HelperCommand { program: program(), word: WORD.into() }
}

/// The first word of the authy that removes the files of a sealed run after a kill.
const SWEEP: &str = "__sweep";

/// Says how to start this program as one that removes files.
pub(crate) fn sweeper() -> HelperCommand {
    HelperCommand { program: program(), word: SWEEP.into() }
}

/// Waits and removes, if that is what these words ask.
#[cfg(feature = "sealed")]
pub(super) fn swept(words: &[OsString]) -> Option<ExitCode> {
    let [_, word, folder] = words else { return None };
    (word == SWEEP).then(|| {
        authy::sweep(folder.as_ref());
        ExitCode::SUCCESS
    })
}

/// The first word of the authy that holds files in memory for a program.
const HOLD: &str = "__hold";

/// Says how to start this program as one that holds files.
pub(crate) fn holder() -> HelperCommand {
    HelperCommand { program: program(), word: HOLD.into() }
}

/// Holds files, if that is what these words ask.
pub(super) fn held(words: &[OsString]) -> Option<ExitCode> {
    let [_, word, rest @ ..] = words else { return None };
    (word == HOLD).then(|| match authy::hold(&program(), HOLD, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The first word of the authy that keeps an unlocked identity.
const KEEP: &str = "__keep";

/// Says how to start this program as one that keeps an unlocked identity.
pub(crate) fn keeper() -> HelperCommand {
    HelperCommand { program: program(), word: KEEP.into() }
}

/// Keeps an identity, if that is what these words ask.
pub(super) fn kept(words: &[OsString]) -> Option<ExitCode> {
    let [_, word, rest @ ..] = words else { return None };
    (word == KEEP).then(|| match authy::keep_unlocked(&program(), word, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// Takes over the socket of such a keeper where this process inherited one.
///
/// Without unsafe code a descriptor that was inherited is ours only by the protocol of systemd's sockets,
/// whose variables name the process. So it sets them, and starts itself anew in its place.
pub(super) fn take_unlock_socket(words: &[OsString]) {
    let Some(descriptor) = env::var_os(UNLOCKED) else { return };
    // What is no number would be taken for the first descriptor behind the three of every program.
    if descriptor.to_str().and_then(|number| number.parse::<u16>().ok()).is_none() {
        return;
    }
    let own = process::id().to_string();
    let is = |name: &str, value: &OsStr| env::var_os(name).is_some_and(|set| set == value);
    if env::var_os("LISTEN_FDS").is_none() {
        let mut again = process::Command::new(again());
        again.args(words.get(1..).unwrap_or_default());
        if let Some(name) = words.first() {
            again.arg0(name);
        }
        again.env("LISTEN_FDS", "1").env("LISTEN_PID", own).env("LISTEN_FDS_FIRST_FD", descriptor);
        // It returns only where it failed. Then the passphrase is asked for.
        let _ = again.exec();
    } else if is("LISTEN_PID", own.as_ref()) && is("LISTEN_FDS_FIRST_FD", &descriptor) {
        authy::take_unlock_socket();
    }
}

/// The path of this program, under its own name where it has it still.
fn again() -> PathBuf {
    env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(program)
}

/// Has the system end this process, and with it the program it runs, when its parent is gone, however that
/// went. Only Linux does.
pub(super) fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        let _ = set_parent_process_death_signal(Some(Signal::TERM));
    }
}

/// The path of this program.
pub(crate) fn program() -> PathBuf {
    if cfg!(target_os = "linux") {
        // Still this very program where its file was replaced meanwhile.
        PathBuf::from("/proc/self/exe")
    } else {
        env::current_exe().unwrap_or_default()
    }
}

/// Gives what follows the leader's word, if that is what these words are.
pub(super) fn led(words: &[OsString]) -> Option<&[OsString]> {
    words.get(1).is_some_and(|word| word == WORD).then(|| &words[2..])
}

/// Ends as the program ended: whoever waits for us sees the same signal, or the same code.
pub(crate) fn end(ended: Ended) -> ExitCode {
    match ended {
        Ended::Exited(code) => ExitCode::from(code),
        Ended::Signaled(signal) => {
            // The first process of a container cannot die of a signal.
            if process::id() != 1 {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
        }
    }
}

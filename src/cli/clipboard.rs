//! The clipboard: a value put there, and taken away again if it is still ours.
//!
//! The programs of the desktop are asked where there is one, the terminal (OSC 52) otherwise.
//! A second process of this program waits and clears; it knows the value's digest only, and
//! has no credentials. A terminal does not say what it holds, so it is cleared in any case.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::leader;

/// The first word of a command line that is authy's own. Nobody types it.
const WORD: &str = "__unclip";
/// How the process that clears is told to clear the terminal it writes to.
const TERMINAL: &str = "terminal";
/// Clears the clipboard of a terminal: neither base64 nor a question (xterm's control sequences).
const CLEAR: &[u8] = b"\x1b]52;c;!\x07";

/// A program that has the clipboard.
struct Tool {
    /// The variable without which there is no desktop to ask; empty where none is needed.
    desktop: &'static str,
    copy: &'static [&'static str],
    /// As above, for a version that knows more: that the text is a secret, that it is for the
    /// terminal outside too.
    better: &'static [&'static str],
    paste: &'static [&'static str],
    /// Where the text is then, in words.
    place: &'static str,
}

/// The buffer that holds a value in tmux.
const BUFFER: &str = "authy";

const TOOLS: [Tool; 5] = [
    Tool {
        desktop: "WAYLAND_DISPLAY",
        copy: &["wl-copy"],
        better: &["wl-copy", "--sensitive"],
        paste: &["wl-paste", "--no-newline"],
        place: "wl-copy",
    },
    Tool {
        desktop: "DISPLAY",
        copy: &["xclip", "-selection", "clipboard", "-in"],
        better: &[],
        paste: &["xclip", "-selection", "clipboard", "-out"],
        place: "xclip",
    },
    Tool {
        desktop: "DISPLAY",
        copy: &["xsel", "--clipboard", "--input"],
        better: &[],
        paste: &["xsel", "--clipboard", "--output"],
        place: "xsel",
    },
    // tmux hands on what a program tells the terminal only where it was told to, and then keeps it
    // in a buffer that nobody clears.
    Tool {
        desktop: "TMUX",
        copy: &["tmux", "load-buffer", "-b", BUFFER, "-"],
        better: &["tmux", "load-buffer", "-w", "-b", BUFFER, "-"],
        paste: &["tmux", "show-buffer", "-b", BUFFER],
        place: "tmux's buffer 'authy', and the terminal's clipboard where tmux may set it",
    },
    Tool { desktop: "", copy: &["pbcopy"], better: &[], paste: &["pbpaste"], place: "pbcopy" },
];

/// Puts `value` on the clipboard and has it taken away after `keep`; says by what means.
///
/// # Errors
/// There is neither a program nor a terminal, or it fails.
pub(crate) fn copy(
    value: &[u8],
    keep: Duration,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> io::Result<&'static str> {
    let is_set = |name: &str| name.is_empty() || variable(name).is_some_and(|v| !v.is_empty());
    for tool in TOOLS.iter().filter(|tool| is_set(tool.desktop)) {
        match put(tool, value) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(()) => {
                clear_later(tool.copy[0], keep, value, Stdio::null())?;
                return Ok(tool.place);
            }
        }
    }
    let mut terminal = OpenOptions::new().write(true).open("/dev/tty")?;
    let text = Zeroizing::new(BASE64.encode(value));
    for part in [&b"\x1b]52;c;"[..], text.as_bytes(), b"\x07"] {
        terminal.write_all(part)?;
    }
    clear_later(TERMINAL, keep, value, terminal.into())?;
    Ok("the terminal, where it takes OSC 52")
}

/// Hands a program the text in the better way, else in the way that every version knows.
fn put(tool: &Tool, bytes: &[u8]) -> io::Result<()> {
    match give(tool.better, bytes) {
        Ok(()) => Ok(()),
        Err(_) => give(tool.copy, bytes),
    }
}

/// Feeds a program, whose own output goes nowhere: some stay behind to hold the clipboard.
fn give(words: &[&str], bytes: &[u8]) -> io::Result<()> {
    if words.is_empty() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut child = quiet(words).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(bytes)?;
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("'{}' failed", words[0]))),
    }
}

fn quiet(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stderr(Stdio::null());
    // Some stay, and hold what they were started with.
    authy::WITHHELD.into_iter().for_each(|name| _ = command.env_remove(name));
    command
}

/// Starts the process that clears, out of reach of our terminal's hang-up.
fn clear_later(means: &str, keep: Duration, value: &[u8], output: Stdio) -> io::Result<()> {
    let mut command = Command::new(leader::program());
    command.args([WORD, means, &keep.as_secs().to_string()]);
    for name in authy::WITHHELD {
        command.env_remove(name);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(output).stderr(Stdio::null()).spawn()?;
    // Through a pipe: whoever sees the words of a process could try values on a digest.
    match child.stdin.take() {
        Some(mut input) => input.write_all(&Sha256::digest(value)),
        None => Ok(()),
    }
}

/// Empties a clipboard. tmux takes nothing for nothing new: it gets a blank, and loses its buffer.
fn clear_now(tool: &Tool) {
    if tool.desktop != "TMUX" {
        let _ = put(tool, b"");
        return;
    }
    let _ = put(tool, b" ");
    let _ = quiet(&["tmux", "delete-buffer", "-b", BUFFER]).stdin(Stdio::null()).status();
}

/// Does the work of the second process, if that is what these words ask for.
pub(super) fn clear(words: &[OsString]) -> Option<ExitCode> {
    let [_, word, means, seconds] = words else { return None };
    if word != WORD {
        return None;
    }
    let _ = rustix::process::setsid();
    let mut digest = Vec::new();
    let _ = io::stdin().take(64).read_to_end(&mut digest);
    let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    std::thread::sleep(Duration::from_secs(seconds));
    if means == TERMINAL {
        let _ = File::from(rustix::io::dup(rustix::stdio::stdout()).ok()?).write_all(CLEAR);
        return Some(ExitCode::SUCCESS);
    }
    if let Some(tool) = TOOLS.iter().find(|tool| means == tool.copy[0]) {
        let held = quiet(tool.paste).stdin(Stdio::null()).output();
        let held = held.map(|output| Zeroizing::new(output.stdout)).unwrap_or_default();
        if Sha256::digest(held.as_slice()).as_slice() == digest {
            clear_now(tool);
        }
    }
    Some(ExitCode::SUCCESS)
}

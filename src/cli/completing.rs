//! Completion: the shell asks the program itself, so names of the vault can be completed.
//!
//! The script that a shell loads calls `authy` again with `AUTHY_COMPLETE` set and the words
//! typed so far. Arguments get their names by the type of what they take, so a new command
//! has them without a word about it.

use std::any::TypeId;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use authy::{MemberName, NameKind, ScopeName, SecretName};
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::Global;
use super::context::CliEnv;
use super::target::Target;
use super::ui::Ui;

/// Set by the script that a shell loaded; names the shell.
const VARIABLE: &str = "AUTHY_COMPLETE";
/// The command whose argument begins a session's id.
const SESSION_COMMAND: &str = "revoke";

/// Answers a shell that wants words completed; `None` for every other call.
pub(crate) fn answer(words: &[OsString]) -> Option<ExitCode> {
    let asked = CompleteEnv::with_factory(tree).var(VARIABLE).completer("authy");
    let folder = std::env::current_dir().ok();
    match asked.try_complete(words.iter().cloned(), folder.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        // The user is in the middle of a line: a message would tear it.
        Err(_) => Some(ExitCode::FAILURE),
    }
}

/// What a shell has besides: the words of the command that 'run' starts are that command's.
const BESIDE: [(&str, &str); 3] = [
    ("bash", include_str!("completions/bash.sh")),
    ("zsh", include_str!("completions/zsh.zsh")),
    ("fish", include_str!("completions/fish.fish")),
];

/// The script for a shell, by its name.
///
/// # Errors
/// There is no such shell.
pub(crate) fn script(shell: &str) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or(io::ErrorKind::NotFound)?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "authy", "authy", "authy", &mut script)?;
    if let Some((_, beside)) = BESIDE.into_iter().find(|(name, _)| *name == shell) {
        script.extend(beside.bytes());
    }
    Ok(script)
}

/// The command tree, each argument with the names it can be.
///
/// Flags count as hidden here: they are offered where nothing else is, and behind a `-`.
fn tree() -> Command {
    let mut tree = super::help::tree();
    tree.build();
    with_names(tree)
}

fn with_names(command: Command) -> Command {
    let takes_sessions = command.get_name() == SESSION_COMMAND;
    command.mut_args(|arg| with_names_of(arg, takes_sessions)).mut_subcommands(with_names)
}

fn with_names_of(arg: Arg, takes_sessions: bool) -> Arg {
    let arg = if arg.is_positional() { arg } else { arg.hide(true) };
    let takes = arg.get_value_parser().type_id();
    let kind = if takes == TypeId::of::<SecretName>() || takes == TypeId::of::<Target>() {
        NameKind::Secret
    } else if takes == TypeId::of::<ScopeName>() {
        NameKind::Scope
    } else if takes == TypeId::of::<MemberName>() {
        NameKind::Member
    } else if takes_sessions && arg.get_id() == "id" {
        NameKind::Session
    } else {
        return arg;
    };
    arg.add(ArgValueCandidates::new(move || candidates(kind)))
}

fn candidates(kind: NameKind) -> Vec<CompletionCandidate> {
    let global = Global { vault: typed_vault(), quiet: true, ..Global::default() };
    let ui = Ui::new(&global);
    let context = CliEnv::new(global, ui).context().ok();
    let names = context.and_then(|context| authy::known_names(&context, kind).ok());
    names.unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}

/// The vault that the line being typed names.
fn typed_vault() -> Option<PathBuf> {
    let words: Vec<_> = std::env::args_os().collect();
    let after = words.windows(2).find(|pair| pair[0] == "--vault").map(|pair| pair[1].clone());
    let joined = || {
        let value = |word: &OsString| word.to_str()?.strip_prefix("--vault=").map(OsString::from);
        words.iter().find_map(value)
    };
    after.or_else(joined).map(PathBuf::from)
}

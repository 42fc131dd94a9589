//! One command parsed without the rest of the tree: to build all of it takes longer than most
//! commands work.
//!
//! What is parsed here is parsed by the whole tree to the same effect. A command line that has
//! anything wrong, or asks for help, is the whole tree's to judge.

use std::ffi::OsString;

use clap::{Args, FromArgMatches, Subcommand};

use super::Command;

/// Parses `words`, the program first, if the first of them is a command's name; the flags `G` are those
/// of every command.
pub(crate) fn parse<G: Args>(words: &[OsString]) -> Option<(G, Command)> {
    match words.get(1)?.to_str()? {
        "init" => one(words, "init", Command::Init),
        "status" => one(words, "status", Command::Status),
        "unlock" => one(words, "unlock", Command::Unlock),
        "lock" => one(words, "lock", Command::Lock),
        "store" => one(words, "store", Command::Store),
        "get" => one(words, "get", Command::Get),
        "otp" => one(words, "otp", Command::Otp),
        "list" => one(words, "list", Command::List),
        "rotate" => one(words, "rotate", Command::Rotate),
        "edit" => one(words, "edit", Command::Edit),
        "annotate" => one(words, "annotate", Command::Annotate),
        "rename" => one(words, "rename", Command::Rename),
        "remove" => one(words, "remove", Command::Remove),
        "history" => one(words, "history", Command::History),
        "restore" => one(words, "restore", Command::Restore),
        "undo" => one(words, "undo", Command::Undo),
        "join" => one(words, "join", Command::Join),
        "approve" => one(words, "approve", Command::Approve),
        "request" => one(words, "request", Command::Request),
        "rekey" => one(words, "rekey", Command::Rekey),
        "run" => one(words, "run", Command::Run),
        "env" => one(words, "env", Command::Env),
        "export" => one(words, "export", Command::Export),
        "resolve" => one(words, "resolve", Command::Resolve),
        "import" => one(words, "import", Command::Import),
        "check" => one(words, "check", Command::Check),
        "scan" => one(words, "scan", Command::Scan),
        "sync" => one(words, "sync", Command::Sync),
        "allow" => one(words, "allow", Command::Allow),
        "deny" => one(words, "deny", Command::Deny),
        "hook-state" => one(words, "hook-state", Command::HookState),
        "textconv" => one(words, "textconv", Command::Textconv),
        "policy" => group(words, "policy", Command::Policy),
        "member" => group(words, "member", Command::Member),
        "session" => group(words, "session", Command::Session),
        "helper" => group(words, "helper", Command::Helper),
        "audit" => group(words, "audit", Command::Audit),
        "conflict" => group(words, "conflict", Command::Conflict),
        "config" => group(words, "config", Command::Config),
        // What is left out is started rarely, or by another name.
        _ => None,
    }
}

fn one<G: Args, A: Args>(
    words: &[OsString],
    name: &'static str,
    wrap: fn(A) -> Command,
) -> Option<(G, Command)> {
    parsed(words, A::augment_args(clap::Command::new(name)), wrap)
}

/// A command that has commands of its own.
fn group<G: Args, S: Subcommand>(
    words: &[OsString],
    name: &'static str,
    wrap: fn(S) -> Command,
) -> Option<(G, Command)> {
    parsed(words, S::augment_subcommands(clap::Command::new(name)), wrap)
}

fn parsed<G: Args, P: FromArgMatches>(
    words: &[OsString],
    command: clap::Command,
    wrap: fn(P) -> Command,
) -> Option<(G, Command)> {
    let tree = G::augment_args(clap::Command::new("authy")).subcommand(command);
    let matches = tree.try_get_matches_from(words).ok()?;
    let (_, own) = matches.subcommand()?;
    Some((G::from_arg_matches(&matches).ok()?, wrap(P::from_arg_matches(own).ok()?)))
}

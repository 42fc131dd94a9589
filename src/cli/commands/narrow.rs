//! The commands that are started most, parsed without the rest of the tree: to build all of it
//! takes longer than most of them work.
//!
//! What is parsed here is parsed by the whole tree to the same effect. A command line that has
//! anything wrong, or asks for help, is the whole tree's to judge.

use std::ffi::OsString;

use clap::Args;

use super::{Command, env, export, get, list, resolve, run, status};

/// Parses `words`, the program first, if the first of them is such a command; the flags `G` are
/// those of every command.
pub(crate) fn parse<G: Args>(words: &[OsString]) -> Option<(G, Command)> {
    match words.get(1)?.to_str()? {
        "get" => one::<G, get::Args>(words, "get", Command::Get),
        "run" => one::<G, run::Args>(words, "run", Command::Run),
        "env" => one::<G, env::Args>(words, "env", Command::Env),
        "export" => one::<G, export::Args>(words, "export", Command::Export),
        "list" => one::<G, list::Args>(words, "list", Command::List),
        "status" => one::<G, status::Args>(words, "status", Command::Status),
        "resolve" => one::<G, resolve::Args>(words, "resolve", Command::Resolve),
        _ => None,
    }
}

fn one<G: Args, A: Args>(
    words: &[OsString],
    name: &'static str,
    wrap: fn(A) -> Command,
) -> Option<(G, Command)> {
    let command = A::augment_args(clap::Command::new(name));
    let tree = G::augment_args(clap::Command::new("authy")).subcommand(command);
    let matches = tree.try_get_matches_from(words).ok()?;
    let (_, own) = matches.subcommand()?;
    Some((G::from_arg_matches(&matches).ok()?, wrap(A::from_arg_matches(own).ok()?)))
}

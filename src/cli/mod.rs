//! The command line: words are parsed, the library is called, results are printed.
//!
//! No rule lives here: what may be read or written is the library's to say. The folder of
//! commands is the tree of commands, one file each; only `context` reads the environment,
//! only `ui` writes, only `ask` asks, by `prompt`, which knows
//! the terminal and the TERM of it.

mod agent;
mod ask;
mod bug;
mod clipboard;
mod commands;
mod completing;
mod context;
mod error;
mod help;
mod inject;
mod leader;
mod meant;
mod moment;
mod prompt;
#[cfg(test)]
mod reference;
mod report;
mod sarif;
mod table;
mod target;
mod tree;
mod ui;
mod value;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, FromArgMatches as _, Parser, ValueEnum};

use crate::front::Fronts;
use commands::Command;
use context::CliEnv;
use ui::Ui;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  other failure
  2  usage; invalid name or pattern
  3  not found: secret, policy, session, member
  4  access denied: policy, run-only, not a reader, read-only token, unapproved
  5  vault missing, damaged or tampered with
  6  credentials: no identity, wrong passphrase, token invalid, expired or revoked
  7  conflict: already exists, locked, merge conflict
  'run' exits as its command does: 128+n for signal n, 126 where the command cannot be
  executed, 127 where it is not found";

/// Keep a team's secrets encrypted in git; give each program only what it needs
#[derive(Debug, Parser)]
#[command(name = "authy", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        match commands::parse_narrow(words) {
            Some((global, command)) => Ok(Self { global, command }),
            None => Self::from_arg_matches(&help::tree().try_get_matches_from(words)?),
        }
    }
}

/// The flags of every command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Use the vault in this folder, or of this name
    #[arg(long, global = true, value_name = "DIR")]
    vault: Option<PathBuf>,
    /// Use the identity in this file
    #[arg(long, global = true, value_name = "FILE")]
    keyfile: Option<PathBuf>,
    /// Use the identity that this line of sh prints
    #[arg(long, global = true, value_name = "CMD", conflicts_with = "keyfile")]
    identity_command: Option<OsString>,
    /// Use the session token in this file alone
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print data and errors as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true)]
    no_input: bool,
    /// Colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: When,
    /// Print errors only, no notes
    #[arg(short, long, global = true)]
    quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Runs one command line and returns its exit code; `fronts` are the others that a command starts.
pub(crate) fn main(words: &[OsString], fronts: &Fronts) -> ExitCode {
    bug::report_panics();
    // What it holds others are to read, as long as they are the same user.
    if let Some(code) = leader::held(words) {
        return code;
    }
    authy::keep_memory_private();
    if let Some(code) = leader::kept(words) {
        return code;
    }
    if let Some(program) = leader::led(words) {
        let result = authy::lead(program).map(leader::end);
        return result
            .unwrap_or_else(|error| report::present(Ui::new(&Global::default()), &error.into()));
    }
    #[cfg(feature = "sealed")]
    if let Some(code) = leader::swept(words) {
        return code;
    }
    if let Some(code) = clipboard::clear(words) {
        return code;
    }
    if let Some(code) = completing::answer(words) {
        return code;
    }
    leader::take_unlock_socket(words);
    let named = commands::helper_words(words);
    let words = named.as_deref().unwrap_or(words);
    let cli = match Cli::read(words) {
        Ok(cli) => cli,
        Err(error) => return report::present_usage(&error, words),
    };
    let ui = Ui::new(&cli.global);
    let env = CliEnv::new(cli.global, ui);
    match commands::run(cli.command, &env, fronts) {
        Ok(code) => {
            env.send();
            code
        }
        Err(failure) => {
            let is_person = failure.hint_to_person().is_some() && env.is_for_person();
            report::present_to(ui, &failure, is_person)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};

    use super::{Cli, Command, reference};

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_short_way_and_the_whole_tree_read_the_same() {
        let lines = [
            "get db-url",
            "get db-url --scope backend --json",
            "get --clip=9 db-url -q",
            "get --vault /v --keyfile=/k --no-input --color never db-url",
            "get --token-file /t db-url",
            "get",
            "get --help",
            "get db-url extra",
            "get db-url --scoop x",
            "get --scope",
            "--json get db-url",
            "show db-url",
            "run --scope ci -- sh -c x --json",
            "run sh -c x",
            "run --only a --only b --uppercase --prefix P --file C=t --mask -- true --help",
            "run --json -q -- --quiet",
            "run",
            "env --format json --no-export --scope x",
            "env --format nonsense",
            "export --format k8s",
            "list",
            "list a* --long --json",
            "list --rotate-due",
            "resolve file -o out --scope x",
            "status --short",
            "status extra",
            "resolve -- -o",
            "init --member alice --passphrase",
            "init",
            "whoami",
            "unlock --for 8h --confirm -- fish -l",
            "unlock --session -- fish",
            "lock --json",
            "store a -",
            "store a --for https://a.test --for https://b.test --tag t --vault v",
            "store --generate 20 a",
            "insert a",
            "otp a -c",
            "rotate a --length 3",
            "edit a b",
            "annotate a --not-secret=false",
            "rename a b",
            "mv a/ b/",
            "remove a b -f",
            "rm a",
            "history a --all",
            "restore a --version 2",
            "restore a --version x",
            "undo --dry-run",
            "join --name bob --group a --group b",
            "approve bob --yes",
            "request a --reason because",
            "rekey",
            "import .env --from dotenv",
            "import .env --from nothing",
            "check --strict --base main",
            "scan --history",
            "sync --with a",
            "allow --yes",
            "deny",
            "policy",
            "policy create p --allow a* --deny b --run-only --seal a=b.test",
            "policy ls",
            "policy list --json",
            "policy help",
            "member add bob --recipient age1 --admin",
            "member nonsense",
            "session create --scope s --ttl 1h",
            "session rm x",
            "helper git get",
            "helper keyring get a b",
            "audit show --op get --json",
            "audit -h",
            "conflict take ours a",
            "conflict show a ours",
            "config set agents allow",
            "config get",
            "hook-state bash",
            "textconv",
            "textconv a",
            "nonsense get",
            "",
        ];
        for line in lines {
            let words: Vec<OsString> =
                std::iter::once("authy").chain(line.split(' ')).map(Into::into).collect();
            let whole = super::help::tree().try_get_matches_from(&words);
            let whole = whole.and_then(|matches| Cli::from_arg_matches(&matches));
            let whole = whole.map_err(|error| error.to_string());
            let read = Cli::read(&words).map_err(|error| error.to_string());
            assert_eq!(format!("{read:?}"), format!("{whole:?}"), "{line}");
        }
        let short =
            ["get a", "run -- true", "env", "export", "list", "resolve f", "sync", "policy list"];
        for line in short {
            let words: Vec<OsString> =
                std::iter::once("authy").chain(line.split(' ')).map(Into::into).collect();
            assert!(super::commands::parse_narrow::<super::Global>(&words).is_some(), "{line}");
        }
    }

    #[test]
    fn the_reference_is_what_the_command_tree_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/COMMANDS.md");
        let text = reference::render(Cli::command());
        if std::env::var_os("AUTHY_UPDATE_DOCS").is_some_and(|value| value == "1") {
            std::fs::write(path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == text, "docs/COMMANDS.md is old: run the tests with AUTHY_UPDATE_DOCS=1");
    }

    /// Parses `authy run …` and gives the words of the child.
    fn child(words: &[&str]) -> Result<Vec<OsString>, clap::Error> {
        match Cli::try_parse_from(["authy", "run"].iter().chain(words))?.command {
            Command::Run(args) => Ok(args.into_words()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_word_that_is_no_flag_starts_the_command() {
        for words in [&["--", "ls", "--json", "-q"][..], &["ls", "--json", "-q"]] {
            assert_eq!(child(words).unwrap(), ["ls", "--json", "-q"]);
        }
        assert_eq!(child(&["--", "ls", "--", "x"]).unwrap(), ["ls", "--", "x"]);
        assert_eq!(child(&["ls", "--", "x"]).unwrap(), ["ls", "--", "x"]);
        assert_eq!(child(&["--scope", "s", "ls", "--scope", "t"]).unwrap(), ["ls", "--scope", "t"]);
        assert_eq!(child(&["--", "--odd-name"]).unwrap(), ["--odd-name"]);
        assert_eq!(child(&["--", "sh", "-c", ""]).unwrap(), ["sh", "-c", ""]);
    }

    #[test]
    fn a_mistyped_flag_of_run_does_not_become_the_command() {
        assert!(child(&["--scop", "s", "--", "ls"]).is_err());
        assert!(child(&["-x", "ls"]).is_err());
        assert!(child(&["--"]).is_err());
    }

    #[test]
    fn words_that_are_no_text_reach_the_command() {
        let odd = OsString::from_vec(b"\xff\xfe".to_vec());
        let words = ["authy".into(), "run".into(), "--".into(), "ls".into(), odd.clone()];
        match Cli::try_parse_from(words).unwrap().command {
            Command::Run(args) => assert_eq!(args.into_words(), [OsString::from("ls"), odd]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for words in [
            ["authy", "--json", "-q", "--vault", "v", "list"],
            ["authy", "list", "--json", "-q", "--vault", "v"],
        ] {
            let global = Cli::try_parse_from(words).unwrap().global;
            assert!(global.json && global.quiet && global.vault.is_some());
        }
    }
}

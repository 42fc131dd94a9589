//! `authy mcp`.

use std::path::Path;
use std::process::ExitCode;

use authy::{McpClient, McpEntry, McpServer, ScopeName, SessionOptions, Ttl};
use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::Fronts;

/// Serve MCP to an agent: names, and runs with masked values
///
/// An agent lists the secrets of a scope, runs programs with their values, asks whether and why it may
/// use one, asks an admin for more, and reads its own lines of the audit trail. No tool returns a value,
/// whatever the scope says. What a program prints is masked; a scope's commands, seals and run-only
/// hold. Every revision of the protocol from 2024-11-05 to 2026-07-28 is spoken.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  authy mcp config claude --scope bot --write    a token, and the entry in .mcp.json
  claude mcp add authy -- authy mcp --token-file ~/.authy-token
  authy mcp --scope bot"
)]
pub(crate) struct Args {
    /// Serve what this policy allows; a token has its own
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Config(Config),
}

/// Show or write a client's entry for this server
///
/// With --write a session token for the scope is made in a file of its own, and the entry is added to
/// the client's settings where none stands; comments and order there stay. The entry names the token's
/// file in the words of the command, as clients take variables away.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy mcp config claude --scope bot
  authy mcp config codex --scope bot --ttl 7d --write")]
struct Config {
    /// For this client: claude, codex, gemini, opencode, openclaw, copilot, cursor, vscode
    #[arg(value_name = "CLIENT", value_parser = client)]
    client: McpClient,
    /// Make the token for this scope
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Let the token live so long
    #[arg(long, value_name = "TIME", default_value = "30d")]
    ttl: Ttl,
    /// Make the token, and add the entry
    #[arg(long)]
    write: bool,
}

fn client(text: &str) -> Result<McpClient, String> {
    McpClient::parse(text).ok_or_else(|| format!("it is one of: {}", McpClient::WORDS.join(", ")))
}

impl Args {
    pub(super) fn run(self, env: &CliEnv, fronts: &Fronts) -> CommandResult {
        match self.command {
            Some(Command::Config(config)) => config.run(env),
            None => serve(self.scope, env, fronts),
        }
    }
}

#[cfg(feature = "mcp")]
fn serve(scope: Option<ScopeName>, env: &CliEnv, fronts: &Fronts) -> CommandResult {
    let told = |failure: Failure| match failure.hint() {
        Some(hint) => format!("{failure}; {hint}"),
        None => failure.to_string(),
    };
    let serving = crate::front::Serving {
        program: crate::cli::leader::program(),
        words: env.words_for_itself(),
        scope: env.scope_of_its_own(scope)?,
        context: &|client| env.context_for_client(client).map_err(told),
    };
    (fronts.mcp)(&serving).map_err(Failure::Served)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "mcp"))]
fn serve(_: Option<ScopeName>, _: &CliEnv, _: &Fronts) -> CommandResult {
    Err(Failure::NotBuilt("mcp"))
}

impl Config {
    fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, home) = (env.context()?, env.home().ok_or(Failure::NoHome)?);
        let scope = env.scope(self.scope)?.ok_or(Failure::NoScope)?;
        let place = format!(".authy-tokens/{}-{scope}", self.client);
        let file = home.join(&place);
        let server = McpServer {
            home,
            project: std::env::current_dir().map_err(Failure::Input)?,
            program: std::env::current_exe().map_err(Failure::Input)?,
            // Whoever shares a project's file has a home folder of their own.
            words: vec!["mcp".to_owned(), "--token-file".to_owned(), format!("~/{place}")],
        };
        let mut entry = authy::mcp_config(self.client, &server, false)?;
        if self.write {
            let options = SessionOptions {
                scope,
                ttl: Some(self.ttl),
                run_only: true,
                shared: false,
                label: format!("mcp {}", self.client),
            };
            authy::check_token_place(&file)?;
            let session = authy::session_create(&ctx, &options)?;
            authy::write_token(&file, &session.token)?;
            let until = session.expires;
            env.ui().note(format_args!("a new token until {until}; run this again to renew it"));
            entry = authy::mcp_config(self.client, &server, true)?;
        }
        if env.ui().wants_json() {
            env.ui().json(&entry)?;
            return Ok(ExitCode::SUCCESS);
        }
        tell(env, &entry, &file, self.write);
        env.ui().data(format!("{}\n", entry.entry.trim_end()).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn tell(env: &CliEnv, entry: &McpEntry, file: &Path, has_token: bool) {
    let shown = |path: &Path| authy::printable(&path.to_string_lossy());
    let (path, file) = (shown(&entry.path), shown(file));
    match (entry.is_written, entry.is_there) {
        (true, _) => env.ui().note(format_args!("added to '{path}':")),
        (_, true) => {
            env.ui().note(format_args!("'{path}' has an entry, which stays; this one is:"));
        }
        _ => env.ui().note(format_args!("for '{path}' (--write adds it):")),
    }
    match has_token {
        true => env.ui().note(format_args!("it is in '{file}'")),
        false => env.ui().note(format_args!("--write makes the token in '{file}'")),
    }
}

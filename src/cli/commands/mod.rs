//! The tree of commands, and the way to each.

mod admin;
mod adopt;
mod alias;
mod allow;
mod annotate;
mod approve;
mod audit;
mod backup;
mod check;
mod completions;
mod config;
mod conflict;
mod deny;
mod edit;
mod env;
mod export;
mod get;
mod helper;
mod history;
mod hook;
mod hook_state;
mod import;
mod init;
mod join;
mod list;
mod lock;
mod man;
mod mcp;
mod member;
mod narrow;
mod otp;
mod policy;
mod project_info;
mod recover;
mod rekey;
mod remove;
mod rename;
mod request;
mod resolve;
mod restore;
mod rotate;
mod run;
mod scan;
mod session;
mod status;
mod store;
mod sync;
mod textconv;
mod undo;
mod unlock;

use std::process::ExitCode;

use clap::Subcommand;

use super::context::CliEnv;
use super::error::Failure;
use crate::front::Fronts;

pub(crate) use helper::by_name as helper_words;
pub(crate) use narrow::parse as parse_narrow;

/// How a command ends.
pub(crate) type CommandResult = Result<ExitCode, Failure>;

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    #[command(visible_alias = "whoami")]
    Status(status::Args),
    Admin(admin::Args),
    Unlock(unlock::Args),
    Lock(lock::Args),
    Backup(backup::Args),
    Recover(recover::Args),
    #[command(visible_alias = "insert")]
    Store(store::Args),
    #[command(visible_alias = "show")]
    Get(get::Args),
    Otp(otp::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Rotate(rotate::Args),
    Edit(edit::Args),
    Annotate(annotate::Args),
    #[command(visible_alias = "mv")]
    Rename(rename::Args),
    #[command(visible_alias = "rm")]
    Remove(remove::Args),
    History(history::Args),
    Restore(restore::Args),
    Undo(undo::Args),
    #[command(subcommand)]
    Policy(policy::Command),
    #[command(subcommand)]
    Member(member::Command),
    Join(join::Args),
    Approve(approve::Args),
    Request(request::Args),
    Rekey(rekey::Args),
    #[command(subcommand)]
    Session(session::Command),
    Run(run::Args),
    Env(env::Args),
    Export(export::Args),
    Resolve(resolve::Args),
    Import(import::Args),
    Adopt(adopt::Args),
    #[command(subcommand)]
    Helper(helper::Command),
    Mcp(mcp::Args),
    #[command(subcommand)]
    Audit(audit::Command),
    Check(check::Args),
    Scan(scan::Args),
    Sync(sync::Args),
    #[command(subcommand)]
    Conflict(conflict::Command),
    Hook(hook::Args),
    Alias(alias::Args),
    Allow(allow::Args),
    Deny(deny::Args),
    ProjectInfo(project_info::Args),
    #[command(subcommand)]
    Config(config::Command),
    Completions(completions::Args),
    Man(man::Args),
    Textconv(textconv::Args),
    HookState(hook_state::Args),
}

/// Runs a command.
pub(crate) fn run(command: Command, env: &CliEnv, fronts: &Fronts) -> CommandResult {
    match command {
        Command::Init(args) => args.run(env),
        Command::Status(args) => args.run(env),
        Command::Admin(args) => args.run(env, fronts.admin),
        Command::Unlock(args) => args.run(env),
        Command::Lock(args) => args.run(env),
        Command::Backup(args) => args.run(env),
        Command::Recover(args) => args.run(env),
        Command::Store(args) => args.run(env),
        Command::Get(args) => args.run(env),
        Command::Otp(args) => args.run(env),
        Command::List(args) => args.run(env),
        Command::Rotate(args) => args.run(env),
        Command::Edit(args) => args.run(env),
        Command::Annotate(args) => args.run(env),
        Command::Rename(args) => args.run(env),
        Command::Remove(args) => args.run(env),
        Command::History(args) => args.run(env),
        Command::Restore(args) => args.run(env),
        Command::Undo(args) => args.run(env),
        Command::Policy(command) => policy::run(command, env),
        Command::Member(command) => member::run(command, env),
        Command::Join(args) => args.run(env),
        Command::Approve(args) => args.run(env),
        Command::Request(args) => args.run(env),
        Command::Rekey(args) => args.run(env),
        Command::Session(command) => session::run(command, env),
        Command::Run(args) => args.run(env),
        Command::Env(args) => args.run(env),
        Command::Export(args) => args.run(env),
        Command::Resolve(args) => args.run(env),
        Command::Import(args) => args.run(env),
        Command::Adopt(args) => args.run(env),
        Command::Helper(command) => {
            let done = helper::run(command, env);
            // git asks a helper in the middle of its own work: no push from there.
            env.is_sent();
            done
        }
        Command::Mcp(args) => args.run(env, fronts),
        Command::Audit(command) => audit::run(command, env),
        Command::Check(args) => args.run(env),
        Command::Scan(args) => args.run(env),
        Command::Sync(args) => args.run(env),
        Command::Conflict(command) => conflict::run(command, env),
        Command::Hook(args) => args.run(env),
        Command::Alias(args) => args.run(env),
        Command::Allow(args) => args.run(env),
        Command::Deny(args) => args.run(env),
        Command::ProjectInfo(args) => args.run(env),
        Command::Config(command) => config::run(command, env),
        Command::Completions(args) => args.run(env),
        Command::Man(args) => args.run(env),
        Command::Textconv(args) => args.run(env),
        Command::HookState(args) => args.run(env),
    }
}

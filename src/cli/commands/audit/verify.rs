//! `authy audit verify`.

use std::process::ExitCode;

use authy::{ChainStatus, ChainSummary, Kind, VerifyReport, printable};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Verify the audit trail, chain by chain
///
/// Exits with 5 where a chain is damaged. A chain whose key you do not have is 'unchecked':
/// only that its lines follow one another can be seen.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy audit verify
  authy audit verify --json")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let report = authy::audit_verify(&env.context()?)?;
        if env.ui().wants_json() {
            env.ui().json(&report.chains)?;
        } else {
            let lines: String = report.chains.iter().map(line).collect();
            env.ui().data(lines.as_bytes())?;
            if let Some(text) = unchecked(&report) {
                env.ui().note(text);
            }
        }
        Ok(match report.is_damaged() {
            true => ExitCode::from(Kind::Damaged.exit_code()),
            false => ExitCode::SUCCESS,
        })
    }
}

fn line(chain: &ChainSummary) -> String {
    let plural = if chain.lines == 1 { "" } else { "s" };
    let mut text = format!("{}: {}, {} line{plural}", chain.chain, chain.status, chain.lines);
    if let Some(line) = chain.line {
        text.push_str(&format!(", line {line}"));
    }
    if let Some(fault) = &chain.fault {
        text.push_str(&format!(": {fault}"));
    }
    if let Some(line) = chain.unknown {
        text.push_str(&format!("; others saw line {line} of it, which no branch here has yet"));
    }
    if let Some(accepted) = &chain.accepted {
        text.push_str(&format!("; {accepted}"));
    }
    printable(&text) + "\n"
}

fn unchecked(report: &VerifyReport) -> Option<String> {
    match report.chains.iter().filter(|chain| chain.status == ChainStatus::Unchecked).count() {
        0 => None,
        1 => Some("1 chain could not be checked here".to_owned()),
        n => Some(format!("{n} chains could not be checked here")),
    }
}

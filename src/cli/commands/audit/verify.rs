//! `authy audit verify`.

use std::process::ExitCode;

use authy::{ChainSummary, Kind};

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Verify every audit chain; exits 5 where one is damaged
///
/// Without an identity only the continuity of the chains can be checked, and they are
/// reported as unchecked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(world: &World, _: &Args) -> Result<ExitCode, Failure> {
    let report = authy::audit_verify(&world.context()?)?;
    if world.json() {
        world.ui().value(&report.chains)?;
    } else {
        let lines: String = report.chains.iter().map(line).collect();
        world.ui().data(lines.as_bytes())?;
    }
    Ok(match report.is_damaged() {
        true => ExitCode::from(Kind::Damaged.exit_code()),
        false => ExitCode::SUCCESS,
    })
}

fn line(chain: &ChainSummary) -> String {
    let count = if chain.lines == 1 { "line" } else { "lines" };
    let mut text = format!("{}: {}, {} {count}", chain.chain, chain.status, chain.lines);
    if let Some(line) = chain.line {
        text.push_str(&format!(", line {line}"));
    }
    if let Some(fault) = &chain.fault {
        text.push_str(&format!(": {}", authy::printable(fault)));
    }
    text.push('\n');
    text
}

//! `authy check`.

use std::process::ExitCode;

use authy::{Finding, Kind, Severity, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Check every file of the vault; this needs no identity
///
/// Members and policies are signed by admins, records by those who may, each value is the one
/// that its record describes, secrets are encrypted to those who may read them, and the audit
/// trail is whole: one line for each exception, with what mends it. With an identity the
/// trail's macs are checked too, and that it opens the files that it should. No value is opened.
/// '--install-hook' has git run the check of what is staged, and 'authy scan --staged', before each
/// commit that somebody makes by hand.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with 5 where something is damaged, with 4 where access is not what the rules say, with 0
otherwise; with --strict a warning is exit 1.

Examples:
  authy --vault . check --strict           in a pipeline of the vault's repository
  authy --vault . check --base origin/main     for a pull request
  authy check --install-hook               in a clone where people edit policies by hand")]
pub(crate) struct Args {
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// Make sure that nothing is older than in this revision of git: admins, members, policies,
    /// secrets, the audit trail
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Mend first what is mechanical: permissions of others, lines that .gitignore and
    /// .gitattributes lack, what waits for a commit, what a power cut left of git; nobody gains or
    /// loses access by it
    #[arg(long)]
    repair: bool,
    /// Look only at what is staged for git's next commit
    #[arg(long, conflicts_with_all = ["base", "repair"])]
    staged: bool,
    /// Accept the vault of this id in a folder where another one was; compare the fingerprints of
    /// its admins
    #[arg(long, value_name = "ID", conflicts_with_all = ["base", "staged", "repair"])]
    accept_vault: Option<String>,
    /// Write a pre-commit hook into this clone that refuses unsigned policies, members and
    /// records, keys, what looks like plaintext in the vault, and copies of values ('authy scan')
    #[arg(long, conflicts_with_all = ["base", "staged", "strict", "repair"])]
    install_hook: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        if self.install_hook {
            let path = authy::install_hook(&ctx)?;
            env.ui().note(format_args!("wrote '{}'", printable(&path.to_string_lossy())));
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(id) = &self.accept_vault {
            authy::accept_vault(&ctx, id)?;
        }
        if self.repair {
            authy::repair(&ctx)?.iter().for_each(|done| env.ui().note(done));
        }
        let found = match self.staged {
            true => authy::check_staged(&ctx, env.git_index().as_deref())?,
            false => authy::check(&ctx, self.base.as_deref())?,
        };
        if env.ui().wants_json() {
            env.ui().json(&found)?;
        } else {
            let lines: String = found.iter().map(line).collect();
            env.ui().data(lines.as_bytes())?;
        }
        match found.len() {
            0 => env.ui().note("nothing is wrong"),
            1 => env.ui().note("1 finding"),
            several => env.ui().note(format_args!("{several} findings")),
        }
        Ok(match found.iter().map(|finding| finding.severity).max() {
            Some(Severity::Damage) => ExitCode::from(Kind::Damaged.exit_code()),
            Some(Severity::Drift) => ExitCode::from(Kind::Denied.exit_code()),
            Some(Severity::Warning) if self.strict => ExitCode::from(Kind::Failure.exit_code()),
            _ => ExitCode::SUCCESS,
        })
    }
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Warning => "warning",
        Severity::Drift => "drift",
        Severity::Damage => "damage",
    };
    let mend = finding.mend.as_ref().map(|mend| format!(" ({mend})")).unwrap_or_default();
    printable(&format!("{severity}: {}: {}{mend}", finding.path, finding.message)) + "\n"
}

//! `authy scan`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use authy::{
    Kind, ScanFinding, ScanMatch, ScanReport, ScanRequest, ScanValues, ScopeName, SecretName,
    printable, some_of,
};
use time::OffsetDateTime;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::sarif::sarif;
use crate::cli::ui::Ui;
use crate::front::ago;

/// Find copies of the vault's values, and show none
///
/// Looks for the values that you may use, or those of a scope, as they are and as programs write them
/// (JSON, addresses, hex, base64 and more): in files, also hidden ones and those that git ignores; in
/// what is staged; in everything that git keeps; in what agents and shells write down. Without a vault
/// or an identity it looks for what has the form of a provider's token or key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with 1 where something is found. The vault's own folder and '.git' are left out. A file
.authyignore says what else is, as .gitignore does for git; on a line with 'authy:allow' nothing is
reported that only looks like a secret.

Examples:
  authy scan                               this folder
  authy scan --history                     every version that git keeps
  authy scan --transcripts                 what Claude Code, Codex and others wrote down
  authy scan --staged                      before a commit: 'authy check --install-hook' does it
  authy scan --mark ~/work                 mark what is found as due for rotation
  authy scan --formats --sarif > authy.sarif     for code review")]
pub(crate) struct Args {
    /// Files and folders [default: this folder, where nothing else is asked for]
    paths: Vec<PathBuf>,
    /// Look at what is staged for git's next commit
    #[arg(long)]
    staged: bool,
    /// Look at all that git keeps: every branch, tag and stash, and what is no longer in any
    #[arg(long)]
    history: bool,
    /// Look at what agents and shells write down: their transcripts, logs and histories, ~/.cache
    #[arg(long)]
    transcripts: bool,
    /// Look only for values of this policy
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Look for what has the form of a token or key, too
    #[arg(long)]
    formats: bool,
    /// Look for no values; this needs no vault
    #[arg(long, conflicts_with_all = ["scope", "mark"])]
    no_values: bool,
    /// Mark secrets of which a copy is found as due for rotation
    #[arg(long)]
    mark: bool,
    /// Write SARIF 2.1.0 for code review
    #[arg(long)]
    sarif: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ui = env.ui();
        let ctx = env.context()?;
        // Whoever names a vault that is not there has mistyped it.
        let is_lacking = env.names_vault() && !authy::is_vault(&ctx);
        let request = self.request(env, is_lacking)?;
        let report = authy::scan(&ctx, &request)?;
        if self.sarif {
            ui.json(&sarif(&report))?;
        } else if ui.wants_json() {
            ui.json(&report)?;
        } else {
            let now = ui.is_for_eyes().then_some(ctx.now);
            let lines: String = report.found.iter().map(|finding| line(finding, now)).collect();
            ui.data(lines.as_bytes())?;
        }
        let secrets = secrets(&report);
        tell(ui, &report, &secrets);
        if self.mark && !secrets.is_empty() {
            let marked = authy::mark_leaked(&ctx, &secrets)?;
            if !marked.is_empty() {
                ui.note(format_args!("marked as due for rotation: {}", some_of(&marked, SHOWN)));
            }
        }
        Ok(match report.found.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(Kind::Failure.exit_code()),
        })
    }

    fn request(&self, env: &CliEnv, is_lacking: bool) -> Result<ScanRequest, Failure> {
        let here = || PathBuf::from(".");
        let mut paths = self.paths.clone();
        for path in &paths {
            match path.metadata() {
                Ok(found) if found.is_file() || found.is_dir() => {}
                Ok(_) => return Err(Failure::NoFile(path.clone())),
                Err(source) => return Err(Failure::Unreadable { path: path.clone(), source }),
            }
        }
        if self.transcripts {
            let home = env.home().ok_or(Failure::NoHome)?;
            let variable = |name: &str| env.variable(name).map(PathBuf::from);
            let temporary = variable("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
            paths.extend(authy::transcript_places(&home, &temporary, &variable));
        }
        if paths.is_empty() && !self.staged && !self.history && !self.transcripts {
            paths.push(here());
        }
        Ok(ScanRequest {
            paths,
            staged: self.staged.then(here),
            index: env.git_index(),
            history: self.history.then(here),
            scope: env.scope(self.scope.clone())?,
            values: match (self.no_values, self.mark || self.scope.is_some() || is_lacking) {
                (true, _) => ScanValues::Never,
                (_, true) => ScanValues::Always,
                _ => ScanValues::IfPossible,
            },
            formats: self.formats,
        })
    }
}

/// So many names are listed in a line.
const SHOWN: usize = 6;

/// The secrets of which something was found.
fn secrets(report: &ScanReport) -> Vec<SecretName> {
    let names: BTreeSet<&SecretName> = report
        .found
        .iter()
        .filter_map(|finding| match &finding.copy {
            ScanMatch::Secret(name) => Some(name),
            ScanMatch::Format(_) => None,
        })
        .collect();
    names.into_iter().cloned().collect()
}

/// A line as compilers write them, so that editors and terminals lead there.
fn line(finding: &ScanFinding, now: Option<OffsetDateTime>) -> String {
    let place = finding.lines.first().map(|line| format!(":{line}")).unwrap_or_default();
    let what = match &finding.copy {
        ScanMatch::Secret(name) => name.to_string(),
        ScanMatch::Format(name) => format!("looks like a secret ({name})"),
    };
    let mut more = Vec::new();
    if finding.lines.is_empty() {
        more.push("in its name".to_owned());
    }
    if finding.count > 1 {
        more.push(format!("{} times", finding.count));
    }
    if let Some(since) = &finding.since {
        more.push(match now {
            Some(now) => ago(now, since),
            None => since.clone(),
        });
    }
    more.extend(
        finding
            .commit
            .iter()
            .map(|commit| format!("commit {}", commit.chars().take(10).collect::<String>())),
    );
    more.extend(finding.author.iter().map(|author| format!("by {author}")));
    if finding.staged {
        more.push("staged".to_owned());
    }
    if finding.unreachable {
        more.push("in no branch".to_owned());
    }
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    printable(&format!("{}{place}: {what}{more}", finding.path)) + "\n"
}

fn tell(ui: Ui, report: &ScanReport, secrets: &[SecretName]) {
    if let Some(why) = &report.without_values {
        ui.note(format_args!("looking for known formats only: {why}"));
    }
    let several = |count: usize| if count == 1 { "" } else { "s" };
    for (names, why) in [
        (&report.too_short, "too short to look for (fewer than 8 bytes)"),
        (&report.sealed, "not looked for, as the scope seals them"),
        (&report.guessable, "not looked for while an agent is at work (fewer than 16 bytes)"),
        (&report.closed, "not looked for, as they are not encrypted to you yet"),
    ] {
        if !names.is_empty() {
            ui.note(format_args!("{why}: {}", some_of(names, SHOWN)));
        }
    }
    if report.compressed > 0 {
        let count = report.compressed;
        ui.note(format_args!("{count} compressed file{} not unpacked", several(count)));
    }
    if report.cut_off {
        ui.note("this clone has a part of the history only: the rest was not looked at");
    }
    if report.unreadable > 0 {
        let count = report.unreadable;
        ui.note(format_args!("{count} file{} could not be read", several(count)));
    }
    let what = match (report.secrets, report.formats) {
        (0, _) => "known formats".to_owned(),
        (1, false) => "1 secret".to_owned(),
        (count, false) => format!("{count} secrets"),
        (count, true) => format!("{count} secret{} and known formats", several(count)),
    };
    let files = [(report.files, "file"), (report.objects, "git object")];
    let files = files.into_iter().filter(|(count, _)| *count > 0);
    let files: Vec<_> =
        files.map(|(count, word)| format!("{count} {word}{}", several(count))).collect();
    let inside = if files.is_empty() { "0 files".to_owned() } else { files.join(" and ") };
    match report.found.len() {
        0 => ui.note(format_args!("found nothing: looked for {what} in {inside}")),
        count => ui
            .note(format_args!("{count} finding{}: looked for {what} in {inside}", several(count))),
    }
    if let [name, ..] = secrets {
        ui.note(format_args!(
            "remove the copies, then give these another value: {} ('authy rotate {name}')",
            some_of(secrets, SHOWN)
        ));
    }
}

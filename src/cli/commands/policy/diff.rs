//! `authy policy diff`.

use std::process::ExitCode;

use authy::{DiffFrom, FileDiff, PolicyDiff, printable};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::front::effect_lines;

/// Explain who gains or loses access by a change; this needs no identity
///
/// Compares two states of the vault: the last commit and the files as they lie there, a
/// revision of git and the files, or two revisions. Shows the lines that differ in policies,
/// members and admins, and below them in words who can decrypt what from then on, by which
/// policy and pattern, and what each scope reaches. What no admin signed yet is told as if one
/// had, and marked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy diff                        what is not committed
  authy policy diff main...HEAD            what a branch changed since it left main
  authy policy diff origin/main --markdown     for a comment on a pull request")]
pub(crate) struct Args {
    /// Compare with this revision, or compare two: REV..REV, or REV...REV from where they parted
    #[arg(value_name = "REV[..REV]", default_value = "HEAD")]
    range: String,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
    /// Exit with 1 where something differs
    #[arg(long)]
    exit_code: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let or_head = |rev: &str| if rev.is_empty() { "HEAD".to_owned() } else { rev.to_owned() };
        let dots = if self.range.contains("...") { "..." } else { ".." };
        let (from, to) = match self.range.split_once(dots) {
            Some((from, to)) => (or_head(from), Some(or_head(to))),
            None => (self.range.clone(), None),
        };
        let from = match dots {
            "..." => DiffFrom::ForkPoint(&from),
            _ => DiffFrom::Revision(&from),
        };
        let diff = authy::policy_diff(&env.context()?, from, to.as_deref())?;
        if env.ui().wants_json() {
            env.ui().json(&diff)?;
        } else if self.markdown {
            env.ui().data(markdown(&diff).as_bytes())?;
        } else {
            env.ui().data(text(&diff).as_bytes())?;
        }
        let same = diff.files.is_empty() && diff.effect.is_empty();
        if same {
            env.ui().note("nothing differs");
        }
        Ok(ExitCode::from(u8::from(self.exit_code && !same)))
    }
}

/// What is said of a file beside its lines.
fn remarks(file: &FileDiff) -> String {
    let mut remarks = vec![file.change.to_string()];
    if !file.approved {
        remarks.push("not approved by an admin yet".to_owned());
    }
    remarks
        .extend(file.problem.iter().map(|why| format!("left out below, as it is damaged: {why}")));
    remarks.join(", ")
}

fn text(diff: &PolicyDiff) -> String {
    let mut lines = Vec::new();
    for file in &diff.files {
        lines.push(format!("{} ({})", file.path, remarks(file)));
        lines.extend(file.diff.iter().map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    let meaning = effect_lines(&diff.effect);
    if !diff.files.is_empty() || !meaning.is_empty() {
        lines.push("What this means:".to_owned());
        if meaning.is_empty() {
            lines.push("  nobody gains or loses anything".to_owned());
        }
        lines.extend(meaning.iter().map(|line| format!("  {line}")));
        lines.extend(waiting(diff).map(|line| format!("  {line}")));
    }
    lines.iter().map(|line| printable(line) + "\n").collect()
}

fn markdown(diff: &PolicyDiff) -> String {
    let mut lines = vec!["### Who can read what".to_owned(), String::new()];
    let meaning = effect_lines(&diff.effect);
    if meaning.is_empty() {
        lines.push("Nobody gains or loses anything.".to_owned());
    }
    lines.extend(meaning.iter().map(|line| format!("- {}", escaped(&printable(line)))));
    let waiting: Vec<String> = waiting(diff).collect();
    if !waiting.is_empty() {
        lines.push(String::new());
        lines.extend(waiting.iter().map(|line| format!("> {}", escaped(&printable(line)))));
    }
    for file in &diff.files {
        let title = escaped(&printable(&format!("{} ({})", file.path, remarks(file))));
        lines.extend([String::new(), format!("#### {title}"), String::new()]);
        // No line of a file ends the block: one is indented, and no fence is.
        lines.push("```diff".to_owned());
        lines.extend(file.diff.iter().map(|line| printable(line)));
        lines.push("```".to_owned());
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// One sentence where something waits for an admin.
fn waiting(diff: &PolicyDiff) -> impl Iterator<Item = String> {
    let waits: Vec<&str> = diff
        .files
        .iter()
        .filter(|file| !file.approved)
        .filter_map(|file| file.name.as_deref())
        .collect();
    let names = waits.join(", ");
    let line = "of this, what concerns files that are not approved counts once an admin has run";
    (!waits.is_empty()).then(|| format!("{line} 'authy approve': {names}")).into_iter()
}

/// Text that Markdown shows as it is.
fn escaped(text: &str) -> String {
    let special = |c: char| {
        matches!(c, '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '@' | '#' | '|' | '~')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // A name after '@' would call somebody who is not meant.
        if c == '@' {
            out.push_str("&#64;");
            continue;
        }
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markdown_shows_patterns_as_they_are_and_calls_nobody() {
        assert_eq!(escaped("allow \"db-*\" of @ops"), "allow \"db-\\*\" of &#64;ops");
        assert_eq!(escaped("`<b>`"), "\\`\\<b\\>\\`");
    }
}

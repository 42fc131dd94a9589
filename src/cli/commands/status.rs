//! `authy status`.

use std::process::ExitCode;

use authy::{
    BriefStatus, CallerView, RemoteView, ScopeName, Status, UsableScope, Waits, printable, some_of,
};
use time::OffsetDateTime;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::front::counted;
use crate::front::{ago, left, marks};

/// Show where you are, who you are, and what waits
///
/// Names the vault, the member or the session token, the scopes that you may use and how many
/// secrets each has, what decides here (a token, .authy.toml, AUTHY_SCOPE, an agent), the remote
/// as it was fetched last, and what waits for you: changes to commit, to send and to approve,
/// conflicts, rotations that are due. Asks for no passphrase and fetches nothing.
///
/// With --short one line for a prompt: the member or session, '@' and the scope in effect, then
/// '*' if a change is not committed, '>2' for two commits to send, '<1' for one fetched and not
/// merged. Nothing is printed, and the exit code is 0, where there is no vault.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy status
  authy status --json
  PS1='$(authy status --short) \\$ '        in a prompt")]
pub(crate) struct Args {
    /// Print one short line, as for a prompt
    #[arg(short, long)]
    short: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ui = env.ui();
        if self.short {
            // A prompt is no place for a failure.
            let scope = env.scope(None).ok().flatten();
            let brief = env.context_unasked().ok().and_then(|ctx| authy::status_brief(&ctx).ok());
            match (brief, ui.wants_json()) {
                (Some(brief), true) => ui.json(&brief)?,
                (Some(brief), false) => ui.data(line(&brief, scope.as_ref()).as_bytes())?,
                (None, _) => {}
            }
            return Ok(ExitCode::SUCCESS);
        }
        let ctx = env.context_unasked()?;
        let status = authy::status(&ctx)?;
        if ui.wants_json() {
            ui.json(&status)?;
            return Ok(ExitCode::SUCCESS);
        }
        let here = Here::of(env)?;
        ui.data(Page::of(ctx.now, &status, &here).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What decides in this folder and this process.
struct Here {
    scope: Option<(ScopeName, String)>,
    project: Option<(String, bool)>,
}

impl Here {
    fn of(env: &CliEnv) -> Result<Self, crate::cli::error::Failure> {
        let project = env.project()?;
        let path = |file: &authy::ProjectFile| file.path.to_string_lossy().into_owned();
        let of_project =
            || project.and_then(|file| Some((file.scope.clone()?, format!("from {}", path(file)))));
        let confined = env.confined()?.map(|scope| (scope, "from AUTHY_SCOPE".to_owned()));
        Ok(Self {
            scope: confined.or_else(of_project),
            project: project.map(|file| (path(file), env.allows(file))),
        })
    }
}

/// The line for a prompt.
fn line(brief: &BriefStatus, scope: Option<&ScopeName>) -> String {
    let mut words = match (&brief.who, scope) {
        (Some(who), Some(scope)) => vec![format!("{who}@{scope}")],
        (Some(who), None) => vec![who.clone()],
        (None, Some(scope)) => vec![format!("@{scope}")],
        (None, None) => Vec::new(),
    };
    words.extend(marks(brief));
    format!("{}\n", words.join(" "))
}

/// The width of the first column.
const LEAD: usize = 12;
/// So many names are written out.
const NAMES: usize = 6;

/// What is printed, line by line.
struct Page {
    out: String,
    /// What stood before the last line.
    last: &'static str,
}

impl Page {
    fn of(now: OffsetDateTime, status: &Status, here: &Here) -> String {
        let mut page = Self { out: String::new(), last: "" };
        page.add("vault", &status.vault);
        page.caller(now, &status.caller);
        if let Some(unlocked) = &status.unlocked {
            let left = left(now, &unlocked.until).unwrap_or_else(|| "over".to_owned());
            let asks = match (&status.agent, unlocked.confirm) {
                (Some(_), _) => "; for an agent only if you agree each time",
                (None, true) => "; each use is asked about",
                (None, false) => "",
            };
            page.add("unlocked", &format!("here, {left}{asks}; 'authy lock' ends it"));
        }
        if let Some(agent) = &status.agent {
            let limited = if status.agent_limited {
                "without a token its scopes are run-only"
            } else {
                "its scopes are not limited"
            };
            page.add("agent", &format!("{agent}: {limited}"));
        }
        if let Some((path, is_allowed)) = &here.project {
            let allowed = if *is_allowed { "allowed" } else { "not allowed ('authy allow')" };
            page.add("project", &format!("{path}, {allowed}"));
        }
        if let Some((scope, from)) = &here.scope {
            page.add("scope", &format!("{scope}, {from}"));
        }
        page.scopes(&status.scopes);
        if !matches!(status.caller, CallerView::Session { .. }) {
            page.remote(now, status);
            page.waits(&status.waits, status.remote.as_ref());
        }
        page.out
    }

    /// A line; what follows of the same kind has no lead.
    fn add(&mut self, what: &'static str, text: &str) {
        let lead = if what == self.last { String::new() } else { format!("{what}:") };
        self.out.push_str(&format!("{lead:<LEAD$}{}\n", printable(text)));
        self.last = what;
    }

    fn caller(&mut self, now: OffsetDateTime, caller: &CallerView) {
        match caller {
            CallerView::Member { name, admin, writes, groups, fingerprint, identity } => {
                let may = match (admin, writes) {
                    (true, _) => ", an admin",
                    (false, true) => "",
                    (false, false) => ", who only reads",
                };
                let groups: Vec<String> = groups.iter().map(|group| format!("@{group}")).collect();
                let groups = match groups.is_empty() {
                    true => String::new(),
                    false => format!(", in {}", groups.join(" ")),
                };
                self.add("member", &format!("{name}{may}{groups}"));
                if let Some(fingerprint) = fingerprint {
                    self.add("signs with", fingerprint);
                }
                if let Some(identity) = identity {
                    self.add("identity", identity);
                }
            }
            CallerView::Waiting { name, fingerprint } => {
                self.add(
                    "member",
                    &format!("{name}, not yet: an admin runs 'authy approve {name}'"),
                );
                if let Some(fingerprint) = fingerprint {
                    self.add("signs with", &format!("{fingerprint}; read it to the admin"));
                }
            }
            CallerView::Session { id, label, scope, expires, run_only } => {
                let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
                let only = if *run_only { ", run-only" } else { "" };
                self.add("session", &format!("{id}{label}, for scope {scope}{only}"));
                let until = left(now, expires).unwrap_or_else(|| "over".to_owned());
                self.add("expires", &format!("{expires} ({until})"));
            }
            CallerView::Locked { identity, by_command } => {
                let file = identity.as_deref().unwrap_or("the identity");
                self.add("member", "known once the identity is unlocked");
                let why = match by_command {
                    true => "which is not run for this",
                    false => "under a passphrase",
                };
                self.add("identity", &format!("{file}, {why}"));
            }
            CallerView::Nobody { problem, hint } => {
                self.add("member", &format!("none: {problem}"));
                if let Some(hint) = hint {
                    self.add("member", hint);
                }
            }
        }
    }

    fn scopes(&mut self, scopes: &[UsableScope]) {
        let widest = scopes.iter().map(|scope| scope.name.as_str().len()).max().unwrap_or(0);
        for scope in scopes {
            let only = match (scope.seal_only, scope.run_only) {
                (true, _) => ", sealed only",
                (_, true) => ", run-only",
                _ => "",
            };
            let count = counted(scope.secrets, "secret");
            self.add("scopes", &format!("{:<widest$}  {count}{only}", scope.name.as_str()));
        }
    }

    fn remote(&mut self, now: OffsetDateTime, status: &Status) {
        match &status.remote {
            Some(remote) if remote.branch.is_empty() => {
                self.add("remote", remote.problem.as_deref().unwrap_or_default());
            }
            Some(remote) => {
                let fetched = match &remote.fetched {
                    Some(at) => format!("last fetched {}", ago(now, at)),
                    None if remote.ahead.is_some() => "as it was cloned".to_owned(),
                    None => "never fetched".to_owned(),
                };
                self.add("remote", &format!("{}, {fetched}", remote.branch));
                if let Some(problem) = &remote.problem {
                    self.add("remote", problem);
                }
            }
            None if status.manual_commit => self.add("commits", "yours to make, with git"),
            None => self.add("remote", "none"),
        }
    }

    fn waits(&mut self, waits: &Waits, remote: Option<&RemoteView>) {
        const WAITS: &str = "waits";
        let (ahead, behind) = match remote {
            Some(remote) => (remote.ahead.unwrap_or(0), remote.behind.unwrap_or(0)),
            None => (0, 0),
        };
        let Waits { commit, edited, approve, requests, conflicts, rotate, rekey, backup } = waits;
        if waits.is_empty() && ahead + behind == 0 {
            return self.add(WAITS, "nothing");
        }
        if !conflicts.is_empty() {
            let names = some_of(conflicts, NAMES);
            self.add(WAITS, &format!("in conflict: {names} (authy conflict list)"));
        }
        if !commit.is_empty() {
            // Where there is no branch to commit to, 'check' says what to do about that.
            let way = match remote.is_some_and(|remote| remote.problem.is_some()) {
                true => "authy check",
                false => "authy sync",
            };
            self.add(WAITS, &format!("not committed: {} ({way})", some_of(commit, NAMES)));
        }
        if !edited.is_empty() {
            self.add(WAITS, &format!("edited by hand: {} (authy check)", some_of(edited, NAMES)));
        }
        let way = match conflicts.is_empty() {
            true => "authy sync",
            false => "once nothing is in conflict",
        };
        if ahead > 0 {
            self.add(WAITS, &format!("{} to send ({way})", counted(ahead, "commit")));
        }
        if behind > 0 {
            self.add(WAITS, &format!("{} to merge ({way})", counted(behind, "commit")));
        }
        if !approve.is_empty() {
            self.add(WAITS, &format!("for an admin: {} (authy approve)", some_of(approve, NAMES)));
        }
        for request in requests {
            let names = some_of(&request.names, NAMES);
            let (by, scope) = (&request.by, &request.scope);
            self.add(WAITS, &format!("{by} asks for {names} in {scope} (authy approve)"));
        }
        if *rekey > 0 {
            let secrets = counted(*rekey, "secret");
            self.add(
                WAITS,
                &format!("{secrets} to encrypt to other readers (an admin runs authy rekey)"),
            );
        }
        if !rotate.is_empty() {
            let names = some_of(rotate, NAMES);
            self.add(WAITS, &format!("to rotate: {names} (authy list --rotate-due)"));
        }
        if let Some(folder) = backup {
            self.add(WAITS, &format!("your identity is only in {folder} (authy backup FILE)"));
        }
    }
}

#[cfg(test)]
mod tests {
    use authy::{BriefStatus, ScopeName};

    use super::line;

    #[test]
    fn a_prompt_has_room_for_a_line() {
        let scope = ScopeName::parse("backend").unwrap();
        let brief = |who: Option<&str>, uncommitted, ahead, behind| BriefStatus {
            who: who.map(str::to_owned),
            uncommitted,
            ahead,
            behind,
        };
        assert_eq!(line(&brief(Some("alice"), false, 0, 0), None), "alice\n");
        assert_eq!(
            line(&brief(Some("alice"), true, 2, 1), Some(&scope)),
            "alice@backend * >2 <1\n"
        );
        assert_eq!(line(&brief(None, false, 0, 0), Some(&scope)), "@backend\n");
    }
}

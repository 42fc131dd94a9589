//! `authy adopt`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authy::{
    AdoptFile, AdoptOptions, AdoptPlan, AdoptThen, Adopted, Kind, PolicyChange, ProjectDraft,
    ScopeName, SecretName, VerdictRule, printable, some_of,
};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::ui::Ui;

/// Move secrets out of the files of other programs
///
/// Finds values in the files of programs that it knows, stores them in one change, and leaves a
/// reference in the place of each, in the way that its program expands. Shows what would change, with
/// dots for values, and asks. The rest of a file stays as it is; a comment behind a value that goes, goes
/// with it. The file is replaced when the values are on the disk. Without files it looks where such files usually lie, here and in your home folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Files it knows, and what becomes of a value there:
  .mcp.json, ~/.claude.json, Gemini CLI, Copilot CLI, openclaw.json   ${VAR}
  Cursor, VS Code          ${env:VAR}
  opencode.json            {env:VAR}
  Claude settings.json     it goes; 'authy run' sets the variable
  Claude Desktop           it goes, and the server is started by 'authy run'
  Codex config.toml        env_vars, env_http_headers, bearer_token_env_var, env_key
  .env, .env.*             the line goes, its name stays in a comment
  .envrc                   $(authy get NAME)
  compose files            ${VAR:?}
  Kubernetes stringData    <authy:NAME>, for 'authy resolve'
  kubeconfig               exec: authy helper kubectl NAME
  *.tfvars, *.tfvars.json  the line goes; 'authy run' sets TF_VAR_name
  GitHub's workflows       ${{ secrets.VAR }}, which you give to GitHub
  .gitlab-ci.yml           it goes; you give it to GitLab
  .npmrc                   ${VAR}
  .git-credentials, .netrc, Docker, cargo, .pypirc, gh, .terraformrc   it goes; the helper or 'authy run' gives it
  ~/.aws/credentials       credential_process

Examples:
  authy adopt                              look for such files, and ask
  authy adopt -n .mcp.json                 show what would change
  authy adopt .env --prefix dev/ --policy dev
  authy adopt terraform.tfvars --policy infra --project
  authy adopt .mcp.json --only 'github-*' --yes")]
pub(crate) struct Args {
    /// The files [default: those that are there of the usual ones]
    files: Vec<PathBuf>,
    /// Put this before each new name, such as dev/
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Move only values that get such a name; may be repeated
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Move all values that stand where secrets may, such as all variables of a server
    #[arg(short, long)]
    all: bool,
    /// Create this policy for what is moved, or allow it there
    #[arg(long, value_name = "SCOPE")]
    policy: Option<ScopeName>,
    /// Write .authy.toml, or add to it, so that 'authy run' needs no options
    #[arg(long, requires = "policy")]
    project: bool,
    /// Show what would change and change nothing; this needs no identity
    #[arg(short = 'n', long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// What a policy lacks to allow what is moved.
struct Wanted<'p> {
    policy: &'p ScopeName,
    is_new: bool,
    lacks: Vec<String>,
}

impl<'p> Wanted<'p> {
    /// Finds out before anything is moved.
    ///
    /// # Errors
    /// The policy denies some of it.
    fn of(
        ctx: &authy::Context,
        policy: &'p ScopeName,
        names: &[SecretName],
    ) -> Result<Self, Failure> {
        let all = || names.iter().map(ToString::to_string).collect();
        let view = match authy::policy_show(ctx, policy) {
            Err(error) if error.kind() == Kind::NotFound => {
                return Ok(Self { policy, is_new: true, lacks: all() });
            }
            view => view?,
        };
        if view.seal_only {
            return Err(Failure::PolicySeals(policy.clone()));
        }
        let verdicts = authy::policy_preview(policy, &view.allow, &view.deny, names)?;
        if let Some(denied) = verdicts.iter().find(|one| one.rule == VerdictRule::Deny) {
            let (policy, name) = (policy.clone(), denied.name.clone());
            let pattern = denied.pattern.clone().unwrap_or_default();
            return Err(Failure::PolicyDenies { policy, name, pattern });
        }
        let lacks = verdicts.iter().filter(|one| !one.allowed).map(|one| one.name.to_string());
        Ok(Self { policy, is_new: false, lacks: lacks.collect() })
    }

    fn write(self, ctx: &authy::Context, ui: Ui) -> Result<(), Failure> {
        let Self { policy, is_new, lacks } = self;
        if lacks.is_empty() {
            ui.note(format_args!("policy '{policy}' allows them already"));
            return Ok(());
        }
        let change = PolicyChange { allow: lacks, ..PolicyChange::new(policy.clone()) };
        match is_new {
            true => {
                authy::policy_create(ctx, &change)?;
                ui.note(format_args!("created policy '{policy}' for them"));
            }
            false => {
                authy::policy_update(ctx, &change)?;
                ui.note(format_args!("policy '{policy}' allows them now"));
            }
        }
        Ok(())
    }
}

/// So many names are written out.
const SHOWN: usize = 8;

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, ui) = (env.context()?, env.ui());
        let options =
            AdoptOptions { prefix: self.prefix.clone(), only: self.only.clone(), all: self.all };
        let is_given = !self.files.is_empty();
        let files = match is_given {
            true => self.files.clone(),
            false => authy::adoptable(env.home().as_deref(), Path::new(".")),
        };
        let plan = authy::adopt_plan(&files, is_given, &options)?;
        let draft = self.draft(env, &plan)?;
        if !ui.wants_json() {
            plan.files.iter().try_for_each(|file| show(ui, file))?;
        }
        let names = names(&plan);
        let wanted = match (&self.policy, self.dry_run) {
            (None, _) => None,
            (Some(policy), false) => Some(Wanted::of(&ctx, policy, &names)?),
            // There may be no vault yet.
            (Some(policy), true) => match Wanted::of(&ctx, policy, &names) {
                Err(denied @ (Failure::PolicyDenies { .. } | Failure::PolicySeals(_))) => {
                    return Err(denied);
                }
                wanted => wanted.ok(),
            },
        };
        if names.is_empty() || self.dry_run {
            if ui.wants_json() {
                ui.json(&serde_json::json!({ "files": plan.files, "done": null }))?;
            }
            by_hand(ui, &plan);
            let has_others = plan.files.iter().any(|file| !file.by_hand.is_empty());
            ui.note(match (names.len(), is_given) {
                (0, _) if has_others => "nothing is moved".to_owned(),
                (0, true) => {
                    "no values to move: --all takes those that do not look like secrets".to_owned()
                }
                (0, false) => "no values to move in the usual files; name others".to_owned(),
                (count, _) => format!("would move {}", secrets(count)),
            });
            if !self.project && !names.is_empty() && !mapped(&plan).is_empty() {
                let policy = if self.policy.is_some() { "" } else { "--policy SCOPE " };
                ui.note(format_args!(
                    "with {policy}--project their variables are written into .authy.toml"
                ));
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes {
            let question = format!(
                "Move {} into the vault, and change the file{}?",
                secrets(names.len()),
                plural(changed(&plan))
            );
            match env.person().agrees(&question) {
                None => return Err(Failure::Unconfirmed),
                Some(false) => return Err(Failure::NotAdopted),
                Some(true) => {}
            }
        }
        let done = authy::adopt(&ctx, &plan)?;
        if ui.wants_json() {
            ui.json(&serde_json::json!({ "files": plan.files, "done": done }))?;
        }
        ui.note(format_args!("moved {}: {}", secrets(names.len()), some_of(&names, SHOWN)));
        by_hand(ui, &plan);
        warn(ui, &done);
        if let Some(wanted) = wanted {
            wanted.write(&ctx, ui)?;
        }
        if let Some(draft) = &draft {
            authy::project_write(draft)?;
            let path = printable(&draft.path().to_string_lossy());
            let did = if draft.is_new() { "wrote" } else { "added to" };
            match draft.is_there() {
                true => ui.note(format_args!("'{path}' needs nothing more")),
                false => {
                    ui.note(format_args!("{did} '{path}': look at it, then run 'authy allow'"));
                }
            }
        }
        next(ui, &plan, self.policy.as_ref(), draft.is_some());
        Ok(ExitCode::SUCCESS)
    }

    /// What the project file is to say: the nearest one, else one in this folder.
    fn draft(&self, env: &CliEnv, plan: &AdoptPlan) -> Result<Option<ProjectDraft>, Failure> {
        // Other programs are given their values in other ways.
        let is_run = |file: &AdoptFile| file.then == AdoptThen::Run && !file.values.is_empty();
        let wants = self.project && plan.files.iter().any(is_run);
        let Some(scope) = self.policy.as_ref().filter(|_| wants) else { return Ok(None) };
        let path = match env.project()? {
            Some(file) => file.path.clone(),
            None => PathBuf::from(".authy.toml"),
        };
        Ok(Some(authy::project_draft(&path, env.home().as_deref(), scope, plan)?))
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn secrets(count: usize) -> String {
    format!("{count} secret{}", plural(count))
}

fn changed(plan: &AdoptPlan) -> usize {
    plan.files.iter().filter(|file| !file.values.is_empty()).count()
}

/// The secrets, each once.
fn names(plan: &AdoptPlan) -> Vec<SecretName> {
    let values = plan.files.iter().flat_map(|file| &file.values);
    let mut names: Vec<_> = values.map(|value| value.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// What changes in a file.
fn show(ui: Ui, file: &AdoptFile) -> Result<(), Failure> {
    let path = printable(&file.path.to_string_lossy());
    let mut text = format!("{path} ({})\n", file.program);
    for value in &file.values {
        text.push_str(&format!("  {} -> {}\n", value.place, value.name));
    }
    text.push_str(&file.diff);
    ui.data((text + "\n").as_bytes())
}

fn by_hand(ui: Ui, plan: &AdoptPlan) {
    plan.left_out.iter().for_each(|why| ui.note(why));
    for file in &plan.files {
        let path = printable(&file.path.to_string_lossy());
        for one in &file.by_hand {
            ui.note(format_args!("'{path}' keeps {}: {}", one.place, one.why));
        }
        if !file.remains.is_empty() {
            let names = some_of(&file.remains, SHOWN);
            ui.note(format_args!(
                "'{path}' has values once more, where authy changes nothing: {names}"
            ));
        }
    }
}

/// Where values are known already, or lie still.
fn warn(ui: Ui, done: &Adopted) {
    for path in &done.tracked {
        let path = printable(&path.to_string_lossy());
        ui.note(format_args!(
            "git has '{path}': whoever has the repository may know these values, so rotate them ('authy scan --history')"
        ));
    }
    for path in &done.linked {
        let path = printable(&path.to_string_lossy());
        ui.note(format_args!(
            "'{path}' has another name, a hard link, which still has the values: remove that"
        ));
    }
    for (path, name) in &done.copies {
        let shown = printable(&path.to_string_lossy());
        match Adopted::is_state(path) {
            true => ui.note(format_args!(
                "'{shown}' has the value of {name}: Terraform keeps it there, so keep the state to yourself"
            )),
            false => ui.note(format_args!("'{shown}' still has the value of {name}: remove it")),
        }
    }
}

/// A pipeline is run by the forge, which needs the values as well.
fn give(ui: Ui, file: &AdoptFile, command: &str) {
    ui.note(format_args!("{} has to be given the values, one by one:", file.program));
    let mut given: Vec<_> = file.values.iter().map(|one| (&one.name, &one.variable)).collect();
    given.sort();
    given.dedup();
    for (name, variable) in given {
        ui.note(format_args!("  authy get {name} | {command} {variable}"));
    }
    if let Some(advice) = file.then.advice() {
        ui.note(advice);
    }
}

/// How the programs get their values now.
fn next(ui: Ui, plan: &AdoptPlan, policy: Option<&ScopeName>, has_project: bool) {
    let scope = policy.map_or("SCOPE", ScopeName::as_str);
    let flags = match has_project {
        true => String::new(),
        false => format!("--scope {scope} --uppercase "),
    };
    let moved = || plan.files.iter().filter(|file| !file.values.is_empty());
    if policy.is_none() && moved().any(|file| file.then == AdoptThen::Run) {
        ui.note("give programs a scope with them: authy policy create SCOPE --allow PATTERN");
    }
    let mut said = Vec::new();
    for file in moved() {
        let text = match file.then {
            AdoptThen::Run => {
                format!("start {} below: authy run {flags}-- PROGRAM", file.program)
            }
            AdoptThen::Helper(tool) => {
                format!("have {tool} ask authy: authy helper install {tool} --write")
            }
            AdoptThen::Itself => continue,
            AdoptThen::Forge(command) => {
                give(ui, file, command);
                continue;
            }
            AdoptThen::Resolve => {
                let path = printable(&file.path.to_string_lossy());
                format!("fill it in: authy resolve --scope {scope} '{path}' | kubectl apply -f -")
            }
        };
        if !said.contains(&text) {
            ui.note(&text);
            said.push(text);
        }
    }
    let mapped = mapped(plan);
    if !mapped.is_empty() && !has_project {
        ui.note(
            "put these into .authy.toml, below [env], as the variables have names of their own:",
        );
        mapped.iter().for_each(|line| ui.note(format_args!("  {line}")));
    }
}

/// Lines of `.authy.toml` for variables that authy would call differently.
fn mapped(plan: &AdoptPlan) -> Vec<String> {
    let run = plan.files.iter().filter(|file| file.then == AdoptThen::Run);
    let values = run.flat_map(|file| &file.values).filter(|value| value.is_mapped);
    let mut lines: Vec<String> =
        values.map(|value| format!("{} = \"{{{}}}\"", value.variable, value.name)).collect();
    lines.sort();
    lines.dedup();
    lines
}

//! Values for processes and files of variables: `run`, `env`, `export`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::access::{Need, Pattern, Program, Reach};
use crate::audit::Op;
use crate::fs;
use crate::inject::{self, Ended, Environment, Filter, Format, Leader, Masker, Naming, Template};
use crate::name::{ScopeName, SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::note::Note;
use crate::service::base::opening::Opened;
use crate::service::base::problem::Problem;
use crate::service::base::reading::{Reading, Wanted, read};
use crate::service::base::recorder::AuditAction;
use crate::service::base::templates::read_template;

/// Values of so few bytes are noted before they are masked.
const SHORT: usize = 3;

/// Which values, under which variables.
#[derive(Debug, Clone, Default)]
pub struct InjectRequest {
    /// The scope; there must be one.
    pub scope: Option<ScopeName>,
    /// How names become variables.
    pub naming: Naming,
    /// Globs on secret names; none means all that the scope reaches.
    pub only: Vec<String>,
    /// Variables and their templates, from an allowed project file.
    pub templates: Vec<(String, String)>,
    /// Variables, and files with placeholders whose resolved copies they name for a program
    /// that is run: in memory, for as long as it runs.
    pub files: Vec<(String, PathBuf)>,
}

/// The program that `run` starts.
#[derive(Debug, Clone, Default)]
pub struct RunCommand {
    /// The program and its arguments, untouched.
    pub argv: Vec<OsString>,
    /// Give it the values and hardly anything else.
    pub clean_env: bool,
    /// The environment that authy itself was given.
    pub inherited: Vec<(OsString, OsString)>,
    /// Whether values are masked in what it prints.
    pub masking: Masking,
    /// How this program starts itself again to lead a terminal session.
    pub leader: Leader,
}

/// Whether values are replaced by `[authy:NAME]` in what a program prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Masking {
    /// With a token, and where values may go into processes only.
    #[default]
    Auto,
    /// Always.
    On,
    /// Only where values may go into processes only.
    Off,
}

/// Runs `command` with the scope's values in its environment. Where nothing is masked this
/// process becomes the program and nothing returns; otherwise how it ended is returned.
///
/// # Errors
/// Whatever keeps the values from being read, or the program from starting (126, 127).
pub fn run(ctx: &Context, request: &InjectRequest, command: RunCommand) -> Result<Ended> {
    let wanted = Gather {
        op: Op::RUN,
        need: Need::Inject,
        program: command.argv.first().map(|word| find_program(word, &command.inherited)),
        masking: Some(command.masking),
    };
    let program = wanted.program.as_ref();
    gather(ctx, request, &wanted, |gathered, reading| {
        let Gathered { environment, files, masker } = gathered;
        let mut argv = command.argv;
        // What was judged is what is started: nothing is looked up again.
        let judged = program.and_then(|program| program.path.clone());
        if let (true, Some(path), Some(word)) = (reading.limits_programs, judged, argv.first_mut())
        {
            *word = path.into();
        }
        let mut child = inject::Command {
            argv,
            environment,
            inherited: command.inherited,
            clean_env: command.clean_env,
            scope: reading.scope.clone().ok_or(Problem::NoScope)?,
            under_token: reading.by_token,
            files: Vec::new(),
        };
        for (variable, content) in &files {
            child.give_file(variable, content)?;
        }
        match masker {
            None => Err(child.exec().into()),
            Some(masker) => {
                let program = program.map(name_of);
                supervise(reading, (child, &command.leader), (&masker, program))
            }
        }
    })
}

/// Waits for the program and masks what it prints. The first time each secret is masked is
/// recorded at once: a program that is killed later leaves the evidence.
fn supervise(
    reading: &mut Reading<'_, '_>,
    (child, leader): (inject::Command, &Leader),
    (masker, program): (&Masker, Option<String>),
) -> Result<Ended> {
    let scope = reading.scope.clone();
    let told = RefCell::new((BTreeSet::new(), &mut *reading.recorder));
    let report = |name: &SecretName| {
        let (seen, recorder) = &mut *told.borrow_mut();
        if seen.insert(name.clone()) {
            recorder.later(&AuditAction {
                scope: scope.clone(),
                detail: program.clone(),
                ..AuditAction::of(Op::MASK, &[name])
            });
        }
    };
    let filter = || Box::new(masker.stream(report)) as Box<dyn Filter + '_>;
    Ok(child.supervise(&filter, leader)?)
}

/// Leads the session of a pseudo-terminal and runs the program of `words` in its foreground,
/// as [`RunCommand::leader`] asks; standard output is the pseudo-terminal.
///
/// # Errors
/// Where the program cannot be started (126, 127), or standard output is no such terminal.
pub fn lead(words: &[OsString]) -> Result<Ended> {
    Ok(inject::lead(words)?)
}

/// Whether what the program prints is to be masked.
fn is_masked(ctx: &Context, reading: &Reading<'_, '_>, masking: Masking) -> bool {
    match masking {
        Masking::Off if reading.run_only => {
            ctx.front.note(&Note::StillMasked);
            true
        }
        Masking::Off => false,
        Masking::On => true,
        Masking::Auto => reading.run_only || reading.by_token,
    }
}

/// Knows the values by sight, and says which are so short that they are seen everywhere.
fn masker(ctx: &Context, values: &[(SecretName, SecretBytes)]) -> Masker {
    for (name, value) in values {
        if (1..=SHORT).contains(&value.len()) {
            ctx.front.note(&Note::ShortValue { name: name.clone() });
        }
    }
    Masker::new(values)
}

/// Gathers the scope's variables to be printed.
///
/// # Errors
/// Whatever keeps the values from being read.
pub fn env(ctx: &Context, request: &InjectRequest) -> Result<Environment> {
    let wanted = Gather { op: Op::ENV, need: Need::Reveal, program: None, masking: None };
    gather(ctx, request, &wanted, |gathered, _| Ok(gathered.environment))
}

/// Gathers the scope's variables for a file, as [`env()`] does; recorded as `export`.
///
/// # Errors
/// As [`env()`].
pub fn export(ctx: &Context, request: &InjectRequest) -> Result<Environment> {
    let wanted = Gather { op: Op::EXPORT, need: Need::Reveal, program: None, masking: None };
    gather(ctx, request, &wanted, |gathered, _| Ok(gathered.environment))
}

/// Writes variables in a format.
///
/// # Errors
/// A value that the format cannot hold.
pub fn render(environment: &Environment, format: Format, export: bool) -> Result<SecretBytes> {
    Ok(inject::render(environment, format, export)?)
}

/// Writes variables as a Secret for Kubernetes; `name` is made fit for an object's name.
pub fn render_manifest(environment: &Environment, name: &str) -> SecretBytes {
    inject::manifest(environment, name)
}

/// The scope of the request, or the one this process is confined to; a token has its own.
fn scope_of(ctx: &Context, request: &InjectRequest) -> Result<Option<ScopeName>> {
    match request.scope.as_ref().or(ctx.confined.as_ref()) {
        None if ctx.token.is_none() => Err(Problem::NoScope.into()),
        scope => Ok(scope.cloned()),
    }
}

/// What the values are gathered for.
struct Gather {
    op: Op,
    need: Need,
    program: Option<Program>,
    /// For a program that is started.
    masking: Option<Masking>,
}

/// Looks a program up as starting it will: a bare name in the caller's `PATH`.
fn find_program(word: &OsStr, inherited: &[(OsString, OsString)]) -> Program {
    let typed = word.to_string_lossy().into_owned();
    let path = if typed.contains('/') {
        Path::new(word).canonicalize().ok()
    } else {
        let path = inherited.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value);
        let folders = path.into_iter().flat_map(std::env::split_paths);
        let found = folders.map(|folder| folder.join(word)).find(|file| fs::is_program(file));
        // What a relative folder of PATH means now is what is judged and started.
        found.and_then(|file| std::path::absolute(file).ok())
    };
    let is_guarded = path.as_deref().is_some_and(fs::is_guarded);
    Program { typed, path, is_guarded }
}

/// The name without its folder: arguments never reach the audit.
fn name_of(program: &Program) -> String {
    printable(program.typed.rsplit('/').next().unwrap_or(&program.typed))
}

/// Where a program is, for the audit.
fn path_of(program: &Program) -> Option<String> {
    program.path.as_ref().map(|path| printable(&path.to_string_lossy()))
}

/// What a request comes to.
struct Gathered {
    environment: Environment,
    /// Variables, and the contents of the files that they name.
    files: Vec<(String, SecretBytes)>,
    masker: Option<Masker>,
}

/// Parses the templates of variables, then those of files, in this order.
fn templates(request: &InjectRequest, op: &Op) -> Result<Vec<(String, Template)>> {
    let mut all = Vec::new();
    for (variable, text) in &request.templates {
        all.push((variable.clone(), Template::parse(variable, text)?));
    }
    // Only a program that is run can be given files.
    for (variable, path) in request.files.iter().filter(|_| *op == Op::RUN) {
        all.push((variable.clone(), read_template(path)?));
    }
    Ok(all)
}

/// Reads the values, names their variables, and hands them to `then`.
fn gather<T>(
    ctx: &Context,
    request: &InjectRequest,
    wanted: &Gather,
    then: impl FnOnce(Gathered, &mut Reading<'_, '_>) -> Result<T>,
) -> Result<T> {
    let scope = scope_of(ctx, request)?;
    let only = Pattern::all(&request.only)?;
    let templates = templates(request, &wanted.op)?;
    let by_name =
        |name: &SecretName| only.is_empty() || only.iter().any(|p| p.matches(name.as_str()));
    let select = |reach: &Reach<'_>, opened: &Opened| {
        if let Some(program) = &wanted.program {
            reach.permits_program(program)?;
        }
        let names = select(reach, opened, (&templates, &by_name))?;
        for pattern in only.iter().filter(|p| !names.iter().any(|name| p.matches(name.as_str()))) {
            ctx.front.note(&Note::OnlyNothing { pattern: pattern.text().to_owned() });
        }
        Ok(names)
    };
    let detail = wanted.program.as_ref().map(name_of);
    let masking = wanted.masking;
    let wanted = Wanted {
        op: wanted.op.clone(),
        scope: scope.as_ref(),
        need: wanted.need,
        named: Vec::new(),
        detail,
        path: wanted.program.as_ref().and_then(path_of),
        select: &select,
    };
    read(ctx, &wanted, |mut reading| {
        let values = std::mem::take(&mut reading.values);
        let masked = masking.is_some_and(|masking| is_masked(ctx, &reading, masking));
        let masker = masked.then(|| masker(ctx, &values));
        let mut mapped = Vec::new();
        for (variable, template) in &templates {
            let find = |name: &SecretName| {
                values.binary_search_by(|(other, _)| other.cmp(name)).ok().map(|at| &values[at].1)
            };
            mapped.push((variable.clone(), template.render(&find)?));
        }
        let files = mapped.split_off(request.templates.len());
        let named = values.into_iter().filter(|(name, _)| by_name(name)).collect();
        let mut environment = Environment::from_secrets(named, &request.naming)?;
        for (variable, value) in mapped {
            environment.set(&variable, value)?;
        }
        then(Gathered { environment, files, masker }, &mut reading)
    })
}

/// Whether a name is meant by `--only`.
type ByName<'t> = dyn Fn(&SecretName) -> bool + 't;

/// A variable and its template.
type Mapped = (String, Template);

/// What the scope reaches and the request means, and what its templates name, sorted.
fn select(
    reach: &Reach<'_>,
    opened: &Opened,
    (templates, by_name): (&[Mapped], &ByName<'_>),
) -> Result<Vec<SecretName>> {
    let there = opened.vault.names()?;
    let reaches = |name: &SecretName| reach.permits(name).is_ok() && reach.holds(name).is_ok();
    let mut names: Vec<_> =
        there.iter().filter(|name| by_name(name) && reaches(name)).cloned().collect();
    let mut missing = Vec::new();
    for name in templates.iter().flat_map(|(_, template)| template.names()) {
        reach.permits(name)?;
        match there.binary_search(name) {
            Ok(_) => names.push(name.clone()),
            Err(_) => missing.push(name.clone()),
        }
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        missing.dedup();
        return Err(Problem::NoneOf { names: missing, scope: reach.scope().cloned() }.into());
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

//! Values for processes and files of variables: `run`, `env`, `export`.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::context::{Context, Note};
use super::error::{Problem, Result};
use super::opening::Opened;
use super::reading::{Wanted, read};
use crate::access::{Need, Pattern, Reach};
use crate::audit::Op;
use crate::inject::{self, Environment, Format, Naming, Template};
use crate::name::{ScopeName, SecretName, printable};
use crate::secret::SecretBytes;

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
}

/// The program that `run` becomes.
#[derive(Debug, Clone, Default)]
pub struct RunCommand {
    /// The program and its arguments, untouched.
    pub argv: Vec<OsString>,
    /// Give it the values and hardly anything else.
    pub clean_env: bool,
    /// The environment that authy itself was given.
    pub inherited: Vec<(OsString, OsString)>,
}

/// Replaces this process by `command`, with the scope's values in its environment.
///
/// # Errors
/// Whatever keeps the values from being read, or the program from starting (126, 127).
pub fn run(ctx: &Context, request: &InjectRequest, command: RunCommand) -> Result<Infallible> {
    let scope = scope_of(ctx, request)?;
    let wanted = Gather {
        op: Op::RUN,
        need: Need::Inject,
        program: command.argv.first().map(|word| Program::find(word, &command.inherited)),
    };
    gather(ctx, request, &wanted, |environment| {
        let child = inject::Command {
            argv: command.argv,
            environment,
            inherited: command.inherited,
            clean_env: command.clean_env,
            scope,
            under_token: false,
        };
        Err(child.exec().into())
    })
}

/// Gathers the scope's variables to be printed.
///
/// # Errors
/// Whatever keeps the values from being read.
pub fn env(ctx: &Context, request: &InjectRequest) -> Result<Environment> {
    let wanted = Gather { op: Op::ENV, need: Need::Reveal, program: None };
    gather(ctx, request, &wanted, Ok)
}

/// Gathers the scope's variables for a file, as [`env()`] does; recorded as `export`.
///
/// # Errors
/// As [`env()`].
pub fn export(ctx: &Context, request: &InjectRequest) -> Result<Environment> {
    let wanted = Gather { op: Op::EXPORT, need: Need::Reveal, program: None };
    gather(ctx, request, &wanted, Ok)
}

/// Writes variables in a format.
///
/// # Errors
/// A value that the format cannot hold.
pub fn render(environment: &Environment, format: Format, export: bool) -> Result<SecretBytes> {
    Ok(inject::render(environment, format, export)?)
}

/// The scope of the request, or the one this process is confined to.
fn scope_of(ctx: &Context, request: &InjectRequest) -> Result<ScopeName> {
    let scope = request.scope.as_ref().or(ctx.confined.as_ref());
    scope.cloned().ok_or_else(|| Problem::NoScope.into())
}

/// What the values are gathered for.
struct Gather {
    op: Op,
    need: Need,
    program: Option<Program>,
}

/// A program as it was typed, and where it is.
struct Program {
    typed: String,
    path: Option<PathBuf>,
}

impl Program {
    /// Looks a bare name up in the caller's `PATH`, as starting it will.
    fn find(word: &OsStr, inherited: &[(OsString, OsString)]) -> Self {
        let typed = word.to_string_lossy().into_owned();
        let path = if typed.contains('/') {
            Path::new(word).canonicalize().ok()
        } else {
            let path = inherited.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value);
            let folders = path.into_iter().flat_map(std::env::split_paths);
            folders.map(|folder| folder.join(word)).find(|file| file.is_file())
        };
        Self { typed, path }
    }

    /// The name without its folder: arguments never reach the audit.
    fn name(&self) -> String {
        let name = self.typed.rsplit('/').next().unwrap_or(&self.typed);
        printable(name)
    }
}

/// Reads the values, names their variables, and hands them to `then`.
fn gather<T>(
    ctx: &Context,
    request: &InjectRequest,
    wanted: &Gather,
    then: impl FnOnce(Environment) -> Result<T>,
) -> Result<T> {
    let scope = scope_of(ctx, request)?;
    let only = Pattern::all(&request.only)?;
    let templates = request
        .templates
        .iter()
        .map(|(variable, text)| Ok((variable.as_str(), Template::parse(variable, text)?)))
        .collect::<Result<Vec<_>>>()?;
    let by_name =
        |name: &SecretName| only.is_empty() || only.iter().any(|p| p.matches(name.as_str()));
    let select = |reach: &Reach<'_>, opened: &Opened| {
        if let Some(program) = &wanted.program {
            reach.permits_program(&program.typed, program.path.as_deref())?;
        }
        let names = select(reach, opened, (&templates, &by_name))?;
        for pattern in only.iter().filter(|p| !names.iter().any(|name| p.matches(name.as_str()))) {
            ctx.front.note(&Note::OnlyNothing { pattern: pattern.text().to_owned() });
        }
        Ok(names)
    };
    let detail = wanted.program.as_ref().map(Program::name);
    let wanted = Wanted {
        op: wanted.op.clone(),
        scope: Some(&scope),
        need: wanted.need,
        named: Vec::new(),
        detail,
        select: &select,
    };
    read(ctx, &wanted, |values| {
        let mut mapped = Vec::new();
        for (variable, template) in &templates {
            let find = |name: &SecretName| {
                values.binary_search_by(|(other, _)| other.cmp(name)).ok().map(|at| &values[at].1)
            };
            mapped.push((*variable, template.render(&find)?));
        }
        let named = values.into_iter().filter(|(name, _)| by_name(name)).collect();
        let mut environment = Environment::from_secrets(named, &request.naming)?;
        for (variable, value) in mapped {
            environment.set(variable, value)?;
        }
        then(environment)
    })
}

/// Whether a name is meant by `--only`.
type ByName<'t> = dyn Fn(&SecretName) -> bool + 't;

/// A variable and its template.
type Mapped<'t> = (&'t str, Template);

/// What the scope reaches and the request means, and what its templates name, sorted.
fn select(
    reach: &Reach<'_>,
    opened: &Opened,
    (templates, by_name): (&[Mapped<'_>], &ByName<'_>),
) -> Result<Vec<SecretName>> {
    let there = opened.vault.names()?;
    let mut names: Vec<_> =
        there.iter().filter(|name| by_name(name) && reach.permits(name).is_ok()).cloned().collect();
    let mut missing = Vec::new();
    for name in templates.iter().flat_map(|(_, template)| template.names()) {
        reach.permits(name)?;
        match there.binary_search(name) {
            Ok(_) => names.push(name.clone()),
            Err(_) => missing.push(name.clone()),
        }
    }
    if let (false, Reach::Scope(scope, _)) = (missing.is_empty(), reach) {
        missing.sort_unstable();
        missing.dedup();
        return Err(Problem::NoneOf { names: missing, scope: Some((*scope).clone()) }.into());
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

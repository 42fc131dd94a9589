//! What a request comes to: names decided, values read, variables named.

use std::collections::BTreeSet;

use crate::access::{AccessError, Need, Pattern, Program, Reach, SealRefused};
use crate::audit::Op;
use crate::inject::{Environment, Masker, Template};
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::note::Note;
use crate::service::base::opening::Opened;
use crate::service::base::problem::Problem;
use crate::service::base::reading::{Reading, Wanted, read};
use crate::service::base::sealing::SealProblem;
use crate::service::base::templates::read_template;

use super::InjectRequest;
use super::run::{Masking, is_masked, masker, name_of, path_of};
use super::sealed::Sealed;

/// The scope of the request, or the one this process is confined to; a token has its own.
fn scope_of(ctx: &Context, request: &InjectRequest) -> Result<Option<ScopeName>> {
    match request.scope.as_ref().or(ctx.confined.as_ref()) {
        None if ctx.token.is_none() => Err(Problem::NoScope.into()),
        scope => Ok(scope.cloned()),
    }
}

/// What the values are gathered for.
pub(super) struct Gather {
    pub(super) op: Op,
    pub(super) need: Need,
    pub(super) program: Option<Program>,
    /// For a program that is started.
    pub(super) masking: Option<Masking>,
    /// Whether it is to use what is sealed, and not to hold it.
    pub(super) seal: bool,
}

impl Gather {
    /// To show the values.
    pub(super) fn reveal(op: Op) -> Self {
        Self { op, need: Need::Reveal, program: None, masking: None, seal: false }
    }
}

/// What a request comes to.
pub(super) struct Gathered {
    /// The secrets that were read.
    pub(super) names: BTreeSet<SecretName>,
    pub(super) environment: Environment,
    /// Variables, and the contents of the files that they name.
    pub(super) files: Vec<(String, SecretBytes)>,
    pub(super) masker: Option<Masker>,
    /// What the variables and files have placeholders for.
    pub(super) sealed: Option<Sealed>,
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
pub(super) fn gather<T>(
    ctx: &Context,
    request: &InjectRequest,
    wanted: &Gather,
    then: impl FnOnce(Gathered, &mut Reading<'_, '_>) -> Result<T>,
) -> Result<T> {
    let scope = scope_of(ctx, request)?;
    let only = Pattern::names(&request.only)?;
    let templates = templates(request, &wanted.op)?;
    let by_name =
        |name: &SecretName| only.is_empty() || only.iter().any(|p| p.matches(name.as_str()));
    let select = |reach: &Reach<'_>, opened: &Opened| {
        if let Some(program) = &wanted.program {
            reach.permits_program(program)?;
        }
        let mut names = select(reach, opened, (&templates, &by_name))?;
        match wanted.need {
            Need::Use => leave_out_unsealed(ctx, (reach, wanted.seal), (&templates, &mut names))?,
            _ => leave_out_sealed(ctx, reach, (&templates, &mut names)),
        }
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
        seal: wanted.seal,
        select: &select,
    };
    read(ctx, &wanted, |mut reading| {
        let mut values = std::mem::take(&mut reading.values);
        let names = values.iter().map(|(name, _)| name.clone()).collect();
        let masked = masking.is_some_and(|masking| is_masked(ctx, &reading, masking));
        let masker = masked.then(|| masker(ctx, &values));
        let sealing = reading.sealing.take();
        let sealed = sealing.map(|sealing| Sealed::take(sealing, &mut values)).transpose()?;
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
        then(Gathered { names, environment, files, masker, sealed }, &mut reading)
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

/// Takes away what a rule seals, where values are shown: who shows the rest means just that. What
/// a template names stays, and is refused.
fn leave_out_sealed(
    ctx: &Context,
    reach: &Reach<'_>,
    (templates, names): (&[Mapped], &mut Vec<SecretName>),
) {
    let is_named =
        |name: &SecretName| templates.iter().any(|(_, template)| template.names().contains(&name));
    let is_sealed = |name: &mut SecretName| reach.shows(name).is_err() && !is_named(name);
    let left_out: Vec<_> = names.extract_if(.., is_sealed).collect();
    if let (Some(scope), false) = (reach.scope(), left_out.is_empty()) {
        ctx.front.note(&Note::Sealed { scope: scope.clone(), names: left_out });
    }
}

/// In a scope that hands nothing out, takes away what no rule seals: a program could do nothing
/// with it.
///
/// # Errors
/// `NotSealed` where a template names it, `NothingSealed` where nothing is left.
fn leave_out_unsealed(
    ctx: &Context,
    (reach, is_asked): (&Reach<'_>, bool),
    (templates, names): (&[Mapped], &mut Vec<SecretName>),
) -> Result<()> {
    let Some(sealing) = reach.sealing(is_asked) else { return Ok(()) };
    let scope = &sealing.scope;
    if sealing.only {
        let mut named = templates.iter().flat_map(|(_, template)| template.names());
        if let Some(name) = named.find(|name| !sealing.seals(name)) {
            let (scope, name) = (scope.clone(), name.clone());
            return Err(AccessError::from(SealRefused::NotSealed { scope, name }).into());
        }
        let left_out: Vec<_> = names.extract_if(.., |name| !sealing.seals(name)).collect();
        if !left_out.is_empty() {
            ctx.front.note(&Note::NotSealed { scope: scope.clone(), names: left_out });
        }
    }
    let must_seal = is_asked || sealing.only;
    match !must_seal || names.iter().any(|name| sealing.seals(name)) {
        true => Ok(()),
        false => Err(SealProblem::Nothing(scope.clone()).into()),
    }
}

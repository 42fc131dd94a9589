//! What a request comes to: names decided, values read, variables named.

use std::collections::BTreeSet;

use super::InjectRequest;
use super::run::{Masking, is_masked, masker, name_of, path_of};
use super::sealed::Sealed;
use crate::access::{AccessError, Need, Pattern, Program, Reach, SealRefused};
use crate::audit::Op;
use crate::inject::{Environment, Masker, Template};
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{
    Context, Note, OpenVault, Result, ScopeError, SecretError, Snapshot, effective_scope,
};
use crate::service::identity::is_of_its_own;
use crate::service::inject::{SealingError, read_template};
use crate::service::secret::read::read;
use crate::service::secret::{Reading, Wanted};
use crate::service::session::{bearer, listable};

/// The scope of the request, or the one this process is confined to; a token has its own. An admin
/// who says which secrets a program gets needs none, unless an agent speaks for them.
fn scope_of(ctx: &Context, request: &InjectRequest, op: &Op) -> Result<Option<ScopeName>> {
    let is_said = *op == Op::RUN && !request.only.is_empty() && !is_of_its_own(ctx);
    match request.scope.as_ref().or(ctx.confined.as_ref()) {
        None if ctx.token.is_none() && !is_said => Err(ScopeError::not_given(ctx).into()),
        scope => Ok(scope.cloned()),
    }
}

/// Which names `--only` and `--except` mean.
struct Chosen {
    only: Vec<Pattern>,
    except: Vec<Pattern>,
}

impl Chosen {
    fn by(request: &InjectRequest) -> Result<Self> {
        let (only, except) = (Pattern::names(&request.only)?, Pattern::names(&request.except)?);
        Ok(Self { only, except })
    }

    fn means(&self, name: &SecretName) -> bool {
        let any = |list: &[Pattern]| list.iter().any(|one| one.matches(name.as_str()));
        (self.only.is_empty() || any(&self.only)) && !any(&self.except)
    }

    /// Says where `--except` leaves nothing out: perhaps it is mistyped, and something is handed over.
    fn note_idle(&self, ctx: &Context, opened: &Snapshot) -> Result<()> {
        if self.except.is_empty() {
            return Ok(());
        }
        let there = opened.vault.names()?;
        let is_idle = |one: &&Pattern| !there.iter().any(|name| one.matches(name.as_str()));
        for idle in self.except.iter().filter(is_idle) {
            ctx.front.note(&Note::ExceptNothing { pattern: idle.text().to_owned() });
        }
        Ok(())
    }

    /// Whoever names what a program gets means it: a word that means nothing is mistyped.
    fn refuse_idle(&self, names: &[SecretName], scope: Option<&ScopeName>) -> Result<()> {
        let is_idle = |one: &&Pattern| !names.iter().any(|name| one.matches(name.as_str()));
        match self.only.iter().find(is_idle) {
            Some(idle) => {
                let (pattern, scope) = (idle.text().to_owned(), scope.cloned());
                Err(SecretError::OnlyNothing { pattern, scope }.into())
            }
            None => Ok(()),
        }
    }
}

/// See [`super::variables`].
pub(super) fn variables(ctx: &Context, request: &InjectRequest) -> Result<Vec<String>> {
    let scope = effective_scope(ctx, scope_of(ctx, request, &Op::ENV)?.as_ref())?;
    let chosen = Chosen::by(request)?;
    let templates = templates(request, &Op::ENV)?;
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::LIST)?;
    let reach = listable(&opened, bearer.as_deref(), scope.as_ref())?;
    let names = select(&reach, &opened, &templates, &chosen)?;
    chosen.refuse_idle(&names, scope.as_ref())?;
    let named = names.into_iter().filter(|name| chosen.means(name));
    let empty = named.map(|name| (name, SecretBytes::default())).collect();
    let mut environment = Environment::from_secrets(empty, &request.naming)?;
    for (variable, _) in &templates {
        environment.set(variable, SecretBytes::default())?;
    }
    Ok(environment.iter().map(|(variable, ..)| variable.to_owned()).collect())
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
    for (variable, text) in request.variables() {
        all.push((variable.clone(), Template::parse(variable, text)?));
    }
    // Only a program that is run can be given files.
    let files = request.files.iter().filter(|(variable, _)| !request.kept.contains(variable));
    for (variable, path) in files.filter(|_| *op == Op::RUN) {
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
    let scope = scope_of(ctx, request, &wanted.op)?;
    let chosen = Chosen::by(request)?;
    let templates = templates(request, &wanted.op)?;
    let select = |reach: &Reach<'_>, opened: &Snapshot| {
        if let Some(program) = &wanted.program {
            reach.permits_program(program)?;
        }
        // Without a scope only an admin reaches a name, whichever it is.
        if scope.is_none() && ctx.token.is_none() && !matches!(reach, Reach::All) {
            return Err(ScopeError::not_given(ctx).into());
        }
        chosen.note_idle(ctx, opened)?;
        let mut names = select(reach, opened, &templates, &chosen)?;
        chosen.refuse_idle(&names, reach.scope())?;
        refuse_lacking(request, reach, opened)?;
        leave_out_kept(request, &templates, &mut names);
        match wanted.need {
            Need::Use => leave_out_unsealed(ctx, reach, wanted.seal, &templates, &mut names)?,
            _ => leave_out_sealed(ctx, reach, &templates, &mut names),
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
        load: None,
    };
    read(ctx, &wanted, |mut reading| {
        let mut values = std::mem::take(&mut reading.values);
        let names = values.iter().map(|(name, _)| name.clone()).collect();
        let masked = masking.is_some_and(|masking| is_masked(ctx, &reading, masking));
        let masker = masked.then(|| masker(ctx, &values, &reading.not_secret));
        let sealing = reading.sealing.take();
        let places = std::mem::take(&mut reading.places);
        let sealed =
            sealing.map(|sealing| Sealed::take(sealing, &mut values, places)).transpose()?;
        let mut mapped = Vec::new();
        for (variable, template) in &templates {
            let find = |name: &SecretName| {
                values.binary_search_by(|(other, _)| other.cmp(name)).ok().map(|at| &values[at].1)
            };
            mapped.push((variable.clone(), template.render(&find)?));
        }
        let files = mapped.split_off(request.variables().count());
        let is_set = |name: &SecretName| chosen.means(name) && !request.keeps(name);
        let named = values.into_iter().filter(|(name, _)| is_set(name)).collect();
        let mut environment = Environment::from_secrets(named, &request.naming)?;
        for (variable, value) in mapped {
            environment.set(&variable, value)?;
        }
        then(Gathered { names, environment, files, masker, sealed }, &mut reading)
    })
}

impl InjectRequest {
    /// The variables made of templates that are to be set.
    fn variables(&self) -> impl Iterator<Item = &(String, String)> {
        self.templates.iter().filter(|(variable, _)| !self.kept.contains(variable))
    }

    /// Whether the variable of a secret is left as it is.
    fn keeps(&self, name: &SecretName) -> bool {
        let variable = self.naming.variable(name);
        variable.is_ok_and(|variable| self.kept.contains(&variable))
    }
}

/// Refuses where the scope does not give what the project requires: all of it at once. What is set
/// already, and stays so, is there; what `--only` leaves out somebody left out.
fn refuse_lacking(request: &InjectRequest, reach: &Reach<'_>, opened: &Snapshot) -> Result<()> {
    if request.required.is_empty() {
        return Ok(());
    }
    let there = opened.vault.names()?;
    let is_given = |name: &SecretName| {
        there.binary_search(name).is_ok()
            && reach.permits(name).is_ok()
            && reach.holds(name).is_ok()
    };
    let is_lacking = |(name, _): &(&SecretName, &String)| !request.keeps(name) && !is_given(name);
    let lacking: Vec<_> = request
        .required
        .iter()
        .filter(is_lacking)
        .map(|(name, purpose)| (name.clone(), purpose.clone()))
        .collect();
    match lacking.is_empty() {
        true => Ok(()),
        false => Err(SecretError::Required { lacking, scope: reach.scope().cloned() }.into()),
    }
}

/// Takes away what would be given under a variable that is left as it is, unless a template names it.
fn leave_out_kept(request: &InjectRequest, templates: &[Mapped], names: &mut Vec<SecretName>) {
    let is_named =
        |name: &SecretName| templates.iter().any(|(_, template)| template.names().contains(&name));
    names.retain(|name| is_named(name) || !request.keeps(name));
}

/// A variable and its template.
type Mapped = (String, Template);

/// What the scope reaches and the request means, and what its templates name, sorted.
fn select(
    reach: &Reach<'_>,
    opened: &Snapshot,
    templates: &[Mapped],
    chosen: &Chosen,
) -> Result<Vec<SecretName>> {
    let there = opened.vault.names()?;
    let reaches = |name: &SecretName| reach.permits(name).is_ok() && reach.holds(name).is_ok();
    let mut names: Vec<_> =
        there.iter().filter(|name| chosen.means(name) && reaches(name)).cloned().collect();
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
        return Err(SecretError::NoneOf { names: missing, scope: reach.scope().cloned() }.into());
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
    templates: &[Mapped],
    names: &mut Vec<SecretName>,
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
    reach: &Reach<'_>,
    is_asked: bool,
    templates: &[Mapped],
    names: &mut Vec<SecretName>,
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
        false => Err(SealingError::Nothing(scope.clone()).into()),
    }
}

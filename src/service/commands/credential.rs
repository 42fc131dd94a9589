//! Secrets for programs that ask in a protocol of their own: by an address, or by a name.

use std::cell::RefCell;
use std::fmt;
use std::path::Path;

use crate::access::{AccessError, Need, Reach};
use crate::audit::{Action, Op};
use crate::fs;
use crate::kind::{Failure, Kind};
use crate::name::{HelperTool, ScopeName, SecretName, ServiceUrl, ServiceUser, printable};
use crate::secret::SecretBytes;
use crate::service::base::{
    Context, Error, OpenVault, Result, SecretError, Snapshot, TokenSource, effective_scope,
};
use crate::service::identity::agent::AgentError;
use crate::service::secret::belongs::BelongsError;
use crate::service::secret::read::{Select, read, read_in};
use crate::service::secret::{CredentialQuestion, Place, Placeholder, Wanted, belongs};
use crate::service::session::{bearer, listable};

/// The largest file of a sealed run in bytes.
const LARGEST: usize = 4 << 20;

/// What the trail calls a question in this protocol.
fn op_of(tool: HelperTool) -> Op {
    match tool {
        HelperTool::Git => Op::HELPER_GIT,
        HelperTool::Cargo => Op::HELPER_CARGO,
        HelperTool::Docker => Op::HELPER_DOCKER,
        HelperTool::Keyring => Op::HELPER_KEYRING,
        HelperTool::Kubectl => Op::HELPER_KUBECTL,
        HelperTool::Terraform => Op::HELPER_TERRAFORM,
        HelperTool::Aws => Op::HELPER_AWS,
        HelperTool::Ansible => Op::HELPER_ANSIBLE,
        HelperTool::Askpass => Op::HELPER_ASKPASS,
        HelperTool::Npm => Op::HELPER_NPM,
        HelperTool::Openclaw => Op::HELPER_OPENCLAW,
    }
}

/// Who asks, for the audit line and the decision.
#[derive(Debug, Clone)]
pub struct Questioner {
    /// Whose protocol.
    pub tool: HelperTool,
    /// The name of the program that started this one, where it is known.
    pub program: Option<String>,
    /// The scope asked for.
    pub scope: Option<ScopeName>,
}

impl Questioner {
    /// The request for values that a question comes to.
    fn wants<'s>(
        &'s self,
        named: Vec<SecretName>,
        what: Option<&dyn fmt::Display>,
        select: &'s Select<'s>,
    ) -> Wanted<'s> {
        Wanted {
            op: op_of(self.tool),
            scope: self.scope.as_ref(),
            need: Need::Reveal,
            named,
            detail: Some(self.detail(what)),
            path: None,
            seal: false,
            select,
            load: None,
        }
    }

    /// What the audit line says: what for, and who asked.
    fn detail(&self, what: Option<&dyn fmt::Display>) -> String {
        let program = self.program.as_deref().unwrap_or(self.tool.as_str());
        match what {
            Some(what) => printable(&format!("{what} by {program}")),
            None => printable(&format!("by {program}")),
        }
    }
}

/// A secret, for the program that asked.
#[derive(Debug)]
pub struct Credential {
    /// The secret's name.
    pub name: SecretName,
    /// The user name that goes with it.
    pub user: Option<ServiceUser>,
    /// Whether it is sent as a bearer token.
    pub bearer: bool,
    /// Its value.
    pub value: SecretBytes,
}

/// What a question comes to.
#[derive(Debug)]
pub enum Answer {
    /// The secret that belongs there.
    Given(Credential),
    /// None does. Nothing was unlocked and nothing recorded.
    Nothing {
        /// Why, in words.
        why: Error,
        /// Whether one belongs nearly there: to another path or port, or to another user.
        is_near: bool,
    },
}

/// Reads the secret that belongs to an address, where one does: who asks for anything else needs no
/// identity. One audit line says what was asked, by whom, and how it ended.
///
/// # Errors
/// As `get`; several secrets belong there; what is sent there is read on the way.
pub fn credential(ctx: &Context, by: &Questioner, question: &CredentialQuestion) -> Result<Answer> {
    let opened = OpenVault::open(ctx)?;
    let all = belongs::candidates(&opened, question)?;
    let named = match belongs::choose(&Reach::All, &all, question) {
        Ok(place) => vec![place.name],
        Err(why) => match why.of::<BelongsError>().and_then(BelongsError::nothing) {
            Some(is_near) => return Ok(Answer::Nothing { why, is_near }),
            None => Vec::new(),
        },
    };
    let found: RefCell<Option<Place>> = RefCell::default();
    let select = |reach: &Reach<'_>, _: &Snapshot| {
        let one = belongs::choose(reach, &all, question)?;
        let name = one.name.clone();
        found.replace(Some(one));
        Ok(vec![name])
    };
    let asked = question.services.first().map(|asked| asked as &dyn fmt::Display);
    let wanted = by.wants(named, asked, &select);
    let told = |why: Error| hidden(ctx, by, wanted.named.first(), why);
    run_only_run(ctx).map_err(told)?;
    let mut values = read_in(ctx, &opened, &wanted, |reading| Ok(reading.values)).map_err(told)?;
    let (Some((name, value)), Some(place)) = (values.pop(), found.take()) else {
        return Err(SecretError::NoneOf { names: wanted.named.clone(), scope: None }.into());
    };
    Ok(Answer::Given(Credential { name, user: place.user, bearer: place.bearer, value }))
}

/// In a run by a run-only token the token is taken away, which a helper need not call an empty one.
fn run_only_run(ctx: &Context) -> Result<()> {
    let is_empty = matches!(&ctx.token, Some(TokenSource::Text(text)) if text.is_empty());
    match ctx.confined.clone().filter(|_| is_empty) {
        Some(scope) => Err(AccessError::RunOnlyToken { scope }.into()),
        None => Ok(()),
    }
}

/// What keeps a value from a helper: a run of the same scope, which is the usual advice, would not help.
fn hidden(ctx: &Context, by: &Questioner, name: Option<&SecretName>, why: Error) -> Error {
    let is_run_only = matches!(
        why.of(),
        Some(
            AccessError::RunOnly { .. }
                | AccessError::RunOnlyMember { .. }
                | AccessError::RunOnlyToken { .. }
        )
    );
    let is_agents = matches!(why.of(), Some(AgentError::MayNotRead { .. }));
    if !is_run_only && !is_agents {
        return why;
    }
    let scope = by.scope.clone().or_else(|| ctx.confined.clone());
    // What signs, and what is typed into no request, no proxy can put in.
    let goes_by_wire = !matches!(by.tool, HelperTool::Aws | HelperTool::Ansible);
    HiddenError { why, scope, name: name.cloned().filter(|_| goes_by_wire) }.into()
}

/// A value that is for processes alone was asked for by a helper.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
struct HiddenError {
    why: Error,
    scope: Option<ScopeName>,
    /// The secret, where it can be sealed.
    name: Option<SecretName>,
}

impl Failure for HiddenError {
    fn kind(&self) -> Kind {
        self.why.kind()
    }

    fn hint(&self) -> Option<String> {
        let scope = self.scope.as_ref().map_or("SCOPE", ScopeName::as_str);
        let token = format!("a token that may read: authy session create --scope {scope}");
        Some(match &self.name {
            Some(name) => format!(
                "seal it, and a run gives its helpers a placeholder: authy policy update {scope} --seal {name}; or give {token}"
            ),
            None => format!("give {token}"),
        })
    }
}

/// Reads the secrets of these names, in their order; one audit line tells of all.
///
/// # Errors
/// As `get`.
pub fn credentials_by_name(
    ctx: &Context,
    by: &Questioner,
    names: &[SecretName],
) -> Result<Vec<SecretBytes>> {
    let select = |reach: &Reach<'_>, _: &Snapshot| {
        names.iter().try_for_each(|name| reach.permits(name))?;
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    };
    let wanted = by.wants(names.to_vec(), None, &select);
    let told = |why: Error| hidden(ctx, by, names.first(), why);
    run_only_run(ctx).map_err(told)?;
    let values = read(ctx, &wanted, |reading| Ok(reading.values)).map_err(told)?;
    let value = |name: &SecretName| {
        values.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    Ok(names.iter().filter_map(value).collect())
}

/// Reads the secrets of these names, each by itself: what cannot be had says why, and keeps nobody
/// from the rest. One audit line tells of those that were read, and one for each of the others.
///
/// # Errors
/// Nobody may read here, or nothing can be opened.
pub fn credentials_each(
    ctx: &Context,
    by: &Questioner,
    names: &[SecretName],
) -> Result<Vec<Result<SecretBytes>>> {
    let refused: RefCell<Vec<(SecretName, Error)>> = RefCell::default();
    let select = |reach: &Reach<'_>, opened: &Snapshot| {
        let there = opened.vault.names()?;
        let mut good = Vec::new();
        for name in names {
            let judged = reach.permits(name).and_then(|()| reach.shows(name)).map_err(Error::from);
            let judged = judged.and_then(|()| match there.binary_search(name) {
                Ok(_) => Ok(()),
                Err(_) => Err(opened.not_found(name, reach.scope())),
            });
            match judged {
                Ok(()) => good.push(name.clone()),
                Err(error) => refused.borrow_mut().push((name.clone(), error)),
            }
        }
        good.sort_unstable();
        good.dedup();
        Ok(good)
    };
    let wanted = by.wants(names.to_vec(), None, &select);
    let values = read(ctx, &wanted, |reading| {
        for (name, error) in refused.borrow().iter() {
            let action =
                Action::new(op_of(by.tool)).on([name.clone()]).within(reading.scope.clone());
            reading.recorder.record_refusal(&action.saying(by.detail(None)), error);
        }
        Ok(reading.values)
    })?;
    let mut refused = refused.into_inner();
    let each = |name: &SecretName| {
        if let Some(at) = refused.iter().position(|(other, _)| other == name) {
            return Err(refused.swap_remove(at).1);
        }
        let value = values.iter().find(|(other, _)| other == name);
        value.map(|(_, value)| value.clone()).ok_or_else(|| {
            SecretError::NotFound { name: name.clone(), scope: None, nearest: None }.into()
        })
    };
    Ok(names.iter().map(each).collect())
}

/// The placeholder for an address, of the sealed run that wrote `file`: what the program sends goes
/// through its proxy. `None` where nothing that is sealed belongs there, or the run is gone.
///
/// # Errors
/// Several belong there as well.
pub fn placeholder(file: &Path, question: &CredentialQuestion) -> Result<Option<Credential>> {
    let all = placeholders(file);
    for asked in question.services.iter().filter(|asked| asked.is_private()) {
        let user = question.user.as_ref();
        let found = belongs::fittest(&all, |one| &one.place, asked, user);
        match found.as_slice() {
            [] => {}
            [one] => return Ok(Some(one.credential())),
            several => {
                let names = several.iter().map(|one| one.place.name.clone()).collect();
                return Err(belongs::several(asked, names));
            }
        }
    }
    Ok(None)
}

/// The placeholder for a name, of the sealed run that wrote `file`.
pub fn placeholder_named(file: &Path, name: &SecretName) -> Option<Credential> {
    let all = placeholders(file);
    all.iter().find(|one| one.place.name == *name).map(Placeholder::credential)
}

/// What the file of a sealed run tells: places and placeholders, no value.
fn placeholders(file: &Path) -> Vec<Placeholder> {
    let bytes = fs::read_named(file, LARGEST).ok().flatten();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

impl Placeholder {
    fn credential(&self) -> Credential {
        Credential {
            name: self.place.name.clone(),
            user: self.place.user.clone(),
            bearer: self.place.bearer,
            value: SecretBytes::from(self.placeholder.clone()),
        }
    }
}

/// Which secrets belong to an address, or to any, as far as the scope reaches: by name. Needs no
/// identity.
///
/// # Errors
/// A scope that is not in force; a record that seems to be meant is damaged.
pub fn places(
    ctx: &Context,
    scope: Option<&ScopeName>,
    asked: Option<&ServiceUrl>,
) -> Result<Vec<Place>> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::LIST)?;
    let scope = effective_scope(ctx, scope)?;
    let reach = listable(&opened, bearer.as_deref(), scope.as_ref())?;
    belongs::all(&reach, &opened, asked)
}

/// Which secret would be given for an address.
///
/// # Errors
/// As [`credential`], but for what only opening tells.
pub fn place(
    ctx: &Context,
    scope: Option<&ScopeName>,
    question: &CredentialQuestion,
) -> Result<Place> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::LIST)?;
    let scope = effective_scope(ctx, scope)?;
    let reach = listable(&opened, bearer.as_deref(), scope.as_ref())?;
    belongs::find(&reach, &opened, question)
}

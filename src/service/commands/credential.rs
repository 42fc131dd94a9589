//! Secrets for programs that ask in a protocol of their own: by an address, or by a name.

use std::cell::RefCell;
use std::fmt;

use crate::access::{Need, Reach};
use crate::audit::Op;
use crate::name::{ScopeName, SecretName, ServiceUrl, ServiceUser, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, OpenVault, Result, Snapshot, effective_scope};
use crate::service::secret::read::read;
use crate::service::secret::{Belonging, CredentialQuestion, Place, Wanted, belongs};
use crate::service::session::{bearer, listable};
use crate::words::words;

words! {
    /// Whose protocol a question is asked in.
    pub enum HelperTool {
        /// git's credential helpers (gitcredentials(7)).
        Git = "git",
        /// cargo's credential providers.
        Cargo = "cargo",
        /// Docker's credential helpers.
        Docker = "docker",
        /// The program `keyring`, as pip and uv start it.
        Keyring = "keyring",
        /// kubectl's exec plugins (`ExecCredential`).
        Kubectl = "kubectl",
        /// terraform's credentials helpers.
        Terraform = "terraform",
        /// The AWS tools' `credential_process`.
        Aws = "aws",
        /// ansible's vault password clients.
        Ansible = "ansible",
        /// `GIT_ASKPASS` and `SSH_ASKPASS`.
        Askpass = "askpass",
        /// Lines of an `.npmrc`, which hold no value.
        Npm = "npm",
        /// OpenClaw's exec providers.
        Openclaw = "openclaw",
    }
}

impl HelperTool {
    fn op(self) -> Op {
        match self {
            Self::Git => Op::HELPER_GIT,
            Self::Cargo => Op::HELPER_CARGO,
            Self::Docker => Op::HELPER_DOCKER,
            Self::Keyring => Op::HELPER_KEYRING,
            Self::Kubectl => Op::HELPER_KUBECTL,
            Self::Terraform => Op::HELPER_TERRAFORM,
            Self::Aws => Op::HELPER_AWS,
            Self::Ansible => Op::HELPER_ANSIBLE,
            Self::Askpass => Op::HELPER_ASKPASS,
            Self::Npm => Op::HELPER_NPM,
            Self::Openclaw => Op::HELPER_OPENCLAW,
        }
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

/// Reads the secret that belongs to an address. One audit line says what was asked, by whom, and how
/// it ended.
///
/// # Errors
/// As `get`; no secret belongs there, or several do; what is sent there is read on the way.
pub fn credential(
    ctx: &Context,
    by: &Questioner,
    question: &CredentialQuestion,
) -> Result<Credential> {
    let found: RefCell<Option<Belonging>> = RefCell::default();
    let select = |reach: &Reach<'_>, opened: &Snapshot| {
        let one = belongs::find(reach, opened, question)?;
        let name = one.name.clone();
        found.replace(Some(one));
        Ok(vec![name])
    };
    let asked = question.services.first().map(|asked| asked as &dyn fmt::Display);
    let wanted = Wanted {
        op: by.tool.op(),
        scope: by.scope.as_ref(),
        need: Need::Reveal,
        named: Vec::new(),
        detail: Some(by.detail(asked)),
        path: None,
        seal: false,
        select: &select,
        load: None,
    };
    let mut values = read(ctx, &wanted, |reading| Ok(reading.values))?;
    let record = found.take().map(|one| one.record);
    let (name, value) = values.pop().ok_or_else(|| belongs::nothing(question))?;
    let (user, bearer) =
        record.map_or((None, false), |record| (record.user.clone(), record.bearer));
    Ok(Credential { name, user, bearer, value })
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
    let wanted = Wanted {
        op: by.tool.op(),
        scope: by.scope.as_ref(),
        need: Need::Reveal,
        named: names.to_vec(),
        detail: Some(by.detail(None)),
        path: None,
        seal: false,
        select: &select,
        load: None,
    };
    let values = read(ctx, &wanted, |reading| Ok(reading.values))?;
    let value = |name: &SecretName| {
        values.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    Ok(names.iter().filter_map(value).collect())
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
    Ok(belongs::all(&reach, &opened, asked)?.into_iter().map(Place::from).collect())
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
    Ok(belongs::find(&reach, &opened, question)?.into())
}

//! The rules that admins last signed, as git remembers them: what an edit that waits for approval
//! stands before.

use std::sync::Arc;

use crate::access::{RuleChange, RuleDocument, Rules};
use crate::git;
use crate::service::base::error::Result;
use crate::store::{Document, Member, Policy, Signed, Vault};

/// The highest version of the document `name` that an admin of today signed and git knows of: an
/// older one that was committed again later is not what was in force before.
///
/// # Errors
/// The history cannot be read.
pub(crate) fn approved_before<D: Document>(
    vault: &Vault,
    name: &D::Name,
) -> Result<Option<Signed<D>>> {
    let path = &D::path(name);
    let mut highest: Option<Signed<D>> = None;
    git::changes_of(vault.root().path(), path.as_str(), &mut |change| {
        let found = change.bytes.and_then(|bytes| vault.approved::<D>(path, bytes));
        if let Some(found) = found
            && highest.as_ref().is_none_or(|highest| highest.version() < found.version())
        {
            highest = Some(found);
        }
        false
    })?;
    Ok(highest)
}

/// The rules that admins last signed: where a member or a policy is not in force as it lies there,
/// by its version of before.
///
/// # Errors
/// The history cannot be read.
pub(crate) fn last_approved(vault: &Arc<Vault>, rules: &Rules) -> Result<Rules> {
    let mut change = RuleChange::default();
    for name in rules.waiting_members() {
        add::<Member>(vault, &mut change, name)?;
    }
    for name in rules.waiting_policies() {
        add::<Policy>(vault, &mut change, name)?;
    }
    Ok(Rules::after(vault, change)?)
}

/// Adds the version of before; not one below what this machine has seen, which a history that was
/// rewritten may end with.
fn add<D: RuleDocument>(vault: &Vault, change: &mut RuleChange, name: &D::Name) -> Result<()> {
    let seen = vault.floor::<D>(name).map_or(0, |seen| seen.version);
    let signed = approved_before::<D>(vault, name)?.filter(|signed| signed.version() >= seen);
    D::among(change).extend(signed.map(|signed| (name.clone(), signed)));
    Ok(())
}

//! What a record says about a secret beside its value: changed without opening the value.

use crate::audit::{Action, Op};
use crate::name::{SecretName, ServiceUrl, ServiceUser, Ttl};
use crate::service::base::{Context, Result, SecretError};
use crate::service::change::LockedVault;
use crate::service::identity::agent;
use crate::store::Record;

/// What a record is to say; all of it replaces what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotation {
    /// For people.
    pub description: String,
    /// For people.
    pub tags: Vec<String>,
    /// How often the value wants changing.
    pub rotate_every: Option<Ttl>,
    /// The services that it belongs to.
    pub services: Vec<ServiceUrl>,
    /// The user name that goes with it there.
    pub user: Option<ServiceUser>,
    /// Whether it is sent there as a bearer token.
    pub bearer: bool,
    /// Whether it is no secret, and not masked where a program prints it.
    pub not_secret: bool,
}

/// Changes what the record of a secret says; the value and its readers stay, and when it was
/// changed and by whom. `seen` is the version that the caller looked at.
///
/// # Errors
/// Not found; denied; `ChangedMeanwhile` where it is another version. Where a secret belongs, and so
/// whom helpers give it to, an agent does not say, nor that it is no secret.
pub fn annotate(
    ctx: &Context,
    name: &SecretName,
    annotation: &Annotation,
    seen: Option<u64>,
) -> Result<u64> {
    let locked = LockedVault::lock(ctx, &Op::ANNOTATE)?;
    locked.transact(&Action::new(Op::ANNOTATE).on([name.clone()]), |tx| {
        locked.may_write(name)?;
        let record: Record = (**locked.secret(name)?.record()).clone();
        if seen.is_some_and(|seen| seen != record.version) {
            return Err(SecretError::ChangedMeanwhile(name.clone()).into());
        }
        let belongs = (&annotation.services, &annotation.user, annotation.bearer);
        if belongs != (&record.services, &record.user, record.bearer) {
            agent::refuse(ctx, &locked.opened, &format!("to say where '{name}' belongs"))?;
        }
        if annotation.not_secret && !record.not_secret {
            agent::refuse(ctx, &locked.opened, &format!("to say that '{name}' is not secret"))?;
        }
        let record = Record {
            version: record.version + 1,
            description: annotation.description.clone(),
            tags: annotation.tags.clone(),
            rotate_every: annotation.rotate_every,
            services: annotation.services.clone(),
            user: annotation.user.clone(),
            bearer: annotation.bearer,
            not_secret: annotation.not_secret,
            ..record
        };
        let version = tx.write_record(name, record);
        Ok((format!("Annotate {name} (v{version})"), version))
    })
}

//! The values that are looked for.

use super::{ScanReport, ScanValues};
use crate::access::{Need, Reach};
use crate::audit::Op;
use crate::inject::SHORTEST_SEARCHED;
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Error, Result, Snapshot};
use crate::service::identity::{IdentityError, agent};
use crate::service::secret::Wanted as Request;
use crate::service::secret::read::read;
use crate::store::StoreError;

/// Whoever can have texts compared with a value as often as they like finds one of fewer bytes.
const GUESSABLE: usize = 16;

/// What is looked for, and what the report says of it; no values where none can be had.
#[derive(Default)]
pub(super) struct Values {
    pub(super) values: Option<Vec<(SecretName, SecretBytes)>>,
    pub(super) report: ScanReport,
}

/// Opens what the caller may use, or the scope gives, less what is sealed and what is no secret.
pub(super) fn values(
    ctx: &Context,
    scope: Option<&ScopeName>,
    wanted: ScanValues,
) -> Result<Values> {
    match open(ctx, scope) {
        Err(error)
            if wanted == ScanValues::IfPossible && ctx.token.is_none() && is_absent(&error) =>
        {
            let report =
                ScanReport { without_values: Some(error.to_string()), ..ScanReport::default() };
            Ok(Values { values: None, report })
        }
        values => values,
    }
}

/// Whether there is no vault, or nobody who could open it.
fn is_absent(error: &Error) -> bool {
    let identity = error.of::<IdentityError>();
    matches!(identity, Some(IdentityError::NotFound { .. } | IdentityError::NoPassphrase))
        || matches!(error.of(), Some(StoreError::NoVault(_)))
}

fn open(ctx: &Context, scope: Option<&ScopeName>) -> Result<Values> {
    let mut report = ScanReport::default();
    let left_out = std::cell::RefCell::new((Vec::new(), Vec::new()));
    let is_agent = std::cell::Cell::new(false);
    let select = |reach: &Reach<'_>, opened: &Snapshot| {
        let sealing = reach.sealing(false);
        // An agent that nobody gave a scope could have guesses compared.
        let by_itself =
            matches!(reach, Reach::All | Reach::Member(..)) && agent::is_limited(ctx, opened);
        is_agent.set(by_itself);
        let any_seals = |name: &SecretName| {
            by_itself && opened.rules.in_force().any(|(_, policy)| policy.seals(name))
        };
        let mut names = Vec::new();
        let (sealed, closed) = &mut *left_out.borrow_mut();
        sealed.clear();
        closed.clear();
        for name in opened.vault.names()?.iter() {
            if reach.permits(name).is_err() || reach.holds(name).is_err() {
                continue;
            }
            // Whoever may not hold a value may not have texts compared with it either.
            if sealing.as_ref().is_some_and(|sealing| sealing.only || sealing.seals(name))
                || any_seals(name)
            {
                sealed.push(name.clone());
            } else if is_closed(opened, reach, name) {
                closed.push(name.clone());
            } else {
                names.push(name.clone());
            }
        }
        Ok(names)
    };
    let wanted = Request {
        op: Op::SCAN,
        scope,
        need: Need::Use,
        named: Vec::new(),
        detail: None,
        path: None,
        seal: false,
        select: &select,
        load: None,
    };
    let (values, not_secret) =
        read(ctx, &wanted, |reading| Ok((reading.values, reading.not_secret)))?;
    (report.sealed, report.closed) = left_out.into_inner();
    let is_short = |value: &SecretBytes| value.len() < SHORTEST_SEARCHED;
    let mut secret: Vec<_> =
        values.into_iter().filter(|(name, _)| !not_secret.contains(name)).collect();
    report.too_short =
        secret.extract_if(.., |(_, value)| is_short(value)).map(|(name, _)| name).collect();
    let can_guess = |value: &SecretBytes| is_agent.get() && value.len() < GUESSABLE;
    report.guessable =
        secret.extract_if(.., |(_, value)| can_guess(value)).map(|(name, _)| name).collect();
    report.secrets = secret.len();
    Ok(Values { values: Some(secret), report })
}

/// Whether a secret is not encrypted to the member who asks for all that they may read; whoever names
/// a scope is told what is wrong with it. One that is damaged is read, and says so.
fn is_closed(opened: &Snapshot, reach: &Reach<'_>, name: &SecretName) -> bool {
    let Reach::Member(_, who, _) = reach else { return false };
    let record = opened.vault.record(name, &opened.rules).ok().flatten();
    record.is_some_and(|record| record.members().all(|reader| reader != *who))
}

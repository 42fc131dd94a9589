//! The audit trail: shown, filtered, verified.

use serde::Serialize;
use time::OffsetDateTime;

use crate::access::Pattern;
use crate::audit::{self, Action, AuditEntry, ChainName, Filter, Op, Outcome};
use crate::name::{ScopeName, SecretName};
use crate::service::audit::{
    Acceptance, Loss, LossError, MAX_REASON, VerifyReport, local_chains, loss_of, trail, verify_all,
};
use crate::service::base::{Context, OpenVault, Result, missing_rules_and_trail, refuse_missing};
use crate::service::change::LockedVault;
use crate::service::session::{bearer, refuse_token};

/// Which audit lines to show; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// A name or a glob.
    pub secret: Option<String>,
    /// A scope.
    pub scope: Option<ScopeName>,
    /// A member's name, or a session's id or label.
    pub actor: Option<String>,
    /// A part of the mark of an AI agent; an empty text is any agent's.
    pub agent: Option<String>,
    /// An operation such as `policy.create`, or the command it belongs to (`policy`).
    pub op: Option<String>,
    /// An outcome.
    pub outcome: Option<Outcome>,
    /// Not before this moment.
    pub since: Option<OffsetDateTime>,
    /// Not after this moment.
    pub until: Option<OffsetDateTime>,
}

/// Shows the audit trail, newest last; `last` keeps that many of the newest. With a token
/// it is the session's own.
///
/// # Errors
/// A pattern that does not compile, a chain that cannot be read, no vault.
pub fn audit_show(
    ctx: &Context,
    filter: &AuditFilter,
    last: Option<usize>,
) -> Result<Vec<AuditEntry>> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::AUDIT_SHOW)?;
    let pattern = filter.secret.as_deref().map(Pattern::new).transpose()?;
    let by_secret =
        |name: &SecretName| pattern.as_ref().is_none_or(|pattern| pattern.matches(name.as_str()));
    let filter = Filter {
        secret: pattern.is_some().then_some(&by_secret),
        scope: filter.scope.clone(),
        actor: filter.actor.clone(),
        agent: filter.agent.clone(),
        outcome: filter.outcome,
        op: filter.op.clone(),
        since: filter.since,
        until: filter.until,
    };
    let mut chains = Vec::new();
    let own = bearer.map(|bearer| format!("s-{}-", bearer.id()));
    for place in trail(&opened)? {
        if own.as_ref().is_some_and(|own| !place.chain.as_str().starts_with(own)) {
            continue;
        }
        let lines = place.newest(&filter, last)?;
        chains.push((place.chain, lines));
    }
    Ok(audit::merge(chains, &filter, last))
}

/// Verifies every chain, as far as the keys at hand reach; heads that verify are pinned.
///
/// # Errors
/// An identity that was named and cannot be used; no vault; files of the last commit are missing here. Damage
/// is in the report.
pub fn audit_verify(ctx: &Context) -> Result<VerifyReport> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::AUDIT_VERIFY)?;
    // What a sparse checkout hides is not gone, and nothing is verified without it.
    let mut missing = missing_rules_and_trail(&opened);
    for own in local_chains(&opened.vault)? {
        // Those lines are here, whole.
        let folder = format!("audit/{}/", own.chain());
        missing.retain(|path| !path.as_str().starts_with(&folder));
    }
    refuse_missing(&opened, &missing)?;
    verify_all(ctx, &opened, bearer)
}

/// A loss that was accepted.
#[derive(Debug, Clone, Serialize)]
pub struct AcceptedLoss {
    /// The chain.
    pub chain: String,
    /// The first line that is lost.
    pub first: u64,
    /// The last one that is known to have been there.
    pub last: u64,
}

/// Accepts that the end of a chain is gone for good, as an admin; `reason` is recorded. That line, and no
/// other change of the chain, is what verification then knows.
///
/// # Errors
/// There is no such chain; nothing is lost of it, or it is damaged otherwise; not an admin; not recorded.
pub fn audit_accept(ctx: &Context, chain: &str, reason: &str) -> Result<AcceptedLoss> {
    let reason = reason.trim();
    let fits = (1..=MAX_REASON).contains(&reason.chars().count());
    if !fits || reason.chars().any(char::is_control) {
        return Err(LossError::Reason.into());
    }
    // Under its own lock.
    let loss = {
        let opened = OpenVault::open(ctx)?;
        refuse_token(ctx, &Op::AUDIT_ACCEPT)?;
        loss_of(&verify_all(ctx, &opened, None)?, chain)?
    };
    let locked = LockedVault::lock(ctx, &Op::AUDIT_ACCEPT)?;
    let accepted = ChainName::parse(chain)
        .map(|chain| Acceptance { chain, loss, reason: reason.to_owned() })
        .ok_or_else(|| LossError::NoChain(chain.to_owned()))?;
    let action = Action::new(Op::AUDIT_ACCEPT).saying(accepted.detail());
    locked.transact(&action, |_| {
        locked.require_admin()?;
        Ok((String::new(), ()))
    })?;
    let Loss { first, last, .. } = loss;
    Ok(AcceptedLoss { chain: chain.to_owned(), first, last })
}

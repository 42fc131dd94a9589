//! The asker's own audit chain: found or opened, and written before anything leaves.
//!
//! A chain has one writer, `<member>-<clone id>` or `s-<session id>-<clone id>`; commits publish it.

use time::OffsetDateTime;

use super::location::{ChainLocation, fallback_chain};
use crate::access::Principal;
use crate::audit::{Action, Actor, AuditError, Chain, Event, Outcome, Receipt};
use crate::fs::Lock;
use crate::kind::Kind;
use crate::name::printable;
use crate::service::base::clock;
use crate::service::base::{Context, Error, Note, Result, Snapshot, VaultError};

/// Most characters of a reason.
const MAX_REASON: usize = 300;

/// Who asks, as a line names them.
pub(super) fn actor(asker: &Principal) -> Actor {
    match asker {
        Principal::Member(caller) => Actor::member(&caller.name),
        Principal::Bearer(bearer) => Actor::token(bearer.id().as_str(), &bearer.grant().label),
    }
}

/// Why something was denied, in the words of the error and at most [`MAX_REASON`] of them.
fn reason(why: &Error) -> String {
    printable(&why.to_string()).chars().take(MAX_REASON).collect()
}

/// Writes the asker's audit lines.
pub(crate) struct Recorder<'a> {
    ctx: &'a Context,
    opened: &'a Snapshot,
    asker: &'a Principal,
    chain: Chain,
}

impl<'a> Recorder<'a> {
    /// Finds the asker's chain of this clone, or opens it.
    pub(crate) fn open(
        ctx: &'a Context,
        opened: &'a Snapshot,
        asker: &'a Principal,
    ) -> Result<Self> {
        Self::at(ctx, opened, asker, None)
    }

    /// As [`Recorder::open`], under a lock that the caller holds.
    pub(crate) fn open_locked(
        ctx: &'a Context,
        opened: &'a Snapshot,
        asker: &'a Principal,
        lock: &Lock,
    ) -> Result<Self> {
        Self::at(ctx, opened, asker, Some(lock))
    }

    fn at(
        ctx: &'a Context,
        opened: &'a Snapshot,
        asker: &'a Principal,
        lock: Option<&Lock>,
    ) -> Result<Self> {
        let place = ChainLocation::in_vault(opened, asker)?;
        let found = match place {
            Some(place) => place.chain(ctx, opened, asker, lock),
            None => Err(VaultError::ReadOnly.into()),
        };
        let chain = match found {
            Ok(chain) => chain,
            Err(error) if error.is_read_only() && lock.is_none() => {
                fallback_chain(ctx, opened, asker)?
            }
            Err(error) => return Err(error),
        };
        Ok(Self { ctx, opened, asker, chain })
    }

    /// Appends a line and syncs it; the receipt is what opens values.
    pub(crate) fn granted(&mut self, action: &Action) -> Result<Receipt> {
        self.write(action, Outcome::Granted, None, Chain::append)
    }

    /// Records what happens long after the start, such as while a program runs. No value
    /// leaves by it, so that it could not be recorded is only noted.
    pub(crate) fn record_late(&mut self, action: &Action, outcome: Outcome) {
        let now = self.ctx.front.now();
        if let Err(error) = self.write_at(action, outcome, None, now, Chain::note) {
            self.ctx.front.note(&Note::NotRecorded { reason: error.to_string() });
        }
    }

    /// Records what happens now, long after the start, and syncs it.
    ///
    /// # Errors
    /// It could not be recorded; then nothing may follow.
    #[cfg(feature = "sealed")]
    pub(crate) fn record_synced(&mut self, action: &Action, outcome: Outcome) -> Result<()> {
        let now = self.ctx.front.now();
        self.write_at(action, outcome, None, now, Chain::note)
    }

    /// Records a denied or failed attempt, and why it was denied; that it could not be recorded
    /// is only noted, because the attempt is refused anyway.
    pub(crate) fn record_refusal(&mut self, action: &Action, why: &Error) {
        match why.kind() {
            Kind::Denied => self.denied(action, why),
            _ => self.refuse(action, Outcome::Failed, None),
        }
    }

    /// As [`Recorder::record_refusal`], for what counts as denied whatever its kind.
    pub(crate) fn denied(&mut self, action: &Action, why: &Error) {
        self.refuse(action, Outcome::Denied, Some(reason(why)));
    }

    fn refuse(&mut self, action: &Action, outcome: Outcome, reason: Option<String>) {
        if let Err(error) = self.write(action, outcome, reason, Chain::note) {
            self.ctx.front.note(&Note::NotRecorded { reason: error.to_string() });
        }
    }

    /// Writes a line; into the state folder's chain where the vault turns out to be read-only.
    fn write<T>(
        &mut self,
        action: &Action,
        outcome: Outcome,
        reason: Option<String>,
        line: fn(&Chain, &Event, OffsetDateTime) -> std::result::Result<T, AuditError>,
    ) -> Result<T> {
        self.write_at(action, outcome, reason, self.ctx.now, line)
    }

    fn write_at<T>(
        &mut self,
        action: &Action,
        outcome: Outcome,
        reason: Option<String>,
        at: OffsetDateTime,
        line: fn(&Chain, &Event, OffsetDateTime) -> std::result::Result<T, AuditError>,
    ) -> Result<T> {
        let by =
            actor(self.asker).by_agent(self.ctx.agent.as_ref().map(|agent| agent.marker.as_str()));
        let event = action.event(by, outcome, reason);
        clock::advance(self.ctx, self.opened);
        match line(&self.chain, &event, at) {
            Err(AuditError::ReadOnly { .. }) => {
                self.chain = fallback_chain(self.ctx, self.opened, self.asker)?;
                Ok(line(&self.chain, &event, at)?)
            }
            result => Ok(result?),
        }
    }

    /// The chain alone.
    pub(crate) fn into_chain(self) -> Chain {
        self.chain
    }

    /// The chain itself, for the line that names other chains' heads.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }
}

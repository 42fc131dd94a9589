//! The way of a value into a request, as types: rules allow it at one place of one request
//! ([`Judged`]), its use is on the disk ([`Cleared`]), and only then it can be read.

use super::Slot;
use crate::access::{Injection, Refusal, Sealing, Target};
use crate::name::{Address, SecretName};
use crate::seal::ask::SealedRun;
use crate::secret::SecretBytes;

/// A secret that rules allow at one place of a request to one address.
pub(in crate::seal) struct Judged<'s> {
    pub(super) slot: &'s Slot,
    address: &'s Address,
    place: Injection,
}

impl<'s> Judged<'s> {
    /// The secret.
    pub(in crate::seal) const fn name(&self) -> &'s SecretName {
        &self.slot.name
    }
}

impl Slot {
    /// Asks the rules whether the value may go to `place` of a request.
    ///
    /// # Errors
    /// What forbids it.
    pub(in crate::seal) fn judged<'s>(
        &'s self,
        sealing: &Sealing,
        target: &Target<'s>,
        place: Injection,
    ) -> Result<Judged<'s>, Refusal> {
        sealing.judge(&self.name, target, place)?;
        Ok(Judged { slot: self, address: target.address, place })
    }
}

/// A value that may be put into one place of a request: rules allow it there, and the trail has
/// its use.
pub(in crate::seal) struct Cleared<'s> {
    slot: &'s Slot,
    place: Injection,
}

impl<'s> Cleared<'s> {
    /// Has the use of each secret recorded; `None` where that failed, and then nothing may leave.
    pub(in crate::seal) async fn all(run: &SealedRun, judged: &[Judged<'s>]) -> Option<Vec<Self>> {
        for (at, one) in judged.iter().enumerate() {
            let is_first = judged[..at].iter().all(|before| before.name() != one.name());
            if is_first && !run.recorded(one.name(), one.address).await {
                return None;
            }
        }
        Some(judged.iter().map(|one| Self { slot: one.slot, place: one.place }).collect())
    }

    /// What it is put in for.
    pub(in crate::seal) const fn slot(&self) -> &'s Slot {
        self.slot
    }

    /// Where it may stand.
    pub(in crate::seal) const fn place(&self) -> Injection {
        self.place
    }

    /// The value.
    pub(in crate::seal) const fn value(&self) -> &'s SecretBytes {
        &self.slot.value
    }

    /// One that nobody judged.
    #[cfg(test)]
    pub(in crate::seal) const fn unjudged(slot: &'s Slot, place: Injection) -> Self {
        Self { slot, place }
    }
}

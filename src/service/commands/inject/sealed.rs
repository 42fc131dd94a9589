//! A run whose program holds placeholders: a proxy beside it, and what is recorded of it.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;

use super::run::Recording;
use crate::access::Sealing;
use crate::audit::{Action, Op, Outcome};
use crate::inject::{self, Ended, HelperCommand, Masker, SideTask};
use crate::name::{Address, SecretName};
use crate::seal::{self, Asks, Event, Plan, Proxy, Use};
use crate::secret::SecretBytes;
use crate::service::base::{Note, Result};
use crate::service::inject::SealingError;
use crate::service::secret::{Place, Placeholder};

/// Secrets that the program uses without holding them.
pub(super) struct Sealed {
    sealing: Sealing,
    values: seal::Values,
    /// For helpers below the program: where each belongs, and its placeholder.
    told: Vec<Placeholder>,
}

impl Sealed {
    /// Takes the sealed values out of `values`; placeholders stay in their stead.
    ///
    /// # Errors
    /// None in a program that was built with this feature.
    #[allow(clippy::unnecessary_wraps, reason = "a program without the feature refuses")]
    pub(super) fn take(
        sealing: Sealing,
        values: &mut [(SecretName, SecretBytes)],
        places: Vec<Place>,
    ) -> Result<Self> {
        let sealed = values.iter().filter(|(name, _)| sealing.seals(name)).cloned().collect();
        let taken = seal::Values::new(&sealing, sealed);
        for (name, placeholder) in taken.placeholders() {
            for (_, value) in values.iter_mut().filter(|(other, _)| other == name) {
                *value = SecretBytes::from(placeholder.to_owned());
            }
        }
        let told = places.into_iter().filter_map(|place| {
            let (_, placeholder) = taken.placeholders().find(|(name, _)| **name == place.name)?;
            Some(Placeholder { place, placeholder: placeholder.to_owned() })
        });
        let told = told.collect();
        Ok(Self { sealing, values: taken, told })
    }

    /// Whether the program is given a placeholder for this one.
    pub(super) fn seals(&self, name: &SecretName) -> bool {
        self.sealing.seals(name)
    }

    /// Runs the program behind a proxy, to its end.
    ///
    /// # Errors
    /// The proxy cannot be started; as any run.
    pub(super) fn run(
        self,
        mut child: inject::Command,
        masker: &Masker,
        leader: &HelperCommand,
        sweeper: HelperCommand,
        recording: &Recording<'_, '_>,
    ) -> Result<Ended> {
        let (sealing, values) = (self.sealing, self.values);
        let inherited = child.inherited.clone();
        let given: Vec<SecretName> = values.placeholders().map(|(name, _)| name.clone()).collect();
        let clean_env = child.clean_env;
        let told = serde_json::to_vec(&self.told).unwrap_or_default();
        let plan = Plan { told, sealing, values, inherited, clean_env, sweeper };
        let (proxy, asks) = Proxy::start(plan).map_err(SealingError::from)?;
        child.fixed = proxy.environment().to_vec();
        let beside = Answering { asks, recording };
        let ended = recording.supervise(&child, masker, leader, Some(&beside));
        let counted = proxy.stop();
        counted.iter().for_each(|counted| beside.count(counted));
        let is_asked = |name: &&SecretName| !counted.iter().any(|one| one.event.is_of(name));
        let names: Vec<SecretName> = given.iter().filter(is_asked).cloned().collect();
        if ended.is_ok() && !names.is_empty() {
            recording.front().note(&Note::NeverAsked { names });
        }
        ended
    }
}

/// Records what the proxy asks, in the thread that waits for the program.
struct Answering<'s, 'r, 'c> {
    asks: Asks,
    recording: &'s Recording<'r, 'c>,
}

impl SideTask for Answering<'_, '_, '_> {
    fn watch(&self) -> BorrowedFd<'_> {
        self.asks.as_fd()
    }

    fn proceed(&self) {
        self.asks.answer(|event| self.record(event));
    }
}

impl Answering<'_, '_, '_> {
    /// Whether it was recorded, and synced.
    fn record(&self, event: &Event) -> bool {
        self.recording.recorder().record_synced(&self.action(event, None), outcome(event)).is_ok()
    }

    fn count(&self, counted: &Use) {
        // One refusal is told by its line.
        if counted.count == 1 && matches!(counted.event, Event::Denied(_)) {
            return;
        }
        let action = self.action(&counted.event, Some(counted.count));
        self.recording.recorder().record_late(&action, outcome(&counted.event));
    }

    fn action(&self, event: &Event, count: Option<u64>) -> Action {
        let by = self.recording.program.as_deref().unwrap_or_default();
        let host = |address: &Address| address.to_string();
        let (name, mut detail) = match event {
            Event::Use(name, address) => (Some(name), format!("{} by {by}", host(address))),
            Event::Denied(denied) => {
                let host = denied.address.as_ref().map_or("the proxy".to_owned(), host);
                (denied.name.as_ref(), format!("{host} by {by}: {}", denied.why))
            }
        };
        if let Some(count) = count {
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            detail = format!("{detail}, {times}");
        }
        self.recording.action(Op::SEAL, name, Some(detail))
    }
}

fn outcome(event: &Event) -> Outcome {
    match event {
        Event::Use(..) => Outcome::Granted,
        Event::Denied(_) => Outcome::Denied,
    }
}

/// Waits until whoever started this process is gone, and removes the files of its sealed run.
pub fn sweep(folder: &Path) {
    seal::sweep(folder);
}

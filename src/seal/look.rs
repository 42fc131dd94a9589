//! What comes back: which values stood in an answer, whether it may pass, and the record of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::ask::SealedRun;
use super::body::Gate;
use crate::name::{Address, SecretName};

/// Names that are found while something is passed on.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Arc<Mutex<BTreeSet<SecretName>>>);

impl Names {
    pub(super) fn add(&self, name: &SecretName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
    }

    pub(super) fn has(&self, name: &SecretName) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    pub(super) fn take(&self) -> BTreeSet<SecretName> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A look into one answer.
pub(super) struct Look {
    pub(super) run: Arc<SealedRun>,
    /// Who answers.
    pub(super) address: Address,
    /// What was put into the request.
    pub(super) carried: Names,
    /// What was found in the answer.
    pub(super) found: Names,
    /// What of that was recorded.
    pub(super) told: Names,
}

impl Look {
    /// Has what was found recorded, once for each answer; false where that is to be refused.
    pub(super) async fn may_pass(&self) -> bool {
        for name in self.found.take() {
            if self.told.has(&name) {
                continue;
            }
            self.told.add(&name);
            let is_echo = self.carried.has(&name);
            if !self.run.came_back(&name, &self.address, is_echo).await {
                return false;
            }
        }
        true
    }
}

impl Gate for Look {
    async fn opens(&mut self) -> bool {
        self.may_pass().await
    }
}

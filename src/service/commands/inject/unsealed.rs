//! A program that was built without the proxy: what is sealed cannot be used.

use super::run::Recording;
use crate::access::Sealing;
use crate::inject::{self, Ended, HelperCommand, Masker};
use crate::name::SecretName;
use crate::secret::SecretBytes;
use crate::service::base::Result;
use crate::service::inject::SealingError;
use crate::service::secret::Place;

/// There are none.
pub(super) enum Sealed {}

impl Sealed {
    /// # Errors
    /// Always.
    pub(super) fn take(
        _: Sealing,
        _: &mut [(SecretName, SecretBytes)],
        _: Vec<Place>,
    ) -> Result<Self> {
        Err(SealingError::NotBuilt.into())
    }

    pub(super) fn seals(&self, _: &SecretName) -> bool {
        match *self {}
    }

    pub(super) fn run(
        self,
        _: inject::Command,
        _: &Masker,
        _: &HelperCommand,
        _: HelperCommand,
        _: &Recording<'_, '_>,
    ) -> Result<Ended> {
        match self {}
    }
}

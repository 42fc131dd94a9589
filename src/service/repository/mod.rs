//! The vault's own files beside secrets and rules.

pub(crate) mod scaffold;

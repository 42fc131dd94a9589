//! The vault's own files beside secrets and rules.

mod scaffold;

pub(crate) use scaffold::{GITATTRIBUTES, GITIGNORE, Lacking, lacking};

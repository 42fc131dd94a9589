//! Names for a shell to complete: what any `ls` in the vault would show, and nothing else.

use crate::service::base::{Context, Result, known_members, known_scopes, open_unrecovered};

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A secret.
    Secret,
    /// A policy.
    Scope,
    /// A member.
    Member,
    /// A session's id.
    Session,
}

/// Lists the names of one kind, sorted. Needs no identity, unlocks nothing, records nothing.
///
/// # Errors
/// No vault, or one that cannot be read.
pub fn known_names(ctx: &Context, kind: NameKind) -> Result<Vec<String>> {
    fn words<T: ToString>(names: impl IntoIterator<Item = T>) -> Vec<String> {
        names.into_iter().map(|name| name.to_string()).collect()
    }
    Ok(match kind {
        NameKind::Secret => words(open_unrecovered(ctx)?.names()?),
        NameKind::Scope => words(known_scopes(ctx)?),
        NameKind::Member => words(known_members(&open_unrecovered(ctx)?)?),
        NameKind::Session => {
            words(open_unrecovered(ctx)?.sessions()?.into_iter().map(|place| place.id))
        }
    })
}

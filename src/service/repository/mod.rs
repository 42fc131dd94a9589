//! The vault's own files beside secrets and rules.

mod scaffold;

pub(crate) use scaffold::{GITATTRIBUTES, GITIGNORE, Lacking, lacking};

use crate::git;
use crate::service::base::{Context, Note};

/// Says what does not work in a repository of another kind: before the first commit, as nobody
/// changes it easily after that.
pub(crate) fn note_foreign(ctx: &Context) {
    if let Ok(Some(kind)) = git::foreign(&ctx.vault) {
        let (kind, remedy) = (kind.words().to_owned(), kind.remedy().to_owned());
        ctx.front.note(&Note::ForeignRepository { kind, remedy });
    }
}

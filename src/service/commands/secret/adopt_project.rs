//! The project file that gives programs what was moved out of their files.

use std::path::{Path, PathBuf};

use super::adopt::AdoptPlan;
use crate::inject::Naming;
use crate::name::ScopeName;
use crate::project::{self, ProjectFile};
use crate::service::base::Result;
use crate::transfer::AdoptThen;

/// What a project file is to say so that programs get what was moved. Made by [`project_draft`].
#[derive(Debug)]
pub struct ProjectDraft {
    draft: project::Draft,
    /// Where it is, or will be.
    pub path: PathBuf,
    /// Whether there is none yet.
    pub is_new: bool,
    /// Whether it says all of it already.
    pub is_there: bool,
}

/// Drafts a project file at `path` for a scope, in which the variables have the names that the programs of
/// a plan read. Writes nothing.
///
/// # Errors
/// The file is for another scope, says something else of a variable, or is not understood.
pub fn project_draft(
    path: &Path,
    home: Option<&Path>,
    scope: &ScopeName,
    plan: &AdoptPlan,
) -> Result<ProjectDraft> {
    let naming = match path.symlink_metadata() {
        Ok(_) => {
            let file = ProjectFile::read(path, home)?;
            Naming {
                uppercase: file.uppercase.unwrap_or(false),
                replace_dash: file.replace_dash,
                prefix: file.prefix.unwrap_or_default(),
            }
        }
        // As the example says.
        Err(_) => Naming { uppercase: true, ..Naming::default() },
    };
    naming.check()?;
    let draft = project::extended(path, home, scope, || {
        let run = plan.files.iter().filter(|file| file.then == AdoptThen::Run);
        run.flat_map(|file| &file.values)
            .filter(|value| naming.variable(&value.name).ok().as_ref() != Some(&value.variable))
            .map(|value| (value.variable.clone(), format!("{{{}}}", value.name)))
            .collect()
    })?;
    let (is_new, is_there) = (draft.is_new(), draft.is_there());
    Ok(ProjectDraft { path: draft.path.clone(), draft, is_new, is_there })
}

/// Writes a drafted project file.
///
/// # Errors
/// It was changed meanwhile, or cannot be written.
pub fn project_write(draft: &ProjectDraft) -> Result<()> {
    Ok(draft.draft.write()?)
}

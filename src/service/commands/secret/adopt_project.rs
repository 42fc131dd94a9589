//! The project file that gives programs what was moved out of their files.

use std::path::Path;

use super::adopt::AdoptPlan;
use crate::inject::Naming;
use crate::name::ScopeName;
use crate::project::{self, ProjectDraft, ProjectFile};
use crate::service::base::Result;
use crate::service::inject::naming_of;
use crate::transfer::AdoptThen;

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
    let file = match path.symlink_metadata() {
        Ok(_) => Some(ProjectFile::read(path, home)?),
        Err(_) => None,
    };
    // A new one is as the example says.
    let new = || Naming { uppercase: true, ..Naming::default() };
    let naming = file.as_ref().map_or_else(new, naming_of);
    naming.check()?;
    let run = plan.files.iter().filter(|file| file.then == AdoptThen::Run);
    let variables = run
        .flat_map(|file| &file.values)
        .filter(|value| naming.variable(&value.name).ok().as_ref() != Some(&value.variable))
        .map(|value| (value.variable.clone(), format!("{{{}}}", value.name)))
        .collect();
    Ok(project::extended(path, home, file.as_ref(), scope, &variables)?)
}

/// Writes a drafted project file.
///
/// # Errors
/// It was changed meanwhile, or cannot be written.
pub fn project_write(draft: &ProjectDraft) -> Result<()> {
    Ok(draft.write()?)
}

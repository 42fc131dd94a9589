//! What a shell is to define so that programs get the secrets of a scope.

use crate::inject::{self, Naming, Shell};
use crate::name::{ScopeName, ToolName};
use crate::project::ProjectFile;
use crate::service::base::{Result, ScopeError};
use crate::service::inject::naming_of;

/// The command that starts `tool` with the secrets of `scope`: plain words, nothing to quote.
///
/// # Errors
/// The naming cannot stand in a variable's name.
pub fn alias_command(tool: &ToolName, scope: &ScopeName, naming: &Naming) -> Result<String> {
    Ok(inject::alias_command(tool, scope, naming)?)
}

/// Lines for a shell that define each of `tools`; safe to evaluate.
///
/// # Errors
/// As [`alias_command`].
pub fn aliases(
    shell: Shell,
    scope: &ScopeName,
    naming: &Naming,
    tools: &[ToolName],
) -> Result<String> {
    let line = |tool: &ToolName| {
        Ok(inject::define_alias(shell, tool, &alias_command(tool, scope, naming)?))
    };
    tools.iter().map(line).collect()
}

/// The aliases of a project file: its scope, its naming, the programs.
///
/// # Errors
/// It names programs and no scope.
pub fn project_aliases(file: &ProjectFile) -> Result<Option<(ScopeName, Naming, Vec<ToolName>)>> {
    let tools = file.aliases.clone().unwrap_or_default();
    if tools.is_empty() {
        return Ok(None);
    }
    let scope = file.scope.clone().ok_or(ScopeError::NotGiven { scopes: Vec::new() })?;
    Ok(Some((scope, naming_of(file), tools)))
}

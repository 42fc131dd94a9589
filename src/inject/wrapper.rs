//! The command that stands behind the name of a program: `authy run …` with a scope.
//!
//! It is made of plain words only, so no shell has anything to expand in it.

use super::error::InjectError;
use super::naming::Naming;
use crate::name::{ScopeName, ToolName};

/// A shell that aliases are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// sh, bash, zsh and ksh.
    Posix,
    /// fish.
    Fish,
    /// PowerShell.
    Powershell,
}

/// Programs that otherwise leave a server running which keeps the values of whoever started it
/// first, and the flag that keeps them from it: seen in Codex CLI 0.171.0.
pub(crate) const ALONE: [(&str, &str); 1] = [("codex", "--no-daemon")];

/// The command that starts `tool` with the secrets of `scope`.
///
/// # Errors
/// The naming cannot stand in a variable's name, so `run` would refuse it.
pub(crate) fn command(
    tool: &ToolName,
    scope: &ScopeName,
    naming: &Naming,
) -> Result<String, InjectError> {
    naming.check()?;
    let mut words = format!("authy run --scope {scope}");
    if naming.uppercase {
        words.push_str(" --uppercase");
    }
    if let Some(character) = naming.replace_dash {
        words.push_str(&format!(" --replace-dash {character}"));
    }
    if !naming.prefix.is_empty() {
        words.push_str(&format!(" --prefix {}", naming.prefix));
    }
    words.push_str(&format!(" -- {tool}"));
    if let Some((_, flag)) = ALONE.iter().find(|(name, _)| *name == tool.as_str()) {
        words.push_str(&format!(" {flag}"));
    }
    Ok(words)
}

/// Defines `tool` as `command` in a shell, a line to be evaluated.
pub(crate) fn define(shell: Shell, tool: &ToolName, command: &str) -> String {
    match shell {
        Shell::Posix => format!("alias {tool}='{command}'\n"),
        Shell::Fish => format!("function {tool}; {command} $argv; end\n"),
        Shell::Powershell => format!("function global:{tool} {{ {command} @args }}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shell, command, define};
    use crate::inject::naming::Naming;
    use crate::name::{ScopeName, ToolName};

    #[test]
    fn an_alias_is_what_the_manual_shows() {
        let (tool, scope) =
            (ToolName::parse("claude").unwrap(), ScopeName::parse("claude-code").unwrap());
        let naming = Naming { uppercase: true, replace_dash: Some('_'), ..Naming::default() };
        let words = command(&tool, &scope, &naming).unwrap();
        assert_eq!(words, "authy run --scope claude-code --uppercase --replace-dash _ -- claude");
        let codex = command(&ToolName::parse("codex").unwrap(), &scope, &naming).unwrap();
        assert!(codex.ends_with(" -- codex --no-daemon"), "{codex}");
        assert_eq!(define(Shell::Posix, &tool, &words), format!("alias claude='{words}'\n"));
        assert_eq!(
            define(Shell::Fish, &tool, &words),
            format!("function claude; {words} $argv; end\n")
        );
    }

    #[test]
    fn what_a_shell_could_expand_is_refused() {
        let (tool, scope) = (ToolName::parse("x").unwrap(), ScopeName::parse("s").unwrap());
        for naming in [
            Naming { prefix: "$(x)".into(), ..Naming::default() },
            Naming { prefix: "a'b".into(), ..Naming::default() },
            Naming { replace_dash: Some(';'), ..Naming::default() },
            Naming { replace_dash: Some(' '), ..Naming::default() },
        ] {
            assert!(command(&tool, &scope, &naming).is_err(), "{naming:?}");
        }
    }
}

//! Names of programs that a shell may start through authy.
//!
//! They reach a shell as words of its own language, from a file that came with a repository,
//! so only plain words pass, and none that would take a word of the shell away or wrap a
//! program that others rely on.

use std::fmt;
use std::str::FromStr;

use super::NameError;

/// Longest name in bytes.
const MAX: usize = 32;
/// Words of bash, zsh and fish, and programs that must stay what they are.
const RESERVED: &str = "\
 abbr alias and argparse autoload begin bg bind bindkey break builtin bye caller case cd chdir \
 command commandline compgen complete compopt continue coproc count declare dirs disable disown \
 do done echo echotc elif else emit emulate enable end esac eval exec exit export false fc fg fi \
 float for foreach function functions getln getopts hash help history if in integer jobs kill let \
 limit local log logout mapfile math nocorrect noglob not or popd printf pushd pushln pwd r random \
 read readarray readonly rehash repeat return sched select set setopt shift shopt source status \
 string suspend switch test then time times trap true ttyctl type typeset ulimit umask unalias \
 unfunction unhash unlimit unset unsetopt until vared wait whence where which while zle zmodload \
 authy age rage git gh ssh ssh-add ssh-agent ssh-keygen scp sftp rsync sudo su doas pkexec run0 \
 login passwd sh bash zsh fish dash ksh csh tcsh pwsh env nohup xargs ls cat cp mv rm ln mkdir \
 chmod chown ps pass gopass gpg op crontab systemctl ";

/// The name of a program, such as `claude`: `[a-z][a-z0-9_.-]{0,31}`, and no word that a shell
/// or a system needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolName(String);

impl ToolName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`NameError`] with the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !Self::is_plain(text) {
            return Err(error(
                text,
                "use at most 32 of a-z, 0-9, '_', '.' and '-', starting with a letter",
            ));
        }
        if Self::is_reserved(text) {
            return Err(error(text, "a shell or the system needs this word as it is"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Tells whether `text` is made of the right characters.
    pub(crate) fn is_plain(text: &str) -> bool {
        let is_right = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
        text.len() <= MAX
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(is_right)
    }

    /// Tells whether a shell or a system needs this word as it is.
    pub(crate) fn is_reserved(text: &str) -> bool {
        RESERVED.split_ascii_whitespace().any(|word| word == text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn error(given: &str, rule: &'static str) -> NameError {
    NameError { what: "program", given: super::printable(given), rule }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ToolName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::ToolName;

    #[test]
    fn programs_pass_and_words_of_shells_do_not() {
        for name in ["claude", "aider", "a", "x.y_z-1", "goose2"] {
            assert!(ToolName::parse(name).is_ok(), "{name}");
        }
        for name in [
            "", "A", "1a", "a b", "a;b", "$(x)", "`x`", "a'b", "a\"b", "a\nb", "a=b", "-a", "é",
            "cd", "sudo", "ssh", "git", "authy", "if", "test", "eval", "set", "string",
        ] {
            assert!(ToolName::parse(name).is_err(), "{name:?}");
        }
        assert!(ToolName::parse(&"a".repeat(33)).is_err());
    }
}

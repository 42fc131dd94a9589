//! Words that name a secret, or a folder of secrets: what stands before a slash in their names.

use std::cell::OnceCell;
use std::str::FromStr;

use authy::{Context, ListOptions, NameError, SecretName};

use super::error::Failure;

/// A secret, or with a slash at its end a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `db/url`.
    Name(SecretName),
    /// `db/`, as the text without the slash.
    Folder(SecretName),
}

impl FromStr for Target {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.strip_suffix('/') {
            Some(folder) => SecretName::parse(folder).map(Self::Folder),
            None => SecretName::parse(text).map(Self::Name),
        }
    }
}

/// The names that the caller may see, listed once and only if somebody asks.
pub(crate) struct Names<'c> {
    ctx: &'c Context,
    all: OnceCell<Vec<SecretName>>,
}

impl<'c> Names<'c> {
    pub(crate) fn of(ctx: &'c Context) -> Self {
        Self { ctx, all: OnceCell::new() }
    }

    fn all(&self) -> Result<&[SecretName], Failure> {
        if self.all.get().is_none() {
            let entries = authy::list(self.ctx, &ListOptions::default())?.into_iter();
            return Ok(self.all.get_or_init(|| entries.map(|entry| entry.name).collect()));
        }
        Ok(self.all.get().map_or(&[], Vec::as_slice))
    }

    /// Whether there is such a secret.
    ///
    /// # Errors
    /// No vault, or one that cannot be read.
    pub(crate) fn has(&self, name: &SecretName) -> Result<bool, Failure> {
        Ok(self.all()?.contains(name))
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// No vault, or one that cannot be read.
    pub(crate) fn below(&self, folder: &SecretName) -> Result<Vec<SecretName>, Failure> {
        let lead = format!("{folder}/");
        let inside = self.all()?.iter().filter(|name| name.as_str().starts_with(&lead));
        Ok(inside.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretName, Target};

    #[test]
    fn a_slash_at_the_end_makes_a_folder() {
        let name = |text| SecretName::parse(text).unwrap();
        assert_eq!("a/b".parse(), Ok(Target::Name(name("a/b"))));
        assert_eq!("a/b/".parse(), Ok(Target::Folder(name("a/b"))));
        for text in ["/", "", "a//", "A/"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}

//! Words that name a secret, or a folder of secrets: what stands before a slash in their names.

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

/// The names in a folder, sorted; those that the caller may see.
///
/// # Errors
/// No vault, or one that cannot be read.
pub(crate) fn below(ctx: &Context, folder: &SecretName) -> Result<Vec<SecretName>, Failure> {
    let lead = format!("{folder}/");
    let names = authy::list(ctx, &ListOptions::default())?.into_iter().map(|entry| entry.name);
    Ok(names.filter(|name| name.as_str().starts_with(&lead)).collect())
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

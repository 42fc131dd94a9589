//! What a path of the vault is about: the names that stand in it.

use super::paths::VaultPath;
use crate::name::{MemberName, ScopeName, SecretName};

/// What the file at a path says something about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `authy.toml`.
    Settings,
    /// `admins/<n>.toml`.
    Admins(u32),
    /// `members/<name>.toml`.
    Member(MemberName),
    /// `policies/<name>.toml`.
    Policy(ScopeName),
    /// `secrets/<name>.toml`.
    Record(SecretName),
    /// `secrets/<name>.age`.
    Value(SecretName),
    /// A segment or the key of a chain that travels.
    Audit,
    /// Everything else.
    Other,
}

impl VaultPath {
    /// What the file is about.
    pub(crate) fn subject(&self) -> Subject {
        self.parse_subject().unwrap_or(Subject::Other)
    }

    fn parse_subject(&self) -> Option<Subject> {
        if *self == Self::config() {
            return Some(Subject::Settings);
        }
        let (folder, file) = self.as_str().split_once('/')?;
        let stem = || file.strip_suffix(".toml");
        Some(match folder {
            super::paths::ADMINS => Subject::Admins(stem()?.parse().ok()?),
            super::paths::MEMBERS => Subject::Member(MemberName::parse(stem()?).ok()?),
            super::paths::POLICIES => Subject::Policy(ScopeName::parse(stem()?).ok()?),
            super::paths::SECRETS => match file.strip_suffix(".age") {
                Some(name) => Subject::Value(SecretName::parse(name).ok()?),
                None => Subject::Record(SecretName::parse(stem()?).ok()?),
            },
            super::paths::AUDIT => Subject::Audit,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;
    use crate::fs::VaultPath;
    use crate::name::{MemberName, ScopeName, SecretName};

    #[test]
    fn a_path_gives_back_what_it_was_made_of() {
        let member = MemberName::parse("alice").unwrap();
        let scope = ScopeName::parse("backend").unwrap();
        let secret = SecretName::parse("prod/db-url").unwrap();
        for (path, subject) in [
            (VaultPath::config(), Subject::Settings),
            (VaultPath::admins(7), Subject::Admins(7)),
            (VaultPath::member(&member), Subject::Member(member)),
            (VaultPath::policy(&scope), Subject::Policy(scope)),
            (VaultPath::record(&secret), Subject::Record(secret.clone())),
            (VaultPath::secret(&secret), Subject::Value(secret)),
            (VaultPath::segment("alice-0123abcd", 1).unwrap(), Subject::Audit),
            (VaultPath::gitignore(), Subject::Other),
            (VaultPath::local_segment("alice-0123abcd", 1).unwrap(), Subject::Other),
        ] {
            assert_eq!(path.subject(), subject, "{path}");
        }
    }
}

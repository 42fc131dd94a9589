//! From a secret's name to a variable's name, and what a variable's name may look like.
//!
//! Only `[A-Za-z_][A-Za-z0-9_]*` ever leaves: every shell and every format reads it, and
//! it needs no quoting anywhere.

use super::error::InjectError;
use crate::name::SecretName;

/// How secrets become variables: `db-url` to `db_url`, `DB_URL` or `AUTHY_db_url`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    /// Writes the name (not the prefix) in capitals.
    pub uppercase: bool,
    /// What `-`, `.` and `/` become; `_` where absent.
    pub replace_dash: Option<char>,
    /// What stands before every name.
    pub prefix: String,
}

impl Naming {
    /// Names the variable for `secret`.
    ///
    /// # Errors
    /// [`InjectError`] where the prefix or the replacement cannot stand in a variable's
    /// name, or the result would start with a digit.
    pub(crate) fn variable(&self, secret: &SecretName) -> Result<String, InjectError> {
        let replacement = self.check()?;
        let name = secret.as_str().replace(['-', '.', '/'], replacement.encode_utf8(&mut [0; 4]));
        let name = if self.uppercase { name.to_ascii_uppercase() } else { name };
        let variable = format!("{}{name}", self.prefix);
        if is_variable(&variable) {
            Ok(variable)
        } else {
            Err(InjectError::LeadingDigit { secret: secret.clone(), variable })
        }
    }

    /// Checks that prefix and replacement can stand in a variable's name; returns what
    /// stands for `-`, `.` and `/`.
    ///
    /// # Errors
    /// [`InjectError`] where one cannot.
    pub(crate) fn check(&self) -> Result<char, InjectError> {
        if !self.prefix.is_empty() && !is_variable(&self.prefix) {
            return Err(InjectError::Prefix { prefix: self.prefix.clone() });
        }
        self.replacement()
    }

    fn replacement(&self) -> Result<char, InjectError> {
        match self.replace_dash.unwrap_or('_') {
            c if c.is_ascii_alphanumeric() || c == '_' => Ok(c),
            character => Err(InjectError::Replacement { character }),
        }
    }
}

/// Tells whether `text` can name a variable in every shell.
pub(crate) fn is_variable(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Naming, is_variable};
    use crate::inject::error::InjectError;
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::name::SecretName;
    use proptest::prelude::*;

    fn secret(name: &str) -> SecretName {
        SecretName::parse(name).unwrap()
    }

    fn variable(naming: &Naming, name: &str) -> Result<String, InjectError> {
        naming.variable(&secret(name))
    }

    #[test]
    fn a_name_becomes_a_variable_as_the_manual_shows() {
        let plain = Naming::default();
        assert_eq!(variable(&plain, "db-url").unwrap(), "db_url");
        assert_eq!(variable(&plain, "prod/db.url").unwrap(), "prod_db_url");
        let upper = Naming { uppercase: true, replace_dash: Some('_'), ..Naming::default() };
        assert_eq!(variable(&upper, "db-url").unwrap(), "DB_URL");
        let prefixed = Naming { prefix: "AUTHY_".into(), ..Naming::default() };
        assert_eq!(variable(&prefixed, "db-url").unwrap(), "AUTHY_db_url");
        let joined = Naming { replace_dash: Some('x'), ..Naming::default() };
        assert_eq!(variable(&joined, "a-b.c/d").unwrap(), "axbxcxd");
    }

    #[test]
    fn uppercase_leaves_the_prefix_as_it_was_typed() {
        let naming = Naming { uppercase: true, prefix: "app_".into(), ..Naming::default() };
        assert_eq!(variable(&naming, "db-url").unwrap(), "app_DB_URL");
    }

    #[test]
    fn a_leading_digit_is_an_error_that_points_to_the_prefix() {
        let error = variable(&Naming::default(), "2fa").unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.hint().unwrap().contains("--prefix"));
        let prefixed = Naming { prefix: "_".into(), ..Naming::default() };
        assert_eq!(variable(&prefixed, "2fa").unwrap(), "_2fa");
    }

    #[test]
    fn what_no_shell_accepts_is_refused() {
        for prefix in ["1_", "A-", "A B", "ä", "$(x)", "A\n", "="] {
            let naming = Naming { prefix: prefix.into(), ..Naming::default() };
            let error = variable(&naming, "a").unwrap_err();
            assert!(matches!(error, InjectError::Prefix { .. }), "{prefix:?}: {error}");
            assert!(!error.to_string().contains('\n'));
        }
        for character in ['-', '.', ' ', '$', 'ä', '\'', '\0'] {
            let naming = Naming { replace_dash: Some(character), ..Naming::default() };
            let error = variable(&naming, "a").unwrap_err();
            assert!(matches!(error, InjectError::Replacement { .. }), "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn every_variable_is_an_identifier(
            name in "[a-z0-9][a-z0-9._/-]{0,20}", uppercase: bool,
            replace_dash in any::<Option<char>>(), prefix in "[A-Za-z_]{0,3}|\\PC{0,4}",
        ) {
            if let Ok(name) = SecretName::parse(&name)
                && let Ok(variable) = (Naming { uppercase, replace_dash, prefix }).variable(&name)
            {
                prop_assert!(is_variable(&variable));
            }
        }
    }
}

//! The variables a scope's secrets become: one value each, refusals and collisions found here.
//!
//! What exists as an [`Environment`] can be handed to a child or written in a format:
//! every name is an identifier that nothing refuses, no value has a NUL byte.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use super::error::InjectError;
use super::naming::{Naming, is_variable};
use super::refused::is_refused;
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// Variables and their values, sorted by name.
#[derive(Default)]
pub struct Environment(BTreeMap<String, (Origin, SecretBytes)>);

/// Where a variable's value comes from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// One secret, by the naming rules.
    Secret(SecretName),
    /// A template of `[env]`, known by its variable.
    Template(String),
}

impl Environment {
    /// Names a variable for each secret.
    ///
    /// # Errors
    /// [`InjectError`] for a name that is no variable, is refused, or is taken by another
    /// secret, and for a value with a NUL byte.
    pub(crate) fn from_secrets(
        secrets: Vec<(SecretName, SecretBytes)>,
        naming: &Naming,
    ) -> Result<Self, InjectError> {
        let mut variables = BTreeMap::new();
        for (secret, value) in secrets {
            let variable = naming.variable(&secret)?;
            let origin = Origin::Secret(secret);
            check(&origin, &variable, &value)?;
            match variables.entry(variable) {
                Entry::Vacant(free) => _ = free.insert((origin, value)),
                Entry::Occupied(taken) => {
                    return Err(InjectError::Collision {
                        variable: taken.key().clone(),
                        first: taken.get().0.to_string(),
                        second: origin.to_string(),
                    });
                }
            }
        }
        Ok(Self(variables))
    }

    /// Sets `variable` as `[env]` maps it; it wins over a secret named the same way.
    ///
    /// # Errors
    /// [`InjectError`] for a name that is no variable or is refused, and for a value with
    /// a NUL byte.
    pub(crate) fn set(&mut self, variable: &str, value: SecretBytes) -> Result<(), InjectError> {
        if !is_variable(variable) {
            return Err(InjectError::Variable { variable: variable.to_owned() });
        }
        let origin = Origin::Template(variable.to_owned());
        check(&origin, variable, &value)?;
        self.0.insert(variable.to_owned(), (origin, value));
        Ok(())
    }

    /// Lists variables, where they come from, and their values, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Origin, &SecretBytes)> {
        self.0.iter().map(|(variable, (origin, value))| (variable.as_str(), origin, value))
    }

    /// How many variables there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn check(origin: &Origin, variable: &str, value: &SecretBytes) -> Result<(), InjectError> {
    if is_refused(variable) {
        return Err(InjectError::Refused {
            variable: variable.to_owned(),
            origin: origin.to_string(),
        });
    }
    if value.expose().contains(&0) {
        return Err(InjectError::Nul { origin: origin.to_string() });
    }
    Ok(())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(f, "secret '{name}'"),
            Self::Template(variable) => write!(f, "the template of '{variable}'"),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(variable, _, value)| (variable, value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Origin};
    use crate::inject::error::InjectError;
    use crate::inject::naming::Naming;
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::name::SecretName;
    use crate::secret::SecretBytes;

    fn build(secrets: &[(&str, &[u8])], naming: &Naming) -> Result<Environment, InjectError> {
        let secrets = secrets
            .iter()
            .map(|(name, value)| {
                (SecretName::parse(name).unwrap(), SecretBytes::new(value.to_vec()))
            })
            .collect();
        Environment::from_secrets(secrets, naming)
    }

    fn upper() -> Naming {
        Naming { uppercase: true, ..Naming::default() }
    }

    #[test]
    fn variables_come_sorted_with_their_origin() {
        let environment = build(&[("b-2", b"two"), ("a-1", b"one")], &upper()).unwrap();
        let all: Vec<_> = environment.iter().collect();
        assert_eq!(all[0].0, "A_1");
        assert_eq!(all[1].2.expose(), b"two");
        assert_eq!(all[1].1, &Origin::Secret(SecretName::parse("b-2").unwrap()));
        assert_eq!(environment.len(), 2);
    }

    #[test]
    fn two_secrets_with_one_variable_are_an_error_naming_both() {
        let error = build(&[("db-url", b"a"), ("db.url", b"b")], &upper()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("'db-url'") && text.contains("'db.url'"), "{text}");
        assert!(text.contains("'DB_URL'"), "{text}");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.hint().unwrap().contains("--only"));
    }

    #[test]
    fn a_refused_variable_names_the_secret_and_the_variable() {
        let error = build(&[("ld-preload", b"/tmp/x.so")], &upper()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("'ld-preload'") && text.contains("'LD_PRELOAD'"), "{text}");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.hint().unwrap().contains("--prefix"));
        let naming = Naming { prefix: "AUTHY_".into(), ..upper() };
        assert!(build(&[("token", b"x")], &naming).is_err());
        assert!(build(&[("ld-preload", b"x")], &naming).is_ok());
    }

    #[test]
    fn a_nul_byte_is_an_error_that_hides_the_value() {
        let error = build(&[("db-url", b"hunter2\0")], &Naming::default()).unwrap_err();
        assert!(error.to_string().contains("'db-url'"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert_eq!(error.kind(), Kind::Usage);
    }

    #[test]
    fn an_explicit_variable_wins_over_a_derived_one() {
        let mut environment = build(&[("db-url", b"derived")], &upper()).unwrap();
        environment.set("DB_URL", SecretBytes::new(b"explicit".to_vec())).unwrap();
        let all: Vec<_> = environment.iter().collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].2.expose(), b"explicit");
    }

    #[test]
    fn an_explicit_variable_is_checked_like_any_other() {
        let mut environment = Environment::default();
        for variable in ["PATH", "LD_PRELOAD", "AUTHY_TOKEN", "1A", "", "A-B", "A=B"] {
            let error = environment.set(variable, SecretBytes::new(b"x".to_vec())).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage, "{variable}");
        }
        assert!(environment.set("A", SecretBytes::new(b"\0".to_vec())).is_err());
        assert!(environment.is_empty());
    }

    #[test]
    fn debug_output_shows_names_only() {
        let environment = build(&[("db-url", b"hunter2")], &upper()).unwrap();
        assert_eq!(format!("{environment:?}"), r#"{"DB_URL": [redacted]}"#);
    }
}

//! A policy in force, compiled: deny overrides allow, and what nothing allows is denied.

use super::error::AccessError;
use super::exposure::Exposure;
use super::pattern::Pattern;
use super::seal::SealRule;
use crate::name::{MemberName, SecretName};
use crate::store::{Grantee, Member, Policy};

/// A compiled policy.
#[derive(Debug, Clone)]
pub(crate) struct ScopePolicy {
    document: Policy,
    allow: Vec<Pattern>,
    deny: Vec<Pattern>,
    commands: Option<Vec<Pattern>>,
    sealed: Vec<SealRule>,
}

/// What decided about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule<'a> {
    /// This allow pattern, and no deny pattern.
    Allow(&'a str),
    /// This deny pattern.
    Deny(&'a str),
    /// No pattern at all.
    Default,
}

impl Rule<'_> {
    /// Whether the name is reached.
    pub(crate) fn allows(self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

impl ScopePolicy {
    /// Compiles `document`.
    ///
    /// # Errors
    /// `Pattern` where one does not compile: the whole policy fails.
    pub(crate) fn compile(document: Policy) -> Result<Self, AccessError> {
        let allow = Pattern::names(&document.allow)?;
        let deny = Pattern::names(&document.deny)?;
        let commands = document.commands.as_deref().map(Pattern::all).transpose()?;
        let sealed = document.sealed.iter().map(SealRule::compile).collect::<Result<_, _>>()?;
        Ok(Self { document, allow, deny, commands, sealed })
    }

    /// The document.
    pub(crate) fn document(&self) -> &Policy {
        &self.document
    }

    /// The programs that `run` may start; `None`: any.
    pub(crate) fn commands(&self) -> Option<&[Pattern]> {
        self.commands.as_deref()
    }

    /// How far it lets values go.
    pub(crate) fn exposure(&self) -> Exposure {
        Exposure::from(&self.document)
    }

    /// Whether no value is ever shown: run-only, or sealed as a whole.
    pub(crate) fn hides(&self) -> bool {
        self.exposure() < Exposure::Reveal
    }

    /// What is sealed, and for which hosts.
    pub(crate) fn sealed(&self) -> &[SealRule] {
        &self.sealed
    }

    /// Whether a rule seals `name` in every run.
    pub(crate) fn seals(&self, name: &SecretName) -> bool {
        self.sealed.iter().any(|rule| rule.names(name) && !rule.is_plain())
    }

    /// What it seals, as in a run by a scope of that name.
    #[cfg(all(test, feature = "sealed"))]
    pub(crate) fn sealing_as(&self, scope: crate::name::ScopeName) -> super::seal::Sealing {
        super::seal::Sealing::new(scope, false, true, &self.sealed, None)
    }

    /// Decides about `name` and says by which pattern.
    pub(crate) fn rule(&self, name: &SecretName) -> Rule<'_> {
        let matching = |patterns: &'_ [Pattern]| -> Option<usize> {
            patterns.iter().position(|pattern| pattern.matches(name.as_str()))
        };
        if let Some(i) = matching(&self.deny) {
            return Rule::Deny(self.deny[i].text());
        }
        match matching(&self.allow) {
            Some(i) => Rule::Allow(self.allow[i].text()),
            None => Rule::Default,
        }
    }

    /// Whether the policy lists `name`, by name or by one of the member's groups.
    pub(crate) fn lists(&self, name: &MemberName, member: &Member) -> bool {
        self.document.members.iter().any(|grantee| match grantee {
            Grantee::Member(listed) => listed == name,
            Grantee::Group(group) => member.groups.contains(group),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, ScopePolicy};
    use crate::name::SecretName;
    use crate::store::Policy;
    use proptest::prelude::*;

    fn policy(allow: &[&str], deny: &[&str]) -> ScopePolicy {
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
        ScopePolicy::compile(Policy { allow: own(allow), deny: own(deny), ..Policy::default() })
            .unwrap()
    }

    fn name(text: &str) -> SecretName {
        SecretName::parse(text).unwrap()
    }

    #[test]
    fn deny_overrides_allow_and_nothing_is_allowed_by_default() {
        let policy = policy(&["api-*", "db-dev-*"], &["*-admin"]);
        assert_eq!(policy.rule(&name("db-dev-host")), Rule::Allow("db-dev-*"));
        assert_eq!(policy.rule(&name("api-admin")), Rule::Deny("*-admin"));
        assert_eq!(policy.rule(&name("db-prod-host")), Rule::Default);
    }

    #[test]
    fn one_bad_pattern_fails_the_whole_policy() {
        let bad = Policy { allow: vec!["a".into(), "[".into()], ..Policy::default() };
        assert!(ScopePolicy::compile(bad).is_err());
    }

    proptest! {
        #[test]
        fn denying_more_never_allows_more(
            // No three letters: `con` is a device somewhere.
            secret in "[a-z]{1,2}(-[a-z]{1,3})?",
            allow in prop::collection::vec("[a-z*?]{1,3}", 0..4),
            deny in prop::collection::vec("[a-z*?]{1,3}", 0..4),
            more in "[a-z*?]{1,3}",
        ) {
            let refs = |v: &Vec<String>| v.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            let (a, d) = (refs(&allow), refs(&deny));
            let split = |t: &str| t.lines().map(str::to_owned).collect::<Vec<_>>();
            let compile = |allow: Vec<String>, deny: Vec<String>| {
                ScopePolicy::compile(Policy { allow, deny, ..Policy::default() }).unwrap()
            };
            let before = compile(split(&a), split(&d)).rule(&name(&secret)).allows();
            let mut denied = split(&d);
            denied.push(more);
            let after = compile(split(&a), denied).rule(&name(&secret)).allows();
            prop_assert!(before || !after);
        }
    }
}

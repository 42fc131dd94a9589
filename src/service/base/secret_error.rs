//! What can go wrong with a secret, its kind and what to do next.

use crate::fs::VaultPath;
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName, printable};

/// What can go wrong with a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("secret '{name}' not found{}", scope.as_ref().map(|s| format!(" in scope '{s}'")).unwrap_or_default())]
    NotFound { name: SecretName, scope: Option<ScopeName>, nearest: Option<SecretName> },
    #[error("secrets not found: {}", names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", "))]
    NoneOf { names: Vec<SecretName>, scope: Option<ScopeName> },
    #[error("'{name}' is a folder with {count} secret{}, and no secret", if *count == 1 { "" } else { "s" })]
    IsFolder { name: SecretName, count: usize },
    #[error("secret '{0}' exists already")]
    Exists(SecretName),
    #[error("secret '{0}' exists already")]
    Taken(SecretName),
    #[error("that is the name of '{0}' already")]
    SameName(SecretName),
    #[error("secret '{0}' was changed by somebody else meanwhile")]
    ChangedMeanwhile(SecretName),
    #[error(
        "'{path}' is in conflict: git is in the middle of something that both sides changed it in"
    )]
    Open { path: VaultPath },
    #[error("'{0}' cannot be edited here: there is no terminal")]
    NoTerminal(SecretName),
    #[error("'{0}' is not text that an editor would leave alone")]
    NotText(SecretName),
    #[error("the editor left nothing of '{0}', which keeps its value")]
    Emptied(SecretName),
    #[error("'{name}' has no {what}")]
    NoPart { name: SecretName, what: String, keys: Vec<String> },
    #[error("--only '{}' matches no secret{}", printable(pattern), in_scope(scope))]
    OnlyNothing { pattern: String, scope: Option<ScopeName> },
    #[error("the project requires what {} not give: {}", giver(scope), required(lacking))]
    Required { lacking: Vec<(SecretName, String)>, scope: Option<ScopeName> },
    #[error("a value is at most 1 MiB")]
    TooLarge,
}

impl Failure for SecretError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::IsFolder { .. }
            | Self::NoneOf { .. }
            | Self::NoPart { .. }
            | Self::Required { .. }
            | Self::OnlyNothing { .. } => Kind::NotFound,
            Self::Exists(_)
            | Self::Taken(_)
            | Self::SameName(_)
            | Self::ChangedMeanwhile(_)
            | Self::Open { .. } => Kind::Conflict,
            Self::NoTerminal(_) | Self::NotText(_) | Self::Emptied(_) | Self::TooLarge => {
                Kind::Usage
            }
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { nearest: Some(near), .. } => format!("did you mean '{near}'?"),
            Self::NotFound { scope: Some(scope), .. } | Self::NoneOf { scope: Some(scope), .. } => {
                format!("run 'authy list --scope {scope}'")
            }
            Self::NotFound { .. } => "run 'authy list'".into(),
            Self::IsFolder { name, .. } => format!("run 'authy list {name}/'"),
            Self::SameName(_) => "choose another name".into(),
            Self::Taken(name) => format!("choose another name, or remove '{name}' first"),
            Self::NoneOf { scope: None, .. } => "run 'authy list'".into(),
            Self::Exists(name) => {
                format!("run 'authy rotate {name}' for a new value, or store it with --force")
            }
            Self::ChangedMeanwhile(_) => "look at its present value and try again".into(),
            Self::Open { .. } => {
                "decide first: of a merge 'authy conflict list' and 'take', of a rebase or a cherry-pick with git"
                    .into()
            }
            Self::TooLarge => return None,
            Self::Required { lacking, scope } => {
                let name = lacking.first().map(|(name, _)| name.to_string()).unwrap_or_default();
                let test = scope.as_ref().map(|scope| {
                    format!("'authy policy test {scope} {name}' says whether it is allowed; ")
                });
                format!("{}'authy store {name}' stores it", test.unwrap_or_default())
            }
            Self::NoTerminal(name) => format!("pipe the new value into 'authy rotate {name}'"),
            Self::OnlyNothing { scope: Some(scope), .. } => {
                format!("'authy list --scope {scope}' shows what there is")
            }
            Self::NoPart { keys, .. } if keys.is_empty() => return None,
            Self::NoPart { keys, .. } => format!("its fields are: {}", printable(&keys.join(", "))),
            Self::OnlyNothing { .. } => "'authy list' shows what there is".into(),
            Self::Emptied(name) => {
                format!(
                    "'authy rotate {name} --raw </dev/null' makes it empty, 'authy remove {name}' removes it"
                )
            }
            Self::NotText(name) => {
                format!(
                    "change it as a file: 'authy get {name} > FILE', then 'authy rotate {name} --raw --file FILE'"
                )
            }
        })
    }
}

fn in_scope(scope: &Option<ScopeName>) -> String {
    scope.as_ref().map(|scope| format!(" in scope '{scope}'")).unwrap_or_default()
}

/// Who does not give what is required, with its verb.
fn giver(scope: &Option<ScopeName>) -> String {
    scope.as_ref().map_or_else(|| "you do".to_owned(), |scope| format!("scope '{scope}' does"))
}

fn required(lacking: &[(SecretName, String)]) -> String {
    let one = |(name, purpose): &(SecretName, String)| match purpose.is_empty() {
        true => format!("'{name}'"),
        false => format!("'{name}' ({})", printable(purpose)),
    };
    lacking.iter().map(one).collect::<Vec<_>>().join(", ")
}

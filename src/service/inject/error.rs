//! What keeps a program from being run sealed, or a policy from sealing.

use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, printable};

#[derive(Debug, thiserror::Error)]
pub(crate) enum SealingError {
    #[error("scope '{0}' seals nothing that is wanted here")]
    Nothing(ScopeName),
    #[error("no sealed rule of this policy names just '{}'", printable(.0))]
    NoRule(String),
    #[cfg(not(feature = "sealed"))]
    #[error("this authy was built without sealed runs")]
    NotBuilt,
    #[cfg(feature = "sealed")]
    #[error(transparent)]
    Start(#[from] crate::seal::SealError),
}

impl Failure for SealingError {
    fn kind(&self) -> Kind {
        match self {
            Self::Nothing(_) | Self::NoRule(_) => Kind::Usage,
            #[cfg(not(feature = "sealed"))]
            Self::NotBuilt => Kind::Failure,
            #[cfg(feature = "sealed")]
            Self::Start(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nothing(scope) => format!(
                "an admin runs: authy policy update {scope} --seal 'NAME=HOST', as in --seal 'github-token=api.github.com'"
            ),
            Self::NoRule(_) => {
                "see 'authy policy show', and write its names as they stand there".into()
            }
            #[cfg(not(feature = "sealed"))]
            Self::NotBuilt => "build it with the feature 'sealed', which is on by default".into(),
            #[cfg(feature = "sealed")]
            Self::Start(error) => return error.hint(),
        })
    }
}

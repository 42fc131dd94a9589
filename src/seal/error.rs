//! What keeps a sealed run from starting.

use std::io;
use std::path::PathBuf;

use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName, printable};

/// A sealed run that cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error("the proxy of a sealed run cannot start: {0}")]
    System(#[source] io::Error),
    #[error("the certificate authority of a sealed run cannot be made: {0}")]
    Authority(String),
    #[error("the certificates of a sealed run cannot be written to '{}': {source}", printable(&path.display().to_string()))]
    Files { path: PathBuf, source: io::Error },
    #[error("{variable} names a proxy that a sealed run cannot go through: {why}")]
    UserProxy { variable: String, why: &'static str },
    #[error(
        "a sealed rule of scope '{scope}' sets a header and names {}, but a header holds one value",
        list(names)
    )]
    Several { scope: ScopeName, names: Vec<SecretName> },
}

impl Failure for SealError {
    fn kind(&self) -> Kind {
        match self {
            Self::UserProxy { .. } | Self::Several { .. } => Kind::Usage,
            Self::System(_) | Self::Authority(_) | Self::Files { .. } => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UserProxy { .. } => {
                "use a proxy of HTTP, as in http://USER:PASSWORD@HOST:PORT".into()
            }
            Self::Several { .. } => {
                "choose one with --only, or an admin gives each secret a rule of its own".into()
            }
            Self::System(_) | Self::Authority(_) | Self::Files { .. } => return None,
        })
    }
}

fn list(names: &[SecretName]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

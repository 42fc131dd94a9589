//! What is wrong with a session token, its kind and what to do next.

use std::path::PathBuf;

use crate::access::USE_IDENTITY;
use crate::fs::{FsError, VaultPath};
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, printable};

/// What is wrong with a session token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("session revoked or unknown")]
    Unknown,
    #[error("{place} holds no session token")]
    Invalid { place: String },
    #[error("{place} is set, but empty")]
    Empty { place: String },
    #[error("token file: {0}")]
    File(FsError),
    #[error("token file '{}' not found", printable(&.0.to_string_lossy()))]
    NoFile(PathBuf),
    #[error("token file '{}' can be read by others", printable(&.0.to_string_lossy()))]
    FileOpen(PathBuf),
    #[error("'{}' holds something else than a token", printable(&.0.to_string_lossy()))]
    NotATokenFile(PathBuf),
    #[error("git would pick up '{}': it is in a work tree that does not ignore it", printable(&.0.to_string_lossy()))]
    InGit(PathBuf),
    #[error("a process above was given a session token, and this one was not")]
    Lost,
    #[error("session expired at {at}")]
    Expired { at: String, scope: ScopeName },
    #[error("session revoked at {at}")]
    Revoked { at: String, scope: ScopeName },
    #[error("session tokens are read-only")]
    ReadOnly,
    #[error("'{0}' was made for another token")]
    ForeignGrant(VaultPath),
    #[error("'{0}' is missing, or is not the one that its grant names")]
    TornGrant(VaultPath),
}

impl Failure for TokenError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown
            | Self::Invalid { .. }
            | Self::Empty { .. }
            | Self::File(_)
            | Self::NoFile(_)
            | Self::FileOpen(_)
            | Self::Lost
            | Self::Expired { .. }
            | Self::Revoked { .. } => Kind::Credentials,
            Self::NotATokenFile(_) => Kind::Conflict,
            Self::InGit(_) => Kind::Usage,
            Self::ReadOnly => Kind::Denied,
            Self::ForeignGrant(_) | Self::TornGrant(_) => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown => {
                "ask for a new token; in another clone only tokens made with --shared work".into()
            }
            Self::Invalid { .. } => "ask for a new token".into(),
            Self::Empty { place } if place == "AUTHY_TOKEN_FILE" => {
                "what started this passes the variable on and does not have it: leave it out there, as a file \
                 of a process above is found, or set it where that is started".into()
            }
            Self::Empty { .. } => "ask for a new token".into(),
            Self::NoFile(path) if path.to_string_lossy().starts_with('$') => {
                "that is the name of a variable, not what it holds: what started this does not have it".into()
            }
            Self::File(error) => return error.hint(),
            Self::NoFile(path) => format!(
                "the person who gives it out runs: authy session create --scope SCOPE --out '{}'",
                printable(&path.to_string_lossy())
            ),
            Self::NotATokenFile(_) => "choose another file, or remove that one".into(),
            Self::InGit(_) => {
                "choose a place outside, such as ~/.config/authy/TOKEN, or add it to .gitignore".into()
            }
            Self::FileOpen(path) => {
                format!("run: chmod 600 '{}'", printable(&path.to_string_lossy()))
            }
            Self::Lost => "hand it on: authy --token-file FILE, AUTHY_TOKEN_FILE, or AUTHY_TOKEN among the variables that the program passes to what it starts ('env' or 'env_vars' in its configuration)".into(),
            Self::Expired { scope, .. } | Self::Revoked { scope, .. } => {
                format!("ask for a new token: authy session create --scope {scope}")
            }
            Self::ReadOnly => "someone with an identity can do it".into(),
            Self::ForeignGrant(path) | Self::TornGrant(path) => match path.travels() {
                true => format!("restore the folder of '{path}' with git, or ask for a new token"),
                false => "its creator must run 'authy session refresh' here, or make a new session".into(),
            },
        })
    }

    fn hint_to_person(&self) -> Option<&'static str> {
        match self {
            Self::Unknown
            | Self::Invalid { .. }
            | Self::Empty { .. }
            | Self::Expired { .. }
            | Self::Revoked { .. }
            | Self::ReadOnly => Some(USE_IDENTITY),
            Self::Lost => Some("use a terminal that was not started with a token"),
            Self::File(_)
            | Self::NoFile(_)
            | Self::FileOpen(_)
            | Self::NotATokenFile(_)
            | Self::InGit(_)
            | Self::ForeignGrant(_)
            | Self::TornGrant(_) => None,
        }
    }
}

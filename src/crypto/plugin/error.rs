//! What can go wrong with a plugin.

use crate::kind::{Failure, Kind};
use crate::name::PluginName;

/// A plugin that cannot be used, or that fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the age plugin '{name}' {fault}")]
pub(crate) struct PluginError {
    pub(crate) name: PluginName,
    pub(crate) fault: PluginFault,
}

/// What is the matter. What a plugin says is shown without control characters, and never more than a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PluginFault {
    #[error("is not accepted in this vault")]
    NotAccepted { all: Option<String> },
    #[error("is not installed")]
    NotInstalled,
    #[error("is not allowed on this machine ({program})")]
    NotAllowed { program: String },
    #[error("has changed since it was allowed on this machine ({program})")]
    Changed { program: String },
    #[error("cannot be started: {reason}")]
    NotStarted { reason: String },
    #[error("ended before it was done")]
    Ended,
    #[error("has not answered for a minute, and was stopped")]
    Silent,
    #[error("does not keep to the protocol of age plugins")]
    Garbled,
    #[error("says: {said}")]
    Refused { said: String, unanswered: bool },
    #[error("gave a key that does not open the file")]
    WrongKey,
}

impl Failure for PluginError {
    fn kind(&self) -> Kind {
        match self.fault {
            PluginFault::NotAccepted { .. }
            | PluginFault::NotAllowed { .. }
            | PluginFault::Changed { .. } => Kind::Denied,
            _ => Kind::Credentials,
        }
    }

    fn hint(&self) -> Option<String> {
        let name = &self.name;
        Some(match &self.fault {
            PluginFault::NotAccepted { all: None } => {
                "an admin adds it to those of 'authy config show': 'authy config set plugins'"
                    .to_owned()
            }
            PluginFault::NotAccepted { all: Some(all) } => {
                format!("an admin accepts it: 'authy config set plugins {all}'")
            }
            PluginFault::NotInstalled => {
                let program = name.program();
                format!("install '{program}' into a folder of PATH; relative ones are passed over")
            }
            PluginFault::Changed { .. } => {
                format!("if it was brought up to date, run 'authy allow --plugin {name}'")
            }
            PluginFault::NotAllowed { .. } => {
                format!("if you know the program, run 'authy allow --plugin {name}'")
            }
            PluginFault::Refused { unanswered: true, .. } => {
                "it asked something, and nobody was there: run it on a terminal".to_owned()
            }
            PluginFault::WrongKey => {
                "either the plugin is broken, or the file was altered: try 'age -d' with it"
                    .to_owned()
            }
            _ => return None,
        })
    }
}

//! What is wrong with an identity, its kind and what to do next.

use std::path::PathBuf;

use crate::crypto::CryptoError;
use crate::fs::FsError;
use crate::keyring::KeyringError;
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, PluginName, printable};

/// What is wrong with an identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("no identity found{}", dir.as_ref().map(|d| format!(" in '{}'", d.display())).unwrap_or_default())]
    NotFound { dir: Option<PathBuf> },
    #[error("identity file '{}' not found", .0.display())]
    NoFile(PathBuf),
    #[error("there are {count} identities in '{}' and no one of them is the member's", dir.display())]
    Several { dir: PathBuf, count: usize },
    #[error("{count} identities in '{}' belong to members of this vault", dir.display())]
    Ambiguous { dir: PathBuf, count: usize },
    #[error("there are {count} identities in '{}'", dir.display())]
    Which { dir: PathBuf, count: usize },
    #[error("identity file '{}' can be read by others", .0.display())]
    FileOpen(PathBuf),
    #[error("identity: {0}")]
    File(FsError),
    #[error("identity '{label}': {source}")]
    Unusable {
        label: String,
        source: CryptoError,
        /// Whether 'authy unlock' would have helped.
        may_unlock: bool,
    },
    #[error("identity '{label}' is unlocked, and nobody at the terminal agreed to its use")]
    NotAgreed { label: String },
    #[error("identity '{}' has no passphrase: there is nothing to unlock", .0.display())]
    NotProtected(PathBuf),
    #[error("identity '{}' is an ssh key, which cannot be kept unlocked", .0.display())]
    SshKey(PathBuf),
    #[error("the identity lies in no file: there is nothing to unlock")]
    NoFileOfIts,
    #[error("an identity is kept unlocked for a week at most")]
    TooLong,
    #[error("cannot keep the identity unlocked: {0}")]
    NotKept(KeyringError),
    #[error("the identity{} is there already, and is not post-quantum", .0.as_ref().map(|file| format!(" '{}'", file.display())).unwrap_or_default())]
    NotPostQuantum(Option<PathBuf>),
    #[error("the identity command gave no identity: {reason}")]
    Command { reason: String },
    #[error("this is the identity of '{own}', not of '{other}'")]
    OfAnother { own: MemberName, other: MemberName },
    #[error("the identity lies in no file that could be copied")]
    CopiedElsewhere,
    #[error("the identity lies in no file where another could take its place")]
    InNoFile,
    #[error("identity '{}' is an ssh key, which cannot be replaced in its place", .0.display())]
    SshIdentity(PathBuf),
    #[error("identity '{}' has no passphrase: its age plugin asks for what it wants", .0.display())]
    AsksItself(PathBuf),
    #[error("the key of identity '{}' lies with the age plugin '{plugin}', which alone could copy or replace it", file.display())]
    OfPlugin { file: PathBuf, plugin: PluginName },
    #[error("an identity is there already: '{}'", .0.display())]
    RecoveredExists(PathBuf),
    #[error("it is no copy of an identity under a passphrase")]
    NoCopy,
    #[error("no passphrase given")]
    NoPassphrase,
    #[error("'{}' is there already, and a copy of an identity overwrites nothing", printable(&.0.to_string_lossy()))]
    CopyExists(PathBuf),
}

impl IdentityError {
    /// An identity that cannot be opened.
    pub(crate) const fn unusable(label: String, source: CryptoError) -> Self {
        Self::Unusable { label, source, may_unlock: false }
    }
}

impl Failure for IdentityError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::NoFile(_)
            | Self::Several { .. }
            | Self::Ambiguous { .. }
            | Self::Which { .. }
            | Self::FileOpen(_)
            | Self::File(_)
            | Self::Command { .. }
            | Self::NoCopy
            | Self::NoPassphrase => Kind::Credentials,
            Self::NotProtected(_) | Self::AsksItself(_) | Self::SshKey(_) | Self::NotKept(_) => {
                Kind::Failure
            }
            Self::NoFileOfIts
            | Self::TooLong
            | Self::OfAnother { .. }
            | Self::InNoFile
            | Self::CopiedElsewhere
            | Self::OfPlugin { .. }
            | Self::SshIdentity(_) => Kind::Usage,
            Self::NotAgreed { .. } => Kind::Credentials,
            Self::Unusable { source, .. } => source.kind(),
            Self::CopyExists(_) | Self::NotPostQuantum(_) | Self::RecoveredExists(_) => {
                Kind::Conflict
            }
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { dir: None } => "name one with --keyfile or AUTHY_KEYFILE, or set HOME".into(),
            Self::NotFound { .. } => {
                "name one with --keyfile or AUTHY_KEYFILE; 'authy join' makes one and asks to become a member".into()
            }
            Self::NoFile(_) => "name an existing file with --keyfile or AUTHY_KEYFILE".into(),
            Self::Several { .. } | Self::Ambiguous { .. } | Self::Which { .. } => "name one with --keyfile or AUTHY_KEYFILE".into(),
            Self::FileOpen(path) => format!("run: chmod 600 '{}'", path.display()),
            Self::File(error) => return error.hint(),
            Self::NotProtected(_) => {
                "'authy backup FILE' writes a copy under a passphrase, which can take its place".into()
            }
            Self::SshKey(_) => {
                "an 'age-keygen' identity can be: add one with 'authy member update', or keep the key without a passphrase".into()
            }
            Self::AsksItself(_) => "a command asks once for all that it opens".into(),
            Self::OfPlugin { .. } => {
                "make another identity, and add it: 'authy member update NAME --recipient age1…'".into()
            }
            Self::NoFileOfIts => "name a file with --keyfile".into(),
            Self::TooLong => "give --for a shorter time, such as 8h".into(),
            Self::NotKept(KeyringError::ParentRefuses) => {
                "start a shell for it: authy unlock -- \"$SHELL\"; or 'authy unlock --session' for all of this login session".into()
            }
            Self::NotKept(KeyringError::NoSession) => {
                "start a shell that has one: authy unlock -- \"$SHELL\"".into()
            }
            Self::NotKept(error) if error.is_absence() => {
                "start a shell for which authy keeps it: authy unlock -- \"$SHELL\"".into()
            }
            Self::NotKept(KeyringError::Full) => {
                "end programs that 'authy run' started: each counts".into()
            }
            Self::NotKept(_) => {
                "the passphrase is asked for at each command, or AUTHY_PASSPHRASE answers".into()
            }
            Self::Command { .. } => {
                "run it by hand: it has to print an identity, and nothing else".into()
            }
            Self::OfAnother { .. } => {
                "each member replaces their own; take another one's away with 'authy member remove'".into()
            }
            Self::CopiedElsewhere => "copy it where it is kept".into(),
            Self::InNoFile | Self::SshIdentity(_) => {
                "make one with 'authy member update NAME --recipient …' and '--remove-recipient …'".into()
            }
            Self::RecoveredExists(_) => {
                "name another file with --to, or use the copy as it is, with --keyfile".into()
            }
            Self::NoCopy => "give what 'authy backup' made: the file, or all of the text of the page".into(),
            Self::NotPostQuantum(_) => "make another with --generate-keyfile FILE".into(),
            Self::NoPassphrase => {
                "run it in a terminal, or set AUTHY_PASSPHRASE".into()
            }
            Self::Unusable { source: CryptoError::PassphraseNeeded, may_unlock: true, .. } => {
                "run 'authy unlock' first, run it on a terminal, or set AUTHY_PASSPHRASE".into()
            }
            Self::Unusable { source, .. } => return source.hint(),
            Self::NotAgreed { .. } => "run it at a terminal and agree, or set AUTHY_PASSPHRASE".into(),
            Self::CopyExists(_) => "name another file".into(),
        })
    }
}

//! What comes in and what goes out of `update`: actions, effects, and what became of them.

use std::path::PathBuf;

use authy::{
    AccessRequest, Annotation, Approval, AuditEntry, BriefStatus, Choice, ConflictView, ListEntry,
    MemberChange, MemberName, MemberView, NewMember, OneTimeCode, PastVersion, PolicyChange,
    PolicyView, Removal, RemovedSecret, ScopeName, SecretBytes, SecretName, SessionCreated,
    SessionOptions, SessionView, Undo, VerifyReport,
};
use crossterm::event::{KeyEvent, MouseEvent};
use zeroize::Zeroizing;

use super::asked::{Answered, Question};

/// A part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Secrets,
    Policies,
    Sessions,
    Audit,
    Members,
}

impl Section {
    pub(crate) const ALL: [Self; 5] =
        [Self::Secrets, Self::Policies, Self::Sessions, Self::Audit, Self::Members];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Secrets => "Secrets",
            Self::Policies => "Policies",
            Self::Sessions => "Sessions",
            Self::Audit => "Audit",
            Self::Members => "Members",
        }
    }
}

/// What happens to the interface.
#[derive(Debug)]
pub(crate) enum Action {
    /// A key was pressed.
    Key(KeyEvent),
    /// Several keys came at once.
    Burst(Vec<KeyEvent>),
    /// Something with the mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(Zeroizing<String>),
    /// Somebody wants the program to stop for a while.
    Stopped,
    /// The terminal has another size.
    Resized,
    /// Time passes.
    Tick,
    /// The worker has something.
    Reply(Reply),
}

impl Action {
    /// What keys that came together are, if there are any.
    pub(super) fn keys(keys: Vec<KeyEvent>) -> Option<Self> {
        match keys.as_slice() {
            [] => None,
            [key] => Some(Self::Key(*key)),
            _ => Some(Self::Burst(keys)),
        }
    }
}

/// What the interface wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Leave.
    Quit,
    /// Stop until the shell continues us.
    Suspend,
    /// Put this on the clipboard, for a while.
    Clipboard(SecretBytes),
    /// What somebody said to a plugin.
    Answer(Answered),
    /// Something for the worker.
    Work(Work),
}

/// What the worker does, one call of the library each.
#[derive(Debug)]
pub(crate) enum Work {
    Unlock {
        keyfile: Option<PathBuf>,
        passphrase: Option<SecretBytes>,
    },
    /// Forget the identity.
    Lock,
    Load(Section),
    History(SecretName),
    Reveal(SecretName),
    Copy(SecretName),
    Store {
        name: SecretName,
        value: SecretBytes,
        annotation: Annotation,
    },
    Replace {
        name: SecretName,
        value: SecretBytes,
        seen: u64,
    },
    Annotate {
        name: SecretName,
        annotation: Annotation,
        seen: u64,
    },
    Rename {
        name: SecretName,
        to: SecretName,
    },
    Remove(SecretName),
    /// Give it the value before, or after a removal the last one.
    Restore(SecretName),
    /// What was removed.
    Removed,
    /// Remove these, in one change.
    RemoveAll(Vec<SecretName>),
    /// What taking the last change back would do.
    UndoPlan,
    /// Take it back: the change of this commit.
    Undo(String),
    /// A one-time code, for the clipboard.
    Code(SecretName),
    PolicyCreate(Box<PolicyChange>),
    PolicyUpdate(Box<PolicyChange>),
    PolicyRemove(ScopeName),
    Test {
        scope: ScopeName,
        name: SecretName,
    },
    /// Draw a value.
    Generate,
    Approval,
    Approve(Box<Approval>),
    SessionCreate(SessionOptions),
    SessionRevoke(String),
    SessionRevokeAll,
    Verify,
    MemberRemove(MemberName),
    MemberAdd(NewMember),
    MemberUpdate(MemberChange),
    /// Commit, fetch, merge and push.
    Sync,
    /// Take one side of what both changed.
    Take {
        name: String,
        choice: Choice,
    },
}

/// What admins are asked for.
#[derive(Debug)]
pub(crate) struct ToApprove {
    /// What they can sign.
    pub(crate) approval: Box<Approval>,
    /// Access that no scope gives yet.
    pub(crate) requests: Vec<AccessRequest>,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Reply {
    Unlocked(Result<Who, Refused>),
    Secrets(Result<Vec<ListEntry>, ErrorText>),
    Policies(Result<Vec<PolicyView>, ErrorText>),
    Sessions(Result<Vec<SessionView>, ErrorText>),
    Audit(Result<Vec<AuditEntry>, ErrorText>),
    Members(Result<Vec<MemberView>, ErrorText>),
    History(SecretName, Result<Vec<PastVersion>, ErrorText>),
    Value(SecretName, Result<SecretBytes, ErrorText>),
    Copied(SecretName, Result<SecretBytes, ErrorText>),
    /// A change, and how it is told.
    Changed(Result<String, ErrorText>),
    Tested(Result<String, ErrorText>),
    Generated(Result<SecretBytes, ErrorText>),
    Session(Result<Box<SessionCreated>, ErrorText>),
    Approval(Result<ToApprove, ErrorText>),
    Verified(Result<VerifyReport, ErrorText>),
    MemberRemoved(Result<Removal, ErrorText>),
    Code(SecretName, Result<OneTimeCode, ErrorText>),
    UndoPlan(Result<Box<Undo>, ErrorText>),
    Removed(Result<Vec<RemovedSecret>, ErrorText>),
    /// What is to be decided before a sync can go on.
    Conflicts(Vec<ConflictView>),
    /// What waits, whenever that may have changed.
    Brief(BriefStatus),
    /// Something that the library wants known.
    Note(String),
    /// A plugin asks, and the worker waits.
    Asked(Question),
    /// How many of how many secrets are encrypted.
    Progress(usize, usize),
    /// The files are not as they were.
    Outside,
}

/// Who is at work.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) member: MemberName,
    pub(crate) admin: bool,
}

/// Why an identity did not open.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The failure; `None` where a passphrase is wanted and none was given yet.
    pub(crate) told: Option<ErrorText>,
    /// The identity that wants a passphrase.
    pub(crate) label: Option<String>,
}

/// A failure in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorText {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl ErrorText {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

impl From<authy::Error> for ErrorText {
    fn from(error: authy::Error) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

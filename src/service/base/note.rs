//! What the user should know beside the result; never an error.

use std::fmt;
use std::path::PathBuf;

use crate::many::some_of;
use crate::name::{MemberName, ScopeName, SecretName, Ttl, printable};
use crate::transfer::Doubt;

/// Something the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// This machine had not seen the vault before; its admins are now pinned.
    FirstUse {
        /// Each admin's name and the fingerprint of the verify key.
        admins: Vec<(MemberName, String)>,
    },
    /// The state folder cannot be written: nothing is pinned.
    NoPins {
        /// Why.
        reason: String,
    },
    /// The vault is read-only: the audit line went into this file.
    AuditElsewhere {
        /// The chain's folder.
        file: PathBuf,
    },
    /// Neither the vault nor the state folder can be written: the audit line went here.
    Makeshift {
        /// The folder.
        folder: PathBuf,
    },
    /// An interrupted change was completed.
    Recovered,
    /// The change is in the files, but not committed.
    CommitDeferred {
        /// Why, in a sentence.
        reason: String,
        /// What to do, where there is something.
        hint: Option<String>,
    },
    /// A policy that waits for an admin's signature gives nothing to the new secret.
    Unapproved {
        /// The policies.
        policies: Vec<ScopeName>,
    },
    /// Something that gives out no value could not be recorded.
    NotRecorded {
        /// Why.
        reason: String,
    },
    /// An admin gets no key of an audit chain, as their plugin cannot be used here.
    ChainKeyWithheld {
        /// The admin.
        admin: MemberName,
        /// Why.
        reason: String,
    },
    /// The history was cut off: there may be older versions than are told of.
    Shallow,
    /// The vault's folder lies in a repository of the whole home folder, and has one of its own.
    HomeIsRepository {
        /// The vault's, from there.
        folder: PathBuf,
    },
    /// The vault lies inside a project's repository.
    ManualCommit,
    /// The policy allows a shorter life than was asked for.
    TtlCapped {
        /// The scope.
        scope: ScopeName,
        /// What the session lives instead.
        ttl: Ttl,
    },
    /// Secrets of the scope that the creator of a session cannot read, so the session cannot.
    NotReadable {
        /// The secrets.
        names: Vec<SecretName>,
    },
    /// A new value was not given to those who could read the one before and lost access since.
    Withheld {
        /// The secret.
        name: SecretName,
        /// Who could read it before and may not any more.
        from: Vec<MemberName>,
    },
    /// A secret was given the value that it had, which somebody knows who may not read it any more.
    StillExposed {
        /// The secret.
        name: SecretName,
        /// Who.
        to: Vec<MemberName>,
    },
    /// Live sessions could not be given the new values.
    NotRefreshed {
        /// Why.
        reason: String,
    },
    /// Secrets that stay encrypted to a session that was revoked.
    StillEncrypted {
        /// The secrets.
        names: Vec<SecretName>,
    },
    /// A member or a policy is gone without an admin's word.
    RuleGone {
        /// Its file.
        path: String,
        /// What brings it back.
        way: Option<String>,
    },
    /// Secrets whose readers are not those that the rules now give.
    RekeyNeeded {
        /// How many.
        secrets: usize,
    },
    /// Members and policies that are not in force as they stand.
    AwaitsApproval {
        /// Their names.
        names: Vec<String>,
    },
    /// A value that wants looking at.
    Doubtful {
        /// Its name there.
        name: String,
        /// The line of the file.
        line: Option<usize>,
        /// Why.
        doubt: Doubt,
    },
    /// Something that is not imported, with the reason.
    LeftOut {
        /// What, and why.
        reason: String,
    },
    /// An identity lies in the vault's folder, and nobody has made a copy with `--backup`.
    NoBackup {
        /// Its folder.
        folder: PathBuf,
    },
    /// One admin alone opens every secret.
    OneAdmin {
        /// Who.
        name: MemberName,
    },
    /// As many admins open every secret.
    Admins {
        /// How many.
        count: usize,
    },
    /// A pattern of `--except` matches no secret at all.
    ExceptNothing {
        /// The pattern.
        pattern: String,
    },
    /// A name stands several times in what is imported; the last one counts.
    Twice {
        /// The name there.
        name: String,
    },
    /// Git is in the middle of something, such as a merge.
    GitUnfinished {
        /// What is.
        reason: String,
        /// What ends it.
        hint: Option<String>,
    },
    /// Another branch has newer versions than the one that is checked out, which never had them.
    NewerElsewhere {
        /// The branch, or the start of a commit's name.
        branch: String,
        /// Secrets of which this branch's values are used.
        secrets: Vec<String>,
        /// Members, policies and the like of which the other branch's versions are obeyed.
        rules: Vec<String>,
    },
    /// A request has newer rules, which are in force here once it is merged.
    WaitsInRequest {
        /// Its branch.
        branch: String,
        /// The files.
        rules: Vec<String>,
    },
    /// This clone's own lines of the trail are gone: a chain was begun anew.
    ChainLost {
        /// The chain that ended.
        chain: String,
    },
    /// Lines of the trail that the remote does not take, and nothing else.
    LinesKept {
        /// The branch there.
        remote: String,
    },
    /// A branch is compared with where it left the base, as that has gone on.
    BehindBase {
        /// The base.
        base: String,
        /// How many of its commits are not here.
        count: usize,
    },
    /// Whoever syncs was a member, and is none any more.
    NoMember,
    /// A change was committed, and the remote does not have it.
    Unsent {
        /// Whether the vault wants it sent at once.
        auto: bool,
    },
    /// Commits that stay here, because the branch follows one of another name.
    NotPushed {
        /// The branch here.
        here: String,
        /// The one that it follows, such as `origin/main`.
        remote: String,
        /// How many.
        count: usize,
    },
    /// Changes that no commit had: somebody took one back, or it could not be made.
    CommitsForgotten {
        /// Secrets, and the files of the rest.
        names: Vec<String>,
    },
    /// Files that were edited by hand and go along as requests.
    EditsSent {
        /// Their paths in the vault.
        paths: Vec<String>,
    },
    /// Files that were edited by hand, cannot be read, and stay here.
    EditsKept {
        /// Their paths in the vault.
        paths: Vec<String>,
    },
    /// Values that the rules of the remote do not let the caller give any more.
    NotSent {
        /// The secrets.
        names: Vec<SecretName>,
    },
    /// Policies that are not in force as they stand: nobody loses access by them yet.
    Undecided {
        /// The policies.
        policies: Vec<ScopeName>,
    },
    /// What a rule seals is not shown.
    Sealed {
        /// The scope.
        scope: ScopeName,
        /// The secrets.
        names: Vec<SecretName>,
    },
    /// In a sealed scope a program gets nothing of what no rule seals.
    NotSealed {
        /// The scope.
        scope: ScopeName,
        /// The secrets.
        names: Vec<SecretName>,
    },
    /// An agent is given values that its model may come to see.
    AgentHolds {
        /// The program's name.
        program: String,
        /// The scope.
        scope: ScopeName,
    },
    /// A program that leaves a server running which keeps what it is given.
    KeepsServer {
        /// The program's name.
        program: String,
        /// The flag that keeps it from that.
        flag: &'static str,
    },
    /// Sealed secrets that no request through the proxy asked for.
    NeverAsked {
        /// The secrets.
        names: Vec<SecretName>,
    },
    /// Programs that go on after the one that was run, and hold what it was given.
    LeftBehind {
        /// The scope, where there was one.
        scope: Option<ScopeName>,
        /// Their names and process ids.
        programs: Vec<(String, u32)>,
    },
    /// `--no-masking` has no effect where values may go into processes only.
    StillMasked,
    /// Values that are so short that they are masked only where they stand as words.
    ShortValues {
        /// The secrets.
        names: Vec<SecretName>,
    },
}

/// So many names are written out.
const SHOWN: usize = 8;

fn list(names: &[SecretName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Note {
    #[allow(clippy::too_many_lines, reason = "a sentence for each note, and none without one")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstUse { admins } => {
                f.write_str("first use of this vault on this machine; its admins:")?;
                admins.iter().try_for_each(|(name, print)| write!(f, " {name} ({print})"))
            }
            Self::NoPins { reason } => {
                write!(f, "nothing about this vault can be remembered: {}", printable(reason))
            }
            Self::AuditElsewhere { file } => write!(
                f,
                "the vault is read-only; the audit line went to '{}'",
                printable(&file.to_string_lossy())
            ),
            Self::Makeshift { folder } => write!(
                f,
                "the home folder cannot be written, so this is recorded in '{}', which nobody keeps; \
                 set AUTHY_STATE_DIR to a folder that can be written",
                printable(&folder.to_string_lossy())
            ),
            Self::Recovered => f.write_str("completed a change that was interrupted"),
            Self::CommitDeferred { reason, hint } => {
                write!(f, "not committed yet: {}; the next change commits it", printable(reason))?;
                hint.iter().try_for_each(|hint| write!(f, " ({})", printable(hint)))
            }
            Self::Unapproved { policies } => {
                f.write_str("not approved, so they do not give the new secret to anyone:")?;
                policies.iter().try_for_each(|name| write!(f, " {name}"))
            }
            Self::Undecided { policies } => {
                f.write_str("not in force as they stand, so nobody loses access until they are:")?;
                policies.iter().try_for_each(|name| write!(f, " {name}"))?;
                f.write_str(" (authy approve)")
            }
            Self::NotSent { names } => write!(
                f,
                "you may not write them any more, so the remote's values stay in force: {} (yours are \
                 in 'authy history'; who may write them can restore them)",
                list(names)
            ),
            Self::AwaitsApproval { names } => write!(
                f,
                "waiting for an admin's approval: {} (authy approve)",
                printable(&names.join(", "))
            ),
            Self::NotRecorded { reason } => {
                write!(f, "this could not be recorded in the audit trail: {}", printable(reason))
            }
            Self::ChainKeyWithheld { admin, reason } => write!(
                f,
                "{admin} cannot verify what is recorded in this audit chain: {}",
                printable(reason)
            ),
            Self::HomeIsRepository { folder } => write!(
                f,
                "your home folder is a git repository: the vault got one of its own. To keep it out of yours, add \
                 '/{}/' to its .gitignore",
                printable(&folder.to_string_lossy())
            ),
            Self::Shallow => f.write_str(
                "this is a shallow clone: older versions are not known here ('git fetch --unshallow' in the vault's folder)",
            ),
            Self::ManualCommit => f.write_str(
                "the vault is inside another git repository: authy will not commit there, and \
                 keeps the audit trail in '.local', out of git",
            ),
            Self::ExceptNothing { pattern } => {
                write!(f, "--except '{}' matches no secret", printable(pattern))
            }
            Self::GitUnfinished { reason, hint } => {
                write!(f, "{reason}: what is said here is of the files as they lie now")?;
                hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
            }
            Self::NewerElsewhere { branch, secrets, rules } => {
                let branch = printable(branch);
                match secrets.as_slice() {
                    [] => {}
                    [one] => write!(f, "'{branch}' has a newer '{one}'; this branch's is used")?,
                    many => {
                        let names = some_of(many, SHOWN);
                        write!(
                            f,
                            "'{branch}' has newer values, and this branch's are used: {names}"
                        )?;
                    }
                }
                let begin = if secrets.is_empty() { "" } else { "; " };
                match rules.as_slice() {
                    [] => Ok(()),
                    many => {
                        let names = some_of(many, SHOWN);
                        write!(f, "{begin}obeyed as '{branch}' has it, which is newer: {names}")
                    }
                }
            }
            Self::WaitsInRequest { branch, rules } => write!(
                f,
                "'{}' has newer rules, in force here once it is merged: {}",
                printable(branch),
                some_of(rules, SHOWN)
            ),
            Self::ChainLost { chain } => write!(
                f,
                "this clone's own lines of the audit chain '{chain}' are gone (was '.local' removed?): it goes on in \
                 a new chain, and 'authy audit verify' says what is lost"
            ),
            Self::LinesKept { remote } => write!(
                f,
                "{} takes no pushes from you: lines of the audit trail stay here until something else is sent",
                printable(remote)
            ),
            Self::BehindBase { base, count } => {
                let commits = if *count == 1 { "commit" } else { "commits" };
                write!(
                    f,
                    "this branch lacks {count} {commits} of {}: compared with where it left that",
                    printable(base)
                )
            }
            Self::NotPushed { here, remote, count } => {
                let (here, remote) = (printable(here), printable(remote));
                let (commits, stay) =
                    if *count == 1 { ("commit", "stays") } else { ("commits", "stay") };
                let name = remote.split('/').next().unwrap_or_default();
                write!(
                    f,
                    "{count} {commits} {stay} here: '{here}' follows {remote}, which has another name. 'git push \
                     -u {name} {here}' makes a branch of it there; with push.default = upstream it goes to \
                     {remote}"
                )
            }
            Self::NoMember => f.write_str(
                "you are not a member of this vault any more: nothing new is encrypted to you",
            ),
            Self::Unsent { .. } => f.write_str("not sent yet: authy sync"),
            Self::CommitsForgotten { names } => {
                write!(f, "committing what no commit had: {}", printable(&names.join(", ")))
            }
            Self::EditsSent { paths } => write!(
                f,
                "edited by hand, sent as a request that an admin has to approve: {}",
                printable(&paths.join(", "))
            ),
            Self::EditsKept { paths } => write!(
                f,
                "edited by hand and not sent, as it cannot be read: {} ('authy check' says why)",
                printable(&paths.join(", "))
            ),
            Self::NoBackup { folder } => write!(
                f,
                "your identity is only in '{}', which 'git clean -fdx' or removing the vault deletes: \
                 'authy backup FILE' makes a copy. This is said once",
                printable(&folder.to_string_lossy())
            ),
            Self::OneAdmin { name } => write!(
                f,
                "{name} alone opens every secret: were that identity lost, all would be. 'authy member add \
                 recovery --recovery FILE' makes a second one, to keep offline. This is said once"
            ),
            Self::Admins { count } => write!(f, "{count} admins open every secret"),
            Self::Doubtful { name, line, doubt } => {
                let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
                let what = match doubt {
                    Doubt::Readers => {
                        "is read differently by different programs: compare what was taken"
                    }
                    Doubt::Command => {
                        "holds $(…), which dotenvx and shells run: it was taken as it is written"
                    }
                };
                write!(f, "'{}'{line} {what}", printable(name))
            }
            Self::LeftOut { reason } => write!(f, "left out: {}", printable(reason)),
            Self::Twice { name } => {
                write!(f, "'{}' is there more than once: the last one was taken", printable(name))
            }
            Self::TtlCapped { scope, ttl } => {
                write!(f, "the policy '{scope}' lets a session live {ttl} at most, so it does")
            }
            Self::NotReadable { names } => write!(
                f,
                "not encrypted to you, so the session cannot read them either: {}",
                list(names)
            ),
            Self::NotRefreshed { reason } => write!(
                f,
                "live sessions were not given the new values: {}; run 'authy session refresh'",
                printable(reason)
            ),
            Self::StillEncrypted { names } => write!(
                f,
                "you cannot read them, so their files are still encrypted to the session's token; \
                 have somebody who can rotate them: {}",
                list(names)
            ),
            Self::RuleGone { path, way } => {
                let way = way.as_ref().map(|way| format!("; bring it back: {way}"));
                write!(
                    f,
                    "'{path}' is gone, and no admin removed it{}",
                    way.unwrap_or_else(|| "; 'authy check' says more".to_owned())
                )
            }
            Self::RekeyNeeded { secrets } => write!(
                f,
                "{secrets} secret{} not encrypted to exactly those who may read now: an admin runs 'authy rekey'",
                if *secrets == 1 { " is" } else { "s are" }
            ),
            Self::Sealed { scope, names } => write!(
                f,
                "left out, as scope '{scope}' seals them: {} ('authy run' puts them in on the wire)",
                list(names)
            ),
            Self::NotSealed { scope, names } => write!(
                f,
                "left out, as scope '{scope}' is sealed and no rule of it names a host for them: {}",
                list(names)
            ),
            Self::AgentHolds { program, scope } => write!(
                f,
                "'{}' holds the values of scope '{scope}', and what its tools print goes to its model; \
                 a policy with --seal-only keeps them from both (docs/SEALED.md)",
                printable(program)
            ),
            Self::KeepsServer { program, flag } => write!(
                f,
                "'{program}' leaves a server running that keeps these values, or has one that never sees \
                 them: '{program} {flag}' starts without"
            ),
            Self::NeverAsked { names } => write!(
                f,
                "no request through the proxy had the placeholder of: {} (a client that goes around it \
                 sends the placeholder itself: docs/SEALED.md)",
                list(names)
            ),
            Self::LeftBehind { scope, programs } => {
                match scope {
                    Some(scope) => write!(f, "still running with what scope '{scope}' gives:")?,
                    None => f.write_str("still running with the values of this run:")?,
                }
                let show = |(name, id): &(String, u32)| format!(" {} ({id})", printable(name));
                f.write_str(&programs.iter().map(show).collect::<Vec<_>>().join(","))
            }
            Self::Withheld { name, from } => {
                let from: Vec<String> = from.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "the new value of '{name}' is not encrypted to {}, who may not read it any more",
                    from.join(", ")
                )
            }
            Self::StillExposed { name, to } => write!(
                f,
                "'{name}' has the same value as before, which {} could read: it still is due for another one",
                to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
            Self::StillMasked => f.write_str(
                "values of a run-only or sealed scope stay masked; --no-masking has no effect",
            ),
            Self::ShortValues { names } => {
                let quoted: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
                let quoted = quoted.join(", ");
                match names.len() {
                    1 => write!(f, "the value of {quoted} is so short that masking finds it")?,
                    _ => write!(f, "the values of {quoted} are so short that masking finds them")?,
                }
                f.write_str(" only as a word of its own")
            }
        }
    }
}

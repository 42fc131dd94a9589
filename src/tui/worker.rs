//! The worker: a thread that calls the library, so that the interface never waits.
//!
//! It holds the open identity while there is one. One call after the other; between calls it
//! looks whether the files changed.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use authy::{
    Annotation, Approval, AuditFilter, Choice, Context, Front, IdentitySource, Kind, ListOptions,
    Note, PluginAccess, SecretBytes, SecretName, StoreOptions,
};
use time::OffsetDateTime;

use super::asked::AtScreen;
use super::effect::{ErrorText, Refused, Reply, Section, ToApprove, Who, Work};
use crate::front::counted;
use crate::front::{Invocation, expanded};

/// How often the files are looked at.
const GLANCE: Duration = Duration::from_secs(1);
/// So many lines of the audit trail are shown, the newest.
const AUDIT_LINES: usize = 200_000;

/// Works until nobody wants anything any more.
pub(crate) fn work(invocation: Invocation, wanted: &Receiver<Work>, done: &Sender<Reply>) {
    let mut worker =
        Worker { glance: authy::glance(&invocation.vault), invocation, open: None, done };
    loop {
        match wanted.recv_timeout(GLANCE) {
            Ok(work) => worker.one(work),
            Err(RecvTimeoutError::Timeout) => worker.look(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

struct Worker<'d> {
    invocation: Invocation,
    /// The identity, once it is open.
    open: Option<IdentitySource>,
    glance: String,
    done: &'d Sender<Reply>,
}

/// Answers the library: with a passphrase that is there, and with no.
struct Answers {
    passphrase: Option<SecretBytes>,
    /// What a passphrase was asked for.
    asked: std::rc::Rc<RefCell<Option<String>>>,
    done: Sender<Reply>,
}

impl Front for Answers {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        *self.asked.borrow_mut() = Some(what.to_owned());
        self.passphrase.clone()
    }

    fn new_passphrase(&self, _: &str) -> Option<SecretBytes> {
        None
    }

    /// Whoever is at the interface typed what they want; an agent is to be refused.
    fn consents(&self, _: &str) -> bool {
        false
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn note(&self, note: &Note) {
        // The status line is for what nothing else on the screen tells.
        if matches!(note, Note::Unsent { .. }) {
            return;
        }
        let _ = self.done.send(Reply::Note(note.to_string()));
    }

    fn progress(&self, done: usize, total: usize) {
        let _ = self.done.send(Reply::Progress(done, total));
    }
}

/// The path as people write it: the home folder is `~`.
pub(crate) fn shown(path: &Path, home: Option<&Path>) -> String {
    let inside = home.and_then(|home| path.strip_prefix(home).ok());
    let short = inside.map_or(path.to_owned(), |inside| Path::new("~").join(inside));
    authy::printable(&short.to_string_lossy())
}

impl Worker<'_> {
    fn look(&mut self) {
        let now = authy::glance(&self.invocation.vault);
        if now != self.glance {
            self.glance = now;
            let _ = self.done.send(Reply::Outside);
            self.tell_what_waits();
        }
    }

    fn tell_what_waits(&self) {
        if let (Some(_), Ok(brief)) = (&self.open, authy::status_brief(&self.context())) {
            let _ = self.done.send(Reply::Brief(brief));
        }
    }

    /// Syncs; what both sides changed is for somebody to decide.
    fn sync(ctx: &Context) -> Reply {
        match authy::sync(ctx, None, false) {
            Ok(report) => Reply::Changed(Ok(format!(
                "in sync with {}: received {}, sent {}",
                report.remote, report.received, report.sent
            ))),
            Err(error) if error.kind() == Kind::Conflict => match authy::conflict_list(ctx, None) {
                Ok(list) if !list.is_empty() => Reply::Conflicts(list),
                _ => Reply::Changed(Err(error.into())),
            },
            Err(error) => Reply::Changed(Err(error.into())),
        }
    }

    fn take(ctx: &Context, name: String, choice: Choice) -> Reply {
        match authy::conflict_take(ctx, choice, &[name], None) {
            Ok(report) if report.left.is_empty() && report.is_gits => Reply::Changed(Ok(
                "nothing of the vault is left to decide; finish the merge with 'git commit'"
                    .to_owned(),
            )),
            Ok(report) if report.left.is_empty() => Self::sync(ctx),
            Ok(_) => match authy::conflict_list(ctx, None) {
                Ok(list) => Reply::Conflicts(list),
                Err(error) => Reply::Changed(Err(error.into())),
            },
            Err(error) => Reply::Changed(Err(error.into())),
        }
    }

    fn context(&self) -> Context {
        let front = Answers {
            passphrase: self.invocation.passphrase.clone(),
            asked: std::rc::Rc::default(),
            done: self.done.clone(),
        };
        self.context_with(self.open.clone().unwrap_or(self.invocation.identity.clone()), front)
    }

    fn context_with(&self, identity: IdentitySource, front: Answers) -> Context {
        Context {
            vault: self.invocation.vault.clone(),
            home: self.invocation.home.clone(),
            state: self.invocation.state.clone(),
            makeshift: Vec::new(),
            identity,
            token: None,
            agent: self.invocation.agent.clone(),
            confined: self.invocation.confined.clone(),
            now: OffsetDateTime::now_utc(),
            plugins: Some(PluginAccess::new(
                self.invocation.path.clone(),
                Arc::new(AtScreen::new(self.done.clone())),
            )),
            front: Box::new(front),
        }
    }

    fn unlock(&mut self, keyfile: Option<PathBuf>, passphrase: Option<SecretBytes>) -> Reply {
        let asked = std::rc::Rc::default();
        let given = passphrase.is_some();
        let front = Answers {
            passphrase: passphrase.or_else(|| self.invocation.passphrase.clone()),
            asked: std::rc::Rc::clone(&asked),
            done: self.done.clone(),
        };
        let answers = front.passphrase.is_some();
        let identity = keyfile
            .map(|file| expanded(file, self.invocation.home.as_deref()))
            .map_or(self.invocation.identity.clone(), IdentitySource::File);
        let result = authy::open_identity(&self.context_with(identity, front));
        let label = asked.borrow_mut().take();
        let label = label.map(|file| shown(Path::new(&file), self.invocation.home.as_deref()));
        Reply::Unlocked(match result {
            Ok(unlocked) => {
                self.open = Some(IdentitySource::Open(unlocked.identity));
                Ok(Who { member: unlocked.member, admin: unlocked.admin })
            }
            Err(_) if label.is_some() && !given && !answers => Err(Refused { told: None, label }),
            Err(error) => Err(Refused { told: Some(error.into()), label }),
        })
    }

    /// Does one thing. Every one of them has its arm here: what has none does not compile.
    fn one(&mut self, work: Work) {
        let ctx = self.context();
        let syncs = matches!(work, Work::Sync | Work::Take { .. });
        let done = match work {
            Work::Unlock { keyfile, passphrase } => self.unlock(keyfile, passphrase),
            Work::Lock => {
                self.open = None;
                return;
            }
            Work::Load(section) => self.load(section),
            Work::History(name) => {
                let found = told(authy::history(&ctx, &name));
                Reply::History(name, found)
            }
            Work::Reveal(name) => {
                let value = told(authy::get(&ctx, &name, None));
                Reply::Value(name, value)
            }
            Work::Copy(name) => {
                let value = told(authy::copy(&ctx, &name, None));
                Reply::Copied(name, value)
            }
            Work::Test { scope, name } => {
                let verdict = authy::policy_test(&ctx, Some(&scope), &name, None);
                Reply::Tested(told(verdict).map(|verdict| format!("{name}: {verdict}")))
            }
            Work::Generate => Reply::Generated(told(authy::generate(authy::Recipe::default()))),
            Work::Approval => Reply::Approval(told(to_approve(&ctx))),
            Work::SessionCreate(options) => {
                Reply::Session(told(authy::session_create(&ctx, &options).map(Box::new)))
            }
            Work::Sync => Self::sync(&ctx),
            Work::Take { name, choice } => Self::take(&ctx, name, choice),
            Work::Code(name) => {
                let code = told(authy::otp(&ctx, &name, None));
                Reply::Code(name, code)
            }
            Work::Removed => {
                Reply::Removed(told(authy::list_removed(&ctx, &ListOptions::default())))
            }
            Work::RemoveAll(names) => changed(remove_all(&ctx, &names)),
            Work::UndoPlan => Reply::UndoPlan(told(authy::undo_plan(&ctx).map(Box::new))),
            Work::Undo(commit) => changed(undo(&ctx, &commit)),
            Work::Restore(name) => changed(restore(&ctx, &name)),
            Work::MemberAdd(new) => changed(
                authy::member_add(&ctx, &new).map(|()| format!("added member {}", new.name)),
            ),
            Work::MemberUpdate(change) => changed(
                authy::member_update(&ctx, &change)
                    .map(|updated| format!("changed the groups of {}", updated.member)),
            ),
            Work::Verify => Reply::Verified(told(authy::audit_verify(&ctx))),
            Work::MemberRemove(name) => {
                Reply::MemberRemoved(told(authy::member_remove(&ctx, &name)))
            }
            Work::Store { name, value, annotation } => {
                changed(store(&ctx, &name, &value, annotation))
            }
            Work::Replace { name, value, seen } => changed(
                authy::replace(&ctx, &name, &value, seen)
                    .map(|now| format!("{name} has a new value (version {})", now.version)),
            ),
            Work::Annotate { name, annotation, seen } => changed(
                authy::annotate(&ctx, &name, &annotation, Some(seen))
                    .map(|_| format!("changed what is said about {name}")),
            ),
            Work::Rename { name, to } => {
                changed(authy::rename(&ctx, &name, &to).map(|()| format!("renamed {name} to {to}")))
            }
            Work::Remove(name) => changed(
                authy::remove(&ctx, &name)
                    .map(|()| format!("removed {name}; 'authy restore {name}' brings it back")),
            ),
            Work::PolicyCreate(change) => changed(
                authy::policy_create(&ctx, &change)
                    .map(|()| format!("created policy {}", change.name)),
            ),
            Work::PolicyUpdate(change) => changed(
                authy::policy_update(&ctx, &change)
                    .map(|()| format!("updated policy {}", change.name)),
            ),
            Work::PolicyRemove(name) => changed(
                authy::policy_remove(&ctx, &name).map(|()| format!("removed policy {name}")),
            ),
            Work::Approve(approval) => changed(approve(&ctx, &approval)),
            Work::SessionRevoke(id) => {
                changed(authy::session_revoke(&ctx, &id).map(|id| format!("revoked session {id}")))
            }
            Work::SessionRevokeAll => changed(
                authy::session_revoke_all(&ctx)
                    .map(|ids| format!("revoked {} sessions", ids.len())),
            ),
        };
        let opens = matches!(done, Reply::Unlocked(Ok(_)));
        let _ = self.done.send(done);
        if opens || syncs {
            self.tell_what_waits();
        }
        self.look();
    }

    fn load(&self, section: Section) -> Reply {
        let ctx = self.context();
        match section {
            Section::Secrets => {
                let options = ListOptions { details: true, ..ListOptions::default() };
                Reply::Secrets(told(authy::list(&ctx, &options)))
            }
            Section::Policies => Reply::Policies(told(authy::policy_list(&ctx))),
            Section::Sessions => Reply::Sessions(told(authy::session_list(&ctx))),
            Section::Audit => {
                let filter = AuditFilter::default();
                Reply::Audit(told(authy::audit_show(&ctx, &filter, Some(AUDIT_LINES))))
            }
            Section::Members => Reply::Members(told(authy::member_list(&ctx))),
        }
    }
}

/// What a change did, in words.
fn changed(result: authy::Result<String>) -> Reply {
    Reply::Changed(told(result))
}

fn remove_all(ctx: &Context, names: &[SecretName]) -> authy::Result<String> {
    authy::remove_all(ctx, names)?;
    Ok(format!("removed {} secrets; R shows them, and brings them back", names.len()))
}

fn undo(ctx: &Context, commit: &str) -> authy::Result<String> {
    authy::undo(ctx, commit)
        .map(|undone| format!("took back '{}'", authy::printable(&undone.subject)))
}

fn restore(ctx: &Context, name: &SecretName) -> authy::Result<String> {
    let authy::Restored { from, version } = authy::restore(ctx, name, None, None)?;
    Ok(format!("restored {name} to version {from} (version {version} now)"))
}

fn store(
    ctx: &Context,
    name: &SecretName,
    value: &SecretBytes,
    annotation: Annotation,
) -> authy::Result<String> {
    let options = StoreOptions {
        force: false,
        description: Some(annotation.description).filter(|text| !text.is_empty()),
        tags: annotation.tags,
        rotate_every: annotation.rotate_every,
        services: annotation.services,
        user: annotation.user,
        bearer: annotation.bearer,
        not_secret: annotation.not_secret,
    };
    authy::store(ctx, name, value, &options)?;
    Ok(format!("stored {name}"))
}

fn to_approve(ctx: &Context) -> authy::Result<ToApprove> {
    let approval = Box::new(authy::approval(ctx, None, None)?);
    // What is wrong with the trail keeps nobody from approving; the audit section tells it.
    Ok(ToApprove { approval, requests: authy::access_requests(ctx).unwrap_or_default() })
}

fn approve(ctx: &Context, approval: &Approval) -> authy::Result<String> {
    let changes = authy::approve(ctx, approval)?;
    let names: Vec<&str> = approval.proposals.iter().map(|one| one.name.as_str()).collect();
    let approved = format!("approved {}", names.join(", "));
    Ok(match changes.len() {
        0 => approved,
        count => format!("{approved}; re-encrypted {}", counted(count, "secret")),
    })
}

fn told<T>(result: authy::Result<T>) -> Result<T, ErrorText> {
    result.map_err(ErrorText::from)
}

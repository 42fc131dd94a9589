//! The worker: a thread that calls the library, so that the interface never waits.
//!
//! It holds the open identity while there is one. One call after the other; between calls it
//! looks whether the files changed.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use authy::{
    AuditFilter, Context, Front, IdentitySource, ListOptions, Note, ScopeName, SecretBytes,
    StoreOptions,
};
use time::OffsetDateTime;

use super::effect::{Done, Refused, Section, Told, Who, Work};
use crate::cli::expanded;

/// How often the files are looked at.
const GLANCE: Duration = Duration::from_secs(1);
/// So many lines of the audit trail are shown, the newest.
const AUDIT_LINES: usize = 200_000;

/// What was found out about the world before the interface began.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) vault: PathBuf,
    pub(crate) home: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) identity: IdentitySource,
    pub(crate) agent: Option<authy::AgentAtWork>,
    pub(crate) confined: Option<ScopeName>,
    /// `AUTHY_PASSPHRASE`.
    pub(crate) passphrase: Option<SecretBytes>,
}

/// Works until nobody wants anything any more.
pub(crate) fn work(world: World, wanted: &Receiver<Work>, done: &Sender<Done>) {
    let mut worker = Worker { glance: authy::glance(&world.vault), world, open: None, done };
    loop {
        match wanted.recv_timeout(GLANCE) {
            Ok(work) => worker.one(work),
            Err(RecvTimeoutError::Timeout) => worker.look(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

struct Worker<'d> {
    world: World,
    /// The identity, once it is open.
    open: Option<IdentitySource>,
    glance: String,
    done: &'d Sender<Done>,
}

/// Answers the library: with a passphrase that is there, and with no.
struct Answers {
    passphrase: Option<SecretBytes>,
    /// What a passphrase was asked for.
    asked: std::rc::Rc<RefCell<Option<String>>>,
    done: Sender<Done>,
}

impl Front for Answers {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        *self.asked.borrow_mut() = Some(what.to_owned());
        self.passphrase.clone()
    }

    fn new_passphrase(&self, _: &str) -> Option<SecretBytes> {
        None
    }

    /// Whoever is at the interface typed what he wants; an agent is to be refused.
    fn consents(&self, _: &str) -> bool {
        false
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn note(&self, note: &Note) {
        let _ = self.done.send(Done::Note(note.to_string()));
    }

    fn progress(&self, done: usize, total: usize) {
        let _ = self.done.send(Done::Progress(done, total));
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
        let now = authy::glance(&self.world.vault);
        if now != self.glance {
            self.glance = now;
            let _ = self.done.send(Done::Outside);
        }
    }

    fn context(&self) -> Context {
        let front = Answers {
            passphrase: self.world.passphrase.clone(),
            asked: std::rc::Rc::default(),
            done: self.done.clone(),
        };
        self.context_with(self.open.clone().unwrap_or(self.world.identity.clone()), front)
    }

    fn context_with(&self, identity: IdentitySource, front: Answers) -> Context {
        Context {
            vault: self.world.vault.clone(),
            home: self.world.home.clone(),
            state: self.world.state.clone(),
            makeshift: Vec::new(),
            identity,
            token: None,
            agent: self.world.agent.clone(),
            confined: self.world.confined.clone(),
            now: OffsetDateTime::now_utc(),
            front: Box::new(front),
        }
    }

    fn unlock(&mut self, keyfile: Option<PathBuf>, passphrase: Option<SecretBytes>) -> Done {
        let asked = std::rc::Rc::default();
        let given = passphrase.is_some();
        let front = Answers {
            passphrase: passphrase.or_else(|| self.world.passphrase.clone()),
            asked: std::rc::Rc::clone(&asked),
            done: self.done.clone(),
        };
        let answers = front.passphrase.is_some();
        let identity = keyfile
            .map(|file| expanded(file, self.world.home.as_deref()))
            .map_or(self.world.identity.clone(), IdentitySource::File);
        let result = authy::unlock(&self.context_with(identity, front));
        let label = asked.borrow_mut().take();
        let label = label.map(|file| shown(Path::new(&file), self.world.home.as_deref()));
        Done::Unlocked(match result {
            Ok(unlocked) => {
                self.open = Some(IdentitySource::Open(unlocked.identity));
                Ok(Who { member: unlocked.member, admin: unlocked.admin })
            }
            Err(_) if label.is_some() && !given && !answers => Err(Refused { told: None, label }),
            Err(error) => Err(Refused { told: Some(error.into()), label }),
        })
    }

    fn one(&mut self, work: Work) {
        let done = match work {
            Work::Unlock { keyfile, passphrase } => self.unlock(keyfile, passphrase),
            Work::Lock => {
                self.open = None;
                return;
            }
            Work::Load(section) => self.load(section),
            other => self.call(other),
        };
        let _ = self.done.send(done);
        self.look();
    }

    fn load(&self, section: Section) -> Done {
        let ctx = self.context();
        match section {
            Section::Secrets => {
                let options = ListOptions { details: true, ..ListOptions::default() };
                Done::Secrets(told(authy::list(&ctx, &options)))
            }
            Section::Policies => Done::Policies(told(authy::policy_list(&ctx))),
            Section::Sessions => Done::Sessions(told(authy::session_list(&ctx))),
            Section::Audit => {
                let filter = AuditFilter::default();
                Done::Audit(told(authy::audit_show(&ctx, &filter, Some(AUDIT_LINES))))
            }
            Section::Members => Done::Members(told(authy::member_list(&ctx))),
        }
    }

    fn call(&self, work: Work) -> Done {
        let ctx = self.context();
        match work {
            Work::History(name) => {
                let found = told(authy::history(&ctx, &name));
                Done::History(name, found)
            }
            Work::Reveal(name) => {
                let value = told(authy::get(&ctx, &name, None));
                Done::Value(name, value)
            }
            Work::Copy(name) => {
                let value = told(authy::copy(&ctx, &name, None));
                Done::Copied(name, value)
            }
            Work::Test { scope, name } => {
                let verdict = authy::policy_test(&ctx, Some(&scope), &name, None);
                Done::Tested(told(verdict).map(|verdict| format!("{name}: {verdict}")))
            }
            Work::Generate => Done::Generated(told(authy::generate(authy::DEFAULT_LENGTH))),
            Work::Approval => Done::Approval(told(authy::approval(&ctx, None, None).map(Box::new))),
            Work::SessionCreate(options) => {
                Done::Session(told(authy::session_create(&ctx, &options).map(Box::new)))
            }
            Work::Verify => Done::Verified(told(authy::audit_verify(&ctx))),
            Work::MemberRemove(name) => {
                Done::MemberRemoved(told(authy::member_remove(&ctx, &name)))
            }
            change => Done::Changed(told(apply(&ctx, change))),
        }
    }
}

/// Makes a change and says what was done.
fn apply(ctx: &Context, work: Work) -> authy::Result<String> {
    Ok(match work {
        Work::Store { name, value, annotation } => {
            let options = StoreOptions {
                force: false,
                description: Some(annotation.description).filter(|text| !text.is_empty()),
                tags: annotation.tags,
                rotate_every: annotation.rotate_every,
            };
            authy::store(ctx, &name, &value, &options)?;
            format!("stored {name}")
        }
        Work::Replace { name, value, seen } => {
            let report = authy::replace(ctx, &name, &value, seen)?;
            format!("{name} has a new value (version {})", report.version)
        }
        Work::Annotate { name, annotation, seen } => {
            authy::annotate(ctx, &name, &annotation, Some(seen))?;
            format!("changed what is said about {name}")
        }
        Work::Rename { name, to } => {
            authy::rename(ctx, &name, &to)?;
            format!("renamed {name} to {to}")
        }
        Work::Remove(name) => {
            authy::remove(ctx, &name)?;
            format!("removed {name}; git keeps its past")
        }
        Work::PolicyCreate(change) => {
            authy::policy_create(ctx, &change)?;
            format!("created policy {}", change.name)
        }
        Work::PolicyUpdate(change) => {
            authy::policy_update(ctx, &change)?;
            format!("updated policy {}", change.name)
        }
        Work::PolicyRemove(name) => {
            authy::policy_remove(ctx, &name)?;
            format!("removed policy {name}")
        }
        Work::Approve(approval) => {
            let changes = authy::approve(ctx, &approval)?;
            let names: Vec<&str> = approval.proposals.iter().map(|one| one.name.as_str()).collect();
            format!("approved {}; encrypted {} anew", names.join(", "), changes.len())
        }
        Work::SessionRevoke(id) => {
            let id = authy::session_revoke(ctx, &id)?;
            format!("revoked session {id}")
        }
        Work::SessionRevokeAll => {
            let ids = authy::session_revoke_all(ctx)?;
            format!("revoked {} sessions", ids.len())
        }
        _ => String::new(),
    })
}

fn told<T>(result: authy::Result<T>) -> Result<T, Told> {
    result.map_err(Told::from)
}

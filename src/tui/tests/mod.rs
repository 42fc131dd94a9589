//! Tests of the interface: sequences of actions, and pictures of the screens.

mod flows;
mod mouse;
mod screens;

use authy::{
    DocumentStatus, ListDetails, ListEntry, MemberView, PolicyView, SecretName, SessionStatus,
    SessionView,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use time::OffsetDateTime;
use time::macros::datetime;

use super::app::App;
use super::effect::{Action, Effect, Reply, Who, Work};

const NOW: OffsetDateTime = datetime!(2026-11-25 12:00:00 UTC);

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

fn secret(text: &str, version: u64) -> ListEntry {
    let details = ListDetails {
        version,
        created: "2026-08-01T09:00:00Z".into(),
        changed: "2026-11-22T09:00:00Z".into(),
        author: "alice".into(),
        description: "the primary database 漢字".into(),
        tags: vec!["db".into(), "prod".into()],
        readers: vec!["alice".into(), "bob".into()],
        exposed_to: Vec::new(),
        leaked: None,
        rotate_every: Some("90d".parse().unwrap()),
        rotate_due: None,
        services: vec!["https://db.example.com".parse().unwrap()],
        user: Some("app".parse().unwrap()),
        bearer: false,
        not_secret: false,
    };
    ListEntry { name: name(text), details: Some(details), sealed: false, problem: None }
}

fn policy(text: &str, status: DocumentStatus) -> PolicyView {
    PolicyView {
        name: authy::ScopeName::parse(text).unwrap(),
        status,
        description: "services".into(),
        allow: vec!["db-*".into(), "api-*".into()],
        deny: vec!["*-admin".into()],
        members: vec!["@backend".into()],
        users: ["alice", "bob"].map(|name| authy::MemberName::parse(name).unwrap()).into(),
        run_only: true,
        commands: None,
        seal_only: false,
        sealed: Vec::new(),
        max_ttl: "8h".parse().ok(),
        version: 3,
        signed_by: Some("alice".into()),
        signed_at: Some("2026-11-25T11:00:00Z".into()),
        gives: Vec::new(),
        problem: (status != DocumentStatus::InForce)
            .then(|| "its signature is not an admin's".into()),
    }
}

fn session(id: &str, status: SessionStatus) -> SessionView {
    SessionView {
        id: authy::SessionId::parse(id).unwrap(),
        label: "nightly build".into(),
        scope: Some(authy::ScopeName::parse("backend").unwrap()),
        run_only: true,
        shared: false,
        created: Some("2026-11-25T11:00:00Z".into()),
        expires: Some("2026-11-25T19:00:00Z".into()),
        by: Some("alice".into()),
        used: Some("2026-11-25T11:58:00Z".into()),
        ended: None,
        status,
        problem: None,
    }
}

fn member(text: &str, status: DocumentStatus) -> MemberView {
    MemberView {
        name: authy::MemberName::parse(text).unwrap(),
        status,
        admin: text == "alice",
        writes: true,
        groups: vec![authy::GroupName::parse("backend").unwrap()],
        recipients: vec![format!("age1{}", "q".repeat(58))],
        machines: std::collections::BTreeMap::new(),
        version: 1,
        problem: (status != DocumentStatus::InForce).then(|| "no admin signed it".into()),
    }
}

/// A secret that both sides gave a value.
fn conflict(name: &str) -> authy::ConflictView {
    let side = |author: &str| authy::SideView {
        removed: false,
        version: Some(3),
        changed: Some("2026-11-25T11:00:00Z".into()),
        author: Some(author.into()),
        signed_by: Some(author.into()),
        signed: Some("2026-11-25T11:00:00Z".into()),
        changes: vec!["value".into()],
    };
    authy::ConflictView {
        name: name.into(),
        kind: authy::ConflictKind::Secret,
        ours: side("alice"),
        theirs: side("bob"),
    }
}

/// An interface that somebody unlocked, with a few of everything.
fn open() -> App {
    let mut app =
        App::new("/home/alice/.authy".into(), NOW, Some(std::time::Duration::from_secs(600)));
    app.start();
    let who = Who { member: authy::MemberName::parse("alice").unwrap(), admin: true };
    done(&mut app, Reply::Unlocked(Ok(who)));
    let broken = ListEntry {
        name: name("broken"),
        details: None,
        sealed: false,
        problem: Some("its record is missing".into()),
    };
    let secrets = vec![
        secret("api-key", 1),
        broken,
        secret("db-admin", 2),
        secret("db-url", 7),
        secret("mail/password", 1),
    ];
    done(&mut app, Reply::Secrets(Ok(secrets)));
    done(
        &mut app,
        Reply::Policies(Ok(vec![
            policy("backend", DocumentStatus::InForce),
            policy("edited", DocumentStatus::Unapproved),
        ])),
    );
    done(
        &mut app,
        Reply::Sessions(Ok(vec![
            session("0123456789abcdef", SessionStatus::Live),
            session("fedcba9876543210", SessionStatus::Expired),
        ])),
    );
    done(
        &mut app,
        Reply::Members(Ok(vec![
            member("alice", DocumentStatus::InForce),
            member("bob", DocumentStatus::Unapproved),
        ])),
    );
    app
}

fn done(app: &mut App, done: Reply) -> Vec<Effect> {
    app.update(NOW, Action::Reply(done))
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(NOW, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn ctrl(app: &mut App, c: char) -> Vec<Effect> {
    app.update(NOW, Action::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
}

fn type_in(app: &mut App, text: &str) {
    for c in text.chars() {
        press(app, KeyCode::Char(c));
    }
}

/// The one thing that is wanted of the worker.
#[track_caller]
fn work(effects: Vec<Effect>) -> Work {
    match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Work(work)]) => work,
        other => panic!("{other:?}"),
    }
}

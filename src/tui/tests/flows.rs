//! Sequences of actions, and what the interface wants done after them.

use std::time::Duration;

use authy::SecretBytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{NOW, conflict, ctrl, done, name, open, press, secret, type_in, work};
use crate::tui::app::App;
use crate::tui::effect::{Action, Effect, ErrorText, Refused, Reply, Section, Work};
use crate::tui::form::Purpose;
use crate::tui::popup::Popup;

fn refused(message: &str) -> ErrorText {
    ErrorText { message: message.into(), hint: Some("try again".into()) }
}

#[test]
fn an_identity_without_a_passphrase_opens_by_itself() {
    let mut app = App::new("v".into(), NOW, None);
    assert!(matches!(work(app.start()), Work::Unlock { keyfile: None, passphrase: None }));
    // One with a passphrase asks; a wrong one is typed again.
    let label = Some("/k/master.key".to_owned());
    done(&mut app, Reply::Unlocked(Err(Refused { told: None, label: label.clone() })));
    type_in(&mut app, "wrong");
    let Work::Unlock { keyfile, passphrase } = work(press(&mut app, KeyCode::Enter)) else {
        panic!()
    };
    assert_eq!(keyfile.unwrap().to_str(), label.as_deref());
    assert_eq!(passphrase.unwrap().expose(), b"wrong");
    assert!(press(&mut app, KeyCode::Char('x')).is_empty(), "nothing is typed while it is tried");
    done(
        &mut app,
        Reply::Unlocked(Err(Refused { told: Some(refused("wrong passphrase")), label })),
    );
    let form = app.locked.as_ref().unwrap();
    assert_eq!((form.value(1), form.focus), ("", 1));
    assert_eq!(form.error.as_ref().unwrap().message, "wrong passphrase");
    assert!(matches!(press(&mut app, KeyCode::Esc)[..], [Effect::Quit]));
}

#[test]
fn a_value_closes_by_itself_and_with_the_lock() {
    let mut app = open();
    assert!(
        matches!(work(press(&mut app, KeyCode::Enter)), Work::Reveal(one) if one == name("api-key"))
    );
    done(&mut app, Reply::Value(name("api-key"), Ok(SecretBytes::new(b"v".to_vec()))));
    assert!(matches!(app.popup, Some(Popup::Reveal(_))));
    app.update(NOW + Duration::from_secs(29), Action::Tick);
    assert!(app.popup.is_some());
    app.update(NOW + Duration::from_secs(30), Action::Tick);
    assert!(app.popup.is_none());
    // The lock takes it away, and an answer that comes late shows nothing.
    press(&mut app, KeyCode::Enter);
    assert!(matches!(work(ctrl(&mut app, 'l')), Work::Lock));
    done(&mut app, Reply::Value(name("api-key"), Ok(SecretBytes::new(b"v".to_vec()))));
    done(&mut app, Reply::Secrets(Ok(vec![secret("late", 1)])));
    assert!(app.popup.is_none() && app.locked.is_some() && app.secrets.rows().is_empty());
}

#[test]
fn nobody_at_the_keys_locks_it() {
    let mut app = open();
    press(&mut app, KeyCode::Down);
    assert!(
        app.update(NOW + Duration::from_secs(599), Action::Tick)
            .iter()
            .all(|effect| !matches!(effect, Effect::Work(Work::Lock)))
    );
    let effects = app.update(NOW + Duration::from_secs(600), Action::Tick);
    assert!(matches!(work(effects), Work::Lock));
    assert!(app.locked.is_some());
}

#[test]
fn a_value_that_is_shown_goes_before_the_shell_is_in_front() {
    let mut app = open();
    done(&mut app, Reply::Value(name("api-key"), Ok(SecretBytes::new(b"v".to_vec()))));
    assert!(matches!(ctrl(&mut app, 'z')[..], [Effect::Suspend]));
    assert!(app.popup.is_none());
    done(&mut app, Reply::Value(name("api-key"), Ok(SecretBytes::new(b"v".to_vec()))));
    assert!(matches!(app.update(NOW, Action::Stopped)[..], [Effect::Suspend]));
    assert!(app.popup.is_none());
    assert!(matches!(ctrl(&mut app, 'c')[..], [Effect::Quit]));
}

#[test]
fn a_burst_of_keys_is_a_paste_where_lines_may_stand() {
    let keys = |typed: &str| {
        let code = |c| if c == '\r' { KeyCode::Enter } else { KeyCode::Char(c) };
        let keys = typed.chars().map(|c| KeyEvent::new(code(c), KeyModifiers::NONE));
        Action::keys(keys.collect()).unwrap()
    };
    let mut app = open();
    press(&mut app, KeyCode::Char('n'));
    // The name is one line, so Enter goes on to the value; from there on it is one paste.
    assert!(app.update(NOW, keys("new\rone\rtwo\rq\r")).is_empty());
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!((form.value(0), form.value(1)), ("new", "one\ntwo\nq"));
    let Work::Store { value, .. } = work(app.update(NOW, keys("x\r"))) else { panic!() };
    assert_eq!(value.expose(), b"one\ntwo\nqx");
}

#[test]
fn a_secret_is_stored_and_a_refusal_keeps_what_was_typed() {
    let mut app = open();
    press(&mut app, KeyCode::Char('n'));
    type_in(&mut app, "Bad Name");
    press(&mut app, KeyCode::Enter);
    app.update(NOW, Action::Paste("two\rlines\r".to_owned().into()));
    assert!(ctrl(&mut app, 's').is_empty());
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert!(form.error.is_some() && form.focus == 0);
    ctrl(&mut app, 'u');
    type_in(&mut app, "new/one");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Tab);
    type_in(&mut app, "what it is");
    let Work::Store { name: stored, value, annotation } = work(ctrl(&mut app, 's')) else {
        panic!()
    };
    assert_eq!((stored.as_str(), value.expose()), ("new/one", &b"two\nlines"[..]));
    assert_eq!(annotation.description, "what it is");
    assert!(ctrl(&mut app, 's').is_empty(), "once is enough");
    done(&mut app, Reply::Changed(Err(refused("secret 'new/one' exists already"))));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!(form.value(1), "two\nlines");
    assert!(matches!(work(ctrl(&mut app, 's')), Work::Store { .. }));
    done(&mut app, Reply::Changed(Ok("stored".into())));
    assert!(app.popup.is_none());
    done(&mut app, Reply::Secrets(Ok(vec![secret("api-key", 1), secret("new/one", 1)])));
    assert_eq!(app.secrets.selected().unwrap().name, name("new/one"));
}

#[test]
fn a_change_names_the_version_that_was_looked_at() {
    let mut app = open();
    app.secrets.select("db-url");
    press(&mut app, KeyCode::Char('r'));
    // Somebody else was faster: what was looked at stays what it was.
    done(&mut app, Reply::Secrets(Ok(vec![secret("db-url", 8)])));
    type_in(&mut app, "v");
    assert!(matches!(work(press(&mut app, KeyCode::Enter)), Work::Replace { seen: 7, .. }));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('e'));
    assert!(matches!(work(ctrl(&mut app, 's')), Work::Annotate { seen: 8, .. }));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('2'));
    press(&mut app, KeyCode::Char('e'));
    ctrl(&mut app, 'u');
    type_in(&mut app, "api-* web-*");
    let Work::PolicyUpdate(change) = work(ctrl(&mut app, 's')) else { panic!() };
    assert_eq!(change.seen, Some(3));
    assert_eq!(
        (change.allow, change.remove_allow),
        (vec!["web-*".to_owned()], vec!["db-*".to_owned()])
    );
    assert!(change.deny.is_empty() && change.remove_deny.is_empty());
    assert_eq!((change.max_ttl, change.no_max_ttl), ("8h".parse().ok(), false));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('e'));
    for _ in 0..7 {
        press(&mut app, KeyCode::Tab);
    }
    ctrl(&mut app, 'u');
    let Work::PolicyUpdate(change) = work(ctrl(&mut app, 's')) else { panic!() };
    assert!(change.no_max_ttl && change.max_ttl.is_none());
}

#[test]
fn what_is_lost_is_asked_for_first() {
    let mut app = open();
    for (section, key) in [('1', 'd'), ('2', 'd'), ('3', 'd'), ('3', 'D'), ('5', 'd')] {
        press(&mut app, KeyCode::Char(section));
        press(&mut app, KeyCode::Char(key));
        assert!(matches!(app.popup, Some(Popup::Confirm(_))), "{section}{key}");
        // A return key pressed twice by habit removes nothing.
        assert!(press(&mut app, KeyCode::Enter).is_empty());
        assert!(app.popup.is_none());
        press(&mut app, KeyCode::Char(key));
        assert_eq!(press(&mut app, KeyCode::Char('y')).len(), 1, "{section}{key}");
        done(&mut app, Reply::Changed(Ok("gone".into())));
    }
}

#[test]
fn damaged_records_are_left_alone() {
    let mut app = open();
    app.secrets.select("broken");
    for key in ['r', 'e', 'm'] {
        assert!(press(&mut app, KeyCode::Char(key)).is_empty());
        assert!(app.popup.is_none());
        assert!(app.message.take().unwrap().text.contains("its record is missing"));
    }
}

#[test]
fn a_change_outside_is_read_where_it_is_seen() {
    let mut app = open();
    press(&mut app, KeyCode::Char('2'));
    assert!(matches!(work(done(&mut app, Reply::Outside)), Work::Load(Section::Policies)));
    assert!(matches!(work(press(&mut app, KeyCode::Char('1'))), Work::Load(Section::Secrets)));
    press(&mut app, KeyCode::Char('2'));
    press(&mut app, KeyCode::Char('n'));
    assert_eq!(done(&mut app, Reply::Outside).len(), 2, "the preview wants the names too");
}

#[test]
fn sections_turn_and_filters_stay_with_their_list() {
    let mut app = open();
    press(&mut app, KeyCode::Char('/'));
    type_in(&mut app, "dburl");
    assert_eq!(app.secrets.selected().unwrap().name, name("db-url"));
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.section, Section::Policies);
    press(&mut app, KeyCode::BackTab);
    assert_eq!((app.section, app.secrets.len()), (Section::Secrets, 1));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.secrets.len(), 5);
    press(&mut app, KeyCode::BackTab);
    assert_eq!(app.section, Section::Members);
}

#[test]
fn the_past_is_read_when_a_row_rests() {
    let mut app = open();
    assert!(app.update(NOW, Action::Tick).is_empty());
    assert!(
        matches!(work(app.update(NOW, Action::Tick)), Work::History(one) if one == name("api-key"))
    );
    assert!(app.update(NOW, Action::Tick).is_empty(), "once");
    app.secrets.select("db-url");
    assert!(app.update(NOW, Action::Tick).is_empty());
    assert!(matches!(work(app.update(NOW, Action::Tick)), Work::History(_)));
}

#[test]
fn a_session_is_made_of_a_policy_in_force_and_its_token_shown_once() {
    let mut app = open();
    press(&mut app, KeyCode::Char('3'));
    press(&mut app, KeyCode::Char('n'));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert!(matches!(form.purpose, Purpose::Session));
    let Work::SessionCreate(options) = work(ctrl(&mut app, 's')) else { panic!() };
    assert_eq!(options.scope.as_str(), "backend");
    assert!(options.run_only, "an agent is what tokens are for");
    done(&mut app, Reply::Policies(Ok(Vec::new())));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('n'));
    assert!(app.popup.is_none() && app.message.as_ref().unwrap().is_error);
}

#[test]
fn an_answer_that_comes_late_takes_nothing_away() {
    let mut app = open();
    press(&mut app, KeyCode::Char('n'));
    type_in(&mut app, "first");
    press(&mut app, KeyCode::Enter);
    type_in(&mut app, "v");
    ctrl(&mut app, 's');
    // Cancelled, and another one begun, before the answer is there.
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('n'));
    type_in(&mut app, "second");
    done(&mut app, Reply::Changed(Ok("stored first".into())));
    done(&mut app, Reply::Value(name("x"), Ok(SecretBytes::new(b"v".to_vec()))));
    done(&mut app, Reply::Changed(Err(refused("no"))));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!((form.value(0), form.error.as_ref()), ("second", None));
    assert_eq!(app.message.as_ref().unwrap().text, "no");
}

#[test]
fn a_popup_scrolls_back_at_once_from_its_end() {
    let mut app = open();
    press(&mut app, KeyCode::Char('?'));
    for _ in 0..100 {
        press(&mut app, KeyCode::Down);
    }
    app.reach.set(7);
    press(&mut app, KeyCode::Up);
    assert!(matches!(app.popup, Some(Popup::Help { scroll: 6 })));
}

#[test]
fn nothing_prints_what_is_secret() {
    let mut app = open();
    press(&mut app, KeyCode::Char('n'));
    type_in(&mut app, "x");
    press(&mut app, KeyCode::Enter);
    type_in(&mut app, "hunter2");
    assert!(!format!("{app:?}").contains("hunter2"));
    done(&mut app, Reply::Value(name("x"), Ok(SecretBytes::new(b"hunter2".to_vec()))));
    assert!(!format!("{app:?}").contains("hunter2"));
}

#[test]
fn what_was_typed_is_not_lost_by_one_esc() {
    let mut app = open();
    press(&mut app, KeyCode::Char('n'));
    assert!(press(&mut app, KeyCode::Esc).is_empty() && app.popup.is_none(), "nothing was typed");
    press(&mut app, KeyCode::Char('n'));
    app.update(NOW, Action::Paste(zeroize::Zeroizing::new("pasted".to_owned())));
    press(&mut app, KeyCode::Esc);
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!(form.value(0), "pasted");
    press(&mut app, KeyCode::Esc);
    assert!(app.popup.is_none());
}

#[test]
fn a_sync_is_asked_for_and_what_both_changed_is_decided() {
    let mut app = open();
    let brief = |ahead, behind| authy::BriefStatus {
        who: Some("alice".into()),
        uncommitted: false,
        ahead,
        behind,
    };
    done(&mut app, Reply::Brief(brief(2, 1)));
    assert!(matches!(work(press(&mut app, KeyCode::Char('S'))), Work::Sync));
    done(&mut app, Reply::Conflicts(vec![conflict("db-key"), conflict("db-url")]));
    assert!(press(&mut app, KeyCode::Enter).is_empty(), "nothing is decided by habit");
    press(&mut app, KeyCode::Down);
    let Work::Take { name, choice } = work(press(&mut app, KeyCode::Char('t'))) else { panic!() };
    assert_eq!((name.as_str(), choice), ("db-url", authy::Choice::Theirs));
    assert!(app.popup.is_none());
}

#[test]
fn a_value_before_and_a_code_are_a_key_away() {
    let mut app = open();
    press(&mut app, KeyCode::Char('u'));
    assert!(matches!(app.popup, Some(Popup::Confirm(_))));
    assert!(matches!(work(press(&mut app, KeyCode::Char('y'))), Work::Restore(_)));
    assert!(matches!(work(press(&mut app, KeyCode::Char('o'))), Work::Code(_)));
    let code = SecretBytes::new(b"123456".to_vec());
    let made = authy::OneTimeCode { code, seconds_left: 12 };
    let effects = done(&mut app, Reply::Code(name("api-key"), Ok(made)));
    assert!(matches!(effects.as_slice(), [Effect::Clipboard(_)]));
    assert!(app.message.as_ref().unwrap().text.contains("123456"));
}

#[test]
fn secrets_are_sorted_and_the_selection_stays() {
    let mut app = open();
    let mut due = secret("zebra", 1);
    let details = due.details.as_mut().unwrap();
    details.rotate_due = Some("old".into());
    details.changed = "2026-11-24T09:00:00Z".into();
    done(&mut app, Reply::Secrets(Ok(vec![secret("api-key", 1), secret("db-url", 1), due])));
    app.secrets.select("db-url");
    let first = |app: &App| app.secrets.rows()[0].name.to_string();
    press(&mut app, KeyCode::Char('s'));
    assert_eq!(first(&app), "zebra", "its value is the newest");
    press(&mut app, KeyCode::Char('s'));
    assert_eq!(first(&app), "zebra", "it is due");
    press(&mut app, KeyCode::Char('s'));
    assert_eq!(first(&app), "api-key");
    assert_eq!(app.secrets.selected().unwrap().name, name("db-url"));
}

#[test]
fn members_are_added_and_put_into_groups() {
    let mut app = open();
    press(&mut app, KeyCode::Char('5'));
    press(&mut app, KeyCode::Char('n'));
    type_in(&mut app, "carol");
    press(&mut app, KeyCode::Tab);
    type_in(&mut app, "age1xyz");
    press(&mut app, KeyCode::Tab);
    type_in(&mut app, "@ops");
    let Work::MemberAdd(new) = work(ctrl(&mut app, 's')) else { panic!() };
    assert_eq!(
        (new.name.as_str(), new.recipients.as_slice()),
        ("carol", &["age1xyz".to_owned()][..])
    );
    assert_eq!(new.groups[0].as_str(), "ops");
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('e'));
    ctrl(&mut app, 'u');
    type_in(&mut app, "ops");
    let Work::MemberUpdate(change) = work(ctrl(&mut app, 's')) else { panic!() };
    assert_eq!(change.remove_groups[0].as_str(), "backend");
    assert_eq!(change.groups[0].as_str(), "ops");
    press(&mut app, KeyCode::Esc);
    // What somebody did is a key away.
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.section, app.audit.filter.text()), (Section::Audit, "who:alice"));
}

#[test]
fn who_is_no_admin_is_told_so_at_once() {
    let mut app = open();
    app.who.as_mut().unwrap().admin = false;
    for (section, key) in [('2', 'n'), ('2', 'a'), ('5', 'e'), ('5', 'd')] {
        press(&mut app, KeyCode::Char(section));
        assert!(press(&mut app, KeyCode::Char(key)).is_empty());
        assert!(app.popup.is_none() && app.message.as_ref().unwrap().is_error);
    }
    press(&mut app, KeyCode::Char('1'));
    press(&mut app, KeyCode::Char('n'));
    assert!(app.popup.is_some(), "a member stores secrets");
}

#[test]
fn a_policy_has_seals_and_programs() {
    let mut app = open();
    press(&mut app, KeyCode::Char('2'));
    press(&mut app, KeyCode::Char('e'));
    for _ in 0..4 {
        press(&mut app, KeyCode::Tab);
    }
    press(&mut app, KeyCode::Char(' '));
    press(&mut app, KeyCode::Tab);
    type_in(&mut app, "github-token=api.github.com");
    press(&mut app, KeyCode::Tab);
    type_in(&mut app, "claude npm");
    let Work::PolicyUpdate(change) = work(ctrl(&mut app, 's')) else { panic!() };
    assert_eq!(change.seal_only, Some(true));
    assert_eq!(change.seal, ["github-token=api.github.com"]);
    assert_eq!(change.commands, ["claude", "npm"]);
    assert!(!change.any_command && change.remove_seal.is_empty());
}

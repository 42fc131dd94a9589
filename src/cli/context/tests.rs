//! How flags, environment and project file are resolved, without touching the real ones.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::rc::Rc;

use authy::{IdentitySource, ScopeName, TokenSource};
use time::OffsetDateTime;

use super::CliEnv;
use crate::cli::Global;
use crate::cli::agent::Above;
use crate::cli::error::Failure;
use crate::cli::ui::Ui;

/// A env with these variables and flags, in no folder at all.
fn env<const N: usize>(variables: [(&str, &str); N], global: Global) -> CliEnv {
    let known: BTreeMap<String, OsString> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    CliEnv {
        ui: Ui::new(&global),
        global,
        now: OffsetDateTime::UNIX_EPOCH,
        folder: None,
        variables: Box::new(move |name| known.get(name).cloned()),
        project: OnceCell::new(),
        above: Rc::new(OnceCell::from(Above::default())),
        once: OnceCell::new(),
        account_home: OnceCell::from(None),
        typed: Rc::default(),
        unsent: Rc::default(),
    }
}

fn flags(vault: Option<&str>, keyfile: Option<&str>) -> Global {
    let path = |text: &str| PathBuf::from(text);
    Global { vault: vault.map(path), keyfile: keyfile.map(path), ..Global::default() }
}

#[test]
fn the_vault_is_the_flag_then_the_variable_then_the_home() {
    let all = [("HOME", "/h"), ("AUTHY_VAULT", "/v")];
    let vault = |env: CliEnv| env.context().unwrap().vault;
    assert_eq!(vault(env(all, flags(Some("/f"), None))), PathBuf::from("/f"));
    assert_eq!(vault(env(all, flags(None, None))), PathBuf::from("/v"));
    assert_eq!(vault(env([("HOME", "/h")], flags(None, None))), PathBuf::from("/h/.authy"));
    let empty = [("HOME", "/h"), ("AUTHY_VAULT", "")];
    assert_eq!(vault(env(empty, flags(None, None))), PathBuf::from("/h/.authy"));
    assert!(matches!(env([], flags(None, None)).context(), Err(Failure::NoHome)));
}

#[test]
fn the_identity_is_the_flag_then_the_file_then_the_text() {
    let all = [("HOME", "/h"), ("AUTHY_KEYFILE", "~/k"), ("AUTHY_IDENTITY", "text")];
    let identity = |env: CliEnv| env.context().unwrap().identity;
    let file = |source: IdentitySource| match source {
        IdentitySource::File(path) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(file(identity(env(all, flags(None, Some("/f"))))), PathBuf::from("/f"));
    assert_eq!(file(identity(env(all, flags(None, None)))), PathBuf::from("/h/k"));
    let text = identity(env([("HOME", "/h"), ("AUTHY_IDENTITY", "text")], flags(None, None)));
    assert!(matches!(text, IdentitySource::Text(text) if text.expose() == b"text"));
    let none = identity(env([("HOME", "/h")], flags(None, None)));
    assert!(matches!(none, IdentitySource::Default));
}

#[test]
fn an_empty_token_is_a_token() {
    let token = |env: CliEnv| env.context().unwrap().token;
    let given = token(env([("HOME", "/h"), ("AUTHY_TOKEN", "")], flags(None, None)));
    assert!(matches!(given, Some(TokenSource::Text(token)) if token.is_empty()));
    assert!(token(env([("HOME", "/h")], flags(None, None))).is_none());
}

#[test]
fn a_token_is_the_flags_file_then_the_variable_then_the_variables_file() {
    let all = [("HOME", "/h"), ("AUTHY_TOKEN", "t"), ("AUTHY_TOKEN_FILE", "~/f")];
    let token = |env: CliEnv| env.context().unwrap().token.unwrap();
    let by_flag = Global { token_file: Some("~/g".into()), ..Global::default() };
    let file = |token: TokenSource| match token {
        TokenSource::File(path) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(file(token(env(all, by_flag))), PathBuf::from("/h/g"));
    assert!(matches!(token(env(all, flags(None, None))), TokenSource::Text(_)));
    let [home, _, by_file] = all;
    assert_eq!(file(token(env([home, by_file], flags(None, None)))), PathBuf::from("/h/f"));
}

#[test]
fn the_flag_wins_over_the_scope_of_the_environment() {
    let given = ScopeName::parse("flag").unwrap();
    let there = env([("HOME", "/h"), ("AUTHY_SCOPE", "here")], flags(None, None));
    assert_eq!(there.scope(Some(given.clone())).unwrap(), Some(given));
    assert_eq!(there.scope(None).unwrap().unwrap().as_str(), "here");
    assert_eq!(there.context().unwrap().confined.unwrap().as_str(), "here");
    let empty = env([("HOME", "/h"), ("AUTHY_SCOPE", "")], flags(None, None));
    assert_eq!(empty.scope(None).unwrap(), None);
}

#[test]
fn a_scope_that_is_no_name_confines_to_nothing() {
    for value in [OsString::from("Bad Scope"), OsString::from_vec(b"\xff".to_vec())] {
        let mut there = env([("HOME", "/h")], flags(None, None));
        there.variables = Box::new(move |name| {
            Some(if name == "AUTHY_SCOPE" { value.clone() } else { "/h".into() })
        });
        assert!(matches!(there.context(), Err(Failure::Confined(_))));
        assert!(matches!(there.scope(None), Err(Failure::Confined(_))));
    }
}

#[test]
fn the_state_folder_follows_the_standard() {
    let state = |env: CliEnv| env.state().unwrap();
    let own = [("AUTHY_STATE_DIR", "/s"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
    assert_eq!(state(env(own, flags(None, None))), PathBuf::from("/s"));
    let standard = [("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
    assert_eq!(state(env(standard, flags(None, None))), PathBuf::from("/x/authy"));
    let relative = [("XDG_STATE_HOME", "x"), ("HOME", "/h")];
    let usual = PathBuf::from("/h/.local/state/authy");
    assert_eq!(state(env(relative, flags(None, None))), usual);
}

#[test]
fn keys_reached_by_going_up_are_not_the_users_own() {
    let there = env([("HOME", "/h")], flags(None, None));
    assert!(there.is_own_key("/h/.authy/keys/master.key".as_ref()));
    for key in ["/h/.authy/keys/../../x", "/h/.authy/keysmith/x", "/h/.ssh/id", "keys/x"] {
        assert!(!there.is_own_key(key.as_ref()), "{key}");
    }
}

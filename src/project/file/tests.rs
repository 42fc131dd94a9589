//! What a project file may say, and what it is told when it says something else.

use crate::kind::Failure as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{MAX_SIZE, ProjectFile};
use crate::kind::Kind;
use crate::project::error::ProjectError;

fn parse(content: &str) -> Result<ProjectFile, ProjectError> {
    ProjectFile::parse(
        Path::new("/p/.authy.toml"),
        content.as_bytes(),
        Some(Path::new("/home/alice")),
    )
}

/// The message of a fault, after the path, and its hint.
fn fault(content: &str) -> (String, String) {
    let error = parse(content).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    let message = error.to_string();
    let message = message.strip_prefix("'/p/.authy.toml' ").unwrap().to_owned();
    assert!(!message.contains('\n'), "{message}");
    (message, error.hint().unwrap_or_default())
}

#[test]
fn every_key_of_the_manual_is_read() {
    let file = parse(
        r#"
        # .authy.toml (in project root)
        [authy]
        scope = "claude-code"
        keyfile = "~/.authy/keys/master.key"
        vault = "vault"
        uppercase = true
        replace_dash = "_"
        prefix = "APP_"
        aliases = ["claude", "aider"]

        [env]
        DATABASE_URL = "postgres://{db-user}:{db-password}@{db-host}/app"
        "#,
    )
    .unwrap();
    assert_eq!(file.path, Path::new("/p/.authy.toml"));
    assert_eq!(file.scope.unwrap().as_str(), "claude-code");
    assert_eq!(file.keyfile.unwrap(), Path::new("/home/alice/.authy/keys/master.key"));
    assert_eq!(file.vault.unwrap(), Path::new("/p/vault"));
    assert_eq!(file.uppercase, Some(true));
    assert_eq!(file.replace_dash, Some('_'));
    assert_eq!(file.prefix.unwrap(), "APP_");
    let aliases = file.aliases.unwrap();
    assert_eq!(
        aliases.iter().map(crate::name::ToolName::as_str).collect::<Vec<_>>(),
        ["claude", "aider"]
    );
    assert_eq!(file.env["DATABASE_URL"], "postgres://{db-user}:{db-password}@{db-host}/app");
}

#[test]
fn everything_may_be_absent() {
    for content in ["", "[authy]\n", "[env]\n", "# nothing\n"] {
        let file = parse(content).unwrap();
        assert_eq!(
            ProjectFile {
                digest: file.digest.clone(),
                path: file.path.clone(),
                ..ProjectFile::default()
            },
            file
        );
    }
}

#[test]
fn paths_start_at_home_or_at_the_files_folder() {
    let vault = |path: &str| parse(&format!("authy.vault = '{path}'")).unwrap().vault.unwrap();
    assert_eq!(vault("~"), Path::new("/home/alice"));
    assert_eq!(vault("~//etc"), Path::new("/home/alice/etc"));
    assert_eq!(vault("../v"), Path::new("/p/../v"));
    assert_eq!(vault("/v"), Path::new("/v"));
    assert_eq!(vault("~bob/v"), Path::new("/p/~bob/v"));
    let homeless = ProjectFile::parse(Path::new("/p/x"), b"authy.vault = '~/v'", None);
    assert!(homeless.unwrap_err().to_string().contains("no home folder"));
}

#[test]
fn an_unknown_key_is_an_error_with_its_line_and_the_nearest_key() {
    let (message, hint) = fault("[authy]\nscope = \"a\"\nreplace-dash = \"_\"\n");
    assert_eq!(message, "line 3: unknown key 'replace-dash'");
    assert_eq!(hint, "did you mean 'replace_dash'?");
    let (message, hint) = fault("[Authy]\n");
    assert_eq!(message, "line 1: unknown key 'Authy'");
    assert_eq!(hint, "did you mean 'authy'?");
    assert_eq!(fault("[authy]\nx = 1\n").1, "");
    assert_eq!(fault("\n[other]\n").0, "line 2: unknown key 'other'");
}

#[test]
fn a_missing_header_is_explained() {
    let (message, hint) = fault("scope = \"a\"\n");
    assert_eq!(message, "line 1: 'scope' stands outside [authy]");
    assert_eq!(hint, "put a line '[authy]' above it");
}

#[test]
fn a_wrong_type_is_an_error_that_says_what_is_right() {
    for (line, expected) in [
        ("scope = 1", "'scope' must be text in quotes"),
        ("uppercase = \"yes\"", "'uppercase' must be true or false"),
        ("replace_dash = \"__\"", "'replace_dash' must be one character in quotes"),
        ("replace_dash = \"\"", "'replace_dash' must be one character in quotes"),
        ("aliases = \"claude\"", "'aliases' must be a list of program names in quotes"),
        ("aliases = [1]", "'aliases' must be a list of program names in quotes"),
        ("vault = \"\"", "'vault' must be a path in quotes"),
        ("keyfile = true", "'keyfile' must be a path in quotes"),
    ] {
        let (message, _) = fault(&format!("[authy]\n{line}\n"));
        assert_eq!(message, format!("line 2: {expected}"));
    }
    assert_eq!(fault("authy = 1").0, "line 1: 'authy' must be a table");
    assert!(fault("[authy]\nscope = \"A\"\n").0.starts_with("line 2: invalid scope name 'A'"));
}

#[test]
fn an_alias_is_a_plain_program_name() {
    for alias in ["Claude", "-x", "a b", "a;b", "$(x)", "a\\nb", "", "a/b", &"a".repeat(33)] {
        let (message, hint) = fault(&format!("[authy]\naliases = [\"ok\",\n\"{alias}\"]\n"));
        assert!(message.starts_with("line 3: "), "{message}");
        assert!(hint.contains("a-z"), "{hint}");
    }
    assert!(parse(&format!("authy.aliases = [\"{}\", \"g++\"]", "a".repeat(32))).is_err());
    assert!(parse("authy.aliases = [\"a.b_c-1\"]").is_ok());
    for word in ["sudo", "cd", "git", "authy", "eval"] {
        let (message, _) = fault(&format!("authy.aliases = [\"{word}\"]"));
        assert!(message.contains("needs it as it is"), "{message}");
    }
}

#[test]
fn errors_never_quote_a_template() {
    for content in [
        "[env]\nA = [\"hunter2\"]\n",
        "[env]\n\"A-B\" = \"hunter2\"\n",
        "[env]\nA = \"hunter2\n",
        "[env]\nA = \"hunter2\\q\"\n",
        "[env]\nA = hunter2\n",
        "[env]\nA = \"x\"\nA = \"hunter2\"\n",
    ] {
        let error = parse(content).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert!(error.to_string().contains("line 2") || error.to_string().contains("line 3"));
    }
}

#[test]
fn only_a_small_regular_file_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".authy.toml");
    let read = || ProjectFile::read(&path, None);
    assert_eq!(read().unwrap_err().kind(), Kind::Failure);

    fs::create_dir(&path).unwrap();
    assert!(matches!(read().unwrap_err(), ProjectError::NotAFile { .. }));
    fs::remove_dir(&path).unwrap();

    let status = crate::skipped::command("mkfifo").arg(&path).status().unwrap();
    assert!(status.success());
    assert!(matches!(read().unwrap_err(), ProjectError::NotAFile { .. }));
    fs::remove_file(&path).unwrap();

    let largest = "#".repeat(usize::try_from(MAX_SIZE).unwrap());
    fs::write(&path, &largest).unwrap();
    assert!(read().is_ok());
    fs::write(&path, largest + "#").unwrap();
    assert!(matches!(read().unwrap_err(), ProjectError::TooLarge { .. }));
}

#[test]
fn a_linked_folder_is_the_same_place() {
    let dir = tempfile::tempdir().unwrap();
    let folder: PathBuf = dir.path().canonicalize().unwrap().join("p");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(".authy.toml"), "authy.vault = 'v'").unwrap();
    std::os::unix::fs::symlink(&folder, dir.path().join("link")).unwrap();
    let file = ProjectFile::read(&dir.path().join("link/.authy.toml"), None).unwrap();
    assert_eq!(file, ProjectFile::read(&folder.join(".authy.toml"), None).unwrap());
    assert_eq!(file.vault.unwrap(), folder.join("v"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, text in "(\\[(authy|env)\\]|[a-z]{1,9}|=|\"|\\[|\\]|\n|,|'|~/| |true|1|\\.){0,20}") {
        for content in [&bytes[..], text.as_bytes()] {
            let _ = ProjectFile::parse(Path::new("/p/.authy.toml"), content, None);
        }
    }
}

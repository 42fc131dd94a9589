//! `env` and `export`: the formats. What shells make of them stands in shells.rs.

use crate::harness::Sandbox;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "postgres://u:p@h/d"), ("api-key", "it's")]);
    t.policy("all", ["*"]);
    t
}

fn env<'t>(t: &'t Sandbox, words: &[&str]) -> crate::harness::Call<'t> {
    t.authy(["env", "--scope", "all"].iter().chain(words))
}

#[test]
fn shell_is_the_format_unless_told_otherwise() {
    let t = stocked();
    let plain = env(&t, &[]).ok().stdout_has("export api_key=").stdout_has("export db_url=");
    assert_eq!(plain.text(), env(&t, &["--format", "shell"]).ok().text());
    env(&t, &["--no-export"]).ok().stdout_lacks("export").stdout_has("db_url=");
}

#[test]
fn naming_applies_to_env() {
    let t = stocked();
    env(&t, &["--uppercase", "--prefix", "MY_", "--format", "json"])
        .ok()
        .stdout_is_json(r#"{"MY_API_KEY":"it's","MY_DB_URL":"postgres://u:p@h/d"}"#);
    env(&t, &["--only", "db-*", "--format", "json"])
        .ok()
        .stdout_is_json(r#"{"db_url":"postgres://u:p@h/d"}"#);
}

#[test]
fn json_keeps_every_text() {
    let t = stocked();
    let nasty = "quote\" back\\slash\nnew\tline \u{1b}[31m é 漢 \u{2028} </script>";
    t.store([("nasty", nasty)]);
    assert_eq!(env(&t, &["--format", "json"]).ok().json()["nasty"], nasty);
}

#[test]
fn json_cannot_hold_bytes_that_are_no_text() {
    let t = stocked();
    t.authy(["store", "bin", "--raw"]).stdin(b"\xff\xfe").ok();
    let done = env(&t, &["--format", "json"]).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("").stderr_has("bin");
}

#[test]
fn dotenv_has_one_assignment_for_each_secret() {
    let t = stocked();
    let out = env(&t, &["--format", "dotenv"]).ok().stdout_lacks("export ");
    assert_eq!(out.lines().len(), 2, "{out}");
    assert!(out.lines()[1].starts_with("db_url="), "{out}");
    assert!(out.lines()[1].contains("postgres://u:p@h/d"), "{out}");
}

#[test]
fn powershell_doubles_single_quotes() {
    let t = stocked();
    env(&t, &["--format", "powershell"]).ok().stdout_has("$env:api_key").stdout_has("'it''s'");
}

#[test]
fn github_uses_delimiters_no_value_can_contain() {
    let t = stocked();
    let value = "line one\nEOF\nghadelimiter\nname=other\nlast";
    t.store([("multi", value)]);
    let out = env(&t, &["--format", "github"]).ok();
    let parsed = parse_github(&out.text());
    assert_eq!(
        parsed.iter().find(|(name, _)| name == "multi").map(|pair| &pair.1[..]),
        Some(value),
        "{out}"
    );
    assert_eq!(parsed.len(), 3, "{out}");
}

/// Reads `name=value` and `name<<DELIMITER` … `DELIMITER`, as the runner does.
fn parse_github(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let mut pairs = Vec::new();
    while let Some(line) = lines.next() {
        let heredoc = line.split_once("<<").filter(|(name, _)| !name.contains('='));
        if let Some((name, delimiter)) = heredoc {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            pairs.push((name.to_owned(), value.join("\n")));
        } else if line.starts_with("::add-mask::") || line.is_empty() {
        } else {
            let (name, value) = line.split_once('=').unwrap();
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    pairs
}

#[test]
fn an_unknown_format_is_a_usage_error() {
    let t = stocked();
    env(&t, &["--format", "xml"]).fails(2).stderr_has("dotenv");
}

#[test]
fn export_gives_the_same_values() {
    let t = stocked();
    t.authy(["export", "--scope", "all", "--format", "json"])
        .ok()
        .stdout_is_json(r#"{"api_key":"it's","db_url":"postgres://u:p@h/d"}"#);
    t.authy(["export", "--scope", "all"]).ok().stdout_has("db_url=");
}

#[test]
fn reading_values_is_recorded_under_its_own_name() {
    let t = stocked();
    env(&t, &[]).ok();
    let entry = t.last_entry();
    assert_eq!(entry["op"], "env");
    assert_eq!(entry["secrets"], serde_json::json!(["api-key", "db-url"]));
    t.authy(["export", "--scope", "all"]).ok();
    assert_eq!(t.last_entry()["op"], "export");
}

#[test]
fn each_program_gets_the_dotenv_file_that_it_reads() {
    let t = stocked();
    t.store([("cash", "pa$word \"x\"")]);
    let only = |more: &[&str]| env(&t, &[&["--only", "cash"], more].concat());
    let common = only(&["--format", "dotenv"]).ok().stdout_is("cash='pa$word \"x\"'\n");
    common.stderr_has("Next.js, Vite, Bun, dotenv-cli expand the '$'").stderr_has("docker");
    for (program, line) in [
        ("next", "cash='pa\\$word \"x\"'\n"),
        ("bun", "cash=`pa\\$word \"x\"`\n"),
        ("docker", "cash=pa$word \"x\"\n"),
        ("systemd", "cash='pa$word \"x\"'\n"),
        ("node", "cash='pa$word \"x\"'\n"),
    ] {
        only(&["--for", program]).ok().stdout_is(line).stderr_is_empty();
    }
    only(&["--for", "next", "--format", "dotenv"]).ok();
    only(&["--for", "next", "--format", "json"]).fails(2).stderr_has("leave --format out");
    let export = ["export", "--scope", "all", "--only", "cash", "--for", "docker"];
    t.authy(export).ok().stdout_is("cash=pa$word \"x\"\n");
}

#[test]
fn all_that_cannot_be_written_is_named_at_once() {
    let t = stocked();
    t.store([("two", "a\nb"), ("three", "a\nb\nc"), ("inject", "a\nPATH=/tmp\nb")]);
    let refused = env(&t, &["--for", "docker"]).fails(2).stdout_is("");
    refused.stderr_has("'two'").stderr_has("'three'").stderr_has("--except");
    env(&t, &["--for", "docker", "--except", "t*", "--except", "inject"]).ok();
    let refused = env(&t, &["--format", "dotenv"]).fails(2);
    refused.stderr_has("'inject'").stderr_lacks("'two'").stderr_has("--multiline");
    env(&t, &["--format", "dotenv", "--multiline"]).ok().stdout_has("inject='a\nPATH=/tmp\nb'");
}

#[test]
fn names_alone_open_nothing() {
    let t = stocked();
    env(&t, &["--uppercase", "--format", "names"]).ok().stdout_is("API_KEY\nDB_URL\n");
    t.authy(["policy", "update", "all", "--run-only"]).ok();
    env(&t, &["--format", "shell"]).fails(4);
    env(&t, &["--format", "names", "--json"]).ok().stdout_is_json(r#"["api_key","db_url"]"#);
    let token = t.authy(["session", "create", "--scope", "all"]).ok().text();
    let with = |scope: &str| {
        let words = ["env", "--scope", scope, "--format", "names"];
        t.authy(words).env("AUTHY_TOKEN", token.trim())
    };
    with("all").ok().stdout_is("api_key\ndb_url\n");
    t.policy("other", ["*"]);
    with("other").fails(4);
    env(&t, &["--format", "names", "--only", "absent"]).fails(3);
    t.verifies();
}

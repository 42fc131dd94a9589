//! `scan`: copies of values are found wherever they lie, and no value is shown.

use serde_json::Value;

use crate::harness::Sandbox;
use crate::team::Team;

const DB: &str = "s3cr3t/Database+Passw0rd-4711";
const KEY: &str = "tok4711AbCdEfGhIjKlMnOpQr";

fn scene() -> Sandbox {
    let t = Sandbox::new();
    t.authy(["store", "db-password"]).stdin(DB).ok();
    t.authy(["store", "api-key"]).stdin(KEY).ok();
    t
}

/// What was found, as `path:line secret`.
fn found(report: &Value) -> Vec<String> {
    let one = |finding: &Value| {
        let what = finding["secret"].as_str().or(finding["format"].as_str()).unwrap();
        format!("{}:{} {what}", finding["path"].as_str().unwrap(), finding["lines"][0])
    };
    report["found"].as_array().unwrap().iter().map(one).collect()
}

fn git(t: &Sandbox, words: &[&str]) {
    t.program("git", words).ok();
}

#[test]
fn copies_in_files_are_found_however_they_are_written() {
    let t = scene();
    t.authy(["scan"])
        .ok()
        .stdout_is("")
        .stderr_has("found nothing: looked for 2 secrets in 0 files");
    let base64 = data_encoding::BASE64.encode(format!("app:{DB}").as_bytes());
    for (path, text) in [
        (".env", format!("A=1\nDB={DB}\n")),
        ("log.jsonl", format!("{{}}\n{{\"auth\":\"Basic {base64}\"}}\n{{\"k\":\"{KEY}\"}}\n")),
        ("deep/er/file.txt", format!("{}\nhttps://x/?k={KEY}&k={KEY}\n", "x".repeat(70_000))),
        ("clean.txt", "s3cr3t/Database+Passw0rd-471\n".to_owned()),
        (".gitignore", ".env\n".to_owned()),
    ] {
        std::fs::create_dir_all(t.work().join(path).parent().unwrap()).unwrap();
        t.write(path, text);
    }
    let done = t.authy(["scan", "--json"]).fails(1);
    let report = done.json();
    assert_eq!(
        found(&report),
        [
            ".env:2 db-password",
            "deep/er/file.txt:2 api-key",
            "log.jsonl:2 db-password",
            "log.jsonl:3 api-key"
        ]
    );
    assert_eq!(report["found"][1]["count"], 2);
    assert!(report["found"][0]["since"].as_str().unwrap().ends_with('Z'));
    // For people, and never a value.
    let done = t.authy(["scan"]).fails(1);
    let done = done.stdout_has(".env:2").stderr_has("authy rotate api-key");
    for value in [DB, KEY, base64.as_str()] {
        assert!(!done.text().contains(value) && !done.messages().contains(value));
    }
    // One file, and what is left out.
    t.authy(["scan", "clean.txt"]).ok();
    t.write(".authyignore", "log.*\n.env\n/deep\n");
    t.authy(["scan"]).ok();
    let last = t.trail().into_iter().next_back().unwrap();
    assert_eq!((&last["op"], &last["outcome"]), (&"scan".into(), &"granted".into()));
    assert_eq!(last["secrets"], serde_json::json!(["api-key", "db-password"]));
}

#[test]
fn what_is_short_or_no_secret_is_not_looked_for() {
    let t = Sandbox::new();
    t.authy(["store", "pin"]).stdin("4711").ok();
    t.authy(["store", "user", "--not-secret"]).stdin("application-user").ok();
    t.write("x", "4711 application-user");
    let report = t.authy(["scan", "--json"]).ok().json();
    assert_eq!(report["too_short"], serde_json::json!(["pin"]));
    t.authy(["scan"]).ok().stderr_has("too short to look for (fewer than 8 bytes): pin");
}

#[test]
fn history_is_searched_and_says_which_commit_brought_it() {
    let t = scene();
    git(&t, &["init", "-q", "."]);
    t.write("config.py", format!("KEY = '{KEY}'\n"));
    git(&t, &["add", "."]);
    git(&t, &["commit", "-qm", "Add settings"]);
    let first = t.program("git", ["rev-parse", "HEAD"]).ok().text().trim().to_owned();
    t.write("config.py", format!("# more\nKEY = '{KEY}'\n"));
    git(&t, &["commit", "-qam", "Change"]);
    t.write("config.py", "KEY = env('KEY')\n");
    git(&t, &["commit", "-qam", &format!("Remove {DB}")]);
    // Never committed, and stashed away.
    t.write("config.py", format!("x = '{DB}'\n"));
    git(&t, &["stash"]);
    git(&t, &["tag", "-a", "v1", "-m", &format!("first\n{KEY}")]);
    git(&t, &["gc", "-q"]);
    t.authy(["scan"]).ok();
    let report = t.authy(["scan", "--history", "--json"]).fails(1).json();
    let found = found(&report);
    assert_eq!(
        found,
        [
            "config.py:1 api-key",
            "config.py:1 db-password",
            "message:1 db-password",
            "tag v1:2 api-key"
        ]
    );
    assert_eq!(report["found"][0]["commit"], first.as_str());
    assert_eq!(report["found"][0]["author"], "Alice Test");
    t.authy(["scan", "--history"]).fails(1).stdout_has(&first[..10]);
    // Whatever the user's settings of diffs say.
    std::fs::create_dir(t.work().join("sub")).unwrap();
    git(&t, &["config", "diff.relative", "true"]);
    t.write("ü.txt", KEY);
    git(&t, &["add", "ü.txt"]);
    let staged = t.authy(["scan", "--staged"]).dir(t.work().join("sub")).fails(1);
    staged.stdout_has("ü.txt:1: api-key (staged)");
    t.write(".authyignore", "*.txt\n");
    t.authy(["scan", "--staged"]).ok();
    t.authy(["scan", "--history"]).dir(t.tmp()).fails(1).stderr_has("not a git repository");
}

#[test]
fn what_is_compressed_is_unpacked() {
    let t = scene();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, format!("one\ntoken={KEY}\n").as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    t.write("old.log.gz", &packed);
    t.write("half.gz", &packed[..20]);
    t.write("a.zip", b"PK\x03\x04");
    let zstd = ruzstd::encoding::compress_to_vec(
        format!("{{\"text\": \"{KEY}\"}}\n").as_bytes(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    t.write("rollout.jsonl.zst", zstd);
    let done = t.authy(["scan"]).fails(1).stderr_has("2 compressed files not unpacked");
    done.stdout_has("old.log.gz:2: api-key").stdout_has("rollout.jsonl.zst:1: api-key");
    // In git as well.
    git(&t, &["init", "-q", "."]);
    git(&t, &["add", "."]);
    git(&t, &["commit", "-qm", "logs"]);
    let report = t.authy(["scan", "--history", "--json"]).fails(1).json();
    assert_eq!(found(&report), ["old.log.gz:2 api-key", "rollout.jsonl.zst:1 api-key"]);
}

#[test]
fn every_path_of_a_copy_is_named() {
    let t = scene();
    git(&t, &["init", "-q", "."]);
    t.write("a.txt", KEY);
    git(&t, &["add", "."]);
    git(&t, &["commit", "-qm", "one"]);
    t.write("b.txt", KEY);
    git(&t, &["add", "."]);
    git(&t, &["commit", "-qm", "two"]);
    let report = t.authy(["scan", "--history", "--json"]).fails(1).json();
    assert_eq!(found(&report), ["a.txt:1 api-key", "b.txt:1 api-key"]);
    assert_ne!(report["found"][0]["commit"], report["found"][1]["commit"]);
}

#[test]
fn what_is_staged_is_refused_by_the_hook() {
    let t = scene();
    git(&t, &["init", "-q", "."]);
    t.write("a.txt", "fine\n");
    git(&t, &["add", "."]);
    t.authy(["scan", "--staged"]).ok().stderr_has("1 git object");
    t.write("b.txt", format!("\n\n{KEY}\n"));
    t.authy(["scan", "--staged"]).ok();
    git(&t, &["add", "."]);
    let report = t.authy(["scan", "--staged", "--json"]).fails(1).json();
    assert_eq!(found(&report), ["b.txt:3 api-key"]);
    assert_eq!(report["found"][0]["staged"], true);
    // The index that a hook is told of counts.
    let index = t.path("index");
    std::fs::copy(t.work().join(".git/index"), &index).unwrap();
    git(&t, &["rm", "-q", "--cached", "b.txt"]);
    t.authy(["scan", "--staged"]).ok();
    t.authy(["scan", "--staged"]).env("GIT_INDEX_FILE", &index).fails(1);
}

#[test]
fn the_hook_of_a_vault_in_a_project_looks_for_values() {
    let t = Sandbox::empty();
    git(&t, &["init", "-q", "."]);
    let vault = t.work().join("vault");
    let authy = |words: &[&str]| t.authy([&["--vault", vault.to_str().unwrap()], words].concat());
    authy(&["init", "--member", "alice"]).ok();
    authy(&["store", "api-key"]).stdin(KEY).ok();
    authy(&["check", "--install-hook"]).ok();
    git(&t, &["add", "."]);
    git(&t, &["commit", "-qm", "One"]);
    t.write("c.txt", KEY);
    git(&t, &["add", "c.txt"]);
    t.program("git", ["commit", "-qm", "Two"])
        .fails(1)
        .stderr_has("c.txt:1")
        .stderr_has("not committed");
    t.write("c.txt", "fine");
    git(&t, &["commit", "-qam", "Two"]);
}

#[test]
fn transcripts_of_agents_and_shells_are_searched() {
    let t = scene();
    let place = t.home().join(".claude/projects/x");
    std::fs::create_dir_all(&place).unwrap();
    let text = serde_json::json!({"content": format!("{{\"stdout\": \"DB={DB}\\n\"}}")});
    std::fs::write(place.join("1.jsonl"), format!("{text}\n")).unwrap();
    std::fs::write(t.home().join(".zsh_history"), format!(": 1:0;curl -u app:{DB} x\n")).unwrap();
    let report = t.authy(["scan", "--transcripts", "--json"]).fails(1).json();
    let home = t.home().to_string_lossy().into_owned();
    assert_eq!(
        found(&report),
        [
            format!("{home}/.claude/projects/x/1.jsonl:1 db-password"),
            format!("{home}/.zsh_history:1 db-password")
        ]
    );
}

#[test]
fn a_token_looks_for_its_scope_and_sealed_values_for_nobody() {
    let t = scene();
    t.authy(["policy", "create", "bot", "--allow", "*", "--run-only"]).ok();
    t.authy(["policy", "create", "web", "--allow", "*", "--seal", "api-key=api.test"]).ok();
    t.authy(["policy", "create", "db", "--allow", "db-*"]).ok();
    t.write("x", format!("{DB}\n{KEY}\n"));
    let by = |scope: &str| {
        let words = ["session", "create", "--scope", scope, "--json"];
        let token = t.authy(words).ok().json()["token"].as_str().unwrap().to_owned();
        t.authy(["scan", "--json"]).env("AUTHY_TOKEN", token).fails(1).json()
    };
    assert_eq!(found(&by("bot")), ["x:1 db-password", "x:2 api-key"]);
    assert_eq!(found(&by("db")), ["x:1 db-password"]);
    let sealed = by("web");
    assert_eq!(found(&sealed), ["x:1 db-password"]);
    assert_eq!(sealed["sealed"], serde_json::json!(["api-key"]));
    t.authy(["scan", "--scope", "db"]).fails(1).stdout_has("x:1");
    // A token that does not work is no reason to look for less.
    t.authy(["scan"]).env("AUTHY_TOKEN", "authy_v1.nonsense").fails(6);
}

#[test]
fn without_an_identity_known_formats_are_looked_for() {
    let t = Sandbox::empty();
    let token = format!("{}_{}", "ghp", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ");
    t.write("x", format!("TOKEN={token}\n"));
    t.write("y", format!("TOKEN={token} # authy:allow\n"));
    let done = t.authy(["scan", "--json"]).fails(1);
    assert_eq!(found(&done.json()), ["x:1 GitHub token"]);
    assert!(done.json()["without_values"].is_string());
    let done = t.authy(["scan"]).fails(1).stderr_has("looking for known formats only");
    assert!(!done.text().contains(&token));
    // What was asked for is not left out in silence.
    t.authy(["scan", "--scope", "bot"]).fails(5);
    let t = t.with_vault();
    t.authy(["scan"]).ok();
    t.authy(["scan", "--formats"]).fails(1);
    t.authy(["scan", "--no-values"]).fails(1);
}

#[test]
fn names_of_files_are_looked_at_and_never_shown_with_a_value() {
    let t = scene();
    let name = format!("copy-{KEY}.txt");
    t.write(&name, format!("{DB}\n"));
    for words in [&["scan"][..], &["scan", "--json"], &["scan", "--sarif"]] {
        let done = t.authy(words).fails(1).stdout_has("authy").stdout_has("api-key");
        assert!(!done.text().contains(KEY) && !done.messages().contains(KEY), "{words:?}");
    }
    let report = t.authy(["scan", "--json"]).fails(1).json();
    assert_eq!(report["found"].as_array().unwrap().len(), 2);
    assert_eq!(report["found"][0]["lines"], serde_json::json!([]));
}

#[test]
fn a_value_at_the_end_of_a_piece_is_counted_once() {
    let t = scene();
    let base64 = data_encoding::BASE64.encode(KEY.as_bytes());
    for before in [-60_i64, -33, -20, -1, 0, 7] {
        let start = (4 << 20) + before;
        let filler = "0123456789abcde\n".repeat(usize::try_from(start).unwrap() / 16);
        t.write("big", format!("{filler}x {base64}\n{filler}{KEY}\n"));
        let report = t.authy(["scan", "--json"]).fails(1).json();
        let line = filler.lines().count() as u64 + 1;
        assert_eq!(report["found"][0]["lines"], serde_json::json!([line, 2 * line]), "{before}");
        assert_eq!(report["found"][0]["count"], 2);
    }
}

#[test]
fn an_agent_by_itself_has_no_guesses_compared() {
    let t = scene();
    t.authy(["store", "pin"]).stdin("40718263").ok();
    t.authy(["policy", "create", "web", "--allow", "*", "--seal", "api-key=api.test"]).ok();
    t.write("x", format!("40718263\n{KEY}\n{DB}\n"));
    let report = t.authy(["scan", "--json"]).env("CLAUDECODE", "1").fails(1).json();
    assert_eq!(found(&report), ["x:3 db-password"]);
    assert_eq!(report["guessable"], serde_json::json!(["pin"]));
    assert_eq!(report["sealed"], serde_json::json!(["api-key"]));
}

#[test]
fn what_cannot_be_looked_at_is_an_error() {
    let t = scene();
    t.authy(["scan", "nowhere"]).fails(3);
    t.program("mkfifo", ["pipe"]).ok();
    t.authy(["scan", "pipe"]).fails(2).stderr_has("neither a file nor a folder");
    t.authy(["--vault", "nowhere", "scan"]).fails(5);
    t.authy(["scan", "--staged"]).fails(1).stderr_has("not a git repository");
    // Of two names of one value both are told.
    t.authy(["store", "again"]).stdin(KEY).ok();
    t.write("x", KEY);
    let report = t.authy(["scan", "x", "--json"]).fails(1).json();
    assert_eq!(found(&report), ["x:1 again", "x:1 api-key"]);
}

#[test]
fn sarif_names_places_and_no_text() {
    let t = scene();
    t.write("a b.txt", format!("\n{KEY}\n"));
    let done = t.authy(["scan", "--sarif"]).fails(1);
    assert!(!done.text().contains(KEY));
    let sarif = done.json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(result["ruleId"], sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.txt");
    assert_eq!(place["region"], serde_json::json!({"startLine": 2}));
}

#[test]
fn a_secret_that_was_found_is_due_until_it_has_another_value() {
    let t = scene();
    t.write("x", KEY);
    let marking = t.authy(["scan", "--mark"]).ends().code_is(1);
    marking.stderr_has("marked as due for rotation: api-key");
    assert_eq!(t.log()[0], "Mark api-key as leaked");
    t.authy(["scan", "--mark"]).fails(1);
    let due = || t.authy(["list", "--rotate-due"]).ok().text();
    assert!(due().contains("a copy of it was found outside of the vault"), "{}", due());
    t.authy(["annotate", "api-key", "--tag", "x"]).ok();
    assert!(due().contains("api-key"));
    // The same value again changes nothing.
    t.authy(["rotate", "api-key"]).stdin(KEY).ok();
    assert!(due().contains("api-key"));
    t.authy(["rotate", "api-key"]).stdin("another-value-4711").ok();
    assert_eq!(due(), "");
    t.authy(["scan"]).ok();
}

#[test]
fn a_member_looks_for_what_they_may_read() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin(DB).ok();
    team.of("alice", &["rotate", "prod-key"]).stdin(KEY).ok();
    team.of("alice", &["policy", "create", "prod", "--allow", "prod-*", "--member", "bob"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    let file = team.t.write("x", format!("{DB}\n{KEY}\n"));
    let words = ["scan", "--json", file.to_str().unwrap()];
    let report = team.of("bob", &words).fails(1).json();
    assert_eq!(report["closed"], serde_json::json!(["prod-key"]));
    assert_eq!(report["found"].as_array().unwrap().len(), 1);
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    assert_eq!(team.of("bob", &words).fails(1).json()["found"].as_array().unwrap().len(), 2);
}

//! Short words typed in a hurry: folders, several names at once, the value before, what is near.

use crate::harness::{AUTHY, Sandbox, signal};
use crate::screen::Screen;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("prod/db/pass", "1"), ("prod/db/user", "2"), ("prod/web", "3"), ("db-url", "4")]);
    t
}

#[test]
fn a_word_lists_the_names_that_have_it_and_a_slash_a_folder() {
    let t = stocked();
    t.authy(["ls", "db"]).ok().stdout_is("db-url\nprod/db/pass\nprod/db/user\n");
    t.authy(["ls", "DB-U"]).ok().stdout_is("db-url\n");
    t.authy(["ls", "prod/"]).ok().stdout_is("prod/db/pass\nprod/db/user\nprod/web\n");
    t.authy(["ls", "db-*"]).ok().stdout_is("db-url\n");
    t.authy(["ls", "nowhere"]).ok().stdout_is("").stderr_has("no name matches 'nowhere'");
    t.authy(["ls", "--rotate-due"]).ok().stderr_has("nothing is due for rotation");
    t.authy(["-q", "ls", "nowhere"]).ok().stderr_is_empty();
}

#[test]
fn several_secrets_and_folders_are_removed_in_one_commit() {
    let t = stocked();
    t.authy(["rm", "prod"]).fails(2).stderr_has("-r takes all that is in it");
    t.authy(["rm", "prod/"]).fails(2);
    t.authy(["rm", "db-url", "absent"]).fails(3);
    t.holds("db-url", "4");
    let head = t.head();
    t.authy(["rm", "-r", "prod/db/", "db-url"]).ok().stderr_has("removed db-url, prod/db/pass");
    assert_eq!(t.git(["rev-list", "--count", &format!("{head}..HEAD")]), "1");
    assert_eq!(t.log()[0], "Remove 3 secrets, db-url first");
    t.authy(["ls"]).ok().stdout_is("prod/web\n");
    t.authy(["restore", "prod/db/pass"]).ok();
    t.holds("prod/db/pass", "1");
    t.verifies();
}

#[test]
fn a_folder_is_moved_in_one_commit_or_not_at_all() {
    let t = stocked();
    t.authy(["mv", "prod/", "test"]).ok().stderr_has("renamed 3 secrets");
    assert_eq!(t.log()[0], "Rename 3 secrets, prod/db/pass to test/db/pass first");
    t.holds("test/db/pass", "1");
    t.lacks("prod/web");
    t.authy(["mv", "db-url", "test/"]).ok();
    t.holds("test/db-url", "4");
    t.store([("other/web", "5")]);
    t.authy(["mv", "test/", "other/"]).fails(7).stderr_has("other/web");
    t.holds("test/db/pass", "1");
    t.authy(["mv", "nowhere/", "x/"]).fails(3).stderr_has("nothing is in the folder");
}

#[test]
fn on_a_terminal_a_removal_asks_and_a_folder_shows_what_is_in_it() {
    let t = stocked();
    let mut screen = Screen::start(&t, &[AUTHY, "rm", "db-url"]);
    screen.until("Remove db-url? [y/N]").keys("n\r");
    let (code, shown) = screen.last();
    assert_eq!(code, 1, "{shown}");
    t.holds("db-url", "4");
    let mut screen = Screen::start(&t, &[AUTHY, "rm", "db-url"]);
    screen.until("Remove db-url? [y/N]").keys("y\r");
    let (code, shown) = screen.last();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("'authy restore db-url' brings it back"), "{shown}");
    let (code, shown) = Screen::start(&t, &[AUTHY, "rm", "-f", "prod/web"]).last();
    assert_eq!(code, 0, "{shown}");

    let (code, shown) = Screen::start(&t, &[AUTHY, "get", "prod"]).last();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("prod/db/pass"), "{shown}");
    // What wants a value gets none of a list.
    t.authy(["get", "prod"]).fails(3).stdout_is("").stderr_has("'prod' is a folder");
}

#[test]
fn without_a_version_the_value_before_comes_back() {
    let t = Sandbox::new();
    t.store([("key", "one")]);
    t.authy(["restore", "key"]).fails(3).stderr_has("has had no other value");
    t.authy(["rotate", "key", "--raw"]).stdin("two").ok();
    t.authy(["annotate", "key", "--tag", "x"]).ok();
    t.authy(["restore", "key"]).ok();
    t.holds("key", "one");
    t.authy(["restore", "key"]).ok();
    t.holds("key", "two");
    t.authy(["rm", "key"]).ok();
    t.authy(["restore", "key"]).ok();
    t.holds("key", "two");
}

#[test]
fn a_name_written_as_a_variable_is_told() {
    let t = Sandbox::new();
    t.authy(["get", "DB_URL"]).fails(2).stderr_has("did you mean 'db-url'?");
    let error = t.authy(["--json", "store", "API_KEY"]).fails(2).json_error();
    assert_eq!(error["hint"], "did you mean 'api-key'?");
    t.authy(["get", "a b"]).fails(2).stderr_lacks("did you mean");
}

#[test]
fn values_are_generated_of_what_is_wanted() {
    let t = Sandbox::new();
    let value = |name: &str| t.authy(["get", name]).ok().text();
    t.authy(["store", "a", "--generate", "20"]).ok();
    assert_eq!(value("a").len(), 20);
    t.authy(["store", "b", "--generate=16", "--chars", "hex"]).ok();
    assert!(value("b").bytes().all(|byte| byte.is_ascii_hexdigit()));
    t.authy(["store", "c", "--words=6"]).ok();
    assert_eq!(value("c").split('-').count(), 6);
    t.authy(["rotate", "c", "--words"]).ok();
    assert_eq!(value("c").split('-').count(), 8);
    t.authy(["store", "d", "--generate", "--chars", "runes"]).fails(2).stderr_has("alnum");
    t.authy(["store", "d", "--words=2"]).fails(2).stderr_has("use 4 to 64");
    t.authy(["store", "d", "--generate", "hunter2"]).fails(2).stderr_lacks("hunter2");
    t.authy(["store", "d", "-c"]).stdin("x").fails(2).stderr_has("--generate");
}

#[test]
fn a_policy_says_what_it_allows() {
    let t = stocked();
    let made = t.authy(["policy", "create", "prod", "-a", "prod/*"]).ok();
    made.stderr_has("allows 3 of 4 secrets: prod/db/pass, prod/db/user, prod/web");
    let changed = t.authy(["policy", "update", "prod", "--deny", "prod/db/*"]).ok();
    changed.stderr_has("allows 1 of 4 secrets: prod/web");
    t.authy(["policy", "test", "prod", "prod/web"]).ok().stdout_has("ALLOWED");
    t.authy(["policy", "test", "prod", "db-url"]).fails(4);
    t.authy(["policy", "test", "--scope", "prod", "prod/web", "db-url"]).fails(2);
    t.authy(["run", "--", "true"]).fails(2).stderr_has("in .authy.toml: prod");
    t.authy(["policy", "ls"]).ok().stdout_has("prod");
    t.authy(["policy", "rm", "prod"]).ok();
    t.authy(["session", "ls"]).ok();
}

#[test]
fn a_passphrase_is_asked_before_the_value_and_three_times() {
    let t = Sandbox::empty();
    let init = t.authy(["init", "--member", "alice", "--passphrase"]);
    init.env("AUTHY_PASSPHRASE", "correct horse").ok();
    let mut screen = Screen::start(&t, &[AUTHY, "store", "key", "--once"]);
    screen.until("Passphrase of ").keys("wrong\r");
    screen.until("wrong passphrase; try again").until("Passphrase of ").keys("correct horse\r");
    screen.until("Value of key: ").keys("typed\r");
    let (code, shown) = screen.last();
    assert_eq!(code, 0, "{shown}");
    t.authy(["get", "key"]).env("AUTHY_PASSPHRASE", "correct horse").ok().stdout_is("typed");

    let mut screen = Screen::start(&t, &[AUTHY, "get", "key"]);
    for _ in 0..3 {
        screen.until("Passphrase of ").keys("wrong\r");
    }
    let (code, shown) = screen.last();
    assert_eq!(code, 6, "{shown}");
    t.authy(["get", "key"]).env("AUTHY_PASSPHRASE", "wrong").fails(6).stderr_lacks("try again");
}

#[test]
fn help_shows_the_commands_in_groups_and_examples_before_options() {
    let t = Sandbox::empty();
    let help = t.authy([""; 0]).fails(2).messages();
    for group in ["Start:", "Secrets:", "Programs:", "Access:", "Team:", "Vault:"] {
        assert!(help.contains(&format!("\n{group}\n")), "{help}");
    }
    assert!(!help.contains("AUTHY_TOKEN"), "{help}");
    t.authy(["--help"]).ok().stdout_has("AUTHY_TOKEN_FILE").stdout_has("Exit codes:");
    let help = t.authy(["run", "--help"]).ok().text();
    assert!(help.find("Examples:").unwrap() < help.find("Options:").unwrap(), "{help}");
    assert_eq!(help, t.authy(["run", "-h"]).ok().text());
}

#[test]
fn a_program_of_the_clipboard_inherits_no_credentials() {
    let mut t = Sandbox::new();
    t.store([("key", "v")]);
    let seen = t.path("seen");
    t.script("xclip", &format!("cat > /dev/null; env > {}", seen.display()));
    let path = format!("{}:{}", t.work().display(), std::env::var("PATH").unwrap());
    t.set("PATH", path);
    t.set("DISPLAY", ":7");
    let identity = std::fs::read_to_string(t.key()).unwrap();
    t.authy(["get", "key", "--clip=0"]).env("AUTHY_IDENTITY", identity).ok();
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("DISPLAY=:7") && !seen.contains("AUTHY_IDENTITY"), "{seen}");
}

#[test]
fn for_eyes_tables_have_a_heading_ages_and_one_line_a_row() {
    let t = Sandbox::new();
    t.store([("api-key", "1"), ("db-url", "2")]);
    let long = "what it is for, in so many words that no line of eighty columns has them all";
    t.authy(["annotate", "db-url", "--description", long]).ok();
    let shown = |words: &[&str]| {
        let words: Vec<&str> = std::iter::once(AUTHY).chain(words.iter().copied()).collect();
        let (code, shown) = Screen::start(&t, &words).last();
        assert_eq!(code, 0, "{shown}");
        shown
    };
    let list = shown(&["list", "--long"]);
    let lines: Vec<&str> = list.lines().map(str::trim_end).collect();
    assert!(lines[0].starts_with("NAME     VERSION  CHANGED"), "{list}");
    // Nothing has a tag or an address.
    assert!(!lines[0].contains("TAGS") && !lines[0].contains("FOR"), "{list}");
    assert!(lines[2].contains("ago") || lines[2].contains("just now"), "{list}");
    assert!(lines[2].ends_with('…') && lines[2].chars().count() <= 80, "{list}");
    // Into a pipe it is as it was.
    let piped = t.authy(["list", "--long"]).ok().text();
    assert!(piped.contains(long) && !piped.contains("NAME"), "{piped}");

    t.authy(["get", "absent"]).fails(3);
    let audit = shown(&["audit", "show"]);
    assert!(audit.lines().all(|line| line.trim_end().chars().count() <= 80), "{audit}");
    assert!(audit.contains("WHEN") && audit.contains("get failed"), "{audit}");
}

#[test]
fn the_trail_is_followed_and_agents_are_picked_out() {
    let t = Sandbox::new();
    t.store([("api-key", "1")]);
    t.policy("open", ["*"]);
    t.authy(["run", "--scope", "open", "--", "true"]).env("CLAUDECODE", "1").ok();
    t.authy(["run", "--scope", "open", "--", "true"]).ok();
    assert_eq!(t.authy(["audit", "show", "--agent"]).ok().lines().len(), 1);
    assert_eq!(t.authy(["audit", "show", "--agent=CLAUDE"]).ok().lines().len(), 1);
    assert_eq!(t.authy(["audit", "show", "--agent=GEMINI"]).ok().lines().len(), 0);

    let mut screen = Screen::start(&t, &[AUTHY, "audit", "show", "-n", "1", "--follow"]);
    screen.until("run");
    t.authy(["store", "later"]).stdin("x").ok();
    screen.until("later").keys("\u{3}");
    assert_ne!(screen.end().0, 0);
}

#[test]
fn what_is_set_stays_and_is_not_even_read() {
    let t = Sandbox::new();
    t.store([("db-url", "from-vault"), ("api-key", "key")]);
    t.policy("all", ["*"]);
    let show = "echo $DB_URL $API_KEY";
    let words = ["run", "--scope", "all", "--uppercase", "--no-override", "--", "sh", "-c", show];
    t.authy(words).env("DB_URL", "mine").ok().stdout_is("mine key\n");
    assert_eq!(t.last_entry()["secrets"], serde_json::json!(["api-key"]));
    t.authy(words).ok().stdout_is("from-vault key\n");
    // A template of that variable is not rendered, and what it names not read.
    t.write("p/.authy.toml", "[authy]\nscope = \"all\"\n[env]\nDSN = \"x-{db-url}\"\n");
    t.authy(["allow", "--yes"]).dir(t.work().join("p")).ok();
    let words = ["run", "--only", "api-*", "--no-override", "--", "sh", "-c", "echo $DSN"];
    t.authy(words).dir(t.work().join("p")).env("DSN", "mine").ok().stdout_is("mine\n");
    assert_eq!(t.last_entry()["secrets"], serde_json::json!(["api-key"]));
}

#[test]
fn what_a_project_requires_is_missed_all_at_once() {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("prod-key", "2")]);
    t.policy("dev", ["db-*", "api-*"]);
    let requires = "[require]\ndb-url = \"\"\napi-key = \"the search service\"\nprod-key = \"\"\n";
    t.write("p/.authy.toml", format!("[authy]\nscope = \"dev\"\n{requires}"));
    let folder = t.work().join("p");
    t.authy(["run", "--", "true"])
        .dir(&folder)
        .fails(3)
        .stderr_has("scope 'dev' does not give: 'api-key' (the search service), 'prod-key'")
        .stderr_has("authy policy test dev api-key");
    t.authy(["project-info"]).dir(&folder).ok().stdout_has("api-key: the search service");
    t.store([("api-key", "3")]);
    // What is set already is there.
    let set = t.authy(["run", "--no-override", "--", "true"]).dir(&folder);
    set.env("prod_key", "mine").ok();
    t.authy(["policy", "update", "dev", "--allow", "prod-*"]).ok();
    t.authy(["run", "--only", "api-*", "--", "true"]).dir(&folder).ok();
    t.authy(["run", "--", "true"]).dir(&folder).ok();
    t.write("p/.authy.toml", "[require]\nDB_URL = \"\"\n");
    t.authy(["run", "--", "true"]).dir(&folder).fails(2).stderr_has("line 2");
}

#[test]
fn a_flag_wins_over_the_project_and_a_vault_has_a_name() {
    let t = Sandbox::new();
    t.store([("db-url", "1")]);
    t.policy("dev", ["*"]);
    t.write("p/.authy.toml", "[authy]\nscope = \"dev\"\nuppercase = true\n");
    let folder = t.work().join("p");
    t.authy(["env"]).dir(&folder).ok().stdout_has("DB_URL=");
    t.authy(["env", "--uppercase=false"]).dir(&folder).ok().stdout_has("db_url=");

    let file = t.home().join(".config/authy/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("[vaults]\nwork = \"{}\"\n", t.vault().display())).unwrap();
    t.authy(["--vault", "work", "list"]).ok().stdout_is("db-url\n");
    t.authy(["list"]).env("AUTHY_VAULT", "work").ok().stdout_is("db-url\n");
    t.authy(["--vault", "other", "list"]).fails(5);
    std::fs::write(&file, "[vaults\n").unwrap();
    t.authy(["--vault", "work", "list"]).fails(2).stderr_has("config.toml");
    // Nobody else has to do with it.
    t.authy(["list"]).ok();
}

#[test]
fn a_program_is_started_again_when_its_values_change() {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("other", "x")]);
    t.policy("dev", ["db-*"]);
    let script = "echo \"has $db_url\"; trap 'echo over; exit 3' TERM; while :; do sleep 0.1; done";
    let words = [AUTHY, "run", "--scope", "dev", "--watch", "--", "sh", "-c", script, "--watch"];
    let mut screen = Screen::start(&t, &words);
    screen.until("has one");
    t.authy(["rotate", "other", "--raw"]).stdin("y").ok();
    t.authy(["annotate", "db-url", "--tag", "same-value"]).ok();
    t.authy(["rotate", "db-url", "--raw"]).stdin("two").ok();
    screen.until("over").until("has two");
    signal(screen.pid(), rustix::process::Signal::TERM);
    let (code, shown) = screen.last();
    // It ends as its program did.
    assert_eq!(code, 3, "{shown}");
    let runs = t.trail().iter().filter(|entry| entry["op"] == "run").count();
    assert_eq!(runs, 2, "each start is recorded, and there were no others");
    let done = t.authy(["run", "--scope", "dev", "--watch", "--", "sh", "-c", "exit 7"]);
    done.fails(7);
}

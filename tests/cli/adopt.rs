//! `adopt`: values go into the vault, then references into the files, and nothing is lost on the way.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::Sandbox;

const KEY: &str = "tok4711AbCdEfGhIjKlMnOpQr";
const DB: &str = "postgres://app:s3cr3t/Passw0rd@db/app";

fn read(t: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(t.work().join(name)).unwrap()
}

fn servers() -> String {
    format!(
        "{{\n  \"mcpServers\": {{\n    \"gh\": {{\"command\": \"npx\", \"env\": {{\"GITHUB_TOKEN\": \"{KEY}\", \"LOG\": \"info\"}}}}\n  }}\n}}\n"
    )
}

#[test]
fn values_move_and_the_program_gets_what_it_had() {
    let t = Sandbox::new();
    let env = t.write(".env", format!("# mine\nPORT=80\nDATABASE_PASSWORD='{DB}'\n"));
    std::fs::set_permissions(&env, std::fs::Permissions::from_mode(0o600)).unwrap();
    t.write(".mcp.json", servers());
    let words = ["adopt", ".env", ".mcp.json", "--policy", "dev", "--yes"];
    let done = t.authy(words).ok();
    let done = done
        .stdout_has(
            "-DATABASE_PASSWORD=••••••••\n+# DATABASE_PASSWORD is in authy: database-password\n",
        )
        .stdout_has("\"GITHUB_TOKEN\": \"${GITHUB_TOKEN}\"")
        .stderr_has("moved 2 secrets: database-password, github-token")
        .stderr_has("authy run --scope dev --uppercase");
    for value in [KEY, DB] {
        assert!(!done.text().contains(value) && !done.messages().contains(value));
    }
    assert_eq!(
        read(&t, ".env"),
        "# mine\nPORT=80\n# DATABASE_PASSWORD is in authy: database-password\n"
    );
    assert_eq!(std::fs::metadata(&env).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&t, ".mcp.json"), servers().replace(KEY, "${GITHUB_TOKEN}"));
    assert_eq!(t.log()[1], "Import 2 secrets");
    let script = "printf '%s %s' \"$GITHUB_TOKEN\" \"$DATABASE_PASSWORD\"";
    t.authy(["run", "--scope", "dev", "--uppercase", "--", "sh", "-c", script])
        .ok()
        .stdout_is(format!("{KEY} {DB}"));
    // There is nothing more to do.
    t.authy(["adopt", ".env", ".mcp.json"]).ok().stderr_has("no values to move");
}

#[test]
fn a_dry_run_needs_no_vault_and_nothing_happens_unasked() {
    let t = Sandbox::empty();
    t.write(".mcp.json", servers());
    t.authy(["adopt", "-n", ".mcp.json"]).ok().stderr_has("would move 1 secret");
    let t = t.with_vault();
    t.authy(["adopt", ".mcp.json"]).fails(2).stderr_has("--yes");
    assert_eq!(read(&t, ".mcp.json"), servers());
    let plan = t.authy(["adopt", "-n", ".mcp.json", "--json"]).ok().json();
    assert_eq!(plan["files"][0]["program"], "Claude Code");
    assert_eq!(plan["files"][0]["values"][0]["name"], "github-token");
    assert!(!plan.to_string().contains(KEY));
    // --all takes what does not look like a secret, --only some of it.
    let words = ["adopt", ".mcp.json", "-a", "--only", "log", "--prefix", "x/", "-y"];
    t.authy(words).ok().stderr_has("no values to move");
    t.authy(["adopt", ".mcp.json", "-a", "--only", "x/log", "--prefix", "x/", "-y"]).ok();
    assert_eq!(read(&t, ".mcp.json"), servers().replace("info", "${X_LOG}"));
}

#[test]
fn what_stands_in_the_way_changes_no_file() {
    let t = Sandbox::new();
    t.authy(["store", "github-token"]).stdin("another value").ok();
    t.write(".mcp.json", servers());
    t.authy(["adopt", ".mcp.json", "--yes"]).fails(7).stderr_has("'github-token' exists already");
    t.write("notes.txt", KEY);
    t.authy(["adopt", "notes.txt", "--yes"])
        .fails(2)
        .stderr_has("no file whose secrets authy knows");
    t.write(".mcp.json", "{");
    t.authy(["adopt", ".mcp.json", "--yes"]).fails(2).stderr_has("stays as it is");
    t.authy(["adopt", "nowhere/.env", "--yes"]).fails(3);
    // The same value is no obstacle: an earlier run was stopped before it wrote the file.
    t.write(".mcp.json", servers());
    t.authy(["rotate", "github-token"]).stdin(KEY).ok();
    t.authy(["adopt", ".mcp.json", "--yes"]).ok();
    assert_eq!(read(&t, ".mcp.json"), servers().replace(KEY, "${GITHUB_TOKEN}"));
}

#[test]
fn copies_that_others_have_are_named() {
    let t = Sandbox::new();
    t.program("git", ["init", "-q", "."]).ok();
    t.write(".env", format!("API_KEY={KEY}\n"));
    t.program("git", ["add", "."]).ok();
    t.write(".env.bak", format!("API_KEY={KEY}\n"));
    t.authy(["adopt", ".env", "--yes"])
        .ok()
        .stderr_has("git has '.env'")
        .stderr_has("'./.env.bak' still has the value of api-key");
}

#[test]
fn a_value_that_stands_elsewhere_in_the_file_is_named() {
    let t = Sandbox::new();
    t.write(".env", format!("API_KEY={KEY}\n# the old line: {KEY}\n"));
    t.authy(["adopt", ".env", "--yes"])
        .ok()
        .stderr_has("has values once more")
        .stderr_has("api-key");
}

#[test]
fn files_of_tools_say_where_a_secret_belongs_and_links_are_followed() {
    let t = Sandbox::new();
    let real = t.path("dotfiles");
    std::fs::write(
        &real,
        format!("https://ann:{KEY}@git.test\nhttps://bob:other-pass-4711@git.test\n"),
    )
    .unwrap();
    let link = t.home().join(".git-credentials");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    // Without a file it looks where they usually lie.
    t.authy(["adopt", "--yes"]).ok().stderr_has("authy helper install git --write");
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "");
    assert!(link.is_symlink());
    t.authy(["helper", "git", "get"])
        .stdin("protocol=https\nhost=git.test\nusername=ann\n\n")
        .ok()
        .stdout_has(&format!("password={KEY}"));
    t.authy(["helper", "git", "get"])
        .stdin("protocol=https\nhost=git.test\nusername=bob\n\n")
        .ok()
        .stdout_has("password=other-pass-4711");
}

#[test]
fn a_token_moves_nothing() {
    let t = Sandbox::new();
    t.policy("dev", ["*"]);
    t.write(".mcp.json", servers());
    let token = t.authy(["session", "create", "--scope", "dev", "--json"]).ok().json();
    let token = token["token"].as_str().unwrap();
    t.authy(["adopt", ".mcp.json", "--yes"]).env("AUTHY_TOKEN", token).fails(4);
    assert_eq!(read(&t, ".mcp.json"), servers());
}

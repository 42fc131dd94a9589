//! `adopt`: values go into the vault, then references into the files, and nothing is lost on the way.

use std::os::unix::fs::PermissionsExt as _;

use crate::crash::{CALLS, points};
use crate::harness::{AUTHY, Sandbox, strace_works};

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
    let words = ["adopt", ".env", ".mcp.json", "./.env", "--policy", "dev", "--yes"];
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
    std::fs::hard_link(t.work().join(".env"), t.work().join("other")).unwrap();
    t.authy(["adopt", ".env", "--yes"])
        .ok()
        .stderr_has("git has '.env'")
        .stderr_has("'.env' has another name, a hard link")
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
fn variables_of_terraform_come_from_the_project_file() {
    let t = Sandbox::new();
    t.write("terraform.tfvars", format!("region = \"eu\"\ndb_password = \"{KEY}\" # why\n"));
    t.write("terraform.tfstate", format!("{{\"outputs\": {{\"x\": \"{KEY}\"}}}}"));
    t.authy(["adopt", "--yes", "--policy", "tf", "--project"])
        .ok()
        .stdout_has("+# db_password is in authy: db-password # …\n")
        .stderr_has("'./terraform.tfstate' has the value of db-password: Terraform keeps it there")
        .stderr_has("wrote '.authy.toml'")
        .stderr_has("authy run -- PROGRAM")
        .stderr_lacks("put these into");
    let text = "region = \"eu\"\n# db_password is in authy: db-password # why\n";
    assert_eq!(read(&t, "terraform.tfvars"), text);
    t.authy(["run", "--", "true"]).fails(4).stderr_has("authy allow");
    t.authy(["allow", "--yes"]).ok();
    let script = "printf %s \"$TF_VAR_db_password\"";
    t.authy(["run", "--", "sh", "-c", script]).ok().stdout_is(KEY);
}

#[test]
fn a_token_of_cargo_belongs_to_the_index_of_its_registry() {
    let t = Sandbox::new();
    std::fs::create_dir(t.work().join(".cargo")).unwrap();
    let text =
        format!("[registries.own]\ntoken = \"{KEY}\"\n\n[registries.lost]\ntoken = \"{KEY}2\"\n");
    t.write(".cargo/credentials.toml", text);
    t.write(".cargo/config.toml", "[registries.own]\nindex = \"sparse+https://index.test/api/\"\n");
    t.authy(["adopt", ".cargo/credentials.toml", "--yes"])
        .ok()
        .stderr_has("moved 1 secret: cargo/own")
        .stderr_has("keeps registries lost token: no config.toml beside it gives an address");
    t.authy(["list", "--long"]).ok().stdout_has("https://index.test/api");
}

#[test]
fn a_variable_that_another_file_sets_stays() {
    let t = Sandbox::new();
    t.write("z.auto.tfvars", format!("db_password = \"{KEY}\"\na_token = \"{KEY}2\"\n"));
    t.write("terraform.tfvars", "db_password = \"low-value-4711\"\n");
    t.authy(["adopt", "z.auto.tfvars", "--yes"])
        .ok()
        .stderr_has("keeps db_password: another file sets it too")
        .stderr_has("moved 1 secret: a-token");
    // A file for -var-file, below the project.
    std::fs::create_dir(t.work().join("env")).unwrap();
    t.write("env/prod.tfvars", "db_password = \"prod-value-4711\"\n");
    t.authy(["adopt", "env/prod.tfvars", "-n"]).ok().stderr_has("another file sets it too");
}

#[test]
fn what_a_policy_says_is_known_before_anything_moves() {
    let t = Sandbox::new();
    let text = format!("a_token = \"{KEY}\"\n");
    t.write("a.tfvars", &text);
    t.authy(["policy", "create", "p", "--allow", "b-*", "--deny", "a-*"]).ok();
    t.authy(["adopt", "a.tfvars", "--policy", "p", "--yes"])
        .fails(7)
        .stderr_has("policy 'p' denies 'a-token' by 'a-*': nothing was moved");
    t.authy(["adopt", "a.tfvars", "--policy", "p", "-n"]).fails(7).stderr_has("denies 'a-token'");
    assert_eq!(read(&t, "a.tfvars"), text);
    t.authy(["policy", "create", "s", "--allow", "a-*", "--seal-only"]).ok();
    t.authy(["adopt", "a.tfvars", "--policy", "s", "--yes"]).fails(7).stderr_has("seal-only");
    t.authy(["policy", "create", "q", "--allow", "a-*"]).ok();
    let done = t.authy(["adopt", "a.tfvars", "--policy", "q", "--project", "--yes"]).ok();
    done.stderr_has("policy 'q' allows them already").stderr_has("wrote '.authy.toml'");
    // A list is none that a variable gives as it stands there.
    t.write("main.tf", "variable \"b_token\" {\n  type = any\n}\n");
    t.write("b.tfvars", "b_token = \"other-4711-value\"\n");
    t.authy(["adopt", "b.tfvars", "-n"]).ok().stderr_has("because of its type");
    t.write("main.tf", "");
    t.authy(["adopt", "b.tfvars", "-n"]).ok().stderr_lacks("because of its type");
    t.write("main.tf.json", "{\"variable\": {\"b_token\": {\"type\": \"any\"}}}");
    t.authy(["adopt", "b.tfvars", "-n"]).ok().stderr_has("because of its type");
}

#[test]
fn the_project_file_that_is_there_is_added_to() {
    let t = Sandbox::new();
    t.write("a.tfvars", format!("a_token = \"{KEY}\"\n"));
    let file = "# ours\n[authy]\nscope = \"tf\" # why\n\n[env]\nX = \"1\"\n";
    t.write(".authy.toml", file);
    let words = ["adopt", "a.tfvars", "--yes", "--project", "--policy"];
    t.authy(words.iter().chain(&["other"])).fails(7).stderr_has("scope 'tf'");
    assert!(read(&t, "a.tfvars").contains(KEY));
    t.authy(words.iter().chain(&["tf"])).ok().stderr_has(".authy.toml': look at it");
    let after = "# ours\n[authy]\nscope = \"tf\" # why\n\n[env]\nX = \"1\"\nTF_VAR_a_token = \"{a-token}\"\n";
    assert_eq!(read(&t, ".authy.toml"), after);
    t.authy(["adopt", "a.tfvars", "--project"]).fails(2).stderr_has("--policy");
    // A file that authy does not read stays, and so does everything else.
    t.write("b.tfvars", "b_token = \"tok4712AbCdEfGhIjKlMnOpQr\"\n");
    t.write(".authy.toml", "[authy]\nwhat = 1\n");
    let words = ["adopt", "b.tfvars", "--yes", "--policy", "tf", "--project"];
    t.authy(words).fails(2).stderr_has(".authy.toml");
    assert!(read(&t, "b.tfvars").contains("tok4712"));
}

#[test]
fn pipelines_and_kubeconfigs_say_what_comes_next() {
    let t = Sandbox::new();
    std::fs::create_dir_all(t.work().join(".github/workflows")).unwrap();
    t.write(".github/workflows/ci.yml", format!("on: push\nenv:\n  API_KEY: {KEY}\njobs: {{}}\n"));
    t.authy(["adopt", "--yes"])
        .ok()
        .stdout_has("+  API_KEY: ${{ secrets.API_KEY }}")
        .stderr_has("authy get api-key | gh secret set API_KEY")
        .stderr_lacks("authy run");
    let file = format!("kind: Config\nusers:\n- name: ann\n  user:\n    token: {KEY}\n");
    t.write("cluster.yaml", file);
    t.authy(["adopt", "cluster.yaml", "--yes"])
        .ok()
        .stdout_has("-    token: ••••••••\n+    exec:\n+      apiVersion: client.authentication.k8s.io/v1\n+      command: authy\n+      args:\n+      - helper\n+      - kubectl\n+      - k8s/ann\n");
    t.authy(["helper", "kubectl", "k8s/ann"]).ok().stdout_has(KEY);
}

#[test]
fn what_is_shown_is_names_and_references_alone() {
    let t = Sandbox::new();
    let line = format!(
        "{{\"mcpServers\": {{\"s\": {{\"url\": \"https://h.test/?api_key=other-4711\", \"env\": {{\"A_KEY\": \"{KEY}\", \"NOTE\": \"uses {KEY} too\", \"X\": \"pre-${{Y}}-secret-4711\"}}}}}}}}\n"
    );
    t.write(".mcp.json", line);
    let done = t.authy(["adopt", "-n", ".mcp.json"]).ok();
    for value in [KEY, "other-4711", "secret-4711"] {
        assert!(!done.text().contains(value) && !done.messages().contains(value), "{done}");
    }
    done.stdout_has("\"A_KEY\": \"${A_KEY}\", \"NOTE\": \"…\"").stderr_has("has values once more");
    t.authy(["adopt", "-n", ".mcp.json", "--prefix", "a b/"]).fails(2).stderr_has("begins no name");
    // A pipe is somebody's way to give values, and is not emptied.
    t.program("mkfifo", [".env"]).ok();
    t.authy(["adopt", ".env"]).fails(2).stderr_has("no regular file");
    // The usual files that are broken are named.
    t.authy(["adopt", "-n"]).ok().stderr_lacks(".env");
    t.write(".npmrc", b"\xff\xfe");
    t.authy(["adopt", "-n"]).ok().stderr_has("'./.npmrc'");
}

#[test]
fn variables_that_would_be_others_stay() {
    let t = Sandbox::new();
    let text = "{\"mcpServers\": {\"a_b\": {\"env\": {\"TOKEN\": \"value-one\"}}, \"a.b\": {\"env\": {\"TOKEN\": \"value-two\"}}, \"a-b\": {\"env\": {\"TOKEN\": \"value-three\", \"PATH\": \"/opt/bin\"}}}}\n";
    t.write(".mcp.json", text);
    t.authy(["adopt", ".mcp.json", "--all", "--policy", "p", "--yes"])
        .ok()
        .stderr_has("PATH: 'authy run' sets no such variable")
        .stderr_has("another value has the variable that it would be in");
    t.authy(["run", "--scope", "p", "--uppercase", "--", "true"]).ok();
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

#[test]
fn killed_at_any_call_the_file_is_old_or_the_vault_has_its_value() {
    if !strace_works(&Sandbox::empty()) {
        return;
    }
    let t = Sandbox::new();
    let old = format!("# mine\nAPI_KEY={KEY}\n");
    let new = "# mine\n# API_KEY is in authy: api-key\n";
    t.write(".env", &old);
    t.sh("mkdir ../pristine && cp -a ../home ../state ../work ../pristine/").ok();
    let reset = || {
        t.sh("rm -rf ../home ../state .env && cp -a ../pristine/home ../pristine/state .. && cp -a ../pristine/work/.env .").ok();
    };
    let log = t.path("strace.log");
    let traced = |how: &str| {
        let words =
            ["-f", "-qq", "-o", log.to_str().unwrap(), "-e", how, AUTHY, "adopt", ".env", "--yes"];
        t.program("strace", words).ends()
    };
    for call in CALLS.into_iter().filter(|call| *call != "openat") {
        reset();
        traced(&format!("trace={call}")).code_is(0);
        let total = std::fs::read_to_string(&log).unwrap().matches(&format!("{call}(")).count();
        for n in points(total) {
            reset();
            traced(&format!("inject={call}:signal=KILL:when={n}"));
            let text = read(&t, ".env");
            let at = format!("kill at {call} {n} of {total}");
            assert!(text == old || text == new, "{at}: {text}");
            if text == new {
                t.holds("api-key", KEY);
            }
            t.authy(["adopt", ".env", "--yes"]).ok();
            assert_eq!(read(&t, ".env"), new, "{at}");
            t.holds("api-key", KEY);
        }
    }
}

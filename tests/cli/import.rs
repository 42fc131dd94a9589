//! `import`: from files and from other managers, all of it or nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Sandbox, happens_to_have, needs};

fn write(t: &Sandbox, name: &str, text: &str) {
    fs::write(t.work().join(name), text).unwrap();
}

/// Puts a script on the PATH under the name of another manager's program.
fn stand_in(t: &Sandbox, name: &str, script: &str) -> String {
    let bin = t.work().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let file = bin.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
}

const DOTENV: &str = "\
# the database
export DB_URL='postgres://u:p@h/db?x=$1'
DB_PASSWORD=\"a\\nb\" # two lines
apiKey = k#1
EMPTY=
DB_URL=last
";

#[test]
fn a_dotenv_file_moves_in_with_one_commit() {
    let t = Sandbox::new();
    write(&t, ".env", DOTENV);
    let before = t.log().len();
    let dry = t.authy(["import", ".env", "--prefix", "dev/", "--dry-run"]).ok();
    dry.stdout_has("DB_PASSWORD")
        .stdout_has("dev/db-password")
        .stdout_has("new")
        .stderr_has("would import 4 secrets")
        .stdout_lacks("last")
        .stdout_lacks("k#1");
    assert_eq!(t.log().len(), before);
    let done = t.authy(["import", ".env", "--prefix", "dev/"]).ok();
    done.stderr_has("'DB_URL' is there more than once")
        .stderr_has("'apiKey' (line 4) is read differently")
        .stderr_has(".gitignore")
        .stdout_lacks("last");
    t.is_clean();
    assert_eq!(t.log().len(), before + 1);
    assert_eq!(t.log()[0], "Import 4 secrets");
    assert_eq!(t.last_entry()["op"], "import");
    for (name, value) in [
        ("dev/db-url", "last"),
        ("dev/db-password", "a\nb"),
        ("dev/api-key", "k#1"),
        ("dev/empty", ""),
    ] {
        t.holds(name, value);
    }
    t.verifies();
}

#[test]
fn what_is_there_collides_or_gives_no_name_stops_all_of_it() {
    let t = Sandbox::new();
    t.store([("db-url", "kept")]);
    write(&t, "taken.env", "NEW=1\nDB_URL=2\n");
    t.authy(["import", "taken.env"]).fails(7).stderr_has("'db-url' exists").stderr_has("--update");
    t.lacks("new");
    let looked = t.authy(["import", "taken.env", "--dry-run"]).ok().stdout_has("exists");
    looked.stderr_has("1 secret, 1 there already").stderr_has("unless --update");
    let looked = t.authy(["import", "taken.env", "--dry-run", "--update"]).ok();
    looked.stderr_has("replaced where they differ").stderr_lacks("unless");
    write(&t, "same.env", "A_B=1\na.b=2\nA-B=3\n");
    t.authy(["import", "same.env"]).fails(7).stderr_has("A_B, A-B would all be 'a-b'");
    write(
        &t,
        "bad.json",
        r#"{"___":"hunter2","list":["hunter2"],"nil":null,"db-url":"y","ok":1.50}"#,
    );
    t.authy(["import", "bad.json"])
        .fails(2)
        .stderr_has("'___' gives no name")
        .stderr_has("'list' is a list")
        .stderr_has("'nil' is null")
        .stderr_has("'db-url' exists")
        .stderr_has("--skip-invalid")
        .stderr_lacks("hunter2");
    let skipped = t.authy(["import", "bad.json", "--skip-invalid", "--skip-existing"]).ok();
    skipped.stderr_has("left out: 'list' is a list").stderr_has("imported 1 secret, 1 skipped");
    t.holds("ok", "1.50");
    t.holds("db-url", "kept");
    write(&t, "bad.env", "A=1\nhunter2\n");
    t.authy(["import", "bad.env"]).fails(2).stderr_has("line 2").stderr_lacks("hunter2");
    write(&t, "none.env", "# nothing\n");
    t.authy(["import", "none.env"]).fails(2).stderr_has("nothing to import");
    t.authy(["import", "absent.env"]).fails(1);
    t.authy(["import"]).fails(2);
    t.authy(["import", "taken.env", "--force"]).ok().stdout_has("replaces");
    t.holds("db-url", "2");
    t.holds("new", "1");
}

#[test]
fn the_same_file_again_changes_nothing_and_another_value_is_updated() {
    let t = Sandbox::new();
    write(&t, "x.env", "A=1\nB=2\n");
    t.authy(["import", "x.env"]).ok();
    let commits = t.git(["rev-list", "--count", "HEAD"]);
    let again = t.authy(["import", "x.env"]).ok().stdout_has("unchanged");
    again.stderr_has("imported 0 secrets, 2 unchanged");
    assert_eq!(t.git(["rev-list", "--count", "HEAD"]), commits);
    write(&t, "x.env", "A=1\nB=3\nC=4\n");
    t.authy(["import", "x.env"]).fails(7).stderr_has("'b' exists").stderr_lacks("'a' exists");
    let updated = t.authy(["import", "x.env", "--update"]).ok();
    updated.stderr_has("imported 2 secrets, 1 unchanged");
    t.holds("b", "3");
    t.holds("c", "4");
    let record = fs::read_to_string(t.vault().join("secrets/a.toml")).unwrap();
    assert!(record.contains("version = 1\n"), "{record}");
    // An agent learns nothing by guessing.
    write(&t, "guess.env", "A=1\n");
    t.authy(["import", "guess.env"]).env("CLAUDECODE", "1").fails(7).stderr_has("'a' exists");
    t.verifies();
}

#[test]
fn what_another_tool_encrypted_is_no_value() {
    let t = Sandbox::new();
    let point = "BMo9".repeat(30);
    let dotenvx = format!("DOTENV_PUBLIC_KEY=\"03aa\"\nA=\"encrypted:{point}\"\n");
    write(&t, "x.env", &dotenvx);
    let refused =
        t.authy(["import", "x.env"]).fails(2).stderr_has("'A' (line 2) is encrypted by dotenvx");
    refused.stderr_has("dotenvx decrypt --stdout");
    write(&t, "s.yaml", "a: ENC[AES256_GCM,data:aa==,iv:bb=,tag:cc=,type:str]\nsops:\n  mac: x\n");
    let refused = t.authy(["import", "s.yaml"]).fails(2).stderr_has("'a' is encrypted by sops");
    refused.stderr_has("sops --decrypt FILE | authy import - --from yaml");
    write(&t, "c.env", "A=$(rm -rf /)\nB='$(date)'\n");
    let noted = t.authy(["import", "c.env"]).ok();
    noted.stderr_has("'A' (line 1) holds $(…)").stderr_lacks("'B'");
    t.holds("a", "$(rm -rf /)");
}

#[test]
fn what_export_writes_comes_back() {
    let t = Sandbox::new();
    let values = [("a", "say \"x\" # $HOME `y`\n two"), ("b-c", "plain"), ("web/d", "é\\n")];
    t.store(values);
    t.policy("all", ["*"]);
    for (format, file) in [("json", "x.json"), ("dotenv", "x.env")] {
        let text = t.authy(["export", "--scope", "all", "--format", format]).ok().text();
        write(&t, file, &text);
        t.authy(["import", file, "--prefix", &format!("{format}/")]).ok();
        for (name, value) in values {
            t.holds(&format!("{format}/{}", name.replace('/', "-")), value);
        }
    }
    let yaml = "db:\n  url: \"one\\ntwo\"\n  port: 5432\nflag: true\n";
    t.authy(["import", "-", "--from", "yaml", "--prefix", "y/"]).stdin(yaml).ok();
    t.holds("y/db/url", "one\ntwo");
    t.holds("y/db/port", "5432");
    t.holds("y/flag", "true");
}

#[test]
fn a_token_and_a_member_who_may_not_write_import_nothing() {
    let t = Sandbox::new();
    t.store([("db-url", "1")]);
    t.policy("backend", ["db-*"]);
    let token = t.authy(["session", "create", "--scope", "backend"]).ok().text();
    write(&t, "x.env", "A=1\n");
    t.authy(["import", "x.env"]).env("AUTHY_TOKEN", token.trim()).fails(4).stderr_has("read-only");
}

#[test]
fn a_real_pass_store_moves_in() {
    if !needs(["pass", "gpg"]) {
        return;
    }
    let t = Sandbox::new();
    // Sockets of the agent need a short path.
    let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let store = t.work().join("store");
    let call = |script: &str| {
        let call = t.sh(script).env("GNUPGHOME", home.path());
        call.env("PASSWORD_STORE_DIR", &store).ok()
    };
    call("gpg --batch -q --passphrase '' --quick-gen-key ann@example.org default default never");
    call("pass init ann@example.org");
    call("printf 'one\\n' | pass insert -e web/GitHub");
    call("printf 'pw\\nuser: ann\\nurl: x\\n' | pass insert -m mail/work.org");
    call("authy import --from pass --prefix old/").stdout_has("web/GitHub");
    t.holds("old/web/github", "one");
    t.holds("old/mail/work.org", "pw\nuser: ann\nurl: x\n");
    call("gpgconf --kill gpg-agent");
}

#[test]
fn other_managers_are_asked_through_their_programs() {
    let t = Sandbox::new();
    let ask = |name: &str, script: &str, words: &[&str]| {
        let path = stand_in(&t, name, script);
        let mut all = vec!["import"];
        all.extend(words);
        t.authy(all).env("PATH", path)
    };
    let gopass = "case \"$1 $2\" in 'ls --flat') printf 'web/x\\nteam/y\\n';; *) test \"$2 $3\" = '--unsafe --noparsing' && echo \"value of $5\";; esac";
    ask("gopass", gopass, &["--from", "gopass"]).ok();
    t.holds("web/x", "value of web/x");
    t.holds("team/y", "value of team/y");
    let sops = "test \"$1\" = --decrypt && echo '{\"db\":{\"url\":\"from sops\"},\"n\":3}'";
    ask("sops", sops, &["enc.yaml", "--from", "sops", "--prefix", "s/"]).ok();
    t.holds("s/db/url", "from sops");
    let op = "case \"$2\" in list) echo '[{\"id\":\"abc\",\"title\":\"ignored\"}]';; get) echo '{\"title\":\"GitHub Login\",\"urls\":[{\"href\":\"https://github.com/login\"},{\"href\":\"http://old.example\"}],\"fields\":[{\"label\":\"password\",\"type\":\"CONCEALED\",\"purpose\":\"PASSWORD\",\"value\":\"from op\"},{\"label\":\"username\",\"type\":\"STRING\",\"purpose\":\"USERNAME\",\"value\":\"ann\"},{\"label\":\"otp\",\"type\":\"CONCEALED\"}]}';; esac";
    ask("op", op, &["--from", "1password"]).ok();
    t.holds("github-login/password", "from op");
    let vault = "test \"$1 $2 $3 $4\" = 'kv get -format=json secret/app' && echo '{\"request_id\":\"x\",\"data\":{\"data\":{\"API_KEY\":\"from vault\"},\"metadata\":{\"version\":2}}}'";
    ask("vault", vault, &["secret/app", "--from", "vault"]).ok();
    t.holds("app/api-key", "from vault");
    t.lacks("app/version");
    let sops =
        "test \"$*\" = '--decrypt --output-type binary -- store.p12' && printf '\\377\\000\\n'";
    ask("sops", sops, &["store.p12", "--from", "sops", "--prefix", "p12/"]).ok();
    t.holds("p12/data", b"\xff\x00\n");
    ask("passage", "exit 0", &["--from", "passage"]).fails(3).stderr_has("no store");
    fs::create_dir(t.work().join("passages")).unwrap();
    write(&t, "passages/a.age", "");
    let passage = "case $1 in version) echo the game; exec sleep 100;; esac";
    let strange = ask("passage", passage, &["passages", "--from", "passage"]).fails(1);
    strange.stderr_has("another program").stderr_has("PATH");
    let passage = "case $1 in version) echo passage;; show) printf 'one\\ntwo\\n';; esac";
    ask("passage", passage, &["passages", "--from", "passage", "--prefix", "age/"]).ok();
    t.holds("age/a", "one\ntwo\n");
    ask("vault", "echo 'permission denied' >&2; exit 2", &["secret/app", "--from", "vault"])
        .fails(1)
        .stderr_has("permission denied");
    t.authy(["import", "--from", "gopass"])
        .env("PATH", "/nowhere")
        .fails(1)
        .stderr_has("'gopass' was not found");
}

#[test]
fn what_managers_of_projects_print_moves_in() {
    let t = Sandbox::new();
    let ask = |name: &str, script: &str, words: &[&str]| {
        let path = stand_in(&t, name, script);
        t.authy([&["import", "--from", name], words].concat()).env("PATH", path)
    };
    // As dotenvx 2.38 prints it.
    let dotenvx = "test \"$*\" = 'decrypt --stdout -f prod.env' && printf '#/---/\\nDOTENV_PUBLIC_KEY=\"02d5\"\\n\\n# .env\\nA_KEY=v4711\\nB=\"x y\"\\n'";
    ask("dotenvx", dotenvx, &["prod.env", "--prefix", "x/"]).ok().stderr_has("imported 2 secrets");
    t.holds("x/b", "x y");
    let fnox = "test \"$*\" = 'export --format json' && echo '{\"secrets\":{\"A\":\"from fnox\"},\"metadata\":{\"profile\":\"default\",\"total_secrets\":1}}'";
    ask("fnox", fnox, &["--prefix", "f/"]).ok().stderr_has("imported 1 secret");
    t.holds("f/a", "from fnox");
    let doppler = "test \"$*\" = 'secrets download --no-file --format json --project web --config dev' && echo '{\"A\":\"from doppler\",\"DOPPLER_PROJECT\":\"web\",\"DOPPLER_CONFIG\":\"dev\",\"DOPPLER_ENVIRONMENT\":\"dev\"}'";
    ask("doppler", doppler, &["web/dev", "--prefix", "d/"]).ok().stderr_has("imported 1 secret");
    t.holds("d/a", "from doppler");
    let infisical = "test \"$*\" = 'export --format=json --silent --env dev' && echo '[{\"key\":\"A\",\"value\":\"from infisical\",\"type\":\"shared\",\"tags\":null}]'";
    ask("infisical", infisical, &["dev", "--prefix", "i/"]).ok();
    t.holds("i/a", "from infisical");
    let chamber = "test \"$*\" = 'export --format json -- web' && echo '{\"a\":\"from chamber\"}'";
    ask("chamber", chamber, &["web", "--prefix", "c/"]).ok();
    t.holds("c/a", "from chamber");
    ask("chamber", chamber, &[]).fails(2).stderr_has("a service");
    let secretspec =
        "test \"$*\" = 'export --format json --profile dev' && echo '{\"A\":\"from secretspec\"}'";
    ask("secretspec", secretspec, &["dev", "--prefix", "ss/"]).ok();
    t.holds("ss/a", "from secretspec");
    // As kbs2 0.7 prints it.
    let kbs2 = "case \"$*\" in list) printf 'web site\\nenv\\n';; 'dump --json -- web site env') printf '%s\\n' '{\"timestamp\":1,\"label\":\"web site\",\"body\":{\"kind\":\"Login\",\"fields\":{\"username\":\"ann\",\"password\":\"from kbs2\"}}}' '{\"timestamp\":1,\"label\":\"env\",\"body\":{\"kind\":\"Environment\",\"fields\":{\"variable\":\"X\",\"value\":\"two\"}}}';; *) exit 1;; esac";
    ask("kbs2", kbs2, &["--prefix", "k/"]).ok().stderr_has("imported 2 secrets");
    t.holds("k/web-site", "from kbs2");
    t.holds("k/env", "two");
    let envchain = "case \"$*\" in --list) printf 'aws\\naws\\n';; '--list aws') printf 'A_KEY\\nB\\n';; 'aws env -0') printf 'PATH=x\\0A_KEY=one\\ntwo\\0B=3\\0';; *) exit 1;; esac";
    ask("envchain", envchain, &["--prefix", "e/"]).ok().stderr_has("imported 2 secrets");
    t.holds("e/aws/a-key", "one\ntwo");
    ask("fnox", "echo '[]'", &[]).fails(1).stderr_has("not understood");
    let encrypted = "{\"encrypted\": true, \"items\": []}";
    t.authy(["import", "-", "--from", "bitwarden"])
        .stdin(encrypted)
        .fails(2)
        .stderr_has("bw export");
}

#[test]
fn what_stays_behind_is_said() {
    let t = Sandbox::new();
    let text = "{\"items\": [{\"type\": 1, \"name\": \"A\", \"login\": {\"password\": \"v-4711\"}}, {\"type\": 3, \"name\": \"Card\"}]}";
    let words = ["import", "-", "--from", "bitwarden", "--report", "--dry-run"];
    t.authy(words)
        .stdin(text)
        .ok()
        .stderr_has("does not come along: payment cards (1), attached files");
    let told = t.authy([&words[..], &["--json"]].concat()).stdin(text).ok().json();
    assert_eq!(told["secrets"][0]["name"], "a");
    assert_eq!(told["left"][0], "payment cards (1)");
}

#[test]
fn a_real_store_of_cottage_moves_in() {
    if !happens_to_have("ctg") {
        return;
    }
    let t = Sandbox::new();
    let call = |words: &[&str]| t.program("ctg", words).ok();
    t.program("git", ["init", "-q", "."]).ok();
    t.authy(["import", "--from", "cottage"]).fails(3).stderr_has("no store");
    call(&["init"]);
    fs::create_dir(t.work().join("conf")).unwrap();
    write(&t, ".env.prod", "A_KEY='one two'\n");
    write(&t, "conf/key.pem", "line\nline\n");
    call(&["encrypt", ".env.prod", "conf/key.pem"]);
    call(&["clean"]);
    t.authy(["import", "--from", "cottage", "--prefix", "c/"]).ok().stderr_has("2 secrets");
    t.holds("c/prod/a-key", "one two");
    t.holds("c/conf/key.pem", "line\nline\n");
}

#[test]
fn a_real_store_of_kbs2_moves_in() {
    if !happens_to_have("kbs2") {
        return;
    }
    let t = Sandbox::new();
    let call = |words: &[&str], stdin: &str| t.program("kbs2", words).stdin(stdin).ok();
    call(&["init", "--insecure-not-wrapped"], "");
    call(&["new", "--kind", "login", "web"], "ann\u{1}from kbs2");
    call(&["new", "--kind", "environment", "env"], "X_KEY\u{1}two words");
    t.authy(["import", "--from", "kbs2"]).ok().stderr_has("imported 2 secrets");
    t.holds("web", "from kbs2");
    t.holds("env", "two words");
}

#[test]
fn a_real_project_of_secretspec_moves_in() {
    if !happens_to_have("secretspec") {
        return;
    }
    let t = Sandbox::new();
    write(
        &t,
        "secretspec.toml",
        "[project]\nname = \"x\"\nrevision = \"1.0\"\n\n[profiles.default]\nA_KEY = { description = \"a\", required = true }\nB = { description = \"b\", required = false }\nCERT = { description = \"c\", as_path = true }\n",
    );
    write(&t, ".env", "A_KEY=\"from secretspec\"\nOTHER=x\nCERT=\"in a file\"\n");
    t.authy(["import", "--from", "secretspec"])
        .env("SECRETSPEC_PROVIDER", "dotenv")
        .ok()
        .stderr_has("imported 2 secrets");
    t.holds("a-key", "from secretspec");
    t.holds("cert", "in a file");
}

#[test]
fn a_real_database_of_keepassxc_moves_in() {
    if !happens_to_have("keepassxc-cli") {
        return;
    }
    let t = Sandbox::new();
    let call = |words: &[&str], stdin: &str| t.program("keepassxc-cli", words).stdin(stdin).ok();
    call(&["db-create", "--set-password", "db.kdbx"], "pw\npw\n");
    call(&["mkdir", "db.kdbx", "Work"], "pw\n");
    let words =
        ["add", "-u", "ann", "--url", "https://git.test/login", "-p", "db.kdbx", "Work/Git"];
    call(&words, "pw\nse\"cret,1\n");
    let export = call(&["export", "--format", "csv", "db.kdbx"], "pw\n");
    t.authy(["import", "-", "--from", "keepassxc"]).stdin(export.text()).ok();
    t.holds("work/git", "se\"cret,1");
    t.authy(["list", "--for", "https://git.test"]).ok().stdout_is("work/git\n");
}

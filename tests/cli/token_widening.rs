//! Attempts of somebody with a token and a copy of the vault, which is theirs to change, to get
//! more than the token's scope: every one fails, and none shows a value from outside it.

use std::fs;
use std::path::{Path, PathBuf};

use authy::{Context, Front, IdentitySource, Note, SecretBytes, SecretName};
use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::harness::{Call, Sandbox, needs};
use crate::vault::text;

const INSIDE: &str = "inside-the-scope";
const OUTSIDE: [&str; 2] = ["never-shown-1", "never-shown-2"];

/// Lines for `sh`. `$V` is the vault, `$ID` the session, `$OTHER` a session of another scope
/// whose token the attacker lacks, `$K` an identity of their own, `$B` a vault of their own with a
/// policy and members of the same names. None may print a value of `OUTSIDE`.
const ATTEMPTS: [&str; 41] = [
    // Flags.
    "authy get prod-key",
    "authy get db-root",
    "authy get prod-key --scope other",
    "authy get prod-key --scope dev",
    "authy run --scope other -- printenv prod_key",
    "authy run --only 'prod-*' -- printenv prod_key",
    "authy run --no-masking -- sh -c 'echo $prod_key$db_root' | grep .",
    "authy env --scope other",
    "authy export --scope other",
    "authy list --scope other",
    "authy --keyfile \"$K\" get prod-key",
    "authy --vault \"$B\" get prod-key",
    "echo '<authy:prod-key>' > f; authy resolve f",
    "echo '<authy:prod-key>' > f; authy resolve f --scope other -o out && cat out",
    "authy policy test --scope other prod-key",
    "authy audit show --scope other | grep prod-key",
    // Variables.
    "AUTHY_KEYFILE=$K authy get prod-key",
    "AUTHY_IDENTITY=$(cat \"$K\") authy get prod-key",
    "AUTHY_SCOPE=other authy get prod-key",
    "AUTHY_SCOPE= authy get prod-key",
    "AUTHY_TOKEN= authy get prod-key",
    "unset AUTHY_TOKEN; authy get prod-key",
    "unset AUTHY_TOKEN; authy --keyfile \"$K\" get prod-key",
    "AUTHY_STATE_DIR=$PWD/fresh authy get prod-key",
    "HOME=$B/.. authy get prod-key",
    // Project files.
    "printf '[authy]\\nscope = \"other\"\\n' > .authy.toml; authy run -- printenv prod_key",
    "printf '[authy]\\nkeyfile = \"%s\"\\n' \"$K\" > .authy.toml; authy get prod-key",
    "printf '[env]\\nX = \"{prod-key}\"\\n' > .authy.toml; authy allow --yes; authy run -- printenv X",
    // Below `run`.
    "authy run -- env -u AUTHY_SCOPE -u AUTHY_TOKEN authy get prod-key",
    "authy run -- env AUTHY_SCOPE=other authy run -- printenv prod_key",
    // The policy.
    "sed -i 's/\"db-\\*\"/\"*\"/' $V/policies/dev.toml; authy get prod-key",
    "sed -i '/^\\[signature\\]/,$d' $V/policies/dev.toml; authy get prod-key",
    "cp $B/policies/dev.toml $V/policies/; authy get prod-key",
    "cp $V/policies/other.toml $V/policies/dev.toml; authy get prod-key",
    "cp $B/policies/dev.toml $V/policies/; cp $B/admins/1.toml $V/admins/; authy get prod-key",
    // The grant.
    "sed -i 's/\"db-\\*\"/\"*\"/' $V/sessions/$ID/grant.toml; authy get prod-key",
    "sed -i 's/\"dev\"/\"other\"/' $V/sessions/$ID/grant.toml; authy get prod-key",
    "cp $V/sessions/$OTHER/* $V/sessions/$ID/; authy get prod-key",
    "cp $V/sessions/$OTHER/keys.age $V/sessions/$ID/; authy get prod-key",
    // The secrets.
    "cd $V/secrets; cp prod-key.age db-a.age; cp prod-key.toml db-a.toml; authy get db-a",
    "cd $V/secrets; cp prod-key.age db-url.age; authy get db-url",
];

/// A vault, the token of one of its scopes, and a vault of the attacker's own.
struct Place {
    t: Sandbox,
    token: String,
    id: String,
    other: String,
}

impl Place {
    fn new() -> Self {
        let t = Sandbox::new();
        t.store([("db-url", INSIDE), ("prod-key", OUTSIDE[0]), ("db-root", OUTSIDE[1])]);
        t.authy(["policy", "create", "dev", "--allow", "db-*", "--deny", "db-root"]).ok();
        t.policy("other", ["prod-*"]);
        let create = |scope| t.authy(["session", "create", "--json", "--scope", scope]).ok().json();
        let (dev, other) = (create("dev"), create("other"));
        let of = |session: &serde_json::Value, key: &str| session[key].as_str().unwrap().to_owned();
        let (token, id, other) = (of(&dev, "token"), of(&dev, "id"), of(&other, "id"));
        let script = "mkdir -p mallory && export HOME=$PWD/mallory XDG_STATE_HOME=$PWD/mallory/state && \
            authy init --member alice && authy policy create dev --allow '*' && echo mine | authy store own";
        t.sh(script).ok();
        Self { t, token, id, other }
    }

    /// A copy of the vault as a container has it, without its owner's identity.
    fn copy(&self, name: &str) -> PathBuf {
        let vault = self.t.path(name);
        fs::create_dir(&vault).unwrap();
        self.t.sh(&format!("cp -a ~/.authy/. {0} && rm -rf {0}/keys", vault.display())).ok();
        vault
    }

    fn sh(&self, script: &str, vault: &Path) -> Call<'_> {
        let folder = self.t.path(format!("{}-work", vault.file_name().unwrap().display()));
        fs::create_dir_all(folder.join("home")).unwrap();
        let mallory = self.t.work().join("mallory/.authy");
        self.t
            .sh(script)
            .dir(&folder)
            .env("HOME", folder.join("home"))
            .env("XDG_STATE_HOME", folder.join("state"))
            .env("AUTHY_VAULT", vault)
            .env("AUTHY_TOKEN", &self.token)
            .env("V", vault)
            .env("B", &mallory)
            .env("K", mallory.join("keys/master.key"))
            .env("ID", &self.id)
            .env("OTHER", &self.other)
    }
}

#[test]
fn no_attempt_gets_a_value_from_outside_the_scope() {
    let p = Place::new();
    p.sh("authy get db-url", &p.copy("untouched")).ok().stdout_is(INSIDE);
    for (number, attempt) in ATTEMPTS.iter().enumerate() {
        let done = p.sh(attempt, &p.copy(&format!("v{number}"))).ends();
        assert_ne!(done.code, 0, "{attempt}\n{done}");
        for value in OUTSIDE {
            assert!(!done.text().contains(value), "{attempt}\n{done}");
        }
        done.stderr_lacks(OUTSIDE[0]).stderr_lacks(OUTSIDE[1]);
    }
}

/// Signs as docs/FORMAT.md says, section 3.
fn sign(key: &SigningKey, vault: &str, path: &str, body: &str) -> String {
    let at = "2026-11-24T10:00:00Z";
    let mut message = Vec::new();
    for part in ["authy/v1/signed-file", vault, path, body, "alice", at] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    let sig = BASE64.encode(&key.sign(&message).to_bytes());
    format!("{body}[signature]\nby = \"alice\"\nat = {at}\nsig = \"ed25519:{sig}\"\n")
}

fn body_of(file: &Path) -> String {
    text(file).split("[signature]\n").next().unwrap().to_owned()
}

fn vault_id(folder: &Path) -> String {
    let settings: toml::Table = text(&folder.join("authy.toml")).parse().unwrap();
    settings["vault"].as_str().unwrap().to_owned()
}

#[test]
fn a_grant_or_a_policy_signed_by_somebody_else_gives_nothing() {
    let p = Place::new();
    // Another alice, with a signing key of her own.
    let key = SigningKey::from_bytes(&[7; 32]);
    for (number, wide) in ["grant", "policy", "both"].iter().enumerate() {
        let vault = p.copy(&format!("forged{number}"));
        let id = vault_id(&vault);
        let mut paths = Vec::new();
        if *wide != "policy" {
            paths.push(format!("sessions/{}/grant.toml", p.id));
        }
        if *wide != "grant" {
            paths.push("policies/dev.toml".to_owned());
        }
        for path in &paths {
            let file = vault.join(path);
            let body = body_of(&file).replace("\"db-*\"", "\"*\"").replace("\"db-root\"", "");
            fs::write(&file, sign(&key, &id, path, &body)).unwrap();
        }
        for name in ["prod-key", "db-root", "db-url"] {
            let done = p.sh(&format!("authy get {name}"), &vault).ends();
            assert_ne!(done.code, 0, "{wide} {name}\n{done}");
            done.stdout_is("");
        }
    }
}

#[test]
fn the_list_of_keys_cannot_be_sealed_anew() {
    if !needs(["age"]) {
        return;
    }
    let p = Place::new();
    let vault = p.copy("resealed");
    let grant = vault.join("sessions").join(&p.id);
    let recipient: toml::Table = body_of(&grant.join("grant.toml")).parse().unwrap();
    let recipient = recipient["recipient"].as_str().unwrap();
    let list = format!("prod-key 1 sha256:{} AAAAAAAAAAAAAAAAAAAAAA==\n", "0".repeat(64));
    p.t.program("age", ["-r", recipient, "-o", grant.join("keys.age").to_str().unwrap()])
        .stdin(list)
        .ok();
    for name in ["prod-key", "db-url"] {
        let done = p.sh(&format!("authy get {name}"), &vault).ends();
        assert_ne!(done.code, 0, "{name}\n{done}");
        done.stdout_is("");
    }
}

/// A front that says yes to everything.
struct Yes;

impl Front for Yes {
    fn passphrase(&self, _: &str) -> Option<SecretBytes> {
        Some(SecretBytes::new(b"yes".to_vec()))
    }
    fn new_passphrase(&self, _: &str) -> Option<SecretBytes> {
        self.passphrase("")
    }
    fn consents(&self, _: &str) -> bool {
        true
    }
    fn now(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::now_utc()
    }
    fn note(&self, _: &Note) {}
}

#[test]
fn the_library_gives_a_token_no_more_than_the_command_does() {
    let p = Place::new();
    let vault = p.copy("library");
    let name = |text| SecretName::parse(text).unwrap();
    // With the owner's identity at hand, and nothing that says that an agent is at work.
    let context = |token: &str| Context {
        vault: vault.clone(),
        home: Some(p.t.home()),
        state: Some(p.t.path("library-state")),
        identity: IdentitySource::File(p.t.key()),
        token: Some(authy::TokenSource::Text(SecretBytes::new(token.as_bytes().to_vec()))),
        makeshift: Vec::new(),
        agent: None,
        confined: None,
        now: time::OffsetDateTime::now_utc(),
        plugins: None,
        front: Box::new(Yes),
    };
    let ctx = context(&p.token);
    assert_eq!(authy::get(&ctx, &name("db-url"), None).unwrap().expose(), INSIDE.as_bytes());
    let scope = authy::ScopeName::parse("other").unwrap();
    for outside in ["prod-key", "db-root"] {
        assert!(authy::get(&ctx, &name(outside), None).is_err());
        assert!(authy::get(&ctx, &name(outside), Some(&scope)).is_err());
    }
    assert!(authy::remove(&ctx, &name("db-url")).is_err());
    assert!(authy::rename(&ctx, &name("db-url"), &name("db-uri")).is_err());
    assert!(authy::session_revoke_all(&ctx).is_err());
    assert!(authy::get(&context(""), &name("db-url"), None).is_err());
}

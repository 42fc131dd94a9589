//! Variables that change how programs load or run are never set from a secret.

use crate::harness::Sandbox;

const REFUSED: [&str; 47] = [
    "ld-preload",
    "ld-library-path",
    "ld-audit",
    "dyld-insert-libraries",
    "path",
    "bash-env",
    "env",
    "ifs",
    "prompt-command",
    "node-options",
    "pythonpath",
    "pythonhome",
    "pythonstartup",
    "perl5lib",
    "perl5opt",
    "rubylib",
    "rubyopt",
    "git-ssh",
    "git-ssh-command",
    "git-config",
    "git-config-count",
    "git-config-key-0",
    "git-config-value-0",
    "git-config-global",
    "git-config-parameters",
    "git-exec-path",
    "git-askpass",
    "git-editor",
    "git-sequence-editor",
    "git-pager",
    "git-external-diff",
    "git-proxy-command",
    "git-template-dir",
    "home",
    "shell",
    "authy-token",
    "authy-keyfile",
    "authy-identity",
    "authy-passphrase",
    "authy-vault",
    "authy-scope",
    "authy-state-dir",
    "authy-non-interactive",
    "ld.preload",
    "ld/preload",
    "git/askpass",
    "authy/token",
];

const PASSING: [&str; 9] = [
    "git-token",
    "github-token",
    "authy-db-url",
    "path-prefix",
    "my-path",
    "shell-token",
    "home-api-key",
    "env-name",
    "node-env",
];

#[test]
fn dangerous_variables_are_refused_by_name() {
    let t = Sandbox::new();
    t.policy("all", ["*"]);
    let marker = t.path("ran");
    for name in REFUSED {
        t.store([(name, "/tmp/evil")]);
        let child = [
            "run",
            "--scope",
            "all",
            "--uppercase",
            "--only",
            name,
            "--",
            "touch",
            marker.to_str().unwrap(),
        ];
        let done = t.authy(child).ends();
        assert_eq!(done.code, 2, "{done}");
        done.stderr_has(name);
        let env = t.authy(["env", "--scope", "all", "--uppercase", "--only", name]).ends();
        assert_eq!((env.code, &env.stdout[..]), (2, &b""[..]), "{env}");
    }
    assert!(!marker.exists());
}

#[test]
fn plain_credentials_pass() {
    let t = Sandbox::new();
    t.policy("all", ["*"]);
    for name in PASSING {
        t.store([(name, "v")]);
    }
    let out = t.authy(["run", "--scope", "all", "--uppercase", "--", "env"]).ok();
    for name in PASSING {
        let variable = name.to_uppercase().replace('-', "_");
        assert!(out.text().contains(&format!("{variable}=v\n")), "no {variable}\n{out}");
    }
}

#[test]
fn a_prefix_makes_a_name_harmless_or_harmful() {
    let t = Sandbox::new();
    t.policy("all", ["*"]);
    t.store([("preload", "x")]);
    t.authy(["run", "--scope", "all", "--uppercase", "--prefix", "LD_", "--", "true"])
        .fails(2)
        .stderr_has("LD_PRELOAD");
    t.authy(["run", "--scope", "all", "--uppercase", "--prefix", "MY_", "--", "true"]).ok();
}

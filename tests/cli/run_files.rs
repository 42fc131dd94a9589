//! `run --file`: a program gets the path of a file that is filled in and never on a disk.

use std::fs;

use crate::harness::{Sandbox, happens_to_have, needs, patiently};
use crate::snapshot::Snapshot;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("kube-token", "canary-kube"), ("other", "canary-other")]);
    t.policy("ops", ["kube-*"]);
    fs::write(t.work().join("kube.tmpl"), "token: <authy:kube-token>\nend\n").unwrap();
    t
}

const RUN: [&str; 5] = ["run", "--scope", "ops", "--file", "KUBECONFIG=kube.tmpl"];

fn run<'t>(t: &'t Sandbox, more: &[&'t str]) -> crate::harness::Call<'t> {
    t.authy(RUN.iter().chain(more))
}

#[test]
fn the_program_and_its_children_read_it_and_nobody_writes_it() {
    let t = stocked();
    let expected = "token: canary-kube\nend\n";
    run(&t, &["--", "sh", "-c", "cat \"$KUBECONFIG\""]).ok().stdout_is(expected);
    // Twice, and by a grandchild.
    let twice = "cat \"$KUBECONFIG\"; sh -c 'cat \"$KUBECONFIG\"'";
    run(&t, &["--", "sh", "-c", twice]).ok().stdout_is(format!("{expected}{expected}"));
    run(&t, &["--", "sh", "-c", "echo x >\"$KUBECONFIG\" || exit 9"]).ends().code_is(9);
    // Masked, it is there too, and what is printed of it is masked.
    let masked =
        run(&t, &["--mask", "--", "sh", "-c", "cat \"$KUBECONFIG\"; wc -c <\"$KUBECONFIG\""]);
    masked.ok().stdout_is("token: [authy:kube-token]\nend\n23\n");
    let found = Snapshot::whole(t.path("").as_path());
    assert_eq!(found.holders(b"canary-kube"), Vec::<&std::path::Path>::new());
}

#[test]
fn programs_that_are_careful_with_files_take_it() {
    let t = stocked();
    run(&t, &["--", "sh", "-c", "stat -L -c %a \"$KUBECONFIG\""]).ok().stdout_is("400\n");
    if needs(["ssh-keygen"]) {
        t.program("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "id"]).ok();
        let key = fs::read(t.work().join("id")).unwrap();
        t.authy(["store", "kube-ssh", "--file", "id"]).ok();
        t.holds("kube-ssh", &key);
        t.write("key.tmpl", "<authy:kube-ssh>");
        let words = ["run", "--scope", "ops", "--file", "KEY=key.tmpl", "--", "sh", "-c"];
        let public = "ssh-keygen -y -f \"$KEY\"";
        t.authy(words.iter().chain(&[public])).ok().stdout_has("ssh-ed25519 ");
        // It closes all it inherited before it reads its configuration.
        t.write("key.tmpl", "Host x\n  HostName <authy:kube-token>\n");
        let asked = t.authy(words.iter().chain(&["ssh -G -F \"$KEY\" x"])).ok();
        asked.stdout_has("hostname canary-kube");
    }
    if happens_to_have("mariadb") {
        // One that others may write it leaves out, and connects without the password.
        t.write("my.tmpl", "[client]\npassword=<authy:kube-token>\n");
        let words = ["run", "--scope", "ops", "--file", "CNF=my.tmpl", "--", "sh", "-c"];
        let ask = "mariadb --defaults-file=\"$CNF\" --print-defaults";
        t.authy(words.iter().chain(&[ask])).ok().stdout_has("--password=canary-kube");
    }
    if happens_to_have("psql") {
        t.write("pass.tmpl", "*:*:*:*:<authy:kube-token>\n");
        let words = ["run", "--scope", "ops", "--file", "PGPASSFILE=pass.tmpl", "--", "sh", "-c"];
        let ask = "psql -h 127.0.0.1 -p 1 -w -c x";
        t.authy(words.iter().chain(&[ask])).ends().stderr_lacks("has group or world access");
    }
}

#[test]
fn a_program_that_closed_what_it_inherited_finds_it() {
    if !needs(["python3"]) {
        return;
    }
    let t = stocked();
    let script = "import os, subprocess, sys\nos.closerange(3, 300)\npath = os.environ['KUBECONFIG']\n\
        sys.stdout.write(open(path).read()); sys.stdout.flush()\n\
        subprocess.run(['cat', path], check=True)\nprint(path)";
    for mask in [&[][..], &["--mask"]] {
        let words = [mask, &["--", "python3", "-c", script]].concat();
        let done = run(&t, &words).ok();
        let lines = done.lines();
        let [first, .., path] = lines.as_slice() else { panic!("{done}") };
        let value = if mask.is_empty() { "canary-kube" } else { "[authy:kube-token]" };
        assert_eq!(first, &format!("token: {value}"), "{done}");
        assert_eq!(lines.iter().filter(|line| *line == first).count(), 2, "{done}");
        // Whoever held it ends with the program.
        let holder = path.split("/fd").next().unwrap().to_owned();
        assert!(holder.starts_with("/proc/"), "{path}");
        patiently(move || while fs::exists(&holder).unwrap() {}).unwrap();
    }
    // It is nobody's child: a program that waits for all of its own comes to an end.
    let wait = "import os\ntry:\n  os.wait()\nexcept ChildProcessError:\n  print('none')";
    run(&t, &["--", "python3", "-c", wait]).ok().stdout_is("none\n");
}

#[test]
fn it_may_name_what_the_scope_gives_and_nothing_else() {
    let t = stocked();
    let with = |text: &str| fs::write(t.work().join("kube.tmpl"), text).unwrap();
    with("<authy:other>");
    run(&t, &["--", "true"]).fails(4).stderr_has("other");
    with("<authy:kube-a> <authy:kube-b>");
    run(&t, &["--", "true"]).fails(3).stderr_has("kube-a").stderr_has("kube-b");
    with("<authy:kube-token");
    run(&t, &["--", "true"]).fails(2);
    fs::remove_file(t.work().join("kube.tmpl")).unwrap();
    run(&t, &["--", "true"]).fails(1).stderr_has("kube.tmpl");
    for words in ["KUBECONFIG", "=x"] {
        t.authy(["run", "--scope", "ops", "--file", words, "--", "true"]).fails(2);
    }
    with("x");
    t.authy(["run", "--scope", "ops", "--file", "LD_PRELOAD=kube.tmpl", "--", "true"]).fails(2);
}

#[test]
fn a_project_gives_files_once_it_is_allowed() {
    let t = stocked();
    let project = "[authy]\nscope = \"ops\"\n[files]\nKUBECONFIG = \"kube.tmpl\"\n";
    fs::write(t.work().join(".authy.toml"), project).unwrap();
    let words = ["run", "--", "sh", "-c", "cat \"$KUBECONFIG\""];
    t.authy(words).fails(4).stderr_has("authy allow");
    t.authy(["project-info"]).ok().stdout_has("KUBECONFIG = ");
    t.authy(["allow", "--yes"]).ok();
    t.authy(words).ok().stdout_has("token: canary-kube");
    let json = t.authy(["project-info", "--json"]).ok().json();
    assert!(json["files"]["KUBECONFIG"].as_str().unwrap().ends_with("kube.tmpl"));
    t.authy(["env"]).ok().stdout_lacks("KUBECONFIG");
}

#[test]
fn resolve_shows_values_wherever_it_writes_them() {
    let t = stocked();
    t.authy(["policy", "update", "ops", "--run-only"]).ok();
    for words in [&["resolve", "kube.tmpl"][..], &["resolve", "kube.tmpl", "-o", "out"]] {
        let done = t.authy(words.iter().chain(&["--scope", "ops"])).fails(4);
        done.stdout_is("").stderr_has("--file VARIABLE=TEMPLATE");
    }
    assert!(!t.work().join("out").exists());
    run(&t, &["--", "sh", "-c", "grep -c token \"$KUBECONFIG\""]).ok().stdout_is("1\n");
}

#[test]
fn a_template_is_not_replaced_by_what_it_resolves_to() {
    let t = stocked();
    let template = t.work().join("kube.tmpl");
    let before = fs::read(&template).unwrap();
    std::os::unix::fs::symlink("kube.tmpl", t.work().join("link")).unwrap();
    for out in ["kube.tmpl", "./kube.tmpl", "link"] {
        t.authy(["resolve", "kube.tmpl", "-o", out]).fails(2).stderr_has("template itself");
        assert_eq!(fs::read(&template).unwrap(), before);
    }
    t.authy(["resolve", "kube.tmpl", "-o", "out"]).ok();
}

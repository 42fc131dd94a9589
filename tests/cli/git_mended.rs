//! What a power cut leaves of a repository whose files nobody flushed: `check` finds it, and
//! `check --repair` mends it from the vault's files and from what was fetched.

use std::fs;
use std::path::PathBuf;

use crate::harness::Sandbox;
use crate::team::Team;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.store([("b", "2")]);
    t
}

/// Empties all objects of the newest commits, as after a cut.
fn empty_objects(t: &Sandbox, commits: &str) -> usize {
    let listed = t.git(["rev-list", "--objects", commits]);
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    for id in &ids {
        let file: PathBuf = t.file(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
        fs::remove_file(&file).unwrap();
        fs::write(file, "").unwrap();
    }
    ids.len()
}

/// After a repair: nothing is wrong, all is committed, and the next change commits.
fn is_mended(t: &Sandbox) {
    t.authy(["check"]).ok().stdout_is("");
    assert_eq!(t.git(["status", "--porcelain"]), "");
    t.git(["fsck", "--full"]);
    t.holds("a", "1");
    t.holds("b", "2");
    t.store([("c", "3")]);
    assert_eq!(t.git(["status", "--porcelain"]), "");
    t.verifies();
}

#[test]
fn a_commit_whose_objects_are_empty_is_made_again() {
    let t = stocked();
    let good = t.git(["rev-parse", "--short=7", "HEAD~1"]);
    let lost = empty_objects(&t, "HEAD~1..HEAD");
    t.authy(["check"]).ends().code_is(5).stdout_has("damage: .git/objects").stdout_has("repair");
    // What the next change says leads there.
    t.authy(["store", "meanwhile"]).stdin("3").ok().stderr_has("authy check --repair");
    t.authy(["check", "--repair"])
        .ok()
        .stderr_has(&format!("removed {lost} empty objects of git"))
        .stderr_has(&format!("moved the branch back to {}", good.trim()))
        .stderr_has("committed again what git had lost");
    is_mended(&t);
}

#[test]
fn an_index_and_a_branch_that_are_empty_files_are_made_anew() {
    for files in
        [&[".git/index"][..], &[".git/refs/heads/main"], &[".git/index", ".git/refs/heads/main"]]
    {
        let t = stocked();
        for file in files {
            fs::write(t.file(file), "").unwrap();
            t.authy(["check"]).ends().code_is(5).stdout_has(&format!("damage: {file}"));
        }
        // Neither of them is needed to read.
        t.authy(["list"]).ok();
        t.authy(["check", "--repair"]).ok();
        is_mended(&t);
    }
}

#[test]
fn what_was_fetched_is_what_a_branch_without_a_past_of_its_own_goes_back_to() {
    let team = Team::new();
    team.of("alice", &["store", "late"]).stdin("4").ok();
    let vault = team.t.vault();
    fs::remove_dir_all(vault.join(".git/logs")).unwrap();
    fs::write(vault.join(".git/refs/heads/main"), "").unwrap();
    team.of("alice", &["check", "--repair"]).ok().stderr_has("moved the branch back");
    team.of("alice", &["check"]).ok().stdout_is("");
    team.holds("alice", "late", "4");
    team.of("alice", &["sync"]).ok();
    assert_eq!(team.git("alice", ["status", "--porcelain"]), "");
}

#[test]
fn without_a_commit_that_is_whole_nothing_is_moved() {
    let t = stocked();
    empty_objects(&t, "HEAD");
    t.authy(["check", "--repair"]).ends().code_is(1).stderr_has("clone it again");
    t.holds("a", "1");
}

#[test]
fn what_a_commit_left_that_was_cut_short_is_no_damage() {
    let t = stocked();
    let blob = t.git(["hash-object", "-w", "authy.toml"]);
    let other = t.file(&format!(".git/objects/{}/{}", "ab", "c".repeat(38)));
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "").unwrap();
    t.authy(["check"]).ok().stdout_has("warning: .git/objects: 1 of").stdout_has("--repair");
    // One that the last commit has: here the settings, whoever wrote them.
    let needed = t.file(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..].trim()));
    fs::remove_file(&needed).unwrap();
    fs::write(&needed, "").unwrap();
    t.authy(["check"]).ends().code_is(5).stdout_has("damage: .git/objects: 2 of");
    fs::remove_file(&needed).unwrap();
    t.git(["hash-object", "-w", "authy.toml"]);
    t.authy(["check", "--repair"]).ok().stderr_has("removed 1 empty object of git");
    t.authy(["check"]).ok().stdout_is("");
}

/// Removes the file of an object.
fn lose(t: &Sandbox, what: &str) {
    let id = t.git(["rev-parse", what]);
    fs::remove_file(t.file(&format!(".git/objects/{}/{}", &id[..2], id[2..].trim()))).unwrap();
}

#[test]
fn an_empty_head_is_said_and_names_its_branch_again() {
    for is_moved in [false, true] {
        let t = stocked();
        if is_moved {
            t.git(["checkout", "-q", "-b", "other"]);
            t.git(["branch", "-m", "main", "old/main"]);
        }
        let branch = t.git(["symbolic-ref", "HEAD"]);
        fs::write(t.file(".git/HEAD"), "").unwrap();
        // Neither reading nor changing needs git.
        t.holds("a", "1");
        t.authy(["store", "meanwhile"]).stdin("3").ok().stderr_has("not committed");
        t.authy(["remove", "meanwhile"]).ok().stderr_has("authy check --repair");
        t.authy(["history", "a"]).fails(5).stderr_has("HEAD' is an empty file");
        t.authy(["check"]).ends().code_is(5).stdout_has("damage: .git/HEAD");
        t.authy(["check", "--repair"]).ok().stderr_has("had git's HEAD name '");
        assert_eq!(t.git(["symbolic-ref", "HEAD"]), branch);
        is_mended(&t);
    }
}

#[test]
fn where_several_branches_fit_an_empty_head_they_are_named() {
    let t = stocked();
    t.git(["branch", "other"]);
    fs::write(t.file(".git/HEAD"), "").unwrap();
    t.authy(["check", "--repair"]).fails(1).stderr_has("(main, other)").stderr_has("ref: refs/");
    fs::write(t.file(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    is_mended(&t);
}

#[test]
fn an_object_that_is_gone_comes_back_from_the_work_tree() {
    let t = stocked();
    let tip = t.git(["rev-parse", "HEAD"]);
    lose(&t, "HEAD:secrets/a.age");
    lose(&t, "HEAD~1:secrets/a.toml");
    t.authy(["check"]).ends().code_is(5).stdout_has("2 objects of git's newest commits");
    t.authy(["check", "--repair"]).ok().stderr_has("brought back objects of git");
    assert_eq!(t.git(["rev-parse", "HEAD"]), tip);
    is_mended(&t);
}

#[test]
fn an_object_that_is_gone_comes_back_from_the_remote() {
    let team = Team::new();
    team.of("alice", &["store", "late"]).stdin("4").ok();
    team.of("alice", &["rotate", "late"]).stdin("5").ok();
    team.of("alice", &["sync"]).ok();
    let tip = team.git("alice", ["rev-parse", "HEAD"]);
    // A tree, and the old value: in the work tree is neither.
    lose(&team.t, "HEAD~1:secrets/late.age");
    lose(&team.t, "HEAD~1:secrets");
    team.of("alice", &["check"]).ends().code_is(5).stdout_has("objects of git's newest commits");
    team.of("alice", &["check", "--repair"]).ok().stderr_has("brought back objects of git");
    assert_eq!(team.git("alice", ["rev-parse", "HEAD"]), tip);
    team.git("alice", ["fsck", "--full"]);
    team.of("alice", &["check"]).ok().stdout_is("");
    team.of("alice", &["sync"]).ok();
}

#[test]
fn an_index_is_made_anew_where_no_branch_is_checked_out() {
    let t = stocked();
    t.git(["checkout", "-q", "--detach"]);
    fs::write(t.file(".git/index"), "").unwrap();
    t.authy(["check"]).ends().code_is(5).stdout_has("damage: .git/index");
    t.authy(["check", "--repair"]).ok().stderr_has("rebuilt git's index");
    assert_eq!(t.git(["status", "--porcelain"]), "");
}

#[test]
fn nothing_is_done_to_a_sound_repository() {
    let t = stocked();
    let before = t.git(["rev-parse", "HEAD"]);
    t.authy(["check", "--repair"]).ok();
    assert_eq!(t.git(["rev-parse", "HEAD"]), before);
}

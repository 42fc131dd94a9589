//! What a commit holds, and what it leaves alone.

use std::time::{Duration, UNIX_EPOCH};

use super::{GitError, Outcome, Sandbox, fs, names_of};

#[test]
fn the_first_commit_starts_the_branch() {
    let sandbox = Sandbox::new();
    sandbox.write("authy.toml", "version = 1\n");
    sandbox.write("secrets/db-url.age", "\0binary\r\n");
    sandbox.committed(&["authy.toml", "secrets/db-url.age"]);
    assert_eq!(
        sandbox.git(&["log", "--format=%an %ae %cn %s"]),
        "Ann ann@example.org Ann Change files"
    );
    assert_eq!(sandbox.git(&["cat-file", "-p", "HEAD:secrets/db-url.age"]), "\0binary");
    assert_eq!(sandbox.last(), "A authy.toml\nA secrets/db-url.age");
    sandbox.assert_clean();
}

#[test]
fn later_commits_add_change_and_remove() {
    let sandbox = Sandbox::new();
    for path in ["a", "b", "deep/x/1", "deep/x/2", "gone/only"] {
        sandbox.write(path, path);
    }
    sandbox.committed(&["a", "b", "deep/x/1", "deep/x/2", "gone/only"]);
    // Git keeps the trees of the index from now on.
    sandbox.git(&["write-tree"]);
    sandbox.write("a", "changed");
    sandbox.write("new/folder/file", "");
    fs::remove_file(sandbox.path("deep/x/1")).unwrap();
    fs::remove_dir_all(sandbox.path("gone")).unwrap();
    sandbox.committed(&["a", "deep/x/1", "gone/only", "new/folder/file", "never/was"]);
    assert_eq!(sandbox.last(), "M a\nD deep/x/1\nD gone/only\nA new/folder/file");
    sandbox.assert_clean();
    let tracked = sandbox.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
    assert_eq!(tracked, "a\nb\ndeep/x/2\nnew/folder/file");
    assert_eq!(sandbox.git(&["write-tree"]), sandbox.git(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn removing_everything_leaves_an_empty_tree() {
    let sandbox = Sandbox::started();
    fs::remove_file(sandbox.path("first")).unwrap();
    sandbox.committed(&["first"]);
    assert_eq!(sandbox.git(&["ls-tree", "HEAD"]), "");
    sandbox.assert_clean();
}

#[test]
fn what_is_committed_already_is_not_committed_again() {
    let sandbox = Sandbox::started();
    let before = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(sandbox.commit(&["first", "missing"]).unwrap(), Outcome::Nothing);
    assert_eq!(sandbox.commit(&[]).unwrap(), Outcome::Nothing);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), before);
    sandbox.assert_clean();
}

#[test]
fn the_users_own_work_is_left_alone() {
    let sandbox = Sandbox::new();
    for path in ["staged", "edited", "dir/ours", "dir/theirs"] {
        sandbox.write(path, "old");
    }
    sandbox.committed(&["dir/ours", "dir/theirs", "edited", "staged"]);
    sandbox.write("staged", "staged");
    sandbox.write("dir/theirs", "staged too");
    sandbox.git(&["add", "staged", "dir/theirs"]);
    sandbox.write("edited", "edited");
    sandbox.write("untracked", "untracked");
    sandbox.write("dir/ours", "ours");
    sandbox.write("dir/more", "more");
    sandbox.committed(&["dir/more", "dir/ours"]);
    assert_eq!(sandbox.last(), "A dir/more\nM dir/ours");
    assert_eq!(sandbox.status(), "M  dir/theirs\n M edited\nM  staged\n?? untracked");
    sandbox.git(&["commit", "-q", "-m", "the user's"]);
    assert_eq!(sandbox.last(), "M dir/theirs\nM staged");
    assert_eq!(sandbox.status(), " M edited\n?? untracked");
    sandbox.assert_sound();
}

#[test]
fn a_staged_older_state_of_a_path_gives_way() {
    let sandbox = Sandbox::started();
    sandbox.write("first", "staged");
    sandbox.git(&["add", "first"]);
    sandbox.write("first", "1");
    assert_eq!(sandbox.commit(&["first"]).unwrap(), Outcome::Nothing);
    sandbox.assert_clean();
    sandbox.write("new", "new");
    sandbox.git(&["add", "--intent-to-add", "new"]);
    sandbox.committed(&["new"]);
    sandbox.assert_clean();
}

#[test]
fn an_edit_in_the_tick_of_the_last_add_still_shows() {
    let sandbox = Sandbox::started();
    sandbox.git(&["config", "core.trustctime", "false"]);
    let tick = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let touch = |path| fs::File::options().append(true).open(path).unwrap().set_modified(tick);
    sandbox.write("theirs", "aaaa");
    touch(sandbox.path("theirs")).unwrap();
    sandbox.git(&["add", "theirs"]);
    touch(sandbox.path(".git/index")).unwrap();
    sandbox.write("theirs", "bbbb");
    touch(sandbox.path("theirs")).unwrap();
    sandbox.write("first", "2");
    sandbox.committed(&["first"]);
    assert_eq!(sandbox.status(), "AM theirs");
}

#[test]
fn files_and_folders_may_change_places() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "file");
    sandbox.write("b/c", "in a folder");
    sandbox.committed(&["a", "b/c"]);
    fs::remove_file(sandbox.path("a")).unwrap();
    fs::remove_dir_all(sandbox.path("b")).unwrap();
    sandbox.write("a/x", "now a folder");
    sandbox.write("b", "now a file");
    sandbox.committed(&["a/x", "b"]);
    assert_eq!(sandbox.git(&["ls-tree", "-r", "--name-only", "HEAD"]), "a/x\nb");
    sandbox.assert_clean();
}

#[test]
fn messages_are_kept_as_they_are() {
    let sandbox = Sandbox::new();
    sandbox.write("f", "1");
    let message = "Store 'a' \"$(b)\" `c`\n\n# not a comment\n--amend\n";
    sandbox.commit_in(&sandbox.vault, &["f"], message).unwrap();
    assert_eq!(sandbox.git(&["log", "-1", "--format=%B"]), message.trim_end());
    sandbox.assert_clean();
}

#[test]
fn a_vault_inside_a_repository_is_committed_there() {
    let sandbox = Sandbox::started();
    let inner = sandbox.path("apps/vault");
    sandbox.write("apps/vault/authy.toml", "x");
    sandbox.write("apps/main.c", "y");
    sandbox.commit_in(&inner, &["authy.toml"], "Start").unwrap();
    assert_eq!(sandbox.last(), "A apps/vault/authy.toml");
    assert_eq!(sandbox.status(), "?? apps/main.c");
    sandbox.assert_sound();
}

#[test]
fn a_linked_worktree_commits_on_its_own_branch() {
    let sandbox = Sandbox::started();
    let linked = sandbox.dir.path().join("linked");
    let before = sandbox.git(&["rev-parse", "main"]);
    sandbox.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    fs::write(linked.join("second"), "2").unwrap();
    let outcome = sandbox.commit_in(&linked, &["second"], "Add second").unwrap();
    let id = sandbox.git(&["rev-parse", "side"]);
    assert_eq!(outcome, Outcome::Committed { id, parent: Some(before.clone()) });
    assert_eq!(sandbox.git(&["rev-parse", "main"]), before);
    assert_eq!(sandbox.git_in(&linked, &["status", "--porcelain"]), "");
    sandbox.assert_clean();
}

#[test]
fn a_vault_reached_through_a_link_is_committed() {
    let sandbox = Sandbox::started();
    let link = sandbox.dir.path().join("link");
    std::os::unix::fs::symlink(&sandbox.vault, &link).unwrap();
    sandbox.write("first", "2");
    let outcome = sandbox.commit_in(&link, &["first"], "Change").unwrap();
    assert!(matches!(outcome, Outcome::Committed { .. }));
    sandbox.assert_clean();
}

#[test]
fn packed_repositories_and_other_index_formats_work() {
    let sandbox = Sandbox::started();
    sandbox.git(&["gc", "-q"]);
    sandbox.git(&["update-index", "--index-version", "4", "--split-index", "--untracked-cache"]);
    sandbox.write("first", "2");
    sandbox.write("second", "2");
    sandbox.committed(&["first", "second"]);
    sandbox.assert_clean();
    sandbox.git(&["config", "index.skipHash", "true"]);
    sandbox.write("third", "3");
    sandbox.committed(&["third"]);
    sandbox.assert_clean();
}

#[test]
fn paths_that_leave_the_vault_or_enter_git_are_refused() {
    let sandbox = Sandbox::started();
    for path in ["../x", "/x", "a//b", "", ".", "a/", ".git/config", "a/.GIT/hooks/x", "a\0b"] {
        let result = sandbox.commit(&[path]);
        assert!(matches!(result, Err(GitError::Path { .. })), "{path:?}: {result:?}");
    }
    sandbox.assert_clean();
}

#[test]
fn links_are_not_committed() {
    let sandbox = Sandbox::started();
    std::os::unix::fs::symlink("/etc/passwd", sandbox.path("link")).unwrap();
    let before = fs::read(sandbox.path(".git/index")).unwrap();
    assert!(matches!(sandbox.commit(&["link"]), Err(GitError::NotRegular { .. })));
    assert_eq!(fs::read(sandbox.path(".git/index")).unwrap(), before);
    assert_eq!(sandbox.status(), "?? link");
    sandbox.assert_sound();
}

#[test]
fn a_new_repository_has_no_sample_hooks() {
    let sandbox = Sandbox::new();
    assert!(names_of(fs::read_dir(sandbox.path(".git/hooks")).unwrap()).is_empty());
    sandbox.write("kept", "");
    sandbox.committed(&["kept"]);
    super::super::init(&sandbox.vault, &sandbox.vault).unwrap();
    assert_eq!(sandbox.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    sandbox.assert_clean();
}

#[test]
fn housekeeping_waits_for_many_loose_objects() {
    let sandbox = Sandbox::started();
    sandbox.git(&["config", "gc.auto", "1"]);
    sandbox.git(&["config", "gc.autoDetach", "false"]);
    fs::create_dir_all(sandbox.path(".git/objects/17")).unwrap();
    for n in 0..40 {
        sandbox.write(&format!(".git/objects/17/{n:038x}"), "");
    }
    sandbox.write("first", "2");
    sandbox.committed(&["first"]);
    assert_eq!(sandbox.status(), "");
}

/// The files of a folder of the repository.
fn in_git(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(".git").join(folder)).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn many_files_become_one_pack_that_git_takes_for_its_own() {
    let sandbox = Sandbox::started();
    let loose = in_git(&sandbox, "objects");
    let names: Vec<String> = (0..150).map(|n| format!("d{}/f{n}.age", n % 3)).collect();
    for (n, name) in names.iter().enumerate() {
        // Sizes around what zlib cuts blocks at, and an empty one.
        let size = [0, 1, 100, 32_767, 32_768, 65_535, 65_536, 200_000][n % 8];
        let noise: Vec<u8> = (0..size).map(|i: usize| ((i * i * (n + 7)) >> 5) as u8).collect();
        sandbox.write_bytes(name, &noise);
    }
    sandbox.write("first", "as text, as text, as text");
    let paths: Vec<&str> = names.iter().map(String::as_str).chain(["first"]).collect();
    sandbox.committed(&paths);
    sandbox.assert_clean();
    let packs = in_git(&sandbox, "objects/pack");
    let endings: Vec<_> = packs.iter().map(|name| name.rsplit('.').next().unwrap()).collect();
    assert_eq!(endings, ["idx", "pack"], "{packs:?}");
    assert_eq!(in_git(&sandbox, "objects"), loose, "nothing is written twice, nothing lies about");
    sandbox.git(&["fsck", "--full", "--strict"]);
    for (n, name) in names.iter().enumerate().take(8) {
        let size = sandbox.git(&["cat-file", "-s", &format!("HEAD:{name}")]);
        assert_eq!(size, [0, 1, 100, 32_767, 32_768, 65_535, 65_536, 200_000][n].to_string());
    }
    // What is there already is not written again.
    for name in &names {
        fs::rename(sandbox.path(name), sandbox.path(&format!("{name}.moved"))).unwrap();
    }
    let moved: Vec<String> = names.iter().map(|name| format!("{name}.moved")).collect();
    let both: Vec<&str> = names.iter().chain(&moved).map(String::as_str).collect();
    sandbox.committed(&both);
    sandbox.assert_clean();
    let count = sandbox.git(&["count-objects", "-v"]);
    assert!(count.contains("packs: 2"), "{count}");
    // Three trees below the root's, the root's, the commit.
    let second = sandbox.git(&["rev-list", "--objects", "--count", "HEAD^..HEAD"]);
    assert_eq!(second, "5");
    sandbox.git(&["gc", "--prune=now", "--quiet"]);
    sandbox.git(&["fsck", "--full", "--strict"]);
}

#[test]
fn what_keeps_a_pack_of_a_killed_commit_goes_after_a_day() {
    let sandbox = Sandbox::started();
    let packs = sandbox.path(".git/objects/pack");
    let keep = |name: &str, text: &str| {
        fs::write(packs.join(name), text).unwrap();
        let before = std::time::SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
        fs::File::options()
            .write(true)
            .open(packs.join(name))
            .unwrap()
            .set_modified(before)
            .unwrap();
    };
    keep("pack-ours.keep", "authy\n");
    keep("pack-theirs.keep", "somebody wants this one\n");
    fs::write(packs.join("pack-young.keep"), "authy\n").unwrap();
    let workshop = |name: &str| sandbox.path(".git/objects").join(name);
    for (name, age) in [("authy-pack-old", 2), ("authy-pack-young", 0), ("tmp_other", 2)] {
        fs::create_dir(workshop(name)).unwrap();
        fs::write(workshop(name).join(".tmp1"), "half").unwrap();
        let before = std::time::SystemTime::now() - Duration::from_secs(age * 24 * 60 * 60);
        fs::File::open(workshop(name)).unwrap().set_modified(before).unwrap();
    }
    super::super::pack::remove_abandoned(&sandbox.path(".git/objects"));
    let left: Vec<_> =
        in_git(&sandbox, "objects").into_iter().filter(|name| name.contains(['_', '-'])).collect();
    assert_eq!(left, ["authy-pack-young", "tmp_other"]);
    assert_eq!(in_git(&sandbox, "objects/pack"), ["pack-theirs.keep", "pack-young.keep"]);
    // One that is in use git leaves alone, whatever it is asked to remove.
    sandbox.git(&["gc", "--prune=now", "--quiet"]);
    assert!(workshop("authy-pack-young").join(".tmp1").exists());
}

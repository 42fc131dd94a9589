#!/usr/bin/env bash
# gix moves a branch to a commit that exists in no repository, where objects are kept in memory.
#
# `Repository::with_object_memory()` has new objects stay in memory, to be looked at or written elsewhere.
# `Repository::commit_as()` writes its commit the same way and then moves the branch, which is a file: when
# the program ends the branch names an object that is gone. It returns Ok, and the same handle reads the
# commit. `new_commit_as()`, which moves nothing, is the one to use there.
#
# Seen on Linux with gix 0.90.0 and git 2.47.3:
#     gix: commit_as is ok, the handle reads the commit: true
#     git: cat-file of the branch: missing
#     git: fsck fails: true
#
# What follows: whoever collects the objects of a commit in memory, as to write one pack, makes the commit
# with `new_commit_as`, writes the objects, and moves the branch after that. Needs cargo and git; fails where
# any of this has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null

mkdir -p program/src
cat >program/Cargo.toml <<'TOML'
[package]
name = "commits"
version = "0.0.0"
edition = "2024"

[dependencies]
gix = { version = "=0.90.0", default-features = false, features = ["sha1", "revision"] }
TOML
cat >program/src/main.rs <<'RUST'
//! Commits the empty tree, with all objects in memory.

fn main() {
    let repo = gix::open(std::env::args_os().nth(1).unwrap()).unwrap().with_object_memory();
    let tree = repo.write_object(gix::objs::Tree::empty()).unwrap().detach();
    let time = "1700000000 +0000";
    let by = gix::actor::SignatureRef { name: "a".into(), email: "a@example.org".into(), time };
    let none = Vec::<gix::ObjectId>::new();
    let made = repo.commit_as(by, by, "HEAD", "first", tree, none).map(|id| id.detach());
    let reads = made.as_ref().is_ok_and(|id| repo.find_commit(*id).is_ok());
    println!("gix: commit_as is {}, the handle reads the commit: {reads}", if made.is_ok() { "ok" } else { "an error" });
}
RUST
git init -q -b main repository
{
    CARGO_TARGET_DIR=$work/target cargo run -q --manifest-path program/Cargo.toml -- repository
    branch=$(cat repository/.git/refs/heads/main)
    printf 'git: cat-file of the branch: %s\n' "$(echo "$branch" | git -C repository cat-file --batch-check | cut -d' ' -f2)"
    git -C repository fsck >/dev/null 2>&1 && failed=false || failed=true
    printf 'git: fsck fails: %s\n' "$failed"
} | tee seen
diff -u - seen <<'EXPECTED'
gix: commit_as is ok, the handle reads the commit: true
git: cat-file of the branch: missing
git: fsck fails: true
EXPECTED

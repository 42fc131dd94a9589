#!/usr/bin/env bash
# gix flushes nothing of a commit, whatever git's `core.fsync` says.
#
# git-config(1) has `core.fsync` list the components of a repository that are hardened when they
# are written; `all` names loose objects, references and the index among them, and git follows it.
# gix reads the same configuration and makes the same commit by writing and renaming alone.
#
# Seen on Linux with gix 0.90.0 and git 2.47.3:
#     git: 4 flushes for the commit
#     gix: 0 flushes for the commit
#
# What follows: whoever commits with gix and says that it is done flushes the objects, then the
# branch, on his own. Needs cargo, git and strace; fails where any of this has changed.
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
gix = { version = "=0.90.0", default-features = false, features = ["sha1", "index", "revision"] }
TOML
cat >program/src/main.rs <<'RUST'
//! Commits one file to a repository.

fn main() {
    let repo = gix::open(std::env::args_os().nth(1).unwrap()).unwrap();
    let blob = repo.write_blob(b"content\n").unwrap().detach();
    let mut tree = repo.edit_tree(repo.empty_tree().id).unwrap();
    tree.upsert("file", gix::objs::tree::EntryKind::Blob, blob).unwrap();
    let tree = tree.write().unwrap().detach();
    let time = "1700000000 +0000";
    let who = gix::actor::SignatureRef { name: "a".into(), email: "a@example.com".into(), time };
    let none = Vec::<gix::ObjectId>::new();
    let id = repo.commit_as(who, who, "HEAD", "commit", tree, none).unwrap();
    let fsync = repo.config_snapshot().string("core.fsync").unwrap();
    println!("core.fsync={fsync} commit={id}");
}
RUST
cargo build --quiet --manifest-path program/Cargo.toml --target-dir target

for name in git gix; do
    git init -q -b main $name
    git -C $name config core.fsync all
done
flushes() { grep -cE '^[0-9]+ +(fsync|fdatasync|syncfs|sync)\(' "$1" || true; }

echo content >git/file
git -C git add file
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_AUTHOR_DATE='1700000000 +0000'
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com GIT_COMMITTER_DATE='1700000000 +0000'
strace -f -o of-git git -C git commit -q -m commit
strace -f -o of-gix target/debug/commits gix

echo "git: $(flushes of-git) flushes for the commit"
echo "gix: $(flushes of-gix) flushes for the commit"
git --version
[[ $(git -C git rev-parse 'HEAD^{tree}') = "$(git -C gix rev-parse 'HEAD^{tree}')" ]]
[[ $(flushes of-git) -gt 0 && $(flushes of-gix) = 0 ]]

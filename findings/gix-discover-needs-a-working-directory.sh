#!/usr/bin/env bash
# gix finds no repository from a working directory that was removed, though the path it is given is absolute.
#
# `gix_discover::upwards_opts()` has an option `current_dir`, for programs that know already where they
# stand. It is honoured while the folders are walked; what is found
# then becomes a `repository::Path`, and that asks the system again. Where a shell stands in a folder that
# was removed, the answer is an error without the option, and with it that there is no repository. git
# itself, told by `-C` where to go, works from such a folder.
#
# Seen on Linux with gix-discover 0.57.1 and git 2.47.3:
#     git -C: .git
#     gix, from a folder that is there: found
#     gix, from one that is gone: an error
#     gix, the same with `current_dir`: no repository
#
# What follows: a program that may be started anywhere stands somewhere else while it looks for a
# repository, and goes back by a descriptor of the folder afterwards. Needs cargo and git; fails where any of
# this has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null

mkdir -p program/src
cat >program/Cargo.toml <<'TOML'
[package]
name = "discovers"
version = "0.0.0"
edition = "2024"

[dependencies]
gix-discover = { version = "=0.57.1", features = ["sha1"] }
TOML
cat >program/src/main.rs <<'RUST'
//! Looks for the repository around a folder, with or without saying where this process stands.

use gix_discover::upwards::{Error, Options};

fn main() {
    let mut words = std::env::args_os().skip(1);
    let folder = std::path::PathBuf::from(words.next().unwrap());
    let current_dir = words.next().map(|_| folder.as_path());
    let options = Options { current_dir, ..Options::default() };
    println!("{}", match gix_discover::upwards_opts(&folder, options) {
        Ok(_) => "found",
        Err(error) if error.downcast_any_ref::<Error>().is_some() => "no repository",
        Err(_) => "an error",
    });
}
RUST
git init -q -b main repository
CARGO_TARGET_DIR=$work/target cargo build -q --manifest-path program/Cargo.toml
program=$work/target/debug/discovers
{
    here=$("$program" "$work/repository")
    mkdir gone
    cd gone
    rmdir ../gone
    printf 'git -C: %s\n' "$(git -C "$work/repository" rev-parse --git-dir)"
    printf 'gix, from a folder that is there: %s\n' "$here"
    printf 'gix, from one that is gone: %s\n' "$("$program" "$work/repository")"
    printf 'gix, the same with `current_dir`: %s\n' "$("$program" "$work/repository" said)"
} >"$work/seen"
cd "$work"
cat seen
diff -u - seen <<'EXPECTED'
git -C: .git
gix, from a folder that is there: found
gix, from one that is gone: an error
gix, the same with `current_dir`: no repository
EXPECTED

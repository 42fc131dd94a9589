#!/usr/bin/env bash
# A new value for a key of the kernel's keyring takes its time limit off.
#
# Seen with keyutils-raw 0.4.0 on Linux 6.18. A key of type `user` is added and given 1,000 seconds. Adding a
# key of the same name again keeps its number, gives it the new value, and leaves it without an end: the
# column of /proc/keys that said `16m` says `perm`. add_key(2) tells of the new value and not of the limit.
# Whoever renews a secret that is to expire has to set the limit each time, or to end the old key first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "limits"
version = "0.0.0"
edition = "2021"

[dependencies]
keyutils-raw = "=0.4.0"
TOML
cat >src/main.rs <<'RUST'
use keyutils_raw::{add_key, keyctl_set_timeout, KEY_SPEC_PROCESS_KEYRING};

fn limit(id: i32) -> String {
    let keys = std::fs::read_to_string("/proc/keys").unwrap();
    let line = keys.lines().find(|line| line.starts_with(&format!("{id:08x}"))).unwrap();
    line.split_whitespace().nth(3).unwrap().to_owned()
}

fn main() {
    let one = add_key("user", "of-this-process", b"one", KEY_SPEC_PROCESS_KEYRING).unwrap();
    keyctl_set_timeout(one, 1000).unwrap();
    println!("with a limit: {}", limit(one.get()));
    let two = add_key("user", "of-this-process", b"two", KEY_SPEC_PROCESS_KEYRING).unwrap();
    println!("another value, same key {}: {}", one == two, limit(two.get()));
}
RUST
seen=$(cargo run --quiet)
echo "$seen"
[[ $seen == "with a limit: 16m
another value, same key true: perm" ]]

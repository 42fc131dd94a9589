#!/usr/bin/env bash
# linux-keyutils says of a key that it read more bytes than the slice has, and has written none.
#
# Seen with linux-keyutils 0.2.5 on Linux 6.18. A key holds 200 bytes. `Key::read` is documented to return
# "the number of bytes read into the slice"; with a slice of 4 bytes it returns Ok(200), and the slice is as
# it was. The kernel does so for whoever wants to know the length (keyctl_read(3)); with a slice of 200
# bytes the call reads them. Whoever cuts their buffer at the number that comes back panics, and whoever
# does not compare it takes zeros for the value: compare it with the length of the slice.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "reads"
version = "0.0.0"
edition = "2021"

[dependencies]
linux-keyutils = "=0.2.5"
TOML
cat >src/main.rs <<'RUST'
use linux_keyutils::{KeyRing, KeyRingIdentifier};

fn main() {
    let ring = KeyRing::from_special_id(KeyRingIdentifier::Process, true).unwrap();
    let key = ring.add_key("of-this-process", &[7_u8; 200]).unwrap();
    let mut small = [0_u8; 4];
    println!("4 bytes: {:?}, {:?}", key.read(&mut small).unwrap(), small);
    let mut large = [0_u8; 200];
    println!("200 bytes: {:?}, {:?}", key.read(&mut large).unwrap(), &large[..4]);
}
RUST
seen=$(cargo run --quiet)
echo "$seen"
[[ $seen == "4 bytes: 200, [0, 0, 0, 0]
200 bytes: 200, [7, 7, 7, 7]" ]]

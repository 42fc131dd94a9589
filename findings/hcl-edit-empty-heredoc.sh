#!/usr/bin/env bash
# hcl-edit reads an empty heredoc past its end: what follows in the file becomes part of its text.
#
# Seen with hcl-edit 0.10.0, beside @cdktf/hcl2json 0.21.0, which has HashiCorp's own parser. In the file a
# heredoc `a` without a line is followed by `b`, and by a heredoc `c` with the same word. HashiCorp's parser
# reads a, b and c, and `a` is empty. The crate reads `a` alone, with b and the head of c in its text, and
# says nothing. Whoever changes such a file by the places that it gives takes more away than was meant.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'a = <<EOT\nEOT\nb = "1"\nc = <<EOT\nx\nEOT\n' >file.tfvars

cargo init --quiet --name read-hcl --vcs none .
cargo add --quiet hcl-edit@=0.10.0
cat >src/main.rs <<'RUST'
fn main() {
    let text = std::fs::read_to_string("file.tfvars").unwrap();
    let body = hcl_edit::parser::parse_body(&text).unwrap();
    let names: Vec<_> = body.attributes().map(|one| one.key.as_str()).collect();
    println!("{}", names.join(" "));
}
RUST
rust=$(CARGO_TARGET_DIR="$folder/target" cargo run --quiet)

npm install --silent --no-audit --no-fund --ignore-scripts @cdktf/hcl2json@0.21.0
hashicorp=$(node -e '
const { parse } = require("@cdktf/hcl2json");
parse("file.tf", require("fs").readFileSync("file.tfvars", "utf8"))
    .then((read) => console.log(Object.keys(read).sort().join(" "), JSON.stringify(read.a)));
')
echo "hcl-edit 0.10.0 reads: $rust"
echo "HashiCorp's parser (@cdktf/hcl2json 0.21.0) reads: $hashicorp"
[[ $rust == a && $hashicorp == 'a b c ""' ]]

#!/usr/bin/env bash
# Stores many secrets, one commit each, and prints how long each thousand took; beside it,
# after each thousand, how long git needs to add and commit the same files once more.
#
#   benches/stores.sh [COUNT]       10000 by default; AUTHY_BIN names the program
#
# Works in a temporary HOME and removes it. Prints seconds, and KiB of `.git`.
set -euo pipefail
count=${1:-10000}
authy=$(realpath "${AUTHY_BIN:-target/release/authy}")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export HOME=$place XDG_STATE_HOME=$place/state GIT_CONFIG_NOSYSTEM=1
git config --global user.name bench
git config --global user.email bench@example.com
git config --global gc.auto 0
git config --global maintenance.auto false
"$authy" -q init --member alice
vault=$place/.authy

now() { date +%s%N; }
ms() { echo "$((($2 - $1) / 1000000))"; }

# One store, and then the same files committed by git, ten times, in turn.
compare() {
    local n a b c name ours=0 gits=0
    for n in 1 2 3 4 5 6 7 8 9 10; do
        name=compare-$1-$n
        a=$(now)
        printf x | "$authy" -q store "$name"
        b=$(now)
        ours=$((ours + $(ms "$a" "$b")))
        # The same files and the same segment, changed once more, by git.
        git -C "$vault" reset -q --soft HEAD~1
        mapfile -t files < <(git -C "$vault" diff --cached --name-only)
        git -C "$vault" reset -q
        b=$(now)
        git -C "$vault" add -- "${files[@]}"
        git -C "$vault" commit -q -m "Store $name"
        c=$(now)
        gits=$((gits + $(ms "$b" "$c")))
    done
    echo "store $((ours / 10)) ms, git add + commit $((gits / 10)) ms"
}

done_=0
while [[ $done_ -lt $count ]]; do
    a=$(now)
    for n in $(seq "$done_" $((done_ + 999))); do
        printf 'value-%s' "$n" | "$authy" -q store "secret-$n"
    done
    b=$(now)
    done_=$((done_ + 1000))
    printf '%6s stores: last thousand %6s ms, .git %7s KiB, audit %5s KiB; ' "$done_" "$(ms "$a" "$b")" \
        "$(du -sk "$vault/.git" | cut -f 1)" "$(du -sk --apparent-size "$vault/audit" | cut -f 1)"
    compare "$done_"
done
"$authy" audit verify

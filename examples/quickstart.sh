#!/usr/bin/env bash
# Builds authy and does its main job once, in a temporary HOME that is removed at the end:
# a vault, three secrets, a policy, a program that gets what the policy allows, a read that
# is denied, the git log, the verified audit trail. Nothing outside that HOME is touched.
#
#   ./examples/quickstart.sh                    builds target/release/authy first
#   AUTHY_BIN=/path/to/authy ./examples/quickstart.sh     uses a binary that is there already
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ -n ${AUTHY_BIN-} ]]; then
    binary=$AUTHY_BIN
    [[ $binary == /* ]] || binary=$PWD/$binary
else
    echo "\$ cargo build --release --locked"
    (cd "$repo" && cargo build --release --locked)
    target=${CARGO_TARGET_DIR:-target}
    [[ $target == /* ]] || target=$repo/$target
    binary=$target/release/authy
fi
[[ -x $binary ]] || { echo "quickstart: no program at $binary" >&2; exit 1; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# From here on nothing of the user's is seen: no vault, no identity, no git configuration.
for name in "${!AUTHY_@}" "${!GIT_@}" "${!XDG_@}"; do unset "$name"; done
mkdir "$place/home" "$place/bin"
ln -s "$binary" "$place/bin/authy"
export HOME=$place/home PATH=$place/bin:$PATH
export GIT_CONFIG_NOSYSTEM=1
cd "$HOME"

fail() {
    echo "quickstart: FAILED: $*" >&2
    exit 1
}

# step CODE 'COMMAND' ['TEXT'…]: shows and runs a command, expects its exit code and each
# text in what it prints.
step() {
    local code=$1 command=$2 output status=0
    shift 2
    printf '\n$ %s\n' "$command"
    output=$(eval "$command" 2>&1) || status=$?
    [[ -z $output ]] || printf '%s\n' "$output"
    [[ $status == "$code" ]] || fail "exit $status instead of $code: $command"
    [[ $code == 0 ]] || echo "(exit $status)"
    for text in "$@"; do
        [[ $output == *"$text"* ]] || fail "'$text' is missing in the output of: $command"
    done
}

note() {
    printf '\n# %s\n' "$*"
}

cat >report.sh <<'PROGRAM'
#!/bin/sh
# Any program: it reads its environment and knows nothing of authy.
echo "database host: $(echo "$DB_URL" | sed 's|.*@||; s|/.*||')"
echo "api key: ${#API_KEY} characters"
echo "mail password: ${MAIL_PASSWORD-not given}"
PROGRAM
chmod +x report.sh

note "A vault: a folder of files in a git repository, and an identity that opens it."
step 0 'authy init --member alice'

note "Three secrets. Values come from stdin, never from the command line."
step 0 'echo "postgres://app:s3cret@db.example.com/app" | authy store db-url --description "primary database"'
step 0 'authy store api-key --generate=40'
step 0 'echo "correct horse" | authy store mail-password'
step 0 'authy list' api-key db-url mail-password

note "A policy names what a scope reaches."
step 0 "authy policy create backend --allow 'db-*' --allow 'api-*'"
step 0 'authy policy test --scope backend db-url' ALLOWED

note "A program with the values of that scope in its environment, and only those."
step 0 'authy run --scope backend --uppercase -- ./report.sh' \
    'database host: db.example.com' 'api key: 40 characters' 'mail password: not given'

note "What the policy does not allow is denied, and the attempt is recorded."
step 4 'authy get mail-password --scope backend' mail-password
step 0 'authy audit show --outcome denied' mail-password denied

note "Every change is a commit; the files in it are encrypted or signed."
step 0 'git -C ~/.authy log --oneline' db-url api-key mail-password backend

note "The audit trail: one line for each access, written before the value left."
step 0 'authy audit show -n 3' run
step 0 'authy audit verify' alice-

printf '\nquickstart: ok\n'

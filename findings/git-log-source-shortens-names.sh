#!/usr/bin/env bash
# `git log --source` tells the same ref by another name, depending on how it was asked for.
#
# `--source`, and `%S` in a format, say by which ref a commit was reached. Asked for by `--all` that is
# `refs/heads/side`, by `--branches` it is `side`, and by `--remotes` it is `origin/side`: what a local branch
# called `origin/side` would be, too. On the command line it is what was typed.
#
# Seen on Linux with git 2.47.3:
#     --all: refs/heads/origin/side refs/remotes/origin/side
#     --branches: origin/side
#     --remotes: origin/side
#     typed: refs/remotes/origin/side
#
# What follows: a program that has to tell branches from those of a remote asks with `--all`, or for each kind
# by itself. Needs git; fails where this has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org

git init -q -b main repository
cd repository
git commit -q --allow-empty -m first
first=$(git rev-parse HEAD)
# Two commits, one reached by a branch of here and one by a branch of a remote, of the same short name.
here=$(git commit-tree -p "$first" -m here "$first^{tree}")
there=$(git commit-tree -p "$first" -m there "$first^{tree}")
git update-ref refs/heads/origin/side "$here"
git update-ref refs/remotes/origin/side "$there"

told() { git log --format=%S --source "$@" --not main | sort | xargs; }
{
    printf -- '--all: %s\n' "$(told --all)"
    printf -- '--branches: %s\n' "$(told --branches)"
    printf -- '--remotes: %s\n' "$(told --remotes)"
    printf -- 'typed: %s\n' "$(told refs/remotes/origin/side)"
} | tee "$work/seen"
diff -u - "$work/seen" <<'EXPECTED'
--all: refs/heads/origin/side refs/remotes/origin/side
--branches: origin/side
--remotes: origin/side
typed: refs/remotes/origin/side
EXPECTED

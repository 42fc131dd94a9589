#!/usr/bin/env bash
# The time of `.git/FETCH_HEAD` does not tell when a clone last heard of its remote.
#
# Programs that show "last fetched" go by when that file was written. `git clone` writes none. A `git fetch`
# that fails empties it, with the time of the failure; pygit2 (libgit2) leaves it as it was then. dulwich
# fetches, moves the remote's branch, and never writes it.
#
# Seen with git 2.47.3, pygit2 1.18.2 and dulwich 0.24.10, bytes in the file (the remote's path is in it):
#     after git clone: none
#     git: fetched 86, after one that failed 0
#     pygit2: fetched 90, after one that failed 90
#     dulwich: fetched none, and origin/main is the new commit
#
# What follows: an empty file is no fetch, a missing one may be a fresh clone or another program's, and
# whoever has to know keeps a time of its own. Needs git and python3; fails where any of this has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$work
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com

python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check dulwich==0.24.10 pygit2==1.18.2

git init -q --bare -b main remote.git
git clone -q remote.git writer 2>/dev/null
git -C writer commit -q --allow-empty -m one
git -C writer push -q origin HEAD:main
for reader in git pygit2 dulwich; do git clone -q remote.git "$reader"; done
size() { if [[ -e $1/.git/FETCH_HEAD ]]; then stat -c %s "$1/.git/FETCH_HEAD"; else echo none; fi; }
cloned=$(size git)
git -C writer commit -q --allow-empty -m two
git -C writer push -q origin HEAD:main
new=$(git -C writer rev-parse HEAD)

fetch() { # with one of the two libraries
    python/bin/python - "$1" <<'PYTHON'
import io, sys
if sys.argv[1] == "dulwich":
    from dulwich import porcelain
    porcelain.fetch("dulwich", errstream=io.BytesIO())
else:
    import pygit2
    pygit2.Repository("pygit2").remotes["origin"].fetch()
PYTHON
}
git -C git fetch -q
fetch pygit2
fetch dulwich
of_git=$(size git) of_pygit2=$(size pygit2) of_dulwich=$(size dulwich)
moved=$(git -C dulwich rev-parse origin/main)

mv remote.git away.git
git -C git fetch -q 2>/dev/null && exit 1
fetch pygit2 2>/dev/null && exit 1
failed_git=$(size git) failed_pygit2=$(size pygit2)

git --version
echo "after git clone: $cloned"
echo "git: fetched $of_git, after one that failed $failed_git"
echo "pygit2: fetched $of_pygit2, after one that failed $failed_pygit2"
echo "dulwich: fetched $of_dulwich, and origin/main is the new commit"
[[ $cloned == none && $of_git -gt 0 && $failed_git == 0 ]]
[[ $of_pygit2 -gt 0 && $failed_pygit2 == "$of_pygit2" ]]
[[ $of_dulwich == none && $moved == "$new" ]]

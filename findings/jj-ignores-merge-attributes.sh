#!/usr/bin/env bash
# jj writes conflict markers into files that `.gitattributes` keeps from being merged.
#
# gitattributes(5) has `-merge` (also a part of the macro `binary`) leave the file of the branch that is
# checked out as it is where both sides changed it, as nothing good comes of merging inside it. jj reads
# the same repository and merges every file that looks like text.
#
# Seen with jj 0.45.1 and git 2.47.3, both sides having changed `f.dat`, for which `git check-attr` says
# `merge: unset`:
#     git: three
#     jj: <<<<<<< conflict 1 of 1
#
# What follows: whoever signs files, or keeps text in another format beside a repository that somebody may
# drive with jj, meets these markers in them, and can tell by the first line what happened (`jj undo`
# takes it back). Needs git and cargo, which takes minutes; fails where any of this has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
export JJ_CONFIG=/dev/null JJ_USER=a JJ_EMAIL=a@example.com

cargo install --quiet --locked --root "$work/jj" --target-dir "$work/target" --bin jj jj-cli@0.45.1
jj=$work/jj/bin/jj

git init -q -b main repository
cd repository
printf '*.dat -text -diff -merge\n' >.gitattributes
echo one >f.dat
git add .
git commit -qm base
git switch -qc side
echo two >f.dat
git commit -qam two
git switch -q main
echo three >f.dat
git commit -qam three

git merge side >/dev/null 2>&1 && exit 1
of_git=$(head -n 1 f.dat)
git merge --abort
"$jj" git init --colocate 2>/dev/null
"$jj" new main side -m merge 2>/dev/null
of_jj=$(head -n 1 f.dat)

echo "$("$jj" --version), $(git --version), $(git check-attr merge f.dat)"
echo "git: $of_git"
echo "jj: $of_jj"
[[ $of_git == three && $of_jj == '<<<<<<< conflict'* ]]

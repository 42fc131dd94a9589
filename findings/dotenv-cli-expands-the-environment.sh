#!/usr/bin/env bash
# dotenv-cli expands `$name` in the whole environment of the program that it starts, not only in the
# variables of its file.
#
# Seen with dotenv-cli 11.0.0 (dotenv-expand 12.0.3) on Node.js 20.20.2. The file sets B alone. A comes
# from the environment with the text `pa$HOME`, and reaches the program as `pa` and the home folder;
# with `--no-expand` it arrives as it was. Whoever injects secrets by the environment and starts
# `dotenv -- prog` below that hands over another value wherever a `$` stands before a name.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts dotenv-cli@11.0.0 dotenv-expand@12.0.3
printf 'B=1\n' >file

show() {
    env -i PATH="$PATH" HOME=/somewhere A='pa$HOME' node_modules/.bin/dotenv -e file "$@" -- \
        node -p 'process.env.A'
}
echo "dotenv-cli $(node -p 'require("./node_modules/dotenv-cli/package.json").version'), node $(node --version)"
expanded=$(show)
kept=$(show --no-expand)
echo "A is $expanded, and with --no-expand $kept"
[[ $expanded == pa/somewhere && $kept == 'pa$HOME' ]]

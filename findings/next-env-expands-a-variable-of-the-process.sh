#!/usr/bin/env bash
# @next/env expands a variable that comes from the process's environment as soon as a .env file names
# it too, though the file's value is not used.
#
# Seen with @next/env 16.4.6 on Node.js 20.20.2. The environment wins over the file, as documented, but
# not as it is: A is `pa$HOME` in the environment and `other` in the file, and comes out as `pa` and the
# home folder. C, which the file does not name, stays `pa$HOME`. Vite 8.4.0's loadEnv, which reads the
# same kind of files with the same expansion behind it, leaves both alone.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @next/env@16.4.6 vite@8.4.0
printf 'A=other\n' >.env

next='const { combinedEnv } = require("@next/env").loadEnvConfig(process.cwd(), false, { info() {}, error() {} });
console.error(combinedEnv.A, combinedEnv.C)'
vite='import("vite").then(vite => { const env = vite.loadEnv("production", process.cwd(), ""); console.error(env.A, env.C) })'
show() {
    env -i PATH="$PATH" HOME=/somewhere A='pa$HOME' C='pa$HOME' node -e "$1" 2>&1 >/dev/null | tail -n 1
}
echo "@next/env $(node -p 'require("@next/env/package.json").version'), node $(node --version)"
by_next=$(show "$next")
by_vite=$(show "$vite")
echo "A and C are: $by_next; with Vite: $by_vite"
[[ $by_next == 'pa/somewhere pa$HOME' && $by_vite == 'pa$HOME pa$HOME' ]]

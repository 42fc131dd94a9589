#!/usr/bin/env bash
# A program uses a token towards one server and never holds it. See README.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$place"' EXIT
for name in "${!AUTHY_@}"; do unset "$name"; done
export HOME=$place AUTHY_STATE_DIR=$place/state
cd "$place"

say() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
}

# A server of our own, vouched for by roots of our own.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
    -addext "basicConstraints=critical,CA:FALSE" \
    -keyout key.pem -out roots.pem 2>openssl.log || { cat openssl.log >&2; exit 1; }
TOKEN=example-token-$RANDOM$RANDOM
exec 3< <(exec python3 "$here/server.py" roots.pem key.pem "$TOKEN")
server=$!
read -r port <&3

authy init --member alice
printf %s "$TOKEN" | authy store server-token

say "authy policy create agent --seal-only --seal 'server-token=localhost:$port;methods=GET;paths=/public/*'"
authy policy create agent --allow server-token --seal-only \
    --seal "server-token=localhost:$port;methods=GET;paths=/public/*"
authy policy show agent | grep sealed

cat >agent.sh <<'SCRIPT'
echo "the agent holds:  $SERVER_TOKEN"
ask() { curl -sS "$@" -H "Authorization: Bearer $SERVER_TOKEN"; }
echo "--- what the rule allows"; ask "https://localhost:$PORT/public/news"
echo "--- another path";         ask "https://localhost:$PORT/private"
echo "--- another method";       ask -X DELETE "https://localhost:$PORT/public/news"
echo "--- asking authy itself";  authy get server-token || echo "exit $?"
SCRIPT
say "authy run --scope agent --uppercase -- sh agent.sh"
# The system's roots are what authy trusts the server by; here they are ours. Written into a
# file by the agent itself, so that nothing is masked.
SSL_CERT_FILE=$place/roots.pem PORT=$port \
    authy run --scope agent --uppercase -- sh -c 'sh agent.sh >seen 2>&1'
cat seen

say "authy audit show"
authy audit show | grep -E ' (seal|get) '
if grep -qF "$TOKEN" seen; then
    echo "the agent saw the token" >&2
    exit 1
fi
grep -q "welcome (/public/news): you sent Bearer authy-sealed-server-token-" seen
printf '\nThe server got the token; the agent never had it.\n'

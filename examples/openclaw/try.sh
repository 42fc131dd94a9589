#!/usr/bin/env bash
# Tries authy as a provider of secrets with the real OpenClaw, in a new HOME; exits with 1 where something fails.
# AUTHY_BIN names authy, OPENCLAW_BIN openclaw (or it is in PATH); Node 24.16 or newer is first in PATH and,
# for the plugin, yours. PLUGIN is the folder of the plugin. Needs python3. It takes about a minute.
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${TRY_CLEAN:-}" ]; then # Nothing of an agent or of authy may come along.
  exec env -i TRY_CLEAN=1 PATH="$PATH" AUTHY_BIN="${AUTHY_BIN:?names the binary}" PLUGIN="${PLUGIN:-$here/plugin}" \
    OPENCLAW_BIN="${OPENCLAW_BIN:-$(command -v openclaw)}" bash "$0"
fi
failed=0 gateway='' model=''
T=$(mktemp -d) && export HOME=$T/home && mkdir -p "$HOME/bin" "$HOME/.openclaw" && cd "$HOME" || exit 1
trap 'kill $gateway $model 2>/dev/null; wait 2>/dev/null; rm -rf "$T"' EXIT
# OpenClaw wants a program that is no link and the user's own; the copy in PATH is what the plugin finds.
cp "$(realpath "$AUTHY_BIN")" bin/authy && chmod 755 bin/authy && export PATH="$HOME/bin:$PATH"
# For the plugin: a node stands between OpenClaw and authy there.
export OPENCLAW_AUTHY_TOKEN_FILE=$HOME/openclaw.token
oc() { timeout 90 "$OPENCLAW_BIN" "$@"; }
check() { # WHAT COMMAND…
  if "${@:2}" >/dev/null 2>&1; then echo "ok    $1"; else echo "FAIL  $1"; failed=1; fi
}
has() { grep -qF -- "$2" "$1"; }
hasnt() { ! grep -qF -- "$2" "$1"; }
oc --version && authy --version && node --version

{ authy init --member try
  printf sk-TRY-0001 | authy store openai-api-key
  printf 1234567890 | authy store digits
  printf gw-TRY-0001 | authy store gateway/token
  authy policy create openclaw --allow openai-api-key --allow digits --allow 'gateway/*'
  authy session create --scope openclaw --ttl 1d --out "$HOME/openclaw.token"
} 2>"$T/init" || { cat "$T/init"; exit 1; }

cat >"$T/model.py" <<'P'
# Speaks OpenAI's chat completions: asks once for the command of the file `cmd`, then says it is done.
import http.server, json, sys
D = sys.argv[1]
class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        back = [m["content"] for m in body["messages"] if m["role"] == "tool"]
        with open(D + "/seen", "a") as seen:
            print(self.headers["Authorization"], *map(str, back), file=seen)
        call = {"index": 0, "id": "c1", "type": "function", "function":
                {"name": "exec", "arguments": json.dumps({"command": open(D + "/cmd").read()})}}
        delta, end = ({"content": "DONE"}, "stop") if back else ({"tool_calls": [call]}, "tool_calls")
        self.send_response(200); self.send_header("Content-Type", "text/event-stream"); self.end_headers()
        for d, f in ((delta, None), ({}, end)):
            c = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                 "choices": [{"index": 0, "delta": {"role": "assistant", **d}, "finish_reason": f}]}
            self.wfile.write(f"data: {json.dumps(c)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
print(server.server_port, file=open(D + "/port", "w"), flush=True)
server.serve_forever()
P
python3 "$T/model.py" "$T" & model=$!
for _ in $(seq 50); do [ -s "$T/port" ] && break; sleep 0.1; done
port=$(cat "$T/port") gate=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

configure() { # PROVIDER ID-OF-THE-KEY-OF-fake2: adds to what `plugins install` wrote
  python3 - "$port" "$gate" "$1" "$2" <<'P'
import json, os, sys
port, gate, provider, other = sys.argv[1:]
path = os.path.expanduser("~/.openclaw/openclaw.json")
config = json.load(open(path)) if os.path.exists(path) else {}
ref = lambda name: {"source": "exec", "provider": "authy", "id": name}
model = {"id": "m", "name": "m", "reasoning": False, "input": ["text"], "contextWindow": 64000, "maxTokens": 1000,
         "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}}
api = lambda name: {"baseUrl": f"http://127.0.0.1:{port}/v1", "api": "openai-completions", "apiKey": ref(name), "models": [model]}
config.update({
    "gateway": {"mode": "local", "port": int(gate), "bind": "loopback", "auth": {"mode": "token", "token": ref("gateway/token")}},
    "secrets": {"providers": {"authy": json.loads(provider)}},
    "models": {"providers": {"fake": api("openai-api-key"), "fake2": api(other)}},
    "agents": {"defaults": {"model": {"primary": "fake/m"}}},
    "tools": {"exec": {"host": "gateway", "security": "full", "ask": "off"}}})
json.dump(config, open(path, "w"))
P
}
# HOME is passed on, as this HOME is not the account's.
direct='{"source":"exec","command":"'$HOME'/bin/authy","args":["helper","openclaw","--scope","openclaw"],"passEnv":["HOME"]}'
plugin='{"source":"exec","pluginIntegration":{"pluginId":"authy","integrationId":"authy"}}'
audit() { oc secrets audit --allow-exec --json >"$T/audit" 2>&1; }

check 'the plugin is installed' oc plugins install "$PLUGIN" --force --accept-capabilities
check 'the plugin is enabled' oc plugins enable authy
configure "$direct" digits
check 'the direct provider is valid' oc config validate
before=$(authy --json audit show -n 99 | grep -c '"helper.openclaw"')
audit; check 'the direct provider resolves a key, digits and an id with /' has "$T/audit" '"status": "clean"'
after=$(authy --json audit show -n 99 | grep -c '"helper.openclaw"')
check 'all ids were asked for at once' test "$after" = $((before + 1))
configure "$direct" not-there
audit; check 'a missing id is shown (direct)' has "$T/audit" 'for id \"not-there\" (NOT_FOUND)'
configure "$plugin" not-there
audit; check 'a missing id is shown (plugin)' has "$T/audit" 'for id \"not-there\" (NOT_FOUND)'
configure "$plugin" digits
audit; check 'the plugin resolves' has "$T/audit" '"status": "clean"'

# A file, so that the text of the command does not look like its result; base64 gets by OpenClaw's own masks.
cat >"$T/ask" <<'P'
echo '{"protocolVersion":1,"ids":["openai-api-key"]}' | authy helper openclaw --scope openclaw 2>&1 | base64 -w0
echo " shell=$OPENCLAW_SHELL"
P
echo "PATH='$HOME/bin:/usr/bin:/bin' sh $T/ask" >"$T/cmd"
"$OPENCLAW_BIN" gateway run >"$T/gateway" 2>&1 & gateway=$!
for _ in $(seq 120); do has "$T/gateway" 'http server listening' && break; sleep 0.5; done
turn() { rm -f "$T/seen"; oc agent --agent main --session-id "try$1" -m go >"$T/turn" 2>&1; }
turn 1
check 'the gateway sends the key of the vault' has "$T/seen" 'Bearer sk-TRY-0001'
check 'the command of the agent ran, and was marked' has "$T/seen" 'shell=exec'
grep -o '[A-Za-z0-9+/=]\{40,\} *shell' "$T/seen" | head -1 | cut -d' ' -f1 | base64 -d >"$T/said" 2>/dev/null
check 'the helper refuses it' has "$T/said" 'AI agent detected'
check 'and gives nothing' hasnt "$T/said" sk-TRY-0001
# One that hides the marks of the command, and keeps the one of OpenClaw's own helpers.
echo "exec env -i OPENCLAW_CLI=1 OPENCLAW_SHELL= HOME='$HOME' PATH='$HOME/bin:/usr/bin:/bin' sh $T/ask" >"$T/cmd"
turn 3
grep -o '[A-Za-z0-9+/=]\{40,\} *shell' "$T/seen" | head -1 | cut -d' ' -f1 | base64 -d >"$T/said" 2>/dev/null
check 'a command that hides its marks is refused' has "$T/said" 'AI agent detected'
printf sk-TRY-0002 | authy rotate openai-api-key 2>/dev/null
check 'openclaw secrets reload' oc secrets reload
turn 2
check 'a new value is sent after rotate and reload' has "$T/seen" 'Bearer sk-TRY-0002'
exit $failed

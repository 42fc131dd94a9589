#!/usr/bin/env bash
# Gemini CLI adds an argument of its own to the tools of MCP servers, and hands it on to the server.
#
# Seen with @google/gemini-cli 0.61.0 on Node.js 20.20.2. The server says that its tool takes `text` and
# nothing else (`additionalProperties: false`); the model is told of `wait_for_previous` (a boolean)
# besides, and what it says there arrives in the arguments of `tools/call`. A server that refuses
# arguments which its schema forbids refuses such a call. The model here is a stand-in that fills it in.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill %1 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @google/gemini-cli@0.61.0
mkdir -p home/.gemini work

cat >server.py <<'P'
import json, sys
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
          "additionalProperties": False}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    result = {}
    if asked["method"] == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "here", "version": "1"}}
    elif asked["method"] == "tools/list":
        result = {"tools": [{"name": "say", "description": "Says a text.", "inputSchema": SCHEMA}]}
    elif asked["method"] == "tools/call":
        with open(sys.argv[1], "w") as file:
            json.dump(asked["params"]["arguments"], file, sort_keys=True)
        result = {"content": [{"type": "text", "text": "said"}]}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
P
cat >model.py <<'P'
import http.server, json, sys
class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tools = [tool for group in body.get("tools", []) for tool in group.get("functionDeclarations", [])]
        tool = next((tool for tool in tools if tool["name"].endswith("say")), None)
        text = json.dumps(body.get("contents", []))
        part = {"text": "done"}
        if tool and "functionResponse" not in text:
            schema = tool.get("parametersJsonSchema") or tool.get("parameters")
            with open("told", "w") as file:
                json.dump(sorted(schema["properties"]), file)
            words = {"text": "hello"} | ({"wait_for_previous": True} if "wait_for_previous" in schema["properties"] else {})
            part = {"functionCall": {"name": tool["name"], "args": words}}
        answer = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
                  "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}
        stream = "stream" in self.path
        data = json.dumps(answer)
        data = f"data: {data}\n\n" if stream else data
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data.encode())
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
print(server.server_port, file=open("port", "w"), flush=True)
server.serve_forever()
P
python3 model.py &
until [[ -s port ]]; do :; done
cat >home/.gemini/settings.json <<J
{"mcpServers": {"here": {"command": "python3", "args": ["$folder/server.py", "$folder/called"]}},
 "security": {"auth": {"selectedType": "gemini-api-key"}},
 "general": {"enableAutoUpdate": false}, "privacy": {"usageStatisticsEnabled": false}}
J
(cd work && env -i PATH="$PATH" HOME="$folder/home" GEMINI_API_KEY=x TERM=dumb \
    GOOGLE_GEMINI_BASE_URL="http://127.0.0.1:$(cat ../port)" timeout 90 \
    ../node_modules/.bin/gemini -p 'Use the tool.' --yolo --skip-trust -m gemini-2.5-pro </dev/null >../said 2>&1) || true
echo "gemini-cli $(node -p 'require("./node_modules/@google/gemini-cli/package.json").version'), node $(node --version)"
echo "the model is told of: $(cat told)"
echo "the server is called with: $(cat called)"
[[ $(cat told) == '["text", "wait_for_previous"]' && $(cat called) == '{"text": "hello", "wait_for_previous": true}' ]]

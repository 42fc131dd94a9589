#!/usr/bin/env python3
"""Run real MCP clients against `authy mcp`, with a stand-in for the model.

    AUTHY_BIN=target/release/authy AGENTS_CACHE=target/agents python3 tests/agents/mcp.py [CLIENT...]

Clients: inspector, sdk (Python's, with and without a handshake), claude, codex, gemini, opencode.
Each is installed, pinned, into AGENTS_CACHE (a temporary folder, if there is none) and gets a vault
and a HOME of its own. A model server on 127.0.0.1 answers an agent's first turn with a call of the
tool `run`, and its second one with words; it keeps all that it was sent. What is looked at:

    tools    the five tools arrive at the model (or the client's user)
    result   the model is told `got [authy:db-url]` and the exit code 0
    value    it is in nothing that the model was sent, the client printed or wrote
    trail    `authy audit show --json` names the client
    end      the server has ended when the client has

An agent is stopped, too, while a program runs (`STOPS=` leaves that out): by its own timeout for
tools, by Ctrl-C, by a terminal that is closed, and by SIGKILL to all of its processes but authy's. The
program must be gone 15 seconds later; with its own timeout a client may say nothing to the server,
and then the program ends with the client.

One line per client: name version | revision of the protocol | verdict | notes. Verdicts: ok, FAIL, or
left out. The exit code is 1 if there is a FAIL. KEEP=1 keeps the folder and says where it is.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NODE = "node@24.21.0"
PACKAGES = {
    "inspector": ("@modelcontextprotocol/inspector", "2.12.0", "mcp-inspector"),
    "sdk": ("mcp", "2.3.0", "python"),
    "claude": ("@anthropic-ai/claude-code", "2.1.332", "claude"),
    "codex": ("@openai/codex", "0.171.0", "codex"),
    "gemini": ("@google/gemini-cli", "0.61.0", "gemini"),
    "opencode": ("opencode-ai", "1.18.33", "opencode"),
}
# An argument that a client adds to every tool's schema, for the model to use.
ADDED = {"gemini": {"wait_for_previous": True}}
# What a client calls itself to a server.
KNOWN_AS = {"inspector": "inspector", "sdk": "agents-py", "claude": "claude-code", "codex": "codex",
            "gemini": "gemini", "opencode": "opencode"}
TOOLS = {"list_secrets", "run", "check_access", "request_access", "audit_recent"}
STOPS = os.environ.get("STOPS", "timeout ctrl-c hangup crash").split()
VALUE = "hunter2-" + os.urandom(8).hex()
SHOWN = "got [authy:db-url]"
ECHO = ["sh", "-c", "echo got $DB_URL"]
AUTHY = os.path.realpath(os.environ.get("AUTHY_BIN") or shutil.which("authy") or "authy")

SDK = r'''
import json, sys, time, anyio, jsonschema
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import Implementation

async def main(mode, pidfile, command):
    beats, words = [], {"command": ["sh", "-c", "echo got $DB_URL"]}
    async def beat(progress, total, message):
        beats.append(progress)
    server = stdio_client(StdioServerParameters(command=command[0], args=command[1:]))
    told = {}
    async with Client(server, mode=mode, client_info=Implementation(name="agents-py", version="1")) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        told["tools"] = sorted(tools)
        async def call(name, words, **more):
            result = await client.call_tool(name, words, **more)
            if not result.is_error:
                jsonschema.Draft202012Validator(tools[name].output_schema).validate(result.structured_content)
                jsonschema.Draft202012Validator(tools[name].input_schema).validate(words)
            return result
        for tool in tools.values():
            for schema in (tool.input_schema, tool.output_schema):
                jsonschema.Draft202012Validator.check_schema(schema)
                jsonschema.Draft7Validator.check_schema(schema)
        result = await call("run", words)
        told["result"], told["text"] = result.structured_content, result.content[0].text
        for name, words in [("list_secrets", {}), ("list_secrets", {"pattern": "db-*"}),
                            ("check_access", {"name": "db-url"}), ("check_access", {"program": "sh"}),
                            ("check_access", {"url": "https://a.test/"}), ("check_access", {"name": "aws-key"}),
                            ("request_access", {"names": ["aws-key"], "reason": "a test"}),
                            ("audit_recent", {}), ("audit_recent", {"lines": 3}),
                            ("run", {"command": ["cat"], "stdin": "x", "folder": "/", "timeout_seconds": 5,
                                     "secrets": ["db-url"], "variables": {"PGPASSWORD": "db-url"}}),
                            ("run", {"command": ["sh", "-c", "exit 7"]}),
                            ("run", {"command": ["sleep", "9"], "timeout_seconds": 1})]:
            if (await call(name, words)).is_error:
                told.setdefault("errors", []).append([name, words])
        for name, words in [("run", {}), ("run", {"command": "ls"}), ("run", {"command": []}), ("check_access", {}),
                            ("run", {"command": ["no-such-program"]}), ("run", {"command": ["ls"], "secrets": ["aws-key"]})]:
            if not (await call(name, words)).is_error:
                told.setdefault("no_errors", []).append([name, words])
        await call("run", {"command": ["sleep", "7"]}, progress_callback=beat)
        told["beats"] = beats
        with anyio.move_on_after(3):
            await call("run", {"command": ["sh", "-c", f"echo $$ >{pidfile}; exec sleep 300"]})
        told["gone"] = None
        pid, since = open(pidfile).read().strip(), time.monotonic()
        while time.monotonic() < since + 8:
            try:
                open(f"/proc/{pid}/stat").close()
            except OSError:
                told["gone"] = round(time.monotonic() - since, 1)
                break
            await anyio.sleep(0.1)
        (await call("list_secrets", {})).structured_content["secrets"][0]
        leaving = time.monotonic()
    told["left_in"] = round(time.monotonic() - leaving, 1)
    print(json.dumps(told))

anyio.run(main, sys.argv[1], sys.argv[2], sys.argv[3:])
'''


def tee(log, command):
    """Become `command`, with a child between it and the client that writes down what is said."""
    (to, into), (out, outof) = os.pipe(), os.pipe()
    if os.fork():
        os.dup2(to, 0), os.dup2(outof, 1)
        for end in (to, into, out, outof):
            os.close(end)
        os.execv(command[0], command)
    os.close(to), os.close(outof)
    lock = threading.Lock()

    def pump(source, sink, mark):
        for line in os.fdopen(source, "rb"):
            with lock, open(log, "ab") as file:
                file.write(mark + line)
            try:
                os.write(sink, line)
            except OSError:
                break
        os.close(sink)

    back = threading.Thread(target=pump, args=(out, 1, b"< "))
    back.start()
    pump(0, into, b"> ")
    back.join()


class Model(ThreadingHTTPServer):
    """Says what the scene wants, in the tongue of whoever asks."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies, self.other = [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def begin(self, words):
        self.words, self.tools, self.results = words, {}, []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.other.append(self.path)
        self.reply(json.dumps({"data": [], "models": []}).encode(), "application/json")

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.bodies.append(str(self.headers).encode() + raw)
        body, path = json.loads(raw or b"{}"), self.path.split("?")[0]
        for end, tongue in {"/messages": claude, "/responses": codex, "/chat/completions": openai,
                            ":streamGenerateContent": gemini, ":generateContent": gemini}.items():
            if path.endswith(end):
                break
        else:
            self.server.other.append(path)
            return self.reply(b'{"input_tokens": 10, "totalTokens": 10}', "application/json")
        tools, results = tongue(body)
        for tool in tools:
            name = tool["name"].rpartition("authy")[2].strip("_")
            if name in TOOLS:
                self.server.tools[name] = tool
        self.server.results += [result for result in results if result not in self.server.results]
        tool = None if results else next((tool for tool in tools if self.server.tools.get("run") is tool), None)
        streams = body.get("stream") or "stream" in path
        words = self.server.words
        if not tool and not results:  # Claude Code tells of many tools by name only, until one is looked for.
            tool = next((tool for tool in tools if tool["name"] == "ToolSearch"), None)
            words = {"query": "select:" + ",".join(f"mcp__authy__{name}" for name in sorted(TOOLS)), "max_results": 9}
        events = SPEAK[tongue](tool, words)
        if streams:
            lines = "".join((f"event: {event['type']}\n" if "type" in event else "")
                            + f"data: {json.dumps(event)}\n\n" for event in events)
            lines += "data: [DONE]\n\n" if tongue is openai else ""
            self.reply(lines.encode(), "text/event-stream")
        else:
            self.reply(json.dumps(events[-1]).encode(), "application/json")

    def reply(self, data, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


# Of each tongue: the tools and the results of a request; and the events of an answer.

def claude(body):
    blocks = [block for message in body["messages"] if isinstance(message["content"], list)
              for block in message["content"]]
    return body.get("tools", []), [
        block["content"] for block in blocks if block["type"] == "tool_result" and "authy" in block["tool_use_id"]]


def say_claude(tool, words):
    block = {"type": "text", "text": ""}
    delta, reason = {"type": "text_delta", "text": "done"}, "end_turn"
    if tool:
        block = {"type": "tool_use", "id": f"toolu_{tool['name']}", "name": tool["name"], "input": {}}
        delta, reason = {"type": "input_json_delta", "partial_json": json.dumps(words)}, "tool_use"
    message = {"id": "msg_01", "type": "message", "role": "assistant", "model": "stand-in", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
    return [{"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
             "usage": {"output_tokens": 1}},
            {"type": "message_stop"}]


def codex(body):
    tools = []
    for tool in body.get("tools", []):
        if tool["type"] == "namespace":
            tools += [{**inner, "namespace": tool["name"]} for inner in tool["tools"] if "authy" in tool["name"]]
        elif "authy" in tool.get("name", ""):
            tools.append(tool)
    items = body["input"] if isinstance(body["input"], list) else []
    return tools, [item["output"] for item in items if item.get("type") == "function_call_output"]


def say_codex(tool, words):
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "done", "annotations": []}]}
    if tool:
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": tool["name"],
                "arguments": json.dumps(words), "status": "completed"}
        item |= {"namespace": tool["namespace"]} if "namespace" in tool else {}
    usage = {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1, "output_tokens_details": None,
             "total_tokens": 2}
    response = {"id": "resp_1", "object": "response", "status": "completed", "output": [item], "usage": usage}
    return [{"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": response}]


def gemini(body):
    tools = [tool for group in body.get("tools", []) for tool in group.get("functionDeclarations", [])
             if "authy" in tool["name"]]
    parts = [part for content in body["contents"] for part in content.get("parts", [])]
    return tools, [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]


def say_gemini(tool, words):
    part = {"functionCall": {"name": tool["name"], "args": words}} if tool else {"text": "done"}
    return [{"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
             "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}]


def openai(body):
    tools = [tool["function"] for tool in body.get("tools", []) if "authy" in tool["function"]["name"]]
    return tools, [message["content"] for message in body["messages"] if message["role"] == "tool"]


def say_openai(tool, words):
    delta, reason = {"role": "assistant", "content": "done"}, "stop"
    if tool:
        call = {"name": tool["name"], "arguments": json.dumps(words)}
        delta = {"role": "assistant", "tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                                      "function": call}]}
        reason = "tool_calls"
    chunk = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in"}
    return [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
            {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
             "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}]


SPEAK = {claude: say_claude, codex: say_codex, gemini: say_gemini, openai: say_openai}


# How each client is started: its words, after its settings were written. `limit`: seconds for a tool.

def start_inspector(scene, server, _):
    head = [scene.program, "--cli", *server]
    return [*head, "--method", "tools/call", "--tool-name", "run", "--tool-arg", "command=" + json.dumps(ECHO)]


def start_claude(scene, server, limit):
    config = scene.write("mcp.json", {"mcpServers": {"authy": {"command": server[0], "args": server[1:]}}})
    scene.env |= {"ANTHROPIC_BASE_URL": scene.url, "ANTHROPIC_API_KEY": "x", "DISABLE_AUTOUPDATER": "1",
                  "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    scene.env |= {"MCP_TOOL_TIMEOUT": str(limit * 1000)} if limit else {}
    return [scene.program, "-p", "Use the tool.", "--mcp-config", config, "--strict-mcp-config",
            "--allowedTools", "mcp__authy__run", "--output-format", "stream-json", "--verbose"]


def start_codex(scene, server, limit):
    scene.write("home/.codex/config.toml", f"""\
model = "stand-in"
model_provider = "here"
[model_providers.here]
name = "here"
base_url = "{scene.url}/v1"
wire_api = "responses"
[mcp_servers.authy]
command = {json.dumps(server[0])}
args = {json.dumps(server[1:])}
default_tools_approval_mode = "approve"
""" + (f"tool_timeout_sec = {limit}\n" if limit else ""))
    return [scene.program, "exec", "--skip-git-repo-check", "--json", "Use the tool."]


def start_gemini(scene, server, limit):
    entry = {"command": server[0], "args": server[1:]} | ({"timeout": limit * 1000} if limit else {})
    scene.write("home/.gemini/settings.json", {
        "mcpServers": {"authy": entry}, "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False}, "privacy": {"usageStatisticsEnabled": False}})
    scene.env |= {"GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": scene.url}
    return [scene.program, "-p", "Use the tool.", "--yolo", "--skip-trust", "-m", "gemini-2.5-pro"]


def start_opencode(scene, server, limit):
    entry = {"type": "local", "command": server, "enabled": True} | ({"timeout": limit * 1000} if limit else {})
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "here", "models": {"stand-in": {"name": "stand-in"}},
                "options": {"baseURL": scene.url + "/v1", "apiKey": "x"}}
    scene.write("work/opencode.json", {"model": "here/stand-in", "provider": {"here": provider},
                                       "mcp": {"authy": entry}, "autoupdate": False})
    return [scene.program, "run", "Use the tool."]


START = {"inspector": start_inspector, "claude": start_claude, "codex": start_codex, "gemini": start_gemini,
         "opencode": start_opencode}


class Scene:
    """A vault, a session's token, a HOME and a place to work for one client."""

    def __init__(self, root, model, program, path):
        self.root, self.model, self.program, self.said = root, model, program, b""
        self.url = f"http://127.0.0.1:{model.server_port}"
        for folder in ("home", "work", "tmp"):
            (root / folder).mkdir(parents=True)
        self.env = {"HOME": str(root / "home"), "PATH": path, "LANG": "C.UTF-8", "TERM": "dumb",
                    "TMPDIR": str(root / "tmp"), "NO_PROXY": "127.0.0.1"}
        self.authy("init", "--member", "ann")
        self.authy("store", "db-url", text=VALUE)
        self.authy("store", "aws-key", text=VALUE + "-aws")
        self.authy("policy", "create", "bot", "--allow", "db-*")
        self.authy("session", "create", "--scope", "bot", "--out", str(root / "token"))
        self.server = [AUTHY, "mcp", "--token-file", str(root / "token")]
        self.log = root / "mcp.log"
        self.teed = [sys.executable, os.path.realpath(__file__), "--tee", str(self.log), *self.server]

    def authy(self, *words, text=None):
        done = subprocess.run([AUTHY, "--no-input", *words], env=self.env, input=text, text=True,
                              cwd=self.root, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"authy {' '.join(words)}: {done.stderr}")
        return done.stdout

    def write(self, name, data):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return str(path)

    def start(self, words):
        out = open(self.root / "said.txt", "ab")
        return subprocess.Popen(words, env=self.env, cwd=self.root / "work", stdin=subprocess.DEVNULL, stdout=out,
                                stderr=out, start_new_session=True)

    def output(self):
        return (self.root / "said.txt").read_text(errors="replace")

    def heard(self):
        """What went over the wire: pairs of a mark and a message."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(line[0], json.loads(line[2:])) for line in lines]


def below(pid):
    """A process and all that it started and that is still below it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(entry.read_text().rpartition(")")[2].split()[1]), []).append(int(entry.parent.name))
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_server(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.readlink(f"/proc/{pid}/exe") == AUTHY and words[1:2] == [b"mcp"]
    except OSError:
        return False


def wait(condition, seconds):
    """Seconds until something is so, or None."""
    since = time.monotonic()
    while time.monotonic() < since + seconds:
        if condition():
            return round(time.monotonic() - since, 1)
        time.sleep(0.1)
    return None


def end(pids):
    for pid in pids:
        if lives(pid):
            os.kill(pid, signal.SIGKILL)


def stopped(scene, name, how):
    """A client is stopped while a program runs. Gives a note, and whether it is good."""
    pidfile = scene.root / f"pid-{how}"
    scene.model.begin({"command": ["sh", "-c", f"echo $$ >{pidfile}.new; mv {pidfile}.new {pidfile}; exec sleep 300"]})
    client = scene.start(START[name](scene, scene.server, 4 if how == "timeout" else 0))
    try:
        if wait(lambda: pidfile.exists() or client.poll() is not None, 90) is None or not pidfile.exists():
            return f"{how}: no program was started", False
        program, family = int(pidfile.read_text()), below(client.pid)
        servers = [pid for pid in family if is_server(pid)]
        if how in ("ctrl-c", "hangup"):
            os.killpg(client.pid, signal.SIGINT if how == "ctrl-c" else signal.SIGHUP)
        elif how == "crash":
            end(set(family) - {pid for server in servers for pid in below(server)})
        gone = wait(lambda: not lives(program), 15)
        if how == "timeout":
            note = f"gone after {gone} s" if gone else "not told by the client"
            wait(lambda: client.poll() is not None, 30)
            gone = gone or wait(lambda: not lives(program), 15)
        else:
            note = f"{gone} s" if gone is not None else "THE PROGRAM LIVES"
        left = wait(lambda: not any(map(lives, servers)), 5) is None
        return f"{how}: {note}" + (", AUTHY LIVES" if left else ""), gone is not None and not left
    finally:
        family = set(below(client.pid)) | set(locals().get("family", [])) | {client.pid}
        end(family)
        client.wait()


def leaks(scene):
    """Where the value is, of all that was sent, printed and written."""
    found = [f"request {at}" for at, body in enumerate(scene.model.bodies) if VALUE.encode() in body]
    for path in scene.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and VALUE.encode() in path.read_bytes():
            found.append(str(path.relative_to(scene.root)))
    return found


def agent(scene, name, faults, notes):
    """An agent (or the Inspector) uses `run` once."""
    def use(words):
        scene.model.begin(words)
        client = scene.start(START[name](scene, scene.teed, 0))
        if wait(lambda: client.poll() is not None, 120) is None:
            end(below(client.pid))
            faults.append("it hung")
        return client.wait()

    call = use({"command": ECHO}) == 0
    if name == "inspector":
        shown = scene.output()
        scene.start([scene.program, "--cli", *scene.server, "--method", "tools/list"]).wait(60)
        text = scene.output()[len(shown):]
        listed, after = json.JSONDecoder().raw_decode(text, text.index("{"))
        tools = {tool["name"] for tool in listed["tools"]}
        notes.append(text[after:].strip())
        result = shown if call else ""
    else:
        tools = set(scene.model.tools)
        result = json.dumps(scene.model.results)
        notes.append("told: " + result[:160])
    if tools != TOOLS:
        faults.append(f"tools are {sorted(tools)}")
    plain = result.replace("\\", "").replace(" ", "").replace("\n", "")
    if SHOWN.replace(" ", "") not in plain or '"exit_code":0' not in plain:
        faults.append(f"the result is {result[:300]}; it said {scene.output()[-600:]}")
    if name in ADDED:
        use({"command": ECHO} | ADDED[name])
        if SHOWN not in json.dumps(scene.model.results):
            faults.append(f"with {ADDED[name]}: {json.dumps(scene.model.results)[-230:]}")
    for how in STOPS if name != "inspector" else []:
        note, good = stopped(scene, name, how)
        (notes if good else faults).append(note)


def sdk(scene, mode, faults, notes):
    """The Python SDK calls every tool, hears progress, and gives a call up."""
    scene.model.begin({})
    client = scene.start([scene.program, "-c", SDK, mode, str(scene.root / "pid"), *scene.teed])
    if wait(lambda: client.poll() is not None, 90) is None:
        end(below(client.pid))
        faults.append("it hung")
    client.wait()
    try:
        told = json.loads(scene.output().splitlines()[-1])
    except (ValueError, IndexError):
        return faults.append(scene.output()[-900:])
    if set(told["tools"]) != TOOLS:
        faults.append(f"tools are {told['tools']}")
    if told["result"]["stdout"] != SHOWN + "\n" or told["result"]["exit_code"] != 0:
        faults.append(f"the result is {told['result']}")
    if json.loads(told["text"]) != told["result"]:
        faults.append(f"the text is {told['text']}")
    faults += [f"{key}: {told[key]}" for key in ("errors", "no_errors") if key in told]
    for key, good in (("beats", told["beats"] == [5.0]), ("gone", told["gone"] is not None)):
        (notes if good else faults).append(f"{key} {told[key]}")
    notes.append(f"left in {told['left_in']} s")


def install(name, cache):
    """The program of a client, out of the cache or a registry."""
    package, version, program = PACKAGES[name]
    folder = cache / f"{name}-{version}"
    quiet = {"check": True, "capture_output": True, "text": True}
    if name == "sdk":
        if not (folder / "bin/python").exists():
            subprocess.run([sys.executable, "-m", "venv", folder], **quiet)
            subprocess.run([folder / "bin/pip", "install", "-q", f"{package}=={version}"], **quiet)
        return str(folder / "bin/python")
    node = cache / "node/node_modules/.bin"
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix"]
    for place, what, check in ((cache / "node", NODE, node / "node"),
                               (folder, f"{package}@{version}", folder / "node_modules/.bin" / program)):
        if not check.exists():
            place.mkdir(parents=True, exist_ok=True)
            env = {**os.environ, "PATH": f"{node}:{os.environ['PATH']}"}
            subprocess.run([*npm, place, what], env=env, **quiet)
    return str(folder / "node_modules/.bin" / program)


def judge(scene, name, faults, notes):
    """What holds for every client. Gives the revision of the protocol."""
    revision, wire = "?", scene.heard()
    for mark, message in wire:
        meta = message.get("params", {}).get("_meta", {}) if mark == ">" else {}
        if "protocolVersion" in message.get("result", {}):
            revision = message["result"]["protocolVersion"]
        elif message.get("method") == "tools/call" and "io.modelcontextprotocol/protocolVersion" in meta:
            revision = meta["io.modelcontextprotocol/protocolVersion"]
        if mark == "<" and "error" in message:
            faults.append(f"authy answered {json.dumps(message)[:200]}")
    used = json.loads(scene.authy("audit", "show", "--json"))
    agents = {str((entry.get("actor") or {}).get("agent")) for entry in used}
    if not any(KNOWN_AS[name] in one for one in agents):
        faults.append(f"the trail knows {agents}")
    notes.append("trail: " + ", ".join(sorted(one for one in agents if KNOWN_AS[name] in one)))
    if wait(lambda: not [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                         if is_server(pid) and str(scene.root) in Path(f"/proc/{pid}/cmdline").read_text()], 5) is None:
        faults.append("authy mcp did not end")
    if found := leaks(scene):
        faults.append(f"THE VALUE IS IN {found}")
    return revision


def main(names):
    base = Path(tempfile.mkdtemp(prefix="agents-"))
    cache, failed = Path(os.environ.get("AGENTS_CACHE") or base / "cache").resolve(), False
    path = f"{cache}/node/node_modules/.bin:/usr/local/bin:/usr/bin:/bin"
    for name in names or PACKAGES:
        package, version, _ = PACKAGES[name]
        try:
            program = install(name, cache)
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"{name} {version} | - | left out | cannot be installed: {getattr(error, 'stderr', error)}")
            continue
        for mode in ("legacy", "auto") if name == "sdk" else ("",):
            scene, faults, notes = Scene(base / (name + mode), Model(), program, path), [], []
            if name == "sdk":
                sdk(scene, mode, faults, notes)
            else:
                agent(scene, name, faults, notes)
            revision = judge(scene, name, faults, notes)
            failed |= bool(faults)
            print(f"{name} {version} {mode}".rstrip(), revision, "FAIL" if faults else "ok",
                  "; ".join(faults + notes), sep=" | ", flush=True)
    if os.environ.get("KEEP"):
        print(f"kept: {base}")
    else:
        shutil.rmtree(base, ignore_errors=True)
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tee"]:
        sys.exit(tee(sys.argv[2], sys.argv[3:]))
    sys.exit(main(sys.argv[1:]))

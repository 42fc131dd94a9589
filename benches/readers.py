#!/usr/bin/env python3
"""Writes test values to .env files and lets the programs that read such files read them back.

    benches/readers.py --authy target/release/authy [--env-args "--for next"] [--only bun,next] [--full]
    benches/readers.py --writer "python3 my_writer.py"

Prints a Markdown table: how many values each reader gave back exactly, and what became of the others. The file
holds one variable, T, and after it Q_LAST=end, so that a value which swallows the next line or makes a variable of
its own shows. A writer other than authy gets {"T": value} as JSON on standard input and prints the file; a status
other than 0 means that it refuses the value. "could not be run" means that a file of Q_LAST=end alone was not read.

The npm and pip packages below are installed, in these versions, into a temporary folder; bun, node, direnv, ruby,
docker and podman take part where they are installed. No container is started: docker's client is given a stand-in
of the engine that notes what it is sent, and podman makes a container from an empty folder. systemd's files are read
by its own library, without a service manager.
"""
import argparse
import ctypes
import glob
import http.server
import json
import os
import shlex
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading

NPM = {
    "dotenv": "17.4.2", "@dotenvx/dotenvx": "2.38.2", "c12": "3.3.4", "dotenv-cli": "11.0.0", "@next/env": "16.4.6",
    "vite": "8.4.0", "bun": "1.4.5", "env-cmd": "11.0.0",
}
PIP = {"python-dotenv": "1.2.4", "django-environ": "0.14.0", "python-decouple": "3.8", "honcho": "2.0.0", "uv": "0.13.9"}
PEM = "-----BEGIN PRIVATE KEY-----\n" + "MC4CAQAwBQYDK2VwBCIEIPrint/ed+test==\n" * 2 + "-----END PRIVATE KEY-----\n"
VALUES = {
    # Plain ones, and signs that need quotes somewhere
    "plain": "s3cret", "empty": "", "url": "postgres://u:p%40ss@h:5432/app?x=1", "base64": "T==abc+/==", "= first": "=x",
    "~ first": "~/x", "blank": "a b", "blank first": " a", "blank last": "a ", "only a blank": " ", "tab": "a\tb",
    "!": "a!b", "*": "a*b", "; & |": "a;b&c|d", "( )": "a(b)", "{ }": "{a,b}", "<": "a<b>c", "comma, colon": "a,b:c",
    "export": "export A=1", "NAME=x": "NAME=x", "yes": "true", "long line": "x" * 4096,
    # Comments
    "#": "a#b", "blank #": "a #b", "# first": "#a",
    # Dollars and backquotes
    "$ last": "pa$", "$NAME": "pa$HOME", "$ name": "pa$ecret1", "$1": "a$1b", "$$": "a$$b", "${NAME}": "a${HOME}b",
    "$(cmd)": "a$(echo ran)b", "`cmd`": "a`echo ran`b", r"\$": r"a\$HOME", "$ first": "$ecret", "bcrypt": "$2b$12$abc/DEF.gh",
    # Backslashes
    r"\n": r"C:\temp\new", r"\ last": "a\\", r"\\": r"a\\b", r"\t": r"a\tb", "\\\"": 'a\\"b',
    # Quotes
    "'": "it's", '"': 'say "hi" now', 'all in "': '"quoted"', "all in '": "'quoted'", "' and \"": "it's \"so\"",
    "' and $": "it's $5", "` and '": "`it's`", "JSON": '{"key": "va:l", "n": [1, 2]}',
    # Several lines, and what is not ASCII
    "two lines": "line1\nline2", "last newline": "a\n", "NAME= line": "a\nNAME=x\nb", "# line": "a\n#b\nc", "PEM": PEM,
    "CR": "a\rb", "CRLF": "a\r\nb", "accents": "héllo wörld", "emoji": "key🔑", "no-break": "a\u00a0",
}
SHOW = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
NODE_SHOW = "console.log(JSON.stringify(process.env))"
NEXT = """const log = console.log; console.log = () => {};
const env = require('@next/env').loadEnvConfig(process.argv[1], false, { info() {}, error: console.error });
log(JSON.stringify(env.combinedEnv))"""
DOTENV = "console.log(JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.argv[1]))))"
VITE = "import('vite').then(v => console.log(JSON.stringify(v.loadEnv('production', process.argv[1], ''))))"
C12 = "import('c12').then(c => c.loadDotenv({ cwd: process.argv[1] })).then(env => console.log(JSON.stringify(env)))"
PYTHON_DOTENV = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))"
DJANGO = """import environ, json, os, sys
before = set(os.environ); environ.Env.read_env(sys.argv[1]); env = environ.Env()
print(json.dumps({name: env(name) for name in set(os.environ) - before}))"""
DECOUPLE = """import decouple, json, sys
file = decouple.RepositoryEnv(sys.argv[1]); config = decouple.Config(file)
print(json.dumps({name: config(name) for name in file.data}))"""
RUBY = "puts JSON.generate(Dotenv.load(ARGV[0]))"


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", **options)


def version_of(command):
    """The last word with a digit in the first line that `command` prints."""
    words = (run(command).stdout.splitlines() or ["?"])[0].replace(",", " ").split()
    return next((word for word in reversed(words) if any(c.isdigit() for c in word) and "." in word), "?").lstrip("v")


class Engine(http.server.BaseHTTPRequestHandler):
    """As much of a container engine as `docker create` asks for."""

    protocol_version = "HTTP/1.1"
    received = None

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Api-Version", "1.43")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def do_GET(self):
        self.answer(200, b"OK")

    do_HEAD = do_GET

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Engine.received = dict(item.partition("=")[::2] for item in sent.get("Env") or [])
        self.answer(201, b'{"Id": "made", "Warnings": []}')

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self):
        return super().get_request()[0], ("", 0)


class Readers:
    """Every reader at hand, each a function from the folder of a .env file to (variables or None, messages)."""

    def __init__(self, place, only):
        self.place = place
        self.env = {"PATH": os.environ["PATH"], "HOME": os.path.join(place, "home"), "UV_NO_CONFIG": "1"}
        os.makedirs(self.env["HOME"])
        self.found = {}
        self.only = only
        self.add_npm()
        self.add_pip()
        self.add_installed()
        self.add_containers()
        self.add_systemd()

    def add(self, name, version, command):
        if callable(command):
            self.found[name] = version, command
        else:
            self.found[name] = version, lambda folder: self.ask(command, folder)

    def ask(self, command, folder):
        """Runs `command`, whose FILE and DIR are replaced, and takes the JSON that it prints."""
        file = os.path.join(folder, ".env")
        filled = [part.replace("FILE", file).replace("DIR", folder) for part in command]
        done = run(filled, env=self.env, cwd=os.path.join(self.place, "npm"), timeout=60)
        start = done.stdout.find("{")
        try:
            return json.loads(done.stdout[start:]) if start >= 0 else None, done.stderr
        except ValueError:
            return None, done.stderr

    def add_npm(self):
        folder = os.path.join(self.place, "npm")
        os.makedirs(folder)
        if not shutil.which("npm"):
            return
        with open(os.path.join(folder, "package.json"), "w") as file:
            file.write('{"private": true}')
        packages = [f"{name}@{version}" for name, version in NPM.items()]
        flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "install", *flags, *packages], cwd=folder, check=True)
        modules = os.path.join(folder, "node_modules")
        binaries = os.path.join(modules, ".bin")
        self.add("node --env-file", version_of(["node", "--version"]), ["node", "--env-file=FILE", "-e", NODE_SHOW])
        self.add("dotenv", NPM["dotenv"], ["node", "-e", DOTENV, "FILE"])
        dotenvx = [os.path.join(binaries, "dotenvx"), "run", "--quiet", "-f", "FILE", "--", *SHOW]
        self.add("dotenvx", NPM["@dotenvx/dotenvx"], dotenvx)
        self.add("c12 (Nuxt)", NPM["c12"], ["node", "-e", C12, "DIR"])
        self.add("dotenv-cli", NPM["dotenv-cli"], [os.path.join(binaries, "dotenv"), "-e", "FILE", "--", *SHOW])
        self.add("@next/env (Next.js)", NPM["@next/env"], ["node", "-e", NEXT, "DIR"])
        self.add("vite loadEnv", NPM["vite"], ["node", "-e", VITE, "DIR"])
        for bun in sorted(glob.glob(os.path.join(modules, "@oven", "*", "bin", "bun")), key=len)[:1]:
            self.add("bun", NPM["bun"], [bun, "--env-file=FILE", "-e", NODE_SHOW])
        self.add("env-cmd", NPM["env-cmd"], [os.path.join(binaries, "env-cmd"), "-f", "FILE", "--", *SHOW])

    def add_pip(self):
        folder = os.path.join(self.place, "pip")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        binaries = os.path.join(folder, "bin")
        packages = [f"{name}=={version}" for name, version in PIP.items()]
        flags = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([os.path.join(binaries, "pip"), "install", *flags, *packages], check=True)
        python = os.path.join(binaries, "python")
        self.add("python-dotenv", PIP["python-dotenv"], [python, "-c", PYTHON_DOTENV, "FILE"])
        self.add("django-environ", PIP["django-environ"], [python, "-c", DJANGO, "FILE"])
        self.add("python-decouple", PIP["python-decouple"], [python, "-c", DECOUPLE, "FILE"])
        honcho = [os.path.join(binaries, "honcho"), "-e", "FILE", "run", *SHOW]
        self.add("honcho", PIP["honcho"], honcho)
        uv = [os.path.join(binaries, "uv"), "run", "--quiet", "--no-project", "--offline", "--python", python]
        self.add("uv run --env-file", PIP["uv"], [*uv, "--env-file", "FILE", "--", *SHOW])

    def add_installed(self):
        source = 'set -a; . "$1"; shift; exec "$@"'
        for shell, version in ("bash", "${BASH_VERSION%%(*}"), ("zsh", "$ZSH_VERSION"), ("dash", ""):
            if shutil.which(shell):
                known = run([shell, "-c", f"echo {version}"]).stdout.strip()
                self.add(f"{shell} (set -a; .)", known, [shell, "-c", source, shell, "FILE", *SHOW])
        if shutil.which("direnv"):
            self.add("direnv dotenv", version_of(["direnv", "version"]), ["direnv", "dotenv", "json", "FILE"])
        known = run(["ruby", "-e", "require 'dotenv/version'; puts Dotenv::VERSION"]) if shutil.which("ruby") else None
        if known and known.returncode == 0:
            self.add("dotenv for ruby", known.stdout.strip(), ["ruby", "-rjson", "-rdotenv", "-e", RUBY, "FILE"])

    def add_containers(self):
        if shutil.which("docker"):
            socket = os.path.join(self.place, "engine")
            threading.Thread(target=Server(socket, Engine).serve_forever, daemon=True).start()
            docker = ["docker", "-H", f"unix://{socket}", "create", "--env-file", "FILE", "image"]

            def read(folder):
                Engine.received = None
                messages = self.ask(docker, folder)[1]
                return Engine.received, messages

            self.add("docker --env-file", version_of(["docker", "--version"]).rstrip(","), read)
        if shutil.which("podman"):
            root = os.path.join(self.place, "root")
            os.makedirs(root)
            options = ["--root", os.path.join(self.place, "podman"), "--runroot", os.path.join(self.place, "podman-run")]
            podman = ["podman", *options, "--storage-driver", "vfs"]

            def read_podman(folder):
                file = os.path.join(folder, ".env")
                made = run([*podman, "create", "--rootfs", "--env-file", file, root, "true"], env=self.env)
                if made.returncode:
                    return None, made.stderr
                identity = made.stdout.strip()
                shown = run([*podman, "inspect", "--format", "{{json .Config.Env}}", identity], env=self.env)
                run([*podman, "rm", identity], env=self.env)
                variables = dict(item.partition("=")[::2] for item in json.loads(shown.stdout))
                return variables, made.stderr

            self.add("podman --env-file", version_of(["podman", "--version"]), read_podman)

    def add_systemd(self):
        libraries = glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so") + glob.glob("/usr/lib/systemd/libsystemd-shared-*.so")
        try:
            library = ctypes.CDLL(libraries[0])
            load = library.load_env_file
            valid = library.env_value_is_valid
        except (IndexError, OSError, AttributeError):
            return
        valid.restype = ctypes.c_bool

        def read(folder):
            lines = ctypes.POINTER(ctypes.c_char_p)()
            status = load(None, os.path.join(folder, ".env").encode(), ctypes.byref(lines))
            if status < 0:
                return None, f"error {status}"
            variables = {}
            for line in iter(lambda: lines[len(variables)] if lines else None, None):
                name, _, value = line.partition(b"=")
                variables[name.decode()] = value.decode() if valid(value) else None
            return variables, ""

        self.add("systemd EnvironmentFile=", os.path.basename(libraries[0]).split("-")[-1].removesuffix(".so"), read)

    def chosen(self):
        for name, (version, read) in self.found.items():
            if not self.only or any(word in name for word in self.only):
                yield name, version, read


def authy_writer(authy, arguments, place):
    """Stores the value in a new vault and lets authy write the file."""
    home = os.path.join(place, "vault-home")
    os.makedirs(home)
    env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_STATE_HOME": os.path.join(home, "state"), "GIT_CONFIG_NOSYSTEM": "1"}
    for author in ("user.name", "bench"), ("user.email", "bench@example.com"):
        subprocess.run(["git", "config", "--global", *author], env=env, check=True)
    authy = os.path.realpath(authy)
    for command in ["init", "--member", "alice"], ["policy", "create", "all", "--allow", "t"]:
        subprocess.run([authy, "--quiet", *command], env=env, check=True)

    def write(value):
        store = [authy, "--quiet", "store", "t", "--raw", "--force"]
        subprocess.run(store, input=value.encode(), env=env, check=True)
        done = subprocess.run([authy, "env", "--scope", "all", "--uppercase", *arguments], env=env, capture_output=True)
        return done.stdout.decode() if done.returncode == 0 else None

    return write


def other_writer(command):
    def write(value):
        done = subprocess.run(shlex.split(command), input=json.dumps({"T": value}).encode(), capture_output=True)
        return done.stdout.decode() if done.returncode == 0 else None

    return write


def judge(value, variables, messages, others):
    """None where the value came back and nothing else did, otherwise what happened."""
    if variables is None or (variables.get("T") is None and messages.strip()):
        return "error"
    if any(name not in ("T", "Q_LAST") and others.get(name) != variables[name] for name in variables):
        return "another variable appears"
    if variables.get("T") == value and variables.get("Q_LAST") == "end":
        return None
    return "wrong, with a message" if messages.strip() else "wrong, silently"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    writer = parser.add_mutually_exclusive_group(required=True)
    writer.add_argument("--authy", metavar="PATH", help="let this authy write the files")
    writer.add_argument("--writer", metavar="CMD", help="let this command write the files")
    parser.add_argument("--env-args", default="--format dotenv", help="what `authy env` is told [--format dotenv]")
    parser.add_argument("--only", default="", help="readers whose name has one of these words, separated by commas")
    parser.add_argument("--full", action="store_true", help="name every value that came back wrong")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        write = other_writer(args.writer) if args.writer else authy_writer(args.authy, shlex.split(args.env_args), place)
        folders, refused, empty = {}, [], os.path.join(place, "values", "none")
        os.makedirs(empty)
        with open(os.path.join(empty, ".env"), "w") as file:
            file.write("Q_LAST=end\n")
        for number, (label, value) in enumerate(VALUES.items()):
            text = write(value)
            if text is None:
                refused.append(label)
                continue
            folders[label] = os.path.join(place, "values", str(number))
            os.makedirs(folders[label])
            with open(os.path.join(folders[label], ".env"), "w", newline="", encoding="utf-8") as file:
                file.write(text + "Q_LAST=end\n")
        print(f"{len(VALUES)} values, {len(refused)} refused by the writer: {', '.join(f'`{name}`' for name in refused) or 'none'}.\n")
        print("| reader | version | right | the others |\n|---|---|---|---|")
        for name, version, read in Readers(place, list(filter(None, args.only.split(",")))).chosen():
            # What the reader gives its program in any case.
            others = read(empty)[0]
            if others is None or others.get("Q_LAST") != "end":
                print(f"| {name} | {version} | could not be run | |", flush=True)
                continue
            wrong = {}
            for label, folder in folders.items():
                fault = judge(VALUES[label], *read(folder), others)
                if fault:
                    wrong.setdefault(fault, []).append(label)
            print(f"| {name} | {version} | {len(folders) - sum(map(len, wrong.values()))} of {len(folders)} | {tell(wrong, args.full)} |", flush=True)


def tell(wrong, full):
    parts = []
    for fault, labels in sorted(wrong.items()):
        shown = labels if full or len(labels) <= 9 else labels[:6]
        more = f" and {len(labels) - len(shown)} more" if len(labels) > len(shown) else ""
        parts.append(f"{fault}: " + ", ".join(f"`` {label} ``" if "`" in label else f"`{label}`" for label in shown).replace("|", "\\|") + more)
    return "; ".join(parts)


if __name__ == "__main__":
    main()

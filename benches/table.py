#!/usr/bin/env python3
"""Measures whole commands against what else is at hand, and writes docs/PERFORMANCE.md.

    cargo bench --features workbench --bench parts --no-run --locked && cargo build --release --locked
    AUTHY_BIN=target/release/authy benches/table.py [--quick] [--print]

Needs git; age, rage, pass and gpg where they are there, authy 0.7 where AUTHY_0_7 names the program, strace to count
flushes, and the benches of parts where they are built. Everything happens in a temporary HOME. A row is the median of
several runs of one command, in milliseconds, process start included; those that are compared take turns, so that a busy
machine slows all of them. --print writes to standard output instead.
"""
import base64
import datetime
import glob
import hashlib
import hmac
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUICK = "--quick" in sys.argv
RUNS = 5 if QUICK else 25
LARGE = 1000 if QUICK else 10000
# A copy, as it is installed: of a file that a linker has just written more pages are read one by one.
INSTALLED = tempfile.TemporaryDirectory()
AUTHY = shutil.copy(os.environ.get("AUTHY_BIN", "target/release/authy"), os.path.join(INSTALLED.name, "authy"))
# Starts a command and tells how much memory it took, in KiB.
PEAK = """
import os, sys
null = os.open(os.devnull, os.O_RDWR)
actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(status != 0)
"""
# What was aimed at, and what came of it.
AIMS = []


class Place:
    """A HOME of its own."""

    def __init__(self):
        self.home = tempfile.mkdtemp()
        self.env = {
            "HOME": self.home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
            "XDG_STATE_HOME": f"{self.home}/state", "GIT_CONFIG_GLOBAL": f"{self.home}/gitconfig",
        }
        with open(f"{self.home}/gitconfig", "w") as file:
            file.write("[user]\nname = bench\nemail = bench@example.com\n[gc]\nauto = 0\n[maintenance]\nauto = false\n")

    def run(self, words, stdin=b"", check=True):
        return subprocess.run(words, input=stdin, env=self.env, cwd=self.home, check=check, capture_output=True)

    def authy(self, *words, stdin=b""):
        return self.run([AUTHY, *words], stdin)

    def vault(self, count):
        """A vault with so many secrets, moved in by one import."""
        self.authy("init", "--member", "alice")
        values = {f"s{n:05}": f"value-{n}" for n in range(count)}
        self.authy("import", "-", "--from", "json", stdin=json.dumps(values).encode())
        for size, pattern in ((1, "s00000"), (10, "s0000*"), (100, "s000*"), (1000, "s00*"), (10000, "s0*")):
            if size <= max(count, 1000):
                self.authy("policy", "create", f"of-{size}", "--allow", pattern)

    def readers(self, count):
        """Gives so many members more the thousand secrets."""
        for n in range(count):
            key = self.run(["age-keygen"]).stdout.decode()
            self.authy("member", "add", f"m{n}", "--recipient", key.split("public key: ")[1].split()[0], "--group", "all")
        self.authy("policy", "update", "of-1000", "--member", "@all")
        self.authy("rekey")

    def grow(self, lines):
        """Continues the vault's chain up to so many lines, by docs/FORMAT.md: a file a segment."""
        audit = f"{self.home}/.authy/.local/audit"
        chain, = (name for name in os.listdir(audit) if os.path.isdir(f"{audit}/{name}"))
        key = self.run(["age", "-d", "-i", f"{self.home}/.authy/keys/master.key", f"{audit}/{chain}.key.age"]).stdout
        segments = sorted(os.listdir(f"{audit}/{chain}"))
        with open(f"{audit}/{chain}/{segments[-1]}", "rb") as file:
            segment = file.read()
        first, last = int(segments[-1].split(".")[0]), segment.splitlines()[-1]
        entry = json.loads(last)
        time_ = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for seq in range(entry["seq"] + 1, lines + 1):
            body = {
                "seq": seq, "time": time_, "op": "run", "secrets": [f"s{seq % 1000:05}"], "scope": "of-1000",
                "actor": {"kind": "member", "name": "alice"}, "outcome": "granted", "detail": "node",
            }
            prev = {"prev": f"sha256:{hashlib.sha256(last).hexdigest()}"}
            for begins in (False, True):
                place = {"chain": chain, "after": first} if begins else {}
                text = json.dumps({**body, **place, **prev}, separators=(",", ":")).encode()[:-1]
                last = text + b',"mac":"%s"}' % hmac.new(key, text, hashlib.sha256).hexdigest().encode()
                if len(segment) + len(last) + 1 <= 65536:
                    break
            if begins:
                with open(f"{audit}/{chain}/{first:08}.jsonl", "wb") as file:
                    file.write(segment)
                segment, first = b"", seq
            segment += last + b"\n"
        with open(f"{audit}/{chain}/{first:08}.jsonl", "wb") as file:
            file.write(segment)

    def peak(self, words):
        """The most memory that a command takes, in MiB."""
        # Of a process that was forked, its parent's memory counts too: this script's would.
        return int(self.run([sys.executable, "-S", "-c", PEAK, *words]).stdout) / 1024

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)


def have(*programs):
    return all(shutil.which(program) for program in programs)


def measure(place, rows, runs=RUNS):
    """Medians in milliseconds of commands that take turns; each a name and words, or a function."""
    times = {name: [] for name, _ in rows}
    for turn in range(runs + 1):
        for name, what in rows:
            before = time.perf_counter()
            what() if callable(what) else place.run(what)
            # The first turn warms caches.
            if turn:
                times[name].append((time.perf_counter() - before) * 1000)
    return {name: statistics.median(all) for name, all in times.items()}


def table(title, medians, note=""):
    base = next(iter(medians.values()))
    lines = [f"### {title}", "", "| command | ms | of the first |", "|---|---:|---:|"]
    lines += [f"| {name} | {median:.1f} | {median / base:.2f} |" for name, median in medians.items()]
    return "\n".join([*lines, "", *([note, ""] if note else [])])


def parts(*words, samples=20 if QUICK else 100):
    """Medians of the benches of parts: name and argument to microseconds; empty where they are not built."""
    built = glob.glob(os.path.join(ROOT, "target", "release", "deps", "parts-*"))
    built = [file for file in built if os.access(file, os.X_OK) and "." not in os.path.basename(file)]
    if not built:
        return {}
    newest = max(built, key=os.path.getmtime)
    count = ["--sample-count", str(samples)]
    text = subprocess.run([newest, "--bench", *count, *words], check=True, capture_output=True, text=True)
    units = {"ns": 0.001, "µs": 1, "ms": 1000, "s": 1000000}
    out, group = {}, ""
    for line in text.stdout.splitlines():
        row = re.match(r"^((?:│  |   )?)[├╰]─ (\S+)(.*)", line)
        if not row:
            continue
        inner, name, rest = row.groups()
        group = group if inner else name
        median = re.search(r"│[^│]*│ ([\d.]+) (ns|µs|ms|s) *│", rest)
        if median:
            title = group.replace("_", " ") + (f", {int(name):,}" if inner else "")
            out[title] = float(median[1]) * units[median[2]]
    return out


def parts_table():
    medians = parts()
    if not medians:
        return []
    lines = ["### Parts", "", "Each alone, in this process, by `cargo bench --features workbench --bench parts`; the number is of readers,",
             "files, patterns, lines or values.", "", "| part | µs |", "|---|---:|"]
    return ["\n".join([*lines, *(f"| {name} | {median:,.1f} |" for name, median in medians.items()), ""])]


def aim(what, measured, met, why):
    """One line of the aims; where one was missed, where the time goes."""
    AIMS.append(f"| {what} | {measured} | {'yes' if met else 'no: ' + why} |")


def aims():
    return "\n".join(["### Aims", "", "| aim | measured here | met |", "|---|---|---|", *AIMS, ""])


def reading():
    place = Place()
    place.vault(1000)
    start = measure(place, [
        ("`true`", ["true"]), ("`authy --version`", [AUTHY, "--version"]), ("`git --version`", ["git", "--version"]),
    ])
    out = [table("Start", start)]
    key, file = f"{place.home}/.authy/keys/master.key", f"{place.home}/.authy/secrets/s00000.age"
    rows = [("`authy get NAME`, recorded", [AUTHY, "get", "s00000"])]
    deciphering = [program for program in ("age", "rage") if have(program)]
    for program in deciphering:
        rows.append((f"`{program} -d` of the same file, not recorded", [program, "-d", "-i", key, file]))
    if have("pass", "gpg"):
        gnupg = tempfile.mkdtemp(prefix="gpg", dir="/tmp")
        place.env |= {"GNUPGHOME": gnupg, "PASSWORD_STORE_DIR": f"{place.home}/pass"}
        place.run(["gpg", "--batch", "-q", "--passphrase", "", "--quick-gen-key", "a@example.org", "default", "default"])
        place.run(["pass", "init", "a@example.org"])
        place.run(["pass", "insert", "-e", "s00000"], b"value-0\n")
        rows.append(("`pass show NAME`", ["pass", "show", "s00000"]))
    note = "The pass store holds this one value." if have("pass", "gpg") else ""
    out.append(table("One value of 1,000", measure(place, rows), note))
    rows = [("`true`", ["true"])]
    for size in (1, 10, 100, 1000):
        assert len(json.loads(place.authy("list", "--scope", f"of-{size}", "--json").stdout)) == size
        rows.append((f"`authy run`, {size:,} in scope", [AUTHY, "run", "--scope", f"of-{size}", "--", "true"]))
    old = old_authy()
    for size in (100, 1000) if old else ():
        run = [os.environ["AUTHY_0_7"], "run", "--scope", f"of-{size}", "--", "true"]
        rows.append((f"authy 0.7, {size:,} in scope", lambda words=run: old.run(words)))
    secrets = f"{place.home}/.authy/secrets"
    both = [f"{secrets}/{name}" for name in sorted(os.listdir(secrets))]
    files = [name for name in both if name.endswith(".age")]
    rows.append(("reading the 1,000 values and their records with `cat`", ["cat", *both]))
    for program in deciphering:
        script = f'for f in "$@"; do {program} -d -i {key} "$f" >/dev/null; done'
        rows.append((f"`{program} -d` of 100 files, one by one", ["sh", "-c", script, "sh", *files[:100]]))
    peak = place.peak([AUTHY, "run", "--scope", "of-1000", "--mask", "--", "true"])
    note = f"`authy run --mask` with 1,000 in scope needs {peak:.0f} MiB of memory at its peak."
    note += above_the_floor(place)
    out.append(table("`run -- true`", measure(place, rows, max(3, RUNS // 2)), note))
    out.append(table("Listing and checking 1,000", measure(place, [
        ("`authy list`", [AUTHY, "list"]), ("`authy list --json`, every record verified", [AUTHY, "list", "--json"]),
        ("`authy check`", [AUTHY, "check"]),
    ], max(3, RUNS // 2))))
    blob = f"{place.home}/blob"
    with open(blob, "wb") as file:
        file.write(os.urandom(1 << 20).hex().encode() * 32)
    texts = {
        "words": b"the request was handled in time and the page came from the cache, so nobody had to wait.\n",
        "JSON lines": b'{"time":"2026-11-30T00:00:00Z","msg":"said \\"hello\\" to <b>\\n","path":"C:\\\\Users\\\\x"}\n',
        "base64 in lines": base64.encodebytes(os.urandom(57 << 10)),
    }
    for name, text in texts.items():
        with open(f"{blob}-{name.split()[0]}", "wb") as file:
            file.write((text * ((1 << 20) // len(text) + 1))[: 1 << 20] * 64)
    masked = measure(place, [
        ("`cat` of 64 MiB of hex through a pipe", ["sh", "-c", f"cat {blob} | cat >/dev/null"]),
        *(
            (f"{name} under `run --mask`, {size} values", ["sh", "-c", f"{AUTHY} run --scope of-{size} --mask -- cat {file} >/dev/null"])
            for name, file in [("the same", blob), *((name, f"{blob}-{name.split()[0]}") for name in texts)]
            for size in ((100, 1000) if name == "words" else (100,))
        ),
    ], max(3, RUNS // 5))
    out.append(table("Masking", masked, MASKING))
    out.append(SCANNING)
    out += floor(place, start["`authy --version`"] - start["`true`"]) + hook(place)
    if have("gpgconf"):
        place.run(["gpgconf", "--kill", "gpg-agent"], check=False)
    place.close()
    return out


def old_authy():
    """A HOME of authy 0.7, with the same thousand values in its one file; none where the program is not there."""
    program = os.environ.get("AUTHY_0_7")
    if not program:
        return None
    place = Place()
    place.env["AUTHY_KEYFILE"] = f"{place.home}/key"
    with open(f"{place.home}/.env", "w") as file:
        file.writelines(f"s{n:05}=value-{n}\n" for n in range(1000))
    place.run([program, "init", "--generate-keyfile", f"{place.home}/key"])
    place.run([program, "import", f"{place.home}/.env"])
    for size, pattern in ((100, "s000*"), (1000, "s00*")):
        place.run([program, "policy", "create", f"of-{size}", "--allow", pattern])
    return place


def above_the_floor(place):
    """Holds `run` against its files and ciphers alone, in turns: the machine is not equally fast for long."""
    ratios, floors = [], []
    for _ in range(3 if QUICK else 9):
        runs = [(size, [AUTHY, "run", "--scope", f"of-{size}", "--", "true"]) for size in (1, 1000)]
        one, all = measure(place, runs, 5).values()
        least = parts("ciphers::1000$", samples=20)
        if not least:
            return ""
        (least,) = least.values()
        ratios.append((all - one) * 1000 / least)
        floors.append(least)
    ratio, least = statistics.median(ratios), statistics.median(floors) / 1000
    why = "names are listed, records compared, keys fetched, a line written, a thousand variables handed over"
    aim("`run` with 1,000 in scope under 1.5 times reading its files and running their ciphers", f"{ratio:.2f}", ratio < 1.5, why)
    return (
        "\n\nReading those files and records and running their ciphers, on every core and in one process, takes "
        f"{least:.1f} ms; `authy run` takes {ratio:.2f} times as long beyond what it takes for one secret "
        f"(from {min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} turns)."
    )


def floor(place, starting):
    """What the disk asks for a line that is on it."""
    line, path = b"x" * 320 + b"\n", f"{place.home}/line"

    def flush():
        with open(path, "ab", buffering=0) as file:
            file.write(line)
            os.fdatasync(file.fileno())

    medians = measure(place, [
        ("`true`", ["true"]), ("one line written and flushed, in this script", flush), ("`authy get NAME`", [AUTHY, "get", "s00000"]),
    ])
    first, flushed, got = medians.values()
    beyond = got - first - flushed
    note = f"`get` takes {beyond:.2f} ms beyond `true` and one flush."
    aim("`get` within 3 ms of `true` and one flush", f"{beyond:.2f} ms", beyond < 3, f"starting alone is {starting:.1f} ms of it")
    return [table("The floor under a read", medians, note)]


def hook(place):
    """A thousand prompts in a folder where nothing changes."""
    if not have("bash"):
        return []
    with open(f"{place.home}/.authy.toml", "w") as file:
        file.write('[authy]\nscope = "of-10"\naliases = ["claude"]\n')
    place.authy("allow", "--yes")
    loop = "for n in {1..1000}; do eval \"$PROMPT_COMMAND\"; done"
    script = f'eval "$({AUTHY} hook bash)"; eval "$PROMPT_COMMAND"; {loop}'
    medians = measure(place, [
        ("bash, a thousand empty prompts", ["bash", "-c", f"PROMPT_COMMAND=:; {loop}"]),
        ("bash, a thousand prompts with the hook", ["bash", "-c", script]),
    ], max(3, RUNS // 5))
    empty, hooked = medians.values()
    return [table("The hook", medians, f"{(hooked - empty) / 1000:.3f} ms a prompt, the first one included.")]


def crowded():
    """Many secrets in scope, and many readers."""
    rows, place = [], Place()
    place.vault(LARGE)
    if LARGE == 10000:
        files = [f"{place.home}/.authy/secrets/s{n:05}.{ending}" for n in range(LARGE) for ending in ("age", "toml")]
        rows += [("reading the 10,000 values and their records with `cat`", ["cat", *files])]
        rows += [("`authy run`, 10,000 in scope", [AUTHY, "run", "--scope", "of-10000", "--", "true"])]
    rows += [(f"`authy list` of {LARGE:,}", [AUTHY, "list"]), (f"`authy list --json` of {LARGE:,}", [AUTHY, "list", "--json"])]
    out = [table(f"{LARGE:,} secrets", measure(place, rows, max(3, RUNS // 5)))]
    few = Place()
    few.vault(10)
    # A moment after the import: what is remembered of git's index is not believed of a young one.
    time.sleep(3)
    place.authy("get", "s00000")
    medians = measure(place, [
        ("`authy get NAME`, one of 10", lambda: few.authy("get", "s00000")),
        (f"`authy get NAME`, one of {LARGE:,}", lambda: place.authy("get", "s00000")),
    ])
    out.append(table("One value of few and of many", medians))
    ratio = medians[f"`authy get NAME`, one of {LARGE:,}"] / medians["`authy get NAME`, one of 10"]
    why = "what this machine remembers of each secret is read as a whole"
    aim(f"`get` of one of {LARGE:,} at most 1.1 times `get` of one of 10", f"{ratio:.2f}", ratio <= 1.1, why)
    place.close()
    few.close()
    if have("age-keygen"):
        medians = {}
        for readers in (1, 5, 20):
            place = Place()
            place.vault(1000)
            if readers > 1:
                place.readers(readers - 1)
            run = [(f"{readers} readers" if readers > 1 else "1 reader", [AUTHY, "run", "--scope", "of-1000", "--", "true"])]
            medians |= measure(place, run, max(3, RUNS // 2))
            place.close()
        out.append(table("`authy run` with 1,000 in scope, by readers", medians))
    return out


def trails():
    """Long trails, made by the script; the trail is verified to its last line."""
    out, appended = [], {}
    for lines in (10, 100_000, 1_000_000):
        place = Place()
        place.vault(10)
        if lines > 10 and have("age"):
            place.grow(lines)
        appended |= measure(place, [(f"`authy get` at {lines:,} lines", [AUTHY, "get", "s00000"])])
        if lines > 10:
            title = f"`authy audit verify` of {lines:,} lines"
            took = measure(place, [(title, [AUTHY, "audit", "verify"])], 3 if QUICK else 5)[title]
            rate = lines / took * 1000
            why = "each byte is hashed twice, two fifths of the time; the rest is to read each line and to look at what it says"
            aim(f"`audit verify` above 1,000,000 lines a second, at {lines:,}", f"{rate:,.0f}", rate > 1e6, why)
            peak = place.peak([AUTHY, "audit", "verify"])
            out.append(f"{title}: {took:.0f} ms, {lines / took / 1000:.2f} million lines a second, {peak:.0f} MiB at its peak.\n")
        place.close()
        if QUICK and lines > 10:
            break
    longest, shortest = list(appended.values())[-1], list(appended.values())[0]
    met = longest < 1.3 * shortest
    aim("appending a line takes as long in a long trail as in a short one", f"{longest / shortest:.2f} times", met, "")
    return [table("A line more", appended), "### Long trails\n", *out]


def writing():
    out = []
    for count in (100, LARGE):
        place = Place()
        place.vault(count)
        vault, turn = f"{place.home}/.authy", iter(range(10**6))

        def store():
            place.authy("store", "-q", f"new-{next(turn)}", stdin=b"x")

        def commit():
            name = f"{vault}/secrets/s00000.age"
            with open(name, "ab") as file:
                file.write(b"x")
            place.run(["git", "-C", vault, "add", "secrets/s00000.age"])
            place.run(["git", "-C", vault, "commit", "-q", "-m", "x"])

        medians = measure(place, [("`git add` and `git commit` of one file", commit), ("`authy store`, committed", store)])
        out.append(table(f"A change, at {count:,} secrets", medians))
        if count == LARGE:
            by_git, by_authy = medians.values()
            ratio = by_authy / by_git
            aim(f"`store` at {count:,} secrets at most 1.5 times `git add` and `git commit`", f"{ratio:.2f}", ratio < 1.5, "")
        place.close()
    place = Place()
    place.vault(1000)
    for _ in range(200 if QUICK else 2000):
        place.authy("get", "s00000")
    report = json.loads(place.authy("audit", "verify", "--json").stdout)
    lines = sum(chain["lines"] for chain in report)
    medians = measure(place, [
        ("`authy audit verify`", [AUTHY, "audit", "verify"]), ("`authy audit show -n 20`", [AUTHY, "audit", "show", "-n", "20"]),
        ("`authy get`, which appends a line", [AUTHY, "get", "s00000"]),
    ], max(3, RUNS // 2))
    out.append(table(f"The audit trail, {lines:,} lines", medians))
    place.close()
    return out + rekeying()


def size_of(folder):
    """What a folder takes on the disk, in bytes."""
    return sum(os.lstat(os.path.join(path, name)).st_blocks * 512 for path, _, names in os.walk(folder) for name in names)


def moving_in():
    """An import, against git's own commit of the files that it makes."""
    values = json.dumps({f"s{n:05}": hashlib.sha256(b"%d" % n).hexdigest() for n in range(LARGE)}).encode()
    by_authy, by_git, peaks = [], [], []
    for turn in range(2 if QUICK else 6):
        place = Place()
        place.authy("init", "--member", "alice")
        with open(f"{place.home}/values.json", "wb") as file:
            file.write(values)
        os.sync()
        before = time.perf_counter()
        peaks.append(place.peak([AUTHY, "import", f"{place.home}/values.json"]))
        took = time.perf_counter() - before
        vault, other = f"{place.home}/.authy", f"{place.home}/other"
        shutil.copytree(f"{vault}/secrets", f"{other}/secrets")
        place.run(["git", "init", "-q", other])
        os.sync()
        before = time.perf_counter()
        place.run(["sh", "-c", 'cd "$1" && git add -A && git commit -q -m x', "sh", other])
        # The first turn warms caches.
        if turn:
            by_authy.append(took)
            by_git.append(time.perf_counter() - before)
        size = size_of(f"{vault}/.git")
        place.run(["git", "-C", vault, "repack", "-q", "-a", "-d", "-F"])
        ratio_of_git = size / size_of(f"{vault}/.git")
        place.close()
    ours, gits = statistics.median(by_authy), statistics.median(by_git)
    why = "git has nothing to encrypt, to sign or to flush"
    aim(f"`import` of {LARGE:,}, committed, as fast as `git add` and `git commit` of the same files", f"{ours / gits:.2f}", ours <= gits, why)
    aim("`.git` after it at most twice what `git repack -F` makes of it", f"{ratio_of_git:.2f}", ratio_of_git <= 2, "")
    out = [
        f"### Moving in {LARGE:,} secrets\n",
        f"`authy import`, committed: {ours:.2f} s, {statistics.median(peaks):.0f} MiB at its peak. `git add` and `git commit` of "
        f"the same files: {gits:.2f} s, nothing flushed.",
    ]
    if have("strace"):
        place = Place()
        place.authy("init", "--member", "alice")
        calls = "fsync,fdatasync,syncfs,sync_file_range,openat,open"
        place.run(["strace", "-f", "-qq", "-o", f"{place.home}/calls", "-e", f"trace={calls}", AUTHY, "import", "-", "--from", "json"], values)
        with open(f"{place.home}/calls") as file:
            made = re.findall(r"^\d+ +(\w+)\(", file.read(), re.M)
        opens = sum(call.startswith("open") for call in made)
        flushes = len(made) - opens
        out.append(f"It flushes {flushes:,} times and opens {opens:,} files.")
        aim(f"`import` of {LARGE:,} flushes at most 200 times", f"{flushes:,}", flushes <= 200, "the file system is not flushed as a whole")
        aim(f"`import` of {LARGE:,} opens at most 80,000 files", f"{opens:,}", opens <= 80_000, "")
        place.close()
    return ["\n".join(out) + "\n"]


def rekeying():
    """Encrypts a thousand secrets anew, with and without the commit of the change."""
    if not have("age-keygen"):
        return []
    times = {"auto": [], "manual": []}
    for _ in range(1 if QUICK else 3):
        for commits, all in times.items():
            place = Place()
            place.vault(1000)
            place.authy("config", "set", "commit", commits)
            key = place.run(["age-keygen"]).stdout.decode()
            recipient = key.split("public key: ")[1].split()[0]
            place.authy("member", "add", "bob", "--recipient", recipient)
            place.authy("policy", "update", "of-1000", "--member", "bob")
            # What was written before is not to be flushed meanwhile.
            os.sync()
            before = time.perf_counter()
            place.authy("rekey")
            all.append(time.perf_counter() - before)
            place.close()
    whole, bare = (statistics.median(all) for all in times.values())
    text = f"`authy rekey` of 1,000 secrets for one reader more: {whole:.2f} s, {bare:.2f} s of it without the commit."
    seals = parts("seal_a_value")
    if seals:
        # For two readers, on every core.
        one, five = seals["seal a value, 1"], seals["seal a value, 5"]
        cipher, git = (one + (five - one) / 4) / 1000 / os.cpu_count(), whole - bare
        text += f" Sealing the values alone takes {cipher:.2f} s."
        why = "two thousand files are written, renamed and read again for the commit"
        measured = f"{whole:.2f} s, the cipher {cipher:.2f} s of it, git {git:.2f} s"
        aim("`rekey` of 1,000 bound by the cipher, not by git", measured, cipher > whole / 2, why)
    text += " " + many_readers()
    return [f"### Encrypting anew\n\n{text}\n"]


def many_readers():
    """A rekey for nine readers more, and taking one of them off."""
    times = []
    for _ in range(1 if QUICK else 3):
        place = Place()
        place.vault(1000)
        for n in range(9):
            key = place.run(["age-keygen"]).stdout.decode()
            place.authy("member", "add", f"m{n}", "--recipient", key.split("public key: ")[1].split()[0])
        place.authy("policy", "update", "of-1000", *(word for n in range(9) for word in ("--member", f"m{n}")))
        os.sync()
        moments = [time.perf_counter()]
        for words in (["rekey"], ["member", "remove", "m0"]):
            place.authy(*words)
            moments.append(time.perf_counter())
        times.append([after - before for before, after in zip(moments, moments[1:])])
        place.close()
    rekey, remove = (statistics.median(all) for all in zip(*times))
    return f"For nine readers more: {rekey:.2f} s; `authy member remove` of one of the ten: {remove:.2f} s."


# By hand, as the build before is another program.
MASKING = """By text, 64 MiB through `run --mask -- cat FILE` and a pipe, in MB/s, in turns with the build before masking went by what
the text means ([MASKING.md](MASKING.md)); on 2026-11-30, on another machine of two cores, both without optimization over
crates, the fastest of three to five turns in one run, `cat` alone 1,700 to 3,100:

| text | before, 100 tokens | now | before, 100 values of 7 or 8 bytes | now |
|---|---:|---:|---:|---:|
| plain words, in lines | 437 | 848 | 231 | 729 |
| a server's log, with times and addresses | 464 | 551 | 170 | 343 |
| JSON lines with escapes, paths and ids | 290 | 319 | 184 | 159 |
| base64, in lines | 429 | 464 | 204 | 165 |
| hex, one line | 426 | 440 | 203 | 357 |
| hex, in lines | 428 | 345 | | |
| UUIDs and hashes | 421 | 211 | | |
| addresses full of percent triplets and entities | 496 | 170 | | |

With 1,000 tokens plain words pass at 812 MB/s (359 before) and base64 at 411 (354). For base64 the peak of memory is
17 MiB with 100 and 19 MiB with 1,000 (14 and 18 before). With values of which one has letters beyond ASCII, one eight bytes
and one is an RSA key, plain words pass at 604 MB/s (375 before), JSON lines at 95 (349) and base64 at 75 (361)."""

# By hand, as the peer has to be given what authy works out itself.
SCANNING = """### Scanning

`authy scan` for 1,000 made-up values of 12 to 60 letters, every fifth with symbols in it, against ripgrep 15.1 with
`-uuu -a -j2 -F -f` and the 8,161 ways to write them (as they are, JSON, HTML, addresses, hex, base64, base32), in turns on one
machine of two cores, files in the page cache; on 2026-11-30, without optimization over crates, medians of three to five:

| files | `authy scan` | ripgrep | |
|---|---:|---:|---:|
| 33,030 of 100 KB, 3.2 GB | 2.90 s | 13.1 s | 4.5 times as fast |
| 31,052 sources of packages, 373 MB | 0.77 s | 1.97 s | 2.6 |
| none | 0.20 s | | |

A larger tree, made by `benches/scan.py` on 2026-12-01, with 7,431 ways to write the values and 300 copies planted, all of which
are found; with the audit line and the opening of 1,000 values:

| files | `authy scan` | ripgrep | |
|---|---:|---:|---:|
| 100,000 of 50 KB, 5.0 GB | 3.91 s | 27.3 s | 7.0 times as fast |

It needs 60 MiB of memory, ripgrep 29. `--history` of this repository (8,826 objects) takes 0.5 s.
"""

# By hand, as strace has to be beside it.
MANY = """### Many at once

Clients start their servers together. `authy run`, one secret in scope, release build without optimization over crates, two
cores, on 2026-12-01: 20 take 81 to 87 ms started at once, 130 to 144 ms one after the other. Under strace the longest wait for a
lock was 15 to 26 ms of 20 at once, 85 to 108 ms of 50: there is one trail, and each line is on the disk before the next is begun.
"""

# By hand, as a path that is left out is a change of the program.
FAST_PATHS = """### Fast paths

Three readers stand beside the general ones, each held to the same answers by property tests and fuzzing. Their worth
was measured on 2026-11-29 with builds that leave one of them out, in turns (15 to 40 pairs); medians, with against
without.

| fast path | command | time | processor |
|---|---|---:|---:|
| usual audit lines (`audit/fast_line.rs`) | `audit verify`, 100,000 lines | 0.57 | 0.54 |
| signatures known to be good (`crypto/known.rs`) | `run`, 1,000 in scope | 0.53 | 0.45 |
| plain TOML (`store/plain.rs`) | `env`, 10,000 in scope | 0.89 | 0.87 |
| the same | `run`, 1,000 in scope | 0.93 | 0.89 |

A fourth opens payloads whose key is known (`crypto/payload.rs`). The crate, which opens all others and which it is held
against in tests, clears a buffer of 64 KiB for each.
"""


def page():
    size = os.path.getsize(AUTHY) / (1 << 20)
    cores = os.cpu_count()
    head = [
        "# Performance", "",
        "Whole commands, process start included, measured by `benches/table.py`, which writes this page. A row is the",
        f"median of up to {RUNS} runs in turns. {cores} cores, {platform.machine()}, {platform.system()}; "
        f"the program has {size:.1f} MiB.", "",
        "A value that is read is recorded first: the line is on the disk (`fsync`) before a byte leaves. `age` and `cat`",
        "record nothing.", "",
    ]
    body = [*reading(), *crowded(), *moving_in(), *writing(), *trails(), *parts_table(), MANY, FAST_PATHS]
    return "\n".join([*head, aims(), *body])


text = page()
if "--print" in sys.argv:
    print(text)
else:
    with open(os.path.join(ROOT, "docs", "PERFORMANCE.md"), "w") as file:
        file.write(text)

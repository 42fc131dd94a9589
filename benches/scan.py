#!/usr/bin/env python3
"""`authy scan` for 1,000 values against ripgrep with every way to write them, and gitleaks, on one tree.

    AUTHY_BIN=target/release/authy benches/scan.py [FILES] [KILOBYTES]

A tree of FILES files (100,000) of some KILOBYTES each (50) is made in a temporary folder, of words,
code and JSON; 300 copies of values are planted, each written in another way. Each program looks at it in turn, three
times, files in the page cache; medians of seconds and the peak of memory are printed. The exit code is 1 where authy misses a
copy. ripgrep and gitleaks are taken from PATH; what is not there is left out.
"""

import base64
import html
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

VALUES, COPIES, ROUNDS = 1000, 300, 3
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SYMBOLS = "+/=_-$&\"\\"


def values(rand):
    def one(at):
        letters = LETTERS + SYMBOLS if at % 5 == 0 else LETTERS
        return "".join(rand.choice(letters) for _ in range(rand.randint(12, 60)))
    return [one(at) for at in range(VALUES)]


def written(value):
    """The ways to write a value that a search for fixed strings has to be given."""
    data = value.encode()
    forms = {value, json.dumps(value)[1:-1], html.escape(value), urllib.parse.quote(value, safe=""),
             urllib.parse.quote_plus(value), data.hex(), data.hex().upper(), base64.b32encode(data).decode().rstrip("=")}
    for before in range(3):  # the three places that a text may have in base64
        coded = base64.b64encode(b"\0" * before + data).decode()
        start, end = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        forms |= {coded[start:end], coded[start:end].translate(str.maketrans("+/", "-_"))}
    return [form for form in forms if len(form) >= 12]


def copies(value):
    """The same as a program leaves it in a file."""
    data = value.encode()
    return [value, json.dumps(value)[1:-1], html.escape(value), urllib.parse.quote(value, safe=""), data.hex(),
            *(base64.b64encode(b"user:"[:before] + data).decode() for before in range(3))]


def tree(root, rand, files, size, secrets):
    words = ["".join(rand.choice("etaoinshrdlu_") for _ in range(rand.randint(2, 11))) for _ in range(4000)]
    def text(at):
        lines = []
        length = 0
        while length < size:
            some = rand.choices(words, k=8)
            line = [" ".join(some), f"    let {some[0]} = self.{some[1]}({some[2]}, {rand.randint(0, 9999)});",
                    json.dumps({some[0]: some[1], some[2]: [1, 2, some[3]]}), f"<a href=\"/{some[0]}/{some[1]}\">{some[2]}</a>"][at % 4]
            lines.append(line)
            length += len(line) + 1
        return "\n".join(lines) + "\n"
    stock = [text(at) for at in range(256)]
    for at in range(files):
        folder = root / f"{at // 1000:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"{at}.txt").write_text(f"{at}\n" + stock[at % len(stock)])
    for at in range(COPIES):
        path = root / f"{at * files // COPIES // 1000:03}" / f"{at * files // COPIES}.txt"
        with path.open("a") as file:
            file.write(f"copy: {rand.choice(copies(secrets[at]))}\n")


def timed(words, **more):
    start = time.monotonic()
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)
    out = child.stdout.read()
    _, _, usage = os.wait4(child.pid, 0)
    return time.monotonic() - start, usage.ru_maxrss / 1024, out


def main():
    files, size = (int(word) for word in (sys.argv[1:] + ["100000", "50"][len(sys.argv) - 1:]))
    binary = Path(os.environ.get("AUTHY_BIN", "target/release/authy")).resolve()
    rand = random.Random(4711)
    secrets = values(rand)
    with tempfile.TemporaryDirectory(prefix="scan-") as temporary:
        place = Path(temporary)
        root, home = place / "tree", place / "home"
        root.mkdir()
        home.mkdir()
        tree(root, rand, files, size * 1000, secrets)
        env = {"HOME": str(home), "PATH": os.environ["PATH"]}
        run = lambda *words, **more: subprocess.run([binary, *words], env=env, check=True, capture_output=True, **more)
        run("init", "--member", "bench")
        run("import", "-", "--from", "json", input=json.dumps({f"s{at:04}": one for at, one in enumerate(secrets)}).encode())
        (place / "patterns").write_text("".join(f"{form}\n" for one in secrets for form in written(one)))
        programs = {"authy scan": [binary, "scan", "--json", root]}
        if shutil.which("rg"):
            programs["ripgrep"] = ["rg", "-uuu", "-a", "-c", "-j2", "-F", "-f", place / "patterns", root]
        if shutil.which("gitleaks"):
            programs["gitleaks"] = ["gitleaks", "dir", "--no-banner", "--exit-code", "0", root]
        taken = {name: [] for name in programs}
        peak, missed = {}, 0
        for turn in range(ROUNDS):
            for name, words in programs.items():
                if name == "gitleaks" and turn:
                    continue  # once is enough of it
                seconds, memory, out = timed(words, env=env)
                taken[name].append(seconds)
                peak[name] = max(peak.get(name, 0), memory)
                if name == "authy scan":
                    found = {one["secret"] for one in json.loads(out)["found"]}
                    missed = sum(f"s{at:04}" not in found for at in range(COPIES))
        total = sum(path.stat().st_size for path in root.rglob("*.txt"))
        print(f"{files} files, {total / 1e9:.2f} GB, {VALUES} values, {sum(1 for _ in (place / 'patterns').open())} patterns")
        for name, all_seconds in taken.items():
            middle = statistics.median(all_seconds)
            print(f"{name}: {middle:.2f} s, {total / middle / 1e6:.0f} MB/s, {peak[name]:.0f} MiB")
        print(f"missed by authy: {missed}")
        return missed > 0


if __name__ == "__main__":
    sys.exit(main())

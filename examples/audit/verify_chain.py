#!/usr/bin/env python3
"""Verifies one audit chain of a vault by docs/FORMAT.md alone, without authy.

    age -d -i IDENTITY VAULT/audit/CHAIN.key.age > key
    verify_chain.py VAULT CHAIN key

Prints how many lines in how many files follow one another, or the first place where they
do not, and exits 1 then. Needs Python 3.8 and nothing else. A second opinion: `authy audit
verify` also holds the chain against other chains and against what this machine remembers.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
from pathlib import Path

FIELDS = ["seq", "time", "op", "secrets", "scope", "actor", "outcome", "detail", "heads",
          "chain", "after", "vault", "key", "sig", "prev", "mac"]
OPTIONAL = {"heads", "chain", "after", "vault", "key", "sig"}


class Damage(Exception):
    """What is wrong, and in which line."""


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def written(line):
    """The one form in which a line is written."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def published(vault, chain):
    """The files of the chain in order, each with the number of its first line."""
    folder, found = vault / "audit" / chain, []
    for path in [*folder.glob("*/*.jsonl"), *folder.glob("*.jsonl")]:
        name = str(path.relative_to(folder).with_suffix(""))
        first = int(path.stem) if path.stem.isdecimal() else 0
        # The second form is that of chains which were once written where they now are published.
        if first and path.is_file() and name in (f"{first // 100:06}/{first:08}", f"{first:08}"):
            found.append((first, path))
    return sorted(found, key=lambda one: one[0])


def check_opening(line, raw, vault_id, chain, key, members):
    if (line.get("op"), line.get("chain"), line.get("vault")) != ("chain.open", chain, vault_id):
        raise Damage("it does not open this chain of this vault")
    if line.get("key") != sha256(b"authy/v1/chain-key" + key):
        raise Damage("it names another key")
    if "sig" in line:
        body = raw[: raw.rindex(b',"sig":')]
        name = line["actor"]["name"]
        parts = [b"authy/v1/signed-file", vault_id.encode(), f"audit/{chain}.jsonl".encode(), body,
                 name.encode(), line["time"].encode()]
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        if not ed25519_verify(members(name), message, unb64(line["sig"])):
            raise Damage(f"its signature is not by '{name}'")


def check_line(line, raw, expected, key):
    number, prev, actor = expected
    if [field for field in FIELDS if field in line] != list(line) or written(line) != raw:
        raise Damage("it is not written the way lines are written")
    if any(field not in line for field in FIELDS if field not in OPTIONAL):
        raise Damage("a field is missing")
    if line["seq"] != number:
        raise Damage(f"it says it is line {line['seq']}")
    body = raw[: raw.rindex(b',"mac":')]
    if not hmac.compare_digest(hmac.new(key, body, hashlib.sha256).hexdigest(), line["mac"]):
        raise Damage("its mac is wrong")
    if line["prev"] != prev:
        raise Damage("it does not follow from the line before it")
    if actor and (line["actor"].get("name"), line["actor"].get("id")) != actor:
        raise Damage("it names another actor")


def verify(vault, chain, key):
    """Returns the numbers of lines and files; raises Damage with the line's number."""
    settings = (vault / "authy.toml").read_text()
    vault_id = re.search(r'^vault = "([0-9a-f]{32})"$', settings, re.M).group(1)

    def members(name):
        text = (vault / "members" / f"{name}.toml").read_text()
        return unb64(re.search(r'^verify = "(ed25519:[^"]+)"$', text, re.M).group(1))

    files, told = published(vault, chain), {}
    for first, path in files:
        # What follows the last newline was promised to nobody.
        for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1], first):
            if told.setdefault(number, raw) != raw:
                raise Damage(f"line {number}: {path.name} has it otherwise than another file")

    prev, actor = "sha256:" + "0" * 64, None
    for number in range(1, max(told, default=0) + 1):
        try:
            if number not in told:
                raise Damage("no file has it, and there are later ones")
            raw = told[number]
            line = json.loads(raw)
            check_line(line, raw, (number, prev, actor), key)
            if line.get("chain", chain) != chain:
                raise Damage("it names another chain")
            if number == 1:
                check_opening(line, raw, vault_id, chain, key, members)
                actor = (line["actor"].get("name"), line["actor"].get("id"))
            prev = sha256(raw)
        except (Damage, ValueError, KeyError) as error:
            raise Damage(f"line {number}: {error}") from None
    return len(told), len(files)


def unb64(text):
    return base64.b64decode(text.split(":", 1)[1], validate=True)


# Ed25519 verification, RFC 8032 section 5.1.7, in affine coordinates: slow and short.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def times(point, n):
    result = (0, 1)
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


def decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square:
        raise ValueError("not a point of the curve")
    return (P - x if x & 1 != sign else x), y


BASE = decode(bytes.fromhex("58" + "66" * 31))


def ed25519_verify(public, message, signature):
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(hashed, "little") % L
    left = times(BASE, int.from_bytes(signature[32:], "little"))
    return left == add(decode(signature[:32]), times(decode(public), k))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    vault, chain = Path(sys.argv[1]), sys.argv[2]
    try:
        lines, files = verify(vault, chain, Path(sys.argv[3]).read_bytes())
    except Damage as damage:
        print(f"{chain}: {damage}")
        return 1
    print(f"{chain}: {lines} lines in {files} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())

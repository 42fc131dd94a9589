#!/usr/bin/env bash
# pyrage leaves every age plugin that it started behind as a zombie, until Python ends.
#
# pyrage is the age crate (Rust) for Python. For a recipient or an identity of a plugin the crate starts
# a process for each file. The process ends when its work is done; nobody waits for it, and neither
# object has a method that would. age's own command ends after one file, so nobody sees it there. A
# program that lives on keeps a process for each file that it ever opened.
#
# Seen on Linux with pyrage 1.4.0 and Python 3.11:
#     10 files written and read: 20 plugins are left as zombies
#
# What follows: a long process with plugin identities runs into its limit of processes. Start the plugin
# yourself, as the protocol lets one process open many files; or do each file in a child process. Needs
# python3 with venv and the network; fails where this has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install pyrage==1.4.0

# A plugin that keeps to the protocol and encrypts nothing.
mkdir bin
cat >bin/age-plugin-rehearse <<'PLUGIN'
#!/usr/bin/env python3
import sys


def hear():
    words, body = input()[3:].split(" "), ""
    while True:
        line = input()
        body += line
        if len(line) < 64:
            return words, body


def say(words, body=""):
    print(f"-> {words}\n{body}", flush=True)


heard = [hear()]
while heard[-1][0] != ["done"]:
    heard.append(hear())
if sys.argv[1].endswith("recipient-v1"):
    say("recipient-stanza 0 rehearse", next(body for words, body in heard if words[0] == "wrap-file-key"))
else:
    wrapped = ["recipient-stanza", "0", "rehearse"]
    say("file-key 0", next(body for words, body in heard if words[:3] == wrapped))
hear()
say("done")
PLUGIN
chmod +x bin/age-plugin-rehearse

cat >many.py <<'PYTHON'
import os
import subprocess

import pyrage
from pyrage import plugin


class Nobody:
    def display_message(self, message):
        pass

    def confirm(self, message, yes, no):
        return None

    def request_public_string(self, description):
        return None

    def request_passphrase(self, description):
        return None


def zombies():
    listed = subprocess.run(["ps", "-o", "stat=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return sum(line.startswith("Z") for line in listed.stdout.split())


recipient = plugin.Recipient.from_str("age1rehearse1ws0d39ufzhfpjxc5g3nugd9n8q5cfyxj")
identity = plugin.Identity.from_str("AGE-PLUGIN-REHEARSE-1WS0D39UFZHFPJXC5G3NUGD9N8QNPWDGP")
writer = plugin.RecipientPluginV1("rehearse", [recipient], [], Nobody())
reader = plugin.IdentityPluginV1("rehearse", [identity], Nobody())
for _ in range(10):
    assert pyrage.decrypt(pyrage.encrypt(b"value", [writer]), [reader]) == b"value"
# The last one may be about to end.
for _ in range(200):
    if zombies() == 20:
        break
print(f"10 files written and read: {zombies()} plugins are left as zombies")
PYTHON
said=$(PATH="$work/bin:$PATH" venv/bin/python many.py)
echo "$said"
test "$said" = "10 files written and read: 20 plugins are left as zombies"

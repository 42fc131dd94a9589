#!/usr/bin/env bash
# pip shows nothing of what the program `keyring` writes to standard error, uv shows it.
#
# Seen with pip 26.3 and uv 0.13.9. Both start a program named `keyring` for an index that wants a user
# (`--keyring-provider subprocess`) and take its failure for "no password". The program says here why it
# has none; with pip that is nowhere, not even with -vvv, and the user reads that the package was not
# found or the credentials were not correct.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill %1 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet pip==26.3 uv==0.13.9
mkdir bin
printf '#!/bin/sh\necho "the reason" >&2\nexit 1\n' >bin/keyring
chmod +x bin/keyring

cat >server.py <<'P'
import http.server
class Index(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
    def do_GET(self):
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic realm=here")
        self.send_header("Content-Length", "0")
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
print(server.server_port, file=open("port", "w"), flush=True)
server.serve_forever()
P
python3 server.py &
until [[ -s port ]]; do :; done
index="http://ann@127.0.0.1:$(cat port)/simple/"
plain=(env -i PATH="$folder/bin:$PATH" HOME="$folder")
"${plain[@]}" venv/bin/python -m pip -vvv download --no-deps --no-cache-dir --keyring-provider subprocess \
    --no-input --index-url "$index" demo >by-pip 2>&1 </dev/null || true
"${plain[@]}" venv/bin/uv pip install --no-cache --target there --keyring-provider subprocess \
    --index-url "$index" demo >by-uv 2>&1 </dev/null || true
echo "$(venv/bin/python -m pip --version | cut -d' ' -f1-2), $(venv/bin/uv --version | cut -d' ' -f1-2)"
echo "pip shows the reason $(grep -c 'the reason' by-pip || true) times, uv $(grep -c 'the reason' by-uv || true) times"
[[ $(grep -c 'the reason' by-pip || true) == 0 && $(grep -c 'the reason' by-uv) -gt 0 ]]

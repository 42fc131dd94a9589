#!/usr/bin/env python3
"""A server that wants a token and says what it was sent; it prints its port when it listens.

    server.py CERTIFICATE KEY TOKEN
"""
import http.server
import ssl
import sys

CERTIFICATE, KEY, TOKEN = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        sent = self.headers.get("Authorization", "nothing")
        good = sent == f"Bearer {TOKEN}"
        text = f"{'welcome' if good else 'who are you?'} ({self.path}): you sent {sent}\n".encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()

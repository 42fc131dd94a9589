import base64, os, socket, ssl

proxy = os.environ["HTTPS_PROXY"].split("@")
user = base64.b64encode(proxy[0].split("//")[1].encode()).decode()
host, port = proxy[1].split(":")
s = socket.create_connection((host, int(port)))
s.sendall(f"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\nProxy-Authorization: Basic {user}\r\n\r\n".encode())
answer = b""
while b"\r\n\r\n" not in answer:
    answer += s.recv(1)
s = ssl.create_default_context().wrap_socket(s, server_hostname="api.test")
s.sendall(
    (
        "GET /ws HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        f"Authorization: hello {os.environ['API_TOKEN']}\r\n\r\n"
    ).encode()
)


def exactly(count):
    data = b""
    while len(data) < count:
        piece = s.recv(count - len(data))
        if not piece:
            raise SystemExit("closed")
        data += piece
    return data


head = b""
while b"\r\n\r\n" not in head:
    head += exactly(1)
print(head.split(b"\r\n")[0])


def frame():
    start = exactly(2)
    return exactly(start[1] & 0x7F)


print(frame().decode())
for text in (b"one", b"two"):
    s.sendall(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)
    print("echo", frame())

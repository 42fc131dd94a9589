# A WebSocket by a library, through the tunnel that it is handed.
import asyncio, base64, os, socket, ssl
import websockets

where = os.environ["HTTPS_PROXY"].split("//")[1]
user, place = where.split("@")
host, port = place.split(":")
s = socket.create_connection((host, int(port)))
credential = base64.b64encode(user.encode()).decode()
s.sendall(
    "CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n"
    f"Proxy-Authorization: Basic {credential}\r\n\r\n".encode()
)
answer = b""
while b"\r\n\r\n" not in answer:
    answer += s.recv(1)


async def main():
    headers = {"Authorization": os.environ["API_TOKEN"]}
    new = int(websockets.__version__.split(".")[0]) >= 14
    options = {"additional_headers" if new else "extra_headers": headers}
    uri = "wss://api.test/ws"
    async with websockets.connect(
        uri, sock=s, ssl=ssl.create_default_context(), server_hostname="api.test", **options
    ) as ws:
        print("first", await ws.recv())
        await ws.send("one")
        one = await ws.recv()
        await ws.send(b"two")
        print("then", one, (await ws.recv()).decode())
        pong = await ws.ping()
        # This server echoes a ping instead of answering it.
        pong.cancel()
    print("closed", ws.close_code)


asyncio.run(main())

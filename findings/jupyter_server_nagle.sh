#!/usr/bin/env bash
# Library: Jupyter Server 2.21.1 with tornado 6.6.1, the WebSocket between a browser and a kernel.
# Guess:   the connection that carries every slider's move and every picture sends small messages at once (TCP_NODELAY), as
#          the ZMQ sockets between the server and the kernel do.
# Happens: Nagle's algorithm stays on. Of two small messages in a row the second waits until the browser's system confirms
#          the first, which Linux puts off for up to 40 ms; tornado's set_nodelay(True) is there and is not called.
# Matters: what answers a slider in a few milliseconds arrives tens of milliseconds late, and the kernel gets the blame.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  'jupyter_server==2.21.1' 'tornado==6.6.1' 'ipykernel==7.4.0'
mkdir "$folder/config"
# Writes down the option of the server's side of the socket when a browser has connected to a kernel.
cat > "$folder/config/jupyter_server_config.py" <<'PY'
import os
import socket

from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

plain = KernelWebsocketHandler.open


async def told(self, **about):
    await plain(self, **about)
    stream = self.ws_connection.stream
    option = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with open(os.environ["TOLD"], "w") as file:
        file.write(str(option))


KernelWebsocketHandler.open = told
PY
cat > "$folder/check.py" <<'PY'
import asyncio
import json
import os
import pathlib
import subprocess
import sys
import time
from importlib.metadata import version

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

folder = pathlib.Path(sys.argv[1])
told = folder / "option"
environment = {**os.environ, "TOLD": str(told), "JUPYTER_CONFIG_DIR": str(folder / "config"),
               "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "JUPYTER_DATA_DIR": str(folder / "data")}
command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--IdentityProvider.token=only",
           f"--ServerApp.root_dir={folder}"]
server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def connect():
    while not (files := list(folder.glob("runtime/jpserver-*.json"))):
        assert server.poll() is None
        await asyncio.sleep(0.2)
    about = json.loads(files[0].read_text())
    client = AsyncHTTPClient()
    reply = await client.fetch(f"{about['url']}api/kernels?token=only", method="POST", body="{}", request_timeout=120)
    kernel = json.loads(reply.body)["id"]
    address = about["url"].replace("http", "ws", 1)
    socket = await websocket_connect(f"{address}api/kernels/{kernel}/channels?token=only")
    end = time.monotonic() + 60
    while not (told.exists() and told.read_text()) and time.monotonic() < end:
        await asyncio.sleep(0.2)
    socket.close()
    await client.fetch(f"{about['url']}api/kernels/{kernel}?token=only", method="DELETE")


try:
    asyncio.run(connect())
finally:
    server.terminate()
    server.wait()
option = int(told.read_text())
print("jupyter_server", version("jupyter_server"), "tornado", version("tornado"))
print("guess: TCP_NODELAY is 1 on the server's side of a kernel's WebSocket")
print(f"seen:  TCP_NODELAY is {option}")
assert option == 0
PY
"$folder/venv/bin/python" "$folder/check.py" "$folder"

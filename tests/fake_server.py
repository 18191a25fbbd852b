"""A web server that breaks off, lies or falls silent as it is told."""

import http.server
import re
import threading

from optlib.data import download


class Server(http.server.ThreadingHTTPServer):
    """Serves ``data``, bytes or a dict of them by file name.

    Each request takes the next of ``plans``, words as below, and is noted in ``asked``.
    """

    daemon_threads = True

    def __init__(self, data, name):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.plans, self.asked, self.waits = data, [], [], []
        self.ranges, self.status, self.headers, self.release = True, 200, {}, threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/{name}"

    def handle_error(self, request, client_address):
        pass  # a client that goes away is what some tests are about


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        plan = server.plans.pop(0) if server.plans else {}
        first = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        status = plan.get("status", 206 if asked and server.ranges else server.status)
        name = self.path.rpartition("/")[2]
        data = server.data[name] if isinstance(server.data, dict) else server.data
        body = data[first:]
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/x-gzip"}
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        self.send_response(status)
        for name, value in {**headers, **server.headers, **plan.get("headers", {})}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        stop = plan.get("stop", len(body))
        self.wfile.write(body[:stop])
        self.wfile.flush()
        if "hold" in plan:
            server.release.wait(60)
        self.close_connection = True

    def log_message(self, *_):
        pass


def running(server, monkeypatch):
    """For a fixture: the server while it serves, where no proxy is in the way; how long a download waits is noted."""
    for variable in ("http_proxy", "HTTP_PROXY", "OPTLIB_DATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download.time, "sleep", server.waits.append)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()

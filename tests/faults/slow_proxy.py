"""A proxy before an S3-compatible server that holds every request back for a while."""

import http.client
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_DROPPED = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class SlowProxy:
    """Forwards to a server on this machine, after a random time.

    The server looks for an object and writes it in two steps. So that its preconditions hold, as
    those of a real service do, only one request that writes is under way at a time.

    Args:
        target: address of the server.
        seconds: the longest delay of a request.
        seed: of the delays.
    """

    def __init__(self, target: str, seconds: float, seed: int) -> None:
        chance, writing = random.Random(seed), threading.Lock()
        host = urlsplit(target).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                time.sleep(chance.uniform(0.0, seconds))
                if self.command in ("PUT", "DELETE", "POST"):
                    with writing:
                        self._forward(body)
                else:
                    self._forward(body)

            do_PUT = do_HEAD = do_POST = do_DELETE = do_GET

            def _forward(self, body: bytes) -> None:
                connection = http.client.HTTPConnection(host, timeout=60)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _DROPPED:
                        self.send_header(name, value)
                length = answer.getheader("Content-Length", "0")
                size = length if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", size)
                self.end_headers()
                self.wfile.write(data)
                connection.close()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

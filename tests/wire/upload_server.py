"""A web server that recordings are sent to. The first request it reads to its middle only, and then waits until the sender is gone.

Shape: says where it listens, and a line for all that happens: "begins PATH LENGTH", "cut PATH BYTES", "whole PATH BYTES SHA256".
"""

import hashlib
import http.server
import socketserver
import sys


def say(*words):
    print(*words, flush=True)


class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        length = int(self.headers["Content-Length"])
        first, self.server.first = self.server.first, False
        say("begins", self.path, length)
        got = self.rfile.read(length // 2 if first else length)
        if first:
            say("half", self.path, len(got))
            try:
                while self.connection.recv(65536):
                    pass
            except OSError:
                pass
            say("cut", self.path, len(got))
            self.close_connection = True
            return
        if len(got) < length:
            say("cut", self.path, len(got))
            self.close_connection = True
            return
        say("whole", self.path, len(got), hashlib.sha256(got).hexdigest(), self.headers["Content-Type"])
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    first = True


server = Server(("127.0.0.1", 0), Taker)
say("listening on %s:%d" % server.server_address[:2])
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)

"""A web server on loopback that answers Call Interactive as the path says, also as no web server should.

    python3 web_scripts.py [DENIED]

DENIED is another address of this machine, where nobody may be sent: what arrives there is printed as `denied`.
Every request is printed as `asked PATH`, so that a test sees who was asked.
"""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

VERBS = '<Pause length="1"/><Hangup/>'
RIGHT = f"<Response>{VERBS}</Response>"
LAUGHS = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
DENIED = None


def page(body):
    return 200, {"Content-Type": "text/xml"}, body.encode()


PAGES = {
    "/right": lambda: page(RIGHT),
    "/wrong": lambda: page(f"<Response>{VERBS}"),
    "/html": lambda: page(f"<html>{VERBS}</html>"),
    "/empty": lambda: page(""),
    "/error": lambda: (500, {}, RIGHT.encode()),
    "/huge": lambda: page(f"<Response>{VERBS}{' ' * 70_000}</Response>"),
    "/type": lambda: page(f"<!DOCTYPE Response>{RIGHT}"),
    "/laughs": lambda: page(f'<!DOCTYPE lolz [<!ENTITY lol0 "lol">{LAUGHS}]><Response><SetVar name="a">&lol9;</SetVar>{VERBS}</Response>'),
    "/redirect": lambda: (302, {"Location": "/right"}, b""),
    "/loop": lambda: (302, {"Location": "/loop"}, b""),
    "/manager": lambda: page('<Response><SetVar name="mgr">207</SetVar></Response>'),
    "/nothing": lambda: page("<Response/>"),
    "/unknown": lambda: page(f'<Response><Dance steps="3"/>{VERBS}</Response>'),
    "/nobody": lambda: page(f'<Response><SetVar name="mgr">207</SetVar><SetCaller name="ACME"/>{VERBS}</Response>'),
    "/nowhere": lambda: page(f'<Response><Jump context="99" option="start"/>{VERBS}</Response>'),
    "/away": lambda: (302, {"Location": f"http://{DENIED}/right"}, b""),
}


SAYING = Lock()


def say(line):
    """One line, whole: requests come in threads, and print writes a line and its end apart."""
    with SAYING:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class Scripts(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path
        say(f"asked {self.path}")
        if path == "/never":
            Event().wait()
        if path == "/slow":
            time.sleep(6)
            path = "/right"
        status, headers, body = PAGES[path]()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Denied(Scripts):
    def do_GET(self):
        say("denied")
        super().do_GET()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # With Python's own five, whoever else connects at the same moment waits a second.
    request_queue_size = 128


def main():
    global DENIED
    if len(sys.argv) > 1:
        denied = Server((sys.argv[1], 0), Denied)
        DENIED = "{}:{}".format(*denied.server_address)
        Thread(target=denied.serve_forever, daemon=True).start()
    server = Server(("127.0.0.1", 0), Scripts)
    print("listening on {}:{}".format(*server.server_address), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

"""A web server on loopback with pages that a test wrote, which says what it was told as PHP would understand it.

    python3 pivot_server.py FOLDER

The page of a path is the file FOLDER/NAME.json, with `status`, `type`, `delay` and `body`, where NAME is the last part of the path; what
is not there is a 404. Every request is printed as a line of JSON: `method`, `path`, `type` of its body, and `told`, all parameters.
"""
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import unquote_plus, urlsplit

SAYING = Lock()


def say(line):
    with SAYING:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def php(form):
    """A query or form as PHP's parse_str reads it: a[b]=c makes objects, a[]=b lists."""
    told = {}
    for pair in filter(None, form.split("&")):
        key, _, value = pair.partition("=")
        key, value = unquote_plus(key), unquote_plus(value)
        name, rest = re.match(r"([^\[]*)(.*)", key).groups()
        steps = [name] + re.findall(r"\[([^\]]*)\]", rest)
        place = told
        for step, further in zip(steps, steps[1:]):
            place = place.setdefault(step, [] if further == "" else {})
        if isinstance(place, list):
            place.append(value)
        else:
            place[steps[-1]] = value
    return told


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind = self.headers.get("Content-Type", "")
        told = php(url.query)
        told.update(json.loads(body) if kind == "application/json" else php(body))
        fields = {name.lower(): value for name, value in self.headers.items()}
        say(json.dumps({"method": self.command, "path": url.path, "type": kind, "told": told, "headers": fields}))
        page = Path(sys.argv[1]) / (url.path.rsplit("/", 1)[-1] + ".json")
        page = json.loads(page.read_text()) if page.exists() else {"status": 404, "type": "text/html", "body": "no"}
        time.sleep(page.get("delay", 0))
        content = page["body"].encode()
        self.send_response(page["status"])
        if page["type"]:
            self.send_header("Content-Type", page["type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # With Python's own five, whoever else connects at the same moment waits a second.
    request_queue_size = 512


server = Server(("127.0.0.1", 0), Pages)
say("listening on {}:{}".format(*server.server_address))
server.serve_forever()

#!/usr/bin/env python3
"""A script server for Call Interactive, with nothing but Python's standard library.

    python3 call_interactive.py [--listen 127.0.0.1:8090] [--managers managers.csv]

managers.csv has a line for each customer: the number that calls, the customer's name, the manager's number.

    +78121234567,"ACME, order 17",207

A menu asks for the manager, rings them, and goes on with its greeting where there is none or nobody picks up:

    {"action": "call_interactive", "call_interactive_method": "GET", "call_interactive_url": "http://127.0.0.1:8090/manager"}
    {"action": "transfer_from_variable", "transfer_variable": "mgr", "transfer_timeout": 20, "final": false}

The server must be allowed to ask this machine; the settings say how. Paths:

    /manager  SetCaller and SetVar mgr, or nothing for a caller who is unknown
    /pin      asks for a PIN with the sound that ?sound= names, and keeps it in the variable pin
    /hangup   for the script "hangup" of a menu: prints how the call went
"""
import argparse
import csv
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

MANAGERS = {}


def manager(call):
    """Who is responsible for the caller."""
    customer, number = MANAGERS.get(call.get("CallerIDNum", ""), (None, None))
    if number is None:
        return ""
    shown = call.get("CallerIDNum", "")
    return f'<SetCaller name={quoteattr(customer)} number={quoteattr(shown)}/><SetVar name="mgr">{escape(number)}</SetVar>'


def pin(call):
    """Digits of the caller, in a variable."""
    sound = escape(call.get("sound", "pin.wav"))
    return f'<PlaySound where="background" digitvar="pin">{sound}</PlaySound>'


def hangup(call):
    """A call is over; whatever is answered, nothing of it is run."""
    print(f"call {call.get('CallID')} of {call.get('CallerIDNum')}: {call.get('CallStatus')}", flush=True)
    return ""


PATHS = {"/manager": manager, "/pin": pin, "/hangup": hangup}


class Scripts(BaseHTTPRequestHandler):
    """One request, by GET or POST: what is said of the call is in the query, the form, or both."""

    def answer(self, form=""):
        url = urlsplit(self.path)
        script = PATHS.get(url.path)
        if script is None:
            self.send_error(404)
            return
        said = parse_qs(url.query, keep_blank_values=True) | parse_qs(form, keep_blank_values=True)
        verbs = script({name: values[0] for name, values in said.items()})
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{verbs}</Response>\n'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())


class Server(ThreadingHTTPServer):
    # With Python's own five, a burst of calls would wait a second for their connections.
    request_queue_size = 128


def main():
    options = argparse.ArgumentParser(description="A script server for Call Interactive.")
    options.add_argument("--listen", default="127.0.0.1:8090", metavar="ADDRESS:PORT")
    options.add_argument("--managers", metavar="FILE")
    options = options.parse_args()
    if options.managers:
        with open(options.managers, encoding="utf-8", newline="") as file:
            MANAGERS.update({row[0]: (row[1], row[2]) for row in csv.reader(file) if len(row) == 3})
    address, port = options.listen.rsplit(":", 1)
    server = Server((address, int(port)), Scripts)
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

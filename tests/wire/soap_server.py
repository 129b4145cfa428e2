"""A web service of SOAP 1.1 for a test: it says what an account holds, to whoever has the password.

It says where it listens, and then who asked for what, a line each.
"""

import base64
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMES = "urn:example:balance"
LOGIN = "Basic " + base64.b64encode(b"teller:geheim").decode()


def description(at):
    return f"""<?xml version="1.0"?>
<definitions name="Balance" targetNamespace="{NAMES}" xmlns:own="{NAMES}" xmlns="http://schemas.xmlsoap.org/wsdl/"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
 <types><xs:schema targetNamespace="{NAMES}" elementFormDefault="qualified">
  <xs:element name="GetBalance"><xs:complexType><xs:sequence>
   <xs:element name="account" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="GetBalanceResponse"><xs:complexType><xs:sequence>
   <xs:element name="amount" type="xs:decimal"/><xs:element name="day" type="xs:date"/>
  </xs:sequence></xs:complexType></xs:element>
 </xs:schema></types>
 <message name="Asked"><part name="parameters" element="own:GetBalance"/></message>
 <message name="Told"><part name="parameters" element="own:GetBalanceResponse"/></message>
 <portType name="Balance"><operation name="GetBalance">
  <input message="own:Asked"/><output message="own:Told"/></operation></portType>
 <binding name="Soap" type="own:Balance"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="GetBalance"><soap:operation soapAction="balance"/>
   <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
 <service name="Balance"><port name="Soap" binding="own:Soap"><soap:address location="{at}"/></port></service>
</definitions>"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, description("http://%s:%d/balance" % self.server.server_address[:2]))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        account = re.search(r"account>([^<]*)<", body)
        account = account.group(1) if account else ""
        if self.headers.get("Authorization") != LOGIN:
            print("denied", account, flush=True)
            return self.answer(401, "who are you?")
        print("asked", account, self.headers.get("SOAPAction"), flush=True)
        told = f'<GetBalanceResponse xmlns="{NAMES}"><amount>12.50</amount><day>2026-11-27</day></GetBalanceResponse>'
        envelope = "http://schemas.xmlsoap.org/soap/envelope/"
        self.answer(200, f'<e:Envelope xmlns:e="{envelope}"><e:Body>{told}</e:Body></e:Envelope>')

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listening on %s:%d" % server.server_address[:2], flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)

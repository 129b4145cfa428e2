"""A customizer that asks a web service by SOAP, with credentials that the page brings.

    [customizer]
    python = "/usr/bin/python3"          # with Debian's python3-zeep
    env = { BALANCE_WSDL = "https://bank.example.com/balance?wsdl" }

A page calls `balance` with the parameters `user`, `password` and `account`. The element soap of a page knows constant credentials only.
"""

import os

from requests import Session
from requests.auth import HTTPBasicAuth
from zeep import Client
from zeep.helpers import serialize_object
from zeep.transports import Transport


class Balance:
    def __init__(self, ivr=None):
        self.clients = {}

    def balance(self, user, password, account, call=None):
        answer = self._client(user, password).service.GetBalance(account=account)
        return serialize_object(answer, dict)

    def _client(self, user, password):
        """A description of the service is read once for each login, and the oldest is forgotten."""
        if (user, password) not in self.clients:
            session = Session()
            session.auth = HTTPBasicAuth(user, password)
            session.trust_env = False
            transport = Transport(session=session, timeout=3, operation_timeout=3)
            if len(self.clients) >= 20:
                self.clients.pop(next(iter(self.clients)))
            self.clients[user, password] = Client(os.environ["BALANCE_WSDL"], transport=transport)
        return self.clients[user, password]

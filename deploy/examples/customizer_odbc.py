"""A customizer that asks a database by ODBC.

    [customizer]
    python = "/usr/bin/python3"          # with Debian's python3-pyodbc, unixodbc and libsqliteodbc
    env = { SHOP_DSN = "Driver=SQLite3;Database=/var/lib/shop.db" }

A page calls the method `find` with the parameter `phone`; where nobody has that number, the result is None.
"""

import os

import pyodbc


class CustomerLookup:
    def __init__(self, ivr=None):
        self.connection = None

    def find(self, params, call):
        row = self._ask("select name, vip from customer where phone = ?", params["phone"]).fetchone()
        if row is None:
            return None
        call.set_var("customer", row.name)
        return {"name": row.name, "vip": bool(row.vip)}

    def orders(self, phone, limit=5):
        query = "select number, total from purchase where phone = ? order by number desc limit ?"
        return list(self._ask(query, phone, limit).fetchall())

    def _ask(self, query, *values):
        """One connection a process; a database that was away is asked anew."""
        try:
            return self._connected().execute(query, *values)
        except pyodbc.OperationalError:
            self.connection = None
            return self._connected().execute(query, *values)

    def _connected(self):
        if self.connection is None:
            self.connection = pyodbc.connect(os.environ["SHOP_DSN"], timeout=3, autocommit=True)
        return self.connection

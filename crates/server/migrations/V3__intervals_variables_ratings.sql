-- Time intervals of clients; `body` is the interval as the API writes it.
CREATE TABLE time_interval (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) STRICT;

-- Texts that a client's API requests name.
CREATE TABLE variable (
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (client, name)
) STRICT;

-- How callers rated calls. No part of the configuration: extensions may go, ratings stay. `at` is in seconds since 1970.
CREATE TABLE rating (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    extension INTEGER NOT NULL,
    call TEXT NOT NULL,
    at INTEGER NOT NULL,
    rate INTEGER NOT NULL,
    max_rate INTEGER NOT NULL
) STRICT;
CREATE INDEX rating_of_client ON rating (client, at);

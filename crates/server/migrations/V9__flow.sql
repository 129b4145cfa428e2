-- Callflows of clients that applications for Pivot refer to; `body` is the flow as its author wrote it.
CREATE TABLE flow (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (client, name)
) STRICT;

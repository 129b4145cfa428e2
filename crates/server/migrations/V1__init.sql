-- The configuration, one row an object. Objects that only the API reads in full keep their fields as JSON in `body`.

-- One row: the number of the configuration, which every change of it raises by one.
CREATE TABLE revision (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO revision (only, number) VALUES (1, 0);

CREATE TABLE client (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prefix TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE application (
    id TEXT PRIMARY KEY,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL
) STRICT;

-- Access tokens; only their SHA-256 is kept.
CREATE TABLE token (
    hash BLOB PRIMARY KEY,
    application TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sound (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    filename TEXT NOT NULL,
    uploaded_name TEXT NOT NULL
) STRICT;
CREATE INDEX sound_filename ON sound (filename);

CREATE TABLE extension (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    caller_id_name TEXT,
    create_date TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE phone (
    extension INTEGER PRIMARY KEY REFERENCES extension (id) ON DELETE CASCADE,
    password TEXT,
    contact TEXT
) STRICT;

-- The ids of contexts and rules count up within their extension and are never given twice.
CREATE TABLE ivr (
    extension INTEGER PRIMARY KEY REFERENCES extension (id) ON DELETE CASCADE,
    next_context INTEGER NOT NULL,
    next_rule INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE context (
    extension INTEGER NOT NULL REFERENCES ivr (extension) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (extension, id)
) STRICT;

-- `position` is the order of creation within the context.
CREATE TABLE context_option (
    extension INTEGER NOT NULL,
    context INTEGER NOT NULL,
    digits TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (extension, context, digits),
    FOREIGN KEY (extension, context) REFERENCES context (extension, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE rule (
    extension INTEGER NOT NULL,
    id INTEGER NOT NULL,
    context INTEGER NOT NULL,
    digits TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (extension, id),
    FOREIGN KEY (extension, context, digits) REFERENCES context_option (extension, context, digits) ON DELETE CASCADE
) STRICT;
CREATE INDEX rule_option ON rule (extension, context, digits, position);

CREATE TABLE did (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    number TEXT NOT NULL UNIQUE,
    extension INTEGER NOT NULL REFERENCES extension (id)
) STRICT;

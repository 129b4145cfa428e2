-- The versions of customizers; at most one of an extension is active. `code` is the file as it came, `classes` the names in it as JSON.
CREATE TABLE customizer (
    extension INTEGER NOT NULL REFERENCES extension (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    class_name TEXT NOT NULL,
    class_edited INTEGER NOT NULL,
    description TEXT NOT NULL,
    active INTEGER NOT NULL,
    classes TEXT NOT NULL,
    methods TEXT NOT NULL,
    code BLOB NOT NULL,
    PRIMARY KEY (extension, version)
) STRICT;
CREATE UNIQUE INDEX customizer_active ON customizer (extension) WHERE active = 1;

-- The highest version that an extension ever had: a number is never given twice.
CREATE TABLE customizer_version (
    extension INTEGER PRIMARY KEY REFERENCES extension (id) ON DELETE CASCADE,
    last INTEGER NOT NULL
) STRICT;

-- Who changed what. A row outlives its extension; the oldest go when there are very many.
CREATE TABLE customizer_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    client INTEGER NOT NULL,
    extension INTEGER NOT NULL,
    version INTEGER NOT NULL,
    action TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    application TEXT NOT NULL
) STRICT;

-- Who is told of what happens at an extension.
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    extension INTEGER NOT NULL REFERENCES extension (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    event_type TEXT NOT NULL,
    method TEXT NOT NULL
) STRICT;
CREATE INDEX event_extension ON event (extension);

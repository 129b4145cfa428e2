-- Who is asked at the events of a menu: at most one an event.
CREATE TABLE ivr_script (
    extension INTEGER NOT NULL REFERENCES ivr (extension) ON DELETE CASCADE,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (extension, event_type)
) STRICT;

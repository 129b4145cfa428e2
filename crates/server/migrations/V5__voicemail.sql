-- Messages in mailboxes. What is said in them, by whom and when, is with their recordings, of which this is the name.
CREATE TABLE message (
    record TEXT PRIMARY KEY,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    mailbox INTEGER NOT NULL,
    heard INTEGER NOT NULL
) STRICT;

-- E-mails about messages, one for each address. `body` is JSON.
CREATE TABLE mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    record TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- The menu whose messages light the lamp of the telephone.
ALTER TABLE phone ADD COLUMN mailbox INTEGER;

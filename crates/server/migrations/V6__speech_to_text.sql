-- Whether the menus of a client may have what callers say understood (`ringme-ivr.md` 5.1).
ALTER TABLE client ADD COLUMN speech_to_text INTEGER NOT NULL DEFAULT 1;

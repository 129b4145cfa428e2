-- What was found out about a sound at its upload, as JSON; null for those uploaded before.
ALTER TABLE sound ADD COLUMN quality TEXT;

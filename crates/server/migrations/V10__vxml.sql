-- Pages of VoiceXML that lie in their application and on no web server, as they were uploaded.
CREATE TABLE vxml_document (
    extension INTEGER PRIMARY KEY REFERENCES extension (id) ON DELETE CASCADE,
    body BLOB NOT NULL
) STRICT;

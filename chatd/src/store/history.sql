-- What was said, and what happened in channels.

-- How often chatd has begun with this database, and when it did first: ids go on from there. messages: those that are in it.
CREATE TABLE run (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    start INTEGER NOT NULL,
    count INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Where it was: a channel by its id; or two, 'a:NAME' an account and 'g:NICK' a guest, the lesser first.
CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    channel INTEGER UNIQUE,
    one TEXT,
    other TEXT,
    UNIQUE (one, other)
) STRICT;

CREATE INDEX place_other ON place (other) WHERE other IS NOT NULL;

-- In the order that everybody saw. id: the time, and in its lowest 20 bits a count, so that what is imported later finds its place
-- among what is there, and what was said at a time is found by it. Kinds: 0 PRIVMSG, 1 NOTICE, 2 JOIN, 3 PART, 4 QUIT, 5 KICK, 6 NICK, 7 TOPIC, 8 MODE, 9 TAGMSG.
-- number: the second half of a message's id; what else has none, and what is imported has 0 and the id for halves. client_id: the author's own id for it.
-- author: the account's folded name, or the guest's folded nick.
-- target: to whom it was said ('@#channel' or '+#channel' when not all members were shown it), who was kicked, the new nick.
-- waits: the folded name of the account that is shown it when it returns.
-- What is taken back loses its text and tags, and nobody reads it any more.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES place (id),
    at INTEGER NOT NULL,
    number INTEGER,
    kind INTEGER NOT NULL,
    source TEXT NOT NULL,
    account TEXT,
    author TEXT NOT NULL,
    target TEXT,
    tags TEXT,
    text TEXT,
    client_id TEXT,
    waits TEXT,
    redacted_at INTEGER,
    redacted_by TEXT,
    redaction_reason TEXT
) STRICT;

CREATE INDEX entry_place ON entry (place);
CREATE INDEX entry_said ON entry (place) WHERE kind < 2;
CREATE INDEX entry_author ON entry (author);
CREATE INDEX entry_client_id ON entry (id) WHERE client_id IS NOT NULL;
CREATE INDEX entry_client_id_author ON entry (author) WHERE client_id IS NOT NULL;
CREATE INDEX entry_waits ON entry (waits) WHERE waits IS NOT NULL;
CREATE UNIQUE INDEX entry_number ON entry (number) WHERE number IS NOT NULL;

-- What the full-text index has of an entry. Places, parties and authors are words of it: 'p' and the row of the place, 'x' and 'a'
-- and the hexadecimal of the name. A carriage return is no character of a text, but where its author split a line for its length.
CREATE VIEW entry_words AS SELECT
    entry.id AS id,
    replace(text, char(13), '') AS text,
    'p' || place || ifnull(' x' || hex(one) || ' x' || hex(other), '') AS scope,
    'a' || hex(author) AS author
FROM entry JOIN place ON place.id = entry.place WHERE kind < 2 AND redacted_at IS NULL;

CREATE VIRTUAL TABLE words USING fts5 (
    text, scope, author,
    content = 'entry_words', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2',
    columnsize = 0
);

-- What is deleted, is gone.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);

-- The index and the count follow by themselves, whoever writes, takes back or deletes an entry.
CREATE TRIGGER entry_comes AFTER INSERT ON entry WHEN new.kind < 2 BEGIN
    INSERT INTO words (rowid, text, scope, author) SELECT id, text, scope, author FROM entry_words WHERE id = new.id;
    UPDATE run SET messages = messages + 1;
END;

CREATE TRIGGER entry_changes BEFORE UPDATE OF text, redacted_at ON entry WHEN old.kind < 2 BEGIN
    INSERT INTO words (words, rowid, text, scope, author)
    SELECT 'delete', id, text, scope, author FROM entry_words WHERE id = old.id;
END;

CREATE TRIGGER entry_changed AFTER UPDATE OF text, redacted_at ON entry WHEN new.kind < 2 BEGIN
    INSERT INTO words (rowid, text, scope, author) SELECT id, text, scope, author FROM entry_words WHERE id = new.id;
END;

CREATE TRIGGER entry_goes BEFORE DELETE ON entry WHEN old.kind < 2 BEGIN
    INSERT INTO words (words, rowid, text, scope, author)
    SELECT 'delete', id, text, scope, author FROM entry_words WHERE id = old.id;
    UPDATE run SET messages = messages - 1;
END;

-- How far an account has read; target: the channel's or nick's folded name.
CREATE TABLE read_marker (
    account TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX read_marker_at ON read_marker (at);

-- When an account was last another person's: who has its name now reads nothing from before.
CREATE TABLE handed_on (
    folded TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

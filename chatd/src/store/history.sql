-- What was said, and what happened in channels.

-- How often chatd has begun with this database, and when it did first: ids go on from there.
CREATE TABLE run (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    start INTEGER NOT NULL,
    count INTEGER NOT NULL
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
    redacted_at INTEGER,
    redacted_by TEXT,
    redaction_reason TEXT
) STRICT;

CREATE INDEX entry_place ON entry (place);
CREATE INDEX entry_said ON entry (place) WHERE kind < 2;
CREATE INDEX entry_author ON entry (author);
CREATE INDEX entry_client_id ON entry (id) WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX entry_number ON entry (number) WHERE number IS NOT NULL;

-- How far an account has read; target: the channel's or nick's folded name.
CREATE TABLE read_marker (
    account TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, target)
) STRICT, WITHOUT ROWID;

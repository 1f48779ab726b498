-- Channels. Those that only guests were in end with their last member; the others, and the lobby, outlive all that happens to chatd.

-- modes: the letters of those that are on or off, in no order. empty_since: since when nobody has been in it.
CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    lobby INTEGER NOT NULL,
    founder TEXT,
    topic TEXT,
    topic_by TEXT,
    topic_at INTEGER,
    modes TEXT NOT NULL,
    key TEXT,
    member_limit INTEGER,
    empty_since INTEGER
) STRICT;

-- list: b, e or I, in the order in which they were set.
CREATE TABLE channel_mask (
    channel INTEGER NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    mask TEXT NOT NULL COLLATE NOCASE,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (channel, list, mask)
) STRICT;

-- What accounts are in a channel, whether they are there or not.
CREATE TABLE channel_rank (
    channel INTEGER NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    account TEXT NOT NULL,
    operator INTEGER NOT NULL,
    voice INTEGER NOT NULL,
    PRIMARY KEY (channel, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX channel_rank_account ON channel_rank (account);

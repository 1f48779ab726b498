-- Channels that only guests were in, and that have ended: their history is deleted in small steps, and then the row.
CREATE TABLE ended_channel (
    channel INTEGER PRIMARY KEY
) STRICT;

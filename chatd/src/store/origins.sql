-- Origins, written as 'uid 1000', '192.0.2.1', '2001:db8::' for a whole /64, or 'loopback'.

-- From where the founder's account was in the channel, to bound what one origin founds.
ALTER TABLE channel ADD COLUMN founded_from TEXT;

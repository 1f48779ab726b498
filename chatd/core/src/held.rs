//! Lines that wait until their connection's job is done, or until it has its next turn.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::id::ConnId;
use crate::input::Incoming;

/// Bytes of lines that are held for one connection, however short or few they are.
const BYTES: usize = 256 * 1024;
/// The same for all connections. Over that only few are held for each.
const ALL_BYTES: usize = 64 << 20;
/// Bytes that are held for a connection even then.
const FEW_BYTES: usize = 16 * 1024;

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(from = "Vec<(ConnId, VecDeque<Incoming>)>", into = "Vec<(ConnId, VecDeque<Incoming>)>")]
pub struct HeldLines {
    lines: BTreeMap<ConnId, Lines>,
    bytes: usize,
}

#[derive(Debug, Clone, Default)]
struct Lines {
    lines: VecDeque<Incoming>,
    bytes: usize,
}

impl HeldLines {
    pub fn contains(&self, conn: ConnId) -> bool {
        self.lines.contains_key(&conn)
    }

    /// Puts a line behind the others, unless there is no room for it.
    pub fn push(&mut self, conn: ConnId, line: Incoming, most: usize) -> bool {
        let held = self.lines.entry(conn).or_default();
        let bytes = held.bytes + line.bytes();
        let bytes_max = if self.bytes + line.bytes() > ALL_BYTES { FEW_BYTES } else { BYTES };
        let has_room = held.lines.len() < most && bytes <= bytes_max;
        if has_room {
            self.bytes += line.bytes();
            held.bytes = bytes;
            held.lines.push_back(line);
        }
        has_room
    }

    /// Puts a line before the others, which is there already.
    pub fn push_front(&mut self, conn: ConnId, line: Incoming) {
        let held = self.lines.entry(conn).or_default();
        self.bytes += line.bytes();
        held.bytes += line.bytes();
        held.lines.push_front(line);
    }

    pub fn pop(&mut self, conn: ConnId) -> Option<Incoming> {
        let held = self.lines.get_mut(&conn)?;
        let line = held.lines.pop_front()?;
        self.bytes -= line.bytes();
        held.bytes -= line.bytes();
        Some(line)
    }

    /// Drops all lines of a connection. Returns whether it had any.
    pub fn remove(&mut self, conn: ConnId) -> bool {
        let held = self.lines.remove(&conn);
        self.bytes -= held.as_ref().map_or(0, |held| held.bytes);
        held.is_some()
    }
}

impl From<Vec<(ConnId, VecDeque<Incoming>)>> for HeldLines {
    fn from(pairs: Vec<(ConnId, VecDeque<Incoming>)>) -> Self {
        let of = |lines: VecDeque<Incoming>| {
            let bytes = lines.iter().map(Incoming::bytes).sum();
            Lines { lines, bytes }
        };
        let lines: BTreeMap<ConnId, Lines> =
            pairs.into_iter().map(|(conn, lines)| (conn, of(lines))).collect();
        Self { bytes: lines.values().map(|held| held.bytes).sum(), lines }
    }
}

impl From<HeldLines> for Vec<(ConnId, VecDeque<Incoming>)> {
    fn from(held: HeldLines) -> Self {
        held.lines.into_iter().map(|(conn, held)| (conn, held.lines)).collect()
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::message::Message;

    use super::*;

    #[test]
    fn sum_over_all_connections_is_bounded() {
        let line = Incoming::Message(Message::parse(format!("PING {}", "x".repeat(4000))).unwrap());
        let mut held = HeldLines::default();
        for slot in 0..1000 {
            while held.push(ConnId { slot, generation: 1 }, line.clone(), usize::MAX) {}
        }
        let most = ALL_BYTES + 1000 * FEW_BYTES;
        assert!(held.bytes > ALL_BYTES && held.bytes <= most, "{}", held.bytes);
        for slot in 0..1000 {
            let conn = ConnId { slot, generation: 1 };
            assert_eq!(held.pop(conn), Some(line.clone()));
            assert!(held.remove(conn));
        }
        assert_eq!(held.bytes, 0);
    }
}

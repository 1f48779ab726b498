//! All connections, by slot, as egress sees them.

use std::io::{self, IoSlice};
use std::sync::Arc;

use chatd_core::ConnId;

use super::backlog::Backlog;
use super::round::{NONE, Round, Run};
use crate::socket::{Socket, Stage};

#[derive(Debug, Default)]
pub(super) struct Table {
    /// What fan-out touches for each recipient, kept small and apart.
    pending: Vec<Pending>,
    entries: Vec<Option<Entry>>,
    waiting: Waiting,
    /// Frames handed to connections since it was last asked.
    deliveries: u64,
}

/// What connections haven't taken.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Waiting {
    pub(super) connections: usize,
    /// With what it takes to hold them.
    pub(super) bytes: usize,
}

/// What a round has for a connection. Nothing when `start` equals `end`.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// Zero for a vacant slot.
    generation: u32,
    last: Run,
}

#[derive(Debug)]
struct Entry {
    socket: Arc<Socket>,
    backlog: Backlog,
    /// To be drained once the backlog is written.
    closing: bool,
    /// All that is left is saying goodbye, which the socket didn't take.
    parting: bool,
}

const NOTHING: Run = Run { start: 0, end: 0, before: NONE };
const VACANT: Pending = Pending { generation: 0, last: NOTHING };

impl Table {
    pub(super) fn insert(&mut self, conn: ConnId, socket: Arc<Socket>) {
        let slot = conn.slot as usize;
        if self.entries.len() <= slot {
            self.entries.resize_with(slot + 1, || None);
            self.pending.resize(slot + 1, VACANT);
        }
        self.pending[slot] = Pending { generation: conn.generation, last: NOTHING };
        self.entries[slot] =
            Some(Entry { socket, backlog: Backlog::default(), closing: false, parting: false });
    }

    pub(super) fn remove(&mut self, conn: ConnId) {
        let Some(entry) = self.entry(conn) else { return };
        let waited = entry.unsent();
        self.waiting.change(waited, 0);
        self.pending[conn.slot as usize] = VACANT;
        self.entries[conn.slot as usize] = None;
    }

    pub(super) fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Bytes that the connection hasn't taken, with what it takes to hold them.
    pub(super) fn unsent(&mut self, conn: ConnId) -> usize {
        self.entry(conn).map_or(0, |entry| entry.unsent())
    }

    /// How many frames were handed to connections since this was last asked.
    pub(super) fn take_deliveries(&mut self) -> u64 {
        std::mem::take(&mut self.deliveries)
    }

    pub(super) fn socket(&self, conn: ConnId) -> Option<&Arc<Socket>> {
        let known = self.pending.get(conn.slot as usize)?.generation == conn.generation;
        self.entries[conn.slot as usize].as_ref().filter(|_| known).map(|entry| &entry.socket)
    }

    /// Notes that the connection gets a frame of the round. Called once for each delivery, so it is short.
    pub(super) fn queue(&mut self, conn: ConnId, frame: u32, round: &mut Round) {
        let Some(pending) = self.pending.get_mut(conn.slot as usize) else { return };
        if pending.generation != conn.generation {
            return;
        }
        let last = pending.last;
        if last.start == last.end {
            round.touched.push(conn.slot);
            pending.last = Run { start: frame, end: frame + 1, before: NONE };
        } else if last.end == frame {
            pending.last.end += 1;
        } else {
            pending.last = Run { start: frame, end: frame + 1, before: round.put_aside(last) };
        }
    }

    /// Writes the round, clears it, and tells which connections didn't take everything and didn't wait before.
    pub(super) fn write(&mut self, round: &mut Round, limit: usize) -> Vec<ConnId> {
        let mut full = Vec::new();
        let mut runs = Vec::new();
        let mut slices = Vec::new();
        for &slot in &round.touched {
            let pending = &mut self.pending[slot as usize];
            let conn = ConnId { slot, generation: pending.generation };
            round.runs(std::mem::replace(&mut pending.last, NOTHING), &mut runs);
            let Some(entry) = &mut self.entries[slot as usize] else { continue };
            if entry.socket.stage() > Stage::Draining {
                continue;
            }
            let waited = entry.unsent();
            let written = if waited > 0 { 0 } else { entry.write(round, &runs, &mut slices) };
            round.rest(&runs, written).for_each(|frame| entry.backlog.push(frame));
            let waits = entry.settle(limit);
            self.waiting.change(waited, entry.unsent());
            self.deliveries += runs.iter().map(|run| u64::from(run.end - run.start)).sum::<u64>();
            if waits && waited == 0 {
                full.push(conn);
            }
        }
        drop(slices);
        round.clear();
        full
    }

    /// Writes what waited. Returns whether it isn't done.
    pub(super) fn resume(&mut self, conn: ConnId) -> bool {
        let Some(entry) = self.entry(conn) else { return false };
        let waited = entry.unsent();
        entry.write_backlog();
        let waits = entry.settle(usize::MAX);
        let left = entry.unsent();
        self.waiting.change(waited, left);
        waits
    }

    /// Hangs up once everything is written. Returns whether the connection has begun to wait for its socket, if there
    /// is such a connection.
    pub(super) fn close(&mut self, conn: ConnId) -> Option<bool> {
        let entry = self.entry(conn)?;
        entry.closing = true;
        entry.socket.advance(Stage::Draining);
        let waited = entry.unsent();
        let waits = entry.settle(usize::MAX);
        let left = entry.unsent();
        self.waiting.change(waited, left);
        Some(waits && waited == 0)
    }

    /// When more than `limit` bytes wait in all, ends the connections that most waits for, until an eighth is free again.
    pub(super) fn shed(&mut self, limit: usize) {
        if self.waiting.bytes <= limit {
            return;
        }
        let mut by_size: Vec<(usize, usize)> = Vec::new();
        for (slot, entry) in self.entries.iter().enumerate() {
            by_size
                .extend(entry.as_ref().map(|entry| (entry.unsent(), slot)).filter(|(bytes, _)| *bytes > 0));
        }
        by_size.sort_unstable_by(|one, other| other.cmp(one));
        for (bytes, slot) in by_size {
            if self.waiting.bytes <= limit - limit / 8 {
                return;
            }
            if let Some(entry) = &mut self.entries[slot] {
                entry.cut(Stage::Shed);
                self.waiting.change(bytes, 0);
            }
        }
    }

    /// Ends it, written or not.
    pub(super) fn cut(&mut self, conn: ConnId, stage: Stage) {
        let Some(entry) = self.entry(conn) else { return };
        let waited = entry.unsent();
        entry.cut(stage);
        self.waiting.change(waited, 0);
    }

    fn entry(&mut self, conn: ConnId) -> Option<&mut Entry> {
        let known = self.pending.get(conn.slot as usize)?.generation == conn.generation;
        self.entries[conn.slot as usize].as_mut().filter(|_| known)
    }
}

impl Waiting {
    /// One connection had `before` bytes waiting and has `after` now.
    fn change(&mut self, before: usize, after: usize) {
        self.connections = self.connections + usize::from(after > 0) - usize::from(before > 0);
        self.bytes = self.bytes + after - before;
    }
}

impl Entry {
    /// Bytes that the socket didn't take, with what it takes to hold them.
    fn unsent(&self) -> usize {
        self.backlog.bytes().max(usize::from(self.parting))
    }

    /// Returns how many bytes of the runs the socket took.
    fn write<'a>(
        &mut self,
        round: &'a Round,
        runs: &[std::ops::Range<u32>],
        slices: &mut Vec<IoSlice<'a>>,
    ) -> usize {
        round.slices(runs, slices);
        self.attempt(slices).unwrap_or(0)
    }

    fn write_backlog(&mut self) {
        while !self.backlog.is_empty() {
            match self.attempt(&self.backlog.slices()) {
                Some(count) if count > 0 => self.backlog.advance(count),
                _ => return,
            }
        }
    }

    /// Nothing when the socket takes nothing now or never will again.
    fn attempt(&self, slices: &[IoSlice<'_>]) -> Option<usize> {
        match self.socket.try_write(slices) {
            Ok(count) => Some(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => {
                self.socket.cut(Stage::Broken);
                None
            }
        }
    }

    /// Draws the consequences of a write: whether it is cut off, drained, or must wait for the socket.
    fn settle(&mut self, limit: usize) -> bool {
        if self.backlog.bytes() > limit {
            // The first try may have stopped at the number of slices, not at the socket.
            self.write_backlog();
        }
        if self.backlog.bytes() > limit {
            self.cut(Stage::Overflown);
        }
        if self.socket.stage() > Stage::Draining {
            self.backlog.clear();
        }
        self.parting = self.closing && self.backlog.is_empty() && !self.socket.drain();
        self.unsent() > 0
    }

    fn cut(&mut self, stage: Stage) {
        self.backlog.clear();
        self.parting = false;
        self.socket.cut(stage);
    }
}

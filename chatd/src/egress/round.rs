//! The frames of one round, one behind the other in one buffer.
//!
//! Most connections get frames that follow each other, so what a connection gets is written down as runs: a channel's
//! members each have one run, however many frames it has, and one contiguous slice to write.

use std::io::IoSlice;
use std::ops::Range;

use bytes::Bytes;

/// No run.
pub(super) const NONE: u32 = u32::MAX;
/// The most slices of one write.
const SLICES_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Round {
    buffer: Vec<u8>,
    /// Each frame with the place of its end in the buffer.
    frames: Vec<(Bytes, usize)>,
    runs: Vec<Run>,
    /// Slots that get something.
    pub(super) touched: Vec<u32>,
}

/// Frames that follow each other, for one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The connection's run before this one, or [`NONE`].
    pub(super) before: u32,
}

impl Round {
    /// Returns the frame's number.
    pub(super) fn add(&mut self, frame: Bytes) -> u32 {
        let number = number(self.frames.len());
        self.buffer.extend_from_slice(&frame);
        self.frames.push((frame, self.buffer.len()));
        number
    }

    /// Puts a run aside that the connection has a later one behind.
    pub(super) fn put_aside(&mut self, run: Run) -> u32 {
        self.runs.push(run);
        number(self.runs.len() - 1)
    }

    pub(super) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// A connection's runs in order, given its last.
    pub(super) fn runs(&self, last: Run, into: &mut Vec<Range<u32>>) {
        into.clear();
        into.push(last.start..last.end);
        let mut before = last.before;
        while let Some(run) = self.runs.get(before as usize) {
            into.push(run.start..run.end);
            before = run.before;
        }
        into.reverse();
    }

    /// The bytes of the first runs, as many as one write takes.
    pub(super) fn slices<'a>(&'a self, runs: &[Range<u32>], into: &mut Vec<IoSlice<'a>>) {
        into.clear();
        let slices = runs
            .iter()
            .take(SLICES_MAX)
            .map(|run| IoSlice::new(&self.buffer[self.offset(run.start)..self.offset(run.end)]));
        into.extend(slices);
    }

    /// The frames of the runs behind the first `written` bytes, one cut if need be.
    pub(super) fn rest<'a>(
        &'a self,
        runs: &'a [Range<u32>],
        mut written: usize,
    ) -> impl Iterator<Item = Bytes> + 'a {
        let frames = runs.iter().flat_map(|run| &self.frames[run.start as usize..run.end as usize]);
        frames.filter_map(move |(frame, _)| {
            let skipped = written.min(frame.len());
            written -= skipped;
            (skipped < frame.len()).then(|| frame.slice(skipped..))
        })
    }

    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.frames.clear();
        self.runs.clear();
        self.touched.clear();
    }

    fn offset(&self, frame: u32) -> usize {
        match frame {
            0 => 0,
            frame => self.frames[frame as usize - 1].1,
        }
    }
}

/// A round is written long before it has so many frames.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE - 1)
}

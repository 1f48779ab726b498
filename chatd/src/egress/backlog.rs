//! What a connection hasn't taken yet.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

const SLICES_MAX: usize = 256;

/// What it takes to hold a frame, beside its bytes: many small ones are no cheaper than they are.
const FRAME_COST: usize = size_of::<Bytes>();

/// Frames in order, the first perhaps cut. Holds no memory while it is empty.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    frames: VecDeque<Bytes>,
    /// Of all frames, with their cost.
    bytes: usize,
}

impl Backlog {
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len() + FRAME_COST;
        self.frames.push_back(frame);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        self.frames.iter().take(SLICES_MAX).map(|frame| IoSlice::new(frame)).collect()
    }

    /// Forgets the first `count` bytes.
    pub(super) fn advance(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(frame) = self.frames.front_mut() {
            if count < frame.len() {
                frame.advance(count);
                return;
            }
            count -= frame.len();
            self.bytes -= FRAME_COST;
            self.frames.pop_front();
        }
        self.frames = VecDeque::new();
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_was_not_taken() {
        let mut backlog = Backlog::default();
        for frame in ["abc", "de", "fgh"] {
            backlog.push(Bytes::from(frame));
        }
        backlog.advance(4);
        let left: Vec<u8> = backlog.slices().iter().flat_map(|slice| slice.to_vec()).collect();
        assert_eq!((left.as_slice(), backlog.bytes()), (b"efgh".as_slice(), 4 + 2 * FRAME_COST));
        backlog.advance(4);
        assert!(backlog.is_empty());
        assert_eq!(backlog.bytes(), 0);
        assert_eq!(backlog.frames.capacity(), 0);
    }
}

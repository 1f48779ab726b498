//! Standard input as texts to say: what comes within a short time goes at once, and no more is read than can be said.

use std::io::{self, Read as _};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;
use crate::scripts::note;
use crate::scripts::send::lines::{Bounds, Changes, Lines};

/// After so long a silence what has come is said, and at the latest so long after its first line.
const SILENCE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const READ: usize = 8 * 1024;

/// What comes from standard input.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    Broken(io::Error),
    End,
}

#[derive(Debug)]
pub(super) struct Input {
    pieces: mpsc::Receiver<Piece>,
    lines: Lines,
    ended: bool,
    broken: Option<io::Error>,
}

impl Input {
    /// Reads standard input, in a thread that waits while nothing more can be taken. Whoever sends the end ends it.
    pub fn start(bounds: Bounds) -> (Self, mpsc::Sender<Piece>) {
        let (sender, pieces) = mpsc::channel(1);
        let reader = sender.clone();
        std::thread::spawn(move || while reader.blocking_send(read()).is_ok() {});
        (Self { pieces, lines: Lines::new(bounds), ended: false, broken: None }, sender)
    }

    /// Waits until there is a whole line. False if there won't be any more.
    ///
    /// Nothing is lost if this is cancelled.
    pub async fn wait(&mut self) -> bool {
        while self.lines.is_empty() && !self.ended {
            let piece = self.pieces.recv().await.unwrap_or(Piece::End);
            self.take_in(piece);
        }
        !self.lines.is_empty()
    }

    /// What there is to say, with what comes within a short time, and how many lines it is.
    pub async fn gather(&mut self) -> Option<(String, u64)> {
        let latest = Instant::now() + LONGEST;
        while !self.ended && !self.lines.is_full() {
            let until = latest.min(Instant::now() + SILENCE);
            let Ok(piece) = timeout_at(until, self.pieces.recv()).await else { break };
            self.take_in(piece.unwrap_or(Piece::End));
        }
        self.lines.take()
    }

    fn take_in(&mut self, piece: Piece) {
        match piece {
            Piece::Bytes(bytes) => self.lines.push(&bytes),
            Piece::Broken(error) => {
                self.broken = Some(error);
                self.end();
            }
            Piece::End => self.end(),
        }
        self.lines.remarks().iter().for_each(|remark| note(remark));
    }

    fn end(&mut self) {
        self.ended = true;
        self.lines.finish();
        self.pieces.close();
    }

    /// How it went.
    ///
    /// # Errors
    /// Standard input couldn't be read to its end.
    pub fn outcome(self) -> Result<Changes, Failure> {
        match self.broken {
            Some(error) => Err(Failure::Refused(format!("cannot read standard input: {error}"))),
            None => Ok(self.lines.changes()),
        }
    }
}

fn read() -> Piece {
    let mut bytes = vec![0; READ];
    match io::stdin().lock().read(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Piece::Bytes(Vec::new()),
        Ok(0) => Piece::End,
        Ok(count) => {
            bytes.truncate(count);
            Piece::Bytes(bytes)
        }
        Err(error) => Piece::Broken(error),
    }
}

//! One task for each connection. It only reads: frames, parses and hands over to the core, and waits when the core
//! is behind, holds lines of the connection, or the sender is too fast.
//!
//! An idle connection costs what this future holds, so nothing in it outlives the need: what is read goes through
//! a buffer that all connections share.

mod flood;
mod holds;
mod lines;

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use chatd_core::{ConnId, Incoming, Input, Lost};

use self::flood::Flood;
pub(crate) use self::holds::Holds;
use self::lines::{Lines, Turn};
use crate::config::Connections;
use crate::mailbox::Mailbox;
use crate::socket::{Socket, Stage};

const READ_MAX: usize = 16 * 1024;
/// Reads of one connection that may go by without a whole line before others have their turn.
const READS_MAX: usize = 4;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_MAX].into_boxed_slice());
}

/// What all reading tasks share.
#[derive(Debug)]
pub(crate) struct Readers {
    pub(crate) core: Arc<Mailbox<Input>>,
    pub(crate) holds: Holds,
    messages_per_second: AtomicU32,
    burst: AtomicU32,
}

/// Why the next lines must wait.
#[derive(Debug)]
enum Hurdle {
    /// The core is behind; this is what it had no room for.
    Full(Input),
    /// The sender is ahead of its rate.
    TooFast(Duration),
}

impl Readers {
    pub(crate) fn new(core: Arc<Mailbox<Input>>, settings: &Connections) -> Self {
        let (messages_per_second, burst) = (AtomicU32::new(0), AtomicU32::new(0));
        let readers = Self { core, holds: Holds::default(), messages_per_second, burst };
        readers.set(settings);
        readers
    }

    /// Holds for connections that are there, too.
    pub(crate) fn set(&self, settings: &Connections) {
        self.messages_per_second.store(settings.messages_per_second, Ordering::Relaxed);
        self.burst.store(settings.burst, Ordering::Relaxed);
    }

    /// Hands lines to the core at once. Returns what to get over before more may be handed over.
    fn hand_over(&self, conn: ConnId, lines: Vec<Incoming>, flood: &mut Flood) -> Option<Hurdle> {
        let rate = self.messages_per_second.load(Ordering::Relaxed);
        let pause = flood.pause(Instant::now(), lines.len(), rate, self.burst.load(Ordering::Relaxed));
        match self.core.try_send(Input::Lines { conn, lines }) {
            Err(input) => Some(Hurdle::Full(input)),
            Ok(()) => pause.map(Hurdle::TooFast),
        }
    }

    /// Hands over what was read beyond the first lines, giving others their turn in between.
    async fn hand_over_rest(
        &self,
        conn: ConnId,
        mut hurdle: Option<Hurdle>,
        mut rest: Vec<u8>,
        lines: &mut Lines,
        flood: &mut Flood,
        socket: &Socket,
    ) {
        loop {
            match hurdle.take() {
                Some(Hurdle::Full(input)) => self.core.send(input).await,
                Some(Hurdle::TooFast(pause)) => tokio::time::sleep(pause).await,
                None => tokio::task::yield_now().await,
            }
            self.holds.released(conn, socket).await;
            if socket.stage() != Stage::Open {
                return;
            }
            let Some(turn) = lines.take_in(&rest) else { return };
            rest = turn.rest;
            hurdle = self.hand_over(conn, turn.lines, flood);
            if rest.is_empty() && hurdle.is_none() {
                return;
            }
        }
    }
}

/// Reads until the connection ends, and tells the core why it did.
pub(crate) async fn read<G>(conn: ConnId, socket: Arc<Socket>, readers: Arc<Readers>, seat: G) {
    let mut lines = Lines::new();
    let mut flood = Flood::default();
    let lost = loop {
        match poll_fn(|cx| poll_turn(cx, &socket, &mut lines)).await {
            Ok(turn) => {
                if readers.holds.is_held(conn) {
                    Box::pin(readers.holds.released(conn, &socket)).await;
                }
                let hurdle = readers.hand_over(conn, turn.lines, &mut flood);
                if hurdle.is_some() || !turn.rest.is_empty() {
                    // Boxed, since few connections are ever held up and all would carry the room for it.
                    let rest = turn.rest;
                    Box::pin(readers.hand_over_rest(conn, hurdle, rest, &mut lines, &mut flood, &socket))
                        .await;
                }
            }
            Err(lost) => break lost,
        }
    };
    drop(socket);
    if let Err(input) = readers.core.try_send(Input::Closed { conn, reason: lost }) {
        Box::pin(readers.core.send(input)).await;
    }
    drop(seat);
}

/// Reads until there is a line. What was read is consumed before it returns: the buffer is everybody's.
fn poll_turn(cx: &mut Context<'_>, socket: &Socket, lines: &mut Lines) -> Poll<Result<Turn, Lost>> {
    SCRATCH.with_borrow_mut(|scratch| {
        for _ in 0..READS_MAX {
            let result = ready!(socket.poll_read(cx, scratch));
            let stage = socket.stage();
            let count = match result {
                Ok(0) => return Poll::Ready(Err(stage.lost().unwrap_or(Lost::Eof))),
                Err(_) => return Poll::Ready(Err(stage.lost().unwrap_or(Lost::Error))),
                Ok(count) => count,
            };
            match stage {
                Stage::Open if lines.is_handshake(&scratch[..count]) => {
                    tracing::debug!("somebody speaks TLS where plain text is expected");
                    return Poll::Ready(Err(Lost::Error));
                }
                Stage::Open => {
                    let turn = lines.take_in(&scratch[..count]);
                    // Nobody's password stays there until others overwrite it.
                    scratch[..count].fill(0);
                    if let Some(turn) = turn {
                        return Poll::Ready(Ok(turn));
                    }
                }
                Stage::Draining => {}
                _ => return Poll::Ready(Err(stage.lost().unwrap_or(Lost::Closed))),
            }
        }
        // A line without an end; others have their turn now.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[cfg(test)]
mod tests;

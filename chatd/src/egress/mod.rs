//! The thread that writes to all connections.
//!
//! 1. What is waiting is taken in rounds; in a round each connection is written to once.
//! 2. A frame is held once, whoever gets it.
//! 3. What a connection doesn't take waits for it, bounded in bytes; over that it is cut off, and nobody else
//!    notices.
//! 4. The backlogs of all connections together are bounded, too; over that the largest ones are disconnected.
//! 5. Nothing here waits for the core or for a socket.

mod backlog;
mod round;
mod table;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chatd_core::{ConnId, Effect};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::round::Round;
use self::table::Table;
use crate::in_flight::InFlightPermit;
use crate::mailbox::Mailbox;
use crate::metrics::EgressMetrics;
use crate::pulse::Pulse;
use crate::slots::Slots;
use crate::socket::{Socket, Stage};

/// How long a closed connection has to take what was sent to it and to hang up.
const LINGER: Duration = Duration::from_secs(2);
/// Bytes after which a round is written before more is taken in; small enough to stay in a core's cache.
const ROUND_MAX: usize = 256 * 1024;

/// A connection has room when no more than this part of what may wait for it does.
const ROOM: usize = 4;

/// What egress is told, in order.
#[derive(Debug)]
pub(crate) enum Order {
    /// Before the core hears of the connection.
    Register { conn: ConnId, socket: Arc<Socket> },
    /// What a step wants of the sockets.
    Deliver { effects: Vec<Effect>, closed: Vec<ConnId>, in_flight: InFlightPermit },
    /// Tell when the connection has taken most of what was sent to it so far. Whoever is gone is told of by dropping `tell`.
    WhenRoom { conn: ConnId, tell: oneshot::Sender<()> },
    /// A socket that was full takes more.
    Writable(ConnId),
    /// Nothing: so that a thread with nothing to do shows that it lives.
    Beat,
    /// Everybody has been told: write what is left, and end.
    Stop,
}

/// What is shared with the rest of the daemon.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    pub(crate) orders: Arc<Mailbox<Order>>,
    pub(crate) slots: Arc<Slots>,
    /// Bytes that may wait for one connection.
    pub(crate) send_queue: Arc<AtomicUsize>,
    /// Bytes that may wait for all of them together.
    pub(crate) send_queues: Arc<AtomicUsize>,
    pub(crate) runtime: Handle,
    pub(crate) pulse: Pulse,
    pub(crate) metrics: Arc<EgressMetrics>,
}

#[derive(Debug)]
pub(crate) struct Egress {
    outside: Outside,
    table: Table,
    round: Round,
    /// Who waits until a connection has room.
    wait_for_room: Vec<(ConnId, oneshot::Sender<()>)>,
    /// To be closed when the round is written.
    closing: Vec<ConnId>,
    /// Gone for the core; to be forgotten when the round is written.
    closed: Vec<ConnId>,
    /// When those that were closed are cut off, soonest first.
    lingering: VecDeque<(Instant, ConnId)>,
    stop_at: Option<Instant>,
}

impl Egress {
    pub(crate) fn new(outside: Outside) -> Self {
        Self {
            outside,
            table: Table::default(),
            round: Round::default(),
            wait_for_room: Vec::new(),
            closing: Vec::new(),
            closed: Vec::new(),
            lingering: VecDeque::new(),
            stop_at: None,
        }
    }

    /// Runs until it is told to stop and everything is written, or the time for that is over.
    pub(crate) fn run(mut self) {
        let mut orders = Vec::new();
        while !self.is_done() {
            self.outside.orders.take(&mut orders, self.deadline());
            for order in orders.drain(..) {
                self.obey(order);
            }
            self.end_round();
            self.cut_lingering();
            self.publish();
            self.outside.pulse.beat();
        }
        self.outside.orders.close();
    }

    fn is_done(&self) -> bool {
        self.stop_at.is_some_and(|at| self.table.waiting().connections == 0 || at <= Instant::now())
    }

    fn publish(&mut self) {
        let (deliveries, waiting) = (self.table.take_deliveries(), self.table.waiting());
        self.outside.metrics.written(deliveries, waiting.bytes, waiting.connections);
    }

    fn deadline(&self) -> Option<Instant> {
        let lingering = self.lingering.front().map(|(at, _)| *at);
        lingering.into_iter().chain(self.stop_at).min()
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Register { conn, socket } => self.table.insert(conn, socket),
            Order::Deliver { effects, closed, in_flight } => {
                for effect in effects {
                    self.deliver(effect);
                    if self.round.bytes() >= ROUND_MAX {
                        self.end_round();
                    }
                }
                self.closed.extend(closed);
                drop(in_flight);
            }
            Order::WhenRoom { conn, tell } => {
                self.end_round();
                self.wait_for_room.push((conn, tell));
                self.tell_of_room(conn);
            }
            Order::Writable(conn) => self.resume(conn),
            Order::Beat => {}
            Order::Stop => self.stop_at = Some(Instant::now() + LINGER),
        }
        if self.round.bytes() >= ROUND_MAX {
            self.end_round();
        }
    }

    fn deliver(&mut self, effect: Effect) {
        match effect {
            Effect::Send { to, frame } => {
                let frame = self.round.add(frame);
                self.table.queue(to, frame, &mut self.round);
            }
            Effect::Fanout { to, except, frame } => {
                let frame = self.round.add(frame);
                for &conn in to.iter().filter(|conn| Some(**conn) != except) {
                    self.table.queue(conn, frame, &mut self.round);
                }
            }
            Effect::Close { conn } => self.closing.push(conn),
            // These go elsewhere.
            Effect::Job { .. } | Effect::Answer { .. } | Effect::Stop => {}
        }
    }

    /// Writes to each connection what the round has for it, then closes and forgets.
    fn end_round(&mut self) {
        let limit = self.outside.send_queue.load(Ordering::Relaxed);
        for full in self.table.write(&mut self.round, limit) {
            self.await_writable(full);
        }
        self.table.shed(self.outside.send_queues.load(Ordering::Relaxed));
        for conn in std::mem::take(&mut self.closing) {
            self.close(conn);
        }
        for conn in std::mem::take(&mut self.closed) {
            self.table.remove(conn);
            self.wait_for_room.retain(|(waiting, _)| *waiting != conn);
            self.outside.slots.give_back(conn);
        }
    }

    fn close(&mut self, conn: ConnId) {
        let Some(waits) = self.table.close(conn) else { return };
        self.lingering.push_back((Instant::now() + LINGER, conn));
        if waits {
            self.await_writable(conn);
        }
    }

    fn resume(&mut self, conn: ConnId) {
        if self.table.resume(conn) {
            self.await_writable(conn);
        }
        self.tell_of_room(conn);
    }

    fn tell_of_room(&mut self, conn: ConnId) {
        let limit = self.outside.send_queue.load(Ordering::Relaxed) / ROOM;
        if self.table.unsent(conn) <= limit {
            for (_, tell) in self.wait_for_room.extract_if(.., |(waiting, _)| *waiting == conn) {
                // Nobody may want to know any more.
                let _ = tell.send(());
            }
        }
    }

    fn await_writable(&self, conn: ConnId) {
        let Some(socket) = self.table.socket(conn) else { return };
        let (socket, orders) = (Arc::clone(socket), Arc::clone(&self.outside.orders));
        self.outside.runtime.spawn(async move {
            // An error will show itself again in the write that follows.
            let _ = socket.writable().await;
            orders.push(Order::Writable(conn));
        });
    }

    fn cut_lingering(&mut self) {
        let now = Instant::now();
        while let Some(&(at, conn)) = self.lingering.front()
            && at <= now
        {
            self.lingering.pop_front();
            self.table.cut(conn, Stage::Cut);
        }
    }
}

#[cfg(test)]
mod tests;

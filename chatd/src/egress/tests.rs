//! Egress against real sockets.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use chatd_core::{ConnId, Effect, Lost};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::runtime::Handle;

use super::{Egress, Order, Outside};
use crate::in_flight::InFlightPermit;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::slots::Slots;
use crate::socket::{Socket, Stage};

struct Bench {
    metrics: Metrics,
    outside: Outside,
    thread: JoinHandle<()>,
}

struct Client {
    conn: ConnId,
    stream: UnixStream,
    socket: Arc<Socket>,
}

fn bench(send_queue: usize) -> Bench {
    bench_with(send_queue, usize::MAX)
}

fn bench_with(send_queue: usize, send_queues: usize) -> Bench {
    let metrics = Metrics::new(0);
    let outside = Outside {
        orders: Arc::new(Mailbox::new(64)),
        slots: Arc::new(Slots::default()),
        send_queue: Arc::new(AtomicUsize::new(send_queue)),
        send_queues: Arc::new(AtomicUsize::new(send_queues)),
        runtime: Handle::current(),
        pulse: Pulse::default(),
        metrics: Arc::clone(&metrics.egress),
    };
    let egress = Egress::new(outside.clone());
    Bench { metrics, outside, thread: thread::spawn(move || egress.run()) }
}

impl Bench {
    async fn client(&self) -> Client {
        let (stream, server) = UnixStream::pair().unwrap();
        let socket = Arc::new(Socket::from(server));
        // As after the first line was read: the runtime knows that it can be written to.
        socket.writable().await.unwrap();
        let conn = self.outside.slots.take();
        self.outside.orders.push(Order::Register { conn, socket: Arc::clone(&socket) });
        Client { conn, stream, socket }
    }

    fn deliver(&self, effects: Vec<Effect>) {
        self.outside.orders.push(Order::Deliver {
            effects,
            closed: Vec::new(),
            in_flight: InFlightPermit::default(),
        });
    }

    async fn stop(self) -> Metrics {
        self.outside.orders.push(Order::Stop);
        tokio::task::spawn_blocking(|| self.thread.join().unwrap()).await.unwrap();
        self.metrics
    }
}

impl Client {
    async fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    async fn read_to_end(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.unwrap();
        bytes
    }
}

fn send(to: ConnId, frame: &str) -> Effect {
    Effect::Send { to, frame: Bytes::copy_from_slice(frame.as_bytes()) }
}

fn fanout(to: &[&Client], except: Option<&Client>, frame: &str) -> Effect {
    Effect::Fanout {
        to: Arc::new(to.iter().map(|client| client.conn).collect()),
        except: except.map(|client| client.conn),
        frame: Bytes::copy_from_slice(frame.as_bytes()),
    }
}

#[tokio::test]
async fn everybody_gets_their_frames_in_order() {
    let bench = bench(1 << 20);
    let (mut a, mut b) = (bench.client().await, bench.client().await);
    bench.deliver(vec![
        fanout(&[&a, &b], None, "1"),
        fanout(&[&a, &b], Some(&a), "2"),
        send(a.conn, "3"),
        fanout(&[&a, &b], Some(&b), "4"),
        fanout(&[&a, &b], None, "5"),
    ]);
    assert_eq!(a.read(4).await, "1345");
    assert_eq!(b.read(3).await, "125");
}

#[tokio::test]
async fn who_reads_late_gets_everything_in_order() {
    let bench = bench(64 << 20);
    let client = bench.client().await;
    let mut expected = Vec::new();
    for n in 0..2000 {
        let frame = format!("{n:04}{}", "x".repeat(1000));
        expected.extend_from_slice(frame.as_bytes());
        bench.deliver(vec![send(client.conn, &frame)]);
    }
    bench.deliver(vec![Effect::Close { conn: client.conn }]);
    let seen = client.read_to_end().await;
    assert_eq!(seen.len(), expected.len());
    assert!(seen == expected, "the order was lost");
}

#[tokio::test]
async fn who_never_reads_is_cut_off_and_nobody_else_notices() {
    let bench = bench(64 * 1024);
    let (deaf, mut other) = (bench.client().await, bench.client().await);
    let frame = "x".repeat(1024);
    for _ in 0..2000 {
        bench.deliver(vec![fanout(&[&deaf, &other], None, &frame)]);
        other.read(frame.len()).await;
    }
    assert_eq!(deaf.socket.stage(), Stage::Overflown);
    assert_eq!(other.socket.stage(), Stage::Open);
}

#[tokio::test]
async fn full_queues_cost_the_connections_that_most_waits_for() {
    let bench = bench_with(64 << 20, 3 << 20);
    let (greedy, modest, mut other) = (bench.client().await, bench.client().await, bench.client().await);
    let frame = "x".repeat(64 * 1024);
    // Beyond what a socket takes.
    bench.deliver((0..16).map(|_| send(modest.conn, &frame)).collect());
    for _ in 0..64 {
        bench.deliver(vec![send(greedy.conn, &frame), send(other.conn, "still here")]);
        other.read("still here".len()).await;
    }
    assert_eq!(greedy.socket.stage(), Stage::Shed);
    assert_eq!((modest.socket.stage(), other.socket.stage()), (Stage::Open, Stage::Open));
    assert_eq!(Stage::Shed.lost(), Some(Lost::QueuesFull));
    let samples = bench.stop().await.samples();
    assert!(samples["chatd_send_queue_bytes"] <= f64::from(3 << 20), "{samples:?}");
}

#[tokio::test]
async fn a_closed_connection_gets_what_was_sent_before_and_then_the_end() {
    let bench = bench(1 << 20);
    let client = bench.client().await;
    bench.deliver(vec![send(client.conn, "ERROR :bye\r\n"), Effect::Close { conn: client.conn }]);
    assert_eq!(client.read_to_end().await, b"ERROR :bye\r\n");
}

#[tokio::test]
async fn a_slot_that_is_given_back_gets_nothing_under_its_old_name() {
    let bench = bench(1 << 20);
    let old = bench.client().await;
    bench.outside.orders.push(Order::Deliver {
        effects: Vec::new(),
        closed: vec![old.conn],
        in_flight: InFlightPermit::default(),
    });
    let mut new = loop {
        let client = bench.client().await;
        if client.conn.slot == old.conn.slot {
            break client;
        }
    };
    bench.deliver(vec![send(old.conn, "old"), send(new.conn, "new")]);
    assert_eq!(new.read(3).await, "new");
}

#[tokio::test]
async fn stopping_writes_what_is_left() {
    let bench = bench(64 << 20);
    let client = bench.client().await;
    let frame = "x".repeat(1 << 20);
    bench.deliver(vec![send(client.conn, &frame), Effect::Close { conn: client.conn }]);
    let reading = tokio::spawn(client.read_to_end());
    bench.stop().await;
    assert_eq!(reading.await.unwrap().len(), frame.len());
}

#[tokio::test]
async fn deliveries_and_what_waits_are_counted() {
    let bench = bench(64 << 20);
    let (late, mut other) = (bench.client().await, bench.client().await);
    bench.deliver(vec![fanout(&[&late, &other], None, "1"), send(other.conn, "2")]);
    other.read(2).await;
    let frame = "x".repeat(4 << 20);
    bench.deliver(vec![send(late.conn, &frame)]);
    while bench.metrics.samples()["chatd_send_queue_connections"] == 0.0 {
        tokio::task::yield_now().await;
    }
    assert!(bench.metrics.samples()["chatd_send_queue_bytes"] > 1e6);
    bench.deliver(vec![Effect::Close { conn: late.conn }]);
    late.read_to_end().await;
    let samples = bench.stop().await.samples();
    assert_eq!(samples["chatd_send_queue_bytes"], 0.0);
    assert_eq!(samples["chatd_send_queue_connections"], 0.0);
    assert_eq!(samples["chatd_deliveries_total"], 4.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_room_is_told_when_the_client_has_read_most_of_it() {
    let bench = bench(4 << 20);
    let mut client = bench.client().await;
    let frame = Bytes::from(vec![b'x'; 3 << 20]);
    bench.deliver(vec![Effect::Send { to: client.conn, frame }]);
    let (tell, mut told) = tokio::sync::oneshot::channel();
    bench.outside.orders.push(Order::WhenRoom { conn: client.conn, tell });
    // When this one is told, the order before it was obeyed.
    let (tell, other) = tokio::sync::oneshot::channel();
    let nobody = ConnId { slot: 77, generation: 1 };
    bench.outside.orders.push(Order::WhenRoom { conn: nobody, tell });
    other.await.unwrap();
    assert!(told.try_recv().is_err());
    client.stream.read_exact(&mut vec![0; 3 << 20]).await.unwrap();
    told.await.unwrap();
}

//! The reading task against real sockets.

use std::sync::Arc;
use std::time::Instant;

use chat_proto::message::Message;
use chatd_core::{ConnId, Incoming, Input, Lost};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::{Readers, read};
use crate::config::Connections;
use crate::mailbox::Mailbox;
use crate::socket::{Socket, Stage};

const CONN: ConnId = ConnId { slot: 7, generation: 3 };
const SETTINGS: Connections = Connections {
    total: 1,
    per_address: 1,
    per_network: 1,
    send_queue: 0,
    send_queues: 0,
    messages_per_second: 0,
    burst: 1,
};

struct Reading {
    client: UnixStream,
    socket: Arc<Socket>,
    core: Arc<Mailbox<Input>>,
    task: JoinHandle<()>,
}

fn reading() -> Reading {
    let (client, server) = UnixStream::pair().unwrap();
    let socket = Arc::new(Socket::from(server));
    let core = Arc::new(Mailbox::new(4));
    let readers = Arc::new(Readers::new(Arc::clone(&core), &SETTINGS));
    let task = tokio::spawn(read(CONN, Arc::clone(&socket), readers, ()));
    Reading { client, socket, core, task }
}

/// Takes inputs as the core does, until the connection is closed.
async fn until_closed(core: &Arc<Mailbox<Input>>) -> (Vec<Incoming>, Lost) {
    let mut seen = Vec::new();
    loop {
        let mut inputs = Vec::new();
        core.take(&mut inputs, Some(Instant::now()));
        for input in inputs {
            match input {
                Input::Lines { conn: CONN, lines } => seen.extend(lines),
                Input::Closed { conn: CONN, reason } => return (seen, reason),
                other => panic!("{other:?}"),
            }
        }
        tokio::task::yield_now().await;
    }
}

fn pings(count: usize) -> Vec<Incoming> {
    (0..count).map(|n| Incoming::Message(Message::parse(format!("PING {n}")).unwrap())).collect()
}

#[tokio::test]
async fn more_lines_than_the_core_has_room_for_all_arrive_in_order() {
    let mut reading = reading();
    let stream: String = (0..5000).map(|n| format!("PING {n}\r\n")).collect();
    let writing = tokio::spawn(async move {
        reading.client.write_all(stream.as_bytes()).await.unwrap();
    });
    let (lines, lost) = until_closed(&reading.core).await;
    writing.await.unwrap();
    assert_eq!((lines, lost), (pings(5000), Lost::Eof));
}

#[tokio::test]
async fn one_byte_at_a_time_makes_the_same_lines() {
    let mut reading = reading();
    let writing = tokio::spawn(async move {
        for byte in b"PING 0\r\nPING 1\r\n" {
            reading.client.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let (lines, lost) = until_closed(&reading.core).await;
    writing.await.unwrap();
    assert_eq!((lines, lost), (pings(2), Lost::Eof));
}

#[tokio::test]
async fn a_connection_that_is_cut_ends_with_the_reason() {
    for (stage, reason) in [(Stage::Overflown, Lost::SendQueueFull), (Stage::Cut, Lost::Closed)] {
        let reading = reading();
        reading.socket.cut(stage);
        let (lines, lost) = until_closed(&reading.core).await;
        assert_eq!((lines, lost), (Vec::new(), reason));
        reading.task.await.unwrap();
    }
}

#[tokio::test]
async fn what_comes_after_the_core_closed_is_read_and_dropped() {
    let mut reading = reading();
    reading.socket.drain();
    reading.client.write_all(b"PING late\r\n").await.unwrap();
    drop(reading.client);
    assert_eq!(until_closed(&reading.core).await, (Vec::new(), Lost::Closed));
}

#[tokio::test]
async fn an_idle_connection_costs_little() {
    let (_client, server) = UnixStream::pair().unwrap();
    let readers = Arc::new(Readers::new(Arc::new(Mailbox::new(1)), &SETTINGS));
    let future = read(CONN, Arc::new(Socket::from(server)), readers, ());
    assert!(size_of_val(&future) <= 320, "{} bytes", size_of_val(&future));
}

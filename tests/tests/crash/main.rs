//! chatd is killed at random moments under load, again and again, and begins again on what it left.
//!
//! Whatever line anybody was shown or had echoed must be in the history: once, in the one order that all saw. Whoever has not
//! seen the echo of a line sends it again with the same id, and it must still be there only once.
//!
//! `CHATD_KILLS=1000 cargo test -p chat-tests --test crash` runs longer.

mod record;
mod writer;

use std::sync::mpsc;
use std::thread;

use chat_tests::daemon::{Daemon, Setup};

use record::Record;
use writer::{Trigger, Writer};

/// How often chatd is killed when nobody says how often.
const KILLS: usize = 60;
const WRITERS: usize = 5;
/// In one of its lives, at most so many lines are seen, by all together.
const LINES_MAX: usize = 1500;
const ROOM: &str = "#room";

#[test]
fn whatever_was_seen_is_in_the_history_once_however_often_chatd_is_killed() {
    let kills =
        std::env::var("CHATD_KILLS").map_or(KILLS, |text| text.parse().expect("CHATD_KILLS is a number"));
    let mut setup = Setup::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0");
    let mut writers: Vec<Writer> = (0..WRITERS).map(Writer::new).collect();
    let mut record = Record::default();
    for _ in 0..kills {
        let daemon = setup.start();
        record.read_on(&daemon);
        record.compare(&mut writers);
        (setup, writers) = live_and_die(daemon, writers);
    }
    record.read_on(&setup.start());
    record.compare(&mut writers);
    println!("{kills} times killed, {} lines in the history", record.len());
    assert!(record.len() > kills * 20, "{} lines are too few to prove anything", record.len());
}

/// All write and read until chatd is killed, which is when they have seen some lines.
fn live_and_die(daemon: Daemon, writers: Vec<Writer>) -> (Setup, Vec<Writer>) {
    let (trigger, pulled) = mpsc::channel();
    let trigger = Trigger::new(fastrand::usize(1..LINES_MAX), trigger);
    let threads: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            let (client, trigger) = (writer.enter(&daemon), trigger.clone());
            thread::spawn(move || {
                writer.live(client, &trigger);
                writer
            })
        })
        .collect();
    pulled.recv().expect("lines are seen");
    let setup = daemon.crash();
    (setup, threads.into_iter().map(|thread| thread.join().expect("a writer ends with chatd")).collect())
}

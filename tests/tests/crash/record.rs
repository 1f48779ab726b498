//! The history as it is read from chatd, against what was seen.

use std::collections::HashMap;

use chat_tests::daemon::Daemon;
use chat_tests::irc::Irc;

use crate::ROOM;
use crate::writer::{Seen, Writer, seen};

const CAPABILITIES: &str =
    "batch message-tags server-time labeled-response draft/chathistory draft/event-playback";

/// All of the room's history, in its order.
#[derive(Debug, Default)]
pub struct Record {
    lines: Vec<Seen>,
    places: HashMap<Seen, usize>,
    /// What was said; each text is said once.
    said: HashMap<String, usize>,
    /// Up to where what was seen has been compared.
    compared: usize,
}

impl Record {
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Reads what has been added.
    pub fn read_on(&mut self, daemon: &Daemon) {
        let mut reader = daemon.connect();
        // The login's account: a guest reads nothing from before it came.
        reader.register_with(&login(), CAPABILITIES);
        reader.send(&format!("JOIN {ROOM}"));
        reader.expect_containing(" 366 ");
        if self.lines.is_empty() {
            // So that everybody may set the topic.
            reader.send(&format!("MODE {ROOM} -t"));
            reader.sync();
        }
        while self.read_page(&mut reader) {}
        self.check_topic(&mut reader);
    }

    fn read_page(&mut self, reader: &mut Irc) -> bool {
        let from = match self.lines.last() {
            Some((id, ..)) => format!("msgid={id}"),
            None => "timestamp=2000-01-01T00:00:00.000Z".to_owned(),
        };
        reader.send(&format!("@label=page CHATHISTORY AFTER {ROOM} {from} 100"));
        let begin = reader.expect(|line| line.contains("label=page"));
        assert!(begin.contains(" BATCH +"), "{begin}");
        let batch = begin.split(" BATCH +").nth(1).and_then(|rest| rest.split(' ').next()).expect("a batch");
        let (tag, end, mut any) = (format!("batch={batch}"), format!(" BATCH -{batch}"), false);
        loop {
            let line = reader.read_line().expect("chatd answers").expect("chatd answers");
            if line.ends_with(&end) {
                return any;
            }
            if let Some(seen) = Some(&line).filter(|line| line.contains(&tag)).and_then(|line| seen(line)) {
                any = true;
                self.add(seen);
            }
        }
    }

    fn add(&mut self, line: Seen) {
        let place = self.lines.len();
        assert_eq!(self.places.insert(line.clone(), place), None, "{line:?} is twice in the history");
        if line.1 == "PRIVMSG" {
            assert_eq!(self.said.insert(line.2.clone(), place), None, "{line:?} was said twice");
        }
        self.lines.push(line);
    }

    fn check_topic(&self, reader: &mut Irc) {
        let Some((.., topic)) = self.lines.iter().rfind(|(_, command, _)| command == "TOPIC") else { return };
        reader.send(&format!("TOPIC {ROOM}"));
        let told = reader.expect_containing(&format!(" 332 {} {ROOM} :", login()));
        assert!(told.ends_with(&format!(" :{topic}")), "{told} instead of {topic}");
    }

    /// What everybody has seen since the last time is there, in that order.
    pub fn compare(&mut self, writers: &mut [Writer]) {
        for writer in writers {
            let mut last = None;
            for line in writer.seen.drain(..) {
                let place = self.places.get(&line).copied();
                let place = place.unwrap_or_else(|| panic!("{line:?} was seen and is not in the history"));
                // What was stored in an earlier life is acknowledged to its author alone.
                if place >= self.compared {
                    assert!(last < Some(place), "{line:?} was seen in another order");
                    last = Some(place);
                }
            }
        }
        self.compared = self.lines.len();
    }
}

fn login() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).expect("users can be looked up");
    user.expect("the test's user has a login").name
}

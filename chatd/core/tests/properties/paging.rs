//! Every entry with a time and a place is paged past exactly once, with pages of any size, in both directions, by both selectors.

use std::collections::BTreeSet;

use chat_proto::message::Message;
use chatd_core::{ConnId, Policy};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::host::{Host, guest, local};

const CAPS: &str = "batch server-time message-tags draft/chathistory draft/event-playback";
const BEGINNING: &str = "1970-01-01T00:00:00.000Z";
const END: &str = "2262-01-01T00:00:00.000Z";

#[derive(Debug, Clone)]
enum Act {
    Reader(String),
    Other(String),
    Pass(u64),
    /// A small correction of the clock.
    Back(i64),
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_any_size_show_everything_once(acts in prop::collection::vec(act(), 1..60)) {
        let mut chat = Chat::new();
        for act in &acts {
            chat.perform(act);
        }
        for events in [false, true] {
            chat.playback(events);
            for target in ["#tea", "#den", "ben", "dan"] {
                let all = chat.page(&format!("LATEST {target} * 100"));
                let times: BTreeSet<&String> = all.iter().map(|line| &line.time).collect();
                prop_assert_eq!(times.len(), all.len(), "two have the same time: {:?}", &all);
                for size in 1..4 {
                    for selector in [Selector::Time, Selector::MessageId] {
                        prop_assert_eq!(&chat.page_forward(target, selector, size), &all);
                        prop_assert_eq!(&chat.page_back(target, selector, size), &all);
                    }
                }
            }
        }
    }

    #[test]
    fn targets_of_any_limit_list_every_conversation_once(acts in prop::collection::vec(act(), 1..60)) {
        let mut chat = Chat::new();
        for act in &acts {
            chat.perform(act);
        }
        let all = chat.targets(BEGINNING, END, 100);
        for limit in 1..4 {
            let (mut forward, mut back) = (Vec::new(), Vec::new());
            let mut from = BEGINNING.to_owned();
            while let [.., (_, last)] = &mut *chat.targets(&from, END, limit) {
                forward.extend(chat.targets(&from, END, limit));
                from.clone_from(last);
            }
            let mut until = END.to_owned();
            while let [(_, first), ..] = &mut *chat.targets(&until, BEGINNING, limit) {
                back.splice(0..0, chat.targets(&until, BEGINNING, limit));
                until.clone_from(first);
            }
            prop_assert_eq!(&forward, &all);
            prop_assert_eq!(&back, &all);
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    let line = || {
        let said = select(&["#tea", "#den", "#tea,#den", "ann", "ben", "dan", "#tea,ben,#den,dan"][..]);
        prop_oneof![
            8 => said.prop_map(|to| format!("PRIVMSG {to} :hello")),
            2 => select(&["#tea", "#den", "#tea,#den"][..]).prop_map(|to| format!("PART {to}")),
            4 => select(&["#tea", "#den", "#tea,#den"][..]).prop_map(|to| format!("JOIN {to}")),
            1 => Just("TOPIC #tea :news".to_owned()),
            1 => select(&["MODE #tea +m", "MODE #tea -m"][..]).prop_map(str::to_owned),
            2 => select(&["NICK dan", "NICK eve"][..]).prop_map(str::to_owned),
        ]
    };
    prop_oneof![
        4 => line().prop_filter("a login has one name", |line| !line.starts_with("NICK")).prop_map(Act::Reader),
        6 => line().prop_map(Act::Other),
        1 => (0..3_u64).prop_map(Act::Pass),
        1 => (1..50_i64).prop_map(Act::Back),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Selector {
    Time,
    MessageId,
}

/// A line of the past.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    time: String,
    id: Option<String>,
    command: String,
}

impl Line {
    /// Where the next page begins. An entry without an id is paged past by its time.
    fn point(&self, selector: Selector) -> String {
        match (selector, &self.id) {
            (Selector::MessageId, Some(id)) => format!("msgid={id}"),
            _ => format!("timestamp={}", self.time),
        }
    }
}

struct Chat {
    host: Host,
    reader: ConnId,
    other: ConnId,
}

impl Chat {
    fn new() -> Self {
        let mut host = Host::new(Policy::default());
        let mut come = |peer, nick| {
            let conn = host.accept(peer);
            for line in [&format!("CAP REQ :{CAPS}"), &format!("NICK {nick}"), "USER u 0 * :r", "CAP END"] {
                host.say(conn, line);
            }
            host.settle();
            host.say(conn, "JOIN #tea,#den");
            conn
        };
        let (reader, other) = (come(local("ann"), "ann"), come(guest(), "dan"));
        come(local("ben"), "ben");
        host.settle();
        Self { host, reader, other }
    }

    fn perform(&mut self, act: &Act) {
        match act {
            Act::Reader(line) => self.host.say(self.reader, line),
            Act::Other(line) => self.host.say(self.other, line),
            Act::Pass(milliseconds) => self.host.pass(*milliseconds),
            Act::Back(milliseconds) => self.host.step_clock(-milliseconds),
        }
        self.host.settle();
    }

    fn playback(&mut self, on: bool) {
        let sign = if on { "" } else { "-" };
        self.host.say(self.reader, "JOIN #tea,#den");
        self.host.say(self.reader, &format!("CAP REQ :{sign}draft/event-playback"));
    }

    fn ask(&mut self, command: &str) -> String {
        self.host.heard();
        self.host.say(self.reader, &format!("CHATHISTORY {command}"));
        self.host.settle();
        self.host.heard().remove(&self.reader).unwrap_or_default()
    }

    fn page(&mut self, command: &str) -> Vec<Line> {
        let text = self.ask(command);
        let lines = text.split_terminator("\r\n").filter_map(|line| Message::parse(line).ok());
        let lines = lines.filter(|line| line.tag("batch").is_some());
        let tag = |line: &Message, key| line.tag(key).map(std::borrow::Cow::into_owned);
        lines
            .map(|line| Line {
                time: tag(&line, "time").expect("what is past has a time"),
                id: tag(&line, "msgid"),
                command: line.command().to_owned(),
            })
            .collect()
    }

    fn page_forward(&mut self, target: &str, selector: Selector, size: usize) -> Vec<Line> {
        let (mut all, mut point) = (Vec::new(), format!("timestamp={BEGINNING}"));
        loop {
            let page = self.page(&format!("AFTER {target} {point} {size}"));
            assert!(page.len() <= size, "{page:?}");
            let Some(last) = page.last() else { return all };
            point = last.point(selector);
            all.extend(page);
        }
    }

    fn page_back(&mut self, target: &str, selector: Selector, size: usize) -> Vec<Line> {
        let mut all = self.page(&format!("LATEST {target} * {size}"));
        while let Some(first) = all.first() {
            let page = self.page(&format!("BEFORE {target} {} {size}", first.point(selector)));
            if page.is_empty() {
                break;
            }
            all.splice(0..0, page);
        }
        all
    }

    /// The names and times.
    fn targets(&mut self, from: &str, until: &str, limit: usize) -> Vec<(String, String)> {
        let text = self.ask(&format!("TARGETS timestamp={from} timestamp={until} {limit}"));
        let lines = text.split_terminator("\r\n").filter_map(|line| Message::parse(line).ok());
        let lines = lines.filter(|line| line.command() == "CHATHISTORY");
        lines
            .map(|line| {
                let word = |n| line.param(n).expect("a name and a time").to_owned();
                (word(1), word(2))
            })
            .collect()
    }
}

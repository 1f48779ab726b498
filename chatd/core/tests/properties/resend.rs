//! Exactly once: a client sends a message again and again, over connections that break anywhere and a server that is started
//! anew. Everybody is shown it once, and whoever sends it whole is answered, each time with the same message.

use std::collections::BTreeMap;

use chat_proto::message::Message;
use chatd_core::{ConnId, Event, Kept, Lost, Policy, entries};
use proptest::prelude::*;

use crate::support::host::{Host, guest, local};

const CAPS: &str = "batch draft/multiline echo-message message-tags server-time chatd.org/client-id";

#[derive(Debug, Clone)]
enum Step {
    /// Sends the message of that number; the connection breaks after so many of its lines, if it has more.
    Send {
        message: usize,
        breaks_after: Option<usize>,
    },
    /// The same, from another session of the author's.
    SendElsewhere {
        message: usize,
    },
    Restart,
    Pass(u32),
}

/// The client's messages: of one line, of several, and to one user.
fn lines(message: usize) -> Vec<String> {
    let id = format!("chatd.org/client-id=id-{message}");
    match message % 3 {
        0 => vec![format!("@{id} PRIVMSG #lobby :message {message}")],
        1 => vec![
            format!("@{id} BATCH +b draft/multiline #lobby"),
            format!("@batch=b PRIVMSG #lobby :message {message}"),
            "@batch=b PRIVMSG #lobby :and more".to_owned(),
            "BATCH -b".to_owned(),
        ],
        _ => vec![format!("@{id} PRIVMSG bob :message {message}")],
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..6_usize, prop::option::weighted(0.4, 0..5_usize))
            .prop_map(|(message, breaks_after)| Step::Send { message, breaks_after }),
        2 => (0..6_usize).prop_map(|message| Step::SendElsewhere { message }),
        1 => Just(Step::Restart),
        1 => (0..1_000_000_u32).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..40)
}

/// The chat with its author, who has two sessions, and bob, who looks on.
struct World {
    host: Host,
    author: ConnId,
    elsewhere: ConnId,
    bob: ConnId,
    account: bool,
    runs: u64,
    /// What bob was shown, by the messages' numbers.
    shown: BTreeMap<usize, usize>,
    /// What the author was answered first.
    answers: BTreeMap<usize, String>,
}

impl World {
    fn new(account: bool) -> Self {
        let mut host = Host::new(Policy::default());
        let (author, elsewhere, bob) = arrive(&mut host, account);
        let (shown, answers) = (BTreeMap::new(), BTreeMap::new());
        Self { host, author, elsewhere, bob, account, runs: 0, shown, answers }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Send { message, breaks_after } => {
                let lines = lines(*message);
                let sent = breaks_after.unwrap_or(lines.len());
                for line in lines.iter().take(sent) {
                    self.host.say(self.author, line);
                }
                if breaks_after.is_some() {
                    self.watch();
                    self.host.lose(self.author, Lost::Error);
                    self.author = connect(&mut self.host, self.account, author(self.account));
                    self.watch();
                } else {
                    self.answered(self.author, *message);
                }
            }
            Step::SendElsewhere { message } => {
                // A guest has one session; another one has another name.
                let conn = if self.account { self.elsewhere } else { self.author };
                for line in lines(*message) {
                    self.host.say(conn, &line);
                }
                self.answered(conn, *message);
            }
            Step::Restart => self.restart(),
            Step::Pass(time) => self.host.pass((*time).into()),
        }
    }

    /// The daemon is killed; what was stored is there when it begins anew.
    fn restart(&mut self) {
        self.watch();
        self.runs += 1;
        let events: Vec<_> = self.host.events.drain(..).collect();
        let said = events.iter().filter(|(_, event)| matches!(event, Event::Said(_)));
        let receipts = Vec::from(self.host.core.state().receipts.clone());
        assert!(
            said.clone()
                .flat_map(|(at, event)| entries(at.wall.0, event))
                .all(|entry| receipts.contains(&entry))
        );
        let start = self.host.core.state().start;
        let kept = Kept { start: Some(start), run: self.runs, receipts, ..Kept::default() };
        self.host = Host::with(Policy::default(), kept, self.host.now.wall.0 + 1);
        (self.author, self.elsewhere, self.bob) = arrive(&mut self.host, self.account);
    }

    /// What was sent whole is answered once, and always with the same message.
    fn answered(&mut self, conn: ConnId, message: usize) {
        self.host.settle();
        let heard = self.watch();
        let tag = format!("id-{message}");
        let heard = heard.get(&conn).map_or("", String::as_str);
        let answers: Vec<Message> = heard
            .split_terminator("\r\n")
            .map(|line| Message::parse(line).expect("the server's lines are good"))
            .filter(|line| line.tag("chatd.org/client-id").as_deref() == Some(&tag))
            .collect();
        assert_eq!(answers.len(), 1, "message {message}: {heard:?}");
        let answer = format!("{:?} {:?}", answers[0].tag("msgid"), answers[0].tag("time"));
        let first = self.answers.entry(message).or_insert_with(|| answer.clone());
        assert_eq!(*first, answer, "message {message}");
        assert_eq!(self.shown.get(&message), Some(&1), "message {message} was not shown once");
    }

    /// Counts what bob is shown, and returns what all hear.
    fn watch(&mut self) -> BTreeMap<ConnId, String> {
        let heard = self.host.heard();
        for line in heard.get(&self.bob).map_or("", String::as_str).split_terminator("\r\n") {
            assert!(!line.contains("client-id"), "only the author is shown the id: {line}");
            if let Some((_, message)) = line.split_once(":message ") {
                *self.shown.entry(message.parse().expect("a number")).or_default() += 1;
            }
        }
        assert!(self.shown.values().all(|times| *times == 1), "shown more than once: {:?}", self.shown);
        heard
    }
}

fn arrive(host: &mut Host, account: bool) -> (ConnId, ConnId, ConnId) {
    let conns = (
        connect(host, account, author(account)),
        if account { connect(host, account, "ann") } else { connect(host, false, "other") },
        connect(host, false, "bob"),
    );
    host.heard();
    conns
}

/// The nick of a login is not a guest's to have.
fn author(account: bool) -> &'static str {
    if account { "ann" } else { "zoe" }
}

fn connect(host: &mut Host, account: bool, nick: &str) -> ConnId {
    let conn = host.accept(if account { local(nick) } else { guest() });
    for line in [&format!("CAP REQ :{CAPS}"), &format!("NICK {nick}"), "USER u 0 * :u", "CAP END"] {
        host.say(conn, line);
    }
    host.settle();
    conn
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_again_is_shown_once_and_answered_alike(account in any::<bool>(), steps in steps()) {
        let mut world = World::new(account);
        for step in &steps {
            world.step(step);
        }
        world.watch();
    }
}

//! The world around a core: a clock, clients, an administrator, and jobs that take their time.

use std::time::Duration;

use chatd_core::{AdminAnswer, AdminCommand, ConnId, Event, Input, Keepalive, Kept, Lost, Policy, State};
use fastrand::Rng;

use crate::client::{Client, Whim};
use crate::ledger::{Ledger, text_of};
use crate::support::host::{Host, START, guest, local};
use crate::support::wire::Errand;
use crate::talks::Talks;

const CLIENTS: usize = 24;
/// Bytes that may wait for a client.
const QUEUE: usize = 12_000;
/// Longest keep-alive that any policy here has, in seconds, with both its parts and a tick.
const LONGEST_SILENCE: u64 = 90 + 20 + 2;

pub struct World {
    host: Host,
    rng: Rng,
    clients: Vec<Client>,
    ledger: Ledger,
    talks: Talks,
    /// How many of the host's events are in the ledger.
    noted: usize,
    said: u64,
    second: u64,
    /// The policy of the beginning.
    policy: Policy,
    /// Connections of vanished clients, and the second by which they must be gone.
    ghosts: Vec<(u64, ConnId)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let policy = policy(&mut rng);
        Self {
            host: Host::new(policy.clone()),
            clients: (0..CLIENTS).map(|number| Client::new(number, &mut rng)).collect(),
            rng,
            ledger: Ledger::default(),
            talks: Talks::default(),
            noted: 0,
            said: 0,
            second: 0,
            policy,
            ghosts: Vec::new(),
        }
    }

    pub fn live(&mut self, seconds: u64) {
        while self.second < seconds && !self.host.core.state().stopping {
            for _ in 0..self.rng.u8(..12) {
                let number = self.rng.usize(..self.clients.len());
                self.client_acts(number);
            }
            self.clients_look();
            self.errands_are_run();
            if self.rng.u8(..10) == 0 {
                self.administrator_acts();
            }
            if self.rng.u8(..20) == 0 {
                self.clock_is_set();
            }
            self.second += 1;
            self.host.pass(1000 + self.rng.u64(..9));
            self.host.feed(Input::Tick);
            self.audit();
            self.ghosts_are_gone();
        }
    }

    /// Stops the server and returns how often anything was heard, and how many conversations there were.
    pub fn end(mut self) -> (u64, u64) {
        self.host.feed(Input::Stop { reason: "Server shutting down".into() });
        assert!(self.host.errands.iter().any(|errand| matches!(errand, Errand::Stop)));
        self.host.settle();
        self.audit();
        assert_eq!(self.host.core.state().sessions.len(), 0);
        assert_eq!(self.host.open, [], "somebody was not told to go");
        let mut replayed = State::new(self.policy.clone(), Kept::default(), START);
        for (at, event) in &self.host.events {
            replayed.apply(*at, event);
        }
        assert_eq!(replayed, *self.host.core.state());
        self.ledger.compare_with_history(&self.host.archive);
        (self.ledger.count, self.talks.count)
    }

    /// By up to an hour, or by up to a year, and in either direction.
    fn clock_is_set(&mut self) {
        let most = if self.rng.bool() { 3_600_000 } else { 31_536_000_000 };
        self.host.step_clock(self.rng.i64(-most..most));
    }

    fn client_acts(&mut self, number: usize) {
        let Some(conn) = self.clients[number].conn else { return self.connect(number) };
        if self.clients[number].vanished {
            return;
        }
        match self.clients[number].whim(&mut self.rng) {
            Whim::Speak(room) => self.speak(conn, room),
            Whim::Line(line) => self.host.say(conn, &line),
            Whim::Close => self.host.lose(conn, Lost::Eof),
            Whim::Vanish => {
                self.clients[number].vanished = true;
                self.ghosts.push((self.second + LONGEST_SILENCE, conn));
            }
        }
        self.audit();
    }

    fn connect(&mut self, number: usize) {
        let conn = self.host.accept(self.clients[number].login.map_or_else(guest, local));
        let client = &mut self.clients[number];
        (client.conn, client.vanished, client.unread) = (Some(conn), false, 0);
        (client.pinged, client.asked) = (false, false);
        for line in self.clients[number].introduction(&mut self.rng) {
            self.host.say(conn, &line);
            self.audit();
        }
    }

    /// Says something; who may, is heard at once.
    fn speak(&mut self, conn: ConnId, room: &str) {
        let state = self.host.core.state();
        let waits = state.sessions.get(conn).is_none_or(|session| session.wait.is_some());
        let channel = state.channel_named(room).map(|(_, channel)| channel);
        let free =
            channel.is_some_and(|channel| !channel.modes(false).contains('m') && channel.bans.is_empty());
        let inside = state.user_of(conn).zip(channel).is_some_and(|((id, _), c)| c.members.contains_key(&id));
        self.said += 1;
        let text = text_of(conn, self.said);
        self.host.say(conn, &format!("PRIVMSG {room} :{text}"));
        let times = self.host.events[self.noted..]
            .iter()
            .filter(|(_, event)| matches!(event, Event::Said(said) if said.text.as_str() == text))
            .count();
        assert!(times <= 1, "{text} was said {times} times");
        assert!(times == 1 || waits || !free || !inside, "{text} was lost");
    }

    fn clients_look(&mut self) {
        for number in 0..self.clients.len() {
            let client = &mut self.clients[number];
            let Some(conn) = client.conn else { continue };
            if client.unread > QUEUE {
                self.host.lose(conn, Lost::SendQueueFull);
            } else if client.looks_now(&mut self.rng) {
                client.unread = 0;
                if std::mem::take(&mut client.pinged) {
                    self.host.say(conn, "PONG x");
                }
            }
            self.audit();
        }
    }

    /// Some are done, in any order; the others wait.
    fn errands_are_run(&mut self) {
        for _ in 0..self.host.errands.len() {
            if self.rng.bool() {
                let which = self.rng.usize(..);
                self.host.run_errand(which);
                self.audit();
            }
        }
    }

    fn administrator_acts(&mut self) {
        match self.rng.u8(..12) {
            0..4 => self.announce(),
            4..7 => self.kick(),
            7 => {
                let policy = Box::new(policy(&mut self.rng));
                self.host.feed(Input::Policy(policy));
            }
            8 => {
                let after = Duration::from_secs(self.rng.u64(20..90));
                self.host.ask(AdminCommand::Shutdown { after, reason: Some("upgrade".into()) });
            }
            _ => drop(self.host.ask(AdminCommand::CancelShutdown)),
        }
        self.audit();
    }

    fn announce(&mut self) {
        let text = format!("announcement {}", self.said);
        self.said += 1;
        self.host.ask(AdminCommand::Announce { text: text.clone() });
        let sent = self.audit();
        for session in self.host.core.state().sessions.iter().filter(|session| session.user().is_some()) {
            let heard = sent.get(&session.conn).map_or(0, |sent| sent.matches(&text).count());
            assert_eq!(heard, 1, "{:?} heard of {text} {heard} times", session.conn);
        }
    }

    fn kick(&mut self) {
        let users: Vec<_> = self.host.core.state().users.values().collect();
        let Some(user) = self.rng.choice(users) else { return };
        let (name, conns) = (user.nick.to_string(), user.sessions.clone());
        let answer = self.host.ask(AdminCommand::Kick { name: name.clone(), reason: None, ban: None });
        assert_eq!(answer, AdminAnswer::Kicked { sessions: u32::try_from(conns.len()).expect("a few") });
        assert!(self.host.core.state().user_named(&name).is_none());
        let sent = self.audit();
        assert!(conns.iter().all(|conn| sent[conn].ends_with("ERROR :Closing link: Kicked by root\r\n")));
    }

    fn ghosts_are_gone(&mut self) {
        let sessions = &self.host.core.state().sessions;
        self.ghosts.retain(|(_, conn)| sessions.get(*conn).is_some());
        let late = self.ghosts.iter().find(|(due, _)| *due < self.second);
        assert!(late.is_none(), "{late:?} should have been given up by now");
    }

    /// Settles what was heard with what should have been, and lets the clients know what came for them.
    fn audit(&mut self) -> std::collections::BTreeMap<ConnId, String> {
        for (_, event) in &self.host.events[self.noted..] {
            self.ledger.note(event);
            self.talks.note(event);
        }
        self.noted = self.host.events.len();
        let sent = self.host.heard();
        self.ledger.compare(&sent);
        self.talks.compare(&sent);
        for client in &mut self.clients {
            client.conn = client.conn.filter(|conn| self.host.open.contains(conn));
            if let Some(text) = client.conn.and_then(|conn| sent.get(&conn)) {
                client.unread += text.len();
                client.pinged |= text.contains("PING :");
                client.asked |= text.contains(" TALK REQUEST ") || text.contains(" would like to talk");
            }
        }
        sent
    }
}

fn policy(rng: &mut Rng) -> Policy {
    let mut policy = Policy { reserve_logins: rng.u8(..4) > 0, ..Policy::default() };
    // The ledger takes what is heard for what is said now.
    policy.lobby.replay = 0;
    policy.keepalive = Keepalive {
        interval: rng.u64(30_000..90_000),
        timeout: 20_000,
        registration: rng.u64(10_000..30_000),
    };
    policy.presence.away_after = rng.u64(1_000..60_000);
    policy
}

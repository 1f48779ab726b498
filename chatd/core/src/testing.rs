//! Drives a [`Core`] with lines as a client would, and collects what each connection hears.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use chat_proto::message::Message;
use chat_proto::name::Folded;
use chat_proto::sasl::{ITERATIONS_MIN, ScramKeys};

use crate::{
    AccountChecked, AccountEvent, Actor, AdminAnswer, AdminCommand, Administrator, ConnId, Core, Credentials,
    Effect, Entry, Event, Fingerprint, HistoryAnswer, HistoryQuery, Incoming, Input, Job, JobDone, Kept,
    Lost, Made, Now, Origin, Output, Peer, Policy, Registrar, RequestId, Secret, Timestamp, Uptime, entries,
};

/// When every test's chat begins: 2026-01-31 12:00:00 UTC.
pub const START: u64 = 1_769_860_800_000;

/// A chat with its clients. Jobs are done at once: names are logins' as `logins` says, and the hash of a password is the password.
#[derive(Debug)]
pub struct Chat {
    core: Core,
    now: Now,
    connections: u32,
    mail: BTreeMap<ConnId, String>,
    closed: BTreeSet<ConnId>,
    events: Vec<Event>,
    answer: Option<AdminAnswer>,
    /// What the history has.
    past: Vec<Entry>,
    /// Which of it waits for which account.
    waiting: BTreeMap<u64, Folded>,
    /// Names of logins of the host.
    pub logins: Vec<&'static str>,
    /// The uid of whoever has a login at the moment.
    pub login_uid: u32,
    /// Jobs are put here, and not done.
    pub put_off: Option<VecDeque<(ConnId, Job)>>,
    /// Connections of which lines are held.
    pub held: BTreeSet<ConnId>,
}

impl Chat {
    /// Nobody is put into the lobby, so that tests choose who shares a channel.
    pub fn new() -> Self {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        Self::with(policy)
    }

    pub fn with(policy: Policy) -> Self {
        Self {
            core: Core::new(policy, Kept::default(), Timestamp(START)),
            now: Now { wall: Timestamp(START), uptime: Uptime(0), expiry: Timestamp(START) },
            connections: 0,
            mail: BTreeMap::new(),
            closed: BTreeSet::new(),
            events: Vec::new(),
            answer: None,
            past: Vec::new(),
            waiting: BTreeMap::new(),
            logins: Vec::new(),
            login_uid: 1000,
            put_off: None,
            held: BTreeSet::new(),
        }
    }

    pub fn core(&self) -> &Core {
        &self.core
    }

    /// What happened since it was last asked.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A guest's connection that has said nothing yet.
    pub fn connect(&mut self) -> ConnId {
        self.connect_from(Peer {
            origin: Origin::Tcp { address: ([192, 0, 2, 1], 50_000).into() },
            host: "host.example".into(),
            guests: true,
            secure: false,
            certificate: None,
        })
    }

    pub fn connect_from(&mut self, peer: Peer) -> ConnId {
        let conn = ConnId { slot: self.connections, generation: 1 };
        self.connections += 1;
        self.feed(Input::Opened { conn, peer: Box::new(peer) });
        conn
    }

    /// A user with that nick, its welcome already read.
    pub fn join(&mut self, nick: &str) -> ConnId {
        let conn = self.connect();
        self.register(conn, nick);
        conn
    }

    /// A user of the host, which has that login; its welcome already read.
    pub fn log_in(&mut self, name: &str) -> ConnId {
        let origin = Origin::Unix { uid: self.login_uid, pid: None, login: name.parse().ok() };
        let host = "localhost".into();
        let conn = self.connect_from(Peer { origin, host, guests: true, secure: true, certificate: None });
        self.register(conn, name);
        conn
    }

    /// A connection over TLS from that address that has said nothing yet.
    pub fn connect_at(&mut self, address: &str) -> ConnId {
        let address = address.parse().expect("a test's address is good");
        let origin = Origin::Tls { address: SocketAddr::new(address, 50_000) };
        let host = "host.example".into();
        self.connect_from(Peer { origin, host, guests: true, secure: true, certificate: None })
    }

    /// A guest from that address, its welcome already read.
    pub fn join_at(&mut self, address: &str, nick: &str) -> ConnId {
        let conn = self.connect_at(address);
        self.register(conn, nick);
        conn
    }

    /// The user of a new account from that address, its welcome already read.
    pub fn sign_up_at(&mut self, address: &str, name: &str) -> ConnId {
        self.add_account(name, "correcthorse");
        let conn = self.connect_at(address);
        self.try_password(conn, name, "correcthorse");
        self.register(conn, name);
        conn
    }

    /// Logs in by SASL PLAIN, and returns the answer; only the refusal if it may not even begin.
    pub fn try_password(&mut self, conn: ConnId, name: &str, password: &str) -> Vec<String> {
        let begun = self.say(conn, "AUTHENTICATE PLAIN");
        if begun != ["AUTHENTICATE +"] {
            return begun;
        }
        let secret = STANDARD.encode(format!("\0{name}\0{password}"));
        self.say(conn, &format!("AUTHENTICATE {secret}"))
    }

    pub fn register(&mut self, conn: ConnId, nick: &str) -> Vec<String> {
        self.say(conn, &format!("NICK {nick}"));
        self.say(conn, &format!("USER {nick} 0 * :{nick}'s name"))
    }

    /// Says a line and returns what the connection has heard since it was last asked.
    pub fn say(&mut self, conn: ConnId, line: &str) -> Vec<String> {
        let message = Message::parse(line).expect("a test's line is well formed");
        self.feed(Input::Lines { conn, lines: vec![Incoming::Message(message)] });
        self.heard(conn)
    }

    /// What the connection has heard since it was last asked. No line is longer than the protocol allows.
    pub fn heard(&mut self, conn: ConnId) -> Vec<String> {
        let lines: Vec<String> =
            self.mail.remove(&conn).unwrap_or_default().split_terminator("\r\n").map(str::to_owned).collect();
        for line in &lines {
            let untagged =
                if line.starts_with('@') { line.split_once(' ').expect("tags are followed").1 } else { line };
            assert!(untagged.len() + 2 <= chat_proto::line::LINE_MAX, "too long: {line}");
        }
        lines
    }

    /// Forgets what anybody has heard so far.
    pub fn hear_all(&mut self) {
        self.mail.clear();
    }

    pub fn is_closed(&self, conn: ConnId) -> bool {
        self.closed.contains(&conn)
    }

    /// An account that an administrator has made.
    pub fn add_account(&mut self, name: &str, password: &str) {
        let credentials = Some(Box::new(credentials(password)));
        let by = Registrar::Administrator(Administrator { uid: 0, login: None });
        self.happen(name, AccountEvent::Registered { login: false, email: None, credentials, by });
    }

    pub fn certify(&mut self, name: &str, fingerprint: Fingerprint) {
        self.happen(name, AccountEvent::CertificateAdded { fingerprint });
    }

    /// An administrator removes what is kept of an account.
    pub fn hand_on(&mut self, name: &str) {
        let by = Administrator { uid: 0, login: None };
        let event =
            Event::Account(name.parse().expect("a test's name is good"), AccountEvent::Removed { by });
        self.core.apply_at(self.now, &event);
    }

    fn happen(&mut self, name: &str, event: AccountEvent) {
        let name = name.parse().expect("a test's name is good");
        self.core.apply(&Event::Account(name, event));
    }

    /// Asks as root does.
    pub fn ask(&mut self, command: AdminCommand) -> AdminAnswer {
        let actor = Actor { uid: 0, login: Some("root".into()) };
        self.feed(Input::Admin { request: RequestId(1), actor, command: Box::new(command) });
        self.answer.take().expect("a request has an answer")
    }

    pub fn now(&self) -> Now {
        self.now
    }

    /// Sets the host's wall clock, which is believed.
    pub fn set_clock(&mut self, wall: u64) {
        (self.now.wall, self.now.expiry) = (Timestamp(wall), Timestamp(wall));
    }

    /// Sets the host's wall clock, which is not believed: what is stored expires by running time.
    pub fn set_doubtful_clock(&mut self, wall: u64) {
        self.now.wall = Timestamp(wall);
    }

    /// Lets so many milliseconds pass.
    pub fn pass(&mut self, milliseconds: u64) {
        self.now.wall.0 += milliseconds;
        self.now.expiry.0 += milliseconds;
        self.now.uptime.0 += milliseconds;
    }

    /// From now on jobs wait to be done.
    pub fn put_off_jobs(&mut self) {
        self.put_off = Some(VecDeque::new());
    }

    /// Does the job that has waited longest, and no other; `change` what came of it.
    pub fn do_one_job(&mut self, change: impl FnOnce(JobDone) -> JobDone) {
        let (conn, job) = self.put_off.as_mut().and_then(VecDeque::pop_front).expect("a job waits");
        let done = change(self.do_job(&job));
        self.feed(Input::JobDone { conn, done });
    }

    /// Gives the core an input, and does what it asks for until it asks for nothing more.
    pub fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut out = Output::default();
            self.core.step(self.now, &mut vec![input], &mut out);
            for (at, event) in &out.events {
                self.past.extend(entries(at.wall.0, event));
                self.note_waiting(event);
                if let Event::Redacted(redaction) = event {
                    self.past.retain(|entry| entry.id != Some(redaction.message));
                }
            }
            self.events.extend(out.events.into_iter().map(|(_, event)| event));
            for (conn, held) in out.held {
                if held {
                    self.held.insert(conn)
                } else {
                    self.held.remove(&conn)
                };
            }
            for effect in out.effects {
                inputs.extend(self.obey(effect));
            }
        }
    }

    fn obey(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Send { to, frame } => self.deliver(to, &frame),
            Effect::Fanout { to, except, frame } => {
                for &conn in to.iter().filter(|conn| Some(**conn) != except) {
                    self.deliver(conn, &frame);
                }
            }
            Effect::Close { conn } => {
                self.closed.insert(conn);
                return Some(Input::Closed { conn, reason: Lost::Closed });
            }
            Effect::Job { conn, job } => {
                if let Some(jobs) = &mut self.put_off {
                    jobs.push_back((conn, job));
                    return None;
                }
                return Some(Input::JobDone { conn, done: self.do_job(&job) });
            }
            Effect::Answer { answer, .. } => self.answer = Some(answer),
            Effect::Stop => {}
        }
        None
    }

    fn note_waiting(&mut self, event: &Event) {
        match event {
            Event::Said(said) => {
                self.waiting.extend(said.waits.as_ref().map(|account| (said.id.number, account.fold())));
            }
            Event::Account(name, AccountEvent::Delivered { upto, left }) => {
                let name = name.fold();
                self.waiting.retain(|number, account| *account != name || *left > 0 && *number > upto.number);
            }
            _ => {}
        }
    }

    fn do_job(&self, job: &Job) -> JobDone {
        match job {
            Job::CheckPassword { hash, password: Secret(password) } => {
                JobDone::PasswordChecked { matches: *hash.0 == ***password }
            }
            Job::CheckAccount { credentials, password } => {
                JobDone::AccountChecked(Box::new(AccountChecked {
                    matches: credentials
                        .as_ref()
                        .is_some_and(|credentials| *credentials.hash.0 == **password.0),
                    renewed: None,
                    against: credentials.clone(),
                    password: password.clone(),
                }))
            }
            Job::MakeCredentials { password, old, .. } => {
                let made = match old {
                    Some(old) if *old.credentials.hash.0 != **old.password.0 => Made::WrongOld,
                    _ => Made::Credentials(Box::new(credentials(&password.0))),
                };
                let old = old.as_ref().map(|old| Box::new(old.credentials.clone()));
                JobDone::CredentialsMade { made, old }
            }
            Job::GoOn { .. } => JobDone::GoOn,
            Job::LookUpLogin { name } => {
                let exists = self.logins.contains(&name.as_str());
                JobDone::LoginLookedUp { exists, uid: exists.then_some(self.login_uid) }
            }
            Job::History { query, .. } => JobDone::History(match &**query {
                HistoryQuery::Message(id) => {
                    let found = self.past.iter().filter(|entry| entry.id == Some(*id));
                    HistoryAnswer::Entries(found.cloned().collect())
                }
                HistoryQuery::Page { place, since, .. } => {
                    let found = self.past.iter().filter(|entry| entry.place == *place && entry.at >= *since);
                    HistoryAnswer::Entries(found.cloned().collect())
                }
                HistoryQuery::Undelivered { account, limit } => {
                    let waits = |entry: &&Entry| {
                        entry.id.is_some_and(|id| self.waiting.get(&id.number) == Some(account))
                    };
                    let limit = usize::try_from(*limit).expect("a limit is small");
                    HistoryAnswer::Entries(self.past.iter().filter(waits).take(limit).cloned().collect())
                }
                _ => HistoryAnswer::Failed,
            }),
        }
    }

    fn deliver(&mut self, conn: ConnId, frame: &[u8]) {
        let text = std::str::from_utf8(frame).expect("frames are UTF-8");
        self.mail.entry(conn).or_default().push_str(text);
    }
}

/// What a test keeps of a password: the password itself.
pub fn credentials(password: &str) -> Credentials {
    Credentials { hash: password.into(), scram: ScramKeys::derive(password, b"salt", ITERATIONS_MIN) }
}

//! A host that does for the core what the shell does, without sockets: connections, jobs and the clock are the
//! test's. After every step all that must always be true is checked.

use std::collections::BTreeMap;

use chat_proto::message::Message;
use chat_proto::name::Nick;
use chat_proto::sasl::ScramKeys;
use chatd_core::{
    AccountChecked, Actor, AdminAnswer, AdminCommand, ConnId, Core, Credentials, Event, Incoming, Input, Job,
    JobDone, Kept, Lost, Made, Now, Origin, Output, Peer, Policy, RequestId, Secret, Timestamp, Uptime,
};

use super::archive::Archive;
use super::invariants;
use super::wire::{Errand, Wire};

/// When every test's chat begins: 2026-01-31 12:00:00 UTC.
pub const START: u64 = 1_769_860_800_000;
/// The logins that the host has.
pub const LOGINS: [&str; 2] = ["ann", "ben"];

/// A running core.
#[derive(Debug)]
pub struct Host {
    pub core: Core,
    pub now: Now,
    /// What the core was given, in order.
    pub inputs: Vec<(Now, Input)>,
    /// What happened, in order.
    pub events: Vec<(Now, Event)>,
    /// What the core asked for and has not got yet.
    pub errands: Vec<Errand>,
    pub open: Vec<ConnId>,
    /// What the events made of the history.
    pub archive: Archive,
    wire: Wire,
    generations: Vec<u32>,
}

impl Host {
    pub fn new(policy: Policy) -> Self {
        Self::with(policy, Kept::default(), START)
    }

    pub fn with(policy: Policy, kept: Kept, start: u64) -> Self {
        Self {
            core: Core::new(policy, kept, Timestamp(start)),
            now: Now { wall: Timestamp(start), uptime: Uptime(0), expiry: Timestamp(start) },
            inputs: Vec::new(),
            events: Vec::new(),
            errands: Vec::new(),
            open: Vec::new(),
            archive: Archive::default(),
            wire: Wire::default(),
            generations: Vec::new(),
        }
    }

    /// Accepts a connection. The slots of closed ones are used again.
    pub fn accept(&mut self, peer: Peer) -> ConnId {
        let taken = |slot: usize| self.open.iter().any(|conn| conn.slot as usize == slot);
        let slot = (0..).find(|slot| !taken(*slot)).expect("there are enough numbers");
        if slot == self.generations.len() {
            self.generations.push(0);
        }
        self.generations[slot] += 1;
        let conn =
            ConnId { slot: u32::try_from(slot).expect("a small number"), generation: self.generations[slot] };
        self.open.push(conn);
        self.feed(Input::Opened { conn, peer: Box::new(peer) });
        conn
    }

    pub fn say(&mut self, conn: ConnId, line: &str) {
        let line = Message::parse(line).map_or(Incoming::Malformed, Incoming::Message);
        self.feed(Input::Lines { conn, lines: vec![line] });
    }

    /// Tells the core that a connection is gone; nothing that it asked for it matters any more but its jobs, which
    /// are answered late.
    pub fn lose(&mut self, conn: ConnId, reason: Lost) {
        self.open.retain(|open| *open != conn);
        self.errands.retain(|errand| !matches!(errand, Errand::Close(closing) if *closing == conn));
        self.feed(Input::Closed { conn, reason });
    }

    /// Does one thing that the core asked for; `false` if there is none.
    pub fn run_errand(&mut self, which: usize) -> bool {
        if self.errands.is_empty() {
            return false;
        }
        match self.errands.remove(which % self.errands.len()) {
            Errand::Job(conn, job) => {
                let done = do_job(&job, &self.archive);
                self.feed(Input::JobDone { conn, done });
            }
            Errand::Close(conn) => self.lose(conn, Lost::Closed),
            Errand::Answer(..) | Errand::Stop => {}
        }
        true
    }

    /// Does all that the core asks for, until it asks for nothing more.
    pub fn settle(&mut self) {
        while self.run_errand(0) {}
    }

    /// Asks what an administrator asks, and returns the one answer.
    pub fn ask(&mut self, command: AdminCommand) -> AdminAnswer {
        let request = RequestId(self.inputs.len() as u64);
        self.feed(Input::Admin {
            request,
            actor: Actor { uid: 0, login: Some("root".into()) },
            command: Box::new(command),
        });
        let mine = |errand: &mut Errand| matches!(errand, Errand::Answer(id, _) if *id == request);
        let answers: Vec<Errand> = self.errands.extract_if(.., mine).collect();
        match <[Errand; 1]>::try_from(answers) {
            Ok([Errand::Answer(_, answer)]) => answer,
            answers => panic!("a request has one answer, not {answers:?}"),
        }
    }

    pub fn feed(&mut self, input: Input) {
        let mut out = Output::default();
        self.inputs.push((self.now, input.clone()));
        self.core.step(self.now, &mut vec![input], &mut out);
        self.errands.extend(self.wire.take(&mut out));
        for (at, event) in &out.events {
            self.archive.note(at.wall.0, event);
        }
        self.events.extend(out.events);
        invariants::check(self.core.state());
    }

    /// Lets so many milliseconds pass.
    pub fn pass(&mut self, milliseconds: u64) {
        self.now.wall.0 += milliseconds;
        self.now.uptime.0 += milliseconds;
        self.now.expiry.0 += milliseconds;
    }

    /// Sets the wall clock forwards, or backwards. As in the shell it isn't believed while it is more than a day ahead.
    pub fn step_clock(&mut self, milliseconds: i64) {
        let now = &mut self.now;
        now.wall.0 = now.wall.0.saturating_add_signed(milliseconds);
        if now.wall.0 <= now.expiry.0 + 86_400_000 {
            now.expiry = now.wall;
        }
    }

    /// What each connection was sent since this was last asked.
    pub fn heard(&mut self) -> BTreeMap<ConnId, String> {
        self.wire.drain()
    }
}

/// A guest from the network.
pub fn guest() -> Peer {
    Peer {
        origin: Origin::Tcp { address: ([192, 0, 2, 1], 50_000).into() },
        host: "0123456789abcdef.ip4".into(),
        guests: true,
        secure: false,
        certificate: None,
    }
}

/// Somebody with a shell on the host.
pub fn local(login: &str) -> Peer {
    let login = Nick::new(login).ok();
    Peer {
        origin: Origin::Unix { uid: 1000, pid: Some(1), login },
        host: "localhost".into(),
        guests: true,
        secure: true,
        certificate: None,
    }
}

/// The hash of a password is the password itself.
fn do_job(job: &Job, archive: &Archive) -> JobDone {
    match job {
        Job::CheckPassword { hash, password: Secret(password) } => {
            JobDone::PasswordChecked { matches: *hash.0 == **password }
        }
        Job::CheckAccount { credentials, password } => JobDone::AccountChecked(Box::new(AccountChecked {
            matches: credentials.as_ref().is_some_and(|credentials| *credentials.hash.0 == **password.0),
            renewed: None,
            against: credentials.clone(),
            password: password.clone(),
        })),
        Job::MakeCredentials { password, old, .. } => {
            let made = Made::Credentials(Box::new(Credentials {
                hash: password.0.as_str().into(),
                scram: ScramKeys::derive(&password.0, b"salt", 1),
            }));
            JobDone::CredentialsMade { made, old: old.as_ref().map(|old| Box::new(old.credentials.clone())) }
        }
        Job::GoOn { .. } => JobDone::GoOn,
        Job::LookUpLogin { name } => {
            let exists = LOGINS.contains(&name.fold().as_str());
            JobDone::LoginLookedUp { exists, uid: exists.then_some(1000) }
        }
        Job::History { query, .. } => JobDone::History(archive.ask(query)),
    }
}

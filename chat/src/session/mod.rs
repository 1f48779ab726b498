//! The client's side of IRC as a value: lines and wishes go in, lines to send and [`Event`]s come out.
//!
//! There is no socket, clock or terminal in here. After every call, take what [`Session::outgoing`] and
//! [`Session::events`] have. [`Session::open`] begins a connection, [`Session::lost`] ends it.

mod account;
mod batch;
mod event;
mod login;
mod numeric;
mod outbox;
mod past;
mod person;
mod presence;
mod receive;
mod register;
mod rooms;
mod said;
mod split;
mod status;
mod sts;
mod talk;
#[cfg(test)]
mod tests;
mod trace;
mod wish;

use chat_proto::caps::Caps;
use chat_proto::message::Writer;
use chat_proto::sasl::Reassembly;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroize as _;

pub use event::{Channel, Event, How, Unread, User, What, is_channel};
pub use login::{Entry, Lock, Locked, Way};
pub use outbox::WAITING_MAX;
pub use past::Search;
pub use person::Person;
pub use status::{Presence, Status};
pub use sts::Sts;
pub use talk::{BROKEN, Deed, Talk};

use crate::secret::Secret;
use batch::Batches;
use login::Step;
use outbox::Outbox;
use past::Past;
use rooms::Rooms;
use split::Size;
use status::Standings;
use talk::Talks;
use trace::Traces;

const READY_FENCE: &str = "chat-ready";
const WHO_TOKEN: &str = "742";
/// How long ids of messages are known by a server that doesn't say so.
const RESEND_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Room for `nick!user@host` until the server has shown us ours.
const PREFIX_GUESS: usize = 160;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Offline,
    Registering,
    Ready,
}

/// How far the request for a name has come, while capabilities are negotiated.
#[derive(Debug, Default, PartialEq, Eq)]
enum NameRequest {
    #[default]
    Made,
    /// The name is in use, by an earlier connection of ours perhaps.
    Refused(String),
    /// Nothing more can be done for it.
    Over,
}

#[derive(Debug)]
pub struct Session {
    wanted: String,
    on_errand: bool,
    login: String,
    nick: String,
    stage: Stage,
    was_ready: bool,
    /// The server has let us in on this connection.
    is_in: bool,
    /// By which the server knows us as the guest of an earlier connection. Absent only if there is no randomness to be had.
    resume: Option<String>,
    name_request: NameRequest,
    quitting: bool,
    offered: Caps,
    caps: Caps,
    entry: Entry,
    /// Whom we log in as, whatever we are called by now.
    entry_name: String,
    step: Step,
    pieces: Reassembly,
    /// What the server says to its capability: ways to log in, and who may make an account.
    mechanisms: Option<String>,
    registers_early: bool,
    email_required: bool,
    account: Option<String>,
    /// A password that waits for the server's word.
    setting: Option<Secret>,
    waits_for_account: bool,
    way: Way,
    server_password: Option<Secret>,
    sts: Option<Sts>,
    whox: bool,
    lobby: Option<String>,
    prefix_len: usize,
    rooms: Rooms,
    left_behind: Vec<String>,
    moving: Option<String>,
    asked_names: Option<String>,
    asked_away: u32,
    away: bool,
    /// What others are to be told, by the user's last word; taken up again after a break.
    away_text: Option<String>,
    outbox: Outbox,
    batches: Batches,
    traces: Traces,
    past: Past,
    /// How much a message of several lines may hold, if the server takes any.
    multiline: Option<Size>,
    /// How long the server knows the ids of messages.
    resend_window: SignedDuration,
    users: Vec<User>,
    person: Option<Person>,
    standings: Standings,
    talks: Talks,
    listed: Vec<Channel>,
    fence: Option<String>,
    fences: u64,
    at: Option<Timestamp>,
    /// The server's time when it was last heard, and when the connection broke.
    heard: Option<Timestamp>,
    broke: Option<Timestamp>,
    label: Option<String>,
    lines: Vec<String>,
    events: Vec<Event>,
}

impl Session {
    /// Will ask for the name `wanted`; `login` is what the server is told as the user name.
    pub fn new(wanted: &str, login: &str) -> Self {
        Self {
            wanted: wanted.to_owned(),
            on_errand: false,
            login: login.to_owned(),
            nick: wanted.to_owned(),
            stage: Stage::Offline,
            was_ready: false,
            is_in: false,
            quitting: false,
            offered: Caps::empty(),
            caps: Caps::empty(),
            entry: Entry::default(),
            entry_name: wanted.to_owned(),
            step: Step::default(),
            pieces: Reassembly::default(),
            mechanisms: None,
            resume: outbox::new_id(),
            name_request: NameRequest::default(),
            registers_early: false,
            email_required: false,
            account: None,
            setting: None,
            waits_for_account: false,
            way: Way::default(),
            server_password: None,
            sts: None,
            whox: false,
            lobby: None,
            prefix_len: PREFIX_GUESS,
            rooms: Rooms::default(),
            left_behind: Vec::new(),
            moving: None,
            asked_names: None,
            asked_away: 0,
            away: false,
            away_text: None,
            outbox: Outbox::default(),
            batches: Batches::default(),
            traces: Traces::default(),
            past: Past::default(),
            multiline: None,
            resend_window: RESEND_WINDOW,
            users: Vec::new(),
            person: None,
            standings: Standings::default(),
            talks: Talks::default(),
            listed: Vec::new(),
            fence: None,
            fences: 0,
            at: None,
            heard: None,
            broke: None,
            label: None,
            lines: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The same, but to do something and go: not put into the lobby, where all would see it come and go.
    #[must_use]
    pub fn on_errand(self) -> Self {
        Self { on_errand: true, ..self }
    }

    /// Goes to these channels when the server has let us in.
    #[must_use]
    pub fn returning_to(mut self, channels: Vec<String>) -> Self {
        self.left_behind = channels;
        self
    }

    /// The connection broke. What was said and not answered goes on waiting with the rest if it can be sent again without being
    /// said twice, and is reported otherwise.
    pub fn lost(&mut self) {
        let was_in = std::mem::take(&mut self.is_in);
        if was_in {
            self.broke = self.heard;
        }
        self.stage = Stage::Offline;
        self.lose_past();
        self.lines.zeroize();
        self.setting = None;
        self.waits_for_account = false;
        self.batches.clear();
        self.users.clear();
        self.person = None;
        self.standings.clear();
        self.lose_talks();
        self.listed.clear();
        self.moving = None;
        self.fence = None;
        self.asked_away = 0;
        self.away = false;
        self.left_behind.extend(self.rooms.abandon());
        self.left_behind.sort();
        self.left_behind.dedup();
        // A connection that didn't let us in took nothing, and doesn't say what the server can do.
        if was_in {
            for what in self.outbox.lost(self.caps.contains(Caps::CLIENT_ID)) {
                self.emit(what);
            }
        }
    }

    /// The lines to send, each with its line end.
    pub fn outgoing(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// What the server has newly said about TLS.
    pub fn take_sts(&mut self) -> Option<Sts> {
        self.sts.take()
    }

    pub fn nick(&self) -> &str {
        &self.nick
    }

    pub fn lobby(&self) -> Option<&str> {
        self.lobby.as_deref()
    }

    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    pub fn is_in(&self, channel: &str) -> bool {
        self.rooms.contains(channel)
    }

    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.rooms.names()
    }

    /// Everybody we know of, the latest speakers first.
    pub fn people(&self) -> Vec<String> {
        self.rooms.people()
    }

    /// With whom we last had to do in private.
    pub fn contact(&self) -> Option<String> {
        let contact = self.standings.contact()?;
        Some(self.rooms.spelling(contact).unwrap_or(contact.as_str()).to_owned())
    }

    /// Whether the answer to a JOIN or PART, or about an account or a conversation, is still to come.
    pub fn is_moving(&self) -> bool {
        self.moving.is_some() || self.waits_for_account || self.talks.awaits_answer
    }

    /// Whether the server is still to say what has become of a new password.
    pub fn awaits_password(&self) -> bool {
        self.setting.is_some()
    }

    /// Whether the server has answered everything: said lines, and the last [`Session::place_fence`].
    pub fn is_settled(&self) -> bool {
        self.outbox.is_empty() && self.fence.is_none() && self.past.is_idle() && self.person.is_none()
    }

    /// Whether the server has let us in before, even if the connection is broken now.
    pub fn was_ready(&self) -> bool {
        self.was_ready
    }

    /// The end of the connection, if it is among the events that wait.
    pub fn closed(&self) -> Option<&What> {
        self.events.iter().map(|event| &event.what).find(|what| matches!(what, What::Closed { .. }))
    }

    /// What the server wants of us before it lets us in, if that is among the events that wait.
    pub fn locked(&self) -> Option<&Locked> {
        self.events.iter().find_map(|event| match &event.what {
            What::Locked(locked) => Some(locked),
            _ => None,
        })
    }

    fn emit(&mut self, what: What) {
        if matches!(what, What::Welcome { .. }) {
            self.was_ready = true;
        }
        self.hand_out(Event { at: self.at, ..Event::bare(what) });
    }

    fn send(&mut self, line: Writer) {
        self.lines.push(line.finish());
    }
}

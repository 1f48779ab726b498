//! What a command holds while it is decided: the state to read, and `emit` as the only way to change it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use chat_proto::caps::Caps;
use chat_proto::line::LINE_MAX;
use chat_proto::message::Message;
use chat_proto::name::Nick;
use chat_proto::numeric::Numeric;

use crate::batch::Batches;
use crate::budget::{Budgets, Payer, Work};
use crate::event::{Byline, ChannelEvent, ConnEvent, Ending, Event, UserEvent, Who};
use crate::exchange::Exchanges;
use crate::history::has_entries;
use crate::id::{ConnId, UserId};
use crate::output::{Effect, Job, Output};
use crate::project::{Scene, Views};
use crate::reply::{Label, Replies, Responder, shortened};
use crate::state::{State, User};
use crate::time::{Now, Timestamp};
use crate::turn::{TURN_MAX, Turns};

/// One command's turn.
pub struct Tx<'a> {
    state: &'a mut State,
    views: &'a mut Views,
    out: &'a mut Output,
    replies: &'a mut Replies,
    buffer: &'a mut String,
    exchanges: &'a mut Exchanges,
    batches: &'a mut Batches,
    now: Now,
    /// Of an event that has the time of the clock.
    time_tag: &'a str,
    /// Of the event being projected, if its time is another one.
    own_time_tag: Option<String>,
    issuer: Option<Issuer>,
    budgets: &'a mut Budgets,
    turns: &'a mut Turns,
    /// The keys that pay for the work.
    payer: Option<Payer>,
    meter: Meter,
    postponed: Option<Message>,
}

/// Where the work of what is being decided began.
#[derive(Debug, Clone, Copy, Default)]
struct Meter {
    effects: usize,
    events: usize,
    steps: usize,
}

/// Whose command it is. What it learns from its own command is collected, and goes out with its label.
struct Issuer {
    conn: ConnId,
    caps: Caps,
    label: Option<Label>,
    /// Told to go: nothing more is read from it.
    closed: bool,
}

/// What every turn works with; its room is used again and again.
pub struct Desk<'a> {
    pub state: &'a mut State,
    pub views: &'a mut Views,
    pub out: &'a mut Output,
    pub replies: &'a mut Replies,
    pub exchanges: &'a mut Exchanges,
    pub batches: &'a mut Batches,
    pub budgets: &'a mut Budgets,
    pub turns: &'a mut Turns,
    /// Room for a line that is being written.
    pub buffer: &'a mut String,
}

impl<'a> Tx<'a> {
    pub fn new(desk: Desk<'a>, now: Now, time_tag: &'a str) -> Self {
        let Desk { state, views, out, replies, exchanges, batches, budgets, turns, buffer } = desk;
        Self {
            state,
            views,
            out,
            replies,
            exchanges,
            batches,
            buffer,
            now,
            time_tag,
            own_time_tag: None,
            issuer: None,
            budgets,
            turns,
            payer: None,
            meter: Meter::default(),
            postponed: None,
        }
    }

    /// From now on the work is this connection's. Returns whether there is such a connection.
    pub fn pays(&mut self, conn: ConnId) -> bool {
        self.payer = Payer::of(self.state, conn);
        self.measure();
        self.payer.is_some()
    }

    fn measure(&mut self) {
        self.meter = Meter { effects: self.out.effects.len(), events: self.out.events.len(), steps: 0 };
    }

    fn work(&self, conn: ConnId) -> Work {
        let Meter { effects, events, steps } = self.meter;
        Work::of(conn, steps, &self.out.effects[effects..], &self.out.events[events..])
    }

    /// Letters were compared.
    pub fn compared(&mut self, steps: usize) {
        self.meter.steps += steps;
    }

    /// Charges the work since the last time. Returns whether the connection's turn is over.
    pub fn charge(&mut self, conn: ConnId) -> bool {
        let work = self.work(conn);
        self.measure();
        let Some(payer) = &self.payer else { return false };
        let limits = &self.state.policy.limits;
        self.budgets.charge(limits.work, payer, work, self.now.uptime.0);
        self.turns.add(conn, work, limits, self.now.uptime.0)
    }

    /// Charges work that was done elsewhere.
    pub fn worked(&mut self, conn: ConnId, nanos: u64) {
        self.pays(conn);
        if let Some(payer) = &self.payer {
            let work = Work { compute: nanos, ..Work::default() };
            self.budgets.charge(self.state.policy.limits.work, payer, work, self.now.uptime.0);
        }
    }

    /// How long the next line must wait for what was done, in milliseconds.
    pub fn pause(&self) -> u64 {
        let pause = |payer| self.budgets.pause(self.state.policy.limits.work, payer, self.now.uptime.0);
        self.payer.as_ref().map_or(0, pause)
    }

    pub fn begin_turn(&mut self, conn: ConnId) {
        self.turns.begin(conn);
    }

    /// Whether the command being decided has done so much that the rest of it must be postponed.
    pub fn is_spent(&self) -> bool {
        let Some(issuer) = &self.issuer else { return false };
        let limits = &self.state.policy.limits;
        self.replies.bytes() >= limits.answered_at_once() || self.work(issuer.conn).compute >= TURN_MAX
    }

    /// Has the rest of a command decided as a command of its own, after the others have had their turn.
    pub fn postpone(&mut self, rest: Option<Message>) {
        self.postponed = rest;
    }

    pub fn take_postponed(&mut self) -> Option<Message> {
        self.postponed.take()
    }

    /// Lines of a connection are held from now on, or none any more.
    pub fn holds(&mut self, conn: ConnId, held: bool) {
        self.out.held.push((conn, held));
    }

    /// Forgets what is paid off.
    pub fn tidy_budgets(&mut self) {
        self.budgets.tidy(self.state.policy.limits.work, self.now.uptime.0);
    }

    /// Begins the turn of a command of `conn`.
    pub fn begin(&mut self, conn: ConnId, label: Option<&str>) {
        let caps = self.state.sessions.get(conn).map_or(Caps::empty(), |session| session.caps);
        let number = self.state.messages() + 1;
        let label = label.and_then(|label| Label::new(caps, label, number));
        self.issuer = Some(Issuer { conn, caps, label, closed: false });
    }

    /// Ends the turn: sends what was collected.
    pub fn finish(&mut self) {
        let Some(issuer) = self.issuer.take() else { return };
        let wait = self.state.sessions.get(issuer.conn).and_then(|session| session.wait.as_ref());
        // What is waited for brings the label, unless it comes by itself.
        let label = issuer.label.as_ref().filter(|_| wait.is_none_or(|wait| wait.label().is_none()));
        if let Some(frame) = self.replies.take(label, &self.state.policy.server_name) {
            self.out.effects.push(Effect::Send { to: issuer.conn, frame });
        }
        if issuer.closed {
            self.out.effects.push(Effect::Close { conn: issuer.conn });
        }
    }

    /// The label of the command whose turn it is.
    pub fn label(&self) -> Option<Cow<'_, str>> {
        self.issuer.as_ref()?.label.as_ref().map(Label::text)
    }

    pub fn state(&self) -> &State {
        self.state
    }

    /// Logins under way, which hold secrets and so are neither state nor facts.
    pub fn exchanges(&mut self) -> &mut Exchanges {
        self.exchanges
    }

    /// Messages of several lines that are not complete, and so no facts.
    pub fn batches(&mut self) -> &mut Batches {
        self.batches
    }

    pub fn now(&self) -> Now {
        self.now
    }

    /// Makes a fact of it: the state obeys, and who is concerned is shown it.
    pub fn emit(&mut self, event: Event) {
        let deserted = self.state.deserted_by(&event);
        self.emit_one(event);
        for room in deserted {
            let event =
                if self.state.keeps(room.channel) { ChannelEvent::Emptied } else { ChannelEvent::Ended };
            self.emit_one(Event::Channel(room, event));
        }
    }

    fn emit_one(&mut self, event: Event) {
        let at = self.time_of(&event);
        let moment = Moment::of(&event);
        if moment == Moment::Before {
            self.project(&event);
        }
        self.views.before(self.state, &event);
        if moment == Moment::Between {
            self.project(&event);
        }
        self.state.apply(at, &event);
        self.views.after(self.state, &event);
        if moment == Moment::After {
            self.project(&event);
        }
        if let Event::User(who, UserEvent::NickChanged { .. }) = &event
            && let Some(mut scene) = self.scene()
        {
            scene.partner_renamed(who);
        }
        self.out.events.push((at, event));
    }

    /// Returns the time of an event, which those who see it are told.
    fn time_of(&mut self, event: &Event) -> Now {
        self.own_time_tag = None;
        let wall = if has_entries(event) {
            let wall = self.state.entry_time(self.now.wall);
            self.own_time_tag = (wall != self.now.wall).then(|| time_tag(wall));
            wall
        } else {
            self.state.event_time(self.now.wall)
        };
        Now { wall, ..self.now }
    }

    fn project(&mut self, event: &Event) {
        if let Some(mut scene) = self.scene() {
            scene.project(event);
        }
    }

    /// Where what happens is shown; nowhere when everybody was told that the server stops, and is sent nothing more.
    fn scene(&mut self) -> Option<Scene<'_>> {
        if self.state.stopping {
            return None;
        }
        Some(Scene {
            state: self.state,
            views: self.views,
            effects: &mut self.out.effects,
            replies: self.replies,
            buffer: self.buffer,
            issuer: self
                .issuer
                .as_ref()
                .filter(|issuer| !issuer.closed)
                .map(|issuer| (issuer.conn, issuer.caps)),
            now: self.now,
            time_tag: self.own_time_tag.as_deref().unwrap_or(self.time_tag),
        })
    }

    /// Does something that is no answer to the command whose turn it is.
    pub fn aside(&mut self, act: impl FnOnce(&mut Self)) {
        let issuer = self.issuer.take();
        act(self);
        self.issuer = issuer;
    }

    pub fn emit_conn(&mut self, conn: ConnId, event: ConnEvent) {
        self.emit(Event::Conn(conn, event));
    }

    pub fn emit_user(&mut self, user: UserId, event: UserEvent) {
        if let Some(who) = self.state.who(user) {
            self.emit(Event::User(who, event));
        }
    }

    pub fn rename(&mut self, id: UserId, nick: Nick) {
        if let Some(user) = self.state.user(id) {
            let (byline, channels) = (user.byline(), user.channels.iter().copied().collect());
            self.emit_user(id, UserEvent::NickChanged { nick, byline, channels });
        }
    }

    /// The state to read, and the client to answer while reading.
    pub fn responder(&mut self) -> (&State, Responder<'_>) {
        let client = self.issuer.as_ref().map_or("*", |issuer| self.state.name_of(issuer.conn));
        let caps = self.issuer.as_ref().map_or(Caps::empty(), |issuer| issuer.caps);
        let server = &self.state.policy.server_name;
        let max = self.state.policy.limits.reply_bytes;
        (self.state, Responder { replies: self.replies, server, client, caps, max })
    }

    pub fn numeric(&mut self, numeric: Numeric, args: fmt::Arguments<'_>) {
        self.responder().1.numeric(numeric, args);
    }

    /// A standard reply: `FAIL command code [context] :text`.
    pub fn fail(&mut self, command: &str, code: &str, args: fmt::Arguments<'_>) {
        self.responder().1.server_line(format_args!("FAIL {command} {code} {args}"));
    }

    pub fn send(&mut self, to: ConnId, frame: impl Into<Bytes>) {
        self.out.effects.push(Effect::Send { to, frame: frame.into() });
    }

    /// Sends whole lines to a connection; to the one whose turn it is, among its replies.
    pub fn send_collected(&mut self, to: ConnId, lines: &str) {
        if self.issuer.as_ref().is_some_and(|issuer| issuer.conn == to) {
            self.replies.append(lines);
        } else {
            self.send(to, lines.to_owned());
        }
    }

    pub fn effect(&mut self, effect: Effect) {
        self.out.effects.push(effect);
    }

    /// Lets `conn` wait for a job; its further lines are held until the job is done.
    pub fn wait(&mut self, conn: ConnId, wait: crate::event::Wait, job: Job) {
        self.emit_conn(conn, ConnEvent::Waits { wait });
        self.effect(Effect::Job { conn, job });
    }

    /// Ends a connection: its client is told why with ERROR, others see `reason` as that of its user.
    pub fn disconnect(&mut self, conn: ConnId, ending: Ending, reason: &str) {
        self.goodbye(conn, reason);
        self.forget(conn, ending, reason);
    }

    /// Ends what is left of a connection after its client is gone or was told.
    pub fn forget(&mut self, conn: ConnId, ending: Ending, reason: &str) {
        self.batches.remove(conn);
        let Some(session) = self.state.sessions.get(conn) else { return };
        let from = Box::new(session.peer.origin.clone());
        let Some(user) = session.user() else {
            return self.emit_conn(conn, ConnEvent::Closed { from, ending });
        };
        let Some(found) = self.state.user(user) else { return };
        let talks = self.state.talks_ended_with(conn, reason);
        let event = if found.sessions.len() <= 1 {
            UserEvent::Left {
                conn,
                from,
                ending,
                reason: self.fit_for_quit(user, reason).into(),
                byline: found.byline(),
                channels: found.channels.iter().copied().collect(),
            }
        } else {
            UserEvent::SessionRemoved { conn, from, ending }
        };
        self.emit_user(user, event);
        talks.into_iter().for_each(|event| self.emit(event));
        self.settle_away(user);
    }

    /// Tells others if the sessions that a user has now are away together, or no longer.
    pub fn settle_away(&mut self, id: UserId) {
        if let Some(away) = self.state.away_changed(id) {
            self.emit_user(id, UserEvent::AwaySet { away });
        }
    }

    /// The reason, or as much of it as the line that others see has room for.
    fn fit_for_quit<'r>(&self, user: UserId, reason: &'r str) -> Cow<'r, str> {
        let source = self.state.user(user).map_or(0, |user| user.source().to_string().len());
        let room = LINE_MAX.saturating_sub(source + ": QUIT :\r\n".len());
        shortened(reason, room)
    }

    fn goodbye(&mut self, conn: ConnId, reason: &str) {
        let error = format!("ERROR :Closing link: {reason}\r\n");
        match &mut self.issuer {
            Some(issuer) if issuer.conn == conn => {
                self.replies.line(|line| line.push_str(error.trim_end()));
                issuer.closed = true;
            }
            _ => {
                self.send(conn, error);
                self.effect(Effect::Close { conn });
            }
        }
    }

    /// Ends all sessions of a user.
    pub fn disconnect_user(&mut self, user: UserId, reason: &str) {
        let sessions = self.state.user(user).map(|user| user.sessions.clone()).unwrap_or_default();
        for conn in sessions {
            self.disconnect(conn, Ending::Kicked, reason);
        }
    }
}

/// The registered session whose command it is.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub conn: ConnId,
    pub user: UserId,
}

impl Caller {
    pub fn who(self, state: &State) -> Who {
        Who { user: self.user, nick: self.found(state).nick.clone() }
    }

    pub fn byline(self, state: &State) -> Byline {
        self.found(state).byline()
    }

    fn found(self, state: &State) -> &User {
        state.user(self.user).expect("a caller's user is there while its command is decided")
    }
}

/// The tag that says when an event happened.
pub fn time_tag(at: Timestamp) -> String {
    format!("time={at}")
}

/// The label of a message, if it has one.
pub fn label_of(message: &Message) -> Option<Cow<'_, str>> {
    message.raw_tags().any(|(key, _)| key == "label").then(|| message.tag("label")).flatten()
}

/// When an event is shown to its witnesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// While what it ends is still so: the one who parts sees it, too.
    Before,
    /// To those who remain, while the state still knows who leaves.
    Between,
    /// When the state has obeyed.
    After,
}

impl Moment {
    fn of(event: &Event) -> Self {
        match event {
            Event::Channel(_, ChannelEvent::Parted { .. } | ChannelEvent::Kicked { .. })
            | Event::User(_, UserEvent::NickChanged { .. } | UserEvent::ModesSet { .. }) => Self::Before,
            Event::User(_, UserEvent::Left { .. }) => Self::Between,
            _ => Self::After,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Operator, Policy};
    use crate::testing::Chat;

    #[test]
    fn the_longest_reason_fits_into_the_line_that_others_see() {
        let root = Operator { name: "root".into(), password_hash: "toor".into() };
        let mut policy = Policy { operators: vec![root], ..Policy::default() };
        (policy.limits.nick_length, policy.limits.kick_length) = (64, 390);
        let mut chat = Chat::with(policy);
        let (killer, victim) = ("k".repeat(64), "v".repeat(64));
        let root = chat.join("rooter");
        chat.say(root, "OPER root toor");
        chat.say(root, &format!("NICK {killer}"));
        let conn = chat.connect();
        chat.say(conn, &format!("NICK {victim}"));
        chat.say(conn, "USER uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu 0 * :v");
        chat.hear_all();
        // The test's chat refuses lines over the limit.
        let seen = chat.say(root, &format!("KILL {victim} :{}", "x".repeat(390)));
        assert!(seen[0].contains(" QUIT :Killed (") && seen[0].ends_with("x…"), "{seen:?}");
    }
}

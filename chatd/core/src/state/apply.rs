//! An event changes the state. Total: an event about something that is gone changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::ban::Ban;
use crate::event::{BanEvent, ConnEvent, Event, SaidKind, ServerEvent, UserEvent, Who};
use crate::history::{Place, entries};
use crate::id::{ConnId, UserId};
use crate::input::Peer;
use crate::mode::UserModes;
use crate::time::{Now, Uptime};

use super::{PasswordState, Phase, Registering, Session, Shutdown, State, User, Waiting, Whowas};

/// Remaining times at which a scheduled shutdown is told again, in milliseconds.
pub const SHUTDOWN_WARNINGS: [u64; 6] = [3_600_000, 600_000, 300_000, 60_000, 30_000, 10_000];

impl State {
    /// Makes `event`, which happened at that time, part of the state.
    pub fn apply(&mut self, now: Now, event: &Event) {
        let at = now.wall.0;
        self.note_entry(now.wall, event);
        match event {
            Event::Conn(conn, event) => self.apply_conn(now.uptime, *conn, event),
            Event::User(who, event) => self.apply_user(now, who, event),
            Event::Channel(room, event) => self.apply_channel(now, room, event),
            Event::Said(said) => {
                self.last_message = said.id.number;
                if said.client_id.is_some() {
                    self.receipts.expire(at.saturating_sub(self.policy.history.resend_window));
                    entries(at, event).into_iter().for_each(|entry| self.receipts.insert(entry));
                }
                if let Some(account) = &said.waits {
                    let author = said.byline.party();
                    self.undelivered.entry(account.fold()).or_default().put(said.id.number, author);
                }
                if let Some(user) = self.users.get_mut(said.from.user) {
                    user.last_active = now.uptime;
                }
                if let Place::Channel(id) = said.place
                    && said.kind != SaidKind::Tagmsg
                    && let Some(channel) = self.channels.get_mut(&id)
                {
                    channel.has_history = true;
                }
            }
            Event::Redacted(redaction) => self.receipts.redact(redaction.message),
            Event::Read(mark) => self.apply_mark(mark),
            Event::Talk(talk) => self.apply_talk(now.uptime, talk),
            Event::Account(name, event) => self.apply_account(at, name, event),
            Event::Ban(BanEvent::Set { ban, .. }) => self.bans.insert(Ban::clone(ban)),
            Event::Ban(BanEvent::Lifted { target, .. } | BanEvent::Expired { target }) => {
                self.bans.remove(target);
            }
            Event::Server(event) => self.apply_server(now.uptime, event),
        }
    }

    fn apply_conn(&mut self, at: Uptime, conn: ConnId, event: &ConnEvent) {
        match event {
            ConnEvent::Opened { peer } => return self.open(at, conn, peer),
            ConnEvent::Closed { .. } => return self.drop_session(conn),
            ConnEvent::Watched { due } => return self.watch_silence(conn, *due),
            ConnEvent::Monitored { nick } => {
                self.watchers.entry(nick.fold()).or_default().insert(conn);
            }
            ConnEvent::Unmonitored { folded } => unwatch(&mut self.watchers, folded, conn),
            ConnEvent::LoginTried { name } => self.count_try(at, conn, name.as_ref()),
            ConnEvent::LoginTryOver { name } => self.forgive(conn, name.as_ref()),
            ConnEvent::AccountTried => self.count_account(at, conn),
            _ => {}
        }
        if let Some(session) = self.sessions.get_mut(conn) {
            session.apply(at, event);
        }
    }

    fn open(&mut self, at: Uptime, conn: ConnId, peer: &Peer) {
        if let Some(login) = peer.login() {
            self.logins.insert(login);
        }
        let due = at.saturating_add(self.policy.keepalive.registration);
        self.deadlines.insert((due, conn));
        self.sessions.insert(Session {
            conn,
            peer: peer.clone(),
            phase: Phase::Registering(Box::default()),
            caps: chat_proto::caps::Caps::empty(),
            version_302: false,
            wait: None,
            waiting: Waiting::default(),
            account: None,
            monitored: BTreeMap::new(),
            handed_over: None,
            opened_at: at,
            heard_at: at,
            acted_at: at,
            pinged_at: None,
            due,
        });
    }

    fn watch_silence(&mut self, conn: ConnId, due: Uptime) {
        if let Some(session) = self.sessions.get_mut(conn) {
            self.deadlines.remove(&(session.due, conn));
            session.due = due;
            self.deadlines.insert((due, conn));
        }
    }

    fn drop_session(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.remove(conn) else { return };
        self.deadlines.remove(&(session.due, conn));
        for folded in session.monitored.keys() {
            unwatch(&mut self.watchers, folded, conn);
        }
        if session.user().is_some() {
            self.counts.sessions -= 1;
        }
    }

    fn apply_user(&mut self, now: Now, who: &Who, event: &UserEvent) {
        match event {
            UserEvent::Arrived { .. } => self.arrive(now, who, event),
            UserEvent::SessionAdded { conn, .. } => self.add_session(who.user, *conn),
            UserEvent::SessionRemoved { conn, .. } => {
                self.drop_session(*conn);
                if let Some(user) = self.users.get_mut(who.user) {
                    user.sessions.retain(|session| session != conn);
                    user.said_away.retain(|(session, _)| session != conn);
                }
            }
            UserEvent::Left { conn, .. } => {
                self.drop_session(*conn);
                self.remove_user(now.uptime, who.user);
            }
            UserEvent::NickChanged { nick, .. } => self.rename(now, who.user, nick),
            UserEvent::ModesSet { modes } => self.set_user_modes(who.user, *modes),
            UserEvent::AccountChanged { account } => self.set_account(now.wall.0, who.user, account.as_ref()),
            UserEvent::Acted { conn } => {
                if let Some(session) = self.sessions.get_mut(*conn) {
                    session.acted_at = now.uptime;
                }
                self.change_presence(who.user, |user| user.acted_at = now.uptime);
            }
            UserEvent::AwaySaid { conn, text } => self.say_away(who.user, *conn, text.as_deref()),
            UserEvent::AwaySet { away } => self.set_away(now.uptime, who.user, away.clone()),
            UserEvent::Returned => self.set_away(now.uptime, who.user, None),
            UserEvent::RealnameSet { realname } => {
                if let Some(user) = self.users.get_mut(who.user) {
                    user.realname.clone_from(realname);
                }
            }
            UserEvent::BecameOperator { .. }
            | UserEvent::OperatorRefused { .. }
            | UserEvent::Kicked { .. } => {}
        }
    }

    fn arrive(&mut self, now: Now, who: &Who, event: &UserEvent) {
        let UserEvent::Arrived { conn, ident, host, realname, account, .. } = event else { return };
        let registering = self.sessions.get(*conn).and_then(Session::registering);
        let user = User {
            resume: registering.and_then(|registering| registering.resume),
            nick: who.nick.clone(),
            ident: ident.clone(),
            host: host.clone(),
            realname: realname.clone(),
            account: account.clone(),
            away: None,
            said_away: Vec::new(),
            presence_since: now.uptime,
            talk: None,
            modes: UserModes::empty(),
            sessions: Vec::with_capacity(1),
            channels: BTreeSet::new(),
            invites: BTreeSet::new(),
            marks: BTreeMap::new(),
            arrived_at: now.uptime,
            since: now.wall.0,
            since_message: self.last_message,
            named_since: now.wall.0,
            named_since_message: self.last_message,
            last_active: now.uptime,
            acted_at: now.uptime,
        };
        self.nicks.insert(who.nick.fold(), who.user);
        self.users.insert(who.user, user);
        self.change_presence(who.user, |_| {});
        self.counts.most_users = self.counts.most_users.max(self.users.len());
        self.add_session(who.user, *conn);
        if account.is_some() {
            self.set_user_modes(who.user, UserModes::REGISTERED);
        }
    }

    fn add_session(&mut self, id: UserId, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.phase = Phase::Registered(id);
        self.counts.sessions += 1;
        if let Some(user) = self.users.get_mut(id) {
            user.sessions.push(conn);
        }
    }

    fn remove_user(&mut self, at: Uptime, id: UserId) {
        self.set_user_modes(id, UserModes::empty());
        let Some(user) = self.users.remove(id) else { return };
        if let Some(due) = user.idle_due(&self.policy.presence) {
            self.idle_deadlines.remove(&(due, id));
        }
        self.nicks.remove(&user.nick.fold());
        for channel in &user.channels {
            self.remove_member(*channel, id);
        }
        self.remember(at, &user);
    }

    fn remember(&mut self, at: Uptime, user: &User) {
        self.departures += 1;
        self.whowas.push_front(Whowas {
            nick: user.nick.clone(),
            ident: user.ident.clone(),
            host: user.host.clone(),
            realname: user.realname.clone(),
            account: user.account.clone(),
            left_at: at,
        });
        self.whowas.truncate(self.policy.limits.whowas);
    }

    fn rename(&mut self, now: Now, id: UserId, nick: &chat_proto::name::Nick) {
        let Some(user) = self.users.get(id).cloned() else { return };
        if user.nick.fold() != nick.fold() {
            self.remember(now.uptime, &user);
        }
        self.nicks.remove(&user.nick.fold());
        self.nicks.insert(nick.fold(), id);
        let same = user.nick.fold() == nick.fold();
        if let Some(user) = self.users.get_mut(id) {
            user.nick = nick.clone();
            if !same {
                (user.named_since, user.named_since_message) = (now.wall.0, self.last_message);
            }
        }
    }

    pub(super) fn set_user_modes(&mut self, id: UserId, modes: UserModes) {
        let Some(user) = self.users.get_mut(id) else { return };
        let before = std::mem::replace(&mut user.modes, modes);
        recount(&mut self.counts.invisible, before, modes, UserModes::INVISIBLE);
        recount(&mut self.counts.operators, before, modes, UserModes::OPERATOR);
    }

    fn apply_server(&mut self, at: Uptime, event: &ServerEvent) {
        match event {
            ServerEvent::PolicySet { policy } => self.set_policy(policy),
            ServerEvent::ShutdownScheduled { at: due, reason, .. } => {
                let next_warning = warning_below(due.since(at));
                self.shutdown = Some(Shutdown { at: *due, reason: reason.clone(), next_warning });
            }
            ServerEvent::ShutdownWarned { remaining } => {
                if let Some(shutdown) = &mut self.shutdown {
                    shutdown.next_warning = warning_below(*remaining);
                }
            }
            ServerEvent::ShutdownCancelled { .. } => self.shutdown = None,
            ServerEvent::Stopping { .. } => self.stopping = true,
            ServerEvent::Announced { .. } | ServerEvent::Wallops { .. } => {}
        }
    }
}

impl Session {
    fn apply(&mut self, at: Uptime, event: &ConnEvent) {
        match event {
            ConnEvent::Heard => {
                self.heard_at = at;
                self.pinged_at = None;
            }
            ConnEvent::Pinged => self.pinged_at = Some(at),
            ConnEvent::CapVersion302 => self.version_302 = true,
            ConnEvent::CapsSet { caps } => self.caps = *caps,
            ConnEvent::HandedOver { account, upto } => self.handed_over = Some((account.clone(), *upto)),
            ConnEvent::Received => self.handed_over = None,
            ConnEvent::Waits { wait } => {
                self.waiting.since = at;
                self.wait = Some(Box::new(wait.clone()));
            }
            ConnEvent::WaitOver => {
                self.waiting.before = self.waited(at);
                self.wait = None;
            }
            ConnEvent::LoggedIn { account } => self.account = Some(account.clone()),
            ConnEvent::Monitored { nick } => {
                self.monitored.insert(nick.fold(), nick.clone());
            }
            ConnEvent::Unmonitored { folded } => drop(self.monitored.remove(folded)),
            ConnEvent::PasswordGiven { .. }
            | ConnEvent::NickChosen { .. }
            | ConnEvent::NickRefused { .. }
            | ConnEvent::UserGiven { .. }
            | ConnEvent::ResumeGiven(_)
            | ConnEvent::CapNegotiation { .. } => {
                if let Phase::Registering(registering) = &mut self.phase {
                    registering.apply(event);
                }
            }
            ConnEvent::Opened { .. }
            | ConnEvent::Closed { .. }
            | ConnEvent::Watched { .. }
            | ConnEvent::LoginTried { .. }
            | ConnEvent::AccountTried
            | ConnEvent::LoginTryOver { .. }
            | ConnEvent::LoginRefused { .. }
            | ConnEvent::Delayed { .. }
            | ConnEvent::LoginFailed { .. } => {}
        }
    }
}

impl Registering {
    fn apply(&mut self, event: &ConnEvent) {
        match event {
            ConnEvent::PasswordGiven { right, .. } => {
                self.password = if *right { PasswordState::Right } else { PasswordState::Wrong };
            }
            ConnEvent::NickChosen { nick } => (self.nick, self.refused) = (Some(nick.clone()), None),
            ConnEvent::NickRefused { nick } => (self.nick, self.refused) = (None, Some(nick.clone())),
            ConnEvent::UserGiven { ident, realname } => self.user = Some((ident.clone(), realname.clone())),
            ConnEvent::ResumeGiven(key) => self.resume = Some(*key),
            ConnEvent::CapNegotiation { open } => self.negotiating = *open,
            _ => {}
        }
    }
}

fn unwatch(
    watchers: &mut BTreeMap<chat_proto::name::Folded, BTreeSet<ConnId>>,
    folded: &chat_proto::name::Folded,
    conn: ConnId,
) {
    if let Some(conns) = watchers.get_mut(folded) {
        conns.remove(&conn);
        if conns.is_empty() {
            watchers.remove(folded);
        }
    }
}

fn recount(count: &mut usize, before: UserModes, after: UserModes, mode: UserModes) {
    match (before.contains(mode), after.contains(mode)) {
        (false, true) => *count += 1,
        (true, false) => *count -= 1,
        _ => {}
    }
}

fn warning_below(remaining: u64) -> u64 {
    SHUTDOWN_WARNINGS.into_iter().find(|&warning| warning < remaining).unwrap_or(0)
}

//! Whether a user can be reached: the one truth that every answer and every notice about it tells.

use std::borrow::Cow;

use chat_proto::caps::Caps;
use chat_proto::name::Nick;
use serde::{Deserialize, Serialize};

use crate::id::{ConnId, UserId};
use crate::policy::Policy;
use crate::time::{Now, Timestamp, Uptime};

use super::{State, User};

/// Not to be reached, as the user says or as its silence does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    pub text: Box<str>,
    /// Nobody said it: nothing was done by hand for so long. It ends with whatever the user does next.
    pub auto: bool,
}

/// What others see of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence<'a> {
    pub status: Status<'a>,
    /// When that began, by the clock as it is set now.
    pub since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status<'a> {
    Available,
    /// As the user says, with its text.
    Away(&'a str),
    /// Away without having said so.
    Idle,
    /// In a conversation with that user.
    Busy(&'a Nick),
}

impl State {
    /// Changes what a user's idleness hangs on, and when to look at it.
    pub(super) fn change_presence(&mut self, id: UserId, change: impl FnOnce(&mut User)) {
        let Some(user) = self.users.get_mut(id) else { return };
        if let Some(due) = user.idle_due(&self.policy.presence) {
            self.idle_deadlines.remove(&(due, id));
        }
        change(user);
        if let Some(due) = user.idle_due(&self.policy.presence) {
            self.idle_deadlines.insert((due, id));
        }
    }

    pub(super) fn say_away(&mut self, id: UserId, conn: ConnId, text: Option<&str>) {
        let Some(user) = self.users.get_mut(id) else { return };
        user.said_away.retain(|(session, _)| *session != conn);
        user.said_away.extend(text.map(|text| (conn, text.into())));
    }

    /// What the sessions say together: away if all of them said so, with the text said last. Sessions of programs don't
    /// count beside those of people.
    pub fn away_said(&self, user: &User) -> Option<Away> {
        let is_program = |conn: &ConnId| {
            self.sessions.get(*conn).is_some_and(|session| session.caps.contains(Caps::NO_AUTO_JOIN))
        };
        let only_programs = user.sessions.iter().all(is_program);
        let counts = |conn: &ConnId| only_programs || !is_program(conn);
        let has_said = |conn: &ConnId| user.said_away.iter().any(|(session, _)| session == conn);
        if !user.sessions.iter().filter(|conn| counts(conn)).all(has_said) {
            return None;
        }
        let last = user.said_away.iter().rfind(|(conn, _)| counts(conn))?;
        Some(Away { text: last.1.clone(), auto: false })
    }

    /// Returns what a user's sessions say together, if that has changed with the sessions that there are. Silence goes on.
    pub fn away_changed(&self, id: UserId) -> Option<Option<Away>> {
        let user = self.user(id)?;
        let away = self.away_said(user);
        let is_silence = away.is_none() && user.away.as_ref().is_some_and(|away| away.auto);
        (user.away != away && !is_silence).then_some(away)
    }

    /// Behind a conversation it isn't seen.
    pub(super) fn set_away(&mut self, at: Uptime, id: UserId, away: Option<Away>) {
        self.change_presence(id, |user| {
            user.away = away;
            if user.talk.is_none() {
                user.presence_since = at;
            }
        });
    }

    pub(super) fn set_policy(&mut self, policy: &Policy) {
        let is_other = self.policy.presence != policy.presence;
        self.policy = policy.clone();
        if is_other {
            let dues =
                self.users.iter().filter_map(|(id, user)| Some((user.idle_due(&policy.presence)?, id)));
            self.idle_deadlines = dues.collect();
        }
    }

    pub fn presence<'a>(&'a self, user: &'a User, now: Now) -> Presence<'a> {
        Presence { status: self.status(user), since: now.wall_at(user.presence_since) }
    }

    pub fn status<'a>(&'a self, user: &'a User) -> Status<'a> {
        match (self.partner(user), &user.away) {
            (Some(partner), _) => Status::Busy(&partner.nick),
            (None, None) => Status::Available,
            (None, Some(away)) if away.auto => Status::Idle,
            (None, Some(away)) => Status::Away(&away.text),
        }
    }
}

impl Away {
    /// What the silent are away with.
    pub const IDLE: &str = "idle";

    pub fn idle() -> Self {
        Self { text: Self::IDLE.into(), auto: true }
    }
}

impl<'a> Status<'a> {
    /// In one word, the same on every socket.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Away(_) => "away",
            Self::Idle => "idle",
            Self::Busy(_) => "busy",
        }
    }

    pub fn is_here(&self) -> bool {
        *self == Self::Available
    }

    /// What those are told as an away text who know nothing finer; `None` for who is available.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Available => None,
            Self::Away(text) => Some((*text).into()),
            Self::Idle => Some(Away::IDLE.into()),
            Self::Busy(partner) => Some(format!("talking with {partner}").into()),
        }
    }
}

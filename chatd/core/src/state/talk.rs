//! Conversations: who asks whom, and who talks with whom.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::{Event, Talk, TalkDeed};
use crate::id::{ConnId, UserId};
use crate::reply::shortened;
use crate::time::Uptime;

use super::{State, User};

/// Bytes of the reason for the end of a conversation: what both are told of it is within a line's limit.
const REASON_MAX: usize = 200;
const LEFT: &str = "left the chat";
const SESSION_GONE: &str = "the session has ended";

/// A user's part of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talking {
    pub with: UserId,
    /// Milliseconds since the Unix epoch.
    pub since: Uptime,
    /// The session that it is led in; when that is gone, the conversation is over.
    pub at: ConnId,
}

/// Somebody asks somebody for a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkRequest {
    pub from: UserId,
    pub to: UserId,
    /// The session that asks; when that is gone, so is the request.
    pub conn: ConnId,
    /// Times are in milliseconds since the Unix epoch.
    pub since: Uptime,
    /// When it has waited long enough.
    pub due: Uptime,
}

/// The requests that wait, found by either side and by time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkRequests {
    /// By who asks; no list is empty.
    by_asker: BTreeMap<UserId, Vec<TalkRequest>>,
    /// Who asks, by who is asked; no list is empty.
    by_asked: BTreeMap<UserId, Vec<UserId>>,
    due: BTreeSet<(Uptime, UserId, UserId)>,
}

impl TalkRequests {
    pub fn get(&self, from: UserId, to: UserId) -> Option<&TalkRequest> {
        self.from(from).iter().find(|request| request.to == to)
    }

    /// Those of one who asks, the oldest first.
    pub fn from(&self, from: UserId) -> &[TalkRequest] {
        self.by_asker.get(&from).map_or(&[], Vec::as_slice)
    }

    /// Those to one who is asked, the oldest first.
    pub fn to(&self, to: UserId) -> impl Iterator<Item = &TalkRequest> {
        self.by_asked.get(&to).into_iter().flatten().filter_map(move |from| self.get(*from, to))
    }

    /// Those that have waited long enough.
    pub fn due(&self, now: Uptime) -> impl Iterator<Item = &TalkRequest> {
        let due = self.due.iter().take_while(move |(due, ..)| *due <= now);
        due.filter_map(|(_, from, to)| self.get(*from, *to))
    }

    pub fn iter(&self) -> impl Iterator<Item = &TalkRequest> {
        self.by_asker.values().flatten()
    }

    fn insert(&mut self, request: TalkRequest) {
        let TalkRequest { from, to, due, .. } = request;
        self.remove(from, to);
        self.by_asker.entry(from).or_default().push(request);
        self.by_asked.entry(to).or_default().push(from);
        self.due.insert((due, from, to));
    }

    fn remove(&mut self, from: UserId, to: UserId) {
        let Some(due) = self.get(from, to).map(|request| request.due) else { return };
        self.due.remove(&(due, from, to));
        remove_from(&mut self.by_asker, from, |request| request.to == to);
        remove_from(&mut self.by_asked, to, |asker| *asker == from);
    }
}

fn remove_from<T>(lists: &mut BTreeMap<UserId, Vec<T>>, key: UserId, is_it: impl Fn(&T) -> bool) {
    if let Some(list) = lists.get_mut(&key) {
        list.retain(|entry| !is_it(entry));
        if list.is_empty() {
            lists.remove(&key);
        }
    }
}

impl State {
    /// Whom a user talks with.
    pub fn partner(&self, user: &User) -> Option<&User> {
        self.user(user.talk?.with)
    }

    /// Whom a user talks with, asks, or is asked by.
    pub fn concerned_by_talks(&self, id: UserId) -> impl Iterator<Item = UserId> {
        let partner = self.user(id).and_then(|user| user.talk).map(|talk| talk.with);
        let asked = self.talk_requests.from(id).iter().map(|request| request.to);
        let asking = self.talk_requests.to(id).map(|request| request.from);
        partner.into_iter().chain(asked).chain(asking)
    }

    /// What the end of a session means for conversations: those led in it end, and so do requests made in it. When it is its
    /// user's last one, requests to the user are declined. `reason` is what others are told.
    pub fn talks_ended_with(&self, conn: ConnId, reason: &str) -> Vec<Event> {
        let Some((id, user)) = self.user_of(conn) else { return Vec::new() };
        let leaves = user.sessions.len() <= 1;
        let gone = || Some(if leaves { LEFT } else { SESSION_GONE }.into());
        let ended = user.talk.filter(|talk| talk.at == conn).into_iter().map(|talk| {
            let reason = Some(shortened(reason, REASON_MAX).into());
            (talk.with, TalkDeed::Ended { reason })
        });
        let made_here = self.talk_requests.from(id).iter().filter(|request| request.conn == conn);
        let cancelled = made_here.map(|request| (request.to, TalkDeed::Cancelled { reason: gone() }));
        let declined = self.talk_requests.to(id).filter(|_| leaves);
        let declined = declined.map(|request| (request.from, TalkDeed::Declined { reason: gone() }));
        let deeds = ended.chain(cancelled).chain(declined);
        deeds.filter_map(|(other, deed)| self.talk_event(id, other, deed)).collect()
    }

    /// The fact that `by` does something about a conversation with `with`.
    pub fn talk_event(&self, by: UserId, with: UserId, deed: TalkDeed) -> Option<Event> {
        Some(Event::Talk(Box::new(self.talk_deed(by, with, deed)?)))
    }

    /// As [`State::talk_event`], to be told again.
    pub fn talk_deed(&self, by: UserId, with: UserId, deed: TalkDeed) -> Option<Talk> {
        let byline = self.user(by)?.byline();
        Some(Talk { by: self.who(by)?, byline, with: self.who(with)?, deed })
    }

    pub(super) fn apply_talk(&mut self, at: Uptime, talk: &Talk) {
        let (by, with) = (talk.by.user, talk.with.user);
        match &talk.deed {
            TalkDeed::Requested { conn, due } => {
                self.talk_requests.insert(TalkRequest {
                    from: by,
                    to: with,
                    conn: *conn,
                    since: at,
                    due: *due,
                });
            }
            TalkDeed::Accepted { conn, asked_in } => {
                self.talk_requests.remove(with, by);
                self.set_talking(at, by, Some(Talking { with, since: at, at: *conn }));
                self.set_talking(at, with, Some(Talking { with: by, since: at, at: *asked_in }));
            }
            TalkDeed::Declined { .. } => self.talk_requests.remove(with, by),
            TalkDeed::Cancelled { .. } | TalkDeed::TimedOut => self.talk_requests.remove(by, with),
            TalkDeed::Moved { conn } => {
                if let Some(talk) = self.users.get_mut(by).and_then(|user| user.talk.as_mut()) {
                    talk.at = *conn;
                }
            }
            TalkDeed::Ended { .. } => {
                self.set_talking(at, by, None);
                self.set_talking(at, with, None);
            }
        }
    }

    fn set_talking(&mut self, at: Uptime, user: UserId, talking: Option<Talking>) {
        self.change_presence(user, |user| {
            user.talk = talking;
            user.presence_since = at;
        });
    }
}

//! Which of the core's facts a watcher is shown, and how.

use chat_proto::admin::{Event, EventKind};
use chatd_core::{
    AccountEvent, Administrator, BanEvent, ChannelEvent, ConnEvent, Now, Registrar, Room, ServerEvent,
    TalkDeed, UserEvent, Who,
};

/// The watcher's view of a fact that happened at that time. `None` for what is
/// said between users, which is nobody else's business, and for what only the core cares about.
pub(crate) fn observe(now: Now, event: &chatd_core::Event) -> Option<Event> {
    let at = now.wall.0;
    let seen = match event {
        chatd_core::Event::User(who, event) => Event { user: nick(who), ..user(event, at)? },
        chatd_core::Event::Channel(room, event) => Event { channel: name(room), ..channel(event, at)? },
        chatd_core::Event::Server(event) => server(event, now)?,
        chatd_core::Event::Conn(_, ConnEvent::PasswordGiven { from, right: false }) => {
            Event { from: Some((&**from).into()), ..Event::new(at, EventKind::LoginFailed) }
        }
        chatd_core::Event::Conn(_, ConnEvent::LoginFailed { from, name, .. }) => Event {
            account: Some(name.to_string()),
            from: Some((&**from).into()),
            ..Event::new(at, EventKind::LoginFailed)
        },
        chatd_core::Event::Account(name, event) => {
            Event { account: Some(name.to_string()), ..account(event, at)? }
        }
        chatd_core::Event::Ban(event) => ban(event, at),
        chatd_core::Event::Talk(talk) => {
            Event { user: nick(&talk.by), to: nick(&talk.with), ..conversation(&talk.deed, at)? }
        }
        chatd_core::Event::Conn(..)
        | chatd_core::Event::Said(_)
        | chatd_core::Event::Redacted(_)
        | chatd_core::Event::Read(_) => return None,
    };
    Some(seen)
}

fn user(event: &UserEvent, at: u64) -> Option<Event> {
    let new = |kind| Event::new(at, kind);
    let seen = match event {
        UserEvent::Arrived { account, from, .. } => Event {
            account: account.as_ref().map(ToString::to_string),
            from: Some((&**from).into()),
            ..new(EventKind::Connected)
        },
        UserEvent::SessionAdded { from, .. } => Event {
            text: Some("a further session".into()),
            from: Some((&**from).into()),
            ..new(EventKind::Connected)
        },
        UserEvent::SessionRemoved { .. } => {
            Event { text: Some("one of several sessions".into()), ..new(EventKind::Disconnected) }
        }
        UserEvent::Left { reason, .. } => Event { text: owned(reason), ..new(EventKind::Disconnected) },
        UserEvent::NickChanged { nick, .. } => Event { to: Some(nick.to_string()), ..new(EventKind::Nick) },
        UserEvent::AwaySet { away: Some(away) } if !away.auto => {
            Event { text: owned(&away.text), ..new(EventKind::Away) }
        }
        UserEvent::AwaySet { away: None } => new(EventKind::Back),
        UserEvent::BecameOperator { name, .. } => {
            Event { text: Some(format!("operator {name}")), ..new(EventKind::Mode) }
        }
        UserEvent::OperatorRefused { from, name } => Event {
            text: Some(name.as_ref().map_or("no such operator".into(), |name| format!("operator {name}"))),
            from: Some((&**from).into()),
            ..new(EventKind::LoginFailed)
        },
        UserEvent::Kicked { by, uid, reason } => {
            Event { by: Some(by.to_string()), uid: *uid, text: owned(reason), ..new(EventKind::Kicked) }
        }
        UserEvent::AccountChanged { account } => {
            Event { account: account.as_ref().map(ToString::to_string), ..new(EventKind::Account) }
        }
        // Silence is no news.
        UserEvent::Acted { .. }
        | UserEvent::AwaySaid { .. }
        | UserEvent::AwaySet { .. }
        | UserEvent::Returned
        | UserEvent::RealnameSet { .. }
        | UserEvent::ModesSet { .. } => return None,
    };
    Some(seen)
}

/// Only that there is one, and its end: who asks whom in vain is nobody else's business.
fn conversation(deed: &TalkDeed, at: u64) -> Option<Event> {
    match deed {
        TalkDeed::Accepted { .. } => Some(Event::new(at, EventKind::TalkBegan)),
        TalkDeed::Ended { reason } => {
            Some(Event { text: reason.as_deref().map(Into::into), ..Event::new(at, EventKind::TalkEnded) })
        }
        TalkDeed::Requested { .. }
        | TalkDeed::Declined { .. }
        | TalkDeed::Cancelled { .. }
        | TalkDeed::TimedOut
        | TalkDeed::Moved { .. } => None,
    }
}

fn channel(event: &ChannelEvent, at: u64) -> Option<Event> {
    let new = |kind| Event::new(at, kind);
    let seen = match event {
        ChannelEvent::Joined { who, .. } => Event { user: nick(who), ..new(EventKind::Joined) },
        ChannelEvent::Parted { who, reason, .. } => {
            Event { user: nick(who), text: reason.as_deref().map(Into::into), ..new(EventKind::Left) }
        }
        ChannelEvent::Kicked { who, by, reason, .. } => {
            Event { user: nick(who), by: nick(by), text: owned(reason), ..new(EventKind::Kicked) }
        }
        ChannelEvent::TopicSet { by, topic, .. } => {
            Event { user: nick(by), text: owned(topic), ..new(EventKind::Topic) }
        }
        ChannelEvent::ModesChanged { by, .. } => Event { user: nick(by), ..new(EventKind::Mode) },
        ChannelEvent::Invited { who, by, .. } => {
            Event { user: nick(who), by: nick(by), ..new(EventKind::Invited) }
        }
        ChannelEvent::Created { .. }
        | ChannelEvent::Opened { .. }
        | ChannelEvent::Founded { .. }
        | ChannelEvent::RankKept { .. }
        | ChannelEvent::Emptied
        | ChannelEvent::Appointed { .. }
        | ChannelEvent::Ended => return None,
    };
    Some(seen)
}

fn account(event: &AccountEvent, at: u64) -> Option<Event> {
    let by_owner = |kind| Event::new(at, kind);
    let by_any = |registrar: &Registrar, kind| match registrar {
        Registrar::Owner(from) => Event { from: Some((&**from).into()), ..by_owner(kind) },
        Registrar::Administrator(administrator) => by(at, administrator, kind),
    };
    let seen = match event {
        AccountEvent::Registered { by, .. } => by_any(by, EventKind::Registered),
        AccountEvent::PasswordSet { by, .. } => by_any(by, EventKind::PasswordSet),
        AccountEvent::CertificateAdded { fingerprint } => {
            Event { text: Some(format!("added {fingerprint}")), ..by_owner(EventKind::Certificate) }
        }
        AccountEvent::CertificateRemoved { fingerprint } => {
            Event { text: Some(format!("removed {fingerprint}")), ..by_owner(EventKind::Certificate) }
        }
        AccountEvent::Suspended { by: who, reason } => {
            Event { text: reason.as_deref().map(Into::into), ..by(at, who, EventKind::Suspended) }
        }
        AccountEvent::Resumed { by: who } => by(at, who, EventKind::Resumed),
        AccountEvent::Removed { by: who } => by(at, who, EventKind::Removed),
        AccountEvent::OwnerChanged { former_uid, uid } => Event {
            uid: Some(*uid),
            text: Some(format!("formerly uid {former_uid}")),
            ..by_owner(EventKind::OwnerChanged)
        },
        AccountEvent::Rehashed { .. } | AccountEvent::Delivered { .. } | AccountEvent::LoginBound { .. } => {
            return None;
        }
    };
    Some(seen)
}

fn ban(event: &BanEvent, at: u64) -> Event {
    match event {
        BanEvent::Set { ban, by: who } => Event {
            to: Some(ban.target.to_string()),
            text: ban.reason.as_deref().map(Into::into),
            ..by(at, who, EventKind::Banned)
        },
        BanEvent::Lifted { target, by: who } => {
            Event { to: Some(target.to_string()), ..by(at, who, EventKind::Unbanned) }
        }
        BanEvent::Expired { target } => {
            Event { to: Some(target.to_string()), ..Event::new(at, EventKind::Unbanned) }
        }
    }
}

fn by(at: u64, administrator: &Administrator, kind: EventKind) -> Event {
    Event {
        by: administrator.login.as_deref().map(Into::into),
        uid: Some(administrator.uid),
        ..Event::new(at, kind)
    }
}

fn server(event: &ServerEvent, now: Now) -> Option<Event> {
    let at = now.wall.0;
    let by = |administrator: &Administrator, kind| by(at, administrator, kind);
    let seen = match event {
        ServerEvent::Announced { by: who, text } => {
            Event { text: owned(text), ..by(who, EventKind::Announced) }
        }
        ServerEvent::ShutdownScheduled { by: who, at: due, reason } => Event {
            due: Some(now.wall_at(*due).0),
            text: reason.as_deref().map(Into::into),
            ..by(who, EventKind::ShutdownScheduled)
        },
        ServerEvent::ShutdownCancelled { by: who } => by(who, EventKind::ShutdownCancelled),
        ServerEvent::Stopping { reason } => {
            Event { text: owned(reason), ..Event::new(at, EventKind::Stopping) }
        }
        ServerEvent::PolicySet { .. } => Event::new(at, EventKind::Reloaded),
        ServerEvent::Wallops { .. } | ServerEvent::ShutdownWarned { .. } => return None,
    };
    Some(seen)
}

fn nick(who: &Who) -> Option<String> {
    Some(who.nick.to_string())
}

fn name(room: &Room) -> Option<String> {
    Some(room.name.to_string())
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use chatd_core::{Timestamp, Uptime};

    use chat_proto::name::{ChannelName, Nick};
    use chatd_core::{Byline, ChannelId, ConnId, MessageId, Place, Said, SaidKind, Talk, Target, UserId};

    use super::*;

    fn who(nick: &str) -> Who {
        Who { user: UserId { slot: 0, generation: 1 }, nick: Nick::new(nick).expect("a nick") }
    }

    fn byline() -> Byline {
        Byline { source: "alice!a@b".into(), account: None }
    }

    fn lobby() -> Room {
        Room { channel: ChannelId(1), name: ChannelName::new("#lobby").expect("a channel") }
    }

    fn at(milliseconds: u64) -> Now {
        Now { wall: Timestamp(milliseconds), ..Now::default() }
    }

    #[test]
    fn what_is_said_is_never_shown() {
        for to in [Target::User(who("bob")), Target::Channel { room: lobby(), at_least: None }] {
            let said = Said {
                id: MessageId { start: 1, number: 1 },
                from: who("alice"),
                byline: byline(),
                to,
                place: Place::Channel(ChannelId(1)),
                kind: SaidKind::Privmsg,
                text: "secret".into(),
                tags: "".into(),
                client_id: None,
                waits: None,
            };
            assert_eq!(observe(at(1), &chatd_core::Event::Said(Box::new(said))), None);
        }
    }

    #[test]
    fn of_conversations_only_the_beginning_and_the_end_are_shown() {
        let seen = |deed| {
            let talk = Talk { by: who("bob"), byline: byline(), with: who("alice"), deed };
            observe(at(7), &chatd_core::Event::Talk(Box::new(talk)))
        };
        let conn = ConnId { slot: 0, generation: 1 };
        let between =
            |kind| Event { user: Some("bob".into()), to: Some("alice".into()), ..Event::new(7, kind) };
        assert_eq!(seen(TalkDeed::Accepted { conn, asked_in: conn }), Some(between(EventKind::TalkBegan)));
        let why = Some("Quit".to_owned());
        assert_eq!(
            seen(TalkDeed::Ended { reason: Some("Quit".into()) }),
            Some(Event { text: why, ..between(EventKind::TalkEnded) })
        );
        for hidden in [
            TalkDeed::Requested { conn, due: Uptime(9) },
            TalkDeed::Declined { reason: None },
            TalkDeed::Cancelled { reason: None },
            TalkDeed::TimedOut,
            TalkDeed::Moved { conn },
        ] {
            assert_eq!(seen(hidden.clone()), None, "{hidden:?}");
        }
    }

    #[test]
    fn a_kick_from_a_channel_names_whom_where_by_whom_and_why() {
        let kicked = ChannelEvent::Kicked {
            who: who("bob"),
            by: who("alice"),
            reason: "loud".into(),
            byline: byline(),
        };
        let expected = Event {
            user: Some("bob".into()),
            by: Some("alice".into()),
            channel: Some("#lobby".into()),
            text: Some("loud".into()),
            ..Event::new(7, EventKind::Kicked)
        };
        assert_eq!(observe(at(7), &chatd_core::Event::Channel(lobby(), kicked)), Some(expected));
    }

    #[test]
    fn an_administrator_without_a_login_is_named_by_uid() {
        let by = Administrator { uid: 4711, login: None };
        let announced = ServerEvent::Announced { by, text: "hello".into() };
        let seen = observe(at(1), &chatd_core::Event::Server(announced)).expect("an event");
        assert_eq!((seen.kind, seen.by, seen.uid), (EventKind::Announced, None, Some(4711)));
    }
}

//! Who is to be shown what goes on in a channel, kept ready: a cache that can be made from the state at any time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chat_proto::caps::Caps;

use crate::event::{ChannelEvent, ConnEvent, Event, UserEvent};
use crate::id::{ChannelId, ConnId, UserId};
use crate::state::State;

use super::VISIBLE;

/// The connections of a channel's members, by capabilities.
type Classes = Vec<(Caps, Arc<Vec<ConnId>>)>;

/// The audiences of the channels that something was shown in.
#[derive(Debug, Default)]
pub struct Views {
    channels: BTreeMap<ChannelId, Classes>,
    /// Channels whose last connection was taken out. Their empty audience is kept until the event that empties them
    /// was shown: made anew before, it would have the one who leaves in it.
    emptied: Vec<ChannelId>,
}

impl Views {
    pub fn channel(&mut self, state: &State, channel: ChannelId) -> &Classes {
        self.channels.entry(channel).or_insert_with(|| classes(state, channel))
    }

    /// Takes out what `event` is about to remove.
    pub fn before(&mut self, state: &State, event: &Event) {
        match event {
            Event::Channel(room, ChannelEvent::Parted { who, .. } | ChannelEvent::Kicked { who, .. }) => {
                for conn in sessions(state, who.user) {
                    self.remove(state, room.channel, conn);
                }
            }
            Event::User(who, UserEvent::SessionRemoved { conn, .. } | UserEvent::Left { conn, .. }) => {
                for channel in channels(state, who.user) {
                    self.channel(state, channel);
                    self.remove(state, channel, *conn);
                }
            }
            Event::Conn(conn, ConnEvent::CapsSet { .. }) => {
                for channel in state.user_of(*conn).into_iter().flat_map(|(_, user)| &user.channels) {
                    self.remove(state, *channel, *conn);
                }
            }
            _ => {}
        }
    }

    /// Puts in what `event` has added.
    pub fn after(&mut self, state: &State, event: &Event) {
        match event {
            Event::Channel(room, ChannelEvent::Joined { who, .. }) => {
                for conn in sessions(state, who.user) {
                    self.add(state, room.channel, conn);
                }
            }
            Event::User(who, UserEvent::SessionAdded { conn, .. }) => {
                for channel in channels(state, who.user) {
                    self.add(state, channel, *conn);
                }
            }
            Event::Conn(conn, ConnEvent::CapsSet { .. }) => {
                for channel in state.user_of(*conn).into_iter().flat_map(|(_, user)| &user.channels) {
                    self.add(state, *channel, *conn);
                }
            }
            _ => {}
        }
        for channel in self.emptied.drain(..) {
            if self.channels.get(&channel).is_some_and(Vec::is_empty) {
                self.channels.remove(&channel);
            }
        }
    }

    fn add(&mut self, state: &State, channel: ChannelId, conn: ConnId) {
        let caps = visible_caps(state, conn);
        let Some(classes) = self.channels.get_mut(&channel) else { return };
        match classes.iter_mut().find(|(class, _)| *class == caps) {
            Some((_, conns)) => Arc::make_mut(conns).push(conn),
            None => classes.push((caps, Arc::new(vec![conn]))),
        }
    }

    fn remove(&mut self, state: &State, channel: ChannelId, conn: ConnId) {
        let caps = visible_caps(state, conn);
        let Some(classes) = self.channels.get_mut(&channel) else { return };
        if let Some((_, conns)) = classes.iter_mut().find(|(class, _)| *class == caps)
            && let Some(index) = conns.iter().position(|known| *known == conn)
        {
            Arc::make_mut(conns).swap_remove(index);
        }
        classes.retain(|(_, conns)| !conns.is_empty());
        if classes.is_empty() {
            self.emptied.push(channel);
        }
    }
}

fn classes(state: &State, channel: ChannelId) -> Classes {
    let mut classes: BTreeMap<Caps, Vec<ConnId>> = BTreeMap::new();
    for member in state.channel(channel).into_iter().flat_map(|channel| channel.members.keys()) {
        for conn in sessions(state, *member) {
            classes.entry(visible_caps(state, conn)).or_default().push(conn);
        }
    }
    classes.into_iter().map(|(caps, conns)| (caps, Arc::new(conns))).collect()
}

fn visible_caps(state: &State, conn: ConnId) -> Caps {
    state.sessions.get(conn).map_or(Caps::empty(), |session| session.caps & VISIBLE)
}

fn sessions(state: &State, user: UserId) -> impl Iterator<Item = ConnId> {
    state.user(user).into_iter().flat_map(|user| user.sessions.iter().copied())
}

fn channels(state: &State, user: UserId) -> impl Iterator<Item = ChannelId> {
    state.user(user).into_iter().flat_map(|user| user.channels.iter().copied())
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{AdminCommand, Input, Policy, RequestId};

    #[test]
    fn who_was_alone_in_the_lobby_and_left_is_shown_nothing_more() {
        let mut chat = Chat::with(Policy::default());
        let alice = chat.join("alice");
        assert_eq!(chat.say(alice, "QUIT"), ["ERROR :Closing link: Quit"]);
        let actor = crate::Actor { uid: 0, login: None };
        let command = AdminCommand::Announce { text: "anybody?".into() };
        chat.feed(Input::Admin { request: RequestId(1), actor, command: Box::new(command) });
        assert!(chat.heard(alice).is_empty());
    }
}

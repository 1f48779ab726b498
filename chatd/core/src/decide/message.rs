//! PRIVMSG, NOTICE and TAGMSG.

mod absent;
mod resend;

use chat_proto::caps::Caps;
use chat_proto::line::SERVER_TAGS_MAX;
use chat_proto::message::Message;
use chat_proto::name::Nick;
use chat_proto::numeric::{
    ERR_CANNOTSENDTOCHAN, ERR_INPUTTOOLONG, ERR_NORECIPIENT, ERR_NOTEXTTOSEND, ERR_TOOMANYTARGETS, Numeric,
};
use compact_str::CompactString;

pub use absent::looked_up;
pub use resend::client_id;

use crate::batch::OpenBatch;
use crate::event::{Event, Rank, Room, Said, SaidKind, Target};
use crate::history::{Party, Place};
use crate::mode::Flags;
use crate::service::Service;
use crate::state::{Channel, State};
use crate::text::SaidText;
use crate::tx::{Caller, Tx};

use super::check::{self, is_silenced, word};
use super::{join, presence, service, targets};

/// Room in the tags for those that the server adds: time, msgid, account, bot, label, batch.
const OWN_TAGS: usize = 512;
/// Bytes of the key of a client-only tag, without its `+`.
const TAG_KEY_MAX: usize = 64;

pub fn privmsg(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    say(tx, caller, message, SaidKind::Privmsg);
}

pub fn notice(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    say(tx, caller, message, SaidKind::Notice);
}

pub fn tagmsg(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    say(tx, caller, message, SaidKind::Tagmsg);
}

fn say(tx: &mut Tx<'_>, caller: Caller, message: &Message, kind: SaidKind) {
    let text = message.param(1).unwrap_or_default();
    let each_once = targets::without_duplicates(message.param(0).unwrap_or_default());
    let mut speech = Speech { tx, caller, kind, text, tags: String::new(), rest: "", client_id: None };
    let Some(targets) = Some(&*each_once).filter(|targets| !targets.is_empty()) else {
        return speech.error(ERR_NORECIPIENT, &format!(":No recipient given ({})", kind.command()));
    };
    if kind != SaidKind::Tagmsg && speech.text.is_empty() {
        return speech.error(ERR_NOTEXTTOSEND, ":No text to send");
    }
    speech.tags = client_tags(speech.tx, caller, message);
    if kind == SaidKind::Tagmsg && speech.tags.is_empty() {
        return;
    }
    if kind == SaidKind::Privmsg
        && let Some(service) = Service::named(targets)
    {
        return service::told(tx, caller, service, message);
    }
    if kind != SaidKind::Tagmsg {
        let Ok(client_id) = client_id(speech.tx, caller.conn, message) else { return };
        speech.client_id = client_id;
    }
    if speech.client_id.is_some() && targets.contains(',') {
        let why = format_args!(":A message with an id of its own has one target");
        return speech.tx.fail(kind.command(), "INVALID_CLIENT_ID", why);
    }
    if speech.was_said(targets) {
        return;
    }
    let most = speech.tx.state().policy.limits.targets;
    let (targets, excess) = split_at_comma(targets, most);
    if let Some(target) = excess {
        speech.error(ERR_TOOMANYTARGETS, &format!("{} :Too many targets", word(target)));
    }
    speech.say_to_all(targets);
}

/// The first `count` targets, and the next one if there is one.
fn split_at_comma(targets: &str, count: usize) -> (&str, Option<&str>) {
    match targets.match_indices(',').nth(count.saturating_sub(1)) {
        Some((at, _)) => (&targets[..at], targets[at + 1..].split(',').next()),
        None => (targets, None),
    }
}

/// Says several lines, as [`SaidText`] has them, as one message.
pub fn say_lines(tx: &mut Tx<'_>, caller: Caller, kind: SaidKind, text: &str, batch: OpenBatch) {
    let OpenBatch { target, tags, client_id, .. } = batch;
    let mut speech = Speech { tx, caller, kind, text, tags: tags.into(), rest: "", client_id };
    if !speech.was_said(&target) {
        speech.say_to(&target);
    }
}

/// The client-only tags of a message, for those clients that may send them.
pub fn client_tags(tx: &Tx<'_>, caller: Caller, message: &Message) -> String {
    let mut tags = String::new();
    let may =
        tx.state().sessions.get(caller.conn).is_some_and(|session| session.caps.contains(Caps::MESSAGE_TAGS));
    for (key, value) in message.raw_tags().filter(|(key, _)| may && is_client_tag(key)) {
        if tags.len() + key.len() + value.len() + OWN_TAGS > SERVER_TAGS_MAX {
            break;
        }
        let (separator, equals) =
            (if tags.is_empty() { "" } else { ";" }, if value.is_empty() { "" } else { "=" });
        tags.extend([separator, key, equals, value]);
    }
    tags
}

/// Whether it is the key of a client-only tag, as message-tags has it: `+name` or `+vendor/name`.
fn is_client_tag(key: &str) -> bool {
    let Some(rest) = key.strip_prefix('+').filter(|rest| rest.len() <= TAG_KEY_MAX) else { return false };
    let (vendor, name) = rest.split_once('/').map_or((None, rest), |(vendor, name)| (Some(vendor), name));
    let is_word = |word: &str, more: &[char]| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || more.contains(&c))
    };
    is_word(name, &[]) && vendor.is_none_or(|vendor| is_word(vendor, &['.']))
}

/// Something that a user says to one target after the other.
struct Speech<'t, 'a, 'm> {
    tx: &'t mut Tx<'a>,
    caller: Caller,
    kind: SaidKind,
    /// As [`SaidText`] has it.
    text: &'m str,
    tags: String,
    /// The targets that come after the one that it is said to.
    rest: &'m str,
    client_id: Option<CompactString>,
}

impl<'m> Speech<'_, '_, 'm> {
    fn say_to_all(&mut self, targets: &'m str) {
        let mut next = Some(targets).filter(|targets| !targets.is_empty());
        while let Some(targets) = next {
            let (target, rest) = targets.split_once(',').map_or((targets, None), |(a, b)| (a, Some(b)));
            self.rest = rest.unwrap_or_default();
            self.say_to(target);
            let waits =
                self.tx.state().sessions.get(self.caller.conn).is_none_or(|session| session.wait.is_some());
            next = rest.filter(|_| !waits);
            if let Some(rest) = next
                && self.tx.is_spent()
            {
                return self.postpone(rest);
            }
        }
    }
}

impl Speech<'_, '_, '_> {
    /// Says it to the other targets when the others have had their turn.
    fn postpone(&mut self, targets: &str) {
        let tags = if self.tags.is_empty() { String::new() } else { format!("@{} ", self.tags) };
        let text = if self.kind == SaidKind::Tagmsg { String::new() } else { format!(" :{}", self.text) };
        let line = format!("{tags}{} {targets}{text}", self.kind.command());
        self.tx.postpone(Message::parse(line).ok());
    }

    /// A notice is never answered, not even by an error.
    fn error(&mut self, numeric: Numeric, args: &str) {
        if self.kind != SaidKind::Notice {
            self.tx.numeric(numeric, format_args!("{args}"));
        }
    }

    fn say_to(&mut self, target: &str) {
        let (name, at_least) = match target.split_at_checked(1) {
            Some(("@", name)) if name.starts_with('#') => (name, Some(Rank::Operator)),
            Some(("+", name)) if name.starts_with('#') => (name, Some(Rank::Voice)),
            _ => (target, None),
        };
        if name.starts_with('#') { self.say_to_channel(name, at_least) } else { self.say_to_user(name) }
    }

    fn say_to_channel(&mut self, name: &str, at_least: Option<Rank>) {
        let state = self.tx.state();
        let Some((channel, room)) = state.channel_named(name) else {
            if self.kind != SaidKind::Notice {
                check::no_such_channel(self.tx, name);
            }
            return;
        };
        let name = room.name.clone();
        let (obstacle, steps) = (self.obstacle(state, room), check::mask_steps(room));
        self.tx.compared(steps);
        match obstacle {
            Some(why) => self.error(ERR_CANNOTSENDTOCHAN, &format!("{name} :Cannot send to channel ({why})")),
            None => self.emit(Target::Channel { room: Room { channel, name }, at_least }),
        }
    }

    /// What keeps the user from saying it in the channel: the letter of a mode.
    fn obstacle(&self, state: &State, channel: &Channel) -> Option<&'static str> {
        let user = state.user(self.caller.user)?;
        let ranks = channel.ranks(self.caller.user);
        // Everybody may be in the lobby; not to come in for a word is no more than that.
        let from_outside = channel.lobby && join::is_on_errand(state, self.caller.conn);
        if ranks.is_none() && channel.flags.contains(Flags::NO_EXTERNAL) && !from_outside {
            return Some("+n");
        }
        if channel.flags.contains(Flags::NO_CTCP) && self.is_ctcp() {
            return Some("+C");
        }
        if ranks.is_some_and(|ranks| !ranks.is_empty()) || check::rules(state, self.caller.user, channel) {
            return None;
        }
        if channel.flags.contains(Flags::MODERATED) {
            return Some("+m");
        }
        is_silenced(channel, user).then_some("+b")
    }

    /// A client-to-client request other than ACTION, which is how people say `/me`, in any of the lines.
    fn is_ctcp(&self) -> bool {
        SaidText::from(self.text).lines().any(|line| {
            line.text.strip_prefix('\x01').is_some_and(|request| {
                !request.split([' ', '\x01']).next().is_some_and(|word| word.eq_ignore_ascii_case("ACTION"))
            })
        })
    }

    fn say_to_user(&mut self, name: &str) {
        let state = self.tx.state();
        let Some(who) = state.user_id(name).and_then(|id| state.who(id)) else {
            return self.say_to_absent(name);
        };
        let id = who.user;
        self.emit(Target::User(who));
        if self.kind == SaidKind::Privmsg {
            presence::tell(self.tx, self.caller, id);
        }
    }

    fn emit(&mut self, to: Target) {
        let target = match &to {
            Target::Channel { room, .. } => room.name.as_str().len() + 1,
            Target::User(who) => who.nick.as_str().len(),
            Target::Absent(account) => account.as_str().len(),
        };
        let text = SaidText::from(self.text);
        let longest = text.lines().map(|line| line.text.len()).max().unwrap_or_default();
        let rest = self.kind.command().len() + target + longest + "  :".len();
        if !check::source_fits(self.tx.state(), self.caller.user, rest) {
            return self.error(ERR_INPUTTOOLONG, ":Input line was too long");
        }
        let state = self.tx.state();
        let Some(place) = self.place(&to) else { return };
        let waits = waits_for(state, &to)
            .filter(|account| absent::room_for(state, self.caller.user, account).is_ok());
        let said = Said {
            id: state.next_message(),
            from: self.caller.who(state),
            byline: self.caller.byline(state),
            to,
            place,
            kind: self.kind,
            text,
            tags: self.tags.as_str().into(),
            client_id: self.client_id.clone(),
            waits,
        };
        self.tx.emit(Event::Said(Box::new(said)));
    }

    fn place(&self, to: &Target) -> Option<Place> {
        let state = self.tx.state();
        Some(match to {
            Target::Channel { room, .. } => Place::Channel(room.channel),
            Target::User(who) => {
                Place::pair(state.user(self.caller.user)?.party(), state.user(who.user)?.party())
            }
            Target::Absent(account) => {
                Place::pair(state.user(self.caller.user)?.party(), Party::Account(account.fold()))
            }
        })
    }
}

/// The account that is shown a message when it returns: one that isn't here, or here for an errand only.
fn waits_for(state: &State, to: &Target) -> Option<Nick> {
    match to {
        Target::Absent(account) => Some(account.clone()),
        Target::User(who) => {
            let user = state.user(who.user)?;
            let for_errands = user.sessions.iter().all(|conn| join::is_on_errand(state, *conn));
            user.account.clone().filter(|_| for_errands)
        }
        Target::Channel { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn client_tags_have_the_keys_that_tags_have() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        for conn in [alice, bob] {
            chat.say(conn, "CAP REQ message-tags");
        }
        let long = "x".repeat(65);
        let tags = format!("+draft/reply=1;+a.b/c-d=2;+e;+{long};+f!;+/g;+h/;+;+i/j/k;+\u{e9}=3");
        chat.say(alice, &format!("@{tags} PRIVMSG bob :hello"));
        let heard = chat.heard(bob);
        assert!(heard[0].contains("+draft/reply=1;+a.b/c-d=2;+e "), "{heard:?}");
        assert_eq!(heard[0].matches('+').count(), 3, "{heard:?}");
    }

    #[test]
    fn an_overlong_label_is_not_echoed() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        chat.say(alice, "CAP REQ :batch labeled-response");
        assert!(chat.say(alice, &format!("@label={} PING x", "l".repeat(64)))[0].starts_with("@label="));
        assert_eq!(
            chat.say(alice, &format!("@label={} PING x", "l".repeat(65))),
            [":chat.local PONG chat.local :x"]
        );
    }
}

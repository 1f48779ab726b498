//! MODE for channels; for users see `user_mode`.

use chat_proto::message::Message;
use chat_proto::name::{Folded, Nick};
use chat_proto::numeric::{
    ERR_BANLISTFULL, ERR_CHANOPRIVSNEEDED, ERR_INVALIDMODEPARAM, ERR_NEEDMOREPARAMS, ERR_NOSUCHNICK,
    ERR_NOTONCHANNEL, ERR_UNKNOWNMODE, ERR_USERNOTINCHANNEL, Numeric, RPL_BANLIST, RPL_CHANNELMODEIS,
    RPL_CREATIONTIME, RPL_ENDOFBANLIST, RPL_ENDOFEXCEPTLIST, RPL_ENDOFINVEXLIST, RPL_EXCEPTLIST,
    RPL_INVEXLIST,
};
use compact_str::CompactString;

use crate::event::{ChannelEvent, Event, Rank, Room};
use crate::mask;
use crate::mode::{EXTBAN_ACCOUNT, EXTBAN_MUTE, Flags, ListKind, ModeChange};
use crate::state::Channel;
use crate::tx::{Caller, Tx};

use super::check::{self, word};
use super::{standing, user_mode};

/// Bytes of a mask in a list.
const MASK_MAX: usize = 200;

pub fn mode(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let target = message.param(0).unwrap_or_default();
    if !target.starts_with('#') {
        return user_mode::mode(tx, caller, target, message.param(1));
    }
    let Some((channel, found)) = check::visible_channel(tx, caller.user, target) else { return };
    let room = Room { channel, name: found.name.clone() };
    match message.param(1) {
        None => show(tx, caller, &room),
        Some(modes) => {
            let params = message.params().skip(2).map(str::to_owned).collect::<Vec<_>>();
            let mut changes =
                Changes { tx, caller, room, made: Vec::new(), listed: Vec::new(), refused: false };
            changes.take(modes, params.into_iter());
            changes.flush();
        }
    }
}

fn show(tx: &mut Tx<'_>, caller: Caller, room: &Room) {
    let (state, mut to) = tx.responder();
    let Some(channel) = state.channel(room.channel) else { return };
    let modes = channel.modes(channel.members.contains_key(&caller.user));
    to.numeric(RPL_CHANNELMODEIS, format_args!("{} +{modes}", room.name));
    to.numeric(RPL_CREATIONTIME, format_args!("{} {}", room.name, channel.created_at / 1000));
}

/// The changes of one MODE command, each checked against what the ones before it made of the channel.
struct Changes<'t, 'a> {
    tx: &'t mut Tx<'a>,
    caller: Caller,
    room: Room,
    made: Vec<ModeChange>,
    /// Lists that were shown; each is shown once, however often it is asked for.
    listed: Vec<ListKind>,
    /// It was said that the caller may not; once is enough.
    refused: bool,
}

impl Changes<'_, '_> {
    fn take(&mut self, modes: &str, params: impl Iterator<Item = String>) {
        let (mut on, mut params) = (true, params.peekable());
        for letter in modes.chars() {
            match letter {
                '+' => on = true,
                '-' => on = false,
                'o' => self.rank(on, Rank::Operator, params.next()),
                'v' => self.rank(on, Rank::Voice, params.next()),
                'k' => self.key(on, params.next()),
                'l' => self.limit(on, params.next_if(|_| on).as_deref()),
                letter => {
                    if let Some(list) = ListKind::from_letter(letter) {
                        self.mask(on, list, params.next());
                    } else if let Some(flag) = Flags::from_letter(letter) {
                        self.flag(on, flag);
                    } else {
                        let letter = letter.escape_default();
                        self.error(ERR_UNKNOWNMODE, &format!("{letter} :is unknown mode char to me"));
                    }
                }
            }
        }
    }

    fn flag(&mut self, on: bool, flag: Flags) {
        let made = self.last_made(|made| matches!(made, ModeChange::Flag { flag: f, .. } if *f == flag));
        let channel = || self.tx.state().channel(self.room.channel);
        let is_on = made
            .map_or_else(|| channel().is_some_and(|channel| channel.flags.contains(flag)), ModeChange::is_on);
        if self.may() && is_on != on {
            self.make(ModeChange::Flag { on, flag });
        }
    }

    fn rank(&mut self, on: bool, rank: Rank, nick: Option<String>) {
        let Some(nick) = nick.filter(|nick| !nick.is_empty()) else { return self.needs_param() };
        if !self.may() {
            return;
        }
        if !on && self.is_away(&nick) {
            return self.take_from_afar(rank, &nick);
        }
        let Some((user, found)) = self.tx.state().user_named(&nick) else {
            return self.error(ERR_NOSUCHNICK, &format!("{} :No such nick", word(&nick)));
        };
        let nick = found.nick.clone();
        let Some(ranks) = self.tx.state().channel(self.room.channel).and_then(|channel| channel.ranks(user))
        else {
            let name = &self.room.name;
            return self.error(ERR_USERNOTINCHANNEL, &format!("{nick} {name} :They aren't on that channel"));
        };
        let flag = rank.flag();
        let made = self.last_made(
            |made| matches!(made, ModeChange::Rank { rank: r, user: u, .. } if *r == rank && *u == user),
        );
        if made.map_or(ranks.contains(flag), ModeChange::is_on) != on {
            self.make(ModeChange::Rank { on, rank, user, nick });
        }
    }

    /// Whether the channel remembers an account of that name, and no user of that name is there.
    fn is_away(&self, name: &str) -> bool {
        let state = self.tx.state();
        let Some(channel) = state.channel(self.room.channel) else { return false };
        let is_here = state.user_id(name).is_some_and(|user| channel.members.contains_key(&user));
        !is_here && channel.standing.contains_key(&Folded::new(name))
    }

    fn take_from_afar(&mut self, rank: Rank, name: &str) {
        self.flush();
        let Ok(account) = name.parse::<Nick>() else { return };
        standing::take(self.tx, &self.room, &account, rank.flag());
        let what = match rank {
            Rank::Operator => "is no operator",
            Rank::Voice => "has no voice",
        };
        let room = &self.room.name;
        let note = format!("NOTE MODE NOT_HERE {room} {account} :{account} {what} any more on coming back");
        self.tx.responder().1.server_line(format_args!("{note}"));
    }

    fn key(&mut self, on: bool, key: Option<String>) {
        if !self.may() {
            return;
        }
        let set = match self.last_made(|made| matches!(made, ModeChange::Key(_))) {
            Some(ModeChange::Key(key)) => key.clone(),
            _ => self.tx.state().channel(self.room.channel).and_then(|channel| channel.key.clone()),
        };
        match (on, key) {
            (true, None) => self.needs_param(),
            (true, Some(key)) if !self.is_fit_for_key(&key) => {
                let (name, max) = (self.room.name.clone(), self.tx.state().policy.limits.key_length);
                let why =
                    format!("{name} k * :A key has 1 to {max} visible ASCII characters without a comma");
                self.error(ERR_INVALIDMODEPARAM, &why);
            }
            (true, Some(key)) if set.as_deref() == Some(&*key) => {}
            (true, Some(key)) => self.make(ModeChange::Key(Some(key.into()))),
            (false, _) if set.is_some() => self.make(ModeChange::Key(None)),
            (false, _) => {}
        }
    }

    fn is_fit_for_key(&self, key: &str) -> bool {
        let length = 1..=self.tx.state().policy.limits.key_length;
        length.contains(&key.len())
            && !key.starts_with(':')
            && key.bytes().all(|b| b.is_ascii_graphic() && b != b',')
    }

    fn limit(&mut self, on: bool, limit: Option<&str>) {
        if !self.may() {
            return;
        }
        let set = match self.last_made(|made| matches!(made, ModeChange::Limit(_))) {
            Some(ModeChange::Limit(limit)) => *limit,
            _ => self.tx.state().channel(self.room.channel).and_then(|channel| channel.limit),
        };
        match (on, limit.map(|limit| (limit, limit.parse::<u32>()))) {
            (true, None) => self.needs_param(),
            (true, Some((_, Ok(limit)))) if limit > 0 => {
                if set != Some(limit) {
                    self.make(ModeChange::Limit(Some(limit)));
                }
            }
            (true, Some((text, _))) => {
                let why = format!("{} l {} :A limit is a number above zero", self.room.name, word(text));
                self.error(ERR_INVALIDMODEPARAM, &why);
            }
            (false, _) if set.is_some() => self.make(ModeChange::Limit(None)),
            (false, _) => {}
        }
    }

    fn mask(&mut self, on: bool, list: ListKind, mask: Option<String>) {
        let Some(mask) = mask.filter(|mask| !mask.is_empty()) else { return self.show_list(list) };
        if !self.may() {
            return;
        }
        if mask.len() > MASK_MAX || mask.contains(' ') || mask.starts_with(':') {
            let why = format!("{} {} * :That is no mask", self.room.name, list.letter());
            return self.error(ERR_INVALIDMODEPARAM, &why);
        }
        let mask: CompactString = match mask.strip_prefix(EXTBAN_MUTE) {
            Some(mask) => format!("{EXTBAN_MUTE}{}", completed(mask)).into(),
            None => completed(&mask).into(),
        };
        let set = self.is_listed(list, &mask);
        if on && !set && self.entries() >= self.tx.state().policy.limits.list_entries {
            let why = format!("{} {} :Channel list is full", self.room.name, list.letter());
            return self.error(ERR_BANLISTFULL, &why);
        }
        if set != on {
            self.make(ModeChange::Mask { on, list, mask });
        }
    }

    fn is_listed(&self, list: ListKind, mask: &str) -> bool {
        let same = |made: &ModeChange| matches!(made, ModeChange::Mask { list: l, mask: m, .. } if *l == list && m.eq_ignore_ascii_case(mask));
        let channel = || self.tx.state().channel(self.room.channel);
        let stands =
            |channel: &Channel| channel.list(list).iter().any(|entry| entry.mask.eq_ignore_ascii_case(mask));
        self.last_made(same).map_or_else(|| channel().is_some_and(stands), ModeChange::is_on)
    }

    /// Entries of all the lists, with what was made of them.
    fn entries(&self) -> usize {
        let Some(channel) = self.tx.state().channel(self.room.channel) else { return 0 };
        let before = channel.bans.len() + channel.exceptions.len() + channel.invite_exceptions.len();
        let masks = self.made.iter().filter(|made| matches!(made, ModeChange::Mask { .. }));
        let (added, removed): (Vec<_>, Vec<_>) = masks.partition(|made| made.is_on());
        (before + added.len()).saturating_sub(removed.len())
    }

    /// The last change of its kind that was made and isn't yet in the state.
    fn last_made(&self, same: impl Fn(&ModeChange) -> bool) -> Option<&ModeChange> {
        self.made.iter().rev().find(|made| same(made))
    }

    fn show_list(&mut self, list: ListKind) {
        self.flush();
        if self.listed.contains(&list) {
            return;
        }
        self.listed.push(list);
        let (item, end, what) = match list {
            ListKind::Ban => (RPL_BANLIST, RPL_ENDOFBANLIST, "ban"),
            ListKind::Exception => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST, "exception"),
            ListKind::InviteException => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST, "invite exception"),
        };
        let name = &self.room.name;
        let (state, mut to) = self.tx.responder();
        let Some(channel) = state.channel(self.room.channel) else { return };
        for entry in channel.list(list) {
            to.numeric(item, format_args!("{name} {} {} {}", entry.mask, entry.by, entry.at / 1000));
        }
        to.numeric(end, format_args!("{name} :End of channel {what} list"));
    }

    /// Whether the caller may change the channel; says once if not.
    fn may(&mut self) -> bool {
        let state = self.tx.state();
        let Some(channel) = state.channel(self.room.channel) else { return false };
        if check::rules(state, self.caller.user, channel) {
            return true;
        }
        let inside = channel.members.contains_key(&self.caller.user);
        if !std::mem::replace(&mut self.refused, true) {
            let name = self.room.name.clone();
            if inside {
                self.error(ERR_CHANOPRIVSNEEDED, &format!("{name} :You're not channel operator"));
            } else {
                self.error(ERR_NOTONCHANNEL, &format!("{name} :You're not on that channel"));
            }
        }
        false
    }

    fn needs_param(&mut self) {
        self.error(ERR_NEEDMOREPARAMS, "MODE :Not enough parameters");
    }

    /// Errors come after the changes that were made before them.
    fn error(&mut self, numeric: Numeric, args: &str) {
        self.flush();
        self.tx.numeric(numeric, format_args!("{args}"));
    }

    fn make(&mut self, change: ModeChange) {
        let repeats =
            self.made.iter().any(|made| made.letter() == change.letter() && made.param() == change.param());
        if repeats || !self.line_has_room_for(&change) {
            self.flush();
        }
        self.made.push(change);
    }

    fn line_has_room_for(&self, change: &ModeChange) -> bool {
        let width = |change: &ModeChange| 2 + change.param().map_or(0, |param| 1 + param.len());
        let written = self.made.iter().chain([change]).map(width).sum::<usize>();
        let rest = "MODE  ".len() + self.room.name.as_str().len() + written;
        check::source_fits(self.tx.state(), self.caller.user, rest)
    }

    fn flush(&mut self) {
        let changes = std::mem::take(&mut self.made);
        if !changes.is_empty() {
            let (by, byline) = (self.caller.who(self.tx.state()), self.caller.byline(self.tx.state()));
            let event = ChannelEvent::ModesChanged { by, changes: changes.clone(), byline };
            self.tx.emit(Event::Channel(self.room.clone(), event));
            standing::changed(self.tx, &self.room, &changes);
        }
    }
}

/// That of an account stays as it is.
fn completed(mask: &str) -> String {
    if mask.starts_with(EXTBAN_ACCOUNT) { mask.to_owned() } else { mask::complete(mask) }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{ConnId, Origin, Peer, Policy};

    fn operator(policy: Policy) -> (Chat, ConnId) {
        let mut chat = Chat::with(policy);
        let alice = chat.join("alice");
        chat.say(alice, "JOIN #room");
        (chat, alice)
    }

    #[test]
    fn a_change_counts_for_those_behind_it_in_the_line() {
        let (mut chat, alice) = operator(Policy::default());
        for (modes, then) in [
            ("+i-i", "+nt"),
            ("+k-k key", "+nt"),
            ("+l-l+l 3 4", "+ntl 4"),
            ("-l+m-m+m", "+mnt"),
            ("+b-b a a", "+mnt"),
        ] {
            chat.say(alice, &format!("MODE #room {modes}"));
            let shown = chat.say(alice, "MODE #room");
            assert_eq!(shown[0], format!(":chat.local 324 alice #room {then}"), "{modes}");
        }
        assert_eq!(chat.say(alice, "MODE #room b").len(), 1);
        chat.say(alice, "MODE #room +v-v alice alice");
        assert_eq!(chat.say(alice, "NAMES #room")[0], ":chat.local 353 alice = #room :@alice");
    }

    #[test]
    fn the_lists_are_never_longer_than_the_limit() {
        let mut policy = Policy::default();
        policy.limits.list_entries = 3;
        let (mut chat, alice) = operator(policy);
        let answer = chat.say(alice, "MODE #room +bbe-b+II a b c a d e");
        assert!(answer.iter().any(|line| line.contains(" 478 ")), "{answer:?}");
        let lists = ["b", "e", "I"].map(|list| chat.say(alice, &format!("MODE #room {list}")).len() - 1);
        assert_eq!(lists, [1, 1, 1]);
    }

    #[test]
    fn a_list_is_shown_once_however_often_it_is_asked_for() {
        let (mut chat, alice) = operator(Policy::default());
        chat.say(alice, "MODE #room +b mallory");
        assert_eq!(chat.say(alice, &format!("MODE #room {}", "b".repeat(400))).len(), 2);
    }

    #[test]
    fn a_ban_of_an_account_fits_whoever_is_logged_in_to_it() {
        let mut policy = Policy { nick_equals_account: false, ..Policy::default() };
        policy.lobby.auto_join = false;
        let mut chat = Chat::with(policy);
        let op = chat.join("op");
        chat.say(op, "JOIN #c");
        assert!(chat.say(op, "MODE #c +b a:BOB")[0].ends_with("MODE #c +b a:BOB"));
        let unknown = chat.join("bob");
        assert!(chat.say(unknown, "JOIN #c")[0].contains(" JOIN "));
        let origin = Origin::Unix { uid: 1000, pid: None, login: "bob".parse().ok() };
        let peer = Peer { origin, host: "host".into(), guests: true, secure: true, certificate: None };
        let bob = chat.connect_from(peer);
        chat.say(bob, "AUTHENTICATE EXTERNAL");
        chat.say(bob, "AUTHENTICATE +");
        chat.register(bob, "somebody");
        assert!(chat.say(bob, "JOIN #c")[0].contains(" 474 "));
        chat.say(op, "MODE #c +e a:b?b");
        assert!(chat.say(bob, "JOIN #c")[0].contains(" JOIN "));
        chat.say(op, "MODE #c -e+b a:b?b m:a:bob");
        chat.hear_all();
        assert!(chat.say(bob, "PRIVMSG #c :hello")[0].contains(" 404 "));
    }

    #[test]
    fn outsiders_learn_nothing_of_a_secret_channel() {
        let (mut chat, alice) = operator(Policy::default());
        chat.say(alice, "MODE #room +sbk eve key");
        let eve = chat.join("eve");
        for line in [
            "MODE #room",
            "MODE #room b",
            "MODE #room e",
            "TOPIC #room",
            "INVITE alice #room",
            "KICK #room alice",
        ] {
            let told = chat.say(eve, line);
            assert_eq!(told, [":chat.local 403 eve #room :No such channel"], "{line}");
        }
    }
}

//! What accounts are in channels: remembered while they are away, given back when they come.

use chat_proto::name::Nick;

use crate::event::{ChannelEvent, Event, Ranks, Room};
use crate::id::{ChannelId, UserId};
use crate::limit_key::LimitKey;
use crate::mode::ModeChange;
use crate::state::{Channel, STANDING_MAX, User};
use crate::tx::Tx;

/// What a user is from the moment on that it enters. The first one in a channel becomes its operator, but not in the place of
/// one who may come back, and no guest inherits what was kept.
pub fn on_entry(channel: &Channel, user: &User) -> Ranks {
    let standing = channel.standing(user.account.as_ref());
    let is_new = channel.empty_since.is_none();
    let is_heir = user.account.is_some() && !channel.has_operator_to_come();
    if channel.is_empty() && !channel.lobby && (is_new || is_heir) {
        standing | Ranks::OPERATOR
    } else {
        standing
    }
}

/// Remembers a user who has come, or who has logged in while in the channel.
pub fn remember(tx: &mut Tx<'_>, user: UserId, id: ChannelId) {
    let state = tx.state();
    let (Some(channel), Some(found), Some(room)) = (state.channel(id), state.user(user), state.room(id))
    else {
        return;
    };
    let Some(account) = found.account.clone() else { return };
    let origin = found.sessions.first().and_then(|conn| state.sessions.get(*conn));
    let origin = origin.map(|session| LimitKey::from(&session.peer.origin));
    let ranks = channel.ranks(user).unwrap_or_default() | channel.standing(Some(&account));
    if channel.founder.is_none()
        && let Some(from) = origin
    {
        let account = account.clone();
        tx.emit(Event::Channel(room.clone(), ChannelEvent::Founded { account, from }));
    }
    keep(tx, &room, account, ranks);
}

/// Remembers who logs in, in all the channels that it is in.
pub fn logged_in(tx: &mut Tx<'_>, user: UserId) {
    let channels = tx.state().user(user).map(|user| user.channels.clone()).unwrap_or_default();
    for channel in channels {
        remember(tx, user, channel);
    }
}

/// Ranks were given or taken.
pub fn changed(tx: &mut Tx<'_>, room: &Room, changes: &[ModeChange]) {
    for change in changes {
        let ModeChange::Rank { user, .. } = change else { continue };
        let account = tx.state().user(*user).and_then(|user| user.account.clone());
        let ranks = tx.state().channel(room.channel).and_then(|channel| channel.ranks(*user));
        if let (Some(account), Some(ranks)) = (account, ranks) {
            keep(tx, room, account, ranks);
        }
    }
}

/// What an account is to be no more when it comes back.
pub fn take(tx: &mut Tx<'_>, room: &Room, account: &Nick, rank: Ranks) {
    let Some(channel) = tx.state().channel(room.channel) else { return };
    let ranks = channel.standing(Some(account)) - rank;
    keep(tx, room, account.clone(), ranks);
}

/// Who is put out comes back, if at all, as anybody.
pub fn kicked(tx: &mut Tx<'_>, room: &Room, user: UserId) {
    if let Some(account) = tx.state().user(user).and_then(|user| user.account.clone()) {
        keep(tx, room, account, Ranks::empty());
    }
}

fn keep(tx: &mut Tx<'_>, room: &Room, account: Nick, ranks: Ranks) {
    let Some(channel) = tx.state().channel(room.channel) else { return };
    let known = channel.standing(Some(&account));
    let is_full = known.is_empty() && channel.standing.len() >= STANDING_MAX;
    if known != ranks && !is_full {
        tx.emit(Event::Channel(room.clone(), ChannelEvent::RankKept { account, ranks }));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{AdminCommand, ConnId, Origin, Peer};

    /// alice has made #room and is away from it; nobody is there.
    fn left_alone() -> (Chat, ConnId) {
        let mut chat = Chat::new();
        let alice = chat.log_in("alice");
        chat.say(alice, "JOIN #room");
        chat.say(alice, "TOPIC #room :tea");
        chat.say(alice, "PART #room");
        chat.hear_all();
        (chat, alice)
    }

    fn names(chat: &mut Chat, conn: ConnId) -> String {
        let line = chat.say(conn, "NAMES #room").remove(0);
        line.rsplit_once(':').expect("names stand behind a colon").1.to_owned()
    }

    #[test]
    fn an_operator_who_comes_back_is_that_again_and_who_was_there_first_is_not() {
        let (mut chat, alice) = left_alone();
        let mallory = chat.join("mallory");
        assert!(chat.say(mallory, "JOIN #room").contains(&":chat.local 332 mallory #room :tea".into()));
        assert!(chat.say(mallory, "MODE #room +i")[0].contains(" 482 "));
        chat.say(alice, "JOIN #room");
        let seen = chat.heard(mallory);
        assert!(seen[0].starts_with(":alice!") && seen[0].contains(" JOIN "), "{seen:?}");
        assert_eq!(seen[1..], [":chat.local MODE #room +o alice"]);
        assert_eq!(names(&mut chat, mallory), "@alice mallory");
    }

    #[test]
    fn who_has_quit_is_remembered_and_who_lost_the_rank_or_was_put_out_is_not() {
        for (deed, then) in
            [("QUIT", "@alice"), ("MODE #room -o alice", "alice"), ("KICK #room alice", "alice")]
        {
            let mut chat = Chat::new();
            let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
            chat.say(alice, "JOIN #room");
            chat.say(bob, "JOIN #room");
            chat.say(alice, "MODE #room +ov bob bob");
            chat.say(if deed == "QUIT" { alice } else { bob }, deed);
            let alice = if deed == "QUIT" { chat.log_in("alice") } else { alice };
            chat.say(alice, "PART #room");
            chat.say(bob, "PART #room");
            chat.say(alice, "JOIN #room");
            assert_eq!(names(&mut chat, alice), then, "{deed}");
            chat.say(bob, "JOIN #room");
            assert!(chat.heard(alice).contains(&":chat.local MODE #room +ov bob bob".into()), "{deed}");
        }
    }

    #[test]
    fn who_was_operator_or_voiced_comes_in_without_invitation_and_key_but_not_past_a_ban() {
        let (mut chat, alice) = left_alone();
        let (bob, guest) = (chat.log_in("bob"), chat.join("guest"));
        chat.say(bob, "JOIN #room");
        chat.say(alice, "JOIN #room");
        chat.say(alice, "MODE #room +vik bob sesame");
        chat.say(bob, "QUIT");
        chat.say(alice, "PART #room");
        assert!(chat.say(guest, "JOIN #room sesame")[0].contains(" 473 "));
        let bob = chat.log_in("bob");
        assert!(chat.say(bob, "JOIN #room")[0].contains(" JOIN "));
        assert_eq!(names(&mut chat, bob), "+bob");
        chat.say(alice, "JOIN #room");
        chat.say(bob, "PART #room");
        chat.say(alice, "MODE #room +b bob");
        assert!(chat.say(bob, "JOIN #room")[0].contains(" 474 "));
    }

    #[test]
    fn an_operator_takes_the_rank_of_who_is_not_there() {
        let (mut chat, alice) = left_alone();
        let bob = chat.log_in("bob");
        chat.say(alice, "JOIN #room");
        chat.say(bob, "JOIN #room");
        chat.say(alice, "MODE #room +o bob");
        chat.say(bob, "QUIT");
        chat.hear_all();
        let told = chat.say(alice, "MODE #room -o Bob");
        assert_eq!(
            told,
            [":chat.local NOTE MODE NOT_HERE #room Bob :Bob is no operator any more on coming back"]
        );
        assert!(chat.say(alice, "MODE #room -o bob")[0].contains(" 401 "));
        let bob = chat.log_in("bob");
        chat.say(bob, "JOIN #room");
        assert_eq!(names(&mut chat, bob), "@alice bob");
    }

    #[test]
    fn when_the_last_operators_account_is_gone_the_next_account_rules_and_no_guest() {
        let (mut chat, alice) = left_alone();
        chat.add_account("alice", "x");
        let (bob, guest) = (chat.log_in("bob"), chat.join("guest"));
        chat.say(alice, "JOIN #room");
        chat.say(alice, "QUIT");
        chat.ask(AdminCommand::RemoveAccount { name: "alice".into(), login: false });
        chat.say(guest, "JOIN #room");
        assert_eq!(names(&mut chat, guest), "guest");
        chat.say(guest, "PART #room");
        chat.say(bob, "JOIN #room");
        assert_eq!(names(&mut chat, bob), "@bob");
    }

    #[test]
    fn who_takes_an_account_of_a_name_that_was_another_ones_inherits_nothing() {
        let (mut chat, alice) = left_alone();
        chat.say(alice, "QUIT");
        chat.add_account("alice", "x");
        let room = chat.core().state().channel_named("#room").unwrap().1;
        assert!(room.standing.is_empty());
    }

    #[test]
    fn who_logs_in_to_an_account_while_operator_is_remembered() {
        let mut chat = Chat::new();
        chat.add_account("carol", "secret");
        let origin = Origin::Tls { address: ([192, 0, 2, 1], 50_000).into() };
        let host = "host.example".into();
        let carol = chat.connect_from(Peer { origin, host, guests: true, secure: true, certificate: None });
        chat.register(carol, "somebody");
        chat.say(carol, "JOIN #room");
        chat.say(carol, "PRIVMSG NickServ :IDENTIFY carol secret");
        let room = chat.core().state().channel_named("#room").unwrap().1;
        assert!(room.founder.is_some() && room.has_operator_to_come(), "{room:?}");
    }
}

//! What the server tells about itself and, in few words, about users: MOTD, LUSERS, VERSION, TIME, ADMIN, INFO,
//! LINKS, USERHOST, ISON.

use std::fmt;

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_NOADMININFO, ERR_NOMOTD, ERR_NOSUCHSERVER, Numeric, RPL_ADMINEMAIL, RPL_ADMINLOC1, RPL_ADMINLOC2,
    RPL_ADMINME, RPL_ENDOFINFO, RPL_ENDOFLINKS, RPL_ENDOFMOTD, RPL_GLOBALUSERS, RPL_INFO, RPL_ISON,
    RPL_LOCALUSERS, RPL_LUSERCHANNELS, RPL_LUSERCLIENT, RPL_LUSERME, RPL_LUSEROP, RPL_LUSERUNKNOWN, RPL_MOTD,
    RPL_MOTDSTART, RPL_TIME, RPL_USERHOST, RPL_VERSION,
};
use compact_str::{CompactString, ToCompactString as _, format_compact};
use jiff::Timestamp;

use crate::mask::fits;
use crate::reply::Responder;
use crate::state::{State, User};
use crate::tx::{Caller, Tx};

use super::check::word;
use super::welcome;

/// Nicks of one USERHOST.
const USERHOST_MAX: usize = 5;

pub fn motd(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if is_for_us(tx, message.param(0)) {
        send_motd(tx);
    }
}

pub fn send_motd(tx: &mut Tx<'_>) {
    let (state, mut to) = tx.responder();
    let policy = &state.policy;
    if policy.motd.is_empty() {
        return to.numeric(ERR_NOMOTD, format_args!(":There is no message of the day"));
    }
    to.numeric(RPL_MOTDSTART, format_args!(":- {} Message of the day -", policy.server_name));
    for line in &policy.motd {
        to.text(RPL_MOTD, ":- ", line);
    }
    to.numeric(RPL_ENDOFMOTD, format_args!(":End of /MOTD command"));
}

pub fn lusers(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if is_for_us(tx, message.param(1)) {
        send_lusers(tx);
    }
}

pub fn send_lusers(tx: &mut Tx<'_>) {
    let (state, mut to) = tx.responder();
    let counts = state.counts;
    let (users, most) = (state.users.len(), counts.most_users);
    let visible = users - counts.invisible;
    let unknown = state.sessions.len() - counts.sessions;
    to.numeric(
        RPL_LUSERCLIENT,
        format_args!(":There are {visible} users and {} invisible on 1 servers", counts.invisible),
    );
    to.numeric(RPL_LUSEROP, format_args!("{} :operator(s) online", counts.operators));
    to.numeric(RPL_LUSERUNKNOWN, format_args!("{unknown} :unknown connection(s)"));
    to.numeric(RPL_LUSERCHANNELS, format_args!("{} :channels formed", state.channels.len()));
    to.numeric(RPL_LUSERME, format_args!(":I have {users} clients and 0 servers"));
    to.numeric(RPL_LOCALUSERS, format_args!("{users} {most} :Current local users {users}, max {most}"));
    to.numeric(RPL_GLOBALUSERS, format_args!("{users} {most} :Current global users {users}, max {most}"));
}

pub fn version(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    if !is_for_us(tx, message.param(0)) {
        return;
    }
    let (state, mut to) = tx.responder();
    let policy = &state.policy;
    let head = format!("{} {} :", word(&policy.version), policy.server_name);
    to.text(RPL_VERSION, &head, &policy.description);
    welcome::isupport(tx, caller.conn);
}

pub fn time(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if is_for_us(tx, message.param(0)) {
        let now = readable(tx.now().wall.0);
        let (state, mut to) = tx.responder();
        to.numeric(RPL_TIME, format_args!("{} :{now}", state.policy.server_name));
    }
}

pub fn admin(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if !is_for_us(tx, message.param(0)) {
        return;
    }
    let (state, mut to) = tx.responder();
    let server = to.server;
    let info = &state.policy.admin_info;
    if info.iter().all(String::is_empty) {
        return to.numeric(ERR_NOADMININFO, format_args!("{server} :No administrative info available"));
    }
    to.numeric(RPL_ADMINME, format_args!("{server} :Administrative info"));
    for (numeric, line) in [RPL_ADMINLOC1, RPL_ADMINLOC2, RPL_ADMINEMAIL].into_iter().zip(info) {
        if !line.is_empty() {
            to.text(numeric, ":", line);
        }
    }
}

pub fn info(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if !is_for_us(tx, message.param(0)) {
        return;
    }
    let (state, mut to) = tx.responder();
    let policy = &state.policy;
    to.text(RPL_INFO, ":Chat for the people of a Unix host: ", &policy.version);
    to.text(
        RPL_INFO,
        &format!(":This is {} of the network {}: ", policy.server_name, policy.network),
        &policy.description,
    );
    to.numeric(RPL_INFO, format_args!(":It runs since {}", readable(state.start)));
    to.numeric(RPL_INFO, format_args!(":HELP lists the commands"));
    to.numeric(RPL_ENDOFINFO, format_args!(":End of /INFO list"));
}

pub fn links(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    // A server by itself is linked to none.
    let mask = message.params().last().map_or("*", word);
    tx.numeric(RPL_ENDOFLINKS, format_args!("{mask} :End of /LINKS list"));
}

pub fn userhost(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let (state, mut to) = tx.responder();
    let found = message.params().flat_map(str::split_ascii_whitespace).take(USERHOST_MAX);
    let replies =
        found.filter_map(|nick| state.user_named(nick)).map(|(_, user)| userhost_reply(state, user));
    list_or_nothing(&mut to, RPL_USERHOST, replies);
}

fn userhost_reply(state: &State, user: &User) -> CompactString {
    let User { nick, ident, host, .. } = user;
    let operator = if user.is_operator() { "*" } else { "" };
    let here = if state.status(user).is_here() { '+' } else { '-' };
    format_compact!("{nick}{operator}={here}{ident}@{host}")
}

pub fn ison(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let (state, mut to) = tx.responder();
    let asked = message.params().flat_map(str::split_ascii_whitespace);
    let here = asked.filter_map(|nick| state.user_named(nick)).map(|(_, user)| user.nick.to_compact_string());
    list_or_nothing(&mut to, RPL_ISON, here);
}

/// The items; an empty answer if there are none, since a client waits for one.
fn list_or_nothing(to: &mut Responder<'_>, numeric: Numeric, items: impl Iterator<Item = CompactString>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        to.numeric(numeric, format_args!(":"));
    }
    to.list(numeric, ":", ' ', items);
}

/// Whether a query is for this server: none is named, or a mask of its name, or a user who is on it. Says so if not.
pub fn is_for_us(tx: &mut Tx<'_>, target: Option<&str>) -> bool {
    let Some(target) = target.filter(|target| !target.is_empty()) else { return true };
    let state = tx.state();
    let ours = fits(target, &state.policy.server_name) || state.user_id(target).is_some();
    if !ours {
        tx.numeric(ERR_NOSUCHSERVER, format_args!("{} :No such server", word(target)));
    }
    ours
}

/// A time in milliseconds since the Unix epoch, for people.
pub fn readable(at: u64) -> impl fmt::Display {
    let time = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    time.unwrap_or(Timestamp::MAX).strftime("%A, %d %B %Y, %H:%M:%S UTC")
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;
    use crate::testing::Chat;

    fn numerics(lines: &[String]) -> Vec<&str> {
        lines.iter().map(|line| line.split(' ').nth(1).unwrap()).collect()
    }

    #[test]
    fn lusers_counts_users_and_those_who_have_not_registered() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(bob, "MODE bob +i");
        chat.say(alice, "JOIN #room");
        let carol = chat.connect();
        chat.say(carol, "NICK carol");
        assert_eq!(
            chat.say(alice, "LUSERS"),
            [
                ":chat.local 251 alice :There are 1 users and 1 invisible on 1 servers",
                ":chat.local 252 alice 0 :operator(s) online",
                ":chat.local 253 alice 1 :unknown connection(s)",
                ":chat.local 254 alice 1 :channels formed",
                ":chat.local 255 alice :I have 2 clients and 0 servers",
                ":chat.local 265 alice 2 2 :Current local users 2, max 2",
                ":chat.local 266 alice 2 2 :Current global users 2, max 2",
            ]
        );
        chat.say(bob, "QUIT");
        chat.say(carol, "QUIT");
        let lusers = chat.say(alice, "LUSERS");
        assert!(lusers[2].contains(" 253 alice 0 ") && lusers[5].contains(" 265 alice 1 2 "), "{lusers:?}");
    }

    #[test]
    fn the_message_of_the_day_is_told_line_by_line() {
        let motd = vec!["Welcome.".to_owned(), String::new(), "é".repeat(400)];
        let mut chat = Chat::with(Policy { motd, ..Policy::default() });
        let alice = chat.join("alice");
        let lines = chat.say(alice, "MOTD");
        assert_eq!(numerics(&lines), ["375", "372", "372", "372", "376"]);
        assert_eq!(lines[1..3], [":chat.local 372 alice :- Welcome.", ":chat.local 372 alice :- "]);
        assert!(lines[3].ends_with("é…"));
        let mut quiet = Chat::new();
        let alice = quiet.join("alice");
        assert_eq!(numerics(&quiet.say(alice, "MOTD")), ["422"]);
    }

    #[test]
    fn queries_about_other_servers_are_refused() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        for command in ["INFO", "TIME", "VERSION", "ADMIN", "MOTD"] {
            let answer = chat.say(alice, &format!("{command} other.example"));
            assert_eq!(answer, [":chat.local 402 alice other.example :No such server"], "{command}");
            for ours in ["chat.local", "CHAT.*", "alice"] {
                assert_ne!(
                    numerics(&chat.say(alice, &format!("{command} {ours}")))[0],
                    "402",
                    "{command} {ours}"
                );
            }
        }
    }

    #[test]
    fn time_version_info_and_links_tell_of_this_server() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(
            chat.say(alice, "TIME"),
            [":chat.local 391 alice chat.local :Saturday, 31 January 2026, 12:00:00 UTC"]
        );
        assert_eq!(chat.say(alice, "VERSION")[0], ":chat.local 351 alice chatd chat.local :chatd");
        assert_eq!(numerics(&chat.say(alice, "VERSION"))[1], "005");
        assert_eq!(*numerics(&chat.say(alice, "INFO")).last().unwrap(), "374");
        assert_eq!(chat.say(alice, "LINKS"), [":chat.local 365 alice * :End of /LINKS list"]);
        assert_eq!(chat.say(alice, "LINKS *.com"), [":chat.local 365 alice *.com :End of /LINKS list"]);
    }

    #[test]
    fn admin_tells_what_is_configured() {
        let admin_info = ["Basement".to_owned(), String::new(), "root@chat.local".to_owned()];
        let mut chat = Chat::with(Policy { admin_info, ..Policy::default() });
        let alice = chat.join("alice");
        let answer = chat.say(alice, "ADMIN");
        assert_eq!(numerics(&answer), ["256", "257", "259"]);
        assert_eq!(answer[2], ":chat.local 259 alice :root@chat.local");
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(numerics(&chat.say(alice, "ADMIN")), ["423"]);
    }

    #[test]
    fn userhost_and_ison_answer_even_if_nobody_is_here() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(bob, "AWAY :gone");
        assert_eq!(
            chat.say(alice, "USERHOST ALICE nobody bob"),
            [":chat.local 302 alice :alice=+~alice@host.example bob=-~bob@host.example"]
        );
        assert_eq!(chat.say(alice, "USERHOST nobody"), [":chat.local 302 alice :"]);
        assert_eq!(chat.say(alice, "USERHOST a b c d e bob"), [":chat.local 302 alice :"]);
        assert_eq!(chat.say(alice, "ISON :nobody BOB alice"), [":chat.local 303 alice :bob alice"]);
        assert_eq!(chat.say(alice, "ISON nobody"), [":chat.local 303 alice :"]);
    }
}

//! The commands: who may, how many parameters, what they do. Checked once, before a command is decided.

use chat_proto::message::Message;

use crate::id::ConnId;
use crate::tx::{Caller, Tx};

use super::{
    account, authenticate, away, batch, cap, help, history, info, invite, join, kick, list, markread,
    message, mode, monitor, names, nickserv, oper, part, ping, quit, redact, register, resume, setname, talk,
    topic, who, whois, whowas,
};

/// One command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// In capital letters.
    pub name: &'static str,
    /// The fewest parameters.
    pub params: usize,
    pub run: Run,
    /// Its parameters, as HELP shows them.
    pub usage: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The fewest parameters with which it is done by hand, and shows that somebody is there; never without.
    by_hand: Option<usize>,
}

impl Command {
    /// Whether a message with it shows that somebody is there. Clients answer questions of other clients by themselves.
    pub fn is_by_hand(&self, message: &Message) -> bool {
        let is_answer =
            || self.name == "NOTICE" && message.param(1).is_some_and(|text| text.starts_with('\x01'));
        self.by_hand.is_some_and(|params| message.params().len() >= params) && !is_answer()
    }
}

/// How it is decided.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// For any connection, registered or not.
    Conn(fn(&mut Tx<'_>, ConnId, &Message)),
    /// For users only.
    User(fn(&mut Tx<'_>, Caller, &Message)),
}

const fn conn(
    name: &'static str,
    params: usize,
    run: fn(&mut Tx<'_>, ConnId, &Message),
    usage: &'static str,
    summary: &'static str,
) -> Command {
    Command { name, params, run: Run::Conn(run), usage, summary, by_hand: None }
}

const fn user(
    name: &'static str,
    params: usize,
    run: fn(&mut Tx<'_>, Caller, &Message),
    usage: &'static str,
    summary: &'static str,
) -> Command {
    Command { name, params, run: Run::User(run), usage, summary, by_hand: None }
}

/// That, with at least so many parameters, which nobody does but by hand.
const fn by_hand(params: usize, command: Command) -> Command {
    Command { by_hand: Some(params), ..command }
}

/// In alphabetical order, for the search.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    user("ADMIN", 0, info::admin, "[server]", "who runs this server"),
    conn("AUTHENTICATE", 1, authenticate::authenticate, "mechanism | data | *", "logs you in (SASL)"),
    user("AWAY", 0, away::away, "[text]", "marks you as away, or back without a text"),
    by_hand(2, user("BATCH", 1, batch::batch, "+reference draft/multiline target | -reference", "says several lines as one message")),
    conn("CAP", 1, cap::cap, "LS [302] | LIST | REQ :caps | END", "negotiates capabilities"),
    user("CHATHISTORY", 1, history::chathistory, "subcommand target [from] [to] limit", "what was said before"),
    user("HELP", 0, help::help, "[command]", "explains the commands"),
    user("HELPOP", 0, help::help, "[command]", "as HELP"),
    user("INFO", 0, info::info, "[server]", "what this server is"),
    by_hand(2, user("INVITE", 0, invite::invite, "[nick #channel]", "invites a user, or lists your invitations")),
    user("ISON", 1, info::ison, "nick [nick ...]", "which of these users are here"),
    user("JOIN", 1, join::join, "#channel[,#channel ...] [key[,key ...]]", "enters channels; 0 leaves all"),
    by_hand(2, user("KICK", 2, kick::kick, "#channel nick[,nick ...] [reason]", "puts users out of a channel")),
    by_hand(1, user("KILL", 1, oper::kill, "nick [reason]", "disconnects a user (operators)")),
    user("LINKS", 0, info::links, "", "the servers of this network"),
    user("LIST", 0, list::list, "[#channel,... | conditions]", "the channels"),
    user("LUSERS", 0, info::lusers, "", "how many users and channels there are"),
    by_hand(2, user("MARKREAD", 0, markread::markread, "target [timestamp=TIME]", "how far you have read; with a time, says so")),
    user("MODE", 1, mode::mode, "target [modes [params]]", "shows or changes modes"),
    user("MONITOR", 1, monitor::monitor, "+ nicks | - nicks | C | L | S", "watches the presence of users"),
    user("MOTD", 0, info::motd, "[server]", "the message of the day"),
    user("NAMES", 0, names::names, "[#channel,...]", "who is in a channel"),
    by_hand(1, conn("NICK", 0, register::nick, "nick", "chooses your nick")),
    user("NICKSERV", 0, nickserv::command, "command [...]", "accounts, in words: NICKSERV HELP"),
    by_hand(2, user("NOTICE", 0, message::notice, "target[,target ...] :text", "as PRIVMSG, never answered automatically")),
    user("NS", 0, nickserv::command, "command [...]", "as NICKSERV"),
    user("OPER", 2, oper::oper, "name password", "makes you an operator"),
    by_hand(1, user("PART", 1, part::part, "#channel[,#channel ...] [reason]", "leaves channels")),
    conn("PASS", 1, register::pass, "password", "gives the server's password"),
    conn("PASSWD", 1, account::passwd, "old :new", "sets the password of your account; * for no old one"),
    conn("PING", 0, ping::ping, "token", "asks for a PONG"),
    conn("PONG", 0, ping::pong, "token", "answers a PING"),
    by_hand(2, user("PRIVMSG", 0, message::privmsg, "target[,target ...] :text", "says something to users and channels")),
    conn("QUIT", 0, quit::quit, "[reason]", "leaves the server"),
    by_hand(2, user("REDACT", 2, redact::redact, "target msgid [reason]", "takes back what was said")),
    conn("REGISTER", 3, account::register, "account email password", "makes an account; * for your nick, * for no email"),
    conn("RESUME", 1, resume::resume, "token", "shows that a guest's name is yours, before you register"),
    by_hand(1, user("SEARCH", 1, history::search, "attribute=value[;attribute=value ...]", "searches in what was said before")),
    by_hand(1, user("SETNAME", 1, setname::setname, ":realname", "changes your real name")),
    by_hand(1, user("TAGMSG", 0, message::tagmsg, "target[,target ...]", "sends tags without a text")),
    by_hand(1, user("TALK", 1, talk::talk, "REQUEST nick | ACCEPT | DECLINE | CANCEL [nick] | END | LIST", "conversations between two")),
    user("TIME", 0, info::time, "[server]", "the server's time"),
    by_hand(2, user("TOPIC", 1, topic::topic, "#channel [topic]", "shows or sets a channel's topic")),
    conn("USER", 4, register::user, "user 0 * :realname", "registers"),
    user("USERHOST", 1, info::userhost, "nick [nick ...]", "user and host of users"),
    conn("VERIFY", 2, account::verify, "account code", "no account waits for a code"),
    user("VERSION", 0, info::version, "[server]", "the server's version and features"),
    by_hand(1, user("WALLOPS", 1, oper::wallops, ":text", "says something to all with user mode w (operators)")),
    user("WHO", 0, who::who, "mask [o] [%fields[,token]]", "lists users"),
    user("WHOIS", 0, whois::whois, "[server] nick", "what is known of a user"),
    user("WHOWAS", 0, whowas::whowas, "nick [count]", "users who were here"),
];

/// The command of that name, in whatever case.
pub fn find(name: &str) -> Option<&'static Command> {
    let mut upper = [0_u8; 16];
    let upper = upper.get_mut(..name.len())?;
    upper.copy_from_slice(name.as_bytes());
    upper.make_ascii_uppercase();
    let upper = std::str::from_utf8(upper).ok()?;
    COMMANDS.binary_search_by(|command| command.name.cmp(upper)).ok().map(|index| &COMMANDS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_in_any_case() {
        for command in COMMANDS {
            assert_eq!(find(&command.name.to_lowercase()).unwrap().name, command.name);
        }
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        assert!(find("NOSUCHCOMMAND").is_none());
        assert!(find(&"A".repeat(600)).is_none());
    }
}

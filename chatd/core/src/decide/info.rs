//! What the server tells about itself and, in few words, about users: MOTD, LUSERS, VERSION, TIME, ADMIN, INFO,
//! LINKS, USERHOST, ISON.

use std::fmt;

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_NOADMININFO, ERR_NOMOTD, ERR_NOSUCHSERVER, RPL_ADMINEMAIL, RPL_ADMINLOC1, RPL_ADMINLOC2, RPL_ADMINME,
    RPL_ENDOFINFO, RPL_ENDOFLINKS, RPL_ENDOFMOTD, RPL_GLOBALUSERS, RPL_INFO, RPL_ISON, RPL_LINKS, RPL_LOCALUSERS,
    RPL_LUSERCHANNELS, RPL_LUSERCLIENT, RPL_LUSERME, RPL_LUSEROP, RPL_LUSERUNKNOWN, RPL_MOTD, RPL_MOTDSTART,
    RPL_TIME, RPL_USERHOST, RPL_VERSION,
};
use compact_str::{CompactString, ToCompactString as _};
use jiff::Timestamp;

use crate::mask::fits;
use crate::state::User;
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

pub fn version(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if !is_for_us(tx, message.param(0)) {
        return;
    }
    let (state, mut to) = tx.responder();
    let policy = &state.policy;
    let head = format!("{} {} :", word(&policy.version), policy.server_name);
    to.text(RPL_VERSION, &head, &policy.description);
    welcome::isupport(tx);
}

pub fn time(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    if is_for_us(tx, message.param(0)) {
        let now = readable(tx.now().0);
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
    to.text(RPL_INFO, ":chatd, chat for the people of a Unix host, version ", &policy.version);
    to.text(RPL_INFO, &format!(":This is {} of the network {}: ", policy.server_name, policy.network), &policy.description);
    to.numeric(RPL_INFO, format_args!(":It runs since {}", readable(state.start)));
    to.numeric(RPL_INFO, format_args!(":HELP lists the commands"));
    to.numeric(RPL_ENDOFINFO, format_args!(":End of /INFO list"));
}

pub fn links(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let mask = message.params().last();
    let (state, mut to) = tx.responder();
    let server = to.server;
    if mask.is_none_or(|mask| fits(mask, server)) {
        to.text(RPL_LINKS, &format!("{server} {server} :0 "), &state.policy.description);
    }
    to.numeric(RPL_ENDOFLINKS, format_args!("{} :End of /LINKS list", mask.map_or("*", word)));
}

pub fn userhost(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let (state, mut to) = tx.responder();
    let found = message.params().flat_map(str::split_ascii_whitespace).take(USERHOST_MAX);
    let replies = found.filter_map(|nick| state.user_named(nick)).map(|(_, user)| userhost_reply(user));
    to.list(RPL_USERHOST, ":", ' ', or_nothing(replies));
}

fn userhost_reply(user: &User) -> CompactString {
    let User { nick, ident, host, .. } = user;
    let operator = if user.is_operator() { "*" } else { "" };
    let here = if user.away.is_some() { '-' } else { '+' };
    format_args!("{nick}{operator}={here}{ident}@{host}").to_compact_string()
}

pub fn ison(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let (state, mut to) = tx.responder();
    let asked = message.params().flat_map(str::split_ascii_whitespace);
    let here = asked.filter_map(|nick| state.user_named(nick)).map(|(_, user)| user.nick.to_compact_string());
    to.list(RPL_ISON, ":", ' ', or_nothing(here));
}

/// The items, or one empty item: a client waits for an answer even where there is nothing to tell.
fn or_nothing(items: impl Iterator<Item = CompactString>) -> impl Iterator<Item = CompactString> {
    let mut items = items.peekable();
    let nothing = items.peek().is_none().then(CompactString::default);
    nothing.into_iter().chain(items)
}

/// Whether a query is for this server: none is named, or a mask of its name, or a user who is on it. Says so if not.
pub fn is_for_us(tx: &mut Tx<'_>, target: Option<&str>) -> bool {
    let Some(target) = target else { return true };
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

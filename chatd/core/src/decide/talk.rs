//! TALK, and what TalkServ is told: conversations between two, which begin with a request that is accepted.

#[cfg(test)]
mod tests;

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::numeric::ERR_NEEDMOREPARAMS;

use crate::event::{Talk, TalkDeed};
use crate::id::{ConnId, UserId};
use crate::project::{TalkView, hears_of_talks};
use crate::service::Service;
use crate::state::{State, TalkRequest, User};
use crate::time::Uptime;
use crate::tx::{Caller, Tx};

use super::check::word;
use super::{presence, service};

/// Bytes of the names that are told when there are several.
const NAMES_MAX: usize = 200;

const HELP: [&str; 6] = [
    "TALK name: asks somebody for a conversation, during which others see that you are busy",
    "YES [name]: accepts a request; ACCEPT is the same",
    "NO [name]: declines it; DECLINE is the same",
    "CANCEL [name]: takes your request back, or all of them",
    "END: leaves the conversation",
    "LIST: the requests that wait, and whom you talk with",
];

/// What somebody wants.
#[derive(Debug, Clone, Copy)]
enum Wish<'a> {
    Request(&'a str),
    Accept(Option<&'a str>),
    Decline(Option<&'a str>),
    Cancel(Option<&'a str>),
    End,
    List,
}

/// Why it can't be.
struct Refusal {
    code: &'static str,
    context: String,
    why: String,
}

impl Refusal {
    fn new(code: &'static str, context: &str, why: impl Into<String>) -> Self {
        Self { code, context: context.to_owned(), why: why.into() }
    }
}

type Outcome = Result<(), Refusal>;

pub fn talk(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let subcommand = message.param(0).unwrap_or_default();
    let nick = message.param(1).filter(|nick| !nick.is_empty());
    let wish = match subcommand.to_ascii_uppercase().as_str() {
        "REQUEST" => match nick {
            Some(nick) => Wish::Request(nick),
            None => return tx.numeric(ERR_NEEDMOREPARAMS, format_args!("TALK :Not enough parameters")),
        },
        "ACCEPT" => Wish::Accept(nick),
        "DECLINE" => Wish::Decline(nick),
        "CANCEL" => Wish::Cancel(nick),
        "END" => Wish::End,
        "LIST" => Wish::List,
        _ => {
            let why = "Unknown subcommand: expected REQUEST, ACCEPT, DECLINE, CANCEL, END or LIST";
            return refuse(tx, caller, &Refusal::new("INVALID_PARAMS", word(subcommand), why));
        }
    };
    obey(tx, caller, wish);
}

/// A private message to TalkServ.
pub fn told(tx: &mut Tx<'_>, caller: Caller, text: &str) {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let first = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let wish = match (first.as_str(), &words[words.len().min(1)..]) {
        ("TALK" | "REQUEST", [nick]) => Wish::Request(nick),
        ("YES" | "ACCEPT", names @ ([] | [_])) => Wish::Accept(names.first().copied()),
        ("NO" | "DECLINE", names @ ([] | [_])) => Wish::Decline(names.first().copied()),
        ("CANCEL", names @ ([] | [_])) => Wish::Cancel(names.first().copied()),
        ("END", []) => Wish::End,
        ("LIST", []) => Wish::List,
        _ => return HELP.iter().for_each(|line| service::say(tx, Service::TalkServ, line)),
    };
    obey(tx, caller, wish);
}

fn obey(tx: &mut Tx<'_>, caller: Caller, wish: Wish<'_>) {
    let outcome = match wish {
        Wish::Request(nick) => request(tx, caller, nick),
        Wish::Accept(nick) => accept(tx, caller, nick),
        Wish::Decline(nick) => decline(tx, caller, nick),
        Wish::Cancel(nick) => cancel(tx, caller, nick),
        Wish::End => end(tx, caller),
        Wish::List => {
            list(tx, caller);
            Ok(())
        }
    };
    if let Err(refusal) = outcome {
        refuse(tx, caller, &refusal);
    }
}

fn refuse(tx: &mut Tx<'_>, caller: Caller, Refusal { code, context, why }: &Refusal) {
    if understands(tx.state(), caller.conn) {
        let space = if context.is_empty() { "" } else { " " };
        tx.fail("TALK", code, format_args!("{context}{space}:{why}"));
    } else {
        service::say(tx, Service::TalkServ, why);
    }
}

fn understands(state: &State, conn: ConnId) -> bool {
    state.sessions.get(conn).is_some_and(|session| session.caps.contains(Caps::TALK))
}

fn request(tx: &mut Tx<'_>, caller: Caller, nick: &str) -> Outcome {
    let (id, user) = somebody(tx.state(), caller, nick)?;
    let nick = user.nick.clone();
    if goes_on_here(tx, caller, Some(id))? {
        return Ok(());
    }
    let state = tx.state();
    let requests = &state.talk_requests;
    if requests.get(id, caller.user).is_some() {
        accept_of(tx, caller, id);
        return Ok(());
    }
    if let Some(partner) = state.user(id).and_then(|user| state.partner(user)) {
        let partner = &partner.nick;
        let why = format!("{nick} is busy, talking with {partner}");
        return Err(Refusal::new("BUSY", &format!("{nick} {partner}"), why));
    }
    if requests.get(caller.user, id).is_some() {
        return Err(Refusal::new("ALREADY_ASKED", nick.as_str(), format!("You have asked {nick} already")));
    }
    let most = state.policy.limits.talk_requests;
    if requests.from(caller.user).len() >= most {
        return Err(Refusal::new(
            "TOO_MANY",
            nick.as_str(),
            format!("You wait for {most} answers, which is all you may"),
        ));
    }
    if !has_room(state, caller, id) {
        return Err(Refusal::new("TOO_MANY", nick.as_str(), format!("Too many others ask {nick} already")));
    }
    let due = tx.now().uptime.saturating_add(state.policy.presence.talk_request);
    emit(tx, caller.user, id, TalkDeed::Requested { conn: caller.conn, due });
    presence::tell(tx, caller, id);
    Ok(())
}

/// Whether one more request can wait for the user; guests leave half of the places to those with an account.
fn has_room(state: &State, caller: Caller, asked: UserId) -> bool {
    let is_guest = |id: UserId| state.user(id).is_some_and(|user| user.account.is_none());
    let most = state.policy.limits.talk_requests;
    let waiting = || state.talk_requests.to(asked);
    let guests = waiting().filter(|request| is_guest(request.from)).count();
    waiting().count() < most && !(is_guest(caller.user) && guests >= most.div_ceil(2))
}

fn accept(tx: &mut Tx<'_>, caller: Caller, nick: Option<&str>) -> Outcome {
    let named = nick.map(|nick| somebody(tx.state(), caller, nick)).transpose()?.map(|(id, _)| id);
    if goes_on_here(tx, caller, named)? {
        return Ok(());
    }
    let asker = asker(tx.state(), caller, named)?;
    accept_of(tx, caller, asker);
    Ok(())
}

/// Begins the conversation with somebody who has asked for it. Nobody else can talk with either from now on.
fn accept_of(tx: &mut Tx<'_>, caller: Caller, asker: UserId) {
    let Some(request) = tx.state().talk_requests.get(asker, caller.user) else { return };
    let asked_in = request.conn;
    emit(tx, caller.user, asker, TalkDeed::Accepted { conn: caller.conn, asked_in });
    for (one, partner) in [(caller.user, asker), (asker, caller.user)] {
        let Some(partner) = tx.state().who(partner) else { continue };
        let reason = || Some(format!("busy, talking with {}", partner.nick).into());
        let requests = &tx.state().talk_requests;
        let askers: Vec<UserId> = requests.to(one).map(|request| request.from).collect();
        let asked: Vec<UserId> = requests.from(one).iter().map(|request| request.to).collect();
        askers.into_iter().for_each(|other| emit(tx, one, other, TalkDeed::Declined { reason: reason() }));
        asked.into_iter().for_each(|other| emit(tx, one, other, TalkDeed::Cancelled { reason: reason() }));
    }
}

fn decline(tx: &mut Tx<'_>, caller: Caller, nick: Option<&str>) -> Outcome {
    let named = nick.map(|nick| somebody(tx.state(), caller, nick)).transpose()?.map(|(id, _)| id);
    let asker = asker(tx.state(), caller, named)?;
    emit(tx, caller.user, asker, TalkDeed::Declined { reason: None });
    Ok(())
}

fn cancel(tx: &mut Tx<'_>, caller: Caller, nick: Option<&str>) -> Outcome {
    let state = tx.state();
    let named = nick.map(|nick| somebody(state, caller, nick)).transpose()?;
    let own = state.talk_requests.from(caller.user).iter().map(|request| request.to);
    let asked: Vec<UserId> = own.filter(|to| named.is_none_or(|(id, _)| id == *to)).collect();
    if asked.is_empty() {
        return Err(match named {
            Some((_, user)) => {
                Refusal::new("NO_REQUEST", user.nick.as_str(), format!("You don't ask {} to talk", user.nick))
            }
            None => Refusal::new("NO_REQUEST", "", "You ask nobody to talk"),
        });
    }
    asked.into_iter().for_each(|to| emit(tx, caller.user, to, TalkDeed::Cancelled { reason: None }));
    Ok(())
}

fn end(tx: &mut Tx<'_>, caller: Caller) -> Outcome {
    let Some(talk) = tx.state().user(caller.user).and_then(|user| user.talk) else {
        return Err(Refusal::new("NOT_TALKING", "", "You talk with nobody"));
    };
    emit(tx, caller.user, talk.with, TalkDeed::Ended { reason: None });
    Ok(())
}

/// Requests that nobody has answered are given up.
pub fn expire(tx: &mut Tx<'_>) {
    let due: Vec<TalkRequest> = tx.state().talk_requests.due(tx.now().uptime).copied().collect();
    due.into_iter().for_each(|request| emit(tx, request.from, request.to, TalkDeed::TimedOut));
}

/// Somebody else, by the nick.
fn somebody<'a>(state: &'a State, caller: Caller, nick: &str) -> Result<(UserId, &'a User), Refusal> {
    match state.user_named(nick) {
        None => {
            Err(Refusal::new("UNKNOWN_USER", word(nick), format!("Nobody here is called {}", word(nick))))
        }
        Some((id, _)) if id == caller.user => {
            Err(Refusal::new("YOURSELF", "", "You can't talk with yourself"))
        }
        Some(found) => Ok(found),
    }
}

/// Who talks already goes on in this session if it is with that one, and can do nothing else.
fn goes_on_here(tx: &mut Tx<'_>, caller: Caller, with: Option<UserId>) -> Result<bool, Refusal> {
    let state = tx.state();
    let Some(talk) = state.user(caller.user).and_then(|user| user.talk) else { return Ok(false) };
    if with == Some(talk.with) && talk.at != caller.conn {
        emit(tx, caller.user, talk.with, TalkDeed::Moved { conn: caller.conn });
        return Ok(true);
    }
    let partner = state.who(talk.with).map(|who| who.nick.to_string()).unwrap_or_default();
    Err(Refusal::new("TALKING", &partner, format!("You are talking with {partner}; end that first")))
}

/// The one who asks the caller: that one, or the only one.
fn asker(state: &State, caller: Caller, named: Option<UserId>) -> Result<UserId, Refusal> {
    let mut askers = state.talk_requests.to(caller.user).map(|request| request.from);
    if let Some(named) = named {
        let nick = state.who(named).map(|who| who.nick.to_string()).unwrap_or_default();
        let none = || Refusal::new("NO_REQUEST", &nick, format!("{nick} doesn't ask you to talk"));
        return askers.find(|asker| *asker == named).ok_or_else(none);
    }
    match (askers.next(), askers.next()) {
        (None, _) => Err(Refusal::new("NO_REQUEST", "", "Nobody asks you to talk")),
        (Some(asker), None) => Ok(asker),
        (Some(_), Some(_)) => Err(Refusal::new("SEVERAL", "", several(state, caller))),
    }
}

fn several(state: &State, caller: Caller) -> String {
    let askers = state.talk_requests.to(caller.user).filter_map(|request| state.who(request.from));
    let mut names = String::new();
    for asker in askers {
        if names.len() > NAMES_MAX {
            names.push_str(" and others");
            break;
        }
        let comma = if names.is_empty() { "" } else { ", " };
        names.extend([comma, asker.nick.as_str()]);
    }
    format!("{names} ask you to talk; say which one you mean")
}

fn emit(tx: &mut Tx<'_>, by: UserId, with: UserId, deed: TalkDeed) {
    if let Some(event) = tx.state().talk_event(by, with, deed) {
        tx.emit(event);
    }
}

fn list(tx: &mut Tx<'_>, caller: Caller) {
    let told = tell_all(tx, caller.conn);
    if understands(tx.state(), caller.conn) {
        tx.responder().1.server_line(format_args!("TALK LIST :End of list"));
    } else if told == 0 {
        service::say(tx, Service::TalkServ, "You talk with nobody, and no request waits");
    }
}

/// Tells a session that has come what is so already.
pub fn tell(tx: &mut Tx<'_>, conn: ConnId) {
    if tx.state().sessions.get(conn).is_some_and(|session| hears_of_talks(session.caps)) {
        tell_all(tx, conn);
    }
}

/// Tells a session what is so now, and returns how much there was to tell.
fn tell_all(tx: &mut Tx<'_>, conn: ConnId) -> usize {
    let state = tx.state();
    let Some((id, user)) = state.user_of(conn) else { return 0 };
    let Some(session) = state.sessions.get(conn) else { return 0 };
    let (caps, to) = (session.caps, user.nick.clone());
    let talking = user.talk.and_then(|talk| {
        let moved = state.talk_deed(id, talk.with, TalkDeed::Moved { conn })?;
        Some((talk.since, talk.at == conn, moved))
    });
    let requests = &state.talk_requests;
    let requests = requests.to(id).chain(requests.from(id)).filter_map(|request| {
        let TalkRequest { from, to, conn, since, due } = *request;
        Some((since, false, state.talk_deed(from, to, TalkDeed::Requested { conn, due })?))
    });
    let deeds: Vec<(Uptime, bool, Talk)> = talking.into_iter().chain(requests).collect();
    let now = tx.now();
    let (state, answer) = tx.responder();
    for (at, here, talk) in &deeds {
        let view = TalkView { state, talk, to: &to, here: *here };
        answer.replies.line(|line| view.write(caps, line, &format!("time={}", now.wall_at(*at))));
    }
    deeds.len()
}

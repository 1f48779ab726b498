//! For administrators who prefer IRC: OPER, KILL, WALLOPS.

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_NOOPERHOST, ERR_NOPRIVILEGES, ERR_NOSUCHNICK, ERR_PASSWDMISMATCH, RPL_YOUREOPER,
};
use compact_str::CompactString;

use crate::event::{ConnEvent, Event, ServerEvent, UserEvent, Wait};
use crate::id::ConnId;
use crate::mode::UserModes;
use crate::output::Job;
use crate::reply::shortened;
use crate::state::User;
use crate::tx::{Caller, Tx, label_of};

use super::authenticate;
use super::check::{line_fits, word};

pub fn oper(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let (name, password) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
    let operators = &tx.state().policy.operators;
    // An unknown name is checked against somebody's password all the same, so that the time taken tells nothing.
    let operator = operators.iter().find(|operator| operator.name == name).or(operators.first());
    let Some(operator) = operator else {
        return tx.numeric(ERR_NOOPERHOST, format_args!(":This server has no operators"));
    };
    let job = Job::CheckPassword { hash: operator.password_hash.clone(), password: password.into() };
    if let Some(seconds) = authenticate::delay(tx, caller.conn, None) {
        return tx.numeric(ERR_PASSWDMISMATCH, format_args!(":{}", authenticate::too_fast(seconds)));
    }
    tx.emit_conn(caller.conn, ConnEvent::LoginTried { name: None });
    let label = label_of(message).map(|label| CompactString::from(&*label));
    tx.wait(caller.conn, Wait::Oper { name: name.into(), label }, job);
}

/// Goes on with OPER when the password was checked.
pub fn password_checked(tx: &mut Tx<'_>, conn: ConnId, name: CompactString, matches: bool) {
    let known = tx.state().policy.operators.iter().any(|operator| operator.name == name);
    let Some((id, _)) = tx.state().user_of(conn) else { return };
    let Some(session) = tx.state().sessions.get(conn) else { return };
    let from = Box::new(session.peer.origin.clone());
    if !(known && matches) {
        tx.emit_user(id, UserEvent::OperatorRefused { from, name: known.then_some(name) });
        return tx.numeric(ERR_PASSWDMISMATCH, format_args!(":Password incorrect"));
    }
    tx.emit_conn(conn, ConnEvent::LoginTryOver { name: None });
    let Some((id, user)) = tx.state().user_of(conn) else { return };
    let (modes, was_operator) = (user.modes | UserModes::OPERATOR, user.is_operator());
    if !was_operator {
        tx.emit_user(id, UserEvent::ModesSet { modes });
        tx.emit_user(id, UserEvent::BecameOperator { from, name });
    }
    tx.numeric(RPL_YOUREOPER, format_args!(":You are now an operator of this server"));
}

pub fn kill(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    if !may(tx, caller) {
        return;
    }
    let (nick, reason) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
    let Some(target) = tx.state().user_id(nick) else {
        return tx.numeric(ERR_NOSUCHNICK, format_args!("{} :No such nick", word(nick)));
    };
    let reason = shortened(reason, tx.state().policy.limits.kick_length);
    let by = CompactString::from(caller.who(tx.state()).nick);
    let quit = if reason.is_empty() { format!("Killed ({by})") } else { format!("Killed ({by} ({reason}))") };
    tx.emit_user(target, UserEvent::Kicked { by, uid: None, reason: reason.into() });
    tx.disconnect_user(target, &quit);
}

pub fn wallops(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let text = message.param(0).unwrap_or_default();
    if may(tx, caller) && line_fits(tx, caller.user, "WALLOPS :".len() + text.len()) {
        let by = caller.who(tx.state());
        tx.emit(Event::Server(ServerEvent::Wallops { by, text: text.into() }));
    }
}

fn may(tx: &mut Tx<'_>, caller: Caller) -> bool {
    let may = tx.state().user(caller.user).is_some_and(User::is_operator);
    if !may {
        tx.numeric(
            ERR_NOPRIVILEGES,
            format_args!(":Permission denied, you're not an operator of this server"),
        );
    }
    may
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Operator, Policy};
    use crate::testing::Chat;

    fn chat_with_operator() -> Chat {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        policy.operators = vec![Operator { name: "root".into(), password_hash: "right".into() }];
        Chat::with(policy)
    }

    #[test]
    fn the_right_password_makes_an_operator_once() {
        let mut chat = chat_with_operator();
        let alice = chat.join("alice");
        let you_are = ":chat.local 381 alice :You are now an operator of this server";
        assert_eq!(chat.say(alice, "OPER root right"), [":alice!~alice@host.example MODE alice +o", you_are]);
        assert_eq!(chat.say(alice, "OPER root right"), [you_are]);
        assert_eq!(chat.core().state().counts.operators, 1);
        let became = |event: &Event| matches!(event, Event::User(_, UserEvent::BecameOperator { .. }));
        assert_eq!(chat.events().iter().filter(|event| became(event)).count(), 1);
    }

    #[test]
    fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
        let mut chat = chat_with_operator();
        let alice = chat.join("alice");
        for attempt in ["OPER root wrong", "OPER toor right", "OPER toor wrong"] {
            assert_eq!(chat.say(alice, attempt), [":chat.local 464 alice :Password incorrect"]);
        }
        assert_eq!(chat.core().state().counts.operators, 0);
    }

    #[test]
    fn without_operators_nobody_becomes_one() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(
            chat.say(alice, "OPER root right"),
            [":chat.local 491 alice :This server has no operators"]
        );
    }

    #[test]
    fn an_operator_kills_and_others_may_not() {
        let mut chat = chat_with_operator();
        let (alice, bob, carol) = (chat.join("alice"), chat.join("bob"), chat.join("carol"));
        for conn in [bob, carol] {
            chat.say(conn, "JOIN #room");
        }
        assert!(chat.say(alice, "KILL bob :spam")[0].contains(" 481 alice "));
        chat.say(alice, "OPER root right");
        assert!(chat.say(alice, "KILL nobody :spam")[0].contains(" 401 alice nobody "));
        chat.hear_all();
        chat.say(alice, "KILL bob :spam");
        assert!(chat.is_closed(bob));
        assert_eq!(chat.heard(bob), ["ERROR :Closing link: Killed (alice (spam))"]);
        assert_eq!(chat.heard(carol), [":bob!~bob@host.example QUIT :Killed (alice (spam))"]);
        chat.say(alice, "KILL alice");
        assert!(chat.is_closed(alice));
    }

    #[test]
    fn wallops_reach_those_who_want_them() {
        let mut chat = chat_with_operator();
        let (alice, bob, carol) = (chat.join("alice"), chat.join("bob"), chat.join("carol"));
        chat.say(bob, "MODE bob +w");
        assert!(chat.say(alice, "WALLOPS :hi")[0].contains(" 481 alice "));
        chat.say(alice, "OPER root right");
        assert!(chat.say(alice, "WALLOPS :hi").is_empty());
        assert_eq!(chat.heard(bob), [":alice!~alice@host.example WALLOPS :hi"]);
        assert!(chat.heard(carol).is_empty());
    }
}

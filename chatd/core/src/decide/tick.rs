//! What happens because time passes: keep-alive, time-outs, a scheduled shutdown.

use bytes::Bytes;

use crate::event::{ConnEvent, Ending, Event, ServerEvent};
use crate::id::ConnId;
use crate::output::Effect;
use crate::policy::Policy;
use crate::state::Session;
use crate::tx::Tx;

use super::{admin, batch, idle, keep, talk};

pub fn tick(tx: &mut Tx<'_>) {
    look_after_shutdown(tx);
    admin::expire(tx);
    keep::expire(tx);
    batch::tick(tx);
    talk::expire(tx);
    idle::tick(tx);
    let now = tx.now().0;
    let due: Vec<ConnId> =
        tx.state().deadlines.iter().take_while(|(due, _)| *due <= now).map(|(_, conn)| *conn).collect();
    for conn in due {
        look_after(tx, conn);
    }
}

/// Puts a new policy in force. When its periods differ, each connection's silence is looked at anew at the next tick, so
/// that shorter ones hold at once.
pub fn policy(tx: &mut Tx<'_>, policy: Box<Policy>) {
    let same_periods = tx.state().policy.keepalive == policy.keepalive;
    tx.emit(Event::Server(ServerEvent::PolicySet { policy }));
    keep::appoint_lobby(tx);
    if same_periods {
        return;
    }
    let due = tx.now().0;
    let conns: Vec<ConnId> = tx.state().sessions.iter().map(|session| session.conn).collect();
    for conn in conns {
        tx.emit_conn(conn, ConnEvent::Watched { due });
    }
}

/// Everybody's silence begins anew.
pub fn resumed(tx: &mut Tx<'_>) {
    let conns: Vec<ConnId> = tx.state().sessions.iter().map(|session| session.conn).collect();
    for conn in conns {
        tx.emit_conn(conn, ConnEvent::Heard);
    }
}

/// Tells everybody that the server stops, and lets them go.
pub fn stop(tx: &mut Tx<'_>, reason: &str) {
    if tx.state().stopping {
        return;
    }
    tx.emit(Event::Server(ServerEvent::Stopping { reason: reason.into() }));
    let error = Bytes::from(format!("ERROR :Closing link: {reason}\r\n"));
    let conns: Vec<ConnId> = tx.state().sessions.iter().map(|session| session.conn).collect();
    for conn in conns {
        tx.send(conn, error.clone());
        tx.effect(Effect::Close { conn });
        // Nobody is shown it, and whatever still comes from the connection is of no account.
        tx.forget(conn, Ending::Stopping, reason);
    }
    tx.effect(Effect::Stop);
}

fn look_after_shutdown(tx: &mut Tx<'_>) {
    let Some(shutdown) = tx.state().shutdown.clone() else { return };
    let remaining = shutdown.at.saturating_sub(tx.now().0);
    if remaining == 0 {
        let reason = shutdown.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        stop(tx, &format!("Server shutting down{reason}"));
    } else if remaining <= shutdown.next_warning {
        tx.emit(Event::Server(ServerEvent::ShutdownWarned { remaining }));
    }
}

fn look_after(tx: &mut Tx<'_>, conn: ConnId) {
    let now = tx.now().0;
    let keepalive = tx.state().policy.keepalive.clone();
    let Some(session) = tx.state().sessions.get(conn) else { return };
    if session.registering().is_some() {
        let limit =
            session.opened_at.saturating_add(keepalive.registration).saturating_add(session.waited(now));
        return if now >= limit {
            tx.disconnect(conn, Ending::NotRegistered, "Registration timed out");
        } else {
            tx.emit_conn(conn, ConnEvent::Watched { due: limit });
        };
    }
    match silence(session, now, keepalive.interval, keepalive.timeout) {
        Silence::Fine { until } => tx.emit_conn(conn, ConnEvent::Watched { due: until }),
        Silence::Asked { until } => {
            let ping = format!("PING :{}\r\n", tx.state().policy.server_name);
            tx.send(conn, ping);
            tx.emit_conn(conn, ConnEvent::Pinged);
            tx.emit_conn(conn, ConnEvent::Watched { due: until });
        }
        Silence::Lost { seconds } => {
            tx.disconnect(
                conn,
                Ending::NoAnswer,
                &format!("Connection lost (no answer for {seconds} seconds)"),
            );
        }
    }
}

/// What to make of how long a connection has been silent.
enum Silence {
    Fine { until: u64 },
    Asked { until: u64 },
    Lost { seconds: u64 },
}

/// Periods may be as long as a number can say, and the host's clock may be set back.
fn silence(session: &Session, now: u64, interval: u64, timeout: u64) -> Silence {
    let ask_at = session.heard_at.saturating_add(interval);
    match session.pinged_at.map(|pinged| pinged.saturating_add(timeout)) {
        Some(lost_at) if now >= lost_at => {
            Silence::Lost { seconds: now.saturating_sub(session.heard_at) / 1000 }
        }
        Some(lost_at) => Silence::Fine { until: lost_at },
        None if now >= ask_at => Silence::Asked { until: now.saturating_add(timeout) },
        None => Silence::Fine { until: ask_at },
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{Input, Keepalive, Policy};

    #[test]
    fn who_was_told_that_the_server_stops_is_sent_nothing_more() {
        let mut chat = Chat::with(Policy::default());
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.hear_all();
        chat.feed(Input::Stop { reason: "Server shutting down".into() });
        let late = chat.say(alice, "PRIVMSG #lobby :still there?");
        assert_eq!(late, ["ERROR :Closing link: Server shutting down"]);
        assert_eq!(chat.heard(bob), late);
        assert_eq!(chat.core().state().sessions.len(), 0);
    }

    #[test]
    fn keep_alive_begins_with_the_registration_however_long_that_may_take() {
        let keepalive = Keepalive { interval: 60_000, timeout: 20_000, registration: 3_600_000 };
        let mut chat = Chat::with(Policy { keepalive, ..Policy::default() });
        let alice = chat.join("alice");
        chat.pass(60_000);
        chat.feed(Input::Tick);
        assert_eq!(chat.heard(alice), ["PING :chat.local"]);
    }

    #[test]
    fn shorter_periods_hold_at_once_for_those_who_are_there() {
        let long = Keepalive { interval: 3_600_000, timeout: 3_600_000, registration: 3_600_000 };
        let short = Keepalive { interval: 5_000, timeout: 2_000, registration: 1_000 };
        let mut chat = Chat::with(Policy { keepalive: long, ..Policy::default() });
        let (alice, stranger) = (chat.join("alice"), chat.connect());
        chat.hear_all();
        chat.feed(Input::Policy(Box::new(Policy { keepalive: short, ..Policy::default() })));
        chat.pass(1_000);
        chat.feed(Input::Tick);
        assert!(chat.is_closed(stranger));
        assert_eq!(chat.heard(alice), [""; 0]);
        chat.pass(4_000);
        chat.feed(Input::Tick);
        assert_eq!(chat.heard(alice), ["PING :chat.local"]);
        chat.pass(2_000);
        chat.feed(Input::Tick);
        assert!(chat.is_closed(alice));
    }

    #[test]
    fn nobody_is_lost_by_the_servers_own_standstill() {
        let mut chat = Chat::with(Policy::default());
        let alice = chat.join("alice");
        chat.pass(60_000);
        chat.feed(Input::Tick);
        assert_eq!(chat.heard(alice).last().unwrap(), "PING :chat.local");
        chat.pass(100_000);
        chat.feed(Input::Resumed);
        chat.feed(Input::Tick);
        assert!(!chat.is_closed(alice));
        chat.pass(60_000);
        chat.feed(Input::Tick);
        assert_eq!(chat.heard(alice), ["PING :chat.local"]);
    }

    #[test]
    fn the_longest_periods_never_end() {
        let keepalive = Keepalive { interval: u64::MAX, timeout: u64::MAX, registration: u64::MAX };
        let mut chat = Chat::with(Policy { keepalive, ..Policy::default() });
        let alice = chat.join("alice");
        chat.pass(1_000_000_000_000);
        chat.feed(Input::Tick);
        assert!(!chat.is_closed(alice));
    }
}

//! What happens because time passes: keep-alive, time-outs, a scheduled shutdown.

use bytes::Bytes;

use crate::event::{ConnEvent, Ending, Event, ServerEvent};
use crate::id::ConnId;
use crate::output::Effect;
use crate::policy::Policy;
use crate::state::Session;
use crate::time::Uptime;
use crate::tx::Tx;

use super::{admin, batch, idle, keep, talk};

pub fn tick(tx: &mut Tx<'_>) {
    look_after_shutdown(tx);
    admin::expire(tx);
    keep::expire(tx);
    batch::tick(tx);
    talk::expire(tx);
    idle::tick(tx);
    tx.tidy_budgets();
    let now = tx.now().uptime;
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
    let due = tx.now().uptime;
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
    let remaining = shutdown.at.since(tx.now().uptime);
    if remaining == 0 {
        let reason = shutdown.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        stop(tx, &format!("Server shutting down{reason}"));
    } else if remaining <= shutdown.next_warning {
        tx.emit(Event::Server(ServerEvent::ShutdownWarned { remaining }));
    }
}

fn look_after(tx: &mut Tx<'_>, conn: ConnId) {
    let now = tx.now().uptime;
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
    Fine { until: Uptime },
    Asked { until: Uptime },
    Lost { seconds: u64 },
}

/// Periods may be as long as a number can say.
fn silence(session: &Session, now: Uptime, interval: u64, timeout: u64) -> Silence {
    let ask_at = session.heard_at.saturating_add(interval);
    match session.pinged_at.map(|pinged| pinged.saturating_add(timeout)) {
        Some(lost_at) if now >= lost_at => Silence::Lost { seconds: now.since(session.heard_at) / 1000 },
        Some(lost_at) => Silence::Fine { until: lost_at },
        None if now >= ask_at => Silence::Asked { until: now.saturating_add(timeout) },
        None => Silence::Fine { until: ask_at },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::testing::{Chat, START};
    use crate::{AdminAnswer, AdminCommand, Input, Keepalive, Policy, Timestamp};

    const HOUR: u64 = 3_600_000;

    #[test]
    fn clock_steps_stop_no_deadline_and_hasten_none() {
        for wall in [START - HOUR, START + 365 * 24 * HOUR] {
            let keepalive = Keepalive { interval: 60_000, timeout: 20_000, registration: 10_000 };
            let mut policy = Policy { keepalive, ..Policy::default() };
            policy.presence.talk_request = 15_000;
            let mut chat = Chat::with(policy);
            let (alice, bob, silent) = (chat.join("alice"), chat.join("bob"), chat.connect());
            chat.say(alice, "TALK REQUEST bob");
            chat.ask(AdminCommand::Shutdown { after: Duration::from_secs(100), reason: None });
            chat.hear_all();
            chat.set_clock(wall);
            let mut passed = |milliseconds: u64| {
                chat.pass(milliseconds);
                chat.feed(Input::Tick);
                [alice, bob, silent].map(|conn| chat.heard(conn).join("\n"))
            };
            assert_eq!(passed(9_999), ["", "", ""]);
            assert!(passed(1)[2].contains("Registration timed out"));
            assert_ne!(passed(5_000)[0], "", "the talk request times out");
            assert!(!passed(44_999)[0].contains("PING"));
            assert_eq!(passed(1)[0], "PING :chat.local");
            assert!(passed(20_000)[1].contains("no answer for 80 seconds"));
            assert!(!chat.core().state().stopping);
            passed_until_stop(&mut chat);
        }
    }

    fn passed_until_stop(chat: &mut Chat) {
        chat.pass(19_999);
        chat.feed(Input::Tick);
        assert!(!chat.core().state().stopping);
        chat.pass(1);
        chat.feed(Input::Tick);
        assert!(chat.core().state().stopping, "the shutdown comes when it was announced for");
    }

    #[test]
    fn people_see_the_right_time_after_clock_steps() {
        for wall in [START - 10 * HOUR, START + 365 * 24 * HOUR] {
            let mut chat = Chat::with(Policy::default());
            let (alice, bob) = (chat.join("alice"), chat.join("bob"));
            chat.say(alice, "CAP REQ :server-time echo-message");
            chat.say(bob, "TALK REQUEST alice");
            chat.say(alice, "TALK ACCEPT");
            chat.pass(5_000);
            chat.set_clock(wall);
            let heard = chat.say(alice, "PRIVMSG #lobby :hello").concat();
            assert!(heard.contains(&format!("time={}", Timestamp(wall))), "{heard}");
            chat.pass(7_000);
            let whois = chat.say(bob, "WHOIS alice alice").join("\n");
            let signon = (wall - 5_000) / 1000;
            assert!(whois.contains(&format!(" alice 7 {signon} :seconds idle")), "{whois}");
            let AdminAnswer::User(user) = chat.ask(AdminCommand::Show { name: "alice".into() }) else {
                panic!("alice is here")
            };
            let seen = (user.connected_at, user.status_since, user.last_active_at);
            assert_eq!(seen, (wall - 5_000, Some(wall - 5_000), wall));
        }
    }

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

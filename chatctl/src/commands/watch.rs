//! `watch`

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use chat_proto::admin::{
    self, AddAccount, Announce, BanRequest, CancelShutdown, Event, EventKind, Kick, Method, RemoveAccount,
    ResumeAccount, SetPassword, Shutdown, SuspendAccount, Unban, Version, Watch, Watched,
};
use serde_json::json;

use super::duration::milliseconds;
use super::list::place;
use super::{Context, plural};
use crate::client::Connector;
use crate::failure::Failure;
use crate::output::{Page, Records, Show, time};

/// Pause between two attempts to reach a chatd that has stopped.
const RETRY: Duration = Duration::from_secs(1);

/// Shows events until Ctrl-C, or until chatd has been away for `wait`.
pub(super) fn run(context: &mut Context<'_>, wait: &str) -> Result<(), Failure> {
    let wait = Duration::from_millis(milliseconds(wait)?);
    // A chatd that cannot be reached at the beginning is not waited for.
    context.connector.call(&Version {})?;
    loop {
        let ended = match show_events(context) {
            Err(Failure::Interrupted) => return Ok(()),
            Err(failure) if !is_end(&failure) => return Err(failure),
            ended => ended,
        };
        if wait.is_zero() {
            return ended
                .map_err(|failure| if let Failure::Closed = failure { Failure::BrokenOff } else { failure });
        }
        eprintln!("chatctl: chatd has stopped; waiting for it to come back, Ctrl-C ends that");
        match come_back(context.connector, wait) {
            Err(Failure::Interrupted) => return Ok(()),
            outcome => outcome?,
        }
        eprintln!("chatctl: chatd is back; what happened meanwhile is in its log");
    }
}

fn show_events(context: &mut Context<'_>) -> Result<(), Failure> {
    let output = &mut *context.output;
    let mut told = Told::default();
    context.connector.stream(&Watch {}, |Watched { event, lost }| {
        if let Some(lost) = lost {
            output.show(&Lost(lost))?;
        }
        if let Some(event) = event.filter(|event| output.json || told.is_news(event)) {
            output.show(&event)?;
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Whether chatd is gone, and may come back.
fn is_end(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Closed
            | Failure::NoSocket(_)
            | Failure::NobodyListens(_)
            | Failure::Unreachable { .. }
            | Failure::Silent { .. }
            | Failure::Admin(admin::Error::Unavailable { .. })
    )
}

/// Waits until chatd answers again.
///
/// # Errors
/// It has not answered for `wait`; then the last failure.
fn come_back(connector: &Connector, wait: Duration) -> Result<(), Failure> {
    let deadline = Instant::now() + wait;
    loop {
        match connector.call(&Version {}) {
            Ok(_) => return Ok(()),
            Err(failure) if is_end(&failure) && Instant::now() < deadline => connector.pause(RETRY)?,
            Err(failure) => return Err(failure),
        }
    }
}

/// What an administrator did is an event of its own, with who did it; that the request was done needs no
/// second line then.
#[derive(Default)]
struct Told(BTreeSet<(&'static str, Option<u32>)>);

impl Told {
    fn is_news(&mut self, event: &Event) -> bool {
        let method = match event.kind {
            EventKind::Kicked if event.uid.is_some() => Kick::NAME,
            EventKind::Registered => AddAccount::NAME,
            EventKind::PasswordSet => SetPassword::NAME,
            EventKind::Suspended => SuspendAccount::NAME,
            EventKind::Resumed => ResumeAccount::NAME,
            EventKind::Removed => RemoveAccount::NAME,
            EventKind::Banned => BanRequest::NAME,
            EventKind::Unbanned => Unban::NAME,
            EventKind::Announced => Announce::NAME,
            EventKind::ShutdownScheduled => Shutdown::NAME,
            EventKind::ShutdownCancelled => CancelShutdown::NAME,
            EventKind::Admin if event.outcome.as_deref() == Some("done") => {
                let same = |(method, uid): &(&'static str, Option<u32>)| {
                    event.method.as_deref() == Some(*method) && event.uid == *uid
                };
                let before = self.0.len();
                self.0.retain(|told| !same(told));
                return self.0.len() == before;
            }
            _ => return true,
        };
        self.0.insert((method, event.uid));
        true
    }
}

struct Lost(u64);

impl Show for Lost {
    fn text(&self, page: &mut Page) {
        page.line(format!("({} lost: this terminal is too slow)", plural(self.0, "event", "events")));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"lost": self.0}))
    }
}

impl Show for Event {
    fn text(&self, page: &mut Page) {
        page.line(format!("{} {}", time::clock(self.at), sentence(self)));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

fn sentence(event: &Event) -> String {
    let user = event.user.as_deref().unwrap_or("somebody");
    let what = match event.kind {
        EventKind::Admin => return admin_action(event),
        EventKind::Connected => format!("{user} connected{}", from(event)),
        EventKind::Disconnected => format!("{user} disconnected"),
        EventKind::Joined => format!("{user} joined{}", channel(event, "")),
        EventKind::Left => format!("{user} left{}", channel(event, "")),
        EventKind::Kicked => format!("{user} was kicked{}{}", channel(event, "from "), by(event)),
        EventKind::Invited => format!("{user} was invited{}{}", channel(event, "to "), by(event)),
        EventKind::Nick => format!("{user} is now {}", event.to.as_deref().unwrap_or("somebody else")),
        EventKind::Topic => format!("{user} set the topic{}", channel(event, "of ")),
        EventKind::Mode => format!("{user} changed modes{}", channel(event, "of ")),
        EventKind::Away => format!("{user} is away"),
        EventKind::Back => format!("{user} is back"),
        EventKind::TalkBegan => format!("{user} and {} talk", partner(event)),
        EventKind::TalkEnded => format!("{user} and {} talk no more", partner(event)),
        EventKind::Account => format!("{user} {}", account(event)),
        EventKind::LoginFailed => format!("{user} failed to log in{}", from(event)),
        EventKind::Registered => format!("the account {} was made{}{}", named(event), from(event), by(event)),
        EventKind::PasswordSet => {
            format!("the password of {} was set{}{}", named(event), from(event), by(event))
        }
        EventKind::Certificate => format!("a certificate of {}", named(event)),
        EventKind::Suspended => format!("the account {} was suspended{}", named(event), by(event)),
        EventKind::Resumed => format!("the account {} was opened again{}", named(event), by(event)),
        EventKind::Removed => format!("the account {} was removed{}", named(event), by(event)),
        EventKind::OwnerChanged => {
            format!("the login {} has another uid, so it is another person's now", named(event))
        }
        EventKind::Banned => format!("{} was banned{}", banned(event), by(event)),
        EventKind::Unbanned => format!("{} is no longer banned{}", banned(event), by(event)),
        EventKind::Announced => format!("announcement{}", by(event)),
        EventKind::ShutdownScheduled => format!("a shutdown{} was scheduled{}", due(event), by(event)),
        EventKind::ShutdownCancelled => format!("the shutdown was called off{}", by(event)),
        EventKind::Stopping => "chatd is stopping".to_owned(),
        EventKind::Reloaded => "the configuration was read".to_owned(),
        EventKind::Other => "something that this chatctl is too old to know".to_owned(),
    };
    match event.text.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => format!("{what}: {text}"),
        None => what,
    }
}

fn partner(event: &Event) -> &str {
    event.to.as_deref().unwrap_or("somebody")
}

fn admin_action(event: &Event) -> String {
    let method = event.method.as_deref().unwrap_or("org.chatd.Admin");
    let method = method.strip_prefix("org.chatd.Admin.").unwrap_or(method);
    let outcome = event.outcome.as_deref().unwrap_or("done");
    let outcome = outcome.strip_prefix("org.chatd.Admin.").unwrap_or(outcome);
    let text = event.text.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
    format!("administrator {}: {method}{text}: {outcome}", administrator(event))
}

fn administrator(event: &Event) -> String {
    match (&event.by, event.uid) {
        (Some(by), Some(uid)) => format!("{by} (uid {uid})"),
        (Some(by), None) => by.clone(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "somebody".to_owned(),
    }
}

fn by(event: &Event) -> String {
    if event.by.is_none() && event.uid.is_none() {
        return String::new();
    }
    format!(" by {}", administrator(event))
}

fn due(event: &Event) -> String {
    event.due.map(|due| format!(" at {}", time::clock(due))).unwrap_or_default()
}

fn channel(event: &Event, how: &str) -> String {
    event.channel.as_deref().map(|channel| format!(" {how}{channel}")).unwrap_or_default()
}

fn from(event: &Event) -> String {
    event.from.as_ref().map(|peer| format!(" from {}", place(peer))).unwrap_or_default()
}

fn named(event: &Event) -> &str {
    event.account.as_deref().unwrap_or("somebody")
}

fn banned(event: &Event) -> &str {
    event.to.as_deref().unwrap_or("somebody")
}

fn account(event: &Event) -> String {
    match &event.account {
        Some(account) => format!("logged in as {account}"),
        None => "logged out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_sentence() {
        let event = Event {
            user: Some("bob".into()),
            channel: Some("#lobby".into()),
            by: Some("alice".into()),
            text: Some("be\u{1b}[2J nice".into()),
            ..Event::new(0, EventKind::Kicked)
        };
        assert_eq!(sentence(&event), "bob was kicked from #lobby by alice: be\u{1b}[2J nice");
        let mut page = Page::default();
        event.text(&mut page);
        assert!(!page.into_string().contains('\u{1b}'));
    }

    #[test]
    fn an_event_of_an_unknown_kind_is_still_an_event() {
        let event: Event = serde_json::from_str(r#"{"at":1,"kind":"flew","to":"x"}"#).expect("an event");
        assert_eq!(event.kind, EventKind::Other);
    }

    #[test]
    fn an_admin_action_tells_who_and_how_it_ended() {
        let event = Event {
            by: Some("root".into()),
            uid: Some(0),
            method: Some("org.chatd.Admin.Kick".into()),
            outcome: Some("org.chatd.Admin.NoSuchUser".into()),
            ..Event::new(0, EventKind::Admin)
        };
        assert_eq!(sentence(&event), "administrator root (uid 0): Kick: NoSuchUser");
    }

    #[test]
    fn a_kick_is_told_once_and_a_refused_one_too() {
        let kicked = |uid| Event { uid, user: Some("bob".into()), ..Event::new(0, EventKind::Kicked) };
        let request = |uid, outcome: &str| Event {
            uid: Some(uid),
            method: Some(Kick::NAME.into()),
            outcome: Some(outcome.into()),
            ..Event::new(0, EventKind::Admin)
        };
        let mut told = Told::default();
        let news = [kicked(Some(0)), request(7, "done"), request(0, "done"), request(0, "done")]
            .map(|event| told.is_news(&event));
        assert_eq!(news, [true, true, false, true]);
        assert!(told.is_news(&kicked(None)) && told.is_news(&request(0, "done")));
        assert!(told.is_news(&kicked(Some(0))) && told.is_news(&request(0, "org.chatd.Admin.NoSuchUser")));
    }
}

//! `list`

use chat_proto::admin::{List, Peer, Session, User, UserStatus};

use unicode_segmentation::UnicodeSegmentation as _;

use super::{Context, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table, time};

/// More channels are counted; `show` names them.
const CHANNELS_SHOWN: usize = 5;
/// Characters of an away text.
const AWAY_SHOWN: usize = 24;

pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
    let mut users = context.connector.list(&List {}, |reply| reply.users)?;
    users.sort_by_cached_key(|user| user.nick.to_lowercase());
    Ok(context.output.show(&Users(users))?)
}

struct Users(Vec<User>);

impl Show for Users {
    fn text(&self, page: &mut Page) {
        if self.0.is_empty() {
            return page.line("nobody is on");
        }
        let mut table = Table::with_heading(&[
            "NICK",
            "ACCOUNT",
            "STATUS",
            "SESSIONS",
            "FROM",
            "CONNECTED",
            "IDLE",
            "CHANNELS",
        ]);
        for user in &self.0 {
            add(&mut table, user);
        }
        page.table(&table);
        let sessions = self.0.iter().map(|user| user.sessions.len() as u64).sum();
        let users = plural(self.0.len() as u64, "user", "users");
        page.line(format!("{users}, {}", plural(sessions, "session", "sessions")));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        self.0.iter().try_for_each(|user| records.push(user))
    }
}

/// A row of the user and its first session, and one more for each further session.
fn add(table: &mut Table, user: &User) {
    let account = user.account.as_deref().unwrap_or("(guest)");
    let [from, connected, idle] = user.sessions.first().map(place_and_times).unwrap_or_default();
    table.push([
        &user.nick,
        account,
        &status_and_since(user),
        &user.sessions.len().to_string(),
        &from,
        &connected,
        &idle,
        &channels(&user.channels),
    ]);
    for session in user.sessions.iter().skip(1) {
        let [from, connected, idle] = place_and_times(session);
        table.push(["", "", "", "", &from, &connected, &idle]);
    }
}

/// Since when somebody is available is as uninteresting here as the end of a long text; `show` tells both.
fn status_and_since(user: &User) -> String {
    let away = user.away.as_deref().map(shortened);
    let status = status_with(user, away.as_deref());
    match user.status_since.filter(|_| user.status != UserStatus::Available) {
        Some(since) => format!("{status} ({})", time::since(since)),
        None => status,
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.graphemes(true).take(AWAY_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

pub(super) fn status(user: &User) -> String {
    status_with(user, user.away.as_deref())
}

fn status_with(user: &User, away: Option<&str>) -> String {
    match (user.status, away, &user.talking_with) {
        (UserStatus::Available, ..) => "available".into(),
        (UserStatus::Away, Some(text), _) => format!("away: {text}"),
        (UserStatus::Away, None, _) => "away".into(),
        (UserStatus::Idle, ..) => "idle".into(),
        (UserStatus::Busy, _, Some(partner)) => format!("busy with {partner}"),
        (UserStatus::Busy, _, None) => "busy".into(),
        (UserStatus::Other, ..) => "unknown".into(),
    }
}

pub(super) fn place_and_times(session: &Session) -> [String; 3] {
    [place(&session.from), time::since(session.connected_at), time::since(session.last_active_at)]
}

pub(super) fn place(peer: &Peer) -> String {
    match peer {
        Peer::Unix { uid, pid, login } => {
            let who = login.clone().unwrap_or_else(|| format!("uid {uid}"));
            match pid {
                Some(pid) => format!("{who} pid {pid}"),
                None => who,
            }
        }
        Peer::Tcp { address } => address.clone(),
        Peer::Tls { address } => format!("{address} (TLS)"),
        Peer::Other => "unknown".into(),
    }
}

fn channels(names: &[String]) -> String {
    let shown = names.iter().take(CHANNELS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(",");
    match names.len().saturating_sub(CHANNELS_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(pid: i32) -> Session {
        let from = Peer::Unix { uid: 1000, pid: Some(pid), login: Some("alice".into()) };
        let now = time::now();
        Session { from, connected_at: now, last_active_at: now, capabilities: Vec::new() }
    }

    fn user() -> User {
        User {
            nick: "alice\u{1b}[2J".into(),
            account: Some("alice".into()),
            guest: false,
            status: UserStatus::Busy,
            status_since: Some(time::now()),
            away: None,
            talking_with: Some("bob".into()),
            realname: String::new(),
            modes: String::new(),
            channels: (0..7).map(|number| format!("#c{number}")).collect(),
            connected_at: 0,
            last_active_at: 0,
            sessions: vec![session(1), session(22)],
        }
    }

    #[test]
    fn every_session_has_a_row_and_the_columns_line_up() {
        let mut page = Page::default();
        Users(vec![user()]).text(&mut page);
        let text = page.into_string();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines[0].find("FROM").expect("a column");
        assert_eq!(lines.len(), 4);
        assert!(
            lines[1].contains("busy with bob (0s)") && lines[1].ends_with("#c0,#c1,#c2,#c3,#c4 and 2 more")
        );
        assert_eq!(lines[2].find("alice pid 22"), Some(from));
        assert_eq!(lines[3], "1 user, 2 sessions");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_status_says_what_and_since_when() {
        let hour_ago = time::now() - 3_600_000;
        let told = |status, away: Option<&str>| {
            let away = away.map(str::to_owned);
            status_and_since(&User {
                status,
                away,
                status_since: Some(hour_ago),
                talking_with: None,
                ..user()
            })
        };
        assert_eq!(told(UserStatus::Available, None), "available");
        assert_eq!(told(UserStatus::Away, Some("at lunch")), "away: at lunch (1h)");
        assert_eq!(told(UserStatus::Idle, None), "idle (1h)");
        let long = format!("away: {}… (1h)", "é".repeat(24));
        assert_eq!(told(UserStatus::Away, Some(&"é".repeat(100))), long);
    }

    #[test]
    fn nobody_is_said_so() {
        let mut page = Page::default();
        Users(Vec::new()).text(&mut page);
        assert_eq!(page.into_string(), "nobody is on\n");
    }
}

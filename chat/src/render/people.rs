//! Who is on, whether they can be reached, and since when.

use chat_proto::text::SafeText;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::line::{Line, Style};
use crate::render::{Renderer, View, count};
use crate::session::{Person, Presence, Status, User, What};

impl Renderer {
    /// What tells of people.
    pub(super) fn people(&self, what: &What, view: View<'_>, now: &Zoned) -> Option<Vec<Line>> {
        match what {
            What::Users { users } => Some(self.users(users, view.me, now)),
            What::Person(person) => Some(self.person(person, view.me, now)),
            What::Away { quiet: true, .. } => Some(Vec::new()),
            What::Away { name, own, presence, .. } => Some(vec![self.away(name, *own, presence, now)]),
            _ => None,
        }
    }

    fn users(&self, users: &[User], me: &str, now: &Zoned) -> Vec<Line> {
        let foot = format!(
            "{} on; <talk> 1 or <private> 1 picks by number, <list> NAME tells more",
            count(users.len(), "user")
        );
        self.rows(users, me, now).chain([Line::of(Style::Dim, &foot)]).collect()
    }

    /// Those who can be asked for a conversation, under their numbers.
    pub fn choice(&self, users: &[User], me: &str, now: Timestamp) -> Vec<Line> {
        self.rows(users, me, &self.local(now)).collect()
    }

    fn rows(&self, users: &[User], me: &str, now: &Zoned) -> impl Iterator<Item = Line> {
        let digits = users.len().to_string().len();
        let width = users.iter().map(|user| SafeText::name(&user.name).width()).max().unwrap_or(0);
        users.iter().enumerate().map(move |(index, user)| {
            let gap = width.saturating_sub(SafeText::name(&user.name).width()) + 2;
            let marks = [
                (user.account.is_none(), "guest"),
                (user.bot, "bot"),
                (user.name.eq_ignore_ascii_case(me), "you"),
            ];
            let marks: Vec<_> = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
            let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
            let standing = self.standing(&user.presence, now);
            let is_here = user.presence.status == Status::Available;
            let style = if is_here { Style::Plain } else { Style::Dim };
            Line::of(Style::Dim, &format!("  {:>digits$}  ", index + 1))
                .name(&user.name)
                .text(style, &format!("{:gap$}{standing}{marks}", ""))
        })
    }

    /// `busy since 14:05, talking with carol`.
    fn standing(&self, presence: &Presence, now: &Zoned) -> String {
        let status = presence.status.name();
        let since = presence.since.map(|since| format!(" since {}", self.moment(since, now)));
        let more = match (&presence.with, &presence.text) {
            (Some(with), _) => format!(", talking with {with}"),
            (None, Some(text)) => format!(": {text}"),
            (None, None) => String::new(),
        };
        format!("{status}{}{more}", since.unwrap_or_default())
    }

    /// A time as one speaks of it, in short: the day only if it isn't today.
    fn moment(&self, time: Timestamp, now: &Zoned) -> String {
        let time = self.local(time);
        let days = now.date().since(time.date()).map_or(i32::MAX, |span| span.get_days());
        let format = match days {
            0 => "%H:%M",
            1..7 => "%a %H:%M",
            _ if time.year() == now.year() => "%-d %b %H:%M",
            _ => "%-d %b %Y",
        };
        time.strftime(format).to_string()
    }

    fn person(&self, person: &Person, me: &str, now: &Zoned) -> Vec<Line> {
        let Person { name, presence, left, .. } = person;
        let head = match (presence, left) {
            (Some(presence), _) => format!(" is {}", self.standing(presence, now)),
            (None, Some(left)) => format!(" is not here, since {}", self.left(left, now)),
            (None, None) => " is not here, and hasn't been lately".to_owned(),
        };
        let mut facts = vec![match &person.account {
            Some(account) => format!("account {account}"),
            None => "a guest".to_owned(),
        }];
        if !person.real_name.is_empty() && person.real_name != *name {
            facts.insert(0, format!("real name {}", person.real_name));
        }
        facts.extend(person.bot.then(|| "a bot".to_owned()));
        facts.extend(person.operator.then(|| "an operator of the server".to_owned()));
        facts.extend(name.eq_ignore_ascii_case(me).then(|| "you".to_owned()));
        let came = person.connected.map(|at| format!("connected since {}", self.moment(at, now)));
        let idle = person.idle.filter(|seconds| *seconds >= 60);
        let idle = idle.map(|seconds| format!("said nothing for {}", long(seconds)));
        let times: Vec<String> = came.into_iter().chain(idle).collect();
        let detail = |text: String| (!text.is_empty()).then(|| Line::of(Style::Dim, &format!("  {text}")));
        let here = presence.is_some();
        std::iter::once(Line::new().name(name).text(Style::Plain, &head))
            .chain(detail(facts.join(", ")).filter(|_| here))
            .chain(detail(times.join(", ")))
            .chain(detail(person.channels.join(" ")).filter(|_| here))
            .collect()
    }

    /// When somebody left: as one speaks of it, if the server writes it as chatd does.
    fn left(&self, text: &str, now: &Zoned) -> String {
        let time = DateTime::strptime("%A, %d %B %Y, %H:%M:%S UTC", text);
        let time = time.and_then(|time| time.to_zoned(TimeZone::UTC));
        time.map_or_else(|_| text.to_owned(), |time| self.moment(time.timestamp(), now))
    }

    fn away(&self, name: &str, own: bool, presence: &Presence, now: &Zoned) -> Line {
        if own {
            return Line::of(
                Style::Dim,
                if presence.status == Status::Available {
                    "you are back"
                } else {
                    "you are away; <back> ends it"
                },
            );
        }
        let since = || presence.since.map(|since| format!(" since {}", self.moment(since, now)));
        let line = Line::new().name(name);
        match (presence.status, &presence.with, &presence.text) {
            (Status::Available, ..) => line.text(Style::Dim, " is available again"),
            (Status::Idle, ..) => line.text(Style::Dim, &format!(" is idle{}", since().unwrap_or_default())),
            (_, Some(with), _) => line.text(Style::Dim, " is busy, talking with ").name(with),
            (_, _, Some(text)) if is_kept(text, name) => Line::of(Style::Dim, text),
            (_, _, Some(text)) => line.text(Style::Dim, &format!(" is away: {text}")),
            (..) => line.text(Style::Dim, " is away"),
        }
    }
}

/// What the server says when it keeps a message for somebody. Anything else may be an away text of their making, which must not
/// look like words of this program.
fn is_kept(text: &str, name: &str) -> bool {
    text.strip_prefix(name) == Some(" is not here; they will be shown it when they return")
}

/// `5 minutes`, `3 hours`, `2 days`.
fn long(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    count(usize::try_from(number).unwrap_or(usize::MAX), unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Event;

    const VIEW: View<'_> = View { me: "alice", here: Some("#lobby"), times: false, guest: false };

    fn shown(what: What) -> String {
        let now = "2026-11-23T15:30:00Z".parse().unwrap();
        let lines = Renderer::new(TimeZone::UTC).lines(&Event::bare(what), VIEW, now);
        lines.iter().map(Line::plain).collect::<Vec<_>>().join("\n")
    }

    fn presence(status: Status, more: &str, since: &str) -> Presence {
        let more = Some(more.to_owned()).filter(|more| !more.is_empty());
        Presence {
            status,
            text: more.clone().filter(|_| status != Status::Busy),
            with: more.filter(|_| status == Status::Busy),
            since: since.parse().ok(),
            told: true,
        }
    }

    #[test]
    fn the_list_has_numbers_status_and_since_when_and_no_address() {
        let user = |name: &str, account: Option<&str>, presence: Presence| User {
            name: name.into(),
            account: account.map(str::to_owned),
            away: presence.status != Status::Available,
            bot: false,
            presence,
        };
        let users = vec![
            user("alice", Some("alice"), presence(Status::Available, "", "2026-11-23T14:05:00Z")),
            user("bobby", None, presence(Status::Away, "back at three", "2026-11-20T14:05:00Z")),
            user("日本", Some("ja"), presence(Status::Busy, "carol", "2026-10-03T14:05:00Z")),
            user("dan", Some("dan"), presence(Status::Idle, "", "2025-10-03T14:05:00Z")),
            user("eve", Some("eve"), Presence::default()),
        ];
        assert_eq!(
            shown(What::Users { users }),
            "  1  alice  available since 14:05 (you)\n\
             \x20 2  bobby  away since Fri 14:05: back at three (guest)\n\
             \x20 3  日本   busy since 3 Oct 14:05, talking with carol\n\
             \x20 4  dan    idle since 3 Oct 2025\n\
             \x20 5  eve    available\n\
             5 users on; <talk> 1 or <private> 1 picks by number, <list> NAME tells more"
        );
    }

    #[test]
    fn a_person_is_told_of_whole_here_or_gone() {
        let person = Person {
            name: "bob".into(),
            real_name: "Robert".into(),
            account: Some("bob".into()),
            presence: Some(presence(Status::Busy, "carol", "2026-11-23T14:05:00Z")),
            idle: Some(300),
            connected: "2026-11-22T09:00:00Z".parse().ok(),
            channels: vec!["#lobby".into(), "#ops".into()],
            ..Person::default()
        };
        assert_eq!(
            shown(What::Person(person)),
            "bob is busy since 14:05, talking with carol\n  real name Robert, account bob\n  \
             connected since Sun 09:00, said nothing for 5 minutes\n  #lobby #ops"
        );
        for (left, words) in [
            ("Friday, 20 November 2026, 17:03:00 UTC", "dan is not here, since Fri 17:03"),
            ("the other day", "dan is not here, since the other day"),
        ] {
            let gone = Person { name: "dan".into(), left: Some(left.into()), ..Person::default() };
            assert_eq!(shown(What::Person(gone)), words);
        }
    }

    #[test]
    fn who_cannot_be_reached_is_told_in_a_few_words() {
        let away = |presence: Presence, quiet| What::Away { name: "bob".into(), own: false, presence, quiet };
        let since = "2026-11-23T14:05:00Z";
        for (presence, text) in [
            (presence(Status::Away, "back at three", since), "bob is away: back at three"),
            (presence(Status::Away, "", since), "bob is away"),
            (
                presence(Status::Away, "bob is not here; they will be shown it when they return", since),
                "bob is not here; they will be shown it when they return",
            ),
            (
                presence(Status::Away, "bob is asked for a password: <password>", since),
                "bob is away: bob is asked for a password: <password>",
            ),
            (presence(Status::Idle, "", since), "bob is idle since 14:05"),
            (presence(Status::Busy, "carol", since), "bob is busy, talking with carol"),
            (presence(Status::Available, "", since), "bob is available again"),
        ] {
            assert_eq!(shown(away(presence.clone(), false)), text);
            assert_eq!(shown(away(presence, true)), "");
        }
    }
}

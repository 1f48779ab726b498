//! `ban TARGET [--for DURATION] [--reason TEXT]`, `unban TARGET` and `bans`

use chat_proto::admin::{Ban, BanKind, BanRequest, Banned, Bans, Unban};
use serde_json::json;

use super::confirmation::Confirmation;
use super::duration::milliseconds;
use super::{Context, joined, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table, time};

pub(super) fn ban(
    context: &mut Context<'_>,
    (target, force): (&str, bool),
    duration: Option<&str>,
    reason: &[String],
) -> Result<(), Failure> {
    let duration_ms = duration.map(milliseconds).transpose()?;
    let (target, force) = (target.to_owned(), force.then_some(true));
    let out = context.connector.call(&BanRequest { target, duration_ms, reason: joined(reason), force })?;
    Ok(context.output.show(&Outcome { banned: out, duration_ms })?)
}

/// Asks before a ban that may disconnect many users at once.
pub(super) fn confirm(
    context: &mut Context<'_>,
    (target, force): (&str, bool),
    confirmation: Confirmation,
) -> Result<(), Failure> {
    if !force && !target.contains(['*', '?', '/']) {
        return Ok(());
    }
    confirmation
        .obtain(context, |_| format!("ban {} and disconnect every user that it matches?", quoted(target)))
}

pub(super) fn unban(context: &mut Context<'_>, target: &str) -> Result<(), Failure> {
    context.connector.call(&Unban { target: target.to_owned() })?;
    Ok(context.output.show(&Unbanned { target })?)
}

pub(super) fn list(context: &mut Context<'_>) -> Result<(), Failure> {
    let bans = context.connector.list(&Bans {}, |reply| reply.bans)?;
    Ok(context.output.show(&BanTable(bans))?)
}

/// Until when, for something that begins now.
pub(super) fn until(duration_ms: u64) -> String {
    at(time::now().saturating_add(duration_ms))
}

/// As a shell takes it.
fn quoted(target: &str) -> String {
    if target.contains(['*', '?', '!']) { format!("'{target}'") } else { target.to_owned() }
}

fn at(until: u64) -> String {
    format!("{}, in {}", time::clock(until), time::until(until))
}

struct Outcome {
    banned: Banned,
    duration_ms: Option<u64>,
}

impl Show for Outcome {
    fn text(&self, page: &mut Page) {
        let how_long = self.duration_ms.map_or("for ever".into(), |ms| format!("until {}", until(ms)));
        let sessions = plural(self.banned.sessions, "session", "sessions");
        page.line(format!(
            "banned {target} {how_long}; {sessions} ended; `unban {target}` lifts it",
            target = quoted(&self.banned.target)
        ));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&self.banned)
    }
}

struct Unbanned<'a> {
    target: &'a str,
}

impl Show for Unbanned<'_> {
    fn text(&self, page: &mut Page) {
        page.line(format!("{} is no longer banned", self.target));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"target": self.target}))
    }
}

struct BanTable(Vec<Ban>);

impl Show for BanTable {
    fn text(&self, page: &mut Page) {
        if self.0.is_empty() {
            return page.line("nobody is banned");
        }
        let mut table = Table::with_heading(&["BANNED", "KIND", "UNTIL", "BY", "SINCE", "REASON"]);
        for ban in &self.0 {
            table.push([
                &ban.target,
                kind(ban.kind),
                &ban.until.map_or("for ever".into(), at),
                &ban.by,
                &time::since(ban.at),
                ban.reason.as_deref().unwrap_or_default(),
            ]);
        }
        page.table(&table);
        page.line(plural(self.0.len() as u64, "ban", "bans"));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        self.0.iter().try_for_each(|ban| records.push(ban))
    }
}

const fn kind(kind: BanKind) -> &'static str {
    match kind {
        BanKind::Name => "name",
        BanKind::Mask => "mask",
        BanKind::Address => "address",
        BanKind::Other => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_whom_until_when_by_whom_and_why() {
        let now = time::now();
        let ban = |target: &str, until, reason: Option<&str>| Ban {
            target: target.into(),
            kind: BanKind::Name,
            by: "root".into(),
            at: now,
            until,
            reason: reason.map(str::to_owned),
        };
        let mut page = Page::default();
        BanTable(vec![ban("bob", Some(now + 600_000), Some("too loud")), ban("eve", None, None)])
            .text(&mut page);
        let text = page.into_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("bob") && lines[1].contains(", in 10m"), "{text}");
        assert!(lines[1].ends_with("too loud") && lines[2].contains("for ever"), "{text}");
        assert_eq!(lines[3], "2 bans");
    }
}

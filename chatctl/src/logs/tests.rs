use super::*;

fn read(format: Format, zone: &str, text: &str) -> Vec<Parsed> {
    let mut log = Log::new(format, TimeZone::get(zone).expect("a zone"));
    text.lines().map(|line| log.read(line)).collect()
}

fn said(at: &str, kind: ImportedKind, from: &str, text: &str) -> Parsed {
    let at: jiff::Timestamp = at.parse().expect("a time");
    let at = u64::try_from(at.as_millisecond()).expect("after 1970");
    Parsed::Said(ImportedLine { at, from: from.into(), kind, text: text.into() })
}

#[test]
fn a_log_of_irssi_is_read_with_its_days() {
    let log = "\
--- Log opened Sat Oct 31 23:58:00 2026
23:58 -!- bob [~bob@host] has joined #lobby
23:59 <@alice> hello
23:59 < bob> <b> hi
--- Day changed Sun Nov 01 2026
00:00  * alice waves
00:01 -alice:#lobby- note
00:01:30 <+carol> late > early
nonsense
00:02 whatever
--- Log closed Sun Nov 01 00:03:00 2026";
    use ImportedKind::{Action, Message, Notice};
    assert_eq!(
        read(Format::Irssi, "Europe/Berlin", log),
        [
            Parsed::Nothing,
            Parsed::Nothing,
            said("2026-10-31T22:59:00Z", Message, "alice", "hello"),
            said("2026-10-31T22:59:00.001Z", Message, "bob", "<b> hi"),
            Parsed::Nothing,
            said("2026-10-31T23:00:00Z", Action, "alice", "waves"),
            said("2026-10-31T23:01:00Z", Notice, "alice", "note"),
            said("2026-10-31T23:01:30Z", Message, "carol", "late > early"),
            Parsed::Bad,
            Parsed::Bad,
            Parsed::Nothing,
        ]
    );
}

#[test]
fn a_line_before_any_day_is_not_understood() {
    assert_eq!(read(Format::Irssi, "UTC", "12:00 <alice> when?"), [Parsed::Bad]);
}

#[test]
fn a_log_of_weechat_is_read() {
    let log = "\
2026-11-01 12:34:56\t-->\tbob (~bob@host) has joined #lobby
2026-11-01 12:35:00\t@alice\thello\twith a tab
2026-11-01 12:35:00\t *\talice waves
2026-11-01 12:35\tshort\tof seconds
2026-11-01\talice\tno time
2026-11-01 25:00:00\talice\tno such hour";
    use ImportedKind::{Action, Message};
    assert_eq!(
        read(Format::Weechat, "UTC", log),
        [
            Parsed::Nothing,
            said("2026-11-01T12:35:00Z", Message, "alice", "hello\twith a tab"),
            said("2026-11-01T12:35:00.001Z", Action, "alice", "waves"),
            said("2026-11-01T12:35:00.002Z", Message, "short", "of seconds"),
            Parsed::Bad,
            Parsed::Bad,
        ]
    );
}

#[test]
fn the_hour_that_an_autumn_has_twice_goes_on() {
    let log = "2026-10-25 02:59:00\ta\tfirst\n2026-10-25 02:01:00\ta\tsecond\n2026-10-25 03:00:00\ta\tthird";
    use ImportedKind::Message;
    assert_eq!(
        read(Format::Weechat, "Europe/Berlin", log),
        [
            said("2026-10-25T00:59:00Z", Message, "a", "first"),
            said("2026-10-25T01:01:00Z", Message, "a", "second"),
            said("2026-10-25T02:00:00Z", Message, "a", "third"),
        ]
    );
}

#[test]
fn what_is_out_of_order_keeps_its_time() {
    let log = "\
2026-11-06 12:00:00\tzoe\tnewer
2026-11-04 12:00:00\tzoe\tolder
2026-11-04 12:00:00\tzoe\tat the same time";
    use ImportedKind::Message;
    assert_eq!(
        read(Format::Weechat, "UTC", log),
        [
            said("2026-11-06T12:00:00Z", Message, "zoe", "newer"),
            said("2026-11-04T12:00:00Z", Message, "zoe", "older"),
            said("2026-11-04T12:00:00.001Z", Message, "zoe", "at the same time"),
        ]
    );
}

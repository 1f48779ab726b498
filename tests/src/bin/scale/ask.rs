//! What a client asks of a long history, and how long it waits for the answer.

use std::time::{Duration, Instant};

use anyhow::Result;
use chat_tests::daemon::Daemon;
use chat_tests::irc::Irc;

/// Rooms that the reader is in.
pub(crate) const CHANNELS: usize = 50;
/// Different words in the messages.
pub(crate) const WORDS: u64 = 50_000;

const CAPABILITIES: &str =
    "batch message-tags server-time labeled-response draft/chathistory draft/event-playback soju.im/search";
const TIMES: usize = 100;

/// Makes the rooms.
pub(crate) fn furnish(daemon: &Daemon) {
    let mut reader = enter(daemon);
    for index in 0..CHANNELS {
        reader.send(&format!("PRIVMSG #room{index} :welcome"));
    }
    reader.sync();
}

pub(crate) fn report(daemon: &Daemon) -> Result<()> {
    let mut reader = enter(daemon);
    let before = daemon.memory();
    println!("| question | p50 | p99 | max | lines |\n|---|---:|---:|---:|---:|");
    ask(&mut reader, "the latest 100", |room| format!("CHATHISTORY LATEST {room} * 100"));
    ask(&mut reader, "100 before a time", |room| {
        format!("CHATHISTORY BEFORE {room} timestamp={} 100", some_day())
    });
    ask(&mut reader, "100 after a time", |room| {
        format!("CHATHISTORY AFTER {room} timestamp={} 100", some_day())
    });
    ask(&mut reader, "100 around a time", |room| {
        format!("CHATHISTORY AROUND {room} timestamp={} 100", some_day())
    });
    ask(&mut reader, "who wrote since a time", |_| {
        format!("CHATHISTORY TARGETS timestamp={} timestamp=2100-01-01T00:00:00.000Z 100", some_day())
    });
    ask(&mut reader, "a rare word in a room", |room| {
        format!("SEARCH in={room};text=word{}", fastrand::u64(WORDS / 2..WORDS))
    });
    ask(&mut reader, "a rare word everywhere", |_| {
        format!("SEARCH text=word{}", fastrand::u64(WORDS / 2..WORDS))
    });
    ask(&mut reader, "a frequent word in a room", |room| format!("SEARCH in={room};text=word1"));
    ask(&mut reader, "a frequent word everywhere", |_| "SEARCH text=word1".to_owned());
    ask(&mut reader, "two frequent words of one author", |_| {
        format!("SEARCH from=friend{};text=word1\\sword2", fastrand::u8(..100))
    });
    ask(&mut reader, "a word that is nowhere", |room| format!("SEARCH in={room};text=nowhere"));
    println!("\nMemory: {} KiB when ready, {} KiB afterwards.", before / 1024, daemon.memory() / 1024);
    Ok(())
}

fn ask(reader: &mut Irc, title: &str, question: impl Fn(&str) -> String) {
    let (mut times, mut lines) = (Vec::new(), 0);
    for index in 0..TIMES {
        let room = format!("#room{}", fastrand::usize(..CHANNELS));
        let began = Instant::now();
        reader.send(&format!("@label=q{index} {}", question(&room)));
        lines += answer(reader, &format!("label=q{index}"));
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let (half, most, last) = (times[TIMES / 2], times[TIMES * 99 / 100], times[TIMES - 1]);
    println!("| {title} | {} | {} | {} | {} |", shown(half), shown(most), shown(last), lines / TIMES);
}

/// How many lines the batch has that answers.
fn answer(reader: &mut Irc, label: &str) -> usize {
    let begin = reader.expect(|line| line.contains(label));
    let batch = begin.split(" BATCH +").nth(1).and_then(|rest| rest.split(' ').next());
    let end = format!(" BATCH -{}", batch.unwrap_or_else(|| panic!("no answer: {begin}")));
    let start = reader.seen().len();
    reader.expect(|line| line.ends_with(&end));
    reader.seen().len() - start - 1
}

fn enter(daemon: &Daemon) -> Irc {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).expect("users can be looked up");
    let mut reader = daemon.connect();
    reader.register_with(&user.expect("who runs this has a login").name, CAPABILITIES);
    for index in 0..CHANNELS {
        reader.send(&format!("JOIN #room{index}"));
    }
    reader.sync();
    reader
}

/// A time in the past that the messages are from.
fn some_day() -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let at =
        jiff::Timestamp::from_second(i64::try_from(now - fastrand::u64(..359 * 24 * 60 * 60)).unwrap_or(0));
    at.map(|at| format!("{at:.3}")).unwrap_or_default()
}

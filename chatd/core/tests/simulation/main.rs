//! Many clients, administrators and jobs in virtual time, by seeds.
//!
//! Whatever happens, every member of a channel hears every message of the others there exactly once and in the one
//! order of the core, echoes included, and who asks, is asked or talks hears of it exactly once; the host checks after every step what must always be true.
//!
//! Each run takes new seeds and prints them; `CHATD_SEED=123 cargo test -p chatd-core --test simulation` runs one
//! again, `CHATD_SEEDS=5000 cargo test -p chatd-core --release --test simulation` runs longer.

mod client;
mod ledger;
#[path = "../support/mod.rs"]
mod support;
mod talks;
mod world;

use world::World;

/// How many seeds are run when nobody says how many.
const SEEDS: u64 = 24;
/// Virtual seconds of one run, unless the server is shut down before.
const SECONDS: u64 = 180;

#[test]
fn every_member_hears_every_message_once_and_in_one_order() {
    let wanted: Option<u64> = number("CHATD_SEED");
    let first = wanted.unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    let count = if wanted.is_some() { 1 } else { number("CHATD_SEEDS").unwrap_or(SEEDS) };
    let (mut heard, mut talks) = (0, 0);
    for seed in first..first + count {
        print!("CHATD_SEED={seed}");
        let mut world = World::new(seed);
        world.live(SECONDS);
        let (messages, conversations) = world.end();
        println!(": {messages} messages heard, {conversations} conversations");
        heard += messages;
        talks += conversations;
    }
    assert!(heard > 1000 * count, "{heard} messages heard in {count} runs are too few to prove anything");
    assert!(
        wanted.is_some() || talks > count,
        "{talks} conversations in {count} runs are too few to prove anything"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the seed comes from whoever runs the test, the core sees none of it"
)]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, and has to be a number")))
}

//! Prints which tests `cargo test` has skipped, and why.

use chat_tests::skipped::Record;

fn main() -> anyhow::Result<()> {
    // Other runners ask for the names of tests first. There is none.
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    let skipped = Record::of_this_run()?.take()?;
    if skipped.is_empty() {
        println!("\nskipped tests: none");
        return Ok(());
    }
    println!("\nskipped tests: {}", skipped.len());
    for line in skipped {
        println!("  {line}");
    }
    println!("`.ci/run` runs them all, as root and with the programs that they need");
    Ok(())
}

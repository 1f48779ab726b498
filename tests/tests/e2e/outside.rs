//! Real clients and a real systemd, where they are to be had. The scripts do the work and can be run by hand.

use std::process::Command;

use chat_tests::outside::{is_root, missing_program, must_not_skip, skip};
use chat_tests::programs;

fn run(script: &str, arguments: &[&str]) {
    let path = format!("{}/{script}", env!("CARGO_MANIFEST_DIR"));
    let binaries = programs::directory().expect("the programs are built");
    let output = Command::new(path)
        .args(arguments)
        .env("CHATD_TEST_BINARIES", binaries)
        .output()
        .expect("the script runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{script} failed:\n{}", String::from_utf8_lossy(&said));
}

fn lack_clients() -> bool {
    let missing = missing_program(&["irssi", "weechat-headless", "tmux", "openssl"]);
    if let Some(program) = missing {
        skip("the test with irssi and WeeChat", &format!("{program} is not installed"));
    }
    missing.is_some()
}

#[test]
fn irssi_and_weechat_feel_at_home() {
    if !lack_clients() {
        run("clients/talk", &[]);
        run("clients/talk", &["tls"]);
    }
}

#[test]
fn irssi_and_weechat_log_in_by_sasl() {
    if !lack_clients() {
        run("clients/sasl", &[]);
    }
}

#[test]
fn the_packages_and_the_administrators_pages_hold_in_a_real_systemd() {
    if !must_not_skip() {
        return skip(
            "the test in a real systemd",
            "it downloads a small Debian, which only CHATD_CI=1 asks for",
        );
    }
    if !is_root() {
        return skip("the test in a real systemd", "it needs root");
    }
    if let Some(program) = missing_program(&["systemd-nspawn", "debootstrap", "dh"]) {
        return skip("the test in a real systemd", &format!("{program} is not installed"));
    }
    run("systemd/run", &[]);
}

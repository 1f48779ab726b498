//! Real clients and a real systemd, where they are to be had. The scripts do the work and can be run by hand.

use std::process::Command;

use chat_tests::outside::{lacks_program, lacks_root, must_not_skip, skip};
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

fn lack_clients(what: &str) -> bool {
    lacks_program(what, &["irssi", "weechat-headless", "tmux", "openssl", "python3"])
}

#[test]
fn irssi_and_weechat_feel_at_home() {
    if !lack_clients("a conversation between irssi and WeeChat") {
        run("clients/talk", &[]);
        run("clients/talk", &["tls"]);
    }
}

#[test]
fn irssi_and_weechat_log_in_by_sasl() {
    if !lack_clients("logging in with irssi and WeeChat") {
        run("clients/sasl", &[]);
    }
}

#[test]
fn the_packages_and_the_administrators_pages_hold_in_a_real_systemd() {
    let what = "the packages and the pages of docs/ in a real systemd";
    if lacks_root(what) {
        return;
    }
    if !must_not_skip() {
        return skip(what, "it downloads a small Debian, which only CHATD_CI=1 asks for");
    }
    if !lacks_program(what, &["systemd-nspawn", "debootstrap", "dh"]) {
        run("systemd/run", &[]);
    }
}

//! Clients that come with odd names, and programs that speak something else.

use chat_tests::daemon::Daemon;

#[test]
fn odd_user_names_are_let_in() {
    let daemon = Daemon::start();
    let latin1: &[u8] = b"caf\xe9";
    for (index, name) in ["[bot]", "a|b", "ö", &"x".repeat(400)]
        .map(str::as_bytes)
        .into_iter()
        .chain([latin1, &[b'y'; 700]])
        .enumerate()
    {
        let mut client = daemon.connect_tcp();
        client.send(&format!("NICK guest{index}"));
        client.try_send_bytes(&[b"USER ", name, b" 0 * :caf\xe9 of \"x\"\r\n"].concat()).unwrap();
        if name.len() < 500 {
            client.expect_containing(" 001 ");
        } else {
            // The line has no real name any more.
            client.expect_containing(" 461 ");
            client.send("USER x 0 * :X");
            client.expect_containing(" 001 ");
        }
    }
}

#[test]
fn a_web_page_cannot_speak_in_the_chat() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    let irc = "NICK mallory\r\nUSER m 0 * :M\r\nPRIVMSG #lobby :spam\r\nPRIVMSG alice :spam\r\n";
    let post = "POST / HTTP/1.1\r\nHost: localhost:6667\r\nContent-Type: text/plain\r\n\r\n";
    let long = format!("POST /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(9000));
    for head in [post, &long, "GET /\r\n", "Host: localhost\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"] {
        let mut page = daemon.connect_tcp();
        page.try_send_bytes(format!("{head}{irc}").as_bytes()).unwrap();
        let seen = page.expect_closed();
        assert!(seen.len() == 1 && seen[0].starts_with("ERROR :Closing link: "), "{head}: {seen:?}");
    }
    // Behind a nick, too: what follows the request is not said.
    let mut page = daemon.connect_tcp();
    page.try_send_bytes(format!("NICK m\r\nUSER m 0 * :M\r\n{post}{irc}").as_bytes()).unwrap();
    page.expect_closed();
    assert!(alice.sync().iter().all(|line| !line.contains("spam")));
}

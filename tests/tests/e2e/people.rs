//! People with accounts.

use std::io::Write;
use std::process::Stdio;

use chat_tests::daemon::Daemon;
use chat_tests::irc::Irc;

/// `carol` and `correct horse`, as SASL PLAIN wants them; `dave` likewise.
pub const CAROL: &str = "AGNhcm9sAGNvcnJlY3QgaG9yc2U=";
pub const DAVE: &str = "AGRhdmUAY29ycmVjdCBob3JzZQ==";

pub fn add(daemon: &Daemon, account: &str) {
    let mut command = daemon.chatctl_command(&["account", "add", account]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("chatctl runs");
    child.stdin.take().expect("a pipe").write_all(b"correct horse\n").expect("chatctl reads");
    assert!(child.wait().expect("chatctl ends").success());
}

/// Over TCP, with further capabilities.
pub fn log_in(daemon: &Daemon, name: &str, response: &str, caps: &str) -> Irc {
    let mut client = daemon.connect_tcp();
    client.send(&format!(
        "CAP REQ :sasl {caps}\r\nNICK {name}\r\nUSER {name} 0 * :{name}\r\nAUTHENTICATE PLAIN"
    ));
    client.expect_containing("AUTHENTICATE +");
    client.send(&format!("AUTHENTICATE {response}"));
    client.expect_containing(" 903 ");
    client.send("CAP END");
    client.expect_containing(" 422 ");
    client
}

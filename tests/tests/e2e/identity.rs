//! Attempts to speak as somebody else, and to do harm before or while logging in.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_tests::daemon::{Daemon, Setup};
use chat_tests::irc::Irc;
use chat_tests::outside::{lacks_program, lacks_root, skip};
use nix::unistd::{Uid, User};

use super::hostile::Bystanders;

const PASSWORD: &str = "correct horse battery";
const MIB: u64 = 1 << 20;

/// Everything that a test may try, without delays.
const UNHURRIED: &str = "[limits]\nlogin-attempts = 1000\nregistrations-per-address = 100000\nmessages-per-second = 0\nwork-per-second = 0\n\
     connections-per-address = 4096";

fn plain(name: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{name}\0{password}"))
}

fn register(client: &mut Irc) -> String {
    client.send(&format!("REGISTER * * :{PASSWORD}"));
    client.expect(|line| line.contains(" REGISTER SUCCESS ") || line.contains("FAIL REGISTER "))
}

/// Tells the numeric of the outcome.
fn log_in(client: &mut Irc, name: &str, password: &str) -> String {
    client.send(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {}", plain(name, password)));
    let line = client.expect(|line| [" 903 ", " 904 "].iter().any(|numeric| line.contains(numeric)));
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn of_many_who_want_the_same_name_one_gets_it() {
    let daemon = Daemon::configured(UNHURRIED);
    let mut rivals: Vec<Irc> = (0..20).map(|_| daemon.connect_tcp()).collect();
    for rival in &mut rivals {
        rival.send(&format!("NICK zoe\r\nREGISTER * * :{PASSWORD}\r\nUSER zoe 0 * :Zoe"));
    }
    let outcomes: Vec<bool> = rivals
        .iter_mut()
        .map(|rival| {
            let line =
                rival.expect(|line| line.contains("REGISTER SUCCESS") || line.contains("FAIL REGISTER "));
            line.contains("SUCCESS")
        })
        .collect();
    assert_eq!(outcomes.iter().filter(|made| **made).count(), 1, "{outcomes:?}");
    for (rival, made) in rivals.iter_mut().zip(outcomes) {
        rival.expect_containing(if made { " 001 zoe " } else { " 433 " });
    }
}

#[test]
fn a_name_cannot_be_had_by_case_or_looks_or_by_having_had_it_first() {
    let daemon = Daemon::configured(UNHURRIED);
    let mut zelda = daemon.connect_tcp();
    zelda.register("zelda");
    assert!(register(&mut zelda).contains("SUCCESS"));
    zelda.send("QUIT");
    zelda.expect_closed();
    let mut mallory = daemon.connect_tcp();
    for name in ["zelda", "ZELDA", "Ze1da", "ze1dA", "root", "Root", "NickServ"] {
        mallory.send(&format!("NICK {name}\r\nUSER m 0 * :m"));
        mallory.expect(|line| line.contains(" 433 ") || line.contains(" 432 "));
    }
    mallory.send("NICK mallory");
    mallory.expect_containing(" 001 mallory ");
    for name in ["zelda", "zELDA", "zeIda", "ze|da", "daemon", "nickserv"] {
        mallory.send(&format!("NICK {name}"));
        mallory.expect(|line| line.contains(" 433 ") || line.contains(" 432 "));
    }
    let mut early = daemon.connect_tcp();
    early.register("yorick");
    assert!(daemon.chatctl(&["account", "add", "yorick", "--generate"]).status.success());
    early.expect_containing(" NICK guest1");
}

#[test]
fn an_account_that_was_shown_survives_the_crash_after_it() {
    let mut setup = Setup::configured(UNHURRIED);
    for round in 0..5 {
        let daemon = setup.start();
        let mut client = daemon.connect_tcp();
        client.register(&format!("user{round}{round}x"));
        assert!(register(&mut client).contains("SUCCESS"));
        setup = daemon.crash();
    }
    let daemon = setup.start();
    for round in 0..5 {
        assert_eq!(log_in(&mut daemon.connect_tcp(), &format!("user{round}{round}x"), PASSWORD), "903");
    }
}

#[test]
fn logins_that_never_end_or_make_no_sense_harm_nobody() {
    let mut daemon = Daemon::configured(UNHURRIED);
    let mut bystanders = Bystanders::of(&daemon);
    let before = daemon.memory();
    let mut half: Vec<Irc> = (0..200).map(|_| daemon.connect_tcp()).collect();
    for client in &mut half {
        client.send(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {}", "x".repeat(400)));
    }
    let mut absurd = daemon.connect_tcp();
    for message in [
        "n",
        "n,,",
        "n,,n=,r=",
        "n,,n=a",
        "n,,r=x,n=a",
        "y,a=b,n=a,r=x",
        "p=tls-unique,,n=a,r=x",
        "n,,m=x,n=a,r=x",
        "n,,n==,r=x",
        "n,,n=a,r=\u{7}",
        "n,,n=a,n=b,r=x",
        ",,,,,,,",
        "n,,n=a\0b,r=x",
    ] {
        absurd.send(&format!("AUTHENTICATE SCRAM-SHA-256\r\nAUTHENTICATE {}", STANDARD.encode(message)));
        absurd.expect(|line| line.contains(" 904 ") || line.starts_with("AUTHENTICATE ") && line.len() > 20);
        absurd.send(&format!("AUTHENTICATE {}", STANDARD.encode("c=biws,r=,p=")));
        absurd.expect(|line| line.contains(" 904 "));
        bystanders.chat();
    }
    for _ in 0..2000 {
        absurd.send("AUTHENTICATE PLAIN\r\nAUTHENTICATE *");
    }
    absurd.sync();
    bystanders.chat();
    assert!(daemon.memory() < before + 32 * MIB, "{before} -> {}", daemon.memory());
    daemon.assert_running();
}

#[test]
fn many_logins_at_once_stall_nobody_and_take_no_memory() {
    let mut daemon = Daemon::configured(UNHURRIED);
    let mut zelda = daemon.connect_tcp();
    zelda.register("zelda");
    assert!(register(&mut zelda).contains("SUCCESS"));
    let mut bystanders = Bystanders::of(&daemon);
    let before = daemon.memory();
    let mut crowd: Vec<Irc> = (0..100).map(|_| daemon.connect_tcp()).collect();
    for (number, client) in crowd.iter_mut().enumerate() {
        let password = if number % 2 == 0 { PASSWORD } else { "a guess" };
        client.send(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {}", plain("zelda", password)));
    }
    for _ in 0..20 {
        bystanders.chat();
    }
    for (number, client) in crowd.iter_mut().enumerate() {
        client.expect_containing(if number % 2 == 0 { " 903 " } else { " 904 " });
    }
    bystanders.chat();
    // Each processor, of eight at most, hashes one password at a time.
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get().min(8)) as u64;
    let after = daemon.memory();
    assert!(after < before + (40 + 20 * processors) * MIB, "{before} -> {after}");
    daemon.assert_running();
}

/// An address of this host that others reach, with a port that is free.
fn outward_address() -> Option<SocketAddr> {
    // Nothing is sent; the host only says by which address it would be.
    let probe = UdpSocket::bind("0.0.0.0:0").ok()?;
    probe.connect("192.0.2.1:9").ok()?;
    let address = probe.local_addr().ok()?.ip();
    let free = TcpListener::bind((address, 0)).ok()?.local_addr().ok()?;
    (!address.is_loopback()).then_some(free)
}

#[test]
fn no_password_is_taken_where_others_can_read_it() {
    let Some(address) = outward_address() else {
        return skip(
            "passwords over plain TCP from other hosts",
            "this host has no address but loopback ones",
        );
    };
    let listener = format!("[[listen]]\ntcp = \"{address}\"\ninsecure = true\nguests = true\n");
    let daemon = Daemon::configured(&listener);
    let mut zelda = daemon.connect_tcp();
    zelda.register("zelda");
    assert!(register(&mut zelda).contains("SUCCESS"));
    let mut client = Irc::tcp(address);
    client.send("CAP LS 302");
    let offered = client.expect(|line| line.contains(" LS "));
    assert!(!offered.contains("sasl") && !offered.contains("account-registration"), "{offered}");
    client.send("CAP REQ sasl");
    client.expect_containing(" NAK ");
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "EXTERNAL"] {
        client.send(&format!("AUTHENTICATE {mechanism}"));
        let refused = client.expect(|line| line.contains(" 904 "));
        assert!(refused.contains("encrypted connections only"), "{refused}");
    }
    client.send(&format!("NICK anna\r\nUSER a 0 * :a\r\nREGISTER * * :{PASSWORD}"));
    client.expect_containing("FAIL REGISTER DISALLOWED");
    client.send("CAP END");
    client.expect_containing(" 001 anna ");
    for command in ["NS IDENTIFY zelda a-password", "NS REGISTER a-password"] {
        client.send(command);
        client.expect_containing(" NOTICE anna :Passwords are for encrypted connections only");
    }
}

#[test]
fn a_crash_leaves_no_core_behind() {
    let daemon = Daemon::start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).expect("it runs");
    let cores = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a limit");
    assert_eq!(cores.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"]);
}

#[test]
fn no_line_is_made_by_what_is_within_a_line() {
    let daemon = Daemon::configured(UNHURRIED);
    let mut bob = daemon.client("bob");
    let mut mallory = daemon.connect_tcp();
    mallory.register("mallory");
    for line in [
        "NS REGISTER long\u{7}password a@b.c\u{1b}[31m",
        "NS IDENTIFY a\u{0}b c",
        "PRIVMSG NickServ :CERT DEL \u{1b}]0;x\u{7}",
        "PRIVMSG NickServ :IDENTIFY \u{202e}bob password",
    ] {
        // A line may be refused whole.
        let _ = mallory.try_send_bytes(format!("{line}\r\n").as_bytes());
    }
    for line in mallory.sync() {
        assert!(!line.contains(['\u{1b}', '\u{7}', '\r', '\0']), "{line:?}");
    }
    assert!(bob.sync().iter().all(|line| !line.contains("hacked")));
}

#[test]
fn passwords_of_users_are_neither_logged_nor_shown() {
    let daemon = Daemon::configured(&format!("{UNHURRIED}\n[log]\nlevel = \"trace\""));
    let mut watch =
        daemon.chatctl_command(&["--json", "watch"]).stdout(Stdio::piped()).spawn().expect("chatctl");
    let (mut bob, mut anna) = (daemon.client("bob"), daemon.connect_tcp());
    anna.register("anna");
    let secrets = ["hunter2-hunter2", "hunter3-hunter3", "hunter4-hunter4"];
    anna.send(&format!("REGISTER * * {}", secrets[0]));
    anna.expect_containing("REGISTER SUCCESS");
    anna.send(&format!("PASSWD {} :{}", secrets[0], secrets[1]));
    anna.expect_containing("PASSWD SUCCESS");
    anna.send(&format!("PRIVMSG NickServ :SET PASSWORD {} {}", secrets[2], secrets[1]));
    anna.expect_containing("Password set");
    anna.send(&format!("NS IDENTIFY anna {}", secrets[0]));
    anna.expect_containing("wrong name or password");
    assert_eq!(log_in(&mut daemon.connect_tcp(), "anna", secrets[2]), "903");
    bob.sync();
    watch.kill().expect("it runs");
    let watched = watch.wait_with_output().expect("chatctl ends").stdout;
    for text in [daemon.log(), String::from_utf8_lossy(&watched).into_owned()] {
        for secret in secrets {
            assert!(!text.contains(secret) && !text.contains(&plain("anna", secret)), "{text}");
        }
    }
    assert!(daemon.log().contains("anna"));
}

/// Says lines to a Unix socket as another user of the host, and returns what comes back.
fn as_user(uid: Uid, socket: &std::path::Path, lines: &str) -> String {
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])\n\
                  s.sendall(sys.argv[2].encode())\nd=b''\n\
                  while True:\n c=s.recv(4096)\n if not c: break\n d+=c\nsys.stdout.write(d.decode())";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(socket)
        .arg(lines)
        .uid(uid.as_raw())
        .gid(65534)
        .current_dir("/")
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_kernel_says_who_comes_over_the_unix_socket() {
    let what = "logins of other users over the Unix socket";
    let (Ok(Some(nobody)), Ok(Some(daemon_user))) = (User::from_name("nobody"), User::from_name("daemon"))
    else {
        return skip(what, "there are no users nobody and daemon");
    };
    if lacks_root(what) || lacks_program(what, &["python3"]) {
        return;
    }
    let daemon = Daemon::configured(UNHURRIED);
    let directory = daemon.setup().path();
    std::fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mine");
    let socket = daemon.setup().socket();
    let register = |nick: &str| format!("NICK {nick}\r\nUSER {nick} 0 * :x\r\nQUIT\r\n");
    assert!(as_user(nobody.uid, &socket, &register("nobody")).contains(" 001 nobody "));
    for name in ["daemon", "DAEMON", "root"] {
        let told = as_user(nobody.uid, &socket, &register(name));
        assert!(told.contains(" 433 ") && !told.contains(" 001 "), "{told}");
    }
    let external = |who: &str| {
        let who = STANDARD.encode(who);
        format!("AUTHENTICATE EXTERNAL\r\nAUTHENTICATE {who}\r\nQUIT\r\n")
    };
    assert!(as_user(daemon_user.uid, &socket, &external("daemon")).contains(" 903 "));
    assert!(as_user(nobody.uid, &socket, &external("daemon")).contains(" 904 "));
    // A password that daemon sets lets it in, and nobody else.
    let told = as_user(
        daemon_user.uid,
        &socket,
        &format!("NICK daemon\r\nUSER d 0 * :d\r\nPASSWD * :{PASSWORD}\r\nQUIT\r\n"),
    );
    assert!(told.contains("PASSWD SUCCESS daemon"), "{told}");
    assert_eq!(log_in(&mut daemon.connect_tcp(), "daemon", PASSWORD), "903");
    assert_eq!(log_in(&mut daemon.connect_tcp(), "root", ""), "904");
}

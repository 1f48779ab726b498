//! Lines with gaps, and what the gaps are filled with.

pub const NICKS: &[&str] = &["ann", "ben", "cat", "Cat", "dan", "eve", "ANN", "j.doe", "*"];

pub const CAPS: &[&str] = &[
    "",
    "chatd.org/talk server-time account-tag message-tags",
    "chatd.org/talk away-notify batch labeled-response",
    "batch labeled-response message-tags echo-message",
    "server-time account-tag extended-join away-notify",
    "message-tags away-notify extended-monitor chatd.org/presence",
    "echo-message setname invite-notify multi-prefix userhost-in-names",
    "message-tags extended-monitor account-notify chghost cap-notify",
    "batch message-tags echo-message draft/multiline draft/read-marker draft/message-redaction chatd.org/client-id",
    "-echo-message -message-tags",
    "no-such-capability",
];

pub const TAGS: &[&str] = &[
    "",
    "",
    "",
    "",
    "@label=x ",
    "@+a=b;label=y ",
    "@+typing=active;time=1 ",
    "@batch=1 ",
    "@chatd.org/client-id=1 ",
];

/// `%` and a letter is a gap; the letter names its pool.
#[rustfmt::skip]
pub const LINES: &[&str] = &[
    "PRIVMSG %c :%t", "PRIVMSG %c %t", "PRIVMSG %n %t", "PRIVMSG %n,%c,@%c,+%c,%c %t", "NOTICE %c %t", "NOTICE %n %t",
    "TAGMSG %c", "TAGMSG %n",
    "JOIN %c", "JOIN %c", "JOIN %c %k", "JOIN %c,%c,%c,%c %k,%k", "JOIN 0", "PART %c", "PART %c,%c %t",
    "KICK %c %n", "KICK %c %n,%n %t", "INVITE", "INVITE %n %c", "TOPIC %c", "TOPIC %c %t",
    "MODE %c", "MODE %c %f", "MODE %c %r %n %n", "MODE %c %r %n", "MODE %c %g%l %n", "MODE %c %g%l%l %n m:%n",
    "MODE %c %gk %k", "MODE %c %gl %d", "MODE %n +iw", "MODE %n -i+B", "MODE %n -o",
    "TALK REQUEST %n", "TALK REQUEST %n", "TALK REQUEST %n", "TALK ACCEPT", "TALK ACCEPT", "TALK ACCEPT %n", "TALK DECLINE", "TALK DECLINE %n",
    "TALK CANCEL", "TALK CANCEL %n", "TALK END", "TALK LIST", "TALK %t", "PRIVMSG TalkServ :yes", "PRIVMSG TalkServ :talk %n",
    "AWAY", "AWAY %t", "NICK %n", "NICK %n", "SETNAME %t", "USER u 0 * %t", "PASS %w", "QUIT", "QUIT %t",
    "CAP LS 302", "CAP LIST", "CAP REQ :%p", "CAP END",
    "OPER root %w", "KILL %n %t", "WALLOPS %t",
    "MONITOR + %n,%n,%n", "MONITOR - %n", "MONITOR L", "MONITOR S", "MONITOR C",
    "WHO %c", "WHO %n", "WHO * %xtcuihsnfdlaor,7", "WHOIS %n", "WHOWAS %n", "LIST", "LIST >%d", "NAMES %c,%c",
    "ISON %n %n", "USERHOST %n %n", "LUSERS", "MOTD", "VERSION", "INFO", "HELP", "HELP JOIN", "LINKS", "ADMIN", "TIME",
    "BATCH +1 draft/multiline %c", "BATCH +1 draft/multiline %n", "BATCH -1", "MARKREAD %c", "MARKREAD %n timestamp=2026-01-31T11:%d.000Z",
    "REDACT %c kk-1", "REDACT %n kk-1 %t",
    "PING %t", "PONG %t", "NONSENSE %t",
];

/// The template with its gaps filled; each number picks from a pool.
pub fn fill(template: &str, filling: &[usize]) -> String {
    let mut line = String::new();
    let mut filling = filling.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        let (gap, after) = after.split_at(1);
        let pool = pool(gap);
        line.push_str(before);
        line.push_str(pool[filling.next().unwrap_or(&0) % pool.len()]);
        rest = after;
    }
    line + rest
}

fn pool(gap: &str) -> &'static [&'static str] {
    match gap {
        "n" => NICKS,
        "p" => CAPS,
        "c" => &["#lobby", "#a", "#b", "#B", "#c", "#d", "#no such"],
        "t" => {
            &["hello", ":hello there", ":", ":\x01VERSION\x01", ":\x01ACTION waves\x01", ":\u{e9}\u{202e}x"]
        }
        "f" => &["+i", "-i", "+m", "-m", "-n", "+n", "+s", "-s", "-t", "+C", "+im-nt", "b", "Ie", "+z"],
        "l" => &["b", "e", "I"],
        "r" => &["+o", "-o", "+v", "-v", "+ov", "-ov"],
        "k" => &["key", "other", "a,b", ""],
        "g" => &["+", "-"],
        "w" => &["secret", "toor", "wrong"],
        "d" => &["1", "2", "9", "0", "x", "10:00", "20:00"],
        "x" => &["%"],
        _ => panic!("no pool is called {gap}"),
    }
}

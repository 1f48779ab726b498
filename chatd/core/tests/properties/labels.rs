//! Labels (IRCv3 labeled-response): a command with a label is answered once, and the answer has the label.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chatd_core::ConnId;
use proptest::prelude::*;

use crate::script::{Act, pick, rules, script};
use crate::support::host::Host;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_command_with_a_label_has_one_answer_with_that_label(rules in rules(), script in script(100)) {
        let mut host = Host::new(rules.policy());
        for (number, act) in script.iter().enumerate() {
            let speaker = match act {
                Act::Say { who, line } => pick(&host, *who).filter(|conn| may_label(&host, *conn)).map(|conn| (conn, line)),
                _ => None,
            };
            if let Some((conn, line)) = speaker {
                host.heard();
                let command = without_tags(line);
                if command.starts_with("BATCH +") {
                    // Its answer comes with its end.
                    continue;
                }
                host.say(conn, &format!("@label=number{number} {command}"));
                host.settle();
                let heard = host.heard().remove(&conn).unwrap_or_default();
                prop_assert_eq!(labelled(&heard, number), 1, "{}: {}", line, heard);
            } else {
                act.perform(&mut host);
            }
        }
    }
}

/// Whether an answer to the connection can have a label, and nothing is under way for it.
fn may_label(host: &Host, conn: ConnId) -> bool {
    host.core.state().sessions.get(conn).is_some_and(|session| {
        let able = session.caps.contains(Caps::LABELED_RESPONSE | Caps::BATCH);
        able && session.wait.is_none()
    })
}

fn without_tags(line: &str) -> &str {
    if line.starts_with('@') { line.split_once(' ').map_or("", |(_, command)| command) } else { line }
}

fn labelled(heard: &str, number: usize) -> usize {
    let lines = heard.split_terminator("\r\n").filter_map(|line| Message::parse(line).ok());
    let label = format!("number{number}");
    lines.filter(|message| message.tag("label").is_some_and(|found| *found == *label)).count()
}

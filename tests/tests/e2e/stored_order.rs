//! Everybody sees one order, and an echo means that it is settled.

use chat_tests::daemon::Daemon;

#[test]
fn all_members_see_all_messages_in_the_same_order() {
    let daemon = Daemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0");
    let mut members: Vec<_> = (0..4)
        .map(|index| {
            let mut client = daemon.connect();
            client.register_with(&format!("member{index}"), "echo-message");
            client
        })
        .collect();
    for member in &mut members {
        member.sync();
    }
    for round in 0..100 {
        for (index, member) in members.iter_mut().enumerate() {
            member.send(&format!("PRIVMSG #lobby :{index} {round}"));
        }
    }
    for member in &mut members {
        member.sync();
        for other in 0..4 {
            let last = format!("PRIVMSG #lobby :{other} 99");
            if !member.seen().iter().any(|line| line.ends_with(&last)) {
                member.expect(|line| line.ends_with(&last));
            }
        }
    }
    let orders: Vec<Vec<String>> = members
        .iter()
        .map(|member| {
            let texts = member.seen().iter().filter_map(|line| line.split_once(" PRIVMSG #lobby :"));
            texts.map(|(_, text)| text.to_owned()).collect()
        })
        .collect();
    assert_eq!(orders[0].len(), 400);
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[test]
fn answers_come_in_the_order_of_the_questions() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    alice
        .try_send_bytes(b"PING one\r\nJOIN #corner\r\nPRIVMSG stranger :x\r\nPING two\r\nTOPIC #corner\r\n")
        .expect("sent");
    let said = alice.sync();
    let at = |text: &str| {
        said.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in {said:?}"))
    };
    let places = [at("PONG"), at("JOIN #corner"), at(" 401 "), at("two"), at(" 331 ")];
    assert!(places.is_sorted(), "{said:?}");
}

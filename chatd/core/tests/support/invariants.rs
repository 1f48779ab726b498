//! What is true of the state after every step, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::name::Folded;
use chatd_core::{ConnId, Opener, Origin, Shares, State, Uptime, UserModes};

pub fn check(state: &State) {
    sessions(state);
    deadlines(state);
    idleness(state);
    users(state);
    shared_users(state);
    channels(state);
    counts(state);
    watchers(state);
    bounds(state);
    talks(state);
}

fn sessions(state: &State) {
    assert_eq!(state.sessions.iter().count(), state.sessions.len());
    for session in state.sessions.iter() {
        assert!(state.sessions.get(session.conn).is_some_and(|found| std::ptr::eq(found, session)));
        if let Some(id) = session.user() {
            let user = state.user(id).expect("a session's user is there");
            let times = user.sessions.iter().filter(|conn| **conn == session.conn).count();
            assert_eq!(times, 1, "{} has {:?} {times} times", user.nick, session.conn);
        }
    }
}

fn deadlines(state: &State) {
    let wanted: BTreeSet<_> = state.sessions.iter().map(|session| (session.due, session.conn)).collect();
    assert_eq!(state.deadlines, wanted);
}

/// Who can become automatically away is looked at in time, and nobody else.
fn idleness(state: &State) {
    let after = state.policy.presence.away_after;
    let awake =
        state.users.iter().filter(|(_, user)| after > 0 && user.away.is_none() && user.talk.is_none());
    let wanted: BTreeSet<_> = awake.map(|(id, user)| (user.acted_at.saturating_add(after), id)).collect();
    assert_eq!(state.idle_deadlines, wanted);
}

fn users(state: &State) {
    let nicks: BTreeMap<Folded, _> = state.users.iter().map(|(id, user)| (user.nick.fold(), id)).collect();
    assert_eq!(state.nicks, nicks);
    assert_eq!(state.users.len(), nicks.len(), "two users have one nick");
    for (id, user) in state.users.iter() {
        assert!(!user.sessions.is_empty(), "{} has no session", user.nick);
        for conn in &user.sessions {
            assert_eq!(state.user_of(*conn).map(|(id, _)| id), Some(id), "{}", user.nick);
        }
        for channel in &user.channels {
            let channel = state.channel(*channel).expect("a user's channel is there");
            assert!(channel.members.contains_key(&id), "{} isn't in {}", user.nick, channel.name);
        }
    }
}

/// Only the sessions of one login are ever one user.
fn shared_users(state: &State) {
    for user in state.users.values().filter(|user| user.account.is_some() || user.sessions.len() > 1) {
        let account =
            user.account.as_ref().unwrap_or_else(|| panic!("a guest {} is shared", user.nick)).fold();
        for session in user.sessions.iter().filter_map(|conn| state.sessions.get(*conn)) {
            let Origin::Unix { login: Some(login), .. } = &session.peer.origin else {
                panic!("{:?} speaks as {}", session.peer, user.nick);
            };
            assert_eq!(login.fold(), account);
        }
    }
}

fn channels(state: &State) {
    let names: BTreeMap<Folded, _> =
        state.channels.iter().map(|(id, found)| (found.name.fold(), *id)).collect();
    assert_eq!(state.channel_names, names);
    assert_eq!(state.channels.len(), names.len(), "two channels have one name");
    let empty = state.channels.iter().filter_map(|(id, channel)| Some((channel.empty_since?, *id)));
    assert_eq!(state.empty_channels, empty.collect());
    let mut shares = Shares::default();
    let openers = state.channels.values().filter_map(|channel| channel.opener.as_ref());
    openers.flat_map(Opener::holders).for_each(|holder| _ = shares.add(holder));
    assert_eq!(state.open_channels, shares);
    for (id, channel) in &state.channels {
        assert!(channel.opener.is_none() || !channel.is_empty() && !channel.lobby, "{}", channel.name);
        assert_eq!(channel.lobby, state.is_lobby(&channel.name), "{}", channel.name);
        let is_kept = channel.is_empty() && !channel.lobby;
        assert_eq!(is_kept, channel.empty_since.is_some(), "{}", channel.name);
        assert!(!is_kept || channel.founder.is_some(), "guests' {} is empty", channel.name);
        for member in channel.members.keys() {
            let user = state.user(*member).expect("a member is there");
            assert!(user.channels.contains(id), "{} doesn't know of {}", user.nick, channel.name);
        }
    }
}

fn counts(state: &State) {
    let having = |mode| state.users.values().filter(|user| user.modes.contains(mode)).count();
    let counts = state.counts;
    assert_eq!(counts.invisible, having(UserModes::INVISIBLE));
    assert_eq!(counts.operators, having(UserModes::OPERATOR));
    assert_eq!(counts.sessions, state.sessions.iter().filter(|session| session.user().is_some()).count());
    assert!(counts.most_users >= state.users.len());
}

fn watchers(state: &State) {
    let mut wanted: BTreeMap<Folded, BTreeSet<ConnId>> = BTreeMap::new();
    for session in state.sessions.iter() {
        for (folded, nick) in &session.monitored {
            assert_eq!(*folded, nick.fold());
            wanted.entry(folded.clone()).or_default().insert(session.conn);
        }
    }
    assert_eq!(state.watchers, wanted);
}

/// Who talks is busy for everybody, and nobody talks with two.
fn talks(state: &State) {
    let requests = &state.talk_requests;
    for (id, user) in state.users.iter() {
        let Some(talk) = user.talk else { continue };
        assert!(user.sessions.contains(&talk.at), "{} talks in a session that is gone", user.nick);
        let theirs = state.user(talk.with).expect("whom somebody talks with is there").talk;
        assert!(
            theirs.is_some_and(|theirs| theirs.with == id && theirs.since == talk.since),
            "{}",
            user.nick
        );
        assert!(
            talk.with != id && requests.from(id).is_empty() && requests.to(id).count() == 0,
            "{}",
            user.nick
        );
    }
    for request in requests.iter() {
        let asker = state.user(request.from).expect("who asks is there");
        assert!(asker.sessions.contains(&request.conn), "{} asks in a session that is gone", asker.nick);
        assert!(state.user(request.to).is_some() && request.from != request.to, "{}", asker.nick);
        assert!(requests.get(request.to, request.from).is_none(), "two wait for each other");
        assert!(requests.to(request.to).any(|found| found == request), "{}", asker.nick);
        let most = state.policy.limits.talk_requests;
        assert!(requests.from(request.from).len() <= most && requests.to(request.to).count() <= most);
    }
    let count = requests.iter().count();
    assert_eq!(requests.due(Uptime(u64::MAX)).count(), count);
    assert_eq!(state.users.iter().map(|(id, _)| requests.to(id).count()).sum::<usize>(), count);
}

/// What clients can make grow doesn't grow beyond the limits. Those that a reload can lower are held when something
/// is added, so a test that reloads must not lower them.
fn bounds(state: &State) {
    let limits = &state.policy.limits;
    assert!(state.whowas.len() <= limits.whowas);
    let used = state.channels.values().filter(|channel| !channel.lobby && !channel.is_empty());
    // A kept channel can always be opened.
    assert!(used.count() <= limits.channels + limits.kept_channels);
    for user in state.users.values() {
        // The lobby is entered whatever the limit is.
        assert!(user.channels.len() <= limits.channels_per_user + 1);
        assert!(user.invites.len() <= limits.channels_per_user);
        assert!(user.sessions.len() <= limits.sessions_per_user);
    }
    for channel in state.channels.values() {
        let entries = channel.bans.len() + channel.exceptions.len() + channel.invite_exceptions.len();
        assert!(entries <= limits.list_entries);
    }
    assert!(state.sessions.iter().all(|session| session.monitored.len() <= limits.monitor));
}

//! What a session is told when it has registered.

use chat_proto::line::LINE_MAX;
use chat_proto::numeric::{RPL_CREATED, RPL_ISUPPORT, RPL_MYINFO, RPL_UMODEIS, RPL_WELCOME, RPL_YOURHOST};
use jiff::Timestamp;

use crate::id::ConnId;
use crate::mode::{CHANMODES, EXTBAN_ACCOUNT, EXTBAN_MUTE, MYINFO};
use crate::policy::{Policy, USER_LENGTH};
use crate::tx::Tx;

use super::info;

/// The most ISUPPORT tokens of one line.
const TOKENS_PER_LINE: usize = 13;

pub fn welcome(tx: &mut Tx<'_>, conn: ConnId) {
    greet(tx, conn);
    isupport(tx, conn);
    info::send_lusers(tx);
    info::send_motd(tx);
    let modes: String =
        tx.state().user_of(conn).map(|(_, user)| user.modes.letters().collect()).unwrap_or_default();
    if !modes.is_empty() {
        tx.numeric(RPL_UMODEIS, format_args!("+{modes}"));
    }
}

fn greet(tx: &mut Tx<'_>, conn: ConnId) {
    let (state, mut to) = tx.responder();
    let Some((_, user)) = state.user_of(conn) else { return };
    let Policy { network, server_name, version, .. } = &state.policy;
    to.numeric(RPL_WELCOME, format_args!(":Welcome to the {network} network, {}", user.source()));
    to.numeric(RPL_YOURHOST, format_args!(":Your host is {server_name}, running {version}"));
    let started = i64::try_from(state.start / 1000).ok().and_then(|start| Timestamp::from_second(start).ok());
    to.numeric(
        RPL_CREATED,
        format_args!(":This server was started {}", started.unwrap_or(Timestamp::UNIX_EPOCH)),
    );
    let version = version.replace(' ', "-");
    to.numeric(RPL_MYINFO, format_args!("{server_name} {version} {MYINFO}"));
}

/// The features, as RPL_ISUPPORT lists them.
pub fn isupport(tx: &mut Tx<'_>, conn: ConnId) {
    let (state, mut to) = tx.responder();
    let mut tokens = tokens(&state.policy);
    if state.sessions.get(conn).is_some_and(|session| !session.peer.guests) {
        tokens.push("draft/ACCOUNTREQUIRED".into());
    }
    let end = ":are supported by this server";
    let fixed = to.server.len() + to.client.len() + end.len() + ":  005   \r\n".len();
    let mut line = String::new();
    let mut count = 0;
    for token in &tokens {
        if count == TOKENS_PER_LINE || fixed + line.len() + 1 + token.len() > LINE_MAX {
            to.numeric(RPL_ISUPPORT, format_args!("{line}{end}"));
            line.clear();
            count = 0;
        }
        line.push_str(token);
        line.push(' ');
        count += 1;
    }
    to.numeric(RPL_ISUPPORT, format_args!("{line}{end}"));
}

fn tokens(policy: &Policy) -> Vec<String> {
    let limits = &policy.limits;
    let targets = limits.targets;
    vec![
        format!("ACCOUNTEXTBAN={}", EXTBAN_ACCOUNT.trim_end_matches(':')),
        format!("AWAYLEN={}", limits.away_length),
        "BOT=B".into(),
        "CASEMAPPING=ascii".into(),
        format!("CHANLIMIT=#:{}", limits.channels_per_user),
        format!("CHANMODES={CHANMODES}"),
        format!("CHANNELLEN={}", limits.channel_length),
        "CHANTYPES=#".into(),
        format!("CHATHISTORY={}", limits.history_page),
        "ELIST=CMNTU".into(),
        "EXCEPTS=e".into(),
        format!("EXTBAN=,{}{}", EXTBAN_ACCOUNT.trim_end_matches(':'), EXTBAN_MUTE.trim_end_matches(':')),
        "INVEX=I".into(),
        format!("KEYLEN={}", limits.key_length),
        format!("KICKLEN={}", limits.kick_length),
        format!("MAXLIST=beI:{}", limits.list_entries),
        format!("MAXTARGETS={targets}"),
        "MODES".into(),
        format!("MONITOR={}", limits.monitor),
        "MSGREFTYPES=msgid,timestamp".into(),
        format!("NAMELEN={}", limits.realname_length),
        format!("NETWORK={}", policy.network),
        format!("NICKLEN={}", limits.nick_length),
        "PREFIX=(ov)@+".into(),
        "STATUSMSG=@+".into(),
        format!(
            "TARGMAX=JOIN:{targets},KICK:{targets},NAMES:{targets},NOTICE:{targets},PART:{targets},PRIVMSG:{targets},\
             TAGMSG:{targets},WHOIS:1,WHOWAS:1"
        ),
        format!("TOPICLEN={}", policy.topic_length()),
        format!("USERLEN={USER_LENGTH}"),
        "UTF8ONLY".into(),
        "WHOX".into(),
        format!("chatd.org/LOBBY={}", policy.lobby.channel),
    ]
}

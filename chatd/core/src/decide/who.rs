//! WHO, with the fields that WHOX lets a client choose.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::Nick;
use chat_proto::numeric::{ERR_TOOMANYMATCHES, RPL_ENDOFWHO, RPL_WHOREPLY, RPL_WHOSPCRPL};
use compact_str::{CompactString, ToCompactString as _, format_compact};

use crate::event::{Ranks, Scan, UserScan};
use crate::id::UserId;
use crate::mask::fits_within;
use crate::reply::Responder;
use crate::state::{Channel, State, User};
use crate::time::Now;
use crate::tx::{Caller, Tx};

use super::check::{sees, word};
use super::scan;
use super::sight::{finds, sees_member};

/// The fields of WHOX but the real name, which is last and may have spaces; in the order of the answer.
const FIELDS: &str = "tcuihsnfdlao";
/// Digits that a WHOX token can have.
const TOKEN_MAX: usize = 3;

pub fn who(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let mask = message.param(0).filter(|mask| !mask.is_empty()).unwrap_or("*");
    let form = message.param(1).unwrap_or_default();
    if mask.starts_with('#') {
        return answer(tx, caller, mask, form, |asker, to| asker.list_channel(to, mask));
    }
    match tx.state().user_id(mask) {
        Some(id) => answer(tx, caller, mask, form, |asker, to| asker.list_users(to, &[id])),
        None => scan(tx, caller, UserScan { mask: mask.into(), form: form.into(), ..UserScan::default() }),
    }
}

/// Looks for users whom the mask fits until that has been enough work for a turn, and lists them when all are found.
pub fn scan(tx: &mut Tx<'_>, caller: Caller, mut scan: UserScan) {
    let state = tx.state();
    let mask = if scan.mask == "0" { "*" } else { scan.mask.as_str() };
    let most = state.policy.limits.scan_steps;
    let mut left = most;
    let mut pause = None;
    for (id, user) in state.users.iter_from(scan.next) {
        if left == 0 {
            pause = Some(id.slot);
            break;
        }
        left = left.saturating_sub(1);
        if is_meant(mask, user, &mut left) && finds(state, caller.user, id, user) {
            scan.found.push(id);
        }
    }
    tx.compared(most - left);
    match pause {
        Some(next) => scan::pause(tx, caller, Scan::Users(UserScan { next, ..scan })),
        None => {
            answer(tx, caller, &scan.mask, &scan.form, |asker, to| asker.list_users(to, &scan.found));
        }
    }
}

/// `list` tells whether all could be listed.
fn answer(
    tx: &mut Tx<'_>,
    caller: Caller,
    mask: &str,
    form: &str,
    list: impl FnOnce(&Asker<'_>, &mut Responder<'_>) -> bool,
) {
    let now = tx.now();
    let (state, mut to) = tx.responder();
    let asker = Asker { state, user: caller.user, caps: to.caps, now, form: Form::parse(form) };
    if !list(&asker, &mut to) {
        to.numeric(ERR_TOOMANYMATCHES, format_args!("WHO :There are more, ask for fewer"));
    }
    to.numeric(RPL_ENDOFWHO, format_args!("{} :End of WHO list", word(mask)));
}

/// What the second parameter asks for: `o` for operators only, `%fields,token` for WHOX.
#[derive(Debug, PartialEq, Eq)]
struct Form<'a> {
    operators_only: bool,
    /// Empty for the plain form.
    fields: &'a str,
    token: &'a str,
}

impl<'a> Form<'a> {
    fn parse(param: &'a str) -> Self {
        let (flags, extended) = param.split_once('%').unwrap_or((param, ""));
        let (fields, token) = extended.split_once(',').unwrap_or((extended, ""));
        let is_token = (1..=TOKEN_MAX).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
        Self { operators_only: flags.contains('o'), fields, token: if is_token { token } else { "0" } }
    }
}

/// Who asks, and for what.
struct Asker<'a> {
    state: &'a State,
    user: UserId,
    caps: Caps,
    /// Milliseconds since the Unix epoch.
    now: Now,
    form: Form<'a>,
}

impl Asker<'_> {
    /// Whether all could be listed.
    fn list_channel(&self, to: &mut Responder<'_>, name: &str) -> bool {
        let channel = self.state.channel_named(name).map(|(_, channel)| channel);
        let Some(channel) = channel.filter(|channel| sees(self.state, self.user, channel)) else {
            return true;
        };
        for (&id, &ranks) in &channel.members {
            if let Some(user) = self.state.user(id)
                && sees_member(self.state, self.user, id, user, channel)
            {
                if to.is_full() {
                    return false;
                }
                self.answer(to, user, Some((channel, ranks)));
            }
        }
        true
    }

    /// Whether all could be listed.
    fn list_users(&self, to: &mut Responder<'_>, ids: &[UserId]) -> bool {
        for id in ids {
            if to.is_full() {
                return false;
            }
            // Some may have left while others were looked for.
            if let Some(user) = self.state.user(*id) {
                self.list_user(to, *id, user);
            }
        }
        true
    }

    /// With one of the channels that the asker may know of, best one that both are in.
    fn list_user(&self, to: &mut Responder<'_>, id: UserId, user: &User) {
        let known = || {
            let channels = self.state.channels_of(user).map(|(_, channel)| channel);
            channels.filter(|channel| sees_member(self.state, self.user, id, user, channel))
        };
        let shared = known().find(|channel| channel.members.contains_key(&self.user));
        let channel = shared.or_else(|| known().next());
        self.answer(to, user, channel.and_then(|channel| Some((channel, channel.ranks(id)?))));
    }

    fn answer(&self, to: &mut Responder<'_>, user: &User, place: Option<(&Channel, Ranks)>) {
        if self.form.operators_only && !user.is_operator() {
            return;
        }
        if self.form.fields.is_empty() {
            let channel = place.map_or("*", |(channel, _)| channel.name.as_str());
            let User { nick, ident, host, .. } = user;
            let flags = self.flags(user, place);
            let head = format_compact!("{channel} {ident} {host} {} {nick} {flags} :0 ", to.server);
            to.about(self.state.presence(user, self.now), RPL_WHOREPLY, &head, &user.realname);
        } else {
            self.answer_fields(to, user, place);
        }
    }

    fn answer_fields(&self, to: &mut Responder<'_>, user: &User, place: Option<(&Channel, Ranks)>) {
        let mut head = self.fields(user, place);
        // The longest names in all the fields at once are too much for a line; the channel may be left out.
        if to.room() < head.len() + " :".len() {
            head = self.fields(user, None);
        }
        let mut realname = "";
        if self.form.fields.contains('r') {
            head.push_str(if head.is_empty() { ":" } else { " :" });
            realname = &user.realname;
        }
        to.about(self.state.presence(user, self.now), RPL_WHOSPCRPL, &head, realname);
    }

    /// The chosen fields but the real name.
    fn fields(&self, user: &User, place: Option<(&Channel, Ranks)>) -> CompactString {
        let mut text = CompactString::default();
        for field in FIELDS.chars().filter(|field| self.form.fields.contains(*field)) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&self.field(field, user, place));
        }
        text
    }

    fn field(&self, field: char, user: &User, place: Option<(&Channel, Ranks)>) -> CompactString {
        match field {
            't' => self.form.token.into(),
            'c' => place.map_or("*", |(channel, _)| channel.name.as_str()).into(),
            'u' => user.ident.clone(),
            // Addresses are for administrators; this is what WHOX has for those who don't tell.
            'i' => "255.255.255.255".into(),
            'h' => user.host.clone(),
            's' => self.state.policy.server_name.clone(),
            'n' => user.nick.to_compact_string(),
            'f' => self.flags(user, place),
            'd' => "0".into(),
            'l' => (self.now.uptime.since(user.last_active) / 1000).to_compact_string(),
            'a' => user.account.as_ref().map_or("0".into(), ToString::to_string).into(),
            _ => "n/a".into(),
        }
    }

    /// Here or gone, operator, rank in the channel, bot.
    fn flags(&self, user: &User, place: Option<(&Channel, Ranks)>) -> CompactString {
        let mut flags = CompactString::from(if self.state.status(user).is_here() { "H" } else { "G" });
        if user.is_operator() {
            flags.push('*');
        }
        if let Some((_, ranks)) = place {
            flags.push_str(ranks.prefix(self.caps.contains(Caps::MULTI_PREFIX)));
        }
        if user.is_bot() {
            flags.push('B');
        }
        flags
    }
}

fn is_meant(mask: &str, user: &User, left: &mut usize) -> bool {
    let account = user.account.as_ref().map(Nick::as_str);
    [user.nick.as_str(), &user.ident, &user.host, &user.realname]
        .into_iter()
        .chain(account)
        .any(|text| fits_within(mask, text, left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Chat;

    const END: &str = ":chat.local 315 bob";

    #[test]
    fn the_second_parameter_is_taken_apart() {
        let form = |param| Form::parse(param);
        assert_eq!(form(""), Form { operators_only: false, fields: "", token: "0" });
        assert_eq!(form("o"), Form { operators_only: true, fields: "", token: "0" });
        assert_eq!(form("%tn,42"), Form { operators_only: false, fields: "tn", token: "42" });
        assert_eq!(form("o%tn,4two").token, "0");
        assert_eq!(form("%t,1234").token, "0");
    }

    #[test]
    fn a_channel_lists_its_members_with_their_ranks() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "JOIN #Room");
        chat.say(bob, "JOIN #room");
        chat.say(alice, "AWAY :gone");
        chat.say(alice, "MODE alice +B");
        chat.say(alice, "MODE #room +v alice");
        chat.hear_all();
        assert_eq!(
            chat.say(bob, "WHO #ROOM"),
            [
                ":chat.local 352 bob #Room ~alice host.example chat.local alice G@B :0 alice's name"
                    .to_owned(),
                ":chat.local 352 bob #Room ~bob host.example chat.local bob H :0 bob's name".to_owned(),
                format!("{END} #ROOM :End of WHO list"),
            ]
        );
        chat.say(bob, "CAP REQ multi-prefix");
        assert!(chat.say(bob, "WHO alice")[0].contains(" G@+B "));
    }

    #[test]
    fn whox_answers_the_chosen_fields_in_its_own_order() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "JOIN #room");
        chat.pass(5_000);
        assert_eq!(
            chat.say(bob, "WHO alice %roaldfnshiuct,123")[0],
            ":chat.local 354 bob 123 #room ~alice 255.255.255.255 host.example chat.local alice H@ 0 5 0 n/a \
             :alice's name"
        );
        assert_eq!(chat.say(bob, "WHO alice %r")[0], ":chat.local 354 bob :alice's name");
        assert_eq!(chat.say(bob, "WHO alice %tn,7")[0], ":chat.local 354 bob 7 alice");
    }

    #[test]
    fn masks_find_by_nick_user_host_and_real_name() {
        let mut chat = Chat::new();
        let (_, bob) = (chat.join("alice"), chat.join("bob"));
        for mask in ["ALI*", "~ali?e", ":alice's *"] {
            let answer = chat.say(bob, &format!("WHO {mask}"));
            assert_eq!(answer.len(), 2, "{answer:?}");
            assert!(answer[0].contains(" alice H :0 alice's name"));
        }
        for all in ["WHO", "WHO 0", "WHO *", "WHO host.example"] {
            assert_eq!(chat.say(bob, all).len(), 3, "{all}");
        }
        assert_eq!(chat.say(bob, "WHO nobody"), [format!("{END} nobody :End of WHO list")]);
        assert_eq!(chat.say(bob, "WHO * o").len(), 1);
    }

    #[test]
    fn the_invisible_are_found_by_name_or_by_those_who_share_a_channel() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "MODE alice +i");
        chat.say(alice, "JOIN #room");
        assert_eq!(chat.say(bob, "WHO ali*").len(), 1);
        assert_eq!(chat.say(bob, "WHO #room").len(), 1);
        let by_name = chat.say(bob, "WHO alice");
        assert!(by_name[0].starts_with(":chat.local 352 bob * "), "{by_name:?}");
        chat.say(bob, "JOIN #room");
        assert_eq!(chat.say(bob, "WHO ali*").len(), 2);
    }

    #[test]
    fn a_secret_channel_is_not_told_to_outsiders() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "JOIN #room");
        chat.say(alice, "MODE #room +s");
        assert_eq!(chat.say(bob, "WHO #room"), [format!("{END} #room :End of WHO list")]);
        assert!(chat.say(bob, "WHO alice")[0].starts_with(":chat.local 352 bob * "));
    }

    #[test]
    fn a_list_that_would_fill_the_send_queue_is_cut_and_says_so() {
        let mut chat = Chat::new();
        let names: Vec<String> = (0..4500).map(|number| format!("u{number:031}")).collect();
        for name in &names {
            chat.join(name);
        }
        let bob = chat.join("bob");
        for search in ["WHO *", "WHO u*"] {
            let lines = chat.say(bob, search);
            let [.., cut, end] = &lines[..] else { panic!("too few lines") };
            assert!(cut.starts_with(":chat.local 416 bob WHO :"), "{cut}");
            assert!(end.starts_with(END), "{end}");
            assert!((2_000..4_500).contains(&lines.len()), "{}", lines.len());
        }
    }
}

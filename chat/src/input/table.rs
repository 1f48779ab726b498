//! The commands, in one table: names, arguments, questions and the words of `<help>`.

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Help,
    List,
    Private,
    Talk,
    Accept,
    Decline,
    Cancel,
    End,
    Announce,
    Join,
    Leave,
    Channels,
    Names,
    Topic,
    Invite,
    Me,
    Say,
    Away,
    Back,
    Ignore,
    History,
    Search,
    Nick,
    Register,
    Password,
    Certificate,
    Clear,
    Quit,
}

/// What commands have in common; in the order of `<help>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Talking,
    People,
    Past,
    Channels,
    Account,
    Program,
}

/// One argument; all but the last are single words.
#[derive(Debug)]
pub struct Arg {
    /// Asked when it is left out; without a question it may be left out.
    pub question: Option<&'static str>,
    /// What counts when the question isn't answered; without it the command is dropped.
    pub default: Option<&'static str>,
    /// Whether it takes the rest of the line.
    pub rest: bool,
}

/// A row of the table.
#[derive(Debug)]
pub struct Spec {
    pub verb: Verb,
    /// The name between the brackets.
    pub name: &'static str,
    /// Other names, those that IRC users know.
    pub aliases: &'static [&'static str],
    pub group: Group,
    /// What it does in [`BRIEF`] characters, for all commands on one screen.
    pub brief: &'static str,
    pub args: &'static [Arg],
    pub usage: &'static str,
    pub does: &'static str,
    pub example: &'static str,
}

/// The longest name with its brackets, and the longest that [`Spec::brief`] may be: two of them stand side by side in 80 columns.
pub const NAME: usize = 13;
pub const BRIEF: usize = 24;

/// The command of that name, in any case.
pub fn find(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.names().any(|known| known.eq_ignore_ascii_case(name)))
}

impl Group {
    pub fn heading(self) -> &'static str {
        match self {
            Self::Talking => "Talking",
            Self::People => "People",
            Self::Past => "Said before",
            Self::Channels => "Channels",
            Self::Account => "Your account",
            Self::Program => "This program",
        }
    }
}

impl Spec {
    /// Whether it asks for a password.
    pub fn is_secret(&self) -> bool {
        matches!(self.verb, Verb::Register | Verb::Password)
    }

    /// Whether nobody wants to have done it by mistake: it ends something, or tells everybody.
    pub fn is_drastic(&self) -> bool {
        matches!(self.verb, Verb::Quit | Verb::Leave | Verb::End | Verb::Announce | Verb::Clear)
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

const fn asked(question: &'static str) -> Arg {
    Arg { question: Some(question), default: None, rest: false }
}

const fn asked_rest(question: &'static str) -> Arg {
    Arg { question: Some(question), default: None, rest: true }
}

const OPTIONAL: Arg = Arg { question: None, default: None, rest: false };
const OPTIONAL_REST: Arg = Arg { question: None, default: None, rest: true };

pub static TABLE: &[Spec] = &[
    Spec {
        verb: Verb::Help,
        name: "help",
        aliases: &["h", "commands"],
        group: Group::Program,
        brief: "more on one: <help> me",
        args: &[OPTIONAL],
        usage: "<help> [COMMAND]",
        does: "shows the commands, or more about one",
        example: "<help> private",
    },
    Spec {
        verb: Verb::List,
        name: "list",
        aliases: &["who", "users", "whois"],
        group: Group::People,
        brief: "who is on",
        args: &[OPTIONAL],
        usage: "<list> [NAME]",
        does: "shows who is on, who of them can be reached, and since when; or all about one",
        example: "<list>",
    },
    Spec {
        verb: Verb::Private,
        name: "private",
        aliases: &["msg", "m", "query", "w", "whisper"],
        group: Group::Talking,
        brief: "tells one person",
        args: &[asked("To whom?"), asked_rest("What do you want to tell {}?")],
        usage: "<private> [NAME [TEXT]]",
        does: "tells one person something that nobody else sees",
        example: "<private> bob are you coming along?",
    },
    Spec {
        verb: Verb::Talk,
        name: "talk",
        aliases: &["chat"],
        group: Group::Talking,
        brief: "a conversation of two",
        args: &[asked("With whom? (number or name)")],
        usage: "<talk> [NAME]",
        does: "asks somebody for a conversation: what you two type goes to each other, and channels wait",
        example: "<talk> bob",
    },
    Spec {
        verb: Verb::Accept,
        name: "accept",
        aliases: &[],
        group: Group::Talking,
        brief: "yes, let's talk",
        args: &[OPTIONAL],
        usage: "<accept> [NAME]",
        does: "says yes to whoever would like to talk, as yes at the question does",
        example: "<accept>",
    },
    Spec {
        verb: Verb::Decline,
        name: "decline",
        aliases: &[],
        group: Group::Talking,
        brief: "no, not now",
        args: &[OPTIONAL],
        usage: "<decline> [NAME]",
        does: "says no to whoever would like to talk, as no at the question does",
        example: "<decline>",
    },
    Spec {
        verb: Verb::Cancel,
        name: "cancel",
        aliases: &[],
        group: Group::Talking,
        brief: "asks no longer to talk",
        args: &[OPTIONAL],
        usage: "<cancel> [NAME]",
        does: "takes back that you would like to talk, as Ctrl-C does",
        example: "<cancel>",
    },
    Spec {
        verb: Verb::End,
        name: "end",
        aliases: &[],
        group: Group::Talking,
        brief: "ends the conversation",
        args: &[],
        usage: "<end>",
        does: "leaves the conversation; so do @end, EXIT PM and LOGOUT",
        example: "<end>",
    },
    Spec {
        verb: Verb::Announce,
        name: "announce",
        aliases: &[],
        group: Group::Talking,
        brief: "tells everyone",
        args: &[asked_rest("What do you want to tell everyone?")],
        usage: "<announce> [TEXT]",
        does: "says it to everyone, in the lobby, wherever you are",
        example: "<announce> lunch is ready",
    },
    Spec {
        verb: Verb::Join,
        name: "join",
        aliases: &["j"],
        group: Group::Channels,
        brief: "goes to a channel",
        args: &[asked("Which channel?"), OPTIONAL],
        usage: "<join> #CHANNEL [KEY]",
        does: "goes to a channel; what you type is said there",
        example: "<join> #cooking",
    },
    Spec {
        verb: Verb::Leave,
        name: "leave",
        aliases: &["part"],
        group: Group::Channels,
        brief: "leaves it",
        args: &[OPTIONAL_REST],
        usage: "<leave> [#CHANNEL] [REASON]",
        does: "leaves the channel you are in, or another",
        example: "<leave>",
    },
    Spec {
        verb: Verb::Channels,
        name: "channels",
        aliases: &[],
        group: Group::Channels,
        brief: "what channels there are",
        args: &[],
        usage: "<channels>",
        does: "shows the channels, how many are there and what they are about",
        example: "<channels>",
    },
    Spec {
        verb: Verb::Names,
        name: "names",
        aliases: &[],
        group: Group::Channels,
        brief: "who is in this one",
        args: &[],
        usage: "<names>",
        does: "shows who is in this channel",
        example: "<names>",
    },
    Spec {
        verb: Verb::Topic,
        name: "topic",
        aliases: &["t"],
        group: Group::Channels,
        brief: "what it is about",
        args: &[OPTIONAL_REST],
        usage: "<topic> [TEXT]",
        does: "shows or sets what this channel is about",
        example: "<topic> soup recipes",
    },
    Spec {
        verb: Verb::Invite,
        name: "invite",
        aliases: &[],
        group: Group::Channels,
        brief: "asks somebody in",
        args: &[asked("Whom?"), OPTIONAL],
        usage: "<invite> NAME [#CHANNEL]",
        does: "invites somebody to this channel, or another",
        example: "<invite> bob",
    },
    Spec {
        verb: Verb::Me,
        name: "me",
        aliases: &["action"],
        group: Group::Talking,
        brief: "tells what you do",
        args: &[asked_rest("What are you doing?")],
        usage: "<me> TEXT",
        does: "tells what you are doing",
        example: "<me> is off for a coffee",
    },
    Spec {
        verb: Verb::Say,
        name: "say",
        aliases: &[],
        group: Group::Talking,
        brief: "says a line as it is",
        args: &[asked_rest("What do you want to say?")],
        usage: "<say> TEXT",
        does: "says a line that looks like a command, as it is",
        example: "<say> <b> and </b> make a text bold",
    },
    Spec {
        verb: Verb::Away,
        name: "away",
        aliases: &[],
        group: Group::People,
        brief: "tells that you are away",
        args: &[Arg { default: Some("away"), ..asked_rest("What are others told? (Enter: away)") }],
        usage: "<away> [TEXT]",
        does: "tells those who write to you that you are away",
        example: "<away> back at three",
    },
    Spec {
        verb: Verb::Back,
        name: "back",
        aliases: &[],
        group: Group::People,
        brief: "tells that you are back",
        args: &[],
        usage: "<back>",
        does: "you are no longer away",
        example: "<back>",
    },
    Spec {
        verb: Verb::Ignore,
        name: "ignore",
        aliases: &[],
        group: Group::People,
        brief: "hides what one says",
        args: &[OPTIONAL],
        usage: "<ignore> [NAME]",
        does: "hides what somebody says; once more, and you see it again; alone it shows who is hidden",
        example: "<ignore> mallory",
    },
    Spec {
        verb: Verb::History,
        name: "history",
        aliases: &["hist", "chathistory"],
        group: Group::Past,
        brief: "earlier lines",
        args: &[OPTIONAL, OPTIONAL],
        usage: "<history> [#CHANNEL|NAME] [N]",
        does: "shows 20 or N lines from before those you see; once more, and it goes on",
        example: "<history> 50",
    },
    Spec {
        verb: Verb::Search,
        name: "search",
        aliases: &["find", "lastlog"],
        group: Group::Past,
        brief: "finds what was said",
        args: &[asked_rest("What are you looking for?")],
        usage: "<search> [WORDS]",
        does: "finds what was said; from:NAME in:#CHANNEL after:DATE before:DATE narrow it",
        example: "<search> soup from:bob in:#cooking after:2026-11-01",
    },
    Spec {
        verb: Verb::Nick,
        name: "nick",
        aliases: &[],
        group: Group::Account,
        brief: "changes a guest's name",
        args: &[asked("Which name?")],
        usage: "<nick> NAME",
        does: "changes your name, if you are a guest",
        example: "<nick> robert",
    },
    Spec {
        verb: Verb::Register,
        name: "register",
        aliases: &[],
        group: Group::Account,
        brief: "makes an account",
        args: &[],
        usage: "<register>",
        does: "makes an account of your name, asking for a password",
        example: "<register>",
    },
    Spec {
        verb: Verb::Password,
        name: "password",
        aliases: &["passwd"],
        group: Group::Account,
        brief: "sets your password",
        args: &[],
        usage: "<password>",
        does: "sets the password for coming from elsewhere",
        example: "<password>",
    },
    Spec {
        verb: Verb::Certificate,
        name: "certificate",
        aliases: &["cert"],
        group: Group::Account,
        brief: "logs in without one",
        args: &[OPTIONAL, OPTIONAL],
        usage: "<certificate> [add | remove SHA256]",
        does: "shows, adds or removes certificates that log you in without a password",
        example: "<certificate> add",
    },
    Spec {
        verb: Verb::Clear,
        name: "clear",
        aliases: &["cls"],
        group: Group::Program,
        brief: "clears the screen",
        args: &[],
        usage: "<clear>",
        does: "clears the screen, as Ctrl-L does",
        example: "<clear>",
    },
    Spec {
        verb: Verb::Quit,
        name: "quit",
        aliases: &["exit", "q", "bye"],
        group: Group::Program,
        brief: "leaves the chat",
        args: &[OPTIONAL_REST],
        usage: "<quit> [TEXT]",
        does: "leaves, as Ctrl-D does",
        example: "<quit> see you tomorrow",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_means_two_commands() {
        let names: Vec<_> = TABLE.iter().flat_map(Spec::names).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn only_a_last_argument_takes_the_rest_and_none_is_asked_after_an_optional_one() {
        for spec in TABLE {
            let last = spec.args.len().saturating_sub(1);
            assert!(spec.args.iter().position(|arg| arg.rest).is_none_or(|at| at == last), "{}", spec.name);
            assert!(spec.args.is_sorted_by_key(|arg| arg.question.is_none()), "{}", spec.name);
        }
    }

    #[test]
    fn every_command_fits_its_cell_of_the_help() {
        for spec in TABLE {
            assert!(spec.name.len() + 2 <= NAME && spec.brief.chars().count() <= BRIEF, "{}", spec.name);
        }
    }

    #[test]
    fn every_example_is_a_whole_command() {
        for spec in TABLE {
            let crate::input::Typed::Command(request) =
                crate::input::parse(spec.example, crate::input::Indent::Ignored)
            else {
                panic!("{}", spec.example)
            };
            assert_eq!((request.verb(), request.question()), (spec.verb, None));
        }
    }
}

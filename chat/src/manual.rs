//! chat(1) and the completions of chat.

use chat_manual::{Page, Section, completions};
use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::input::TABLE;

/// The text of a kind: `man`, or the completions of a shell.
pub fn make(kind: &str) -> Option<String> {
    match kind {
        "man" => Some(page().render()),
        shell => completions(shell, Cli::command()),
    }
}

fn page() -> Page {
    Page::of_program(&Cli::command(), "1", "talk with the people of this host")
        .with(typed())
        .with(talks())
        .with(past())
        .with(scripts())
        .with(accounts())
        .with(looks())
        .with(keys())
        .with(environment())
        .with(files())
        .with(examples())
        .with(Section::new("SEE ALSO").text("`chatd`(8), `chatctl`(8)"))
}

fn typed() -> Section {
    let section = Section::new("WHAT CAN BE TYPED").text(
        "What you type is said in the channel that the prompt names. Commands stand in angle brackets and ask for \
         what you leave out. `/name` works for `<name>`; `//x` says `/x`.",
    )
    .text(
        "A line that begins like a command and is none is not said, since it may hold what is meant for one person: \
         `<private bob> my pin`, `/msg, bob hi`, a command behind a blank, or `/identify`, which other chat programs have. \
         Up brings it back to be corrected, and `<say>` before it says it as it is. Paths, `<3` and the like are said.",
    );
    TABLE.iter().fold(section, |section, spec| {
        let names: Vec<_> = spec.aliases.iter().map(|alias| format!("`/{alias}`")).collect();
        let also = if names.is_empty() { String::new() } else { format!(" Also {}.", names.join(", ")) };
        let does = format!("{}.{also} For example: `{}`", sentence(spec.does), spec.example);
        section.usage(spec.usage, &does)
    })
}

fn talks() -> Section {
    Section::new("CONVERSATIONS")
        .text(
            "`<talk> anna` asks anna for a conversation; `<talk>` alone shows who is available, to be picked by number or name. Anna is \
             asked `bob would like to talk (yes/no)` above whatever she is typing. A line that she had begun before is not taken for the \
             answer; behind the next prompt `yes` and `no` are, and `<accept>` and `<decline>` at any time. Without an answer the question is \
             over after a minute, unless the server has it otherwise; `<cancel>` or Ctrl-C takes it back.",
        )
        .text(
            "While two talk the prompt has the other's name, and what is typed goes to them alone, and to nobody once they have left. \
             Both are busy for everybody else, whom `<list>` tells with whom. What is said in channels waits, and is counted; words of the administrator \
             don't wait, nor do private messages. `<end>` leaves the conversation, and so do `@end`, `EXIT PM` and `LOGOUT`, which outside of one leaves `chat`. \
             Then what has waited is shown; of more than 500 lines the newest, and `<history>` has the others. Who has `chat` open in several terminals answers in \
             one of them; `<talk> anna` in another brings the conversation there.",
        )
}

fn past() -> Section {
    Section::new("WHAT WAS SAID BEFORE")
        .text(
            "On arrival `chat` shows the last lines of the lobby, and in private what you have not seen, with a mark before \
             what is unread and, if that is much, a summary behind it. It is read once you have typed something after it, \
             if only Enter, or have left; all your sessions know how far you have read. After a broken connection what was \
             missed is shown in its place, once; what you had typed and was not acknowledged is sent again, and is said once.",
        )
        .text(
            "`<history>` shows 20 lines from before the oldest that you see of this channel, once more those before them, \
             and after `<clear>` it begins with the newest. `<search>` looks for whole words, and alone goes on where it ended, in all channels that you are in and \
             in what was said to you in private: `soup*` finds soups as well; `from:bob` what bob said, `in:#cooking` or \
             `in:bob` what was said there. `after:` and `before:` take 2026-11-30, 2026-11, today, yesterday, monday, \
             2026-11-30T14:05, 14:05 (when it was that last), or 90m, 3h, 3d, 2w for so long ago; a day begins at midnight.",
        )
}

fn scripts() -> Section {
    Section::new("SCRIPTS").text(
        "`chat send -` says standard input as it comes: lines that come together are one message, in order and once, and nothing \
         more is read until the server has acknowledged it, so nothing is dropped however fast it comes. A line longer than a \
         message is cut, and what is no text is made visible; both are told on standard error. The first SIGTERM, SIGINT or \
         SIGHUP ends the input and lets what was read arrive, the second ends the program.",
    )
    .text(
        "With `--json` every command prints one object per line, and `chat` without a command takes lines on standard input as \
         if they were typed and prints all that happens. Keys and events are only ever added. \
         /usr/share/doc/chatd/scripts.md describes them, /usr/share/doc/chat/schema.json is a JSON Schema of them. An error is one \
         line on standard error and an exit status, with `--json` too.",
    )
}

fn accounts() -> Section {
    Section::new("ACCOUNTS").text(
        "On this host your login is your account. From elsewhere you are a guest until you log in: `chat` asks for the \
         password when the name is an account's, proves that it knows it without telling it (SCRAM-SHA-256), and logs in \
         again by itself after a broken connection. `<register>` makes an account of a guest's name. `<password>`, typed on \
         the server's host under your login, sets a password for coming from elsewhere. Passwords are not shown while \
         they are typed and are kept in no history. Where nobody can be asked, `--password-file` has the password. A \
         server may ask everybody for one password besides: `chat` asks for it, or `--server-password-file` has it.",
    )
    .text(
        "Over TLS a certificate can do without a password. Make one, come with it and log in with the password once more, \
         and type `<certificate> add`. From then on the certificate is enough; it may stand in your settings.",
    )
    .example(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \\\n    \
         -subj /CN=carol -days 3650 -keyout carol.pem -out carol.crt\n\
         cat carol.crt >> carol.pem\nchat --server chat.example.org --name carol --certificate carol.pem",
    )
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn keys() -> Section {
    Section::new("KEYS")
        .item("Tab", "Completes commands, names and channels.")
        .item("Up, Down", "Bring back what you typed before, and move within a line of several rows.")
        .item("Ctrl-R", "Searches what you typed before.")
        .item("Alt-Enter", "Begins another line of the same message; so does Ctrl-V Ctrl-J.")
        .item("Ctrl-X Ctrl-E", "Opens the line in an editor: `VISUAL`, `EDITOR`, else vi or nano.")
        .item("Ctrl-L", "Clears the screen and keeps the line.")
        .item("Ctrl-C", "Drops the line. Twice on an empty line: leaves.")
        .item("Ctrl-D", "On an empty line: leaves. Otherwise deletes the character under the cursor.")
        .item("Ctrl-Z", "Stops `chat` until the shell's fg.")
        .text(
            "The others are those of Emacs and bash. A paste of several lines stands in the line until Enter sends it as one \
             message; a command among them is not obeyed, unless it is the only line.",
        )
}

fn looks() -> Section {
    Section::new("WHAT IT LOOKS LIKE")
        .text(
            "Each name has a colour of its own; yours is bold before what you say, and highlighted where others say it. The \
             setting `theme` tells which colours stand out; without it `chat` believes `COLORFGBG`, or else takes colours that can be \
             read on black and on white. Everything is told in words as well. It doesn't ask the terminal for its colours, since the \
             answer would come among the keys that are typed. With `TERM=dumb`, or when its output is no terminal, there is nothing \
             but lines.",
        )
        .text(
            "Long lines are wrapped between words. A link, or any other long word of plain letters and signs, is left to the terminal, \
             so that it can be copied whole. Of a message of several lines of which one is indented or a fence of code, all \
             begin in column 3, with their blanks as they are; tabs go to the next column of eight. Characters that a terminal would \
             obey or hide are shown as symbols (`␛`) or numbers (`‹202E›`). Text that is written from right to left is set between the \
             isolates U+2068 and U+2069, so that terminals which turn it round leave what stands beside it in its place; others \
             show it in the order in which it was written.",
        )
        .text(
            "When somebody writes to you in private, says your name, wants to talk with you, or an administrator announces something, \
             the bell rings, or the desktop tells you: see `notify` in the settings. Inside tmux the latter needs `set -g \
             allow-passthrough on`. Of more than three who come or go within 10 seconds the rest share a line, a few seconds later or \
             before whatever else is shown.",
        )
}

fn environment() -> Section {
    Section::new("ENVIRONMENT")
        .item("CHAT_SERVER", "Where chatd is, when `--server` doesn't say it.")
        .item("COLORFGBG", "Whether letters are dark on light or light on dark, for the setting `theme`.")
        .item("VISUAL, EDITOR", "The editor that Ctrl-X Ctrl-E opens.")
        .item("NO_COLOR", "When it is set to anything, there are no colours; bold and reversed letters stay, on a terminal. Pipes and files get no escape codes.")
}

fn files() -> Section {
    Section::new("FILES")
        .item(
            "~/.config/chat/config.toml",
            "Your settings; `chat config` shows what is in force and where it comes from, and \
             /usr/share/doc/chat/examples/chat.toml has all of them with their defaults. It is below `XDG_CONFIG_HOME` if that is set.",
        )
        .item("~/.local/state/chat/history", "What you typed. It is below `XDG_STATE_HOME` if that is set.")
        .item("~/.local/state/chat/channels", "The channels that you are in at each server, for the next time.")
        .item("/run/chatd/chat.sock", "The socket of this host's chatd.")
        .item(
            "$XDG_RUNTIME_DIR/chatd/chat.sock, /tmp/chatd-UID/chat.sock",
            "Those of a chatd that you run yourself, in directories of yours that nobody else can write to.",
        )
        .text(
            "After `su` or `sudo` the environment may be another user's: directories that belong to somebody else are not used, \
             neither for settings nor for what is remembered. Nothing is sent to a socket unless root, chatd's user or you \
             serve it, or the user that `--socket-owner` names.",
        )
}

fn examples() -> Section {
    Section::new("EXAMPLES").text("Talk, under your login:").example("chat").text("From scripts:").example(
        "uptime | chat send --to '#lobby' -\ntail -F /var/log/backup.log | chat send --to '#ops' --wait 10m -\nchat send --to anna \"the build is red\"\nchat list --json\nchat history --since yesterday --json",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_of_the_line_and_of_the_prompt() {
        let page = make("man").unwrap();
        for command in Cli::command().get_subcommands() {
            assert!(page.contains(&format!("\\fB{}\\fR", command.get_name())), "{}", command.get_name());
        }
        for spec in TABLE {
            assert!(page.contains(&format!("\\fB<\\fR\\fB{}\\fR\\fB>\\fR", spec.name)), "{}", spec.name);
        }
    }

    #[test]
    fn shells_complete_commands_and_options() {
        for shell in ["bash", "zsh", "fish"] {
            let script = make(shell).unwrap();
            assert!(script.contains("tail") && script.contains("server"), "{shell}");
        }
    }
}

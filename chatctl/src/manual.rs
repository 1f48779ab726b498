//! chatctl(8) and the completions of chatctl.

use chat_manual::{Page, Section, completions};
use clap::CommandFactory;

use crate::cli::Cli;

/// The text of a kind: `man`, or the completions of a shell.
pub(crate) fn make(kind: &str) -> Option<String> {
    match kind {
        "man" => Some(page().render()),
        shell => completions(shell, Cli::command()),
    }
}

fn page() -> Page {
    Page::of_program(&Cli::command(), "8", "the administrator's console for chatd")
        .with(console())
        .with(environment())
        .with(files())
        .with(examples())
        .with(Section::new("SEE ALSO").text(
            "`chatd`(8), `chatd.toml`(5), `chat`(1), `journalctl`(1), \
             /usr/share/doc/chatd/chatctl.md for what `--json` prints",
        ))
}

fn console() -> Section {
    Section::new("CONSOLE")
        .text(
            "On a terminal, `chatctl` alone is a console. It takes the commands above, `clear` and `exit`. Tab \
             completes commands, their options, nicks and channels. Ctrl-C ends a `watch` or clears the line, \
             Ctrl-D leaves. Lines that are pasted run one after the other. It outlives a restart of chatd, and \
             says that there was one.",
        )
        .text(
            "A history is kept, without lines that begin with a blank and without a `call` that has a password \
             in it. From a pipe `chatctl` reads commands line by line and stops at the first that fails.",
        )
        .text("Commands may be abbreviated as long as it is clear which is meant: `chatctl ann` is `announce`.")
}

fn environment() -> Section {
    Section::new("ENVIRONMENT")
        .item("CHATCTL_SOCKET", "The admin socket, when `--socket` doesn't name it.")
        .item("XDG_RUNTIME_DIR, XDG_STATE_HOME", "Where the files below are.")
        .item("TERM", "With `dumb` the console has no line editing, no completion and no history.")
}

fn files() -> Section {
    Section::new("FILES")
        .item(
            "/run/chatd/admin.sock",
            "The admin socket of the system's chatd. Root, chatd's own user and the members of the group \
             `chatd-admin` may use it.",
        )
        .item(
            "$XDG_RUNTIME_DIR/chatd/admin.sock, /tmp/chatd-UID/admin.sock",
            "That of a chatd that you run yourself; it is used when the system's isn't there.",
        )
        .item(
            "$XDG_STATE_HOME/chatctl/history",
            "The last 1000 lines of the console, else in `~/.local/state`. Only you can read it.",
        )
}

fn examples() -> Section {
    Section::new("EXAMPLES")
        .text("The guests, for a script:")
        .example("chatctl --json list | jq -r 'select(.guest) | .nick'")
        .text("Who failed to log in, as it happens:")
        .example("chatctl --json watch | jq -r 'select(.kind == \"loginFailed\")'")
        .text("The machine restarts this evening:")
        .example(
            "chatctl announce \"this host restarts at 18:00\"\nchatctl shutdown --in 2h --reason \"new kernel\"",
        )
        .text("Somebody shall be an administrator of the chat:")
        .example("usermod -aG chatd-admin alice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_and_what_a_page_is_expected_to_have() {
        let page = make("man").expect("a page");
        for command in Cli::command().get_subcommands() {
            assert!(page.contains(&format!("\\fB{}\\fR", command.get_name())), "{}", command.get_name());
        }
        for section in ["SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"]
        {
            let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
            assert!(heading.iter().any(|heading| page.contains(heading)), "{section}");
        }
    }

    #[test]
    fn shells_complete_commands_and_options() {
        for shell in ["bash", "zsh", "fish"] {
            let script = make(shell).expect("a script");
            assert!(script.contains("announce") && script.contains("reason"), "{shell}");
        }
        assert_eq!(make("perl"), None);
    }
}

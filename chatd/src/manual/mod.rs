//! chatd(8), chatd.toml(5) and the completions of chatd.

mod config;

use chat_manual::{Page, Section, completions};

use crate::cli;

/// The text of a kind: `man` and `man-config`, or the completions of a shell.
pub(crate) fn make(kind: &str) -> Option<String> {
    match kind {
        "man" => Some(program().render()),
        "man-config" => Some(config::page().render()),
        shell => completions(shell, cli::definition()),
    }
}

fn program() -> Page {
    Page::of_program(&cli::definition(), "8", "the chat daemon")
        .with(service())
        .with(signals())
        .with(environment())
        .with(files())
        .with(Section::new("SEE ALSO").text(
            "`chatd.toml`(5), `chatctl`(8), `chat`(1), `systemctl`(1), `journalctl`(1), /usr/share/doc/chatd/",
        ))
}

fn service() -> Section {
    Section::new("AS A SERVICE")
        .text(
            "chatd needs no configuration: users of the host come over a Unix socket, where their login is their \
             account, and IRC clients over the loopback address.",
        )
        .example("systemctl status chatd\njournalctl -u chatd\nsystemctl reload chatd\nchatctl list")
        .text(
            "Run by any other user it works as well, with sockets and state in that user's own directories.",
        )
}

fn signals() -> Section {
    Section::new("SIGNALS")
        .items(&["SIGTERM", "SIGINT"], "Shut down in order: users are told, what was said is stored.")
        .item(
            "SIGHUP",
            "Reads the configuration again, all or nothing: one that is not valid changes nothing, and the log \
             says what is wrong. `chatctl reload` does the same and says it to who asked.",
        )
}

fn environment() -> Section {
    Section::new("ENVIRONMENT")
        .items(
            &["RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CONFIGURATION_DIRECTORY"],
            "Where sockets, state and configuration are, as systemd says it. Without them root has /run/chatd, \
             /var/lib/chatd and /etc/chatd, and others their `XDG_RUNTIME_DIR` and `XDG_STATE_HOME`.",
        )
        .item("NO_COLOR", "When it is set to anything, the log has no colours on a terminal.")
}

fn files() -> Section {
    Section::new("FILES")
        .item("/etc/chatd/chatd.toml", "The configuration, see `chatd.toml`(5). It need not exist.")
        .item("/run/chatd/chat.sock", "Where the users of this host connect.")
        .item("/run/chatd/admin.sock", "Where `chatctl`(8) connects.")
        .item("/var/lib/chatd/", "What chatd keeps.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_and_what_a_page_is_expected_to_have() {
        let page = make("man").unwrap();
        for command in cli::definition().get_subcommands() {
            let parts: String = command
                .get_name()
                .split('-')
                .map(|part| format!("\\fB{part}\\fR"))
                .collect::<Vec<_>>()
                .join("\\fB\\-\\fR");
            assert!(page.contains(&parts), "{parts}");
        }
        for section in ["SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "SIGNALS", "ENVIRONMENT", "FILES"] {
            let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
            assert!(heading.iter().any(|heading| page.contains(heading)), "{section}");
        }
    }

    #[test]
    fn shells_complete_commands_and_options() {
        for shell in ["bash", "zsh", "fish"] {
            let script = make(shell).unwrap();
            assert!(script.contains("hash-password") && script.contains("config"), "{shell}");
        }
    }
}

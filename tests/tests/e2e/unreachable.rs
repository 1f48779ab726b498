//! chatctl when chatd is not there, does not answer, or is something else; and when its own reader is gone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use chat_tests::daemon::{Daemon, errors, program};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn with_pipes(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("chatctl runs")
}

fn assert_status(child: Child, status: i32, said: &str) {
    let output = child.wait_with_output().expect("chatctl ends");
    let text = errors(&output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(text.contains(said) && text.trim().lines().count() == 1, "{text}");
}

#[test]
fn a_chatd_that_is_stopped_and_a_socket_of_another_kind_end_in_time_with_the_reason() {
    let daemon = Daemon::start();
    // The chat socket waits for more of a line that never ends.
    let mut other = Command::new(program("chatctl"));
    other.arg("--socket").arg(daemon.setup().socket()).arg("list").stdin(Stdio::null());
    let other = with_pipes(other);
    let stopped = Daemon::start();
    stopped.signal(Signal::SIGSTOP);
    let list = with_pipes(stopped.chatctl_command(&["list"]));
    let watch = with_pipes(stopped.chatctl_command(&["watch"]));
    let advice = format!("kill -CONT {}", stopped.pid());
    assert_status(list, 3, &advice);
    assert_status(watch, 3, &advice);
    assert_status(other, 3, "is this not its admin socket");
    stopped.signal(Signal::SIGCONT);
    assert!(stopped.chatctl(&["list"]).status.success());
}

#[test]
fn ctrl_c_ends_a_watch_in_order() {
    let daemon = Daemon::start();
    let mut watch = with_pipes(daemon.chatctl_command(&["watch"]));
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines();
    super::administration::with_visitors(&daemon, || lines.next().expect("a line").expect("a line"));
    kill(Pid::from_raw(watch.id().try_into().expect("a process id")), Signal::SIGINT).expect("it runs");
    assert!(watch.wait().expect("chatctl ends").success());
}

#[test]
fn killed_chatd_ends_a_watch_that_does_not_wait_with_status_three() {
    let daemon = Daemon::start();
    let mut watch = with_pipes(daemon.chatctl_command(&["watch", "--wait", "0s"]));
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines();
    super::administration::with_visitors(&daemon, || lines.next().expect("a line").expect("a line"));
    let _place = daemon.crash();
    assert_status(watch, 3, "the watch broke off");
}

#[test]
fn who_reads_no_further_makes_no_error() {
    let daemon = Daemon::start();
    let mut list = daemon.chatctl_command(&["list"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = list.stdout(writer).stderr(Stdio::piped()).output().expect("chatctl runs");
    assert!(output.status.success() && errors(&output).is_empty(), "{}", errors(&output));
}

#[test]
fn an_announcement_of_any_width_is_sent() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    let text = format!("{}the end", "word ".repeat(200));
    assert!(daemon.chatctl(&["announce", &text]).status.success());
    alice.expect_containing("the end");
}

//! The words of `<help>`.

use crate::input::{Spec, TABLE, find};
use crate::line::{Line, Style};

/// All commands, or one with an example.
pub(super) fn lines(topic: Option<&str>) -> Vec<Line> {
    let Some(topic) = topic else { return all() };
    let name = topic.trim_matches(['<', '>', '/']);
    match find(name) {
        Some(spec) => one(spec),
        None => {
            vec![Line::of(Style::Error, &format!("there is no command <{name}>; <help> shows what there is"))]
        }
    }
}

fn all() -> Vec<Line> {
    let width = TABLE.iter().map(|spec| spec.usage.len()).max().unwrap_or(0);
    let row = |spec: &Spec| {
        Line::of(Style::Bold, &format!("  {:width$}  ", spec.usage)).text(Style::Plain, spec.does)
    };
    let rules = [
        "What you type is said to everyone in the channel that the prompt names.",
        "Commands ask for what you leave out. /name works for <name>; //x says /x. Tab completes.",
    ];
    let examples = "For example: <private> bob lunch?   <join> #cooking   <help> away";
    rules
        .iter()
        .map(|rule| Line::of(Style::Plain, rule))
        .chain(TABLE.iter().map(row))
        .chain([Line::of(Style::Dim, examples)])
        .collect()
}

fn one(spec: &Spec) -> Vec<Line> {
    let mut lines = vec![
        Line::of(Style::Bold, spec.usage).text(Style::Plain, ": ").text(Style::Plain, spec.does),
        Line::of(Style::Plain, "for example: ").text(Style::Plain, spec.example),
    ];
    if !spec.aliases.is_empty() {
        let aliases: Vec<_> = spec.names().map(|name| format!("/{name}")).collect();
        lines.push(Line::of(Style::Dim, &format!("also: {}", aliases.join(", "))));
    }
    lines
}

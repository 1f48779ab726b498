//! The words of `<help>`.

use crate::input::{BRIEF, Group, NAME, Spec, TABLE, Verb, find, unknown};
use crate::line::{Line, Style};

const GAP: usize = 2;
/// What a command takes, and what two side by side take.
const CELL: usize = NAME + 1 + BRIEF;
const TWO_CELLS: usize = CELL + GAP + CELL;

/// All commands, or one with an example. In `columns`, if it is a terminal.
pub(super) fn lines(topic: Option<&str>, columns: Option<usize>) -> Vec<Line> {
    let Some(topic) = topic else { return all(columns) };
    let name = topic.trim_matches(['<', '>', '/']);
    match find(name) {
        Some(spec) => one(spec),
        None => vec![Line::of(Style::Error, &unknown(name))],
    }
}

fn all(columns: Option<usize>) -> Vec<Line> {
    let head = "What you type is said where the prompt tells. A command asks for what you leave out: <private>, or \
                <private> bob lunch? /name works for <name>; <say> /x says /x.";
    let foot = "Tab completes, Ctrl-X Ctrl-E opens an editor, <help> talk tells more of <talk>.";
    let cells = groups();
    let body = match columns {
        Some(columns) if columns >= TWO_CELLS => side_by_side(&cells),
        _ => cells.into_iter().flatten().map(Cell::line).collect(),
    };
    let head = Line::of(Style::Plain, head).hanging(0);
    let foot = Line::of(Style::Dim, foot).hanging(0);
    std::iter::once(head).chain(body).chain([foot]).collect()
}

#[derive(Debug, Clone, Copy)]
enum Cell {
    Heading(Group),
    Command(&'static Spec),
}

/// The commands, each group below its heading.
fn groups() -> Vec<Vec<Cell>> {
    let mut specs: Vec<_> = TABLE.iter().collect();
    specs.sort_by_key(|spec| spec.group);
    let groups = specs.chunk_by(|one, other| one.group == other.group);
    let commands = |group: &[&'static Spec]| group.iter().map(|spec| Cell::Command(spec)).collect::<Vec<_>>();
    groups.map(|group| [vec![Cell::Heading(group[0].group)], commands(group)].concat()).collect()
}

/// In two columns, no group in both.
fn side_by_side(groups: &[Vec<Cell>]) -> Vec<Line> {
    let columns = |at: usize| (groups[..at].concat(), groups[at..].concat());
    let splits = (0..=groups.len()).map(columns);
    let (left, right) = splits.min_by_key(|(left, right)| left.len().max(right.len())).unwrap_or_default();
    let row = |index: usize| {
        let cell = |column: &[Cell]| column.get(index).map(|cell| (cell.width(), cell.line()));
        let (width, line) = cell(&left).unwrap_or_default();
        let Some((_, other)) = cell(&right) else { return line };
        line.text(Style::Plain, &" ".repeat(CELL + GAP - width)).then(other)
    };
    (0..left.len().max(right.len())).map(row).collect()
}

impl Cell {
    fn line(self) -> Line {
        match self {
            Self::Heading(group) => Line::of(Style::Dim, group.heading()),
            Self::Command(spec) => Line::of(Style::Bold, &format!("{:NAME$}", format!("<{}>", spec.name)))
                .text(Style::Plain, &format!(" {}", spec.brief))
                .hanging(NAME + 1),
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Heading(group) => group.heading().len(),
            Self::Command(spec) => NAME + 1 + spec.brief.chars().count(),
        }
    }
}

fn one(spec: &Spec) -> Vec<Line> {
    let mut lines = vec![
        Line::of(Style::Bold, spec.usage).text(Style::Plain, ": ").text(Style::Plain, spec.does),
        Line::of(Style::Plain, "for example: ").text(Style::Plain, spec.example),
    ];
    lines.extend(more(spec.verb).iter().map(|row| Line::of(Style::Plain, row)));
    if !spec.aliases.is_empty() {
        let aliases: Vec<_> = spec.names().map(|name| format!("/{name}")).collect();
        lines.push(Line::of(Style::Dim, &format!("also: {}", aliases.join(", "))));
    }
    lines
}

/// What has to be known besides.
fn more(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Search => &[
            "All words must be in it, whole and in any order; soup* finds soups as well.",
            "after: and before: take 2026-11-30, 2026-11, 2026-11-30T14:05, 14:05 (the last), today, yesterday, monday, or \
             90m, 3h, 3d, 2w (ago); a day begins at midnight.",
            "<search> alone goes on where the last one ended, further back.",
        ],
        Verb::Talk => &[
            "Who is asked answers yes or no at the question, or <accept> or <decline> later; the request waits \
             a minute. <cancel> or Ctrl-C takes it back, <end> ends the conversation.",
        ],
        Verb::History => {
            &["<history> bob has what you wrote with bob; after <clear> it begins with the newest."]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::theme::Palette;

    fn rows(columns: usize) -> Vec<String> {
        let lines = lines(None, Some(columns));
        let rendered = lines.iter().map(|line| line.render(Palette::None, Some(columns)));
        rendered.flat_map(|line| line.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn all_commands_fit_one_screen_with_its_prompt() {
        let rows = rows(80);
        assert!(rows.len() <= 22, "{}", rows.join("\n"));
        for spec in TABLE {
            let name = format!("<{}> ", spec.name);
            assert!(rows.iter().any(|row| row.contains(&name) && row.contains(spec.brief)), "{name}");
        }
    }

    #[test]
    fn no_row_is_wider_than_the_terminal() {
        for columns in [80, 79, 78, 77, 60, 40] {
            for row in rows(columns) {
                assert!(row.width() <= columns, "{columns}: {row}");
            }
        }
    }

    #[test]
    fn help_on_one_command_has_no_line_breaks_of_its_own() {
        for spec in TABLE {
            assert!(more(spec.verb).iter().all(|text| text.ends_with('.')), "{}", spec.name);
        }
    }

    #[test]
    fn what_goes_on_is_below_the_words_that_it_belongs_to() {
        let rows = rows(30);
        let at = rows.iter().position(|row| row.starts_with("<channels>")).unwrap();
        assert_eq!(rows[at..at + 2], ["<channels>    what channels", "              there are"]);
    }

    #[test]
    fn more_is_told_about_one() {
        let text = lines(Some("<topic>"), Some(80)).iter().map(Line::plain).collect::<Vec<_>>().join("\n");
        assert!(
            text.starts_with("<topic> [TEXT]: shows or sets") && text.ends_with("also: /topic, /t"),
            "{text}"
        );
        assert!(lines(Some("nonsense"), None)[0].plain().contains("there is no command <nonsense>"));
    }
}

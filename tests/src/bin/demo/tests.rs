use std::collections::BTreeSet;
use std::path::Path;

use roxmltree::{Document, Node};
use serde_json::Value;

use super::*;
use crate::film::{Film, Style, Window};

/// What a page that shows the picture has to load.
const MOST_BYTES: usize = 200_000;

/// What stands in `docs/`.
fn checked_in(name: &str) -> String {
    std::fs::read_to_string(Path::new(DOCS).join(name)).expect("the demonstration is checked in")
}

/// A film of two windows in which the first shows these screens, one each second.
fn film(screens: &[&str]) -> Film {
    let mut parser = vt100::Parser::new(2, 20, 0);
    let mut shots = Vec::new();
    for (second, text) in (0..).zip(screens) {
        parser.process(text.as_bytes());
        shots.push((second * 1000, film::rows(parser.screen())));
    }
    let length = shots.len() as u64 * 1000;
    let empty = vec![(0, film::rows(vt100::Parser::new(2, 20, 0).screen()))];
    let window = |title: &str, shots| Window { title: title.to_owned(), shots };
    Film {
        rows: 2,
        columns: 20,
        windows: vec![window("left", shots), window("right", empty)],
        captions: vec![(0, "first".to_owned()), (1000, "then".to_owned())],
        focus: vec![(0, 0), (1000, 1)],
        still: length,
        length,
    }
}

/// The rows that a picture shows at any time, as text. In which order they came to the screen depends on the machine.
fn rows(picture: &str) -> BTreeSet<String> {
    let document = Document::parse(picture).expect("well-formed XML");
    let is_row = |node: &Node<'_, '_>| node.attribute("id").is_some_and(|id| id.starts_with('r'));
    let words =
        |row: Node<'_, '_>| row.children().filter_map(|node| node.text()).collect::<Vec<_>>().join(" ");
    document.descendants().filter(is_row).map(words).collect()
}

#[test]
fn the_demonstration_says_what_the_programs_say_today() {
    let (fresh, known) = (rows(&svg::render(&story::play())), rows(&checked_in("demo.svg")));
    let different: Vec<_> = fresh.symmetric_difference(&known).collect();
    assert!(
        different.is_empty(),
        "docs/demo.svg is out of date: run `cargo run -p chat-tests --bin demo` and look at the picture.\n{different:#?}"
    );
}

#[test]
fn the_picture_is_small_and_brings_everything_with_it_and_runs_nothing() {
    let text = checked_in("demo.svg");
    assert!(text.len() <= MOST_BYTES, "{} bytes", text.len());
    let document = Document::parse(&text).expect("well-formed XML");
    let allowed = ["svg", "title", "style", "defs", "g", "rect", "circle", "text", "use"]
        .map(|name| ("http://www.w3.org/2000/svg", name));
    for node in document.descendants().filter(Node::is_element) {
        let name = (node.tag_name().namespace().unwrap_or_default(), node.tag_name().name());
        assert!(allowed.contains(&name), "{name:?}");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
            assert!(attribute.name() != "href" || attribute.value().starts_with('#'), "{attribute:?}");
        }
    }
    for loading in ["url(", "@import", "<!", "<?"] {
        assert!(!text.contains(loading), "{loading}");
    }
}

#[test]
fn nothing_moves_for_those_who_asked_for_that() {
    let text = checked_in("demo.svg");
    let (before, after) =
        text.split_once("@media (prefers-reduced-motion:no-preference){").expect("a condition");
    assert!(!before.contains("animation:") && after.matches("animation:").count() == 2);
}

#[test]
fn a_row_is_written_once_wherever_and_whenever_it_shows() {
    let text = svg::render(&film(&["\x1b[?25lone\r\ntwo", "\r\nthree"]));
    assert_eq!(text.matches(">two</text>").count(), 1);
    let document = Document::parse(&text).expect("well-formed XML");
    let row = document.descendants().find(|node| node.text() == Some("two")).and_then(|text| text.parent());
    let reference = format!("#{}", row.and_then(|row| row.attribute("id")).expect("a name"));
    let used = document.descendants().filter(|node| node.attribute("href") == Some(&reference)).count();
    assert_eq!(used, 2, "below, and above after the screen has moved up");
}

#[test]
fn a_strip_moves_when_its_row_changes_and_stands_at_the_still() {
    let text = svg::render(&film(&["one", "\rtwo", "\x07", "\rone"]));
    let moves =
        "{0%{transform:translateY(-0px)}25%{transform:translateY(-17px)}75%{transform:translateY(-0px)}}";
    assert!(text.contains(moves), "{text}");
    assert!(text.contains("transform=\"translate(0 -0)\""), "{text}");
}

#[test]
fn the_window_in_which_keys_are_pressed_has_an_outline() {
    let text = svg::render(&film(&["one", "\rtwo", "\rthree"]));
    let moves = "{0%{transform:translateY(-0px)}33.333%{transform:translateY(-76px)}}";
    assert!(text.contains(moves), "{text}");
    let shown = |strip| text.lines().find(|line| line.starts_with(strip)).expect("a strip");
    let (left, right) = ("<svg x=\"0\" y=\"0\"", "<svg x=\"174\" y=\"0\"");
    assert!(shown(left).contains("y=\"13\"/></g>"), "at first: {text}");
    assert!(shown(right).contains("y=\"89\"/></g>"), "one height below, then: {text}");
}

#[test]
fn markup_in_what_people_say_is_text() {
    let text = svg::render(&film(&["<list> & more"]));
    let document = Document::parse(&text).expect("well-formed XML");
    assert!(document.descendants().any(|node| node.text() == Some("<list> & more")));
}

#[test]
fn letters_keep_their_columns_and_colours() {
    let film = film(&["\x1b[1;38;5;210mbob\x1b[m:  \x1b[7m you \x1b[m"]);
    let runs = &film.windows[0].shots[0].1[0].runs;
    let seen: Vec<_> = runs.iter().map(|run| (run.column, run.width, run.text.as_str())).collect();
    assert_eq!(seen, [(0, 3, "bob"), (3, 1, ":"), (6, 5, " you ")]);
    assert_eq!(runs[0].style, Style { ink: Some(210), bold: true, ..Style::default() });
    assert_eq!(runs[1].style, Style::default());
    assert!(runs[2].style.inverse);
    let text = svg::render(&film);
    assert!(text.contains(".c0{fill:#ff8787;font-weight:bold}"), "{text}");
    assert!(
        text.contains("<rect x=\"43.2\" y=\"-13\" width=\"36\" height=\"17\" fill=\"#d7dae0\"/>"),
        "{text}"
    );
}

#[test]
fn the_recording_shows_what_the_windows_showed() {
    let film = film(&["one\r\n\x1b[32mtwo", "\r\n三 three", "\r\x1b[m\x1b[Kfour"]);
    let text = cast::render(&film);
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let header = lines.next().expect("a header");
    assert_eq!((&header["version"], &header["width"], &header["height"]), (&2.into(), &44.into(), &5.into()));
    let mut screen = vt100::Parser::new(5, 44, 0);
    let mut shown = Vec::new();
    let mut last = 0.0;
    for event in lines {
        let time = event[0].as_f64().expect("a time");
        assert!(time >= last, "{text}");
        last = time;
        if event[1] == "o" {
            screen.process(event[2].as_str().expect("text").as_bytes());
            shown.push(screen.screen().contents());
        }
    }
    assert!(shown.iter().any(|shown| shown.contains("│one                 ││")), "{shown:#?}");
    assert!(shown.iter().any(|shown| shown.contains("│三 three            ││")), "{shown:#?}");
    let green = screen.screen().cell(1, 1).expect("a cell");
    assert_eq!((green.contents(), green.fgcolor()), ("t", vt100::Color::Idx(2)));
    assert!(
        shown.last().is_some_and(|last| last.contains("│four                ││") && last.contains("then"))
    );
    assert!((last - 3.0).abs() < f64::EPSILON);
}

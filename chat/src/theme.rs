//! Colours: which there are, and how much they stand out from the ground.

use serde::{Deserialize, Serialize};

use crate::line::Style;

/// What the user wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// What the terminal tells by `$COLORFGBG`, or else colours for either ground.
    #[default]
    Auto,
    Light,
    Dark,
    None,
}

/// What is behind the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    Light,
    Dark,
    /// Nobody knows.
    Any,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    Sixteen,
    /// The 6×6×6 cube and the greys of xterm, which look the same everywhere.
    TwoHundred,
}

/// The colours in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    None,
    /// Bold and reversed letters are no colours: what names us shall be seen without any.
    Uncoloured,
    Of {
        ground: Ground,
        depth: Depth,
    },
}

/// Colours by their number, of the cube or of the sixteen (as `30..=37`, `90..=97`).
struct Colours {
    names: &'static [u8],
    dim: Option<u8>,
    error: u8,
}

const DARK: Colours = Colours {
    names: &[210, 215, 221, 149, 114, 79, 80, 117, 111, 141, 177, 212],
    dim: Some(245),
    error: 203,
};
const LIGHT: Colours =
    Colours { names: &[124, 130, 58, 22, 28, 23, 24, 26, 18, 55, 91, 127], dim: Some(241), error: 160 };
const ANY: Colours =
    Colours { names: &[28, 29, 30, 63, 64, 98, 129, 130, 131, 132, 163, 164], dim: Some(243), error: 162 };
const DARK_SIXTEEN: Colours = Colours { names: &[32, 36, 91, 92, 93, 94, 95, 96], dim: None, error: 91 };
const LIGHT_SIXTEEN: Colours = Colours { names: &[31, 34, 35], dim: None, error: 31 };
const ANY_SIXTEEN: Colours = Colours { names: &[31, 35, 91, 94], dim: None, error: 91 };

impl Palette {
    /// The palette for a terminal that says this of itself.
    pub fn choose(theme: Theme, variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let ground = match theme {
            _ if term == "dumb" => return Self::None,
            Theme::None => return Self::Uncoloured,
            Theme::Light => Ground::Light,
            Theme::Dark => Ground::Dark,
            Theme::Auto => variable("COLORFGBG").map_or(Ground::Any, |colours| ground(&colours)),
        };
        let many = ["256", "direct", "kitty", "alacritty", "foot", "ghostty", "wezterm"];
        let has_many = variable("COLORTERM").is_some() || many.iter().any(|word| term.contains(word));
        Self::Of { ground, depth: if has_many { Depth::TwoHundred } else { Depth::Sixteen } }
    }

    /// The parameters of the escape sequence for a style; nothing for the ordinary one.
    pub fn sgr(self, style: Style) -> Option<String> {
        if self == Self::None {
            return None;
        }
        let of = self.colours();
        let colour = |number: u8, depth| match depth {
            Depth::Sixteen => number.to_string(),
            Depth::TwoHundred => format!("38;5;{number}"),
        };
        match style {
            Style::Plain => None,
            Style::Dim => {
                of.map(|(of, depth)| of.dim.map_or_else(|| "2".to_owned(), |dim| colour(dim, depth)))
            }
            Style::Bold | Style::Own => Some("1".to_owned()),
            Style::Name(hash) => {
                of.map(|(of, depth)| colour(of.names[hash as usize % of.names.len()], depth))
            }
            Style::Mention => Some("1;7".to_owned()),
            Style::Alert => Some("7".to_owned()),
            Style::Error => of.map(|(of, depth)| colour(of.error, depth)),
        }
    }

    fn colours(self) -> Option<(&'static Colours, Depth)> {
        let Self::Of { ground, depth } = self else { return None };
        let colours = match (ground, depth) {
            (Ground::Dark, Depth::TwoHundred) => &DARK,
            (Ground::Light, Depth::TwoHundred) => &LIGHT,
            (Ground::Any, Depth::TwoHundred) => &ANY,
            (Ground::Dark, Depth::Sixteen) => &DARK_SIXTEEN,
            (Ground::Light, Depth::Sixteen) => &LIGHT_SIXTEEN,
            (Ground::Any, Depth::Sixteen) => &ANY_SIXTEEN,
        };
        Some((colours, depth))
    }
}

/// `15;0`, or with something in between: the colours of letters and ground, of the sixteen.
fn ground(colours: &str) -> Ground {
    match colours.rsplit(';').next().map(str::parse::<u8>) {
        Some(Ok(7 | 9..=15)) => Ground::Light,
        Some(Ok(0..=6 | 8)) => Ground::Dark,
        _ => Ground::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sixteen as xterm has them; many terminals have others.
    const XTERM: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];

    fn rgb(number: u8, depth: Depth) -> [u8; 3] {
        match (depth, number) {
            (Depth::Sixteen, 30..=37) => XTERM[usize::from(number - 30)],
            (Depth::Sixteen, _) => XTERM[usize::from(number - 90 + 8)],
            (Depth::TwoHundred, 232..) => [8 + 10 * (number - 232); 3],
            (Depth::TwoHundred, _) => {
                let levels = [0, 95, 135, 175, 215, 255];
                let cube = usize::from(number - 16);
                [levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6]]
            }
        }
    }

    /// As WCAG 2 has it: relative luminance.
    fn luminance(rgb: [u8; 3]) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    }

    fn worst(ground: Ground, depth: Depth) -> f64 {
        let (colours, depth) = Palette::Of { ground, depth }.colours().unwrap();
        let all = colours.names.iter().copied().chain(colours.dim).chain([colours.error]);
        let contrast = |number| {
            let luminance = luminance(rgb(number, depth)) + 0.05;
            let (on_white, on_black) = (1.05 / luminance, luminance / 0.05);
            match ground {
                Ground::Light => on_white,
                Ground::Dark => on_black,
                Ground::Any => on_white.min(on_black),
            }
        };
        all.map(contrast).fold(f64::INFINITY, f64::min)
    }

    /// 4.5 is what WCAG 2 asks for (AA); 4.58 is the most that can be had on black and on white at once.
    #[test]
    fn colours_stand_out_from_the_ground_that_they_are_for() {
        for (ground, depth, contrast) in [
            (Ground::Dark, Depth::TwoHundred, 6.0),
            (Ground::Light, Depth::TwoHundred, 4.5),
            (Ground::Any, Depth::TwoHundred, 4.2),
            (Ground::Dark, Depth::Sixteen, 4.4),
            (Ground::Light, Depth::Sixteen, 4.3),
            (Ground::Any, Depth::Sixteen, 3.5),
        ] {
            let worst = worst(ground, depth);
            assert!(worst >= contrast, "{ground:?} {depth:?}: {worst}");
        }
    }

    fn chosen(theme: Theme, variables: &[(&str, &str)]) -> Palette {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Palette::choose(theme, variable)
    }

    #[test]
    fn the_ground_is_what_the_user_or_the_terminal_says() {
        let of = |ground, depth| Palette::Of { ground, depth };
        for (theme, variables, palette) in [
            (Theme::None, &[("COLORFGBG", "15;0")][..], Palette::Uncoloured),
            (Theme::None, &[("TERM", "dumb")], Palette::None),
            (Theme::Dark, &[("TERM", "dumb")], Palette::None),
            (Theme::Auto, &[], of(Ground::Any, Depth::Sixteen)),
            (Theme::Auto, &[("COLORFGBG", "15;0"), ("TERM", "rxvt")], of(Ground::Dark, Depth::Sixteen)),
            (Theme::Auto, &[("COLORFGBG", "0;default;15")], of(Ground::Light, Depth::Sixteen)),
            (Theme::Auto, &[("COLORFGBG", "nonsense")], of(Ground::Any, Depth::Sixteen)),
            (
                Theme::Dark,
                &[("COLORFGBG", "0;15"), ("TERM", "xterm-256color")],
                of(Ground::Dark, Depth::TwoHundred),
            ),
            (Theme::Light, &[("COLORTERM", "truecolor")], of(Ground::Light, Depth::TwoHundred)),
        ] {
            assert_eq!(chosen(theme, variables), palette, "{theme:?} {variables:?}");
        }
    }

    #[test]
    fn without_colours_what_names_us_and_what_is_ours_still_stand_out() {
        let sgr = |style| Palette::Uncoloured.sgr(style);
        assert_eq!(sgr(Style::Mention).as_deref(), Some("1;7"));
        assert_eq!(sgr(Style::Own).as_deref(), Some("1"));
        for coloured in [Style::Dim, Style::Name(3), Style::Error] {
            assert_eq!(sgr(coloured), None, "{coloured:?}");
        }
        assert_eq!(Palette::None.sgr(Style::Mention), None);
    }

    #[test]
    fn names_get_many_colours() {
        let palette = Palette::Of { ground: Ground::Any, depth: Depth::TwoHundred };
        let colours: std::collections::BTreeSet<_> =
            (0..100).filter_map(|hash| palette.sgr(Style::Name(hash))).collect();
        assert_eq!(colours.len(), 12);
    }
}

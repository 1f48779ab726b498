//! The 256 colours of xterm as they look on the windows' dark ground.

pub const GROUND: &str = "#16181d";
pub const INK: &str = "#d7dae0";
pub const DIM: &str = "#8b909c";

const SIXTEEN: [&str; 16] = [
    "#3b404d", "#f07178", "#98c379", "#e5c07b", "#61afef", "#c792ea", "#56b6c2", "#d7dae0", "#7d8494",
    "#ff8b92", "#b5e08d", "#ffd98a", "#82c4ff", "#e0b0ff", "#7fdbe6", "#ffffff",
];
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// As in CSS.
pub fn css(number: u8) -> String {
    match number {
        0..=15 => SIXTEEN[usize::from(number)].to_owned(),
        16..=231 => {
            let number = usize::from(number - 16);
            hex([STEPS[number / 36], STEPS[number / 6 % 6], STEPS[number % 6]])
        }
        232.. => hex([8 + 10 * (number - 232); 3]),
    }
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

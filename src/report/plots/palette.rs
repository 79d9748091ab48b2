//! The colours of the plots, by what they mean, on light and on dark ground.
//!
//! A plot is drawn in the colours of light ground; [`dark_rules`] gives the style sheet a rule for each, which
//! puts another in its place where the reader wants dark ground. So each meaning has a colour of its own.

use std::fmt::Write;

use plotters::style::RGBColor;

/// A colour: its name in the style sheet, and what it is on either ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) struct Role {
    /// What the style sheet calls it.
    pub(in crate::report) name: &'static str,
    light: [u8; 3],
    dark: [u8; 3],
}

const fn role(name: &'static str, light: [u8; 3], dark: [u8; 3]) -> Role {
    Role { name, light, dark }
}

/// What is written in a plot.
pub(super) const INK: Role = role("ink", [74, 81, 89], [188, 195, 202]);
/// Lines that help the eye.
pub(super) const GRID: Role = role("grid", [228, 231, 235], [46, 52, 58]);
/// The lines that the scales stand on.
pub(super) const AXIS: Role = role("axis", [152, 159, 167], [112, 120, 128]);
/// No difference at all.
pub(super) const ZERO: Role = role("zero", [120, 127, 135], [142, 149, 157]);
/// Differences that count as nothing.
pub(super) const NOTHING: Role = role("nothing", [241, 243, 246], [34, 40, 46]);
/// What is judged.
pub(super) const CANDIDATE: Role = role("candidate", [29, 95, 166], [104, 172, 240]);
/// How far it can be trusted.
pub(super) const INTERVAL: Role = role("interval", [190, 213, 236], [45, 77, 110]);
/// What it is held against, and whatever is there for comparison.
pub(super) const BASE: Role = role("base", [139, 128, 116], [164, 154, 143]);
/// Slower than that.
pub(super) const SLOWER: Role = role("slower", [186, 34, 28], [255, 135, 122]);
/// Faster than that.
pub(super) const FASTER: Role = role("faster", [22, 122, 62], [98, 202, 136]);
/// Where a series changed.
pub(super) const CHANGE: Role = role("change", [194, 96, 6], [240, 164, 92]);
/// What the machine allows at most.
pub(super) const LIMIT: Role = role("limit", [124, 58, 160], [202, 154, 236]);

/// All of them.
const ALL: [Role; 12] = [
    INK, GRID, AXIS, ZERO, NOTHING, CANDIDATE, INTERVAL, BASE, SLOWER, FASTER, CHANGE, LIMIT,
];

impl Role {
    /// As plotters wants it.
    pub(super) fn color(self) -> RGBColor {
        let [red, green, blue] = self.light;
        RGBColor(red, green, blue)
    }
}

/// As a style sheet and plotters' SVG write it.
fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// Variables with the colours of light ground, for what stands beside the plots.
pub(in crate::report) fn light_variables() -> String {
    variables(|role| role.light)
}

/// The same of dark ground.
pub(in crate::report) fn dark_variables() -> String {
    variables(|role| role.dark)
}

fn variables(color: impl Fn(&Role) -> [u8; 3]) -> String {
    ALL.iter().fold(String::new(), |mut text, role| {
        // Writing to a String cannot fail.
        let _ = write!(text, "--{}:{};", role.name, hex(color(role)));
        text
    })
}

/// Rules that turn a plot's colours into those of dark ground.
pub(in crate::report) fn dark_rules() -> String {
    ALL.iter().fold(String::new(), |mut text, role| {
        let (light, dark) = (hex(role.light), hex(role.dark));
        for property in ["fill", "stroke"] {
            // Writing to a String cannot fail.
            let _ = write!(text, "svg [{property}=\"{light}\"]{{{property}:{dark}}}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The grounds of the style sheet.
    const LIGHT: [u8; 3] = [255, 255, 255];
    const DARK: [u8; 3] = [21, 25, 29];

    /// The contrast of two colours by WCAG 2.2, 1 to 21.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let luminance = |color: [u8; 3]| {
            let [red, green, blue] = color.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055).powf(2.4)
                }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_meaning_has_a_colour_of_its_own() {
        let lights: BTreeSet<_> = ALL.iter().map(|role| role.light).collect();
        assert_eq!(lights.len(), ALL.len());
    }

    #[test]
    fn the_style_sheet_has_the_grounds_that_contrasts_are_taken_against() {
        let sheet = include_str!("../page.css");
        for ground in [LIGHT, DARK] {
            assert!(sheet.contains(&format!("--ground:{}", hex(ground))));
        }
    }

    #[test]
    fn what_matters_can_be_seen_on_both_grounds() {
        assert!(contrast(INK.light, LIGHT) >= 4.5);
        assert!(contrast(INK.dark, DARK) >= 4.5);
        for role in [CANDIDATE, BASE, SLOWER, FASTER, CHANGE, LIMIT, ZERO] {
            assert!(contrast(role.light, LIGHT) >= 3.0, "{role:?}");
            assert!(contrast(role.dark, DARK) >= 3.0, "{role:?}");
        }
    }
}

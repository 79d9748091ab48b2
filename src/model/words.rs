//! Numbers and names of models, for people.

/// A number of weights as people give it: `1.54 B`, `494 M`, `12.3 K`.
pub(crate) fn count(number: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("T", 1_000_000_000_000),
        ("B", 1_000_000_000),
        ("M", 1_000_000),
        ("K", 1000),
    ];
    // Half a unit below the next one already shows as it: 999 600 is "1.00 M".
    let unit = UNITS.iter().find(|(_, size)| number >= size - size / 2000);
    let Some((unit, size)) = unit else {
        return number.to_string();
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "three digits are shown, an f64 holds fifteen"
    )]
    let amount = number as f64 / *size as f64;
    let decimals = if amount < 9.995 {
        2
    } else {
        usize::from(amount < 99.95)
    };
    format!("{amount:.decimals$} {unit}")
}

/// A text of a file on one line: whoever made the file must not move a terminal's cursor.
pub(crate) fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_enough() {
        for (number, told) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.00 K"),
            (1_543_714_304, "1.54 B"),
            (30_532_122_624, "30.5 B"),
            (494_032_768, "494 M"),
            (999_600, "1.00 M"),
            (9_996, "10.0 K"),
            (u64::MAX, "18446744 T"),
        ] {
            assert_eq!(count(number), told);
        }
    }

    #[test]
    fn a_name_cannot_draw_on_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}

//! Small hand-written scanners. A line costs some hundred nanoseconds and start-up nothing, where
//! fifty regular expressions would cost milliseconds to compile before the first line is read.

/// The text after the first occurrence of a marker.
pub(crate) fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    text.split_once(marker).map(|(_, after)| after)
}

/// The first number after a marker such as `n_tokens =`, as it is written.
pub(crate) fn number_after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    first_number(after(text, marker)?).map(|(number, _)| number)
}

/// The integer after a marker.
pub(crate) fn integer_after<T: std::str::FromStr>(text: &str, marker: &str) -> Option<T> {
    number_after(text, marker)?.parse().ok()
}

/// The real number after a marker.
pub(crate) fn real_after(text: &str, marker: &str) -> Option<f64> {
    real(number_after(text, marker)?)
}

/// Takes a number from the start of a text, spaces before it skipped: `  12.5 ms` is `12.5`, and
/// what follows it.
pub(crate) fn first_number(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '/' | '|' | ';' | '%'))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let word = word.trim_end_matches([',', '.', ':']);
    (!word.is_empty()).then_some((word, rest))
}

/// Reads a real number with a decimal point or comma. `inf`, `nan` and whatever is no number are
/// absent.
pub(crate) fn real(word: &str) -> Option<f64> {
    let parsed = if word.contains(',') {
        word.replacen(',', ".", 1).parse::<f64>()
    } else {
        word.parse::<f64>()
    };
    parsed.ok().filter(|value| value.is_finite())
}

/// A measured quantity: what is zero, negative or not finite was not measured. Neither was what is
/// too small to be written as a normal number: a server of late 2025 sends memory that it has not
/// written yet (`4.67e-310`).
pub(crate) fn measured(value: f64) -> Option<f64> {
    (value.is_normal() && value > 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{first_number, measured, real, real_after};

    #[test]
    fn numbers_in_all_spellings() {
        assert_eq!(first_number("   12.5 ms"), Some(("12.5", " ms")));
        assert_eq!(first_number("256, n_batch"), Some(("256", " n_batch")));
        assert_eq!(first_number("   "), None);
        assert_eq!(real("22,94"), Some(22.94));
        assert_eq!(real("inf").or(real("-nan")).or(real("x")), None);
        assert_eq!(real_after("progress = 0.03, t =", "progress ="), Some(0.03));
        assert_eq!(measured(0.0).or(measured(-1.0)), None);
        assert_eq!(measured(4.670_211e-310).or(measured(f64::INFINITY)), None);
    }
}

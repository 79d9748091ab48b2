//! The commands that repeat a run by hand. Pure.

use serde_json::Value;

/// Where a server listens that is started by hand: the socket of the run is gone.
const SOCKET: &str = "/tmp/orchestrate-smoke.sock";

/// A word as a shell takes it to be one.
#[must_use]
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A command line of these words.
#[must_use]
pub(super) fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(quoted).collect();
    words.join(" ")
}

/// llama-completion, with what it read from standard input.
#[must_use]
pub(super) fn completion(program: &str, args: &[String], input: &str) -> String {
    let command = line([program].into_iter().chain(args.iter().map(String::as_str)));
    // The one newline that it takes off again.
    let text = input.strip_suffix('\n').unwrap_or(input);
    format!("printf '%s\\n' {} | {command}", quoted(text))
}

/// llama-server, and what it was asked, for a second shell. `socket` is where it listened.
#[must_use]
pub(super) fn server(program: &str, args: &[String], socket: &str, body: &Value) -> [String; 2] {
    let args = args.iter().map(|arg| match arg.as_str() {
        arg if arg == socket => SOCKET,
        arg => arg,
    });
    let body = body.to_string();
    let ask = [
        "curl",
        "--no-buffer",
        "--unix-socket",
        SOCKET,
        "http://localhost/completion",
        "--json",
        &body,
    ];
    [line([program].into_iter().chain(args)), line(ask)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_commands_can_be_pasted() {
        let args = ["-m", "a b.gguf", "-f", "/dev/stdin"].map(str::to_owned);
        assert_eq!(
            completion("/x/llama-completion", &args, "it's\n"),
            r"printf '%s\n' 'it'\''s' | /x/llama-completion -m 'a b.gguf' -f /dev/stdin"
        );
        let args = ["--host", "/run/x.sock"].map(str::to_owned);
        let body = serde_json::json!({ "stream": true });
        let [start, ask] = server("llama-server", &args, "/run/x.sock", &body);
        assert_eq!(start, format!("llama-server --host {SOCKET}"));
        assert!(ask.ends_with(r#"--json '{"stream":true}'"#), "{ask}");
    }

    proptest! {
        /// What a shell makes of a quoted word, by its rule for single quotes.
        #[test]
        fn a_word_stays_what_it_is(word in any::<String>()) {
            let quoted = quoted(&word);
            let read = quoted.replace(r"'\''", "\u{1}").replace('\'', "").replace('\u{1}', "'");
            prop_assume!(!word.contains('\u{1}'));
            prop_assert_eq!(read, word);
        }
    }
}

//! What cmake, ninja, make and the compiler print, as far as it matters: progress, and the first
//! error.

use std::sync::LazyLock;

use regex::Regex;

/// Lines of a compiler error that are kept: the error and what it points at.
const ERROR_LINES: usize = 3;

/// Progress of one line: `[12/237] Building CXX object …` (ninja), `[ 12%] Building …` (make).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress<'a> {
    pub(crate) done: u32,
    pub(crate) total: u32,
    pub(crate) what: &'a str,
}

/// `[12/237] …` and `[ 12%] …`; the last word of the rest names the file.
static PROGRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\[\s*(?<done>\d+)(?:/(?<total>\d+)|%)\](?:.*[/ ])?(?<what>\S*)\s*$")
});

/// Lines that name a cause: of gcc and clang, the linker, cmake, make, and the system when memory
/// or disk run out.
static CAUSE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) (?:^|\s) (?:fatal\ )? error:\  | undefined\ reference\ to | ld\ returned\  | CMake\ Error | :\ \*\*\*\ 
          | Killed\ signal\ terminated\ program | No\ space\ left\ on\ device",
    )
});

/// Compiles a pattern of this file; the tests below use each of them.
fn pattern(text: &str) -> Regex {
    #[expect(clippy::unwrap_used, reason = "a constant that the tests compile")]
    Regex::new(text).unwrap()
}

/// Reads a line as progress; `None` for any other line.
pub(crate) fn progress(line: &str) -> Option<Progress<'_>> {
    let found = PROGRESS.captures(line)?;
    let done = found.name("done")?.as_str().parse().ok()?;
    let total = match found.name("total") {
        Some(total) => total.as_str().parse().ok()?,
        None => 100,
    };
    let what = found.name("what")?.as_str();
    (done <= total).then_some(Progress { done, total, what })
}

/// Finds the first error in the output of a build.
#[derive(Debug, Default)]
pub(crate) struct FirstError {
    lines: Vec<String>,
}

impl FirstError {
    pub(crate) fn see(&mut self, line: &str) {
        let wanted = if self.lines.is_empty() {
            is_error(line)
        } else {
            self.lines.len() < ERROR_LINES
        };
        if wanted {
            self.lines.push(line.trim_end().to_owned());
        }
    }

    /// The error and up to two lines after it.
    pub(crate) fn text(&self) -> Option<String> {
        (!self.lines.is_empty()).then(|| self.lines.join("\n"))
    }
}

fn is_error(line: &str) -> bool {
    // cmake also says "-- Performing Test X - Failed" and compiles probes that are meant to fail.
    !line.starts_with("-- ") && CAUSE.is_match(line)
}

/// What to try, where the error tells.
pub(crate) fn advice(error: &str) -> Option<&'static str> {
    if error.contains("Killed signal terminated program") {
        Some("the system ended the compiler, most likely for want of memory: try --jobs 1")
    } else if error.contains("No space left on device") {
        Some("the disk is full: free some space, or set ORCHESTRATE_CACHE_DIR to another disk")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_ninja_and_of_make() {
        let ninja = "[12/237] Building CXX object src/CMakeFiles/llama.dir/llama.cpp.o";
        let make = "[  5%] Building C object ggml/src/CMakeFiles/ggml-base.dir/ggml.c.o";
        let seen = |line| progress(line).map(|p| (p.done, p.total, p.what));
        assert_eq!(seen(ninja), Some((12, 237, "llama.cpp.o")));
        assert_eq!(seen(make), Some((5, 100, "ggml.c.o")));
        for other in [
            "",
            "[",
            "[x/y] z",
            "[5/4] z",
            "[1/99999999999999] z",
            "-- ok",
        ] {
            assert_eq!(seen(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_error_and_two_lines_are_kept() {
        let mut first = FirstError::default();
        for line in [
            "[1/9] Building CXX object a.cpp.o",
            "/src/a.cpp:3:5: error: 'foo' was not declared in this scope",
            "    3 |     foo();",
            "      |     ^~~",
            "/src/a.cpp:4:5: error: second",
        ] {
            first.see(line);
        }
        let text = first.text().unwrap();
        assert!(text.starts_with("/src/a.cpp:3:5: error:"), "{text}");
        assert_eq!(text.lines().count(), 3);
        assert!(!text.contains("second"));
    }

    #[test]
    fn causes_other_than_the_compiler_are_found() {
        for line in [
            "CMake Error at CMakeLists.txt:3 (project):",
            "/usr/bin/ld: a.o: undefined reference to `x'",
            "g++: fatal error: Killed signal terminated program cc1plus",
            "make[2]: *** No rule to make target 'x'.  Stop.",
        ] {
            assert!(is_error(line), "{line}");
        }
        assert!(!is_error("-- Performing Test HAVE_X - error: no"));
        assert!(advice("Killed signal terminated program cc1plus").is_some());
    }
}

//! Reads the option list that `--help` prints, in the layouts of 2023 to today.
//!
//! ```text
//!   -s SEED, --seed SEED  RNG seed (default: -1, use random seed for < 0)            2023
//!   -s,    --seed SEED              RNG seed (default: -1, use random seed for < 0)   2024
//! -fa,   --flash-attn [on|off|auto]       set Flash Attention use                     2025
//! ```
//!
//! An option starts near the left margin with a dash; what is indented further describes the
//! option above it. Descriptions may themselves begin with a dash, hence the limit on indentation.

use serde::{Deserialize, Serialize};

/// An option that starts further to the right than this belongs to a description: the lists of
/// mid-2024 indent an option without a short form by nine columns, descriptions start at 22 or later.
const MAX_OPTION_INDENT: usize = 12;

/// One option of a program, with all its spellings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HelpOption {
    /// Every spelling, as listed: `-fa`, `--flash-attn`.
    pub names: Vec<String>,
    /// What the help calls its value (`N`, `FNAME`, `[on|off|auto]`); `None` is a switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The values that the help lists, if it lists any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

impl HelpOption {
    /// How many arguments follow the option: 0 for a switch, 2 for the rare `START END` and `FNAME S`.
    #[must_use]
    pub fn values(&self) -> usize {
        let Some(hint) = &self.value else { return 0 };
        if hint.contains(['<', '[', '{']) {
            return 1;
        }
        hint.split(' ').count().clamp(1, 2)
    }
}

/// Reads all options of a help text. A text that is no option list gives none.
pub(super) fn parse_options(help: &str) -> Vec<HelpOption> {
    let mut options: Vec<HelpOption> = Vec::new();
    let mut list_goes_on = false;
    for line in help.lines() {
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        if indent <= MAX_OPTION_INDENT && starts_option(body) {
            let (option, description) = split_option(body);
            options.push(option);
            list_goes_on = false;
            describe(options.last_mut(), description, &mut list_goes_on);
        } else if body.starts_with("usage:") || body.starts_with("[--") {
            options.extend(bracketed(body));
        } else if indent > MAX_OPTION_INDENT {
            describe(options.last_mut(), body, &mut list_goes_on);
        } else {
            list_goes_on = false;
        }
    }
    options
}

/// Whether a text starts like an option: `-x` or `--xyz`, not `- a list item` and not `-----`.
fn starts_option(text: &str) -> bool {
    let name = text.trim_start_matches('-');
    let dashes = text.len() - name.len();
    (1..=2).contains(&dashes) && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Splits `-t N, --threads N     number of threads` into the option and the start of its description.
fn split_option(line: &str) -> (HelpOption, &str) {
    let mut option = HelpOption::default();
    let mut rest = line;
    while starts_option(rest) {
        let end = rest.find([' ', ',']).unwrap_or(rest.len());
        push_name(&mut option.names, &rest[..end]);
        rest = &rest[end..];
        if let Some(after) = rest.strip_prefix(',') {
            // The short form is padded to a column, so any number of spaces may follow.
            rest = after.trim_start_matches(' ');
            continue;
        }
        let after = rest.trim_start_matches(' ');
        let spaces = rest.len() - after.len();
        if spaces > 1 || after.is_empty() {
            rest = after;
            break;
        }
        if starts_option(after) {
            rest = after;
            continue;
        }
        let (hint, behind) = after.split_at(hint_end(after));
        let value = value_name(hint.trim());
        let description_came = value.len() < hint.trim().len();
        option.value = Some(value.to_owned());
        rest = behind.trim_start_matches([',', ' ']);
        if description_came {
            break;
        }
    }
    if let Some(hint) = &option.value {
        option.allowed = choices(hint);
    }
    (option, rest)
}

/// Where the name of a value ends: before a further spelling, or before the gap to the description.
fn hint_end(text: &str) -> usize {
    let gap = text.find("  ").unwrap_or(text.len());
    [", -", " --"]
        .iter()
        .filter_map(|separator| text[..gap].find(separator))
        .min()
        .unwrap_or(gap)
}

/// The name of a value without a description that follows after a single space, as a few long
/// options have it: `FNAME S apply LoRA adapter`, `<auto|none> (default: auto)`.
fn value_name(hint: &str) -> &str {
    if hint.contains(['<', '[', '{']) {
        return hint.split(" (").next().unwrap_or(hint);
    }
    let mut end = 0;
    for word in hint.split_inclusive(' ') {
        if end > 0 && word.contains(|c: char| c.is_lowercase()) {
            break;
        }
        end += word.len();
        if word.contains(|c: char| c.is_lowercase()) {
            break;
        }
    }
    hint[..end].trim_end()
}

fn push_name(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// The choices in a value's name: `[on|off|auto]`, `{none,linear,yarn}`, `<0|1>`.
fn choices(hint: &str) -> Vec<String> {
    let inner = hint
        .strip_prefix(['[', '{', '<'])
        .and_then(|hint| hint.strip_suffix([']', '}', '>']));
    let Some(inner) = inner else {
        return Vec::new();
    };
    let separator = if inner.contains('|') { '|' } else { ',' };
    let words: Vec<_> = inner.split(separator).map(str::trim).collect();
    let all_plain = words.iter().all(|word| is_plain_word(word));
    // `<dev1,dev2,..>` and `<0...100>` are examples, not a choice.
    let is_choice = words.len() > 1 && (separator == '|' || hint.starts_with('{'));
    if is_choice && all_plain {
        words.into_iter().map(str::to_owned).collect()
    } else {
        Vec::new()
    }
}

fn is_plain_word(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'))
}

/// Takes the values that a line of a description lists: `allowed values: f32, f16,` (which may go
/// on in the next line) and `- mmap: memory-map the model`.
fn describe(option: Option<&mut HelpOption>, line: &str, list_goes_on: &mut bool) {
    let Some(option) = option else { return };
    if option.value.is_none() {
        return;
    }
    let listed = line.strip_prefix("allowed values: ");
    if let Some(list) = listed.or(list_goes_on.then_some(line)) {
        let list = list.split('(').next().unwrap_or_default().trim();
        *list_goes_on = list.ends_with(',');
        let words = list.split(',').map(str::trim);
        let words = words.filter(|word| is_plain_word(word));
        option.allowed.extend(words.map(str::to_owned));
        return;
    }
    let item = line.strip_prefix("- ").and_then(|item| {
        let (word, _) = item.split_once(':')?;
        // `- layer (default): …`
        Some(word.split(" (").next().unwrap_or(word))
    });
    if let Some(word) = item
        && is_plain_word(word)
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && !option.allowed.iter().any(|known| known == word)
    {
        option.allowed.push(word.to_owned());
    }
}

/// The options of a usage line such as `usage: ./quantize [--help] [--allow-requantize] …`.
fn bracketed(line: &str) -> impl Iterator<Item = HelpOption> + '_ {
    line.split('[').filter_map(|part| {
        let name = part.split([']', ' ']).next()?;
        starts_option(name).then(|| HelpOption {
            names: vec![name.to_owned()],
            ..HelpOption::default()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{HelpOption, parse_options};

    fn option(names: &[&str], value: Option<&str>, allowed: &[&str]) -> HelpOption {
        HelpOption {
            names: names.iter().map(ToString::to_string).collect(),
            value: value.map(str::to_owned),
            allowed: allowed.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn layout_of_2023() {
        let help = "\
usage: ./main [options]

options:
  -h, --help            show this help message and exit
  -s SEED, --seed SEED  RNG seed (default: -1, use random seed for < 0)
  -p PROMPT, --prompt PROMPT
                        prompt to start generation with (default: empty)
  -ts SPLIT --tensor-split SPLIT
                        how to split tensors
  --lora-scaled FNAME S apply LoRA adapter (implies --no-mmap)
  -mg i, --main-gpu i   the GPU to use
  -lm, --load-mode <auto|none|mmap+mlock> (default: auto)
";
        assert_eq!(
            parse_options(help),
            [
                option(&["-h", "--help"], None, &[]),
                option(&["-s", "--seed"], Some("SEED"), &[]),
                option(&["-p", "--prompt"], Some("PROMPT"), &[]),
                option(&["-ts", "--tensor-split"], Some("SPLIT"), &[]),
                option(&["--lora-scaled"], Some("FNAME S"), &[]),
                option(&["-mg", "--main-gpu"], Some("i"), &[]),
                option(
                    &["-lm", "--load-mode"],
                    Some("<auto|none|mmap+mlock>"),
                    &["auto", "none", "mmap+mlock"]
                ),
            ]
        );
    }

    #[test]
    fn layout_of_2024() {
        let help = "
general:

  -h,    --help, --usage          print usage and exit
         --version                show version and build info
  -t,    --threads N              number of threads to use during generation (default: 8)
";
        assert_eq!(
            parse_options(help),
            [
                option(&["-h", "--help", "--usage"], None, &[]),
                option(&["--version"], None, &[]),
                option(&["-t", "--threads"], Some("N"), &[]),
            ]
        );
    }

    #[test]
    fn layout_of_today() {
        let help = "\
-fa,   --flash-attn [on|off|auto]       set Flash Attention use
-ctk,  --cache-type-k TYPE              KV cache data type for K
                                        allowed values: f32, f16,
                                        q8_0
                                        (default: f16)
-lm,   --load-mode MODE                 model loading mode (default: auto)
                                        - auto: mmap, unless a device does not support it
                                        - mmap+mlock: mmap + force system to keep model in RAM
--ignore-eos                            ignore end of stream token (implies
                                        --logit-bias EOS-inf)
-cnv,  --conversation, -no-cnv, --no-conversation
                                        whether to run in conversation mode:
--control-vector-layer-range START END
                                        layer range
";
        let options = parse_options(help);
        assert_eq!(
            options,
            [
                option(
                    &["-fa", "--flash-attn"],
                    Some("[on|off|auto]"),
                    &["on", "off", "auto"]
                ),
                option(
                    &["-ctk", "--cache-type-k"],
                    Some("TYPE"),
                    &["f32", "f16", "q8_0"]
                ),
                option(
                    &["-lm", "--load-mode"],
                    Some("MODE"),
                    &["auto", "mmap+mlock"]
                ),
                option(&["--ignore-eos"], None, &[]),
                option(
                    &["-cnv", "--conversation", "-no-cnv", "--no-conversation"],
                    None,
                    &[]
                ),
                option(&["--control-vector-layer-range"], Some("START END"), &[]),
            ]
        );
        assert_eq!(
            options.iter().map(HelpOption::values).collect::<Vec<_>>(),
            [1, 1, 1, 0, 0, 2]
        );
    }

    #[test]
    fn other_programs() {
        let help = "\
usage: ./llama-quantize [--help] [--allow-requantize] [--pure]
       [--exclude-weights] model-f32.gguf [model-quant.gguf] type [nthreads]
  -ot --override-tensor <tensor name pattern>=<buffer type>;...
  -pg <pp,tg>                                       (default: )
";
        let names: Vec<_> = parse_options(help)
            .into_iter()
            .flat_map(|option| option.names)
            .collect();
        assert_eq!(
            names,
            [
                "--help",
                "--allow-requantize",
                "--pure",
                "--exclude-weights",
                "-ot",
                "--override-tensor",
                "-pg"
            ]
        );
    }

    #[test]
    fn foreign_text_has_no_options() {
        assert_eq!(parse_options("bash: main: command not found\n-----\n"), []);
        assert_eq!(parse_options(""), []);
    }
}

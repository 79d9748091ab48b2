//! From a resolved profile to the arguments of one build.
//!
//! Builds differ in what they know. A flag that a build lacks is left out, with a note, where its
//! value is what the build does anyway; it is replaced where an older one says the same; otherwise
//! it is an error that names the flag, the profile key and the build. `extra_args` are checked
//! against the build too (module `extra`).

use std::ffi::OsString;
use std::path::Path;

use super::{Capabilities, extra};
use crate::profile::{Constraint, FlashAttention, KvType, LoadMode, Profile, Prompt, Sampling};

/// What a generation needs besides the profile: everything that was still open in it.
#[derive(Debug, Clone, Copy)]
pub struct GenerationArgs<'a> {
    /// The resolved profile.
    pub profile: &'a Profile,
    /// The model's file.
    pub model: &'a Path,
    /// Context size in tokens, already lowered to what the model was trained for; of each slot.
    pub context: u32,
    /// How many requests are answered at once, 1 or more; only a server can answer more than one.
    pub slots: u32,
    /// Threads for generation.
    pub threads: u32,
    /// Threads for prompt evaluation.
    pub batch_threads: u32,
}

/// The arguments of a program, without its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Argv {
    /// The arguments.
    pub args: Vec<OsString>,
    /// What was left out or replaced, for people.
    pub notes: Vec<String>,
    /// Whether this build prints the prompt before the text and cannot be told not to.
    pub echoes_prompt: bool,
}

/// Why a profile cannot be turned into arguments for a build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// The build lacks a flag that the profile needs.
    #[error("profile key \"{key}\" needs {flag}, which {build} does not know")]
    Unsupported {
        /// The flag, such as `--load-mode`.
        flag: String,
        /// The profile key that asks for it.
        key: &'static str,
        /// The build, such as `llama-completion b7836`.
        build: String,
    },
    /// The build knows the flag, but not the value.
    #[error("profile key \"{key}\" needs {flag} {value}, but {build} takes only {allowed} there")]
    UnsupportedValue {
        /// The flag.
        flag: String,
        /// The value.
        value: String,
        /// The profile key that asks for it.
        key: &'static str,
        /// The build.
        build: String,
        /// The values that it takes, separated by commas.
        allowed: String,
    },
    /// A value is too long for an argument.
    #[error("profile key \"{key}\" has {length} bytes, but an argument can have {max} at most")]
    TooLong {
        /// The profile key.
        key: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The most that fits.
        max: usize,
    },
    /// The build is no program that turns a prompt into text.
    #[error(
        "{build} is no program that turns a prompt into text (it lacks --file or --interactive-first)"
    )]
    CannotGenerate {
        /// The build.
        build: String,
    },
    /// `extra_args` cannot be passed.
    #[error("profile key \"extra_args\": {0}")]
    Extra(#[from] extra::ExtraError),
}

/// The longest single argument that Linux passes on: 32 pages of 4 KiB, with the closing zero.
const MAX_ARG_BYTES: usize = 128 * 1024 - 1;
/// What llama.cpp's samplers do when a penalty is not there at all.
const NO_PENALTY: f64 = 1.0;

/// The arguments of `llama-completion` for one generation with the prompt on stdin.
///
/// The caller writes [`Prompt::text`] and one more newline: the program strips exactly one. A system
/// turn goes into the arguments, which other users of the machine can read.
///
/// # Errors
/// [`ArgsError`] if the profile asks for something that the build cannot do.
pub fn completion_args(
    request: &GenerationArgs<'_>,
    prompt: &Prompt,
    capabilities: &Capabilities,
) -> Result<Argv, ArgsError> {
    if !capabilities.can_generate() {
        return Err(ArgsError::CannotGenerate {
            build: capabilities.build_name(),
        });
    }
    let mut builder = Builder::new(capabilities);
    builder.model(request)?;
    builder.input_and_output()?;
    builder.form(prompt)?;
    builder.value(
        &["-n", "--predict", "--n-predict"],
        "max_tokens",
        request.profile.max_tokens,
    )?;
    builder.sizes_and_threads(request)?;
    builder.memory(request.profile)?;
    builder.sampling(request.profile)?;
    builder.finish(request.profile)
}

/// Collects the arguments of one program.
pub(super) struct Builder<'a> {
    capabilities: &'a Capabilities,
    argv: Argv,
}

impl<'a> Builder<'a> {
    pub(super) fn new(capabilities: &'a Capabilities) -> Self {
        Self {
            capabilities,
            argv: Argv::default(),
        }
    }

    /// Adds the profile's own arguments, checked.
    pub(super) fn finish(mut self, profile: &Profile) -> Result<Argv, ArgsError> {
        let extra = extra::checked(&profile.extra_args, self.capabilities)?;
        self.argv.args.extend(extra);
        self.argv.notes.extend(self.capabilities.note_on_age());
        Ok(self.argv)
    }

    pub(super) fn model(&mut self, request: &GenerationArgs<'_>) -> Result<(), ArgsError> {
        let flag = self.needed(&["-m", "--model"], "model")?;
        self.push(flag);
        self.argv.args.push(request.model.into());
        Ok(())
    }

    /// A prompt as it is, or turns of a chat; one answer either way.
    fn form(&mut self, prompt: &Prompt) -> Result<(), ArgsError> {
        const KEY: &str = "prompt.mode";
        let Prompt::Chat { system, .. } = prompt else {
            // A build that lacks it never starts a conversation unasked.
            self.push_if_known(&["-no-cnv", "--no-conversation"]);
            return Ok(());
        };
        for flags in [
            &["-cnv", "--conversation"][..],
            &["-st", "--single-turn"][..],
        ] {
            let flag = self.needed(flags, KEY)?;
            self.push(flag);
        }
        // Without it older builds know a fixed list of templates only.
        self.push_if_known(&["--jinja"]);
        match system {
            Some(system) => self.long(&["-sys", "--system-prompt"], "prompt.system", system),
            None => Ok(()),
        }
    }

    /// Prompt from stdin, text to stdout, nothing else there, and timings.
    fn input_and_output(&mut self) -> Result<(), ArgsError> {
        let flag = self.needed(&["-f", "--file"], "prompt.template")?;
        self.push(flag);
        self.push("/dev/stdin");
        // A build that lacks `--no-escape` leaves escapes alone.
        for flag in ["--no-escape", "--simple-io", "--perf"] {
            self.push_if_known(&[flag]);
        }
        if !self.push_if_known(&["--no-display-prompt"]) {
            self.argv.echoes_prompt = true;
            self.note("prints the prompt before the text: it does not know --no-display-prompt");
        }
        Ok(())
    }

    pub(super) fn sizes_and_threads(
        &mut self,
        request: &GenerationArgs<'_>,
    ) -> Result<(), ArgsError> {
        let profile = request.profile;
        self.value(&["-c", "--ctx-size"], "context", request.context)?;
        if self.known(&["-ub", "--ubatch-size"]).is_some() {
            self.value(&["-b", "--batch-size"], "batch", profile.batch)?;
            self.value(
                &["-ub", "--ubatch-size"],
                "micro_batch",
                profile.micro_batch,
            )?;
        } else {
            // Before March 2024 there was one batch size, and it was the physical one.
            self.value(&["-b", "--batch-size"], "micro_batch", profile.micro_batch)?;
            self.note("has one batch size only: -b is given the value of \"micro_batch\"");
        }
        self.value(&["-t", "--threads"], "threads", request.threads)?;
        let same = request.batch_threads == request.threads;
        self.value_unless(
            same,
            &["-tb", "--threads-batch"],
            "batch_threads",
            request.batch_threads,
        )?;
        if self.push_if_known(&["-fit", "--fit"]) {
            // Else the program changes sizes that nobody passed, to fit a device's memory.
            self.push("off");
        }
        if !self.push_if_known(&["--no-context-shift"]) {
            self.note(
                "forgets old tokens when the context is full: it does not know --no-context-shift",
            );
        }
        Ok(())
    }

    pub(super) fn memory(&mut self, profile: &Profile) -> Result<(), ArgsError> {
        // Older builds without a GPU backend do not list this flag at all.
        let layers = &["-ngl", "--gpu-layers", "--n-gpu-layers"];
        self.value_unless(
            profile.gpu_layers == 0,
            layers,
            "gpu_layers",
            profile.gpu_layers,
        )?;
        for (flags, key, kind) in [
            (["-ctk", "--cache-type-k"], "kv_type_k", profile.kv_type_k),
            (["-ctv", "--cache-type-v"], "kv_type_v", profile.kv_type_v),
        ] {
            self.value_unless(kind == KvType::F16, &flags, key, kv_type_name(kind))?;
        }
        self.flash_attention(profile.flash_attention)?;
        self.load_mode(profile.load_mode)
    }

    /// `-fa on|off|auto`; a bare switch before August 2025.
    fn flash_attention(&mut self, wanted: FlashAttention) -> Result<(), ArgsError> {
        let flags = ["-fa", "--flash-attn"];
        let takes_value = self
            .capabilities
            .option(flags[0])
            .is_some_and(|option| option.values() > 0);
        let name = match wanted {
            FlashAttention::Auto => "auto",
            FlashAttention::On => "on",
            FlashAttention::Off => "off",
        };
        if takes_value {
            return self.value(&flags, "flash_attention", name);
        }
        match wanted {
            FlashAttention::On => {
                let flag = self.needed(&flags, "flash_attention")?;
                self.push(flag);
            }
            FlashAttention::Auto => {
                self.note("cannot choose flash attention itself: it stays off");
            }
            FlashAttention::Off => {}
        }
        Ok(())
    }

    /// `--load-mode`; before 2026 `--no-mmap` and `--mlock`.
    fn load_mode(&mut self, wanted: LoadMode) -> Result<(), ArgsError> {
        const KEY: &str = "load_mode";
        let mode = match wanted {
            LoadMode::Auto => return Ok(()),
            LoadMode::Mmap => "mmap",
            LoadMode::Read => "none",
            LoadMode::Mlock => "mlock",
        };
        if self.known(&["-lm", "--load-mode"]).is_some() {
            return self.value(&["--load-mode", "-lm"], KEY, mode);
        }
        let switches: &[&str] = match wanted {
            // What older builds do unless told otherwise.
            LoadMode::Auto | LoadMode::Mmap => &[],
            LoadMode::Read => &["--no-mmap"],
            LoadMode::Mlock => &["--no-mmap", "--mlock"],
        };
        for switch in switches {
            if !self.push_if_known(&[switch]) {
                return Err(self.unsupported("--load-mode", KEY));
            }
        }
        Ok(())
    }

    fn sampling(&mut self, profile: &Profile) -> Result<(), ArgsError> {
        let Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            repeat_penalty,
            repeat_last_n,
            presence_penalty,
            frequency_penalty,
        } = &profile.sampling;
        // The value that means "off": a build that does not know the sampler does just that.
        self.real("--temp", "sampling.temperature", *temperature, None)?;
        self.real("--top-k", "sampling.top_k", top_k.map(f64::from), Some(0.0))?;
        self.real("--top-p", "sampling.top_p", *top_p, Some(1.0))?;
        self.real("--min-p", "sampling.min_p", *min_p, Some(0.0))?;
        self.real(
            "--repeat-penalty",
            "sampling.repeat_penalty",
            *repeat_penalty,
            Some(NO_PENALTY),
        )?;
        self.real(
            "--repeat-last-n",
            "sampling.repeat_last_n",
            repeat_last_n.map(f64::from),
            Some(0.0),
        )?;
        self.real(
            "--presence-penalty",
            "sampling.presence_penalty",
            *presence_penalty,
            Some(0.0),
        )?;
        self.real(
            "--frequency-penalty",
            "sampling.frequency_penalty",
            *frequency_penalty,
            Some(0.0),
        )?;
        if let Some(seed) = profile.seed {
            self.value(&["-s", "--seed"], "seed", seed)?;
        }
        if profile.ignore_eos {
            let flag = self.needed(&["--ignore-eos"], "ignore_eos")?;
            self.push(flag);
        }
        match &profile.constraint {
            None => Ok(()),
            Some(Constraint::Grammar(grammar)) => self.long(&["--grammar"], "grammar", grammar),
            Some(Constraint::JsonSchema(schema)) => {
                self.long(&["--json-schema", "-j"], "json_schema", schema)
            }
        }
    }

    /// The first of these spellings that the build knows.
    fn known(&self, flags: &[&'static str]) -> Option<&'static str> {
        flags
            .iter()
            .copied()
            .find(|flag| self.capabilities.supports(flag))
    }

    pub(super) fn needed(
        &self,
        flags: &[&'static str],
        key: &'static str,
    ) -> Result<&'static str, ArgsError> {
        let longest = flags.iter().copied().max_by_key(|flag| flag.len());
        self.known(flags)
            .ok_or_else(|| self.unsupported(longest.unwrap_or_default(), key))
    }

    fn unsupported(&self, flag: &str, key: &'static str) -> ArgsError {
        ArgsError::Unsupported {
            flag: flag.to_owned(),
            key,
            build: self.capabilities.build_name(),
        }
    }

    /// Passes a flag with its value, which the build must know.
    pub(super) fn value(
        &mut self,
        flags: &[&'static str],
        key: &'static str,
        value: impl ToString,
    ) -> Result<(), ArgsError> {
        let flag = self.needed(flags, key)?;
        let value = value.to_string();
        if !self.capabilities.allows(flag, &value) {
            let allowed = self.capabilities.option(flag).map(|o| o.allowed.join(", "));
            return Err(ArgsError::UnsupportedValue {
                flag: flag.to_owned(),
                value,
                key,
                build: self.capabilities.build_name(),
                allowed: allowed.unwrap_or_default(),
            });
        }
        self.push(flag);
        self.push(value);
        Ok(())
    }

    /// Like [`value`](Self::value), but leaves the flag out where the build lacks it and does the
    /// same without.
    fn value_unless(
        &mut self,
        same_without: bool,
        flags: &[&'static str],
        key: &'static str,
        value: impl ToString,
    ) -> Result<(), ArgsError> {
        if same_without && self.known(flags).is_none() {
            let value = value.to_string();
            self.note(&format!(
                "does not know {}, which would be {value}: left out",
                flags[0]
            ));
            return Ok(());
        }
        self.value(flags, key, value)
    }

    /// Passes a setting of a sampler if the profile has one.
    fn real(
        &mut self,
        flag: &'static str,
        key: &'static str,
        value: Option<f64>,
        off: Option<f64>,
    ) -> Result<(), ArgsError> {
        match value {
            Some(value) => self.value_unless(off == Some(value), &[flag], key, value),
            None => Ok(()),
        }
    }

    /// Passes a value that may be too long for an argument.
    fn long(
        &mut self,
        flags: &[&'static str],
        key: &'static str,
        value: &str,
    ) -> Result<(), ArgsError> {
        if value.len() > MAX_ARG_BYTES {
            return Err(ArgsError::TooLong {
                key,
                length: value.len(),
                max: MAX_ARG_BYTES,
            });
        }
        self.value(flags, key, value)
    }

    pub(super) fn push_if_known(&mut self, flags: &[&'static str]) -> bool {
        let flag = self.known(flags);
        if let Some(flag) = flag {
            self.push(flag);
        }
        flag.is_some()
    }

    pub(super) fn push(&mut self, arg: impl Into<OsString>) {
        self.argv.args.push(arg.into());
    }

    fn note(&mut self, what: &str) {
        let build = self.capabilities.build_name();
        self.argv.notes.push(format!("{build} {what}"));
    }
}

/// llama.cpp's name of a type.
pub(super) const fn kv_type_name(kind: KvType) -> &'static str {
    match kind {
        KvType::F32 => "f32",
        KvType::F16 => "f16",
        KvType::Bf16 => "bf16",
        KvType::Q8_0 => "q8_0",
        KvType::Q5_1 => "q5_1",
        KvType::Q5_0 => "q5_0",
        KvType::Q4_1 => "q4_1",
        KvType::Q4_0 => "q4_0",
        KvType::Iq4Nl => "iq4_nl",
    }
}

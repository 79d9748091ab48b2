//! Whether two files hold the same model, told without reading the weights.

use std::fmt::Write;

use super::GgufHeader;
use crate::digest;

impl GgufHeader {
    /// A name of 16 hexadecimal digits for the model in a file of so many bytes, by its header alone:
    /// reading gigabytes of weights would take longer than many a run. Two files that agree in all of
    /// this (two fine-tunes under one name) share it, and are equally fast, which is what it is for.
    ///
    /// It changes with whatever is added to the text below, and what was measured before is then not
    /// found any more.
    #[must_use]
    pub fn fingerprint(&self, file_bytes: u64) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &dyn std::fmt::Debug| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={value:?}");
        };
        line("file_bytes", &file_bytes);
        line("version", &self.version);
        line("architecture", &self.architecture);
        line("name", &self.name);
        line("quantization", &self.quantization);
        line("tokenizer", &self.tokenizer);
        line("vocabulary", &self.vocabulary);
        line("tensors", &self.tensors);
        line("parameters", &self.parameters);
        line("weight_bytes", &self.weight_bytes);
        line("data_offset", &self.data_offset);
        for (key, number) in &self.numbers {
            line(key, number);
        }
        digest::short(&text)
    }
}

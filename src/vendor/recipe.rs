//! What a build depends on, and the key that stands for it.
//!
//! Two builds with the same key give the same programs: the key covers the sources, the options,
//! the compiler, the flags in the environment and the CPU, as `GGML_NATIVE` compiles for exactly
//! this one. The build tree has a key of its own, without the state of the sources: editing one
//! file of one's own clone recompiles that file and not everything.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::files;
use super::source::SourcePlan;
use super::tools::{Compiler, Generator};

/// Options of every build. The web page of llama-server is left out because its options fetch or
/// build one; OpenSSL, because our children listen on UNIX sockets only.
const OPTIONS: [&str; 10] = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_CURL=OFF",
    "-DGGML_RPC=ON",
    "-DGGML_NATIVE=ON",
];

/// Variables that cmake takes flags from.
const FLAG_VARIABLES: [&str; 4] = ["CC", "CFLAGS", "CXXFLAGS", "LDFLAGS"];

/// Digits of a hash in a key: 64 bits, for a handful of builds.
const KEY_DIGITS: usize = 16;

/// Enough of `/proc/cpuinfo` to hold the first processor: 3 KiB on today's x86-64.
const CPUINFO_BYTES: u64 = 16 * 1024;

/// Everything that a build depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    source: String,
    pub(crate) options: Vec<String>,
    pub(crate) compiler: String,
    pub(crate) cpu: String,
    name: String,
}

impl Recipe {
    pub(crate) fn new(plan: &SourcePlan, compiler: &Compiler, cmake_args: &[String]) -> Self {
        let mut options: Vec<String> = OPTIONS.map(str::to_owned).to_vec();
        if !plan.own {
            // Without a whole history upstream's build takes 0 or 1 for its number.
            options.push(format!("-DLLAMA_BUILD_NUMBER={}", plan.lock.build));
        }
        options.extend(cmake_args.iter().cloned());
        Self {
            source: plan.identity(),
            options,
            compiler: format!("{} {}", compiler.path.display(), compiler.version),
            cpu: cpu_key(),
            name: if plan.own {
                "own".to_owned()
            } else {
                plan.lock.tag.clone()
            },
        }
    }

    /// The key of the installed programs, such as `b11434-0123456789abcdef`.
    pub(crate) fn key(&self) -> String {
        self.key_with(&self.source)
    }

    /// The key of the build tree, which cmake ties to the sources' place and the generator.
    pub(crate) fn tree_key(&self, source: &Path, generator: &Generator) -> String {
        self.key_with(&format!("{} {}", source.display(), generator.name()))
    }

    fn key_with(&self, source: &str) -> String {
        let flags = FLAG_VARIABLES.map(|name| {
            let value = std::env::var_os(name).unwrap_or_default();
            format!("{name}={}", value.display())
        });
        let parts = [
            source.to_owned(),
            self.options.join(" "),
            self.compiler.clone(),
            self.cpu.clone(),
            flags.join(" "),
        ];
        let hash = files::hash_text(&parts.join("\n"));
        format!("{}-{}", self.name, &hash[..KEY_DIGITS])
    }
}

/// Stands for the instruction sets of this CPU; constant where `/proc/cpuinfo` does not exist.
pub(crate) fn cpu_key() -> String {
    let mut text = String::new();
    // Reading on would format an entry for every processor, a millisecond on a large machine.
    let _ = File::open("/proc/cpuinfo")
        .and_then(|file| file.take(CPUINFO_BYTES).read_to_string(&mut text));
    let hash = files::hash_text(&instruction_sets(&text));
    format!("{}-{}", std::env::consts::ARCH, &hash[..KEY_DIGITS])
}

/// The instruction sets that `/proc/cpuinfo` names for its first processor. On x86 the flags hold
/// much else, which a kernel update changes without any effect on code.
fn instruction_sets(cpuinfo: &str) -> String {
    const X86: [&str; 20] = [
        "3dnow", "abm", "adx", "aes", "amx", "avx", "bmi", "f16c", "fma", "gfni", "movbe",
        "pclmul", "pni", "popcnt", "sha", "sse", "ssse3", "vaes", "vpclmul", "xop",
    ];
    for line in cpuinfo.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let mut sets: Vec<&str> = match name.trim() {
            "flags" => value
                .split_whitespace()
                .filter(|flag| X86.iter().any(|prefix| flag.starts_with(prefix)))
                .collect(),
            "Features" => value.split_whitespace().collect(),
            _ => continue,
        };
        sets.sort_unstable();
        return sets.join(" ");
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instruction_sets_count() {
        let before = "processor\t: 0\nflags\t\t: fpu avx2 avx512f sse4_2 ibrs\n";
        let after = "processor\t: 0\nflags\t\t: fpu sse4_2 avx2 avx512f ibrs new_mitigation\n";
        assert_eq!(instruction_sets(before), "avx2 avx512f sse4_2");
        assert_eq!(instruction_sets(before), instruction_sets(after));
        assert_eq!(
            instruction_sets("Features\t: fp asimd i8mm\nFeatures\t: other\n"),
            "asimd fp i8mm"
        );
        assert_eq!(instruction_sets(""), "");
    }
}

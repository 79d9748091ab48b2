//! What a build says of itself besides its version: the instruction sets it was compiled for, and the
//! devices it can compute on.

/// The flag of most programs that lists devices and leaves (2025 on).
pub const LIST_DEVICES: &str = "--list-devices";

/// What stands before the backends of a line, and before the threads.
const SYSTEM_INFO: &str = "system_info:";

/// One word of `system_info`, such as `AVX2 = 1` of the backend `CPU`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// The backend, such as `CPU` or `CUDA`; empty in the lines of 2024 and before.
    pub backend: String,
    /// Its name, such as `AVX2`.
    pub name: String,
    /// Whether it is on. A value that is no number, such as a list of architectures, is.
    pub is_on: bool,
}

/// Reads the features in a line of the log such as `system_info: n_threads = 2 / 2 | CPU : SSE3 = 1 |
/// AVX = 1 | `, with whatever stands before it; `None` for any other line.
#[must_use]
pub fn features(line: &str) -> Option<Vec<Feature>> {
    let (_, info) = line.split_once(SYSTEM_INFO)?;
    let mut backend = String::new();
    let mut found = Vec::new();
    // The first part is about threads.
    for part in info.split('|').skip(1) {
        let Some((mut name, value)) = part.split_once('=') else {
            continue;
        };
        if let Some((owner, rest)) = name.split_once(':') {
            owner.trim().clone_into(&mut backend);
            name = rest;
        }
        found.push(Feature {
            backend: backend.clone(),
            name: name.trim().to_owned(),
            is_on: value.trim() != "0",
        });
    }
    Some(found)
}

/// Reads what [`LIST_DEVICES`] prints: a line `  CUDA0: NVIDIA RTX 3090 (24268 MiB, 23892 MiB free)` for
/// each device, without its memory. The CPU is none of them.
#[must_use]
pub fn devices(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .skip_while(|line| line.trim() != "Available devices:");
    let indented = lines.skip(1).take_while(|line| line.starts_with(' '));
    let named = indented.map(str::trim).filter(|line| line.contains(": "));
    let without_memory = |line: &str| match line.rsplit_once(" (") {
        Some((name, memory)) if memory.contains("MiB") => name.to_owned(),
        _ => line.to_owned(),
    };
    named.map(without_memory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_with_their_backends() {
        let line = "0.00.088.978 I system_info: n_threads = 2 (n_threads_batch = 2) / 2 | CUDA : ARCHS = 860,890 | CPU : SSE3 = 1 | AVX512 = 0 | REPACK = 1 | ";
        let found = features(line).expect("one");
        let short: Vec<_> = found
            .iter()
            .map(|feature| {
                (
                    feature.backend.as_str(),
                    feature.name.as_str(),
                    feature.is_on,
                )
            })
            .collect();
        let expected = [
            ("CUDA", "ARCHS", true),
            ("CPU", "SSE3", true),
            ("CPU", "AVX512", false),
            ("CPU", "REPACK", true),
        ];
        assert_eq!(short, expected);
    }

    #[test]
    fn a_line_of_2023_has_no_backends() {
        let line = "system_info: n_threads = 4 / 8 | AVX = 1 | AVX2 = 1 | NEON = 0 | ";
        let found = features(line).expect("one");
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|feature| feature.backend.is_empty()));
    }

    #[test]
    fn strange_lines_say_nothing() {
        assert_eq!(features("load time = 1 ms"), None);
        assert_eq!(features("system_info:"), Some(Vec::new()));
        assert!(features("system_info: | | = | : = ").is_some());
    }

    #[test]
    fn devices_are_listed_without_their_memory() {
        let text = "ggml_cuda_init: found 1 CUDA devices:\n  Device 0: NVIDIA\nAvailable devices:\n  CUDA0: NVIDIA RTX 3090 (24268 MiB, 23892 MiB free)\n  RPC0: 10.0.0.1:50052\n";
        assert_eq!(
            devices(text),
            ["CUDA0: NVIDIA RTX 3090", "RPC0: 10.0.0.1:50052"]
        );
        for none in [
            "",
            "Available devices:\n  (none)\n",
            "Available devices:\n",
            "error: no such flag",
        ] {
            assert!(devices(none).is_empty(), "{none}");
        }
    }
}

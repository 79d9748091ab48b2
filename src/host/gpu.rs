//! Which GPUs the system shows. Nothing is asked of a driver: a look at files cannot hang.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Makers of GPUs that llama.cpp can use, by their PCI numbers (pci.ids). Virtual displays have others.
const MAKERS: [(&str, Maker); 3] = [
    ("0x10de", Maker::Nvidia),
    ("0x1002", Maker::Amd),
    ("0x8086", Maker::Intel),
];

/// The PCI class of displays, whose second byte is their kind.
const DISPLAY: &str = "0x03";

/// Who made a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maker {
    /// NVIDIA.
    Nvidia,
    /// AMD.
    Amd,
    /// Intel, mostly within the processor.
    Intel,
}

impl std::fmt::Display for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nvidia => "NVIDIA",
            Self::Amd => "AMD",
            Self::Intel => "Intel",
        })
    }
}

/// The makers of the GPUs that are seen; `None` where the system does not tell.
#[must_use]
pub fn seen() -> Option<BTreeSet<Maker>> {
    // In a container the device may be passed through and the bus not.
    let devices = [
        ("/dev/nvidia0", Maker::Nvidia),
        ("/proc/driver/nvidia/version", Maker::Nvidia),
        ("/dev/kfd", Maker::Amd),
    ];
    let devices = devices
        .into_iter()
        .filter(|(path, _)| Path::new(path).exists());
    let mut found: BTreeSet<Maker> = devices.map(|(_, maker)| maker).collect();
    let bus = fs::read_dir("/sys/bus/pci/devices");
    if bus.is_err() && found.is_empty() {
        return None;
    }
    for device in bus.into_iter().flatten().flatten() {
        let read = |name| fs::read_to_string(device.path().join(name)).unwrap_or_default();
        found.extend(display(&read("class"), &read("vendor")));
    }
    Some(found)
}

/// The maker of a device on the bus, if it is a display.
fn display(class: &str, vendor: &str) -> Option<Maker> {
    let known = MAKERS.iter().find(|(number, _)| *number == vendor.trim());
    known
        .filter(|_| class.starts_with(DISPLAY))
        .map(|&(_, maker)| maker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_displays_of_known_makers_count() {
        assert_eq!(display("0x030000\n", "0x10de\n"), Some(Maker::Nvidia));
        assert_eq!(display("0x020000\n", "0x8086\n"), None, "a network card");
        assert_eq!(display("0x030000\n", "0x1af4\n"), None, "a virtual display");
    }
}

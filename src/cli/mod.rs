//! The command line: clap types, turned into the requests of the faces.

pub mod overrides;
pub mod profiles;
pub mod vendor;

use std::process::ExitCode;

/// Runs the program on the process's own arguments and returns its exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}

//! The binary. Everything it does is in the library, so that tests and other programs can build on it.

use std::process::ExitCode;

fn main() -> ExitCode {
    orchestrate::cli::main()
}

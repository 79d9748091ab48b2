//! The fault suite: one table of everything that can go wrong with a generation, on both backends, and a
//! report of what came of it in `target/faults.md`.
//!
//! A case is named `phase/fault/backend` and takes the options of any test: a filter, `--list`,
//! `--ignored`, `--test-threads N`. Cases that take longer than some twenty seconds are ignored unless
//! asked for; `make faults` runs all.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `table/` | the faults, phase by phase: data, and no code |
//! | `row.rs` | what a line of that table says |
//! | `before.rs`, `fake.rs` | what is wrong beforehand, and what is done to a run of the fault kit |
//! | `canary.rs` | a leak that the suite must notice |
//! | `real/` | the same for the real llama.cpp: what can be done to it, case by case |
//! | `harm/` | what is done to a process from outside: cgroups, small disks, terminals |
//! | `observed.rs`, `expected.rs` | what came of a case, and whether that is as promised |
//! | `case.rs`, `report.rs` | a case as a test, and the report of all of them |

#[path = "../common/mod.rs"]
mod common;

mod before;
mod canary;
mod case;
mod expected;
mod fake;
#[cfg(target_os = "linux")]
mod harm;
mod observed;
#[cfg(target_os = "linux")]
mod real;
mod report;
mod row;
mod table;

use std::process::ExitCode;

use libtest_mimic::Arguments;

use report::Report;

/// How many cases run side by side: they wait, and those that compute do so one after the other.
const SIDE_BY_SIDE: usize = 8;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(SIDE_BY_SIDE);
    let mut cases = fake::cases(table::rows());
    cases.push(canary::case());
    // Cgroups, pidfds and /proc are all of it.
    #[cfg(target_os = "linux")]
    cases.extend(real::cases());
    if arguments.list {
        let trials = cases.into_iter().map(|case| case.trial(&Report::default()));
        return libtest_mimic::run(&arguments, trials.collect()).exit_code();
    }
    let report = Report::of(&cases);
    let trials = cases.into_iter().map(|case| case.trial(&report)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let written = report.write(&arguments);
    match written {
        Ok(None) => {}
        Ok(Some(path)) => eprintln!("the report is in {}", path.display()),
        Err(error) => {
            eprintln!("error: failed to write the report: {error}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

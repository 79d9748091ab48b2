//! Tests of the whole watchdog: children that exist on paper only, in time that costs nothing.

mod budgets;
mod parts;
mod properties;
mod sim;
mod verdicts;

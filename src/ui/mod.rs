//! Placeholder of the skeleton.

pub mod steps;

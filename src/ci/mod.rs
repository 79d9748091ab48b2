//! What a check has found, in the forms that CI systems read: a JUnit file, and annotations of GitHub
//! Actions. Pure: time comes in as a value, and what comes out is text.

pub mod github;
pub mod junit;
#[cfg(test)]
mod tests;

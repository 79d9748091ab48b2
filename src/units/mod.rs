//! Quantities with their units: what they look like in a file, on a screen, and in between.
//!
//! A number without its unit is where mistakes hide (is `8000` bytes or megabytes, is `207` per
//! token or per second?), so each quantity that people write or read has a type here, which parses
//! what people write and prints what people read.
//!
//! | quantity | type | written | shown |
//! | --- | --- | --- | --- |
//! | memory | [`Bytes`] | `8000 MB`, `3 MiB`, `4096` | `8.0 GB` |
//! | speed | [`MsPerToken`] | | `207 ms/token` |
//! | time | [`std::time::Duration`] through [`duration`] | `120s`, `2m` | `1.3 s`, `2 min 5 s` |
//! | limit | [`Limit`] | `120s`, `auto`, `none` | the same |

mod bytes;
pub mod duration;
mod limit;
mod speed;

pub use bytes::{Bytes, BytesError};
pub use limit::Limit;
pub use speed::MsPerToken;

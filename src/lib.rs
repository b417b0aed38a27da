#![doc = include_str!("../README.md")]

#[cfg(feature = "cli")]
pub mod cli;
mod embed;
#[cfg(feature = "include-dir")]
pub mod include_dir;
pub mod testing;

#[cfg(feature = "testing")]
pub use lokstra_macros::test;
pub use lokstra_runtime::*;
#[cfg(feature = "verify")]
pub use lokstra_verify as verify;

#[doc(hidden)]
pub mod __private {
    pub use lokstra_macros::embed;
}

//! The versions of what is measured: those of `benches/Cargo.lock`, so that each run measures the same.

/// The lock file, for generated packages; what they do not use, cargo removes.
pub const LOCK: &str = include_str!("../../Cargo.lock");

/// The version of a crate.
pub fn of(name: &str) -> &'static str {
    let entry = format!("\nname = \"{name}\"\nversion = \"");
    let rest = LOCK.split_once(entry.as_str()).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default()
}

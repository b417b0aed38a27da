//! Where benches leave what they generate.

use std::path::{Path, PathBuf};

/// A folder of a bench of this name.
pub fn folder(bench: &str) -> PathBuf {
    target().join(bench)
}

/// What is built of all programs that a bench generates: most of them have the same dependencies.
pub fn programs() -> PathBuf {
    target().join("programs")
}

/// What to do about these errors of a build, where we know.
pub fn help(errors: &str) -> &'static str {
    if errors.contains("-lpq") {
        "\ndiesel's client is libpq, which is not here: Debian has it in `libpq-dev`"
    } else {
        ""
    }
}

fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    // Cargo runs in other folders.
    std::path::absolute(&target).unwrap_or(target)
}

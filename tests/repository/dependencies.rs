//! What a program that depends on `lokstra` builds and carries, by the exact number: an author who adds
//! a crate changes it here, knowingly.

use std::collections::BTreeSet;
use std::process::Command;

/// The crates of a package on Linux, without itself; those that run while compiling count where
/// `edges` has `build` or a macro is among them.
fn crates(package: &str, more: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", package, "--edges", "normal,build"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--prefix", "none", "--no-dedupe"])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    // Two versions of a crate are two crates.
    let names = tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    names.filter(|name| !name.starts_with(&format!("{package} "))).collect()
}

fn has(crates: &BTreeSet<String>, name: &str) -> bool {
    crates.iter().any(|one| one.split(' ').next() == Some(name))
}

#[test]
fn the_number_of_crates_is_known() {
    let count = |more: &[&str]| crates("lokstra", more).len();
    assert_eq!(count(&[]), 75);
    assert_eq!(count(&["--no-default-features"]), 75);
}

#[test]
fn the_macro_has_no_client_and_the_runtime_reads_no_sql_and_no_yaml() {
    let macros = crates("lokstra-macros", &[]);
    assert!(has(&macros, "squawk-lexer") && !has(&macros, "postgres"), "{macros:?}");
    let runtime = crates("lokstra-runtime", &[]);
    assert!(has(&runtime, "postgres"), "{runtime:?}");
    for name in ["serde", "serde_yaml", "squawk-lexer", "tracing", "rustls"] {
        assert!(!has(&runtime, name), "{name}");
    }
}

#[test]
fn the_model_depends_on_nothing() {
    assert_eq!(crates("lokstra-core", &[]), BTreeSet::new());
}

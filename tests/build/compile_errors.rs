//! What a user's build says: each problem is a compile error of its own, all in one build.
//!
//! Every rule has a folder in `tests/fixtures/rules` that breaks it, and what the compiler says of it
//! in `tests/compile/rules`. `TRYBUILD=overwrite cargo test --test build compile_errors` writes these
//! again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use lokstra_source::Code;

#[test]
fn problems_are_compile_errors_with_paths_relative_to_the_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The cases are built in a crate of trybuild's own: our fixtures have to be there too.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let project = target.join("tests/trybuild/lokstra");
    fs::create_dir_all(&project).unwrap();
    let link = project.join("tests");
    if fs::symlink_metadata(&link).is_err() {
        symlink(root.join("tests"), link).unwrap();
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile/rules/*.rs");
    cases.compile_fail("tests/compile/thirty_defects.rs");
    cases.compile_fail("tests/compile/names.rs");
    cases.compile_fail("tests/compile/not_a_literal.rs");
    cases.pass("tests/compile/everywhere.rs");
    #[cfg(feature = "testing")]
    cases.compile_fail("tests/compile/test/*.rs");
    // Hazards, where they are asked for: errors, and warnings, which only a failing build shows here.
    for case in ["tests/compile/lint_deny.rs", "tests/compile/lint_warn.rs"] {
        cases.compile_fail(case);
    }
}

/// What the compiler printed, as it was last accepted.
fn accepted(case: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile").join(case);
    fs::read_to_string(path.with_extension("stderr")).unwrap_or_default()
}

#[test]
fn thirty_different_defects_are_thirty_errors_of_one_build() {
    let shown = accepted("thirty_defects");
    let codes = Code::ALL.iter().filter(|code| shown.contains(&format!("[{}]", code.as_str())));
    assert!(codes.count() >= 30, "{shown}");
}

#[test]
fn every_rule_has_a_folder_that_breaks_it() {
    for code in Code::ALL {
        // Warnings, which stop nothing; more than 4 GiB of SQL; what only a server says.
        if matches!(code, Code::NotRead | Code::SuppressionUnused | Code::TooLarge | Code::Server) {
            continue;
        }
        let shown = accepted(&format!("rules/{}", code.as_str().replace('-', "_")));
        assert!(shown.contains(&format!("[{}]", code.as_str())), "{code:?}: {shown:?}");
    }
}

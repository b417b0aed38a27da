//! What a user's build says: each problem is a compile error of its own, all in one build.
//!
//! Every rule has its message in the tests of lokstra-source; these cases show that they come out
//! of the compiler. `TRYBUILD=overwrite cargo test --test compile_errors` writes them anew.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

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
    cases.compile_fail("tests/compile/many_problems.rs");
    cases.compile_fail("tests/compile/no_folder.rs");
    cases.compile_fail("tests/compile/not_a_literal.rs");
    cases.pass("tests/compile/everywhere.rs");
    // Hazards, where they are asked for: errors, and warnings, which only a failing build shows here.
    #[cfg(feature = "lint")]
    for case in ["tests/compile/lint_deny.rs", "tests/compile/lint_warn.rs"] {
        cases.compile_fail(case);
    }
}

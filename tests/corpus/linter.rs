use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use lokstra_source::{Code, LintScope, Loader};

use crate::judge::folder_of;
use crate::mutation::KINDS;
use crate::scripts::valid_statements;

/// What the linter is given must not bring it down, whatever it is: a fault is caught, and then
/// nothing is found, so the faults are counted where they happen.
#[test]
fn the_linter_survives_every_statement_whole_and_broken() {
    static FAULTS: AtomicUsize = AtomicUsize::new(0);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        FAULTS.fetch_add(1, Ordering::Relaxed);
        hook(panic);
    }));
    let whole = valid_statements();
    let short = whole.iter().enumerate().filter(|(_, sql)| sql.len() < 400);
    let broken = short.filter_map(|(nth, sql)| KINDS[nth % KINDS.len()].put_into(sql, nth));
    let broken: Vec<_> = broken.collect();
    let mut found = 0;
    for mut scripts in [whole.iter().map(|sql| (*sql).to_owned()).collect(), broken] {
        // PostgreSQL's own scripts have no hazard that we know of, so this one shows that it looks.
        scripts.push("DROP TABLE orders".to_owned());
        let folder = folder_of(&scripts);
        let problems = match Loader::new(folder.path(), "m").lint(LintScope::All).load() {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems.iter().cloned().collect(),
        };
        found += problems.iter().filter(|one| matches!(one.code(), Code::Lint(_))).count();
    }
    assert!(found >= 2, "{found} hazards");
    assert_eq!(FAULTS.load(Ordering::Relaxed), 0);
}

//! The schema that the scripts of a database make, without a server.

use std::path::Path;

use lokstra_core::{Database, Direction, Version};
use lokstra_schema::{Options, Schema, Script, StartsFrom, describe};

use crate::parse::settings;
use crate::read::folder::Folder;
use crate::read::parallel::STACK;
use crate::{rules, sql};

/// Replays scripts of a database in this order, and returns the schema behind each of these counts of them.
/// The settings of its folder are read, if it is there. Returns nothing if the model fails.
pub fn schemas(
    root: &Path,
    database: Database<'_>,
    scripts: &[(Version, Direction)],
    after: &[usize],
) -> Vec<Schema> {
    let folder = Folder::read(root, database.folder()).ok();
    let settings = folder.as_ref().and_then(|folder| folder.settings.as_ref());
    let starts_from = settings
        .map_or(StartsFrom::Unknown, |file| settings::read(file, &mut Vec::new()).starts_from);
    let scripts: Vec<_> = scripts
        .iter()
        .filter_map(|&(version, direction)| {
            let migration = database.migration(version)?;
            let script = match direction {
                Direction::Up => migration.up(),
                Direction::Down => migration.down(),
            };
            let sql = script.text();
            Some(Script {
                file: script.path(),
                version: version.get().unsigned_abs(),
                direction,
                sql,
                statements: script.statement_ranges().collect(),
                is_followed: !sql::directives(sql).no_syntax_check,
            })
        })
        .collect();
    let existing = database
        .migrations()
        .flat_map(|it| [it.up(), it.down()])
        .flat_map(|script| rules::existing(script.text()))
        .collect();
    let options = Options { starts_from, existing };
    std::thread::scope(|scope| {
        let replay = || describe(&scripts, &options, after);
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, replay);
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_default()
    })
}

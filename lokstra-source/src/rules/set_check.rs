//! Applies every rule to what was read, and builds the set.

use std::collections::BTreeMap;

use lokstra_core::{Builder, DatabaseSpec, MigrationSpec, ScriptSpec, TooLarge};

use super::lint::{self, LintScope};
use super::pairing::{Pair, pairs};
use super::{Checked, Loaded, labels, lock_check, mark_check, routines};
use crate::parse::script::Script;
use crate::parse::script::cached::CachedScripts;
use crate::parse::settings::{self, Settings};
use crate::problem::{Code, Problem, Problems};
use crate::read::folder::{File, Folder};
use crate::read::layout::layout;

/// The folder of a database, and what was read of it.
struct Database<'a> {
    folder: &'a Folder,
    settings: Settings,
    migrations: Vec<Pair<'a>>,
}

/// Applies all rules, except those of the ignored kinds.
pub(crate) fn check(
    root: &Folder,
    lint: LintScope,
    cached: &CachedScripts,
    ignored: &[Code],
) -> Result<Checked, Problems> {
    let mut problems = root.problems.clone();
    let is_lenient = ignored == Code::IN_MIGRATION;
    let layout = layout(root, &mut problems);
    let tracked = layout.tracked();
    let cached = cached.index();
    let mut databases = Vec::with_capacity(layout.databases.len());
    for folder in layout.databases {
        if !layout.is_flat {
            problems.extend_from_slice(&folder.problems);
        }
        let before = problems.len();
        let settings = match &folder.settings {
            Some(file) => settings::read(file, &mut problems),
            None => Settings::default(),
        };
        if !layout.is_flat && settings.pool.is_none() && problems.len() == before {
            problems.extend(folder.settings.as_ref().map(no_pool));
        }
        let migrations = pairs(folder, &cached, is_lenient, &mut problems);
        lock_check::check(folder, &migrations, &mut problems);
        labels::check(&migrations, &mut problems);
        routines::check(&migrations, &mut problems);
        #[cfg_attr(
            not(feature = "sql-check"),
            expect(unused_mut, reason = "the model needs the grammar")
        )]
        let mut not_undone = Vec::new();
        #[cfg(feature = "sql-check")]
        if ignored.is_empty()
            && settings.names_check != settings::Level::Off
            && !problems[before..].iter().any(Problem::is_error)
        {
            not_undone = super::names_check::check(&migrations, &settings, &mut problems);
        }
        // What must change anyway is verified afterwards. Who asks for hazards asks what a build says.
        if lint != LintScope::Never && !problems[before..].iter().any(Problem::is_error) {
            mark_check::check(folder, settings.verified, &migrations, &mut problems);
        }
        lint::check(settings.lint, &migrations, &not_undone, lint, &mut problems);
        databases.push(Database { folder, settings, migrations });
    }
    shared_tables(&databases, &mut problems);
    problems.retain(|problem| is_lenient || !ignored.contains(&problem.code()));
    let outside = root.outside();
    let shown = |it: Problem| if outside.contains(&it.path()) { it.without_text() } else { it };
    let mut problems: Vec<_> = problems.into_iter().map(shown).collect();
    problems.sort_by(|a, b| a.order().cmp(&b.order()));
    let is_passed =
        |it: &Problem| is_lenient && ignored.contains(&it.code()) && !it.is_in_settings();
    if problems.iter().any(|it| it.is_error() && !is_passed(it)) {
        return Err(Problems(problems));
    }
    let set = build(&databases).map_err(|TooLarge| {
        let message = TooLarge.to_string();
        Problem::new(Code::TooLarge, &root.path, message, "move data out of the migrations")
    })?;
    let pairs = || databases.iter().flat_map(|database| &database.migrations);
    let locked = pairs().filter(|pair| pair.is_locked).count();
    let scripts = pairs().flat_map(|pair| [pair.up.1.is_checked, pair.down.1.is_checked]).collect();
    let outside = outside.into_iter().map(str::to_owned).collect();
    Ok(Checked { loaded: Loaded { set, warnings: problems, locked, tracked, outside }, scripts })
}

fn no_pool(file: &File) -> Problem {
    let message = "`dbpool-name` is missing, and there are several databases";
    Problem::new(Code::NoPool, &file.path, message, "name its pool: `dbpool-name: db_main`")
}

/// Adds a problem for two databases with one pool and tracking table: each would read the other's
/// versions as its own.
fn shared_tables(databases: &[Database<'_>], problems: &mut Vec<Problem>) {
    let mut owners = BTreeMap::new();
    for Database { folder, settings, .. } in databases {
        let (Some(pool), Some(file)) = (&settings.pool, &folder.settings) else { continue };
        if let Some(other) = owners.insert((pool, &settings.table), folder.name()) {
            let message = format!(
                "{} and {other} both use pool `{pool}` and table {}",
                folder.name(),
                settings.table
            );
            let word =
                folder.name().split(|c: char| !c.is_ascii_lowercase()).find(|w| !w.is_empty());
            let help = format!(
                "give this one a table of its own, such as `schema-table: {}_migrations`",
                word.unwrap_or("own")
            );
            problems.push(Problem::new(Code::SharedTable, &file.path, message, help));
        }
    }
}

fn build(databases: &[Database<'_>]) -> Result<lokstra_core::Set, TooLarge> {
    let mut builder = Builder::new();
    for Database { folder, settings, migrations } in databases {
        let spec = DatabaseSpec {
            folder: &folder.path,
            pool: settings.pool.as_deref(),
            table: settings.table.clone(),
            enabled: settings.enabled,
            description: settings.description.as_deref(),
        };
        let migrations: Vec<_> = migrations
            .iter()
            .map(|pair| MigrationSpec {
                version: pair.version,
                description: pair.description.as_str(),
                up: script_spec(&pair.up),
                down: script_spec(&pair.down),
            })
            .collect();
        builder.database(&spec, &migrations)?;
    }
    builder.finish()
}

fn script_spec<'a>((file, script): &'a (&File, Script)) -> ScriptSpec<'a> {
    ScriptSpec {
        path: &file.path,
        text: &script.text,
        checksum: script.checksum,
        mode: script.mode,
        statements: &script.statements,
    }
}

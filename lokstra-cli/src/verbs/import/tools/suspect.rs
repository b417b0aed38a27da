//! Signs that a script is not what it seems: marks of another tool, templates, and history tables of
//! tools.

use std::collections::BTreeSet;

use lokstra_source::section_marks;

use super::SourceTool;
use crate::verbs::import::source::code::{code, line};
use crate::verbs::import::source::{File, Found, Remark, Source};

/// Annotations of goose that do not divide a file.
const OF_GOOSE: [&str; 2] = ["-- +goose statementbegin", "-- +goose no transaction"];

/// Adds remarks and obstacles for what means something else in lokstra.
pub(crate) fn look(tool: SourceTool, source: &Source, found: &mut Found) {
    let paths = |of_down: bool| -> BTreeSet<&str> {
        let scripts = found.migrations.iter().flat_map(|one| {
            [Some(&one.up), one.down.as_ref().filter(|_| of_down)].into_iter().flatten()
        });
        scripts.map(|script| script.path.as_str()).collect()
    };
    let (ups, all) = (paths(false), paths(true));
    let is_up = |(file, _): &&(&File, &str)| ups.contains(&*file.path);
    let files = source.files.iter().filter(|file| all.contains(&*file.path));
    let files: Vec<_> = files.filter_map(|file| Some((file, file.text().ok()?))).collect();
    let up_files: Vec<_> = files.iter().filter(is_up).copied().collect();
    let mut obstacles: Vec<Remark> = marks(tool, &up_files, true);
    let warnings = if obstacles.is_empty() { marks(tool, &up_files, false) } else { Vec::new() };
    found.remarks.extend(warnings);
    obstacles.extend(template(tool, &files));
    found.remarks.extend(histories(&files));
    found.obstacles.extend(obstacles);
}

/// A remark at the first place of a kind, with the number of files that have one.
fn once(hits: &[(&File, usize)], message: String, help: String) -> Option<Remark> {
    let (file, line) = hits.first()?;
    let more = match hits.len() - 1 {
        0 => String::new(),
        1 => "; so has 1 more file".to_owned(),
        more => format!("; so have {more} more files"),
    };
    Some(Remark::new(&file.path, message + &more, help).at(*line))
}

fn marks(tool: SourceTool, files: &[(&File, &str)], of_down: bool) -> Vec<Remark> {
    let own = tool.name();
    let mut hits: Vec<(&str, Vec<(&File, usize)>)> = Vec::new();
    for (file, text) in files {
        let mut marks = section_marks(text);
        // Below its own mark, the down section follows in any case.
        let down = marks.iter().position(|mark| mark.tool == own && mark.is_down);
        marks.truncate(down.unwrap_or(marks.len()));
        let mut places: Vec<_> =
            marks.iter().map(|mark| (mark.tool, mark.is_down, mark.offset)).collect();
        places.extend(annotation_of_goose(text).map(|at| ("goose", false, at)));
        places.retain(|(other, is_down, _)| *other != own && *is_down == of_down);
        for (nth, (other, _, at)) in places.iter().enumerate() {
            if places[..nth].iter().any(|(known, ..)| known == other) {
                continue;
            }
            let hit = (*file, line(text, *at));
            match hits.iter_mut().find(|(known, _)| known == other) {
                Some((_, hits)) => hits.push(hit),
                None => hits.push((*other, vec![hit])),
            }
        }
    }
    let remarks = hits.iter().filter_map(|(other, hits)| {
        let help = match SourceTool::named(other) {
            Some(_) => format!("import with -from {other}"),
            None => {
                "move what is below that line to the down script, and remove the line".to_owned()
            }
        };
        let what = if of_down {
            format!(
                "begins a down section of {other}; {own} runs what follows as part of the up script"
            )
        } else {
            format!("is an annotation of {other}, which {own} ignores")
        };
        once(hits, what, help)
    });
    remarks.collect()
}

fn annotation_of_goose(text: &str) -> Option<usize> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        OF_GOOSE.contains(&line.trim().to_ascii_lowercase().as_str()).then_some(start)
    })
}

/// Templates that a program fills in before a tool reads them: SQL has no such sign outside of literals.
fn template(tool: SourceTool, files: &[(&File, &str)]) -> Option<Remark> {
    let signs: &[&str] =
        if tool == SourceTool::Flyway { &["{{", "{%"] } else { &["{{", "{%", "${"] };
    let (mut hits, mut places, mut shown) = (Vec::new(), 0, String::new());
    for (file, text) in files {
        let code = code(text);
        let found: Vec<_> = signs.iter().flat_map(|sign| code.match_indices(sign)).collect();
        let Some((first, sign)) = found.iter().min() else { continue };
        places += found.len();
        if hits.is_empty() {
            let closing = if *sign == "{{" { "}}" } else { "}" };
            let rest = &text[*first..];
            let end = rest.find(closing).map_or(sign.len(), |end| end + closing.len());
            shown = file.quoted(rest[..end].lines().next().unwrap_or_default());
        }
        hits.push((*file, line(text, *first)));
    }
    let count = if places > 1 { format!(" ({places} places in all)") } else { String::new() };
    let message = format!("{shown} is a template, and nothing fills it in here{count}");
    let help = "write its value into the files, or import the files that the program generates";
    once(&hits, message, help.to_owned())
}

/// Uses of a tool's history table, which a database that only lokstra migrates does not have.
fn histories(files: &[(&File, &str)]) -> Vec<Remark> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let mut remarks = Vec::new();
    let mut tables: Vec<(&str, Vec<&str>)> = Vec::new();
    for tool in SourceTool::ALL {
        match tables.iter_mut().find(|(table, _)| *table == tool.table()) {
            Some((_, tools)) => tools.push(tool.name()),
            None => tables.push((tool.table(), vec![tool.name()])),
        }
    }
    for (table, tools) in tables {
        let mut hits = Vec::new();
        let mut is_made = false;
        for (file, text) in files {
            let code = code(text).to_ascii_lowercase();
            // The script checks first.
            if text.to_ascii_lowercase().contains("to_regclass") {
                continue;
            }
            let places = code.match_indices(table).filter(|(at, _)| {
                let (before, behind) = (&code[..*at], &code[at + table.len()..]);
                !before.ends_with(is_word) && !behind.starts_with(is_word)
            });
            let places: Vec<_> = places.map(|(at, _)| at).collect();
            is_made |= places.iter().any(|at| {
                let words: Vec<_> = code[..*at].split_whitespace().rev().take(6).collect();
                words.contains(&"create") && words.contains(&"table")
            });
            hits.extend(places.first().map(|at| (*file, line(&code, *at))));
        }
        if !is_made {
            let tools = tools.join(" or ");
            let message = format!(
                "uses {table}, the history table of {tools}, which a new database does not have"
            );
            let help = format!(
                "remove the statement from the imported file, or run it only if the table exists: \
                 IF to_regclass('{table}') IS NOT NULL"
            );
            remarks.extend(once(&hits, message, help));
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::remarks;
    use crate::verbs::import::tools::SourceTool::{Flyway, Goose, Sqlx};

    #[test]
    fn a_half_of_another_tool_is_in_the_way() {
        let goose = "-- +goose Up\nSELECT 1;\n\n-- +goose Down\nSELECT 2;\n";
        let files = [
            ("1_a.sql", goose),
            ("2_b.sql", goose),
            ("3_c.sql", "-- migrate:up\nSELECT 1;\n--migrate:down\nSELECT 2;\n"),
            ("4_d.sql", "SELECT 1;\n-- //@UNDO\nSELECT 2;\n"),
            ("5_e.sql", "SELECT 1;\n---- create above / drop below ----\nSELECT 2;\n"),
            ("6_f.sql", "-- +migrate Down\nSELECT 2;\n"),
            ("7_g.sql", "# --- !Downs\n"),
            (
                "8_h.sql",
                "-- down migration of users is not possible\nSELECT '\n-- what goes down migration is none';\n",
            ),
        ];
        assert_snapshot!(remarks(Sqlx, &files), @"
        obstacle: 1_a.sql:4: begins a down section of goose; sqlx runs what follows as part of the up script; so has 1 more file
          help: import with -from goose
        obstacle: 3_c.sql:3: begins a down section of dbmate; sqlx runs what follows as part of the up script
          help: import with -from dbmate
        obstacle: 4_d.sql:2: begins a down section of MyBatis Migrations; sqlx runs what follows as part of the up script
          help: move what is below that line to the down script, and remove the line
        obstacle: 5_e.sql:2: begins a down section of tern; sqlx runs what follows as part of the up script
          help: move what is below that line to the down script, and remove the line
        obstacle: 6_f.sql:1: begins a down section of sql-migrate; sqlx runs what follows as part of the up script
          help: move what is below that line to the down script, and remove the line
        obstacle: 7_g.sql:1: begins a down section of Play; sqlx runs what follows as part of the up script
          help: move what is below that line to the down script, and remove the line
        ");
    }

    #[test]
    fn what_is_below_the_own_mark_is_the_down_half_anyway() {
        let text = "-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\n-- down\nDROP TABLE a;\n";
        assert_eq!(remarks(Goose, &[("1_a.sql", text)]), "");
        let bare = [("1_a.sql", "CREATE TABLE a ();\n\n-- Down\nDROP TABLE a;\n")];
        assert_snapshot!(remarks(Sqlx, &bare), @"
        obstacle: 1_a.sql:3: begins a down section of another tool; sqlx runs what follows as part of the up script
          help: move what is below that line to the down script, and remove the line
        ");
    }

    #[test]
    fn what_only_says_up_is_a_warning() {
        let files = [("1_a.sql", "-- +goose Up\nSELECT 1;\n")];
        assert_snapshot!(remarks(Sqlx, &files), @"
        remark: 1_a.sql:1: is an annotation of goose, which sqlx ignores
          help: import with -from goose
        ");
        assert_eq!(remarks(Goose, &[("1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Down\n")]), "");
    }

    #[test]
    fn a_template_is_one_obstacle_wherever_it_stands() {
        let files = [
            ("1_a.sql", "CREATE TABLE {{ .Schema }}.a ();\nCREATE TABLE {{ .Schema }}.b ();\n"),
            ("2_b.sql", "SELECT 1;\nDROP TABLE \"{{ .Schema }}\".a;\n"),
        ];
        assert_snapshot!(remarks(Sqlx, &files), @"
        obstacle: 1_a.sql:1: `{{ .Schema }}` is a template, and nothing fills it in here (3 places in all); so has 1 more file
          help: write its value into the files, or import the files that the program generates
        ");
        let files = [("1_a.sql", "CREATE TABLE ${schema}.a ();\n")];
        assert_snapshot!(remarks(Sqlx, &files), @"
        obstacle: 1_a.sql:1: `${schema}` is a template, and nothing fills it in here
          help: write its value into the files, or import the files that the program generates
        ");
        let none = "SELECT '{{1,2},{3,4}}'::int[], E'{{\\'}}' -- {{ a }}\n/* {% b %} ${c} */;\n";
        assert_eq!(remarks(Sqlx, &[("1_a.sql", none)]), "");
        let flyway = [("V1__a.sql", "SELECT ${a};\n")];
        assert!(remarks(Flyway, &flyway).starts_with("remark: "));
    }

    #[test]
    fn the_history_table_of_a_tool_in_a_script_is_reported() {
        let files = [
            ("1_a.sql", "SELECT 1;\nDELETE FROM public._sqlx_migrations WHERE version = 1;\n"),
            ("2_b.sql", "UPDATE \"_sqlx_migrations\" SET success = true;\n"),
            ("3_c.sql", "SELECT a_sqlx_migrations, '_sqlx_migrations' -- _sqlx_migrations\n;\n"),
            ("4_d.sql", "DO $$ BEGIN DELETE FROM schema_migrations; END $$;\n"),
        ];
        assert_snapshot!(remarks(Sqlx, &files), @"
        remark: 1_a.sql:2: uses _sqlx_migrations, the history table of sqlx, which a new database does not have; so has 1 more file
          help: remove the statement from the imported file, or run it only if the table exists: IF to_regclass('_sqlx_migrations') IS NOT NULL
        remark: 4_d.sql:1: uses schema_migrations, the history table of golang-migrate or dbmate, which a new database does not have
          help: remove the statement from the imported file, or run it only if the table exists: IF to_regclass('schema_migrations') IS NOT NULL
        ");
        let made = [
            ("1_a.sql", "CREATE TABLE IF NOT EXISTS schema_migrations (version text);\n"),
            ("2_b.sql", "DELETE FROM schema_migrations;\n"),
        ];
        assert_eq!(remarks(Sqlx, &made), "");
        let asks = "DO $$ BEGIN IF to_regclass('_sqlx_migrations') IS NOT NULL THEN
                    DELETE FROM _sqlx_migrations; END IF; END $$;\n";
        assert_eq!(remarks(Sqlx, &[("1_a.sql", asks)]), "");
    }
}

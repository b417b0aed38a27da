//! `schema`: what the scripts make, without a database: as text, JSON or a picture.

mod difference;
mod document;
mod mermaid;
mod shown;
mod svg;
mod text;

use lokstra_core::{Database, Version};

use self::shown::Shown;
use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, TargetError, Verb, folder};
use crate::output::{CommandError, Exit};

const DETAILS: &str = "\
The scripts are replayed on a model of PostgreSQL's catalog. It has no rows,
privileges, defaults and lengths of types. A statement that the model does not
follow, such as a DO block that changes tables, is listed, and what it may have
changed is marked.

The formats mermaid (an erDiagram) and svg show the tables of one database, with
columns and foreign keys.

Exit codes: 0 done, 2 failed, 3 wrong usage";

const AT: Flag<Version> =
    Flag::new("at", "VERSION", flags::version, "After this version [default: the newest]");
const DIFF: Flag<Range> = Flag::new(
    "diff",
    "A..B",
    range,
    "What is added (+), removed (-) and changed (~)\nafter version A up to and including B. Without A,\nfrom an empty schema; without B, to the newest",
);
const FORMAT: Flag<String> =
    Flag::new("format", "FORMAT", flags::text, "text, json, mermaid or svg [default: text]");

const POOL: Flag<String> = Flag::new(
    flags::DB.name,
    "POOL",
    flags::text,
    "The databases whose migration.yaml names this pool",
);

pub(crate) const VERB: Verb = Verb {
    name: "schema",
    about: "Show the schema at a version, without a database",
    details: DETAILS,
    examples: &[
        ("-at 007", "The tables, keys, views and functions after 007"),
        ("-diff 003..007", "What 004 to 007 change"),
        ("-format svg > schema.svg", "A picture of the newest schema"),
    ],
    flags: |command, program| {
        let format = FORMAT
            .arg()
            .value_parser(["text", "json", "mermaid", "svg"])
            .hide_possible_values(true)
            .conflicts_with(flags::JSON.name);
        command.args([
            AT.arg(),
            DIFF.arg().conflicts_with(AT.name),
            format,
            flags::dir(program),
            POOL.arg(),
        ])
    },
    run: show,
};

/// `003..007`; an end that is missing is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range(Option<Version>, Option<Version>);

fn range(text: &str) -> Result<Range, String> {
    let (from, to) = text.split_once("..").ok_or("expected two versions, such as 003..007")?;
    let end = |text: &str| match text.trim() {
        "" => Ok(None),
        text => flags::version(text).map(Some),
    };
    match (end(from)?, end(to)?) {
        (Some(from), Some(to)) if from > to => {
            Err(format!("expected the lower version first: {to}..{from}"))
        }
        (from, to) => Ok(Range(from, to)),
    }
}

fn show(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let (migrations, _) = folder::read_despite_problems(context)?;
    let databases: Vec<_> = migrations.databases().collect();
    let pool = context.get(&POOL);
    let asked_for = |it: &&Database<'_>| pool.is_none() || it.pool() == pool.as_deref();
    let chosen: Vec<_> = databases.iter().filter(asked_for).copied().collect();
    let names = || databases.iter().map(|it| it.name().to_owned()).collect();
    let dir = context.dir();
    if chosen.is_empty() {
        return Err(TargetError::OneTarget { dir, databases: names() }.into());
    }
    let diff = context.get(&DIFF);
    let ends = [context.get(&AT), diff.and_then(|it| it.0), diff.and_then(|it| it.1)];
    for version in ends.into_iter().flatten() {
        if chosen.iter().all(|database| database.migration(version).is_none()) {
            let message = format!(
                "there is no migration {version}\n  help: list the versions with lokstra migration status"
            );
            return Err(CommandError::new("unknown-version", Exit::Usage, message));
        }
    }
    let format = context.get(&FORMAT);
    let is_picture = matches!(format.as_deref(), Some("mermaid" | "svg"));
    if let (true, [_, _, ..]) = (is_picture, &chosen[..]) {
        return Err(TargetError::SeveralFolders { dir, databases: names() }.into());
    }
    if let Some(Range(from, to)) = diff {
        if is_picture {
            let message = "-diff is shown as text or json\n  help: leave out -format";
            return Err(CommandError::new("usage", Exit::Usage, message));
        }
        let found = chosen.iter().map(|it| difference::Difference::new(*it, from, to));
        return difference::show(context, &found.collect::<Vec<_>>(), format.as_deref());
    }
    let at = context.get(&AT);
    let shown: Vec<_> = chosen.iter().map(|it| Shown::new(*it, at)).collect();
    match format.as_deref() {
        Some("mermaid") => context.console.data(mermaid::diagram(&shown[0].schema))?,
        Some("svg") => context.console.data(svg::picture(&shown[0]))?,
        Some("json") => context.console.data(document::pretty(&document::of(&shown)))?,
        _ => {
            context.console.output(text::of(&shown))?;
            context.console.document(|| document::of(&shown))?;
        }
    }
    Ok(Exit::Done)
}

//! The SQL that would bring an object back: a line for the down script.

use crate::catalog::snapshot::{Object, Properties};
use crate::compare::difference::Altered;

/// Takes away what should not be there.
pub(crate) fn drop(object: &Object) -> Option<String> {
    let Object { kind, name, part_of } = object;
    let whole = part_of.as_deref().unwrap_or_default();
    let statement = match kind.as_str() {
        "column" | "constraint" => {
            format!("ALTER {} DROP {} {name};", in_sql(whole)?, kind.to_uppercase())
        }
        "trigger" | "rule" | "policy" => {
            let (_, table) = parts(whole)?;
            format!("DROP {} {name} ON {table};", kind.to_uppercase())
        }
        "table"
        | "view"
        | "materialized view"
        | "foreign table"
        | "index"
        | "sequence"
        | "type"
        | "domain"
        | "schema"
        | "extension"
        | "function"
        | "procedure"
        | "aggregate"
        | "role"
        | "user mapping"
        | "statistics"
        | "collation"
        | "conversion"
        | "operator class"
        | "operator family"
        | "cast"
        | "transform"
        | "event trigger"
        | "publication"
        | "server"
        | "foreign-data wrapper"
        | "language"
        | "access method"
        | "tablespace"
        | "text search parser"
        | "text search template"
        | "text search dictionary"
        | "text search configuration" => {
            format!("DROP {} {name};", keywords(kind))
        }
        "operator" => format!("DROP OPERATOR {};", spaced_operator(name)?),
        _ => return None,
    };
    Some(statement)
}

/// Makes again what is missing, where its definition is a statement.
pub(crate) fn create(object: &Object, properties: &Properties) -> Option<String> {
    let Object { kind, name, part_of } = object;
    let whole = part_of.as_deref().unwrap_or_default();
    let property = |name: &str| {
        properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim_end())
    };
    let definition = property("definition");
    let statement = match kind.as_str() {
        "index" | "trigger" | "rule" | "statistics" => definition?.trim_end_matches(';').to_owned(),
        "function" | "procedure" => definition?.to_owned(),
        "constraint" => format!("ALTER {} ADD CONSTRAINT {name} {}", in_sql(whole)?, definition?),
        "view" => format!("CREATE VIEW {name} AS\n{}", definition?.trim_end_matches(';')),
        "materialized view" => {
            format!("CREATE MATERIALIZED VIEW {name} AS\n{}", definition?.trim_end_matches(';'))
        }
        "column" => {
            let clause = |keyword: &str, property: Option<&str>| {
                property.map(|value| format!(" {keyword} {value}")).unwrap_or_default()
            };
            format!(
                "ALTER {} ADD COLUMN {name} {}{}{}{}",
                in_sql(whole)?,
                property("type")?,
                clause("COLLATE", property("collation")),
                clause("DEFAULT", property("default")),
                if property("not null").is_some() { " NOT NULL" } else { "" }
            )
        }
        "type" => {
            format!("CREATE TYPE {name} AS ENUM ({})", property("labels")?.replace('\n', ", "))
        }
        "domain" => format!("CREATE DOMAIN {name} AS {}", property("base")?),
        "schema" => format!("CREATE SCHEMA {name}"),
        "extension" => format!("CREATE EXTENSION {name} SCHEMA {}", property("schema")?),
        "sequence" => format!("CREATE SEQUENCE {name} AS {}", property("type")?),
        _ => return None,
    };
    let comment = property("comment").and_then(|comment| {
        let property = "comment".to_owned();
        let (before, after) = (Some(comment.to_owned()), None);
        alter_one(object, &Altered { property, before, after })
    });
    Some(comment.into_iter().fold(statement + ";", |text, comment| text + "\n" + &comment))
}

/// Puts back the properties for which there is a short statement, and names the others; `None` if
/// there is none.
pub(crate) fn alter(object: &Object, altered: &[Altered]) -> Option<String> {
    let (mut statements, mut others) = (Vec::new(), Vec::new());
    for property in altered {
        match alter_one(object, property) {
            Some(statement) => statements.push(statement),
            None => others.push(property.property.as_str()),
        }
    }
    if statements.is_empty() {
        return None;
    }
    if !others.is_empty() {
        statements.push(format!("-- and put back by hand: {}", others.join(", ")));
    }
    Some(statements.join("\n"))
}

fn alter_one(object: &Object, altered: &Altered) -> Option<String> {
    let Object { kind, name, part_of } = object;
    let before = altered.before.as_deref();
    let whole = part_of.as_deref().unwrap_or_default();
    let statement = match (kind.as_str(), altered.property.as_str()) {
        ("column", "type") => {
            format!("ALTER {} ALTER COLUMN {name} TYPE {}", in_sql(whole)?, before?)
        }
        ("column", "not null") => {
            let verb = if before.is_some() { "SET" } else { "DROP" };
            format!("ALTER {} ALTER COLUMN {name} {verb} NOT NULL", in_sql(whole)?)
        }
        ("column", "default") => match before {
            Some(before) => {
                format!("ALTER {} ALTER COLUMN {name} SET DEFAULT {before}", in_sql(whole)?)
            }
            None => format!("ALTER {} ALTER COLUMN {name} DROP DEFAULT", in_sql(whole)?),
        },
        ("column", "statistics target") => {
            let target = before.unwrap_or("-1");
            format!("ALTER {} ALTER COLUMN {name} SET STATISTICS {target}", in_sql(whole)?)
        }
        ("column", "comment") => {
            let (_, table) = parts(whole)?;
            format!("COMMENT ON COLUMN {table}.{name} IS {}", literal(before))
        }
        ("constraint" | "trigger" | "rule" | "policy", "comment") => {
            let (_, table) = parts(whole)?;
            format!("COMMENT ON {} {name} ON {table} IS {}", keywords(kind), literal(before))
        }
        ("database", _) => return None,
        (_, "comment") => format!("COMMENT ON {} {name} IS {}", keywords(kind), literal(before)),
        ("role", _) => return None,
        (_, "owner") => format!("ALTER {} {name} OWNER TO {}", keywords(kind), before?),
        ("table", "row level security") => {
            let verb = if before.is_some() { "ENABLE" } else { "DISABLE" };
            format!("ALTER TABLE {name} {verb} ROW LEVEL SECURITY")
        }
        ("table", "row level security for the owner") => {
            let verb = if before.is_some() { "FORCE" } else { "NO FORCE" };
            format!("ALTER TABLE {name} {verb} ROW LEVEL SECURITY")
        }
        ("table", "persistence") => {
            let verb = if before.is_some() { "UNLOGGED" } else { "LOGGED" };
            format!("ALTER TABLE {name} SET {verb}")
        }
        ("view", "definition") => {
            format!("CREATE OR REPLACE VIEW {name} AS\n{}", before?.trim_end_matches(';'))
        }
        ("function" | "procedure", "definition") => before?.trim_end().to_owned(),
        ("constraint", "definition") => {
            let whole = in_sql(whole)?;
            let drop = format!("ALTER {whole} DROP CONSTRAINT {name};\n");
            format!("{drop}ALTER {whole} ADD CONSTRAINT {name} {}", before?)
        }
        ("policy", "using" | "with check") => {
            let (_, table) = parts(whole)?;
            let clause = altered.property.to_uppercase();
            format!("ALTER POLICY {name} ON {table} {clause} {}", before?)
        }
        ("domain", "default") => match before {
            Some(before) => format!("ALTER DOMAIN {name} SET DEFAULT {before}"),
            None => format!("ALTER DOMAIN {name} DROP DEFAULT"),
        },
        ("sequence", "increment" | "start" | "cache") => {
            format!("ALTER SEQUENCE {name} {} {}", altered.property.to_uppercase(), before?)
        }
        ("sequence", "minimum") => format!("ALTER SEQUENCE {name} MINVALUE {}", before?),
        ("sequence", "maximum") => format!("ALTER SEQUENCE {name} MAXVALUE {}", before?),
        ("table", "replica identity") => {
            format!("ALTER TABLE {name} REPLICA IDENTITY {}", before.unwrap_or("DEFAULT"))
        }
        ("trigger", "enabled") => {
            let (_, table) = parts(whole)?;
            format!("ALTER TABLE {table} {} TRIGGER {name}", before.unwrap_or("ENABLE"))
        }
        ("extension", "version") => format!("ALTER EXTENSION {name} UPDATE TO '{}'", before?),
        _ => return None,
    };
    Some(statement + ";")
}

fn literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
}

/// `foreign-data wrapper` is `FOREIGN DATA WRAPPER`.
fn keywords(kind: &str) -> String {
    kind.replace('-', " ").to_uppercase()
}

/// `table public.a` is `TABLE public.a`; a part of a part has no such form.
fn in_sql(whole: &str) -> Option<String> {
    let (kind, name) = parts(whole)?;
    Some(format!("{} {name}", keywords(kind)))
}

/// The kind and the name, which may have spaces of its own.
fn parts(whole: &str) -> Option<(&str, &str)> {
    const KINDS: [&str; 5] = ["table", "view", "materialized view", "foreign table", "domain"];
    KINDS.iter().find_map(|kind| Some((*kind, whole.strip_prefix(kind)?.strip_prefix(' ')?)))
}

/// `public.+(integer,integer)` is `public.+ (integer, integer)`.
fn spaced_operator(name: &str) -> Option<String> {
    let (operator, operands) = name.rsplit_once('(')?;
    Some(format!("{operator} ({operands}"))
}

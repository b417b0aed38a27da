//! The statements that are not followed, and what they may have changed.

use super::NotFollowed;
use crate::apply::{NotFollowed as NotFollowedIn, Replay, words};
use crate::catalog::Class;

/// What a statement that is not followed may have changed.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) names: Vec<String>,
    pub(super) is_everything: bool,
    pub(super) statement: NotFollowed,
}

/// Words of a routine that changes names.
const CHANGES: [&str; 12] = [
    "alter",
    "drop",
    "rename",
    "execute",
    "import",
    "table",
    "index",
    "view",
    "type",
    "schema",
    "sequence",
    "extension",
];

/// Whether a statement may have changed anything: the model opens the names in each routine that a query calls,
/// also if it only changes rows.
pub(super) fn is_shown(replay: &Replay<'_>, (place, opens): &NotFollowedIn) -> bool {
    let script = &replay.scripts[place.script];
    let range = script.statements.iter().find(|it| it.start == place.offset);
    let own = words(range.map_or(script.sql, |range| &script.sql[range.clone()]));
    let is_of_routine = opens.names.iter().any(|name| !own.contains(name));
    !is_of_routine
        || opens.is_everything
        || opens.names.iter().any(|name| CHANGES.contains(&name.as_str()))
        || replay.catalog.slots().any(|(key, _)| {
            !matches!(key.class, Class::Any | Class::Everything) && opens.names.contains(&key.name)
        })
}

pub(super) fn opened_by(replay: &Replay<'_>, (place, opens): &NotFollowedIn) -> Opened {
    let script = &replay.scripts[place.script];
    let line = script.sql[..place.offset].matches('\n').count() + 1;
    let what = if script.is_followed {
        what(&script.sql[place.offset..])
    } else {
        "the script, which is not parsed".to_owned()
    };
    Opened {
        names: opens.names.clone(),
        is_everything: opens.is_everything,
        statement: NotFollowed { path: script.file.to_owned(), line, what },
    }
}

/// `a DO block`, or the first two words of a statement.
fn what(sql: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words = sql.split(|c: char| !is_part(c)).filter(|it| !it.is_empty());
    let words: Vec<_> = words.take(2).map(str::to_ascii_uppercase).collect();
    match words.first().map(String::as_str) {
        Some("DO") => "a DO block".to_owned(),
        Some("CREATE" | "ALTER" | "DROP") => words.join(" "),
        Some(first) => format!("a statement {first}"),
        None => "a statement".to_owned(),
    }
}

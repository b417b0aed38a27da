//! Whether a down script undoes what its up script made. Only what is certain is told.

use crate::lint::objects::{Cascade, Effects, Kind, Object};
use crate::script::Script;

/// The objects that are still there after down.
pub(crate) fn left_behind<'a>(up: &'a [Effects], down: &Script) -> Vec<&'a Object> {
    let statements = &down.statements;
    let down: Vec<_> = statements.iter().map(|range| Effects::of(&down.text, range)).collect();
    // One that is a comment says why nobody can undo this.
    if down.is_empty() || down.iter().any(|effects| effects.is_unclear) {
        return Vec::new();
    }
    let cascade = down.iter().map(|effects| effects.cascade).max().unwrap_or_default();
    let created = || up.iter().flat_map(|effects| &effects.created);
    let is_created = |name: &str| created().any(|object| object.name == name);
    let is_moved =
        |name: &String| up.iter().chain(&down).any(|effects| effects.moved.contains(name));
    let is_made_anew = |object: &Object| {
        let up = up.iter().flat_map(|effects| &effects.dropped);
        let down = down.iter().flat_map(|effects| &effects.created);
        up.chain(down).any(|other| other.name == object.name)
    };
    let is_certain = |object: &&Object| {
        object.is_new
            // What belongs to something that is new as well goes with it, or is told with it.
            && !object.owner.as_deref().is_some_and(is_created)
            && !is_moved(&object.name)
            && !object.owner.as_ref().is_some_and(is_moved)
            && !is_made_anew(object)
            && match cascade {
                Cascade::None => true,
                Cascade::Dependents => outlives_cascade(object.kind),
                Cascade::Everything => false,
            }
    };
    let dropped = || down.iter().flat_map(|effects| &effects.dropped);
    created()
        .filter(is_certain)
        .filter(|object| !dropped().any(|gone| takes(gone, object)))
        .collect()
}

fn outlives_cascade(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Schema | Kind::Extension | Kind::Type)
}

/// Whether an object goes where this one is dropped.
fn takes(gone: &Object, object: &Object) -> bool {
    use Kind::{Column, Constraint, Index, Trigger};
    let (is_namesake, is_sibling) = (gone.name == object.name, gone.owner == object.owner);
    match (gone.kind, object.kind) {
        // The column may be one of theirs.
        (Column, Index | Constraint | Trigger) => is_sibling,
        (Column | Constraint, kind) => gone.kind == kind && is_namesake && is_sibling,
        (_, Column | Constraint) => object.owner.as_ref() == Some(&gone.name),
        _ => is_namesake || object.owner.as_ref() == Some(&gone.name),
    }
}

impl Object {
    /// What the down script lacks.
    pub(crate) fn undoing(&self, down: &str) -> String {
        let name = &self.written;
        let statement = match self.kind {
            Kind::Column => format!("ALTER TABLE … DROP COLUMN {name}"),
            Kind::Constraint => format!("ALTER TABLE … DROP CONSTRAINT {name}"),
            Kind::Trigger => format!("DROP TRIGGER {name} ON …"),
            Kind::Extension => format!("DROP EXTENSION {name}"),
            Kind::Index => format!("DROP INDEX {name}"),
            Kind::Routine => format!("DROP ROUTINE {name}"),
            Kind::Schema => format!("DROP SCHEMA {name}"),
            Kind::Sequence => format!("DROP SEQUENCE {name}"),
            Kind::Table => format!("DROP TABLE {name}"),
            Kind::Type => format!("DROP TYPE {name}"),
            Kind::View => format!("DROP VIEW {name}"),
        };
        format!("add {statement} to {down}")
    }
}

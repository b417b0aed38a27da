//! Whether a down script undoes its up script. Only what is certain is reported.

use super::objects::{Cascade, Definition, Effects, Kind, Object};
use crate::parse::script::Script;

/// The objects that still exist after the down script.
pub(crate) fn left_behind<'a>(up: &'a [Effects], down: &Script) -> Vec<&'a Object> {
    let down = Effects::of_script(down);
    // A down script of comments alone says why it cannot undo the change.
    if down.is_empty() || down.iter().any(|effects| effects.runs_code) {
        return Vec::new();
    }
    let cascade = down.iter().map(|effects| effects.cascade).max().unwrap_or_default();
    let created = || up.iter().flat_map(|effects| &effects.created);
    let is_created = |name: &str| created().any(|object| object.name == name);
    let is_moved =
        |name: &String| up.iter().chain(&down).any(|effects| effects.moved.contains(name));
    let owners = |object: &Object| -> Vec<String> {
        let mut owners: Vec<_> = object.owner.iter().cloned().collect();
        for attached in up.iter().flat_map(|effects| &effects.attached) {
            if attached.name == object.name {
                // A sequence has one owner, or none.
                owners.retain(|_| object.kind != Kind::Sequence);
                owners.extend(attached.owner.clone());
            }
        }
        owners
    };
    let is_recreated = |object: &Object| {
        let up = up.iter().flat_map(|effects| &effects.dropped);
        let down = down.iter().flat_map(|effects| &effects.created);
        up.chain(down).any(|other| other.name == object.name)
    };
    let is_certain = |object: &&Object| {
        object.is_new
            // What belongs to another new object is dropped or reported with it.
            && !owners(object).iter().any(|owner| is_created(owner) || is_moved(owner))
            && !is_moved(&object.name)
            && !is_recreated(object)
            && match cascade {
                Cascade::None => true,
                Cascade::Dependents => outlives_cascade(object.kind),
                Cascade::Everything => false,
            }
    };
    let dropped = || down.iter().flat_map(|effects| &effects.dropped);
    let definitions = || up.iter().flat_map(|effects| &effects.definitions);
    // An index on a partitioned table reuses the indexes of the partitions that have its definition.
    let may_be_reused = |object: &Object| {
        let is_own = |it: &&Definition| {
            it.kind == object.kind
                && it.name.as_ref() == Some(&object.name)
                && object.owner.as_ref() == Some(&it.table)
        };
        definitions().filter(is_own).any(|own| {
            let is_twin = |it: &&Definition| {
                it.kind == own.kind && it.table != own.table && it.words == own.words
            };
            definitions()
                .filter(is_twin)
                .any(|twin| dropped().any(|gone| may_drop(gone, twin, &is_created)))
        })
    };
    created()
        .filter(is_certain)
        .filter(|object| !dropped().any(|gone| drops_with(gone, object, &owners(object))))
        .filter(|object| !may_be_reused(object))
        .collect()
}

/// Whether dropping this object may drop an index or a constraint.
fn may_drop(gone: &Object, twin: &Definition, is_created: &dyn Fn(&str) -> bool) -> bool {
    let is_of_table = gone.owner.as_ref() == Some(&twin.table);
    match gone.kind {
        Kind::Table => gone.name == twin.table,
        Kind::Column => is_of_table,
        kind if kind == twin.kind => {
            let is_it = match &twin.name {
                Some(name) => gone.name == *name,
                None => !is_created(&gone.name),
            };
            is_it && (kind == Kind::Index || is_of_table)
        }
        _ => false,
    }
}

fn outlives_cascade(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Schema | Kind::Extension | Kind::Type)
}

/// Whether dropping this object drops another one.
fn drops_with(gone: &Object, object: &Object, owners: &[String]) -> bool {
    use Kind::{Column, Constraint, Index, Sequence, Trigger};
    let is_namesake = gone.name == object.name;
    let is_sibling = gone.owner.as_ref().is_some_and(|owner| owners.contains(owner));
    let is_part = owners.contains(&gone.name);
    match (gone.kind, object.kind) {
        // The column may be a part of it.
        (Column, Index | Constraint | Sequence | Trigger) => is_sibling,
        (Column | Constraint, kind) => gone.kind == kind && is_namesake && is_sibling,
        (_, Column | Constraint) => is_part,
        _ => is_namesake || is_part,
    }
}

impl Object {
    /// The statement that the down script lacks.
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

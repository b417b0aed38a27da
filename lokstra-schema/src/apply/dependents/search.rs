//! What needs an object or a column.

use crate::apply::Replay;
use crate::apply::table::columns::of_type;
use crate::catalog::{ConstraintKind, Dependency, Key, ObjectKind, Place, Relation, RelationKind};

/// Something that needs an object.
pub(super) enum Dependent {
    /// An object of its own: a view, a routine.
    Object(Key, String),
    /// A constraint of a table.
    Constraint(Key, String),
    /// A default of a column.
    Default(Key, String),
    /// A column, by its type.
    Column(Key, String),
    Policy(Key, String),
    Trigger(Key, String),
}

impl Dependent {
    pub(super) fn shown(&self) -> String {
        match self {
            Dependent::Object(key, kind) => format!("{kind} {}", key.shown()),
            Dependent::Constraint(key, name) => {
                format!("constraint {name} on table {}", key.shown())
            }
            Dependent::Default(key, name) => {
                format!("default value for column {name} of table {}", key.shown())
            }
            Dependent::Column(key, name) => format!("column {name} of table {}", key.shown()),
            Dependent::Policy(key, name) => format!("policy {name} on table {}", key.shown()),
            Dependent::Trigger(key, name) => format!("trigger {name} on table {}", key.shown()),
        }
    }
}

impl Replay<'_> {
    /// What needs an object or column for certain, but for what goes anyway.
    pub(super) fn dependents(
        &self,
        gone: Dependency,
        all: &[Dependency],
    ) -> Vec<(Dependent, Place)> {
        let mut found = Vec::new();
        let goes = |id: u32| all.iter().any(|it| it.id == id && it.column.is_none());
        for (key, object) in self.catalog.around(gone.id) {
            if goes(object.id) {
                continue;
            }
            match &object.kind {
                ObjectKind::Relation(relation) => {
                    self.of_relation(key, object.id, object.made, relation, gone, all, &mut found);
                }
                ObjectKind::Routines(routines) => {
                    for routine in routines {
                        if routine.uses.has(gone.id, gone.column) {
                            let dependent = Dependent::Object(key.clone(), routine.kind.to_owned());
                            found.push((dependent, routine.made));
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    #[expect(clippy::too_many_arguments, reason = "a loop's body")]
    fn of_relation(
        &self,
        key: &Key,
        id: u32,
        made: Place,
        relation: &Relation,
        gone: Dependency,
        all: &[Dependency],
        found: &mut Vec<(Dependent, Place)>,
    ) {
        let is_view = matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView);
        if is_view && relation.uses.has(gone.id, gone.column) {
            found.push((Dependent::Object(key.clone(), relation.kind.word().to_owned()), made));
        }
        let goes = |id: u32| all.iter().any(|it| it.id == id && it.column.is_none());
        if gone.column.is_none() && relation.parents.contains(&gone.id) && !relation.is_partition {
            found.push((Dependent::Object(key.clone(), relation.kind.word().to_owned()), made));
        }
        for constraint in &relation.constraints {
            let Some((target, columns)) = &constraint.target else { continue };
            let is_it = *target == gone.id
                && id != gone.id
                && gone.column.is_none_or(|column| columns.contains(&column));
            if is_it && constraint.kind == ConstraintKind::Foreign && !goes(id) {
                let name = constraint.name.clone().unwrap_or_else(|| "of a foreign key".to_owned());
                found.push((Dependent::Constraint(key.clone(), name), constraint.made));
            }
        }
        for column in &relation.columns {
            let is_own =
                id == gone.id && (gone.column.is_none() || gone.column == Some(column.number));
            let owns = |it: &Dependency| {
                self.owner_of(it.id) == Some(Dependency { id, column: Some(column.number) })
            };
            let needs = |it: &&Dependency| {
                it.id == gone.id && (gone.column.is_none() || it.column == gone.column) && !owns(it)
            };
            if is_own || !column.uses.certain.iter().any(|it| needs(&it)) {
                continue;
            }
            let by_type = of_type(&column.ty).is_some_and(|it| it.id == gone.id);
            let (key, name) = (key.clone(), column.name.clone());
            let dependent = match by_type {
                true => Dependent::Column(key, name),
                false if column.is_generated => Dependent::Column(key, name),
                false => Dependent::Default(key, name),
            };
            found.push((dependent, column.made));
        }
        for policy in relation.policies.iter().filter(|it| it.uses.has(gone.id, gone.column)) {
            if id != gone.id || gone.column.is_some() {
                found.push((Dependent::Policy(key.clone(), policy.name.clone()), policy.made));
            }
        }
        for trigger in relation.triggers.iter().filter(|it| it.uses.has(gone.id, gone.column)) {
            if id != gone.id || gone.column.is_some() {
                found.push((Dependent::Trigger(key.clone(), trigger.name.clone()), trigger.made));
            }
        }
    }

    /// The column that a sequence belongs to.
    fn owner_of(&self, id: u32) -> Option<Dependency> {
        self.catalog.by_id(id)?.1.relation()?.owner
    }
}

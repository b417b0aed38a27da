//! What needs what: who is in the way of a `DROP`, and what goes with it.

use lokstra_grammar::Node;

use super::Replay;
use super::report::Said;
use crate::catalog::{
    Class, Constraint, ConstraintKind, Dependency, Gone, Key, ObjectKind, Relation, RelationKind,
    Slot,
};

/// Something that needs an object.
enum Dependent {
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
    fn shown(&self) -> String {
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
    /// Lets an object or column go. False: something needs it, which is reported.
    pub(crate) fn release(
        &mut self,
        gone: Dependency,
        what: &str,
        is_cascade: bool,
        at: Node<'_>,
    ) -> bool {
        self.release_all(&[gone], what, is_cascade, at)
    }

    /// The same for objects that one statement drops together.
    pub(crate) fn release_all(
        &mut self,
        gone: &[Dependency],
        what: &str,
        is_cascade: bool,
        at: Node<'_>,
    ) -> bool {
        let dependents: Vec<_> = gone.iter().flat_map(|it| self.dependents(*it, gone)).collect();
        if is_cascade {
            for (dependent, _) in dependents {
                self.remove_dependent(dependent);
            }
            for it in gone {
                self.open_uncertain(it.id);
            }
        } else {
            if let Some((first, made)) = dependents.first() {
                let message = format!("cannot drop {what} because other objects depend on it");
                let note =
                    format!("{} depends on it, created in {}", first.shown(), self.line(*made));
                let more = dependents.len() - 1;
                let mut said = Said::new("dependent-objects", "2BP01", message).note(note);
                if more > 0 {
                    said = said.note(format!("and {more} more"));
                }
                let said = said.help(format!("drop {} first, or write CASCADE", first.shown()));
                self.say(at.range(), said);
                return false;
            }
        }
        // What belongs to it: indexes, sequences, partitions.
        for it in gone {
            self.remove_parts(*it);
        }
        true
    }

    /// What needs an object or column for certain, but for what goes anyway.
    fn dependents(
        &self,
        gone: Dependency,
        all: &[Dependency],
    ) -> Vec<(Dependent, crate::catalog::Place)> {
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
        made: crate::catalog::Place,
        relation: &Relation,
        gone: Dependency,
        all: &[Dependency],
        found: &mut Vec<(Dependent, crate::catalog::Place)>,
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
            let by_type = super::columns::of_type(&column.ty).is_some_and(|it| it.id == gone.id);
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

    fn remove_dependent(&mut self, dependent: Dependent) {
        match dependent {
            Dependent::Object(key, _) if key.class == Class::Routine => {
                self.catalog.open(key);
            }
            Dependent::Object(key, _) => self.remove_relation(&key),
            Dependent::Constraint(key, name) => {
                self.change(&key, |relation| {
                    relation.constraints.retain(|it| it.name.as_deref() != Some(name.as_str()));
                });
            }
            Dependent::Default(key, name) => {
                self.change(&key, |relation| {
                    if let Some(column) = relation.column_mut(&name) {
                        column.has_default = false;
                        let ty = super::columns::of_type(&column.ty);
                        column.uses.certain.clear();
                        column.uses.certain.extend(ty);
                    }
                });
            }
            // Its column goes with all that is about it.
            Dependent::Column(key, name) => self.remove_needed_column(&key, &name),
            Dependent::Policy(key, name) => {
                self.change(&key, |relation| relation.policies.retain(|it| it.name != name));
            }
            Dependent::Trigger(key, name) => {
                self.change(&key, |relation| relation.triggers.retain(|it| it.name != name));
            }
        }
    }

    /// A column that goes with its type or with what it is generated from.
    fn remove_needed_column(&mut self, key: &Key, name: &str) {
        let Some(relation) = self.at(key) else { return };
        let number = relation.column(name).map(|column| column.number);
        let (Some(number), Some(id)) = (number, self.id(key)) else { return };
        // A partition key takes its table with it.
        if relation.is_partitioned || !self.children(key).is_empty() {
            return self.catalog.open(key.clone());
        }
        let gone = Dependency { id, column: Some(number) };
        for (dependent, _) in self.dependents(gone, &[gone]) {
            self.remove_dependent(dependent);
        }
        self.open_uncertain(id);
        self.remove_column(key, number, name);
        self.remove_parts(gone);
    }

    /// A relation that goes, with all that needs it.
    fn remove_relation(&mut self, key: &Key) {
        let Some(id) = self.id(key) else { return };
        self.forget(key);
        let gone = Dependency { id, column: None };
        let dependents = self.dependents(gone, &[gone]);
        for (dependent, _) in dependents {
            self.remove_dependent(dependent);
        }
        self.open_uncertain(id);
        self.remove_parts(gone);
    }

    /// What may need an object that is dropped with CASCADE may be gone.
    pub(crate) fn open_uncertain(&mut self, _id: u32) {
        let is_open = |relation: &Relation| {
            relation.uses.is_open
                && matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView)
        };
        let keys = self.catalog.with_open_uses().filter(|(_, object)| match &object.kind {
            ObjectKind::Relation(relation) => is_open(relation),
            ObjectKind::Routines(routines) => routines.iter().any(|it| it.uses.is_open),
            _ => false,
        });
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.catalog.open(key);
        }
        let is_open = |relation: &Relation| {
            relation.columns.iter().any(|it| it.uses.is_open)
                || relation.policies.iter().any(|it| it.uses.is_open)
                || relation.triggers.iter().any(|it| it.uses.is_open)
        };
        let keys = self.catalog.with_open_uses();
        let keys = keys.filter(|(_, object)| object.relation().is_some_and(is_open));
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.open_relation(&key);
            self.change(&key, |relation| {
                relation.policies.retain(|it| !it.uses.is_open);
                relation.triggers.retain(|it| !it.uses.is_open);
            });
        }
    }

    /// A relation of which the parts are not known any more.
    pub(crate) fn open_relation(&mut self, key: &Key) {
        self.change(key, |relation| {
            relation.has_open_columns = true;
            relation.has_open_constraints = true;
            relation.columns.clear();
            relation.constraints.clear();
            for parts in [&mut relation.triggers, &mut relation.policies, &mut relation.rules] {
                parts.clear();
            }
        });
        self.open_prefixed(&key.schema, &key.name);
    }

    /// The indexes, sequences and partitions that go with a table or column.
    fn remove_parts(&mut self, gone: Dependency) {
        let belongs = |relation: &Relation| {
            let is_index = relation.index.as_ref().is_some_and(|index| {
                index.table == gone.id
                    && gone.column.is_none_or(|column| index.needs.contains(&column))
            });
            let is_owned = relation.owner.is_some_and(|owner| {
                owner.id == gone.id && (gone.column.is_none() || owner.column == gone.column)
            });
            let is_part = gone.column.is_none()
                && relation.is_partition
                && relation.parents.contains(&gone.id);
            is_index || is_owned || is_part
        };
        let may_belong = |relation: &Relation| {
            let index = relation.index.as_ref();
            gone.column.is_some() && index.is_some_and(|it| it.table == gone.id && it.is_open)
        };
        let (mut certain, mut open) = (Vec::new(), Vec::new());
        for (key, object, relation) in self.catalog.relations_around(gone.id) {
            if belongs(relation) {
                certain.push((key.clone(), object.id));
            } else if may_belong(relation) {
                open.push(key.clone());
            }
        }
        for (key, id) in certain {
            self.forget(&key);
            self.remove_parts(Dependency { id, column: None });
        }
        for key in open {
            self.catalog.open(key);
        }
    }

    /// A name that is dropped.
    pub(crate) fn forget(&mut self, key: &Key) {
        let gone = Gone { place: self.place, renamed: None };
        // An object that is open stays so: it may be another one.
        if !matches!(self.catalog.slot(key), Some(Slot::Open)) {
            self.catalog.set(key.clone(), Slot::Gone(gone.into()));
        }
    }

    /// Lets a primary key or unique constraint go. False: a foreign key needs it.
    pub(crate) fn release_key(
        &mut self,
        table: &Key,
        id: u32,
        key: &Constraint,
        is_cascade: bool,
        at: Node<'_>,
    ) -> bool {
        let Some(relation) = self.at(table) else { return true };
        let same = |columns: &[u32]| {
            columns.len() == key.columns.len() && columns.iter().all(|it| key.columns.contains(it))
        };
        let is_only = relation
            .constraints
            .iter()
            .filter(|it| matches!(it.kind, ConstraintKind::Primary | ConstraintKind::Unique))
            .filter(|it| same(&it.columns))
            .count()
            == 1;
        let has_other =
            self.catalog.relations_around(id).filter_map(|(_, _, it)| it.index.as_ref()).any(
                |it| {
                    let columns: Vec<_> = it.columns.iter().flatten().copied().collect();
                    it.table == id
                        && it.is_unique
                        && !it.is_constraint
                        && (it.is_open || same(&columns))
                },
            );
        if !is_only || has_other || relation.has_open_constraints || key.is_open {
            // Which of them a foreign key needs is not known.
            self.open_foreign_keys(id, is_cascade);
            return true;
        }
        let mut needing = Vec::new();
        for (other, _, relation) in self.catalog.relations_around(id) {
            for constraint in &relation.constraints {
                if let Some((target, columns)) = &constraint.target
                    && *target == id
                    && same(columns)
                {
                    needing.push((other.clone(), constraint.clone()));
                }
            }
        }
        if let Some((other, constraint)) = needing.first()
            && !is_cascade
        {
            let name = key.name.as_deref().unwrap_or_default();
            let foreign = constraint.name.as_deref().unwrap_or("of a foreign key");
            let message = format!(
                "cannot drop constraint {name} on table {} because other objects depend on it",
                table.shown()
            );
            let note = format!(
                "constraint {foreign} on table {} depends on it, created in {}",
                other.shown(),
                self.line(constraint.made)
            );
            let help = format!("drop constraint {foreign} first, or write CASCADE");
            self.say(
                at.range(),
                Said::new("dependent-objects", "2BP01", message).note(note).help(help),
            );
            return false;
        }
        for (other, constraint) in needing {
            self.change(&other, |relation| {
                relation.constraints.retain(|it| it.name != constraint.name || it.name.is_none());
            });
        }
        true
    }

    /// A column that is not known goes, with what may be about it.
    pub(crate) fn release_open_column(&mut self, table: &Key, is_cascade: bool) {
        let Some(id) = self.id(table) else { return };
        if is_cascade {
            self.open_uncertain(id);
        }
        self.open_foreign_keys(id, is_cascade);
        // No known column has this number.
        self.remove_parts(Dependency { id, column: Some(0) });
    }

    /// The foreign keys that point at a table may be gone.
    fn open_foreign_keys(&mut self, id: u32, is_cascade: bool) {
        if !is_cascade {
            return;
        }
        let points = |relation: &Relation| {
            relation
                .constraints
                .iter()
                .any(|it| it.target.as_ref().is_some_and(|(target, _)| *target == id))
        };
        let keys: Vec<_> = self
            .catalog
            .relations_around(id)
            .filter(|(_, _, it)| points(it))
            .map(|(key, ..)| key.clone())
            .collect();
        for key in keys {
            self.open_relation(&key);
        }
    }

    /// Reports a change of the type of a column that a view or generated column reads.
    pub(crate) fn check_type_change(
        &mut self,
        key: &Key,
        at: Node<'_>,
        column: Dependency,
        name: &str,
    ) {
        let views = self.catalog.relations_around(column.id).filter(|(_, _, it)| {
            matches!(it.kind, RelationKind::View | RelationKind::MaterializedView)
                && it.uses.has(column.id, column.column)
        });
        let Some((view, object, relation)) = views.into_iter().next() else { return };
        let message = "cannot alter type of a column used by a view or rule".to_owned();
        let note = format!(
            "{} {} reads column {name} of {}, created in {}",
            relation.kind.word(),
            view.shown(),
            key.shown(),
            self.line(object.made)
        );
        let help = format!(
            "drop {} {} first, and create it again after this statement",
            relation.kind.word(),
            view.shown()
        );
        self.say(
            at.range(),
            Said::new("dependent-objects", "0A000", message).note(note).help(help),
        );
    }
}

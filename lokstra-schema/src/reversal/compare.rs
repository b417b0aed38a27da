//! The model before an up script against the model behind its down script.

use super::{locate, statement_at};
use crate::apply::Replay;
use crate::catalog::{
    Base, Class, Column, Constraint, ConstraintKind, Gone, Key, Mark, Object, ObjectKind, Place,
    Relation, RelationKind, Routine, Slot, Trigger, Type, TypeKind,
};
use crate::input::StartsFrom;

/// Something that is not as it was.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) what: What,
    /// The object, or the table that it belongs to, by the name that it has behind the down script.
    pub(super) key: Key,
    pub(super) how: How,
    /// The statement that made, changed or dropped it.
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// A kind, as `DROP` names it.
    Object(&'static str),
    Column(String),
    Constraint(String),
    /// A trigger, policy or rule.
    Part(&'static str, String),
    /// With the types of its arguments, if they are known.
    Routine(&'static str, Option<String>),
}

#[derive(Clone, Debug)]
pub(super) enum How {
    Left,
    Missing,
    /// It is called so.
    Renamed(String),
    /// The type that it had.
    Retyped(&'static str),
    /// Whether it accepts no NULL.
    Nullability(bool),
    /// It has other columns.
    Changed,
}

/// What is not as it was, as far as it is certain; and whether everything is as it was, for certain.
pub(super) fn differences(replay: &Replay<'_>, before: Mark, up: usize) -> (Vec<Difference>, bool) {
    let touched = replay.catalog.touched(before);
    let known = |slot: Option<&Slot>| match slot {
        Some(Slot::Known(object)) => Some(object.clone()),
        _ => None,
    };
    let pairs: Vec<_> = touched
        .into_iter()
        .filter(|(key, _)| !matches!(key.class, Class::Any | Class::Everything))
        .map(|(key, was)| (key, was, replay.catalog.slot(key)))
        .collect();
    let old: Vec<u32> = pairs.iter().filter_map(|(_, was, _)| Some(known(*was)?.id)).collect();
    let new: Vec<u32> = pairs.iter().filter_map(|(.., now)| Some(known(*now)?.id)).collect();
    let mut found =
        Comparison { replay, up, old: &old, new: &new, found: Vec::new(), is_same: true };
    for (key, was, now) in &pairs {
        if matches!(was, Some(Slot::Open)) || matches!(now, Some(Slot::Open)) {
            found.is_same &= matches!((was, now), (Some(Slot::Open), Some(Slot::Open)));
            continue;
        }
        match (known(*was), known(*now)) {
            (Some(was), Some(now)) => found.object(key, &was, &now),
            (None, Some(now)) => found.left(key, &now),
            (Some(was), None) => found.missing(key, &was, *now),
            (None, None) => {}
        }
    }
    (found.found, found.is_same)
}

struct Comparison<'r, 's> {
    replay: &'r Replay<'s>,
    up: usize,
    /// The numbers of the objects that were there, and of those that are.
    old: &'r [u32],
    new: &'r [u32],
    found: Vec<Difference>,
    is_same: bool,
}

impl Comparison<'_, '_> {
    fn add(&mut self, what: What, key: &Key, how: How, place: Place) {
        self.is_same = false;
        self.found.push(Difference { what, key: key.clone(), how, place });
    }

    /// The numbers of the objects that were not there.
    fn created(&self) -> Vec<u32> {
        self.new.iter().copied().filter(|id| !self.old.contains(id)).collect()
    }

    /// The statement of the up script that has these words, or as many of the first ones as one has.
    fn statement_with(&self, words: &[&str]) -> Place {
        let script = &self.replay.scripts[self.up];
        let has = |text: &str, words: &[&str]| {
            let lower = text.to_ascii_lowercase();
            words.iter().all(|word| lower.contains(&word.to_ascii_lowercase()))
        };
        let found = (0..=words.len()).rev().find_map(|count| {
            let words = &words[..count];
            script.statements.iter().find(|range| has(&script.sql[(*range).clone()], words))
        });
        Place { script: self.up, offset: found.map_or(0, |range| range.start) }
    }

    /// Whether an object goes or comes with another one, or by a name that no statement has.
    fn is_part(&self, object: &Object, key: &Key, others: &[u32]) -> bool {
        match &object.kind {
            ObjectKind::Relation(relation) => {
                let is_of_other = relation
                    .index
                    .as_ref()
                    .is_some_and(|it| it.is_constraint || it.is_open || others.contains(&it.table));
                is_of_other
                    || relation.owner.is_some()
                    || relation.parents.iter().any(|it| others.contains(it))
            }
            // Such as the multirange of a range.
            ObjectKind::Type(_) | ObjectKind::Routines(_) => {
                locate(self.replay, object.made, &key.name).is_empty()
            }
            ObjectKind::Other => false,
        }
    }

    /// Whether the statement that made an object may have found it.
    fn may_be_older(&self, key: &Key, made: Place) -> bool {
        let text = statement_at(self.replay, made).to_ascii_lowercase();
        let words: Vec<_> = text.split_whitespace().take(6).collect();
        let has = |some: &[&str]| words.windows(some.len()).any(|it| it == some);
        let is_tolerant = has(&["if", "not", "exists"]) || has(&["or", "replace"]);
        let is_shared = matches!(key.class, Class::Schema | Class::Extension);
        let catalog = &self.replay.catalog;
        // Another program, or a statement that is not followed, may have made it.
        let is_known = self.replay.options.starts_from == StartsFrom::Empty
            || catalog.known(&Key::new(Class::Schema, "", &key.schema)).is_some();
        is_tolerant && (is_shared || !is_known || catalog.is_open_name(&key.name))
    }

    fn left(&mut self, key: &Key, object: &Object) {
        self.is_same = false;
        if self.old.contains(&object.id)
            || self.is_part(object, key, &self.created())
            || key.schema == crate::catalog::TEMPORARY
            || self.may_be_older(key, object.made)
        {
            return;
        }
        if let ObjectKind::Routines(routines) = &object.kind {
            for routine in routines {
                self.routine(key, routine, How::Left, routine.made);
            }
            return;
        }
        if let Some(what) = what(key, object) {
            self.add(what, key, How::Left, object.made);
        }
    }

    fn missing(&mut self, key: &Key, object: &Object, now: Option<&Slot>) {
        self.is_same = false;
        if self.is_part(object, key, self.gone_tables(object).as_slice())
            || key.schema == crate::catalog::TEMPORARY
        {
            return;
        }
        let Some(Slot::Gone(gone)) = now else { return };
        if self.new.contains(&object.id) {
            let Gone { renamed: Some(renamed), place } = &**gone else { return };
            if let Some(what) = what(key, object) {
                self.add(what, key, How::Renamed(renamed.clone()), *place);
            }
            return;
        }
        if let ObjectKind::Routines(routines) = &object.kind {
            for routine in routines {
                self.routine(key, routine, How::Missing, gone.place);
            }
            return;
        }
        if let Some(what) = what(key, object) {
            self.add(what, key, How::Missing, gone.place);
        }
    }

    /// The tables of an index or partition that are gone as well.
    fn gone_tables(&self, object: &Object) -> Vec<u32> {
        let Some(relation) = object.relation() else { return Vec::new() };
        let tables = relation.index.iter().map(|it| it.table);
        let tables = tables.chain(relation.parents.iter().copied());
        tables.filter(|id| self.replay.catalog.by_id(*id).is_none()).collect()
    }

    fn routine(&mut self, key: &Key, routine: &Routine, how: How, place: Place) {
        let arguments = routine.arguments.as_ref().and_then(|types| {
            let names: Option<Vec<_>> = types.iter().map(type_name).collect();
            Some(names?.join(", "))
        });
        self.add(What::Routine(routine.kind, arguments), key, how, place);
    }

    fn object(&mut self, key: &Key, was: &Object, now: &Object) {
        match (&was.kind, &now.kind) {
            (ObjectKind::Relation(was), ObjectKind::Relation(now)) => {
                self.relation(key, was, now);
            }
            (ObjectKind::Routines(was), ObjectKind::Routines(now)) => {
                self.routines(key, was, now);
            }
            (ObjectKind::Type(TypeKind::Enum(was)), ObjectKind::Type(TypeKind::Enum(now))) => {
                // PostgreSQL has no statement that drops a label.
                self.is_same &= was.is_some() && was == now;
            }
            (ObjectKind::Other, ObjectKind::Other) => {}
            _ => self.is_same = false,
        }
    }

    fn routines(&mut self, key: &Key, was: &[Routine], now: &[Routine]) {
        let all = || was.iter().chain(now);
        if all().any(|it| it.arguments.is_none()) {
            self.is_same = false;
            return;
        }
        let has = |list: &[Routine], wanted: &Routine| {
            list.iter().any(|it| it.arguments == wanted.arguments)
        };
        for routine in now.iter().filter(|it| !has(was, it)) {
            self.routine(key, routine, How::Left, routine.made);
        }
        for routine in was.iter().filter(|it| !has(now, it)) {
            self.routine(key, routine, How::Missing, self.statement_with(&[&key.name, "drop"]));
        }
    }

    fn relation(&mut self, key: &Key, was: &Relation, now: &Relation) {
        let is_open = |it: &Relation| it.has_open_columns || !it.reported.is_empty();
        if was.kind != now.kind {
            self.is_same = false;
            return;
        }
        self.is_same &= !is_open(was) && !is_open(now);
        self.is_same &= !was.has_open_constraints && !now.has_open_constraints;
        if !is_open(was) && !is_open(now) {
            self.columns(key, was, now);
        }
        if !was.has_open_constraints && !now.has_open_constraints {
            self.constraints(key, was, now);
            for (word, was, now) in [
                ("trigger", &was.triggers, &now.triggers),
                ("policy", &was.policies, &now.policies),
                ("rule", &was.rules, &now.rules),
            ] {
                self.parts(word, key, was, now);
            }
        }
    }

    fn columns(&mut self, key: &Key, was: &Relation, now: &Relation) {
        let is_view = matches!(now.kind, RelationKind::View | RelationKind::MaterializedView);
        let place =
            |name: &str| match self.replay.catalog.slot(&Key::new(Class::Any, &key.name, name)) {
                Some(Slot::Gone(gone)) if gone.place.script == self.up => gone.place,
                _ => Place { script: self.up, offset: 0 },
            };
        let mut found = Vec::new();
        for column in now.columns.iter().filter(|it| was.column(&it.name).is_none()) {
            found.push((column.name.clone(), How::Left, column.made));
        }
        for column in &was.columns {
            match now.column(&column.name) {
                None => {
                    let renamed = now.number(column.number).filter(|it| it.made == column.made);
                    match renamed.filter(|it| was.column(&it.name).is_none()) {
                        Some(renamed) => {
                            found.retain(|(name, ..)| *name != renamed.name);
                            found.push((
                                column.name.clone(),
                                How::Renamed(renamed.name.clone()),
                                place(&column.name),
                            ));
                        }
                        None => {
                            found.push((column.name.clone(), How::Missing, place(&column.name)));
                        }
                    }
                }
                Some(now_column) => {
                    let at = |word| self.statement_with(&[&key.name, &column.name, word]);
                    if let Some(had) = retyped(column, now_column) {
                        found.push((column.name.clone(), How::Retyped(had), at("type")));
                    }
                    let is_key = |number: u32, relation: &Relation| {
                        relation.constraints.iter().any(|it| {
                            it.kind == ConstraintKind::Primary && it.columns.contains(&number)
                        })
                    };
                    let is_free = !is_key(column.number, was) && !is_key(now_column.number, now);
                    if column.is_not_null != now_column.is_not_null && is_free {
                        let how = How::Nullability(now_column.is_not_null);
                        found.push((column.name.clone(), how, at("not null")));
                    }
                    self.is_same &= column.has_default == now_column.has_default
                        && column.is_not_null == now_column.is_not_null
                        && column.ty == now_column.ty;
                }
            }
        }
        // A view with other columns is another view.
        if let Some((.., place)) = found.first().filter(|_| is_view) {
            return self.add(What::Object(now.kind.word()), key, How::Changed, *place);
        }
        for (name, how, place) in found {
            self.add(What::Column(name), key, how, place);
        }
    }

    fn constraints(&mut self, key: &Key, was: &Relation, now: &Relation) {
        let is_named = |it: &&Constraint| it.kind != ConstraintKind::NotNull;
        let has = |list: &[Constraint], wanted: &Constraint| {
            list.iter().any(|it| it.name == wanted.name && it.name.is_some())
        };
        // It comes and goes with a column.
        let has_columns = |it: &&Constraint, of: &Relation, other: &Relation| {
            let mut columns = it.columns.iter().filter_map(|number| of.number(*number));
            columns.all(|column| other.column(&column.name).is_some())
        };
        let left = now.constraints.iter().filter(is_named);
        let left = left.filter(|it| !has(&was.constraints, it) && has_columns(it, now, was));
        let left = left.map(|it| (it.name.clone(), How::Left, it.made));
        let missing = was.constraints.iter().filter(is_named);
        let missing = missing.filter(|it| !has(&now.constraints, it));
        self.is_same &= missing.clone().next().is_none();
        let missing = missing.filter(|it| has_columns(it, was, now)).map(|it| {
            let name = it.name.as_deref().unwrap_or_default();
            (it.name.clone(), How::Missing, self.statement_with(&[&key.name, name]))
        });
        let found: Vec<_> = left.chain(missing).collect();
        for (name, how, place) in found {
            match name {
                Some(name) => self.add(What::Constraint(name), key, how, place),
                None => self.is_same = false,
            }
        }
    }

    fn parts(&mut self, word: &'static str, key: &Key, was: &[Trigger], now: &[Trigger]) {
        let has = |list: &[Trigger], wanted: &Trigger| list.iter().any(|it| it.name == wanted.name);
        for part in now.iter().filter(|it| !has(was, it)) {
            self.add(What::Part(word, part.name.clone()), key, How::Left, part.made);
        }
        for part in was.iter().filter(|it| !has(now, it)) {
            let place = self.statement_with(&[&part.name, &key.name]);
            self.add(What::Part(word, part.name.clone()), key, How::Missing, place);
        }
    }
}

/// The type that a column had, if it has another one for certain.
fn retyped(was: &Column, now: &Column) -> Option<&'static str> {
    match (&was.ty.base, &now.ty.base) {
        (Base::BuiltIn(one), Base::BuiltIn(two)) if one != two && !was.ty.is_array => Some(one),
        _ => None,
    }
}

/// What `DROP` calls an object; `None` for one of which only the name is known.
fn what(key: &Key, object: &Object) -> Option<What> {
    Some(What::Object(match (&object.kind, key.class) {
        (ObjectKind::Relation(relation), _) => relation.kind.word(),
        (ObjectKind::Type(TypeKind::Domain(_)), _) => "domain",
        (ObjectKind::Type(_), _) => "type",
        (ObjectKind::Other, Class::Schema) => "schema",
        (ObjectKind::Other, Class::Extension) => "extension",
        (ObjectKind::Routines(_) | ObjectKind::Other, _) => return None,
    }))
}

fn type_name(ty: &Type) -> Option<String> {
    let name = match &ty.base {
        Base::BuiltIn(name) => (*name).to_owned(),
        Base::Made(_, name) => name.to_string(),
        Base::Open => return None,
    };
    Some(if ty.is_array { format!("{name}[]") } else { name })
}

//! From the model of the catalog to plain data.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::{Column, Constraint, Doubt, Index, Item, NotFollowed, Opened, Relation, Schema, Seen};
use crate::apply::{NotFollowed as NotFollowedIn, Replay, words};
use crate::catalog::{
    self, Base, Class, ConstraintKind, Key, ObjectKind, Place, RelationKind, Routine, Slot,
    TEMPORARY, Type, TypeKind,
};
use crate::names::fold;

/// What PostgreSQL calls its types in SQL, where that is not their name in the catalog.
const WORDS: [(&str, &str); 9] = [
    ("bool", "boolean"),
    ("bpchar", "char"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("char", "\"char\""),
    ("varbit", "bit varying"),
];

impl Schema {
    pub(super) fn of(replay: &Replay<'_>) -> Schema {
        let opened = replay.not_followed.iter().filter(|it| is_shown(replay, it));
        let opened: Vec<_> = opened.map(|it| opened_by(replay, it)).collect();
        let seen = seen(replay);
        let tables: HashMap<u32, &Seen> = seen.iter().map(|it| (it.object.id, it)).collect();
        let reader = Reader { tables, opened };
        let mut schema = Schema {
            not_followed: reader.opened.iter().map(|it| it.statement.clone()).collect(),
            ..Schema::default()
        };
        for it in &seen {
            reader.add(&mut schema, it);
        }
        reader.add_indexes(&mut schema, &seen);
        for key in unseen(replay, &seen) {
            let (list, kind) = match key.class {
                Class::Schema => (&mut schema.schemas, "schema"),
                Class::Type => (&mut schema.types, "type"),
                _ => (&mut schema.functions, "function"),
            };
            let is_open = key.class != Class::Schema;
            list.push(Item { kind, name: key.shown().to_string(), detail: None, is_open });
        }
        for list in [&mut schema.types, &mut schema.functions, &mut schema.schemas] {
            list.sort_by(|a, b| a.name.cmp(&b.name));
        }
        for list in [&mut schema.tables, &mut schema.views] {
            list.sort_by(|a, b| a.name.cmp(&b.name));
        }
        schema
    }
}

/// The objects that are known, and those that were when something that is not followed could change them.
fn seen(replay: &Replay<'_>) -> Vec<Seen> {
    let mut before: BTreeMap<&Key, &Slot> = BTreeMap::new();
    for (key, slot) in replay.catalog.changes() {
        if let Some(slot @ (Slot::Known(_) | Slot::Gone(_))) = slot {
            before.insert(key, slot);
        }
    }
    let fates = fates(replay);
    let slots = replay.catalog.slots().filter(|(key, _)| key.schema != TEMPORARY);
    let seen = slots.filter_map(|(key, slot)| {
        let is_open = matches!(slot, Slot::Open);
        let slot = if is_open { before.get(key)? } else { slot };
        let Slot::Known(object) = slot else { return None };
        let mut key = key.clone();
        if is_open {
            key.name = name_since(&fates, object.made, &key)?;
            if replay.catalog.known(&key).is_some() {
                return None;
            }
        }
        Some(Seen { key, object: Rc::clone(object), is_open })
    });
    seen.collect()
}

/// What a statement does to names, whether the model knows their objects or not.
enum Fate {
    Dropped(Class, Vec<String>),
    Renamed(Class, String, String),
}

/// The statements so far that drop or rename something.
fn fates(replay: &Replay<'_>) -> Vec<(Place, Fate)> {
    let scripts = replay.scripts.iter().enumerate().take(replay.place.script + 1);
    let statements = scripts.filter(|(_, it)| it.is_followed).flat_map(|(nth, script)| {
        let statements = script.statements.iter();
        statements.map(move |it| (Place { script: nth, offset: it.start }, &script.sql[it.clone()]))
    });
    let fates = statements.filter_map(|(place, sql)| {
        let parts: Vec<&str> = sql.split_whitespace().collect();
        let is_drop = parts.first()?.eq_ignore_ascii_case("drop");
        if !is_drop && !parts[0].eq_ignore_ascii_case("alter") {
            return None;
        }
        let class = match parts.get(1)?.to_ascii_lowercase().as_str() {
            "table" | "view" | "materialized" | "foreign" | "sequence" | "index" => Class::Relation,
            "type" | "domain" => Class::Type,
            "function" | "procedure" | "routine" | "aggregate" => Class::Routine,
            "schema" => Class::Schema,
            _ => return None,
        };
        if is_drop {
            return Some((place, Fate::Dropped(class, words(sql))));
        }
        let at = parts.windows(2).position(|it| {
            it[0].eq_ignore_ascii_case("rename") && it[1].eq_ignore_ascii_case("to")
        })?;
        let name = |part: &str| fold(part.rsplit('.').next()?);
        let renamed =
            Fate::Renamed(class, name(parts[at.checked_sub(1)?])?, name(parts.get(at + 2)?)?);
        Some((place, renamed))
    });
    fates.collect()
}

/// The name of an object since it was made; `None` if it was dropped.
fn name_since(fates: &[(Place, Fate)], made: Place, key: &Key) -> Option<String> {
    let mut name = key.name.clone();
    let is_later = |place: &Place| (place.script, place.offset) > (made.script, made.offset);
    for (_, fate) in fates.iter().filter(|(place, _)| is_later(place)) {
        match fate {
            Fate::Dropped(class, names) if *class == key.class && names.contains(&name) => {
                return None;
            }
            Fate::Renamed(class, old, new) if *class == key.class && *old == name => {
                name.clone_from(new);
            }
            _ => {}
        }
    }
    Some(name)
}

/// The names of types, routines and schemas that a script makes or requires, of which no more is known.
fn unseen(replay: &Replay<'_>, seen: &[Seen]) -> Vec<Key> {
    let known: BTreeSet<_> = seen.iter().map(|it| &it.key).collect();
    let slots = replay.catalog.slots().filter(|(key, slot)| {
        matches!(slot, Slot::Open)
            && matches!(key.class, Class::Schema | Class::Type | Class::Routine)
            && key.schema != TEMPORARY
            && !known.contains(key)
    });
    let dropped: BTreeSet<_> = replay
        .catalog
        .changes()
        .iter()
        .filter(|(_, before)| matches!(before, Some(Slot::Gone(_))))
        .map(|(key, _)| key)
        .collect();
    slots.map(|(key, _)| key.clone()).filter(|key| !dropped.contains(&key)).collect()
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
fn is_shown(replay: &Replay<'_>, (place, opens): &NotFollowedIn) -> bool {
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

fn opened_by(replay: &Replay<'_>, (place, opens): &NotFollowedIn) -> Opened {
    let script = &replay.scripts[place.script];
    let line = script.sql[..place.offset].matches('\n').count() + 1;
    let what = match script.is_followed {
        true => what(&script.sql[place.offset..]),
        false => "the script, which is not parsed".to_owned(),
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

struct Reader<'s> {
    /// By their numbers.
    tables: HashMap<u32, &'s Seen>,
    opened: Vec<Opened>,
}

impl Reader<'_> {
    fn add(&self, schema: &mut Schema, seen: &Seen) {
        let name = seen.key.shown().to_string();
        let is_open = seen.is_open;
        match &seen.object.kind {
            ObjectKind::Relation(relation) => match relation.kind {
                RelationKind::Table | RelationKind::ForeignTable => {
                    schema.tables.push(self.relation(seen, relation));
                }
                RelationKind::View | RelationKind::MaterializedView => {
                    schema.views.push(self.relation(seen, relation));
                }
                RelationKind::Sequence if relation.owner.is_none() => {
                    schema.sequences.push(Item { kind: "sequence", name, detail: None, is_open });
                }
                RelationKind::Sequence | RelationKind::Index => {}
            },
            ObjectKind::Type(kind) => {
                let (kind, detail) = match kind {
                    TypeKind::Enum(labels) => {
                        ("enum", labels.as_ref().map(|labels| labels.join(", ")))
                    }
                    TypeKind::Domain(of) => ("domain", self.type_name(of)),
                    TypeKind::Other => ("type", None),
                };
                schema.types.push(Item { kind, name, detail, is_open });
            }
            ObjectKind::Routines(routines) => {
                let items = routines.iter().map(|it| self.routine(&name, it, is_open));
                schema.functions.extend(items);
            }
            ObjectKind::Other => {
                let (list, kind) = match seen.key.class {
                    Class::Schema => (&mut schema.schemas, "schema"),
                    Class::Extension => (&mut schema.extensions, "extension"),
                    _ => return,
                };
                list.push(Item { kind, name, detail: None, is_open });
            }
        }
    }

    fn routine(&self, name: &str, routine: &Routine, is_open: bool) -> Item {
        let arguments = match &routine.arguments {
            Some(types) => {
                let types = types.iter().map(|ty| self.type_name(ty).unwrap_or("?".to_owned()));
                types.collect::<Vec<_>>().join(", ")
            }
            None if routine.most == 0 => String::new(),
            None => "…".to_owned(),
        };
        let detail = routine.returns.as_ref().and_then(|ty| self.type_name(ty));
        Item { kind: routine.kind, name: format!("{name}({arguments})"), detail, is_open }
    }

    fn relation(&self, seen: &Seen, relation: &catalog::Relation) -> Relation {
        let named = |numbers: &[u32]| -> Vec<String> {
            numbers.iter().filter_map(|it| relation.number(*it)).map(|it| it.name.clone()).collect()
        };
        let constraints = relation.constraints.iter().filter_map(|it| {
            let kind = match it.kind {
                ConstraintKind::Primary => "primary key",
                ConstraintKind::Unique => "unique",
                ConstraintKind::Check => "check",
                ConstraintKind::Foreign => "foreign key",
                ConstraintKind::Exclude => "exclusion",
                ConstraintKind::NotNull => return None,
            };
            Some(Constraint {
                name: it.name.clone(),
                kind,
                columns: named(&it.columns),
                target: it.target.as_ref().and_then(|(id, columns)| self.target(*id, columns)),
                is_open: it.is_open,
            })
        });
        let columns = relation.columns.iter().map(|it| Column {
            number: it.number,
            name: it.name.clone(),
            ty: self.type_name(&it.ty),
            is_not_null: it.is_not_null,
            generated: match () {
                () if it.is_identity => Some("identity"),
                () if it.is_generated => Some("generated"),
                () => None,
            },
        });
        let parts = [
            ("trigger", &relation.triggers),
            ("policy", &relation.policies),
            ("rule", &relation.rules),
        ];
        let attached = parts.into_iter().flat_map(|(kind, list)| {
            list.iter().map(move |it| Item {
                kind,
                name: it.name.clone(),
                detail: None,
                is_open: false,
            })
        });
        let parents = relation.parents.iter().filter_map(|id| self.tables.get(id));
        Relation {
            id: seen.object.id,
            name: seen.key.shown().to_string(),
            kind: relation.kind.word(),
            columns: columns.collect(),
            constraints: constraints.collect(),
            indexes: Vec::new(),
            attached: attached.collect(),
            parents: parents.map(|it| it.key.shown().to_string()).collect(),
            is_partition: relation.is_partition,
            is_partitioned: relation.is_partitioned,
            has_open_columns: relation.has_open_columns,
            has_open_constraints: relation.has_open_constraints,
            doubt: seen.is_open.then(|| self.doubt(&seen.key)),
        }
    }

    fn target(&self, id: u32, columns: &[u32]) -> Option<(String, Vec<String>)> {
        let seen = self.tables.get(&id)?;
        let relation = seen.object.relation()?;
        let columns = columns.iter().filter_map(|it| relation.number(*it));
        let columns = columns.map(|it| it.name.clone()).collect();
        Some((seen.key.shown().to_string(), columns))
    }

    fn doubt(&self, key: &Key) -> Doubt {
        let concerns = |it: &&Opened| it.is_everything || it.names.contains(&key.name);
        let last = self.opened.iter().rev().find(concerns);
        Doubt { statement: last.map(|it| it.statement.clone()) }
    }

    fn add_indexes(&self, schema: &mut Schema, seen: &[Seen]) {
        let places = schema.tables.iter().map(|it| it.id).zip(0..);
        let places: HashMap<u32, usize> = places.collect();
        for it in seen {
            let Some(index) = it.object.relation().and_then(|it| it.index.as_ref()) else {
                continue;
            };
            let Some(table) = self.tables.get(&index.table).and_then(|it| it.object.relation())
            else {
                continue;
            };
            let column = |number: &Option<u32>| Some(table.number((*number)?)?.name.clone());
            let index_of = Index {
                name: it.key.shown().to_string(),
                columns: index.columns.iter().map(column).collect(),
                is_unique: index.is_unique,
                is_partial: index.is_partial,
                is_open: index.is_open || it.is_open,
            };
            if index.is_constraint {
                continue;
            }
            if let Some(&place) = places.get(&index.table) {
                schema.tables[place].indexes.push(index_of);
            } else {
                let view = schema.views.iter_mut().find(|view| view.id == index.table);
                if let Some(view) = view {
                    view.indexes.push(index_of);
                }
            }
        }
    }

    fn type_name(&self, ty: &Type) -> Option<String> {
        let name = match &ty.base {
            Base::BuiltIn(name) => {
                let word = WORDS.iter().find(|(known, _)| known == name);
                word.map_or(*name, |(_, word)| word).to_owned()
            }
            // It may have another name since.
            Base::Made(id, name) => {
                self.tables.get(id).map_or(name.to_string(), |it| it.key.shown().to_string())
            }
            Base::Open => return None,
        };
        Some(if ty.is_array { name + "[]" } else { name })
    }
}

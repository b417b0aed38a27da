//! The objects that are known, and those that were until a statement that is not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::apply::{Replay, words};
use crate::catalog::{Class, Key, Object, Place, Slot, TEMPORARY};
use crate::names::fold;

/// An object, and whether it may be different now.
pub(super) struct Seen {
    pub(super) key: Key,
    pub(super) object: Rc<Object>,
    pub(super) is_open: bool,
}

/// The objects that are known, and those that were when something that is not followed could change them.
pub(super) fn seen(replay: &Replay<'_>) -> Vec<Seen> {
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
pub(super) fn unseen(replay: &Replay<'_>, seen: &[Seen]) -> Vec<Key> {
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

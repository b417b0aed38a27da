//! What the scripts before one have made, read when a rule first asks for it.

use std::cell::OnceCell;
use std::collections::HashSet;

use lokstra_grammar::SyntaxTree;

use super::not_null::Checks;
use super::objects::{Effects, Kind};
use super::tree::{SYMBOLS, commands, statement};
use crate::parse::script::Script;

/// The scripts before one.
#[derive(Default)]
pub(super) struct History<'a> {
    /// With the effects of their statements, where they are known.
    scripts: Vec<(&'a Script, OnceCell<Vec<Effects>>)>,
    /// What the first scripts have made, and how many were read for it.
    names: (Names, usize),
    checks: (Checks, usize),
}

impl<'a> History<'a> {
    pub(super) fn push(&mut self, script: &'a Script, effects: Vec<Effects>) {
        self.scripts.push((script, OnceCell::from(effects)));
    }

    /// Adds a script that is read when a rule asks for it.
    pub(super) fn push_unread(&mut self, script: &'a Script) {
        self.scripts.push((script, OnceCell::new()));
    }

    /// The tables that there are.
    pub(super) fn names(&mut self) -> &Names {
        let (names, read) = &mut self.names;
        for (script, effects) in &self.scripts[*read..] {
            for effects in read_once(script, effects) {
                names.follow(effects);
            }
        }
        *read = self.scripts.len();
        names
    }

    /// The checks that there are.
    pub(super) fn checks(&mut self) -> &Checks {
        let (checks, read) = &mut self.checks;
        for (script, effects) in &self.scripts[*read..] {
            for (range, effects) in script.statements.iter().zip(read_once(script, effects)) {
                checks.forget(effects);
                let text = &script.text[range.clone()];
                if effects.may_be_hazard && text.to_ascii_lowercase().contains("constraint") {
                    follow(checks, text);
                }
            }
            checks.end_script();
        }
        *read = self.scripts.len();
        checks
    }
}

fn read_once<'e>(script: &Script, effects: &'e OnceCell<Vec<Effects>>) -> &'e [Effects] {
    effects.get_or_init(|| Effects::of_script(script))
}

fn follow(checks: &mut Checks, text: &str) {
    let tree = SyntaxTree::parse(text, &SYMBOLS);
    if let Some((table, commands)) = tree.as_ref().and_then(statement).and_then(commands) {
        for command in commands {
            checks.follow(&table, command);
        }
    }
}

/// The tables that there are for certain, and those that were created with `PARTITION BY`.
#[derive(Clone, Default)]
pub(super) struct Names {
    pub(super) tables: HashSet<String>,
    pub(super) partitioned: HashSet<String>,
}

impl Names {
    /// Follows a statement.
    pub(super) fn follow(&mut self, effects: &Effects) {
        for object in effects.dropped.iter().filter(|object| object.kind == Kind::Table) {
            self.tables.remove(&object.name);
            self.partitioned.remove(&object.name);
        }
        for table in effects.created.iter().filter(|object| object.kind == Kind::Table) {
            if self.tables.insert(table.name.clone()) || !table.if_not_exists {
                self.partitioned.remove(&table.name);
            }
        }
        self.partitioned.extend(effects.partitioned.clone());
        if let Some((from, to)) = &effects.renamed {
            for names in [&mut self.tables, &mut self.partitioned] {
                if names.remove(from) {
                    names.insert(to.clone());
                }
            }
        }
    }
}

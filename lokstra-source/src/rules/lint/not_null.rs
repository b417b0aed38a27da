//! The checks with which `SET NOT NULL` reads no row: `CHECK (email IS NOT NULL)`.

use lokstra_grammar::Node;

use super::alter_table::is_unchecked;
use super::objects::{Effects, Kind};
use super::tree::{begins, contains, last_name, word};

/// The constraints that scripts have added to tables.
#[derive(Debug, Default)]
pub(super) struct Checks {
    known: Vec<Check>,
    /// Tables of which a constraint was validated that these scripts do not add.
    validated: Vec<String>,
}

#[derive(Debug)]
struct Check {
    table: String,
    name: String,
    /// The column that it says is not null.
    column: Option<String>,
    is_valid: bool,
}

impl Checks {
    /// Follows a command of `ALTER TABLE`, and returns whether it validates what was added before.
    pub(super) fn follow(&mut self, table: &str, command: Node<'_>) -> bool {
        if let Some(constraint) = command.child("TableConstraint") {
            let name = constraint.child("name").map(last_name);
            if let (Some(name), Some(definition)) = (name, constraint.child("ConstraintElem")) {
                let column = not_null_column(definition);
                let is_valid = !is_unchecked(definition);
                self.known.push(Check { table: table.to_owned(), name, column, is_valid });
            }
            return false;
        }
        let Some(name) = command.child("name").map(last_name) else { return false };
        let is_it = |check: &Check| check.table == table && check.name == name;
        if begins(command, "drop constraint") {
            self.known.retain(|check| !is_it(check));
        } else if begins(command, "validate constraint") {
            match self.known.iter_mut().find(|check| is_it(check)) {
                Some(check) => return !std::mem::replace(&mut check.is_valid, true),
                None => self.validated.push(table.to_owned()),
            }
        }
        false
    }

    /// Forgets what was validated and is not known: it is trusted in its script.
    pub(super) fn end_script(&mut self) {
        self.validated.clear();
    }

    /// Forgets the checks of tables that are dropped or renamed.
    pub(super) fn forget(&mut self, effects: &Effects) {
        let dropped = effects.dropped.iter().filter(|object| object.kind == Kind::Table);
        let renamed = effects.renamed.iter().map(|(from, _)| from);
        for name in dropped.map(|object| &object.name).chain(renamed) {
            self.known.retain(|check| check.table != *name);
        }
    }

    /// Whether a check holds that this column is not null, or one that is not known may say so.
    pub(super) fn cover(&self, table: &str, column: &str) -> bool {
        let is_it = |check: &Check| {
            check.is_valid && check.table == table && check.column.as_deref() == Some(column)
        };
        self.known.iter().any(is_it) || self.validated.iter().any(|it| it == table)
    }
}

/// The column of `CHECK (email IS NOT NULL)`.
fn not_null_column(definition: Node<'_>) -> Option<String> {
    let expression = definition.child("a_expr").filter(|_| word(definition, 0) == "check")?;
    let column = expression.child("a_expr").filter(|it| it.child("columnref").is_some())?;
    let is_plain = column.tokens().len() + 3 == expression.tokens().len();
    (is_plain && contains(expression, "is not null")).then(|| last_name(column))
}

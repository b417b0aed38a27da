//! The lint rules: their names, what happens, and what to write instead.

use std::fmt;

/// Declares the rules in one table, so that each has a name, a message and a remedy.
macro_rules! lint_rules {
    ($(
        $(#[$doc:meta])*
        $rule:ident = $name:literal
            happens: $message:literal
            instead: $help:literal
    )*) => {
        /// A hazard: a long lock, lost data, or an error of the version that still runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum LintRule {
            $($(#[$doc])* $rule,)*
        }

        impl LintRule {
            /// Lists all rules, sorted by name.
            pub const ALL: &[LintRule] = &[$(LintRule::$rule),*];

            /// Returns the name, which does not change between releases: `drop-column`.
            pub fn as_str(self) -> &'static str {
                match self { $(LintRule::$rule => $name,)* }
            }

            /// Says in one line what happens.
            pub fn message(self) -> &'static str {
                match self { $(LintRule::$rule => $message,)* }
            }

            /// Says what to write instead.
            pub fn help(self) -> &'static str {
                match self { $(LintRule::$rule => $help,)* }
            }
        }
    };
}

// The locks are those of "Explicit Locking", "ALTER TABLE" and "REINDEX" in PostgreSQL's manual.
lint_rules! {
    /// A check without `NOT VALID`.
    AddCheck = "add-check"
        happens: "a new check reads the whole table, and blocks reads and writes meanwhile"
        instead: "add it NOT VALID, and VALIDATE CONSTRAINT in the next migration, which blocks \
                  neither reads nor writes"

    /// A column `NOT NULL` without a default.
    AddColumnNotNull = "add-column-not-null"
        happens: "NOT NULL without a default fails if the table has rows, and the running version \
                  can no longer insert rows"
        instead: "give it a DEFAULT (a constant is stored once and rewrites nothing), or add it \
                  without NOT NULL"

    /// A column whose value PostgreSQL has to compute for each row.
    AddColumnRewrite = "add-column-rewrite"
        happens: "each row gets a value of its own, which rewrites the table and blocks reads and \
                  writes meanwhile"
        instead: "add the column without a value, then ALTER COLUMN … SET DEFAULT, and fill the old \
                  rows in batches"

    /// An exclusion constraint.
    AddExclude = "add-exclude"
        happens: "the constraint builds its index, and blocks reads and writes meanwhile"
        instead: "add it while the table is small or unused: PostgreSQL has no other way"

    /// A foreign key without `NOT VALID`.
    AddForeignKey = "add-foreign-key"
        happens: "a new foreign key reads the whole table, and blocks writes to both tables meanwhile"
        instead: "add it NOT VALID, and VALIDATE CONSTRAINT in the next migration, which blocks \
                  neither reads nor writes"

    /// A primary key that builds its index.
    AddPrimaryKey = "add-primary-key"
        happens: "the primary key builds its index, and blocks reads and writes meanwhile"
        instead: "CREATE UNIQUE INDEX CONCURRENTLY in an earlier migration, then ADD CONSTRAINT … \
                  PRIMARY KEY USING INDEX …"

    /// A unique constraint that builds its index.
    AddUnique = "add-unique"
        happens: "the constraint builds its index, and blocks reads and writes meanwhile"
        instead: "CREATE UNIQUE INDEX CONCURRENTLY in an earlier migration, then ADD CONSTRAINT … \
                  UNIQUE USING INDEX …"

    /// Another type for a column.
    ColumnType = "column-type"
        happens: "a new type usually rewrites the table and its indexes, and blocks reads and writes meanwhile"
        instead: "add a column of the new type, fill it in batches and switch the program to it; \
                  a varchar that grows or becomes text is not rewritten"

    /// An index without `CONCURRENTLY` on an existing table.
    CreateIndex = "create-index"
        happens: "writes to the table are blocked until the index is built"
        instead: "CREATE INDEX CONCURRENTLY, in a script that begins with `-- lokstra: no-transaction`"

    /// A column is dropped.
    DropColumn = "drop-column"
        happens: "the values are lost, and a running version that uses the column fails"
        instead: "release a version that does not use the column first"

    /// A database is dropped.
    DropDatabase = "drop-database"
        happens: "the database is lost with everything in it"
        instead: "leave that to an operator who has a backup"

    /// A schema is dropped with what is in it.
    DropSchema = "drop-schema"
        happens: "everything in the schema is lost, including tables and their rows"
        instead: "drop its objects by name, and then the schema without CASCADE"

    /// A table is dropped.
    DropTable = "drop-table"
        happens: "the rows are lost, and a running version that uses the table fails"
        instead: "release a version that does not use the table first"

    /// The down script leaves something behind that the up script created.
    NotUndone = "not-undone"
        happens: "the down script leaves this behind"
        instead: "drop it in the down script"

    /// `REINDEX` without `CONCURRENTLY`.
    Reindex = "reindex"
        happens: "writes to the table, and reads that use the index, are blocked until it is built"
        instead: "REINDEX … CONCURRENTLY, in a script that begins with `-- lokstra: no-transaction`"

    /// A column is renamed.
    RenameColumn = "rename-column"
        happens: "the running version fails as soon as the column is renamed"
        instead: "add a column, let the program write both, fill the old rows, and drop the old \
                  column in a later release"

    /// A table is renamed.
    RenameTable = "rename-table"
        happens: "the running version fails as soon as the table is renamed"
        instead: "CREATE VIEW with the old name in the same script, and drop it in a later release"

    /// `SET NOT NULL` without a validated check.
    SetNotNull = "set-not-null"
        happens: "SET NOT NULL reads the whole table, and blocks reads and writes meanwhile"
        instead: "ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID; in the next migration VALIDATE \
                  CONSTRAINT and then SET NOT NULL, which relies on it"

    /// `TRUNCATE`.
    Truncate = "truncate"
        happens: "all rows are lost, and reads and writes are blocked until the migration commits"
        instead: "DELETE the rows in batches"

    /// A constraint is validated in the transaction that adds it.
    ValidateConstraint = "validate-constraint"
        happens: "the lock of ADD CONSTRAINT is held in this transaction while the table is read"
        instead: "move VALIDATE CONSTRAINT into the next migration"
}

impl LintRule {
    /// Finds a rule by its name.
    pub fn named(name: &str) -> Option<LintRule> {
        LintRule::ALL.iter().copied().find(|rule| rule.as_str() == name)
    }

    /// Whether the rule is about building an index.
    pub(crate) fn is_of_index(self) -> bool {
        matches!(self, LintRule::AddPrimaryKey | LintRule::AddUnique | LintRule::CreateIndex)
    }

    /// Whether it matters that the table is partitioned.
    pub(crate) fn is_about_partitions(self) -> bool {
        self.is_of_index() || self == LintRule::AddForeignKey
    }

    /// Says what to write instead if the table is partitioned and PostgreSQL refuses the usual way: the
    /// table reuses what every partition already has, without reading a row.
    pub(crate) fn help_if_partitioned(self) -> &'static str {
        match self {
            LintRule::AddForeignKey => {
                "add it NOT VALID to each partition, VALIDATE CONSTRAINT there in the next \
                 migration, then add it to the partitioned table, which reuses them"
            }
            LintRule::AddPrimaryKey => {
                "CREATE UNIQUE INDEX CONCURRENTLY on each partition in an earlier migration, ADD \
                 CONSTRAINT … PRIMARY KEY USING INDEX … there, then add the key to the partitioned \
                 table, which reuses them"
            }
            LintRule::AddUnique => {
                "CREATE UNIQUE INDEX CONCURRENTLY on each partition in an earlier migration, ADD \
                 CONSTRAINT … UNIQUE USING INDEX … there, then add the constraint to the \
                 partitioned table, which reuses them"
            }
            LintRule::CreateIndex => {
                "CREATE INDEX CONCURRENTLY on each partition, in a script that begins with `-- \
                 lokstra: no-transaction`, then CREATE INDEX on the partitioned table, which reuses them"
            }
            rule => rule.help(),
        }
    }
}

/// Writes the name.
impl fmt::Display for LintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::LintRule;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_stands_in_its_place() {
        assert!(LintRule::ALL.is_sorted_by_key(|rule| rule.as_str()));
        for &rule in LintRule::ALL {
            assert_eq!(LintRule::named(rule.as_str()), Some(rule));
        }
    }
}

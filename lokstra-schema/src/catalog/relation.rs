//! Tables, views, indexes and sequences, with what belongs to them.

use super::Place;
use crate::names::Name;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelationKind {
    Table,
    ForeignTable,
    View,
    MaterializedView,
    Index,
    Sequence,
}

impl RelationKind {
    /// As `DROP` names it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RelationKind::Table => "table",
            RelationKind::ForeignTable => "foreign table",
            RelationKind::View => "view",
            RelationKind::MaterializedView => "materialized view",
            RelationKind::Index => "index",
            RelationKind::Sequence => "sequence",
        }
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each says one thing that is known")]
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    pub(crate) kind: RelationKind,
    pub(crate) columns: Vec<Column>,
    /// Whether there may be other columns.
    pub(crate) has_open_columns: bool,
    /// Columns that were reported as missing.
    pub(crate) reported: Vec<String>,
    pub(crate) constraints: Vec<Constraint>,
    /// Whether there may be other constraints, or some under another name.
    pub(crate) has_open_constraints: bool,
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) policies: Vec<Trigger>,
    pub(crate) rules: Vec<Trigger>,
    /// The tables that it inherits from, or that it is a partition of.
    pub(crate) parents: Vec<u32>,
    pub(crate) is_partition: bool,
    pub(crate) is_partitioned: bool,
    /// What a view reads.
    pub(crate) uses: Uses,
    pub(crate) index: Option<Index>,
    /// The table and column that a sequence belongs to.
    pub(crate) owner: Option<Dependency>,
    /// Whether the set itself has put rows into it.
    pub(crate) has_rows: Option<Place>,
    /// The number that the next column has.
    pub(crate) next_column: u32,
}

impl Relation {
    pub(crate) fn new(kind: RelationKind) -> Relation {
        Relation {
            kind,
            columns: Vec::new(),
            has_open_columns: false,
            reported: Vec::new(),
            constraints: Vec::new(),
            has_open_constraints: false,
            triggers: Vec::new(),
            policies: Vec::new(),
            rules: Vec::new(),
            parents: Vec::new(),
            is_partition: false,
            is_partitioned: false,
            uses: Uses::default(),
            index: None,
            owner: None,
            has_rows: None,
            next_column: 1,
        }
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a column that is not among those that are known may be there.
    pub(crate) fn may_have(&self, column: &str) -> bool {
        self.has_open_columns || self.reported.iter().any(|it| it == column)
    }

    pub(crate) fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }

    pub(crate) fn number(&self, column: u32) -> Option<&Column> {
        self.columns.iter().find(|it| it.number == column)
    }

    /// Removes the constraints that the server may have given this name, which is not known for certain.
    pub(crate) fn drop_nameless(&mut self, name: &str) {
        let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let before = self.constraints.len();
        self.constraints.retain(|it| it.name.is_some() || !stem.ends_with(it.kind.label()));
        self.has_open_constraints |= self.constraints.len() < before;
    }

    pub(crate) fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|it| it.name.as_deref() == Some(name))
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each says one thing that is known")]
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Stays when the name changes.
    pub(crate) number: u32,
    pub(crate) ty: Type,
    pub(crate) is_not_null: bool,
    pub(crate) has_default: bool,
    /// `GENERATED ALWAYS AS (…)`.
    pub(crate) is_generated: bool,
    pub(crate) is_identity: bool,
    pub(crate) is_inherited: bool,
    /// What its default or generation expression needs.
    pub(crate) uses: Uses,
    pub(crate) made: Place,
}

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) base: Base,
    pub(crate) is_array: bool,
}

#[derive(Clone, Debug, Eq)]
pub(crate) enum Base {
    /// By the catalog's name: `int4`.
    BuiltIn(&'static str),
    /// Made by the set.
    Made(u32, Name),
    Open,
}

impl PartialEq for Base {
    /// A type that was renamed is the same.
    fn eq(&self, other: &Base) -> bool {
        match (self, other) {
            (Base::BuiltIn(one), Base::BuiltIn(two)) => one == two,
            (Base::Made(one, _), Base::Made(two, _)) => one == two,
            (Base::Open, Base::Open) => true,
            _ => false,
        }
    }
}

impl Type {
    pub(crate) const OPEN: Type = Type { base: Base::Open, is_array: false };
}

/// An object, or a column of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) id: u32,
    pub(crate) column: Option<u32>,
}

/// What a query or expression needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    /// What it needs for certain.
    pub(crate) certain: Vec<Dependency>,
    /// Whether it may need more.
    pub(crate) is_open: bool,
}

impl Uses {
    pub(crate) fn open() -> Uses {
        Uses { certain: Vec::new(), is_open: true }
    }

    /// Whether it needs the object, or the column or any column of it.
    pub(crate) fn has(&self, id: u32, column: Option<u32>) -> bool {
        let is_it =
            |used: &Dependency| used.id == id && (column.is_none() || used.column == column);
        self.certain.iter().any(is_it)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConstraintKind {
    Primary,
    Unique,
    Check,
    Foreign,
    Exclude,
    NotNull,
}

impl ConstraintKind {
    /// What a name ends with that the server gives.
    pub(crate) fn label(self) -> &'static str {
        match self {
            ConstraintKind::Primary => "pkey",
            ConstraintKind::Unique => "key",
            ConstraintKind::Check => "check",
            ConstraintKind::Foreign => "fkey",
            ConstraintKind::Exclude => "excl",
            ConstraintKind::NotNull => "not_null",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Constraint {
    /// `None` if the server invents it and the model cannot say what.
    pub(crate) name: Option<String>,
    pub(crate) kind: ConstraintKind,
    /// The numbers of its columns; of a check, those that its expression names.
    pub(crate) columns: Vec<u32>,
    /// Whether it may be about more columns.
    pub(crate) is_open: bool,
    /// Of a foreign key, the table and columns that it points at.
    pub(crate) target: Option<(u32, Vec<u32>)>,
    pub(crate) is_deferrable: bool,
    pub(crate) made: Place,
}

#[expect(clippy::struct_excessive_bools, reason = "each says one thing that is known")]
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) table: u32,
    /// The columns of its key, in order; `None` for an expression.
    pub(crate) columns: Vec<Option<u32>>,
    /// All columns that it needs.
    pub(crate) needs: Vec<u32>,
    pub(crate) is_unique: bool,
    pub(crate) is_partial: bool,
    /// Whether a constraint of the table has it.
    pub(crate) is_constraint: bool,
    /// Whether some of this is not known.
    pub(crate) is_open: bool,
}

/// A trigger, policy or rule.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    pub(crate) uses: Uses,
    pub(crate) made: Place,
}

/// What a query returns and needs.
pub(crate) struct Output {
    /// `None` if some column is not known.
    pub(crate) columns: Option<Vec<(String, Type)>>,
    pub(crate) uses: Uses,
}

impl Output {
    pub(crate) fn open() -> Output {
        Output { columns: None, uses: Uses::open() }
    }
}

//! What a name stands for.

use super::{Relation, Type, Uses};

/// A byte of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) script: usize,
    pub(crate) offset: usize,
}

/// An object of the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) id: u32,
    pub(crate) made: Place,
    pub(crate) kind: ObjectKind,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "most objects are relations")]
pub(crate) enum ObjectKind {
    Relation(Relation),
    Type(TypeKind),
    /// All routines of one name.
    Routines(Vec<Routine>),
    /// An object of which only the name is known.
    Other,
}

/// What a type of its own is.
#[derive(Clone, Debug)]
pub(crate) enum TypeKind {
    /// Its labels; `None` if some are not known.
    Enum(Option<Vec<String>>),
    Domain(Type),
    Other,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug)]
pub(crate) struct Routine {
    pub(crate) kind: &'static str,
    /// The types of its input arguments; `None` if one is not known for certain.
    pub(crate) arguments: Option<Vec<Type>>,
    /// The least and the most arguments that a call has.
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) returns: Option<Type>,
    pub(crate) signature: Signature,
    pub(crate) uses: Uses,
    /// What its body may change: words, or everything.
    pub(crate) opens: Option<Vec<String>>,
    pub(crate) opens_all: bool,
    pub(crate) made: Place,
}

/// What `CREATE OR REPLACE` must keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signature {
    /// The names of the input arguments; empty for one that is not known.
    pub(crate) names: Vec<Option<String>>,
    pub(crate) defaults: usize,
    /// `None` for that of a procedure, or if it is not known for certain.
    pub(crate) outcome: Option<Outcome>,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) is_set: bool,
    /// One that is alone has no name.
    pub(crate) columns: Vec<(String, Type)>,
}

impl Object {
    pub(crate) fn relation(&self) -> Option<&Relation> {
        match &self.kind {
            ObjectKind::Relation(relation) => Some(relation),
            _ => None,
        }
    }

    pub(crate) fn relation_mut(&mut self) -> Option<&mut Relation> {
        match &mut self.kind {
            ObjectKind::Relation(relation) => Some(relation),
            _ => None,
        }
    }

    pub(crate) fn routines(&self) -> &[Routine] {
        match &self.kind {
            ObjectKind::Routines(routines) => routines,
            _ => &[],
        }
    }
}

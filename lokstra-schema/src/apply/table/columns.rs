//! The definition of a column: its type, its constraints, the sequence behind it.

use lokstra_grammar::Node;

use crate::apply::Replay;
use crate::catalog::{
    Base, Class, Column, Dependency, Key, ObjectKind, Relation, RelationKind, Slot, Type, Uses,
};
use crate::names::invented;
use crate::parse;

/// A column, and the parts of its definition that are applied when the table has it.
pub(crate) struct Defined<'n> {
    pub(crate) column: Column,
    /// Each `ColConstraint`, with the name that it gives.
    pub(crate) constraints: Vec<(Option<String>, Node<'n>)>,
    pub(crate) has_sequence: bool,
    /// Whether the sequence may have any name.
    pub(crate) is_sequence_open: bool,
}

const SERIAL: [&str; 6] = ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];

impl Replay<'_> {
    /// Reads a `columnDef`; `None` for a name with escapes.
    pub(crate) fn column<'n>(&mut self, node: Node<'n>) -> Option<Defined<'n>> {
        let name = parse::ident(node.child("ColId")?)?;
        let mut column = Column {
            name,
            number: 0,
            ty: Type::OPEN,
            is_not_null: false,
            has_default: false,
            is_generated: false,
            is_identity: false,
            is_inherited: false,
            uses: Uses::default(),
            made: self.place_of(node),
        };
        let mut has_sequence = false;
        if let Some(node) = node.child("Typename") {
            column.ty = self.type_of(node);
            let written = parse::type_name(node);
            has_sequence = written.is_some_and(|ty| {
                ty.name.schema.is_none() && !ty.is_array && SERIAL.contains(&ty.name.name.as_str())
            });
            column.has_default = has_sequence;
            column.is_not_null = has_sequence;
        }
        column.uses.certain.extend(of_type(&column.ty));
        let (mut constraints, mut is_sequence_open) = (Vec::new(), false);
        let list = node.child("ColQualList");
        for constraint in list.map(|list| parse::all(list, "ColConstraint")).unwrap_or_default() {
            let name = constraint.child("name").and_then(parse::ident);
            let Some(element) = constraint.child("ColConstraintElem") else { continue };
            if parse::starts(element, &["not", "null"]) || parse::starts(element, &["primary"]) {
                column.is_not_null = true;
            } else if parse::starts(element, &["default"]) {
                column.has_default = true;
            } else if parse::starts(element, &["generated"]) {
                let is_identity = parse::has(element, &["identity"]);
                column.is_identity |= is_identity;
                column.is_not_null |= is_identity;
                column.is_generated |= !is_identity;
                has_sequence |= is_identity;
                is_sequence_open |=
                    is_identity && element.text().to_ascii_lowercase().contains("name");
            }
            constraints.push((name, element));
        }
        // A domain may have a default.
        column.has_default |= column.is_generated
            || column.is_identity
            || !matches!(column.ty, Type { base: Base::BuiltIn(_), .. });
        Some(Defined { column, constraints, has_sequence, is_sequence_open })
    }

    pub(crate) fn place_of(&self, node: Node<'_>) -> crate::catalog::Place {
        let mut place = self.place;
        place.offset += node.range().start;
        place
    }

    /// The sequence that a serial or identity column brings.
    pub(crate) fn make_sequence(&mut self, table: &Key, column: u32, name: &str, is_open: bool) {
        let base = (table.name.as_str(), name, "seq");
        let Some(name) = self.choose(&table.schema, base).filter(|_| !is_open) else {
            let key = Key::new(Class::Relation, &table.schema, &invented(base.0, base.1, base.2));
            self.catalog.open(key);
            self.change(table, |relation| relation.has_open_constraints = true);
            return;
        };
        let mut sequence = Relation::new(RelationKind::Sequence);
        sequence.owner = self.id(table).map(|id| Dependency { id, column: Some(column) });
        let object = self.object(ObjectKind::Relation(sequence));
        let key = Key::new(Class::Relation, &table.schema, &name);
        self.catalog.set(key, Slot::Known(object.into()));
    }

    /// The first free name of those that the server tries; `None` if that is not known.
    pub(crate) fn choose(
        &self,
        schema: &str,
        (table, columns, label): (&str, &str, &str),
    ) -> Option<String> {
        for attempt in 0.. {
            let label = if attempt == 0 { label.to_owned() } else { format!("{label}{attempt}") };
            let name = invented(table, columns, &label);
            match self.catalog.slot(&Key::new(Class::Relation, schema, &name)) {
                Some(Slot::Known(_)) => continue,
                Some(Slot::Open) => return None,
                _ if self.catalog.is_open_name(&name) => return None,
                _ => {}
            }
            if !self.catalog.has_constraint(schema, &name) {
                return Some(name);
            }
        }
        None
    }

    /// The type that a node names; reports one that is not there.
    pub(crate) fn type_of(&mut self, node: Node<'_>) -> Type {
        let Some(wanted) = parse::type_name(node) else { return Type::OPEN };
        let ty = self.resolve_type(&wanted);
        if ty.base == Base::Open
            && let Some(gone) = self.is_missing_type(&wanted)
        {
            self.missing_type(node, &wanted, gone.as_deref());
        }
        ty
    }
}

/// What a column of this type needs.
pub(crate) fn of_type(ty: &Type) -> Option<Dependency> {
    match ty.base {
        Base::Made(id, _) => Some(Dependency { id, column: None }),
        _ => None,
    }
}

//! Views, materialized views and `CREATE TABLE AS`.

use lokstra_grammar::Node;

use super::table::is_temporary;
use super::{Followed, Replay};
use crate::catalog::{
    Class, Column, Key, ObjectKind, Output, Relation, RelationKind, Slot, TEMPORARY, Type, Uses,
};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn create_view(&mut self, node: Node<'_>) -> Followed {
        let is_materialized = node.symbol() == "CreateMatViewStmt";
        let kind =
            if is_materialized { RelationKind::MaterializedView } else { RelationKind::View };
        let place = node.child("create_mv_target").unwrap_or(node);
        let target = place.child("qualified_name")?;
        let list = place.child("opt_column_list").or_else(|| place.child("columnList"));
        let names =
            list.map(|list| parse::within(list, "columnElem").filter_map(parse::ident).collect());
        let is_replaced =
            parse::has(node, &["or", "replace"]) || node.child("opt_or_replace").is_some();
        let query = node
            .child("SelectStmt")
            .or_else(|| node.children().into_iter().find(|it| it.symbol().starts_with("select")));
        // A recursive view reads itself.
        let output =
            if parse::has(node, &["recursive"]) { Output::open() } else { self.query(query?) };
        self.make_from(node, target, kind, is_replaced, names, output)
    }

    pub(crate) fn create_table_as(&mut self, node: Node<'_>) -> Followed {
        let place = node.child("create_as_target")?;
        let target = place.child("qualified_name")?;
        let list = place.child("opt_column_list").or_else(|| place.child("columnList"));
        let names =
            list.map(|list| parse::within(list, "columnElem").filter_map(parse::ident).collect());
        let output = match node.child("SelectStmt") {
            Some(query) => self.query(query),
            None => Output::open(),
        };
        // A table needs nothing of what it was filled with.
        let output = Output { uses: Uses::default(), ..output };
        self.make_from(node, target, RelationKind::Table, false, names, output)
    }

    /// Whether a name in a query may be that of a temporary table that is not followed.
    fn may_read_temporary(&self, node: Node<'_>) -> bool {
        let names = parse::within(node, "qualified_name").filter_map(parse::name);
        names.filter(|name| name.schema.is_none()).any(|name| {
            let key = Key::new(Class::Relation, TEMPORARY, &name.name);
            matches!(self.catalog.slot(&key), Some(Slot::Open))
        })
    }

    fn make_from(
        &mut self,
        node: Node<'_>,
        target: Node<'_>,
        kind: RelationKind,
        is_replaced: bool,
        names: Option<Vec<String>>,
        output: Output,
    ) -> Followed {
        let name = parse::name(target)?;
        // A view of a temporary table is one as well.
        let reads_temporary = kind == RelationKind::View
            && output.uses.certain.iter().any(|it| {
                self.catalog.by_id(it.id).is_some_and(|(key, _)| key.schema == TEMPORARY)
            });
        let is_temporary = reads_temporary || is_temporary(node);
        if kind == RelationKind::View && !is_temporary && self.may_read_temporary(node) {
            self.catalog.open_name(&name.name);
            return Some(());
        }
        let key = self.new_key(Class::Relation, &name, is_temporary)?;
        self.need_schema(target, &key)?;
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        match self.catalog.slot(&key) {
            Some(Slot::Known(_) | Slot::Open) if is_lenient => return Some(()),
            None if is_lenient && !self.is_free(&key) => {
                self.catalog.open(key);
                return Some(());
            }
            Some(Slot::Known(object)) => {
                let is_view = object.relation().is_some_and(|it| it.kind == RelationKind::View);
                if !(is_replaced && is_view) {
                    self.duplicate(target.range(), &key, "relation", ("duplicate-table", "42P07"));
                    return Some(());
                }
            }
            _ => {}
        }
        let before = self.catalog.known(&key).map(|object| object.id);
        let mut relation = Relation::new(kind);
        let columns = output.columns;
        relation.has_open_columns = columns.is_none();
        relation.uses = output.uses;
        let mut all = columns.unwrap_or_default();
        for (nth, name) in names.into_iter().flatten().enumerate() {
            match all.get_mut(nth) {
                Some(column) => column.0 = name,
                None => all.push((name, Type::OPEN)),
            }
        }
        for (name, ty) in all {
            let number = relation.next_column;
            relation.next_column += 1;
            let made = self.place;
            relation.columns.push(Column {
                name,
                number,
                ty,
                is_not_null: false,
                has_default: false,
                is_generated: false,
                is_identity: false,
                is_inherited: false,
                uses: Uses::default(),
                made,
            });
        }
        let mut object = self.object(ObjectKind::Relation(relation));
        if let Some(id) = before {
            object.id = id;
        }
        self.catalog.set(key, Slot::Known(object.into()));
        Some(())
    }
}

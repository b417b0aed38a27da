//! What each statement does to the model, and what it needs of it.

mod dependents;
mod drop;
mod lookup;
mod open;
mod others;
mod rename;
mod report;
#[allow(clippy::match_bool, clippy::single_match_else, reason = "one of two, side by side")]
mod routine;
mod rows;
mod schema;
mod sequence;
mod signature;
mod table;
mod types;
mod view;

use std::collections::BTreeSet;

use lokstra_grammar::{Node, SyntaxTree};

use crate::catalog::{Catalog, Class, Key, Place, Slot, TEMPORARY};
use crate::finding::Finding;
use crate::input::{Options, Script, StartsFrom};
use crate::parse::SYMBOLS;
pub(crate) use lookup::Found;
pub(crate) use open::{Opens, words};
pub(crate) use report::Said;
pub(crate) use table::columns::of_type as needed_type;
pub(crate) use table::{alter as alter_table, columns};

/// The trees of a script's statements; none for a statement that no grammar accepts.
pub(crate) type Trees<'s> = Vec<Option<SyntaxTree<'s>>>;

/// Parses a script.
pub(crate) fn parse<'s>(script: &Script<'s>) -> Trees<'s> {
    let statements = script.statements.iter().filter(|_| script.is_followed);
    statements.map(|range| SyntaxTree::parse(&script.sql[range.clone()], &SYMBOLS)).collect()
}

/// Where a statement is that is not followed, and what it may change.
pub(crate) type NotFollowed = (Place, Opens);

/// Whether a statement was followed; `None`: all names in it are open behind it.
pub(crate) type Followed = Option<()>;

/// The state of a replay.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that is known")]
pub(crate) struct Replay<'s> {
    pub(crate) scripts: &'s [Script<'s>],
    pub(crate) options: &'s Options,
    pub(crate) catalog: Catalog,
    pub(crate) findings: Vec<Finding>,
    /// The statement that is being applied.
    pub(crate) place: Place,
    /// The schemas of unqualified names; `None` if not known.
    pub(crate) path: Option<Vec<String>>,
    /// Whether the scripts use a table that they do not make.
    pub(crate) is_on_existing: bool,
    /// Whether a role or the database has a `search_path` of its own.
    has_own_path: bool,
    /// Whether something may change any object at any time: an event trigger.
    pub(crate) is_lost: bool,
    /// Whether the statement may do nothing: nothing that it says is certain.
    pub(crate) is_muted: bool,
    /// Whether the set may have made operators or casts.
    pub(crate) has_own_operators: bool,
    /// Whether the statement says `ONLY`.
    pub(crate) is_only: bool,
    /// Whether a routine was called that is not followed.
    pub(crate) calls_unknown: bool,
    /// Whether the script ran code that may raise an error, as the down script of what cannot be undone does.
    pub(crate) runs_code: bool,
    /// Tables that the set has put rows into, some of which may have none any more.
    pub(crate) with_rows: BTreeSet<Key>,
    /// Whether any statement may delete rows, by a routine or rule of the set.
    pub(crate) hides_deletes: bool,
    pub(crate) not_followed: Vec<NotFollowed>,
}

impl<'s> Replay<'s> {
    pub(crate) fn new(scripts: &'s [Script<'s>], options: &'s Options) -> Replay<'s> {
        let mut replay = Replay {
            scripts,
            options,
            catalog: Catalog::default(),
            findings: Vec::new(),
            place: Place::default(),
            path: None,
            is_on_existing: false,
            has_own_path: false,
            is_lost: false,
            is_muted: false,
            has_own_operators: options.starts_from == StartsFrom::Existing,
            is_only: false,
            calls_unknown: false,
            runs_code: false,
            with_rows: BTreeSet::new(),
            hides_deletes: false,
            not_followed: Vec::new(),
        };
        for name in &options.existing {
            let parts: Vec<_> =
                name.split('.').filter_map(|part| crate::names::fold(part.trim())).collect();
            let (schema, name) = match &parts[..] {
                [name] => ("public", name),
                [schema, name] => (schema.as_str(), name),
                _ => continue,
            };
            for class in [Class::Relation, Class::Type, Class::Routine] {
                replay.catalog.set(Key::new(class, schema, name), Slot::Open);
            }
            if schema != "public" {
                replay.catalog.set(Key::new(Class::Schema, "", schema), Slot::Open);
            }
        }
        replay
    }

    /// Applies a script.
    pub(crate) fn script(&mut self, nth: usize, trees: &Trees<'_>) {
        let script = &self.scripts[nth];
        self.path = (!self.has_own_path).then(|| vec!["public".to_owned()]);
        self.place = Place { script: nth, offset: 0 };
        self.runs_code = false;
        if script.is_followed {
            for (range, tree) in script.statements.iter().zip(trees) {
                self.place.offset = range.start;
                self.statement(&script.sql[range.clone()], tree.as_ref());
            }
        } else {
            self.open_text(script.sql);
        }
        self.forget_temporary();
    }

    /// A later script may run in another session.
    fn forget_temporary(&mut self) {
        let keys: Vec<_> = self.catalog.in_schema(TEMPORARY).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.catalog.open(key);
        }
    }

    fn statement(&mut self, text: &str, tree: Option<&SyntaxTree<'_>>) {
        let lower = text.to_ascii_lowercase();
        self.has_own_operators |= lower.contains("operator") || lower.contains("cast");
        self.follow_deletes(&lower);
        let Some(root) = tree.and_then(SyntaxTree::root) else {
            return self.open_text(text);
        };
        let node = if root.symbol() == "stmtmulti" { root.children().pop() } else { Some(root) };
        // What is in a statement that is not followed has another effect, or none.
        let node = node.filter(|node| node.tokens() == root.tokens());
        if node.and_then(|node| self.apply(node)).is_none() {
            self.open_text(text);
            self.has_own_path |= lower.contains("search_path");
        }
        self.is_muted = false;
    }

    fn apply(&mut self, node: Node<'_>) -> Followed {
        match node.symbol() {
            "CreateStmt" | "CreateForeignTableStmt" => self.create_table(node),
            "AlterTableStmt" => self.alter_table(node),
            "IndexStmt" => self.create_index(node),
            "DropStmt" => self.drop_statement(node),
            "RemoveFuncStmt" => self.drop_routines(node),
            "RenameStmt" => self.rename(node),
            "ViewStmt" | "CreateMatViewStmt" => self.create_view(node),
            "CreateAsStmt" => self.create_table_as(node),
            "CreateSeqStmt" => self.create_sequence(node),
            "AlterSeqStmt" => self.alter_sequence(node),
            "DefineStmt" => self.define(node),
            "CreateDomainStmt" => self.create_domain(node),
            "AlterEnumStmt" => self.alter_enum(node),
            "CreateFunctionStmt" => self.create_routine(node),
            "CreateTrigStmt" => self.create_trigger(node),
            "CreatePolicyStmt" | "AlterPolicyStmt" | "RuleStmt" => self.create_policy(node),
            "CreateSchemaStmt" => self.create_schema(node),
            "CreateExtensionStmt" => self.create_extension(node),
            "AlterObjectSchemaStmt" => self.set_schema(node),
            "CommentStmt" => self.comment(node),
            "GrantStmt" | "RevokeStmt" => self.grant(node),
            "TruncateStmt" | "LockStmt" | "RefreshMatViewStmt" => self.uses_relations(node),
            "VariableSetStmt" | "VariableResetStmt" => self.set(node),
            "DoStmt" => {
                self.runs_code = true;
                self.open_block(node);
                Some(())
            }
            "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" | "SelectStmt"
            | "CallStmt" | "CopyStmt" => {
                self.query_statement(node);
                self.set_by_call(node);
                Some(())
            }
            "AlterOwnerStmt" => self.alter_owner(node),
            "AlterFunctionStmt" => self.alter_routine(node),
            "DropOwnedStmt" => {
                self.catalog.open_all();
                Some(())
            }
            "DiscardStmt" => {
                self.forget_temporary();
                Some(())
            }
            "CreateEventTrigStmt" => {
                self.is_lost = true;
                Some(())
            }
            "AnalyzeStmt"
            | "ClusterStmt"
            | "NotifyStmt"
            | "ReindexStmt"
            | "TransactionStmt"
            | "VacuumStmt"
            | "VariableShowStmt"
            | "AlterDefaultPrivilegesStmt"
            | "CreateRoleStmt"
            | "DropRoleStmt" => Some(()),
            _ => None,
        }
    }

    /// A new object at this place.
    pub(crate) fn object(&mut self, kind: crate::catalog::ObjectKind) -> crate::catalog::Object {
        crate::catalog::Object { id: self.catalog.next_id(), made: self.place, kind }
    }
}

//! Functions, procedures and triggers.

use lokstra_grammar::Node;

use super::alter_table::cascades;
use super::open::opens;
use super::report::Said;
use super::signature::is_output;
use super::{Followed, Found, Replay};
use crate::catalog::{Class, Dependency, Key, ObjectKind, Routine, Slot, Trigger, Type, Uses};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn create_routine(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("func_name")?;
        let name = parse::name(target)?;
        let key = self.new_key(Class::Routine, &name, false)?;
        self.need_schema(target, &key)?;
        let is_replaced = node.child("opt_or_replace").is_some();
        let is_procedure = parse::has(node, &["procedure"]);
        let arguments = node.child("func_args_with_defaults");
        let arguments: Vec<_> =
            arguments.map(|it| parse::within(it, "func_arg").collect()).unwrap_or_default();
        let (mut types, mut is_certain, mut is_variadic) = (Vec::new(), true, false);
        for argument in &arguments {
            is_variadic |=
                argument.child("arg_class").is_some_and(|it| parse::starts(it, &["variadic"]));
            let ty = self.parameter_type(*argument);
            let is_output = is_output(*argument);
            // A procedure may be named by its outputs too.
            is_certain &= ty != Type::OPEN && !(is_output && is_procedure);
            if !is_output {
                types.push(ty);
            }
        }
        let returns = node.child("func_return").and_then(|it| parse::within(it, "Typename").last());
        let returns = returns.map(|it| self.type_of(it));
        let mut uses = Uses::default();
        for ty in types.iter().chain(&returns) {
            uses.certain.extend(super::columns::of_type(ty));
        }
        let signature = self.signature(node, &mut uses);
        // The body of a text needs nothing; one of statements does.
        uses.is_open |= node.child("opt_routine_body").is_some();
        // Its own `CREATE` is no change that it makes.
        let body = opens(&node.text()["create".len()..]);
        let is_sql = parse::within(node, "createfunc_opt_item")
            .any(|it| parse::starts(it, &["language", "sql"]));
        let names: Vec<_> = body.names.into_iter().filter(|word| *word != key.name).collect();
        let routine = Routine {
            kind: if is_procedure { "procedure" } else { "function" },
            least: types.len().saturating_sub(signature.defaults + usize::from(is_variadic)),
            most: if is_variadic { usize::MAX } else { types.len() },
            arguments: is_certain.then_some(types),
            returns,
            signature,
            uses,
            opens: (!names.is_empty()).then_some(names),
            opens_all: body.is_everything && !is_sql,
            made: self.place,
        };
        let followed = self.add_routine(target, key.clone(), routine, is_replaced);
        if is_sql || node.child("opt_routine_body").is_some() {
            let needs = self.sql_body(node);
            self.catalog.change(&key, |object| {
                if let ObjectKind::Routines(routines) = &mut object.kind
                    && let Some(routine) = routines.last_mut()
                {
                    routine.uses.certain.extend(needs.certain);
                }
            });
        }
        followed
    }

    fn add_routine(
        &mut self,
        target: Node<'_>,
        key: Key,
        routine: Routine,
        is_replaced: bool,
    ) -> Followed {
        let known = self.catalog.known(&key).map(|it| it.routines().to_vec());
        let same =
            |other: &Routine| routine.arguments.is_some() && other.arguments == routine.arguments;
        let twin = known.iter().flatten().find(|it| same(it)).cloned();
        if let Some(twin) = &twin
            && !is_replaced
        {
            let message =
                format!("function \"{}\" already exists with same argument types", key.shown());
            let note = format!("{} was created in {}", key.shown(), self.line(twin.made));
            let said = Said::new("duplicate-function", "42723", message)
                .note(note)
                .help("write CREATE OR REPLACE, or drop it first".to_owned());
            self.say(target.range(), said);
            return Some(());
        }
        if let Some(said) = twin.and_then(|twin| self.replaced(&key, &twin, &routine)) {
            self.say(target.range(), said);
            self.catalog.open(key);
            return Some(());
        }
        let mut routines: Vec<_> = known.into_iter().flatten().filter(|it| !same(it)).collect();
        routines.push(routine);
        let is_open = match self.catalog.slot(&key) {
            Some(slot) => matches!(slot, Slot::Open),
            None => self.catalog.is_open_name(&key.name),
        };
        if is_open {
            // There may be others of this name.
            self.catalog.open(key);
            return Some(());
        }
        match self.catalog.known(&key).is_some() {
            true => {
                self.catalog.change(&key, |object| object.kind = ObjectKind::Routines(routines));
            }
            false => {
                let object = self.object(ObjectKind::Routines(routines));
                self.catalog.set(key, Slot::Known(object.into()));
            }
        }
        Some(())
    }

    pub(crate) fn drop_routines(&mut self, node: Node<'_>) -> Followed {
        let is_lenient = parse::has(node, &["if", "exists"]);
        for at in parse::within(node, "function_with_argtypes") {
            let Some((key, nth)) = self.routine(at, is_lenient) else { continue };
            let needing = self.needing_routine(&key);
            if let Some(note) = needing.filter(|_| !cascades(node)) {
                // The function of a trigger has no arguments.
                let routines = self.catalog.known(&key).map(|it| it.routines().to_vec());
                let is_trigger = |it: &Routine| it.arguments.as_ref().is_some_and(Vec::is_empty);
                if routines.is_some_and(|it| it.len() == 1 && is_trigger(&it[0])) {
                    let message = format!(
                        "cannot drop function {} because other objects depend on it",
                        key.shown()
                    );
                    let help = "drop that first, or write CASCADE, which drops it too".to_owned();
                    self.say(
                        at.range(),
                        Said::new("dependent-objects", "2BP01", message).note(note).help(help),
                    );
                    continue;
                }
            }
            if cascades(node) {
                self.drop_triggers_of(&key);
                self.open_uncertain(0);
            }
            // CASCADE may have opened the name itself.
            let Some(mut rest) = self.catalog.known(&key).map(|it| it.routines().to_vec()) else {
                self.catalog.open(key);
                continue;
            };
            let had_no_arguments = rest.iter().all(|it| it.most == 0);
            match nth {
                Some(nth) => drop(rest.remove(nth)),
                None => rest.clear(),
            }
            match rest.is_empty() {
                // There may be another of this name, with arguments.
                true if !had_no_arguments && !self.is_empty_schema(&key.schema) => {
                    self.catalog.open(key);
                }
                true => self.forget(&key),
                false => {
                    self.catalog.change(&key, |object| object.kind = ObjectKind::Routines(rest));
                }
            }
        }
        for at in parse::within(node, "aggregate_with_argtypes") {
            if let Some(name) = at.child("func_name").and_then(parse::name) {
                self.catalog.open_name(&name.name);
            }
        }
        Some(())
    }

    /// The known routine that a node names; reports one that is not there.
    pub(crate) fn routine(
        &mut self,
        node: Node<'_>,
        is_lenient: bool,
    ) -> Option<(Key, Option<usize>)> {
        let target = node.child("func_name").unwrap_or(node);
        let name = parse::name(target)?;
        let key = match self.find(Class::Routine, &name) {
            Found::Known(key) => key,
            Found::Open => {
                if let Some(key) = self.new_key(Class::Routine, &name, false) {
                    self.catalog.open(key);
                }
                return None;
            }
            Found::Missing(key, Some(_))
                if !self.is_empty_schema(&key.schema)
                    && node.child("func_args").is_some_and(|it| it.tokens().len() > 2) =>
            {
                return None;
            }
            Found::Missing(key, gone) => {
                if !is_lenient
                    && !self.is_of_extension(&key.name)
                    && crate::builtin::function(&key.name).is_none()
                {
                    let said = Said::new(
                        "undefined-function",
                        "42883",
                        format!("function {name} does not exist"),
                    );
                    let own = self.catalog.objects().filter(|(key, _)| key.class == Class::Routine);
                    let near =
                        crate::names::nearest(&key.name, own.map(|(key, _)| key.name.as_str()));
                    let said = said.help(near.map(|near| format!("did you mean `{near}`?")));
                    let said = match gone {
                        Some(gone) => said.note(self.fate(&name.name, &gone)),
                        None => said,
                    };
                    self.say(target.range(), said);
                    self.catalog.open(key);
                }
                return None;
            }
        };
        let routines = self.catalog.known(&key)?.routines().to_vec();
        let Some(arguments) = node.child("func_args") else {
            if routines.len() > 1 && node.symbol() == "function_with_argtypes" {
                if let Some(said) = self.ambiguous(node, &key) {
                    self.say(target.range(), said);
                }
                self.catalog.open(key);
                return None;
            }
            // The only one of its name.
            return Some((key, (routines.len() == 1).then_some(0)));
        };
        let arguments: Vec<_> = parse::within(arguments, "func_arg").collect();
        let mut types = Vec::new();
        for argument in arguments.iter().filter(|it| !is_output(**it)) {
            let ty = parse::within(*argument, "Typename").last().and_then(parse::type_name);
            types.push(ty.map_or(Type::OPEN, |ty| self.resolve_type(&ty)));
        }
        let nth = routines.iter().position(|it| it.arguments.as_ref() == Some(&types));
        // What the set did not make may have the same name and other arguments.
        let is_unknown = !self.is_empty_schema(&key.schema)
            || types.contains(&Type::OPEN)
            || routines.iter().any(|it| it.arguments.is_none());
        if nth.is_none() && !is_unknown && !is_lenient {
            let message = format!("function {name} with these arguments does not exist");
            let note = format!("{} was created in {}", key.shown(), self.line(routines[0].made));
            self.say(node.range(), Said::new("undefined-function", "42883", message).note(note));
            return None;
        }
        if nth.is_none() && is_unknown {
            self.catalog.open(key);
            return None;
        }
        nth.map(|nth| (key, Some(nth)))
    }

    /// A trigger that needs a function.
    fn needing_routine(&self, key: &Key) -> Option<String> {
        let id = self.catalog.known(key)?.id;
        for (table, _, relation) in self.catalog.relations_around(id) {
            if let Some(trigger) = relation.triggers.iter().find(|it| it.uses.has(id, None)) {
                let line = self.line(trigger.made);
                return Some(format!(
                    "trigger {} on table {} depends on it, created in {line}",
                    trigger.name,
                    table.shown()
                ));
            }
        }
        None
    }

    fn drop_triggers_of(&mut self, key: &Key) {
        let Some(id) = self.catalog.known(key).map(|it| it.id) else { return };
        let tables = self
            .catalog
            .relations_around(id)
            .filter(|(_, _, it)| it.triggers.iter().any(|it| it.uses.has(id, None)));
        let tables: Vec<_> = tables.map(|(key, ..)| key.clone()).collect();
        for table in tables {
            self.change(&table, |relation| relation.triggers.retain(|it| !it.uses.has(id, None)));
        }
        // Defaults, checks and views may have called it.
        let tables: Vec<_> = self.catalog.relations().map(|(key, ..)| key.clone()).collect();
        for table in tables {
            let is_view = self.at(&table).is_some_and(|it| it.uses.is_open);
            match is_view {
                true => self.catalog.open(table),
                false => {
                    self.change(&table, |relation| relation.has_open_constraints = true);
                }
            }
        }
    }

    pub(crate) fn alter_routine(&mut self, node: Node<'_>) -> Followed {
        if let Some(routine) = node.child("function_with_argtypes") {
            self.routine(routine, false);
        }
        Some(())
    }

    pub(crate) fn create_trigger(&mut self, node: Node<'_>) -> Followed {
        let at = node.child("name")?;
        let name = parse::ident(at)?;
        let function = node.child("func_name")?;
        let mut uses = Uses::default();
        if let Some((key, _)) = self.routine(function, false)
            && let Some(id) = self.id(&key)
        {
            uses.certain.push(Dependency { id, column: None });
        }
        let Some(key) = self.relation(node.child("qualified_name")?) else { return Some(()) };
        let id = self.id(&key)?;
        if let Some(events) = node.child("TriggerEvents") {
            for element in parse::within(events, "columnElem") {
                let column = parse::ident(element)?;
                if let Some(column) = self.need_column(element.range(), &key, &column) {
                    uses.certain.push(Dependency { id, column: Some(column) });
                }
            }
        }
        if let Some(condition) = node.child("TriggerWhen") {
            let needs = self.row_expression(condition, &key);
            uses.certain.extend(needs.certain);
            uses.is_open |= needs.is_open;
        }
        let is_replaced = node.child("opt_or_replace").is_some();
        let known = self.at(&key)?.triggers.iter().find(|it| it.name == name).map(|it| it.made);
        if let Some(made) = known.filter(|_| !is_replaced) {
            let message =
                format!("trigger \"{name}\" for relation \"{}\" already exists", key.shown());
            let note = format!("{name} was created in {}", self.line(made));
            self.say(at.range(), Said::new("duplicate-object", "42710", message).note(note));
            return Some(());
        }
        let made = self.place;
        self.change(&key, |relation| {
            relation.triggers.retain(|it| it.name != name);
            relation.triggers.push(Trigger { name, uses, made });
        });
        Some(())
    }

    /// Whether a statement on a table may fire a trigger that changes names.
    pub(crate) fn fire(&mut self, table: &Key) {
        let Some(relation) = self.at(table) else { return };
        let ids: Vec<_> = relation
            .triggers
            .iter()
            .flat_map(|it| it.uses.certain.iter().map(|it| it.id))
            .collect();
        for id in ids {
            let name = self.catalog.by_id(id).map(|(key, _)| key.name.clone());
            if let Some(name) = name {
                self.mentions(&name);
            }
        }
    }

    pub(crate) fn create_policy(&mut self, node: Node<'_>) -> Followed {
        let at = node.child("name")?;
        let name = parse::ident(at)?;
        let Some(key) = self.relation(node.child("qualified_name")?) else { return Some(()) };
        let (is_rule, is_new) = (node.symbol() == "RuleStmt", !parse::starts(node, &["alter"]));
        let mut uses = if is_rule { Uses::open() } else { Uses::default() };
        if !is_rule {
            for expression in node.children().into_iter().filter(|it| it.symbol() == "a_expr") {
                let some = self.expression(expression, Some(&key));
                uses.certain.extend(some.certain);
                uses.is_open |= some.is_open;
            }
        }
        let relation = self.at(&key)?;
        let list = if is_rule { &relation.rules } else { &relation.policies };
        let known = list.iter().find(|it| it.name == name).map(|it| it.made);
        let is_replaced = node.child("opt_or_replace").is_some();
        let word = if is_rule { "rule" } else { "policy" };
        match known {
            Some(made) if is_new && !is_replaced => {
                let preposition = if is_rule { "relation" } else { "table" };
                let message = format!(
                    "{word} \"{name}\" for {preposition} \"{}\" already exists",
                    key.shown()
                );
                let note = format!("{name} was created in {}", self.line(made));
                self.say(at.range(), Said::new("duplicate-object", "42710", message).note(note));
                return Some(());
            }
            None if !is_new && !relation.has_open_constraints => {
                let message =
                    format!("{word} \"{name}\" for table \"{}\" does not exist", key.shown());
                self.say(
                    at.range(),
                    Said::new("undefined-object", "42704", message).note(self.origin(&key)),
                );
                return Some(());
            }
            _ => {}
        }
        let made = self.place;
        self.change(&key, |relation| {
            let list = if is_rule { &mut relation.rules } else { &mut relation.policies };
            // What an altered policy needed before, it may need still.
            let before = list.iter().find(|it| it.name == name && !is_new).cloned();
            uses.certain.extend(before.into_iter().flat_map(|it| it.uses.certain));
            list.retain(|it| it.name != name);
            list.push(Trigger { name, uses, made });
        });
        Some(())
    }
}

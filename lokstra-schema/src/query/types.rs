//! The types of simple expressions, the operators between them, and what a column accepts.

use lokstra_grammar::Node;

use super::scope::{Meaning, Scope};
use crate::apply::{Found, Replay, Said};
use crate::builtin::{self, Cast, Extension};
use crate::catalog::{Base, Class, Key, Type};
use crate::input::StartsFrom;
use crate::parse;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Known(&'static str, bool),
    /// A text in quotes, or NULL: what it is depends on where it stands.
    Literal,
    Open,
}

impl Typed {
    fn of(ty: &Type) -> Typed {
        match ty.base {
            Base::BuiltIn(name) => Typed::Known(name, ty.is_array),
            _ => Typed::Open,
        }
    }
}

/// Operators that are written with words, as the catalog names them.
const WORDS: [(&[&str], &str); 4] = [
    (&["is", "distinct", "from"], "="),
    (&["is", "not", "distinct", "from"], "="),
    (&["like"], "~~"),
    (&["ilike"], "~~*"),
];

impl Replay<'_> {
    /// The type of an expression.
    pub(super) fn typed(&self, node: Node<'_>, scope: &Scope<'_>) -> Typed {
        let children = node.children();
        let own = parse::own_tokens(node);
        let tree = node.tree();
        match (node.symbol(), &children[..]) {
            ("columnref", _) => type_of_column(node, scope),
            ("func_application", _) => self.type_of_call(node),
            (_, [only]) if own.is_empty() => self.typed(*only, scope),
            // `(a)`
            ("a_expr" | "b_expr", [only])
                if only.symbol() == "a_expr"
                    && own.len() == 2
                    && tree.token(own[0]) == "("
                    && tree.token(own[1]) == ")" =>
            {
                self.typed(*only, scope)
            }
            ("a_expr" | "b_expr", [_, ty]) if ty.symbol() == "Typename" => {
                match parse::type_name(*ty) {
                    Some(name) => Typed::of(&self.resolve_type(&name)),
                    None => Typed::Open,
                }
            }
            ("a_expr" | "b_expr", [left, right])
                if [left, right].iter().all(|it| matches!(it.symbol(), "a_expr" | "b_expr")) =>
            {
                let words: Vec<_> =
                    own.iter().map(|nth| tree.token(*nth).to_ascii_lowercase()).collect();
                let Some(operator) = operator(&words) else { return Typed::Open };
                let (one, two) = (self.typed(*left, scope), self.typed(*right, scope));
                self.result(operator, &one, &two).unwrap_or(Typed::Open)
            }
            ("a_expr" | "b_expr" | "Sconst" | "SignedIconst", []) => literal(node),
            _ => Typed::Open,
        }
    }

    fn type_of_call(&self, node: Node<'_>) -> Typed {
        let Some(name) = node.child("func_name").and_then(parse::name) else { return Typed::Open };
        let result = builtin::function(&name.name).and_then(|it| it.result);
        let is_builtin = matches!(self.find(Class::Routine, &name), Found::Missing(..))
            && !self.is_of_extension(&name.name);
        match result.filter(|_| is_builtin && name.schema.is_none()) {
            Some(result) if result.starts_with('_') || result.starts_with("any") => Typed::Open,
            Some("trigger" | "void" | "record" | "internal") | None => Typed::Open,
            Some(result) => Typed::Known(result, false),
        }
    }

    /// Reports an operator that the types beside it do not have.
    pub(super) fn check_operator(&mut self, node: Node<'_>, scope: &Scope<'_>) {
        let children = node.children();
        let [left, right] = children[..] else { return };
        if ![left, right].iter().all(|it| matches!(it.symbol(), "a_expr" | "b_expr")) {
            return;
        }
        let own = parse::own_tokens(node);
        let words: Vec<_> =
            own.iter().map(|nth| node.tree().token(*nth).to_ascii_lowercase()).collect();
        let Some(name) = operator(&words) else { return };
        let (one, two) = (self.typed(left, scope), self.typed(right, scope));
        let (None, Typed::Known(one, _), Typed::Known(two, _)) =
            (self.result(name, &one, &two), &one, &two)
        else {
            return;
        };
        let message = format!("operator does not exist: {} {name} {}", shown(one), shown(two));
        let said = Said::new("undefined-operator", "42883", message)
            .help("cast one operand to the type of the other".to_owned());
        self.say(node.range(), said);
    }

    /// What an operator returns; `None` if there is none for these types, for certain.
    fn result(&self, name: &str, left: &Typed, right: &Typed) -> Option<Typed> {
        let (Typed::Known(one, false), Typed::Known(two, false)) = (left, right) else {
            return Some(Typed::Open);
        };
        let mut is_there = false;
        for (left, right, result) in builtin::operators(name) {
            if left == Some(*one) && right == Some(*two) {
                return Some(Typed::Known(result, false));
            }
            is_there |= left.is_some_and(|it| converts(one, it))
                && right.is_some_and(|it| converts(two, it));
        }
        (is_there || self.may_have_operator(name)).then_some(Typed::Open)
    }

    /// Whether the set or an extension may have made an operator of this name, or a cast.
    fn may_have_operator(&self, name: &str) -> bool {
        self.has_own_operators
            // An extension that was there before has it for texts.
            || name == "%" && self.options.starts_from != StartsFrom::Empty
            || self.catalog.slot(&Key::new(Class::Everything, "", "")).is_some()
            || self
                .catalog
                .of_class(Class::Extension)
                .any(|(key, _)| Extension::known(&key.name).is_none_or(|it| it.has_operator(name)))
    }

    /// Reports a default, or an expression that generates a column, that the column cannot store.
    pub(crate) fn value_fits(&mut self, key: &Key, column: &str, node: Node<'_>) {
        let expression = node.children().into_iter().find(|it| it.symbol().ends_with("_expr"));
        let ty = self.at(key).and_then(|it| it.column(column)).map(|it| it.ty.clone());
        if let (Some(expression), Some(ty), Some(source)) = (expression, ty, self.source_of(key)) {
            let scope = Scope { sources: vec![source], ..Scope::default() };
            let is_generated = parse::starts(node, &["generated"]);
            let what = if is_generated { "generation expression" } else { "default expression" };
            self.must_fit_in(expression, column, &ty, &scope, what);
        }
    }

    /// Reports a column that cannot become one of another type without USING.
    pub(crate) fn type_converts(&mut self, node: Node<'_>, key: &Key, column: &str, to: &Type) {
        let from = self.at(key).and_then(|it| it.column(column)).map(|it| Typed::of(&it.ty));
        if let (Some(Typed::Known(from, false)), Typed::Known(to, false)) = (from, Typed::of(to))
            && !is_stored(from, to)
            && !self.has_own_operators
        {
            let to = shown(to);
            let message = format!("column \"{column}\" cannot be cast automatically to type {to}");
            let said = Said::new("type-mismatch", "42804", message)
                .note(self.origin(key))
                .help(format!("write USING {column}::{to}, or another expression of type {to}"));
            self.say(node.range(), said);
        }
    }

    pub(super) fn must_fit_in(
        &mut self,
        node: Node<'_>,
        column: &str,
        ty: &Type,
        scope: &Scope<'_>,
        what: &str,
    ) {
        let Typed::Known(wanted, false) = Typed::of(ty) else { return };
        match self.typed(node, scope) {
            Typed::Known(given, false) if !is_stored(given, wanted) && !self.has_own_operators => {
                let message = format!(
                    "column \"{column}\" is of type {} but {what} is of type {}",
                    shown(wanted),
                    shown(given)
                );
                let said = Said::new("type-mismatch", "42804", message)
                    .help(format!("write a value of type {}", shown(wanted)));
                self.say(node.range(), said);
            }
            Typed::Literal if !may_be_read(node.text(), wanted) => {
                let kind = shown(wanted);
                let message = format!("invalid input syntax for type {kind}: {}", node.text());
                let said = Said::new("invalid-value", "22P02", message)
                    .help(format!("write a value of type {kind}"));
                self.say(node.range(), said);
            }
            _ => {}
        }
    }
}

fn operator(words: &[String]) -> Option<&str> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let [only] = words[..]
        && matches!(
            only,
            "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "/" | "%" | "||"
        )
    {
        return Some(if only == "!=" { "<>" } else { only });
    }
    WORDS.iter().find(|(some, _)| *some == words).map(|(_, name)| *name)
}

fn type_of_column(node: Node<'_>, scope: &Scope<'_>) -> Typed {
    if node.text().contains('[') {
        return Typed::Open;
    }
    let meaning = match super::expression::parts(node).as_deref() {
        Some([name]) => scope.bare(name),
        Some([table, name]) => scope.qualified(table, name),
        _ => return Typed::Open,
    };
    match meaning {
        Meaning::Field(field) => Typed::of(&field.ty),
        _ => Typed::Open,
    }
}

/// Whether a value of one type is taken where an operator wants another.
fn converts(given: &str, wanted: &str) -> bool {
    match wanted {
        _ if given == wanted => true,
        "any" | "anyelement" | "anycompatible" | "anynonarray" | "anycompatiblenonarray" => true,
        _ if wanted.starts_with("any") => !is_scalar(given),
        _ => builtin::cast(given, wanted) == Some(Cast::Implicit),
    }
}

/// Whether a type is neither made of others nor a string of the old kinds.
fn is_scalar(name: &str) -> bool {
    builtin::data_type(name)
        .is_some_and(|it| it.kind == b'b' && !matches!(it.category, b'A' | b'Z'))
}

/// Whether a value of one type is stored in a column of another.
fn is_stored(given: &str, wanted: &str) -> bool {
    let is_text = builtin::data_type(wanted).is_some_and(|it| it.category == b'S');
    given == wanted
        || is_text
        || !is_scalar(given)
        || !is_scalar(wanted)
        || builtin::cast(given, wanted).is_some_and(|it| it <= Cast::Assignment)
}

/// A constant.
fn literal(node: Node<'_>) -> Typed {
    let text = node.text();
    let is_one = node.tokens().len() == 1;
    if is_one && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match (text.parse::<i32>(), text.parse::<i64>()) {
            (Ok(_), _) => Typed::Known("int4", false),
            (_, Ok(_)) => Typed::Known("int8", false),
            _ => Typed::Known("numeric", false),
        };
    }
    match text.to_ascii_lowercase().as_str() {
        "true" | "false" if is_one => Typed::Known("bool", false),
        "null" if is_one => Typed::Literal,
        _ if is_one && node.tree().is_string(node.tokens().start) => Typed::Literal,
        _ => Typed::Open,
    }
}

/// Whether a text in quotes may be a value of a type: `false` only for what the type cannot mean.
fn may_be_read(text: &str, wanted: &str) -> bool {
    let Some(text) = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) else {
        return true;
    };
    let text = text.trim().to_ascii_lowercase();
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    match wanted {
        "int2" | "int4" | "int8" => has_digit,
        "uuid" => text.len() >= 32,
        "bool" => {
            let words = ["true", "false", "yes", "no", "on", "off", "1", "0"];
            !text.is_empty() && words.iter().any(|word| word.starts_with(&text))
        }
        "date" | "timestamp" | "timestamptz" | "json" | "jsonb" => !text.is_empty(),
        _ => true,
    }
}

/// As messages call a type.
fn shown(name: &str) -> &str {
    match name {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "bool" => "boolean",
        "float4" => "real",
        "float8" => "double precision",
        "varchar" => "character varying",
        "bpchar" => "character",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        "time" => "time without time zone",
        "timetz" => "time with time zone",
        "varbit" => "bit varying",
        _ => name,
    }
}

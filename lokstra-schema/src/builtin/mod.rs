//! The names that PostgreSQL 13 to 18 and the extensions of its source bring.
//!
//! A name of any of these versions is here. `tests/names` compares the data with a server and writes
//! what is missing.

mod extension;
mod lines;

pub use extension::Extension;
use lines::after;

const FUNCTIONS: &str = include_str!("../../data/functions.txt");
const TYPES: &str = include_str!("../../data/types.txt");
const OPERATORS: &str = include_str!("../../data/operators.txt");
const CASTS: &str = include_str!("../../data/casts.txt");
const CLASSES: &str = include_str!("../../data/classes.txt");
const COMPARABLE: &str = include_str!("../../data/comparable.txt");
const RELATIONS: &str = include_str!("../../data/relations.txt");
const OTHERS: &str = include_str!("../../data/others.txt");

/// All functions of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    counts: &'static str,
    /// The type that all of them return, if it is one and no set.
    pub result: Option<&'static str>,
}

impl Function {
    fn new(rest: &'static str) -> Option<Self> {
        let (counts, result) = rest.split_once(' ')?;
        Some(Self { counts, result: Some(result).filter(|result| *result != "?") })
    }

    /// Reports whether one of them can be called with this number of arguments.
    pub fn accepts(self, arguments: usize) -> bool {
        self.counts.split(',').any(|count| {
            let (least, most) = count.split_once('-').unwrap_or((count, count));
            let least = least.parse().unwrap_or(0);
            let most = most.parse().unwrap_or(usize::MAX);
            (least..=most).contains(&arguments)
        })
    }
}

/// Returns the functions of this name, or what the grammar reads as one.
pub fn function(name: &str) -> Option<Function> {
    after(FUNCTIONS, &format!("{name} ")).next().and_then(Function::new)
}

/// Lists the names of all functions.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.lines().filter_map(|line| line.split(' ').next())
}

/// A type by the name that the catalog has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type {
    /// `int4` for `integer`.
    pub name: &'static str,
    /// `b` for base, `p` for pseudo, `r` for range, `m` for multirange.
    pub kind: u8,
    /// As in `pg_type.typcategory`.
    pub category: u8,
}

/// Returns the type of this name; several words have one space between them.
pub fn data_type(name: &str) -> Option<Type> {
    let words = format!("{name} ");
    let start = TYPES.as_ptr() as usize;
    let rest = after(TYPES, &words).next()?;
    if let Some(alias) = rest.strip_prefix("a ") {
        return data_type(alias);
    }
    let mut letters = rest.split(' ').map(|word| word.as_bytes()[0]);
    let end = rest.as_ptr() as usize - start - 1;
    let name = &TYPES[end - name.len()..end];
    Some(Type { name, kind: letters.next()?, category: letters.next()? })
}

/// Lists the operands (`None` for a missing one) and the result of each operator of this name.
pub fn operators(
    name: &str,
) -> impl Iterator<Item = (Option<&'static str>, Option<&'static str>, &'static str)> + use<> {
    after(OPERATORS, &format!("{name} ")).filter_map(|rest| {
        let mut words = rest.split(' ');
        let mut operand = || words.next().map(|word| Some(word).filter(|word| *word != "-"));
        Some((operand()?, operand()?, words.next()?))
    })
}

/// From where on a value of one type is converted to another without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cast {
    /// In any expression.
    Implicit,
    /// Where a value is stored in a column.
    Assignment,
    /// Where a cast is written.
    Explicit,
}

/// Returns the cast between two types by their names in the catalog, apart from what input and output
/// convert.
pub fn cast(source: &str, target: &str) -> Option<Cast> {
    after(CASTS, &format!("{source} {target} ")).next().map(|context| match context {
        "i" => Cast::Implicit,
        "a" => Cast::Assignment,
        _ => Cast::Explicit,
    })
}

/// Reports whether a column of type `reference` may refer to a key of type `key`; `None` if the data
/// does not have one of the two.
pub fn can_reference(key: &str, reference: &str) -> Option<bool> {
    let is_listed = |name: &str| after(COMPARABLE, &format!("{name} {name}")).next().is_some();
    (is_listed(key) && is_listed(reference))
        .then(|| after(COMPARABLE, &format!("{key} {reference}")).next().is_some())
}

/// Lists the types of the operator classes of this name, and whether each is the default of its type.
pub fn classes(method: &str, name: &str) -> impl Iterator<Item = (&'static str, bool)> + use<> {
    after(CLASSES, &format!("{method} {name} "))
        .filter_map(|rest| Some((rest.split(' ').next()?, rest.ends_with(" d"))))
}

/// Returns the kind of a relation of a system schema, as in `pg_class.relkind`.
pub fn relation(schema: &str, name: &str) -> Option<u8> {
    after(RELATIONS, &format!("{schema} {name} ")).next().map(|kind| kind.as_bytes()[0])
}

/// A kind of name without particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access method.
    AccessMethod,
    /// A collation that every system has. Systems have others.
    Collation,
    /// A text search configuration.
    Configuration,
    /// A text search dictionary.
    Dictionary,
    /// An extension that comes with PostgreSQL's source.
    Extension,
    /// A language that needs no extension.
    Language,
    /// A text search parser.
    Parser,
    /// A role.
    Role,
    /// A sampling method.
    Sampling,
    /// A schema; `public` is one.
    Schema,
    /// A column that every table has.
    SystemColumn,
    /// A tablespace.
    Tablespace,
    /// A text search template.
    Template,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::AccessMethod => "access-method",
            Self::Collation => "collation",
            Self::Configuration => "configuration",
            Self::Dictionary => "dictionary",
            Self::Extension => "extension",
            Self::Language => "language",
            Self::Parser => "parser",
            Self::Role => "role",
            Self::Sampling => "sampling",
            Self::Schema => "schema",
            Self::SystemColumn => "system-column",
            Self::Tablespace => "tablespace",
            Self::Template => "template",
        }
    }
}

/// Reports whether PostgreSQL brings something of this kind and name.
pub fn is_known(kind: Kind, name: &str) -> bool {
    after(OTHERS, &format!("{} {name}", kind.word())).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_is_found_by_its_words() {
        for (text, words) in [(FUNCTIONS, 1), (CASTS, 2), (CLASSES, 2), (RELATIONS, 2), (TYPES, 1)]
        {
            assert!(text.is_ascii() && text.lines().is_sorted());
            for line in text.lines().filter(|line| !line.contains(" a ")) {
                let end = line.match_indices(' ').nth(words - 1).unwrap().0 + 1;
                let mut found = after(text, &line[..end]);
                assert!(found.any(|rest| rest == &line[end..]), "{line}");
            }
        }
    }

    #[test]
    fn functions_have_counts_of_arguments_and_a_result() {
        let now = function("now").unwrap();
        assert_eq!(now.result, Some("timestamptz"));
        assert!(now.accepts(0) && !now.accepts(1));
        let concat = function("concat").unwrap();
        assert!(!concat.accepts(0) && concat.accepts(1) && concat.accepts(90));
        let substring = function("substring").unwrap();
        assert!(substring.accepts(2) && substring.accepts(3));
        assert!(function("coalesce").is_some() && function("current_user").is_some());
        assert!(function("nwo").is_none());
        for name in ["concat", "current_user", "percentile_cont", "uuidv7", "merge_action"] {
            assert!(function(name).is_some(), "{name}");
        }
    }

    #[test]
    fn types_have_one_name() {
        assert_eq!(data_type("integer").unwrap().name, "int4");
        assert_eq!(data_type("bigserial").unwrap().name, "int8");
        assert_eq!(data_type("double precision").unwrap().name, "float8");
        assert_eq!(data_type("timestamp with time zone").unwrap().name, "timestamptz");
        let text = data_type("text").unwrap();
        assert_eq!((text.name, text.kind, text.category), ("text", b'b', b'S'));
        assert_eq!(data_type("txt"), None);
    }

    #[test]
    fn keys_are_compared_as_the_server_compares_them() {
        assert_eq!(can_reference("int4", "int8"), Some(true));
        assert_eq!(can_reference("int4", "text"), Some(false));
        assert_eq!(can_reference("uuid", "text"), Some(false));
        assert_eq!(can_reference("text", "varchar"), Some(true));
        assert_eq!(can_reference("int4", "_int4"), None);
        assert_eq!(can_reference("citext", "text"), None);
    }

    #[test]
    fn operators_classes_and_casts_are_found_by_type() {
        let minus: Vec<_> = operators("-").filter(|(left, ..)| left.is_none()).collect();
        assert!(minus.contains(&(None, Some("int4"), "int4")));
        assert_eq!(classes("btree", "text_pattern_ops").collect::<Vec<_>>(), [("text", false)]);
        assert_eq!(cast("int4", "int8"), Some(Cast::Implicit));
        assert_eq!(cast("int8", "int4"), Some(Cast::Assignment));
        assert_eq!(cast("bool", "timestamptz"), None);
    }

    #[test]
    fn relations_and_the_rest_are_found() {
        assert_eq!(relation("pg_catalog", "pg_class"), Some(b'r'));
        assert_eq!(relation("information_schema", "columns"), Some(b'v'));
        assert_eq!(relation("pg_catalog", "pg_clas"), None);
        assert!(is_known(Kind::AccessMethod, "gin") && !is_known(Kind::AccessMethod, "gi"));
        assert!(is_known(Kind::Schema, "public") && is_known(Kind::SystemColumn, "ctid"));
        assert!(is_known(Kind::Extension, "uuid-ossp") && is_known(Kind::Role, "pg_monitor"));
    }
}

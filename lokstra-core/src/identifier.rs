//! Names of PostgreSQL objects that need no quotes, and the name of the tracking table.

use std::fmt;
use std::str::FromStr;

use crate::{DEFAULT_SCHEMA, DEFAULT_TABLE, DOWN_TABLE, PROGRESS_TABLE};

/// A name for a PostgreSQL object that means the same quoted and unquoted: a lower-case letter or
/// `_`, then lower-case letters, digits and `_`, at most 63 bytes.
///
/// PostgreSQL documentation: *4.1.1. Identifiers and Key Words*.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(String);

/// Why a text is not an [`Identifier`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentifierError {
    /// There is no text.
    Empty,
    /// PostgreSQL would cut the name after 63 bytes, silently.
    TooLong,
    /// This character cannot stand where it does.
    Character(char),
    /// More than a schema and a table: `a.b.c`.
    TooManyParts,
    /// The name of a table of our own, [`PROGRESS_TABLE`] or [`DOWN_TABLE`].
    Reserved,
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong => f.write_str("it is longer than the 63 bytes of a PostgreSQL name"),
            Self::Character(found) if found.is_ascii_digit() => {
                write!(f, "it starts with the digit `{found}`")
            }
            Self::Character(found) => write!(
                f,
                "it contains `{}`; use lower-case letters, digits and `_`",
                found.escape_default()
            ),
            Self::TooManyParts => f.write_str("it has more parts than `schema.table`"),
            Self::Reserved => {
                write!(f, "{PROGRESS_TABLE} and {DOWN_TABLE} are tables of lokstra's own")
            }
        }
    }
}

impl std::error::Error for IdentifierError {}

impl Identifier {
    /// Returns the name, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Identifier, IdentifierError> {
        if text.len() > 63 {
            return Err(IdentifierError::TooLong);
        }
        let first = text.chars().next().ok_or(IdentifierError::Empty)?;
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if first.is_ascii_digit() {
            return Err(IdentifierError::Character(first));
        }
        match text.chars().find(|&c| !legal(c)) {
            Some(found) => Err(IdentifierError::Character(found)),
            None => Ok(Identifier(text.to_owned())),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tracking table, always with its schema: `lokstra_core.schema_migrations`.
///
/// Parsed from `table` (in [`DEFAULT_SCHEMA`]) or `schema.table`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    schema: Identifier,
    table: Identifier,
}

impl TableName {
    /// Returns the schema.
    pub fn schema(&self) -> &str {
        self.schema.as_str()
    }

    /// Returns the table within its schema.
    pub fn table(&self) -> &str {
        self.table.as_str()
    }

    /// Returns `"schema"."table"`, for SQL.
    pub fn quoted(&self) -> String {
        format!("\"{}\".\"{}\"", self.schema, self.table)
    }
}

impl Default for TableName {
    fn default() -> TableName {
        TableName {
            schema: Identifier(DEFAULT_SCHEMA.to_owned()),
            table: Identifier(DEFAULT_TABLE.to_owned()),
        }
    }
}

impl FromStr for TableName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<TableName, IdentifierError> {
        let mut parts = text.split('.');
        let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        if third.is_some() {
            return Err(IdentifierError::TooManyParts);
        }
        let (schema, table) = match second {
            Some(table) => (first, table),
            None => (DEFAULT_SCHEMA, first),
        };
        if [PROGRESS_TABLE, DOWN_TABLE].contains(&table) {
            return Err(IdentifierError::Reserved);
        }
        Ok(TableName { schema: schema.parse()?, table: table.parse()? })
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_a_schema_is_in_the_default_one() {
        let table: TableName = "billing_migrations".parse().unwrap();
        assert_eq!(table.to_string(), "lokstra_core.billing_migrations");
        let table: TableName = "audit.billing_migrations".parse().unwrap();
        assert_eq!(table.quoted(), r#""audit"."billing_migrations""#);
        assert_eq!(TableName::default(), "lokstra_core.schema_migrations".parse().unwrap());
    }

    #[test]
    fn names_that_quoting_would_change_are_refused() {
        use IdentifierError::{Character, Empty, Reserved, TooLong, TooManyParts};
        for (text, why) in [
            ("", Empty),
            ("a.", Empty),
            (".a", Empty),
            ("a.b.c", TooManyParts),
            ("audit.lokstra_progress", Reserved),
            ("lokstra_down", Reserved),
            ("Users", Character('U')),
            ("1st", Character('1')),
            ("a b", Character(' ')),
            ("a\";drop table x", Character('"')),
            (&"a".repeat(64), TooLong),
        ] {
            assert_eq!(text.parse::<TableName>(), Err(why), "{text}");
        }
    }
}

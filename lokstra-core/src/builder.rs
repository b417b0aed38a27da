//! Writes a set: its text, and its index of fixed-size entries.

use std::fmt;
use std::ops::Range;

use crate::{Checksum, Fingerprint, Mode, Set, TableName, Version, layout};

/// The settings of one folder, as they go into a [`Set`].
#[derive(Clone, Debug)]
pub struct DatabaseSpec<'a> {
    /// The folder, relative to the crate, with `/`.
    pub folder: &'a str,
    /// `dbpool-name`.
    pub pool: Option<&'a str>,
    /// `schema-table`.
    pub table: TableName,
    /// `enabled`.
    pub enabled: bool,
    /// `description`.
    pub description: Option<&'a str>,
}

/// One migration, as it goes into a [`Set`].
#[derive(Clone, Debug)]
pub struct MigrationSpec<'a> {
    /// The version.
    pub version: Version,
    /// The description, as in the file name.
    pub description: &'a str,
    /// The script that applies it.
    pub up: ScriptSpec<'a>,
    /// The script that rolls it back.
    pub down: ScriptSpec<'a>,
}

/// One script, as it goes into a [`Set`].
#[derive(Clone, Debug)]
pub struct ScriptSpec<'a> {
    /// The path, relative to the crate, with `/`.
    pub path: &'a str,
    /// The text, without a byte order mark and with LF line ends.
    pub text: &'a str,
    /// The checksum of the text.
    pub checksum: Checksum,
    /// How it runs.
    pub mode: Mode,
    /// Where the statements stand in the text, in bytes.
    pub statements: &'a [Range<usize>],
}

/// The migrations are more than a set can hold: 4 GiB of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the migrations are larger than 4 GiB in all")
    }
}

impl std::error::Error for TooLarge {}

/// Writes a [`Set`]. The macro, the folder reader and `include_dir` all use this one.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    text: String,
    databases: Vec<Vec<u32>>,
    /// Ranges of statements; their place is known when all databases are.
    statements: Vec<u32>,
    no_transaction: bool,
}

impl Builder {
    /// Makes a builder for an empty set.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Adds a folder. The migrations must be sorted by version, each version once.
    pub fn database(
        &mut self,
        database: &DatabaseSpec<'_>,
        migrations: &[MigrationSpec<'_>],
    ) -> Result<(), TooLarge> {
        debug_assert!(migrations.is_sorted_by(|a, b| a.version < b.version));
        let mut words = Vec::with_capacity(
            layout::database::WORDS + migrations.len() * layout::migration::WORDS,
        );
        self.str(&mut words, database.folder)?;
        self.str(&mut words, database.pool.unwrap_or_default())?;
        self.str(&mut words, &database.table.to_string())?;
        self.str(&mut words, database.description.unwrap_or_default())?;
        words.push(u32::from(database.enabled));
        words.push(word(migrations.len())?);
        words.extend(Fingerprint::of(migrations).to_words());
        for migration in migrations {
            let version = migration.version.get().cast_unsigned();
            words.extend([word_of_half(version >> 32), word_of_half(version)]);
            self.str(&mut words, migration.description)?;
            self.script(&mut words, &migration.up)?;
            self.script(&mut words, &migration.down)?;
        }
        self.databases.push(words);
        Ok(())
    }

    /// Returns the set.
    pub fn finish(self) -> Result<Set, TooLarge> {
        let no_transaction = u32::from(self.no_transaction);
        let mut index = vec![layout::FORMAT, no_transaction, word(self.databases.len())?];
        let mut place = index.len() + self.databases.len();
        for database in &self.databases {
            index.push(word(place)?);
            place += database.len();
        }
        let statements_place = word(place)?;
        word(place + self.statements.len())?;
        for mut database in self.databases {
            relocate_statements(&mut database, statements_place);
            index.append(&mut database);
        }
        index.extend(self.statements);
        Ok(Set::from_owned(self.text, &index))
    }

    fn script(&mut self, words: &mut Vec<u32>, script: &ScriptSpec<'_>) -> Result<(), TooLarge> {
        self.str(words, script.path)?;
        self.str(words, script.text)?;
        words.push(match script.mode {
            Mode::Transactional => 0,
            Mode::NoTransaction => 1,
        });
        self.no_transaction |= script.mode == Mode::NoTransaction;
        let (fours, _) = script.checksum.as_bytes().as_chunks::<4>();
        words.extend(fours.iter().map(|&four| u32::from_be_bytes(four)));
        words.extend([word(self.statements.len())?, word(script.statements.len())?]);
        for range in script.statements {
            self.statements.extend([word(range.start)?, word(range.end)?]);
        }
        Ok(())
    }

    fn str(&mut self, words: &mut Vec<u32>, text: &str) -> Result<(), TooLarge> {
        words.extend([word(self.text.len())?, word(text.len())?]);
        self.text.push_str(text);
        word(self.text.len()).map(drop)
    }
}

fn relocate_statements(database: &mut [u32], by: u32) {
    let migrations = &mut database[layout::database::WORDS..];
    for migration in migrations.chunks_exact_mut(layout::migration::WORDS) {
        migration[layout::migration::UP + layout::script::STATEMENTS] += by;
        migration[layout::migration::DOWN + layout::script::STATEMENTS] += by;
    }
}

fn word(value: usize) -> Result<u32, TooLarge> {
    u32::try_from(value).map_err(|_| TooLarge)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
fn word_of_half(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script<'a>(path: &'a str, text: &'a str, statements: &'a [Range<usize>]) -> ScriptSpec<'a> {
        let checksum = Checksum::from_bytes([u8::try_from(text.len()).unwrap(); 32]);
        ScriptSpec { path, text, checksum, mode: Mode::NoTransaction, statements }
    }

    fn set() -> Set {
        let mut builder = Builder::new();
        for folder in ["migrations/01_main-db", "migrations/02_empty-db"] {
            let database = DatabaseSpec {
                folder,
                pool: Some("db_main"),
                table: "audit.history".parse().unwrap(),
                enabled: false,
                description: None,
            };
            let migrations = [0, 7, i64::MAX].map(|number| MigrationSpec {
                version: Version::new(number).unwrap(),
                description: "create_users",
                up: script("u.sql", "SELECT 'é'; SELECT 2;", &[0..11, 13..21]),
                down: script("d.sql", "", &[]),
            });
            let all = if folder.contains("empty") { &[][..] } else { &migrations };
            builder.database(&database, all).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn what_the_builder_writes_the_views_read() {
        let set = set();
        assert_eq!(set.databases().len(), 2);
        assert!(set.has_no_transaction());
        let main = set.database("01_main-db").unwrap();
        assert_eq!((main.folder(), main.pool()), ("migrations/01_main-db", Some("db_main")));
        assert_eq!((main.table().to_string().as_str(), main.enabled()), ("audit.history", false));
        assert_eq!(main.description(), None);
        let versions: Vec<_> = main.migrations().map(|m| m.version().get()).collect();
        assert_eq!(versions, [0, 7, i64::MAX]);
        let last = main.migration(Version::MAX).unwrap();
        assert_eq!(last.up().statements().collect::<Vec<_>>(), ["SELECT 'é'", "SELECT 2"]);
        assert_eq!(last.up().checksum(), Checksum::from_bytes([22; 32]));
        assert_eq!(last.up().mode(), Mode::NoTransaction);
        assert_eq!((last.down().path(), last.down().text()), ("d.sql", ""));
        assert!(main.migration(Version::new(8).unwrap()).is_none());
        assert_ne!(main.fingerprint(), Fingerprint::default());
        let empty = set.database("02_empty-db").unwrap();
        assert!(empty.is_empty());
        assert_eq!(empty.fingerprint(), Fingerprint::default());
        assert!(set.database("nowhere").is_none());
        assert!(!Builder::new().finish().unwrap().has_no_transaction());
    }

    #[test]
    fn the_parts_make_the_same_set_again() {
        let set = set();
        let (text, index) = set.parts();
        let again = Set::from_static(String::from(text).leak(), Vec::from(index).leak());
        assert_eq!(again, set);
    }

    #[test]
    #[should_panic(expected = "different versions")]
    fn an_index_of_another_version_is_refused() {
        let _ = Set::from_static("", &[1, 0, 0, 0, 0, 0, 0, 0]);
    }
}

//! Where each word of the index of a set stands. A `str` is two words: start and length in the text.

/// The first word. It changes with the layout, so that a macro and a runtime that do not fit
/// fail to compile.
pub(crate) const FORMAT: u32 = 0x4c4b_0005;
/// Whether a script is not transactional.
pub(crate) const NO_TRANSACTION: usize = 1;
/// The number of databases, followed by the place of each.
pub(crate) const DATABASES: usize = 2;

/// A database; its migrations follow it.
pub(crate) mod database {
    use crate::Fingerprint;

    pub(crate) const FOLDER: usize = 0;
    pub(crate) const POOL: usize = 2;
    pub(crate) const TABLE: usize = 4;
    pub(crate) const DESCRIPTION: usize = 6;
    pub(crate) const ENABLED: usize = 8;
    pub(crate) const COUNT: usize = 9;
    pub(crate) const FINGERPRINT: usize = 10;
    pub(crate) const WORDS: usize = FINGERPRINT + Fingerprint::WORDS;
}

/// A migration.
pub(crate) mod migration {
    pub(crate) const VERSION: usize = 0;
    pub(crate) const DESCRIPTION: usize = 2;
    pub(crate) const UP: usize = 4;
    pub(crate) const DOWN: usize = UP + super::script::WORDS;
    pub(crate) const WORDS: usize = DOWN + super::script::WORDS;
}

/// A script, inside its migration.
pub(crate) mod script {
    pub(crate) const PATH: usize = 0;
    pub(crate) const TEXT: usize = 2;
    pub(crate) const MODE: usize = 4;
    pub(crate) const CHECKSUM: usize = 5;
    /// The place of the first range, and how many there are.
    pub(crate) const STATEMENTS: usize = 13;
    pub(crate) const WORDS: usize = 15;
}

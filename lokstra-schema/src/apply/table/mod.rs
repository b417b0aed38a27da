//! Tables: their columns, constraints and indexes, their parents and partitions.

pub(crate) mod alter;
mod alter_column;
pub(crate) mod columns;
mod constraint;
mod create;
mod foreign_key;
mod index;
mod inherit;
mod key;

pub(crate) use create::is_temporary;

//! What a down script did not undo, and the scratch databases on which that is tried.

mod support;

mod begins_again;
mod kinds;
mod properties;
mod reversible;
mod scratch;
mod sets;

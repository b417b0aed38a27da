//! Who holds the migration lock, who is in the way of a script, and how far another run is.

pub(crate) mod activity;
pub(crate) mod blocker;
pub(crate) mod holder;

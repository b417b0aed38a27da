//! What holds for the repository itself: its documentation, its rooms, its dependencies.

mod dependencies;
mod documentation;
mod rooms;

//! Tracking tables of other programs and of earlier versions continue in place.

mod adoption;
mod go_program;
mod refused;
mod shapes;
mod waiting;

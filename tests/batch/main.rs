//! Several migrations in one message, and when the disk is waited for.

mod disturbed;
mod flush;
mod messages;
mod standby;
mod ten;

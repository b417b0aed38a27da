//! The exit code.

use std::process::ExitCode;

/// The exit code of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 1: `status -exit-code` found pending migrations.
    Pending = 1,
    /// 2: it failed, or was stopped by a signal; the standard error says why.
    Failed = 2,
    /// 3: the arguments are wrong.
    Usage = 3,
    /// 4: another migration held the lock for longer than the wait.
    LockHeld = 4,
    /// 5: the database and the folder disagree.
    Diverged = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

//! Who has to do something about an error of a script: judged by its class and by where it stands.
//!
//! PostgreSQL documentation: *Appendix A. Error Codes*.

/// Where an error stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// At a statement of the script.
    InScript,
    /// Behind the script, where deferred constraints are checked.
    Deferred,
    /// The server reached no statement of the script.
    Elsewhere,
}

/// Who, or what, has to change before the script can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Script,
    /// The rows that the script writes, checked at the end of the transaction.
    DeferredRows,
    /// The first line of the script.
    Mode,
    /// The rights of the role.
    Rights,
    /// An operator, or a `statement_timeout`.
    Cancelled,
    /// `transaction_timeout`
    TransactionTimeout,
    /// A session that waits for what this one holds.
    Deadlock,
    /// A session that holds a lock.
    Locked,
    /// A session that uses the object.
    InUse,
    /// Another change at the same time.
    Serialization,
    /// The disk.
    Disk,
    /// The memory, or the table of locks.
    Memory,
    /// Another limit of the server's configuration.
    Limit,
    /// A file that the server lacks, a library of an extension, say.
    ServerFile,
    /// The operating system of the server.
    System,
    /// The server as a whole: it is shut down, or not ready.
    Unavailable,
    /// Another server: a foreign one, or the way to it.
    Remote,
    /// An error that the server, or an extension, did not expect.
    Internal,
    /// Damaged data.
    Corruption,
}

pub(crate) fn judge(sqlstate: &str, stands: Stands) -> Fault {
    match (sqlstate, stands) {
        ("25001", _) => Fault::Mode,
        ("25P04", _) => Fault::TransactionTimeout,
        ("42501", _) => Fault::Rights,
        ("57014", _) => Fault::Cancelled,
        ("40P01", _) => Fault::Deadlock,
        ("55P03", _) => Fault::Locked,
        ("55006", _) => Fault::InUse,
        ("40001", _) => Fault::Serialization,
        ("53100", _) => Fault::Disk,
        ("53200", _) => Fault::Memory,
        ("58P01", _) => Fault::ServerFile,
        ("XX001" | "XX002", _) => Fault::Corruption,
        _ => match (sqlstate.get(..2).unwrap_or_default(), stands) {
            ("08" | "HV", _) => Fault::Remote,
            ("53", _) => Fault::Limit,
            ("57", _) => Fault::Unavailable,
            ("58" | "F0", _) => Fault::System,
            ("XX", _) => Fault::Internal,
            (_, Stands::Deferred) => Fault::DeferredRows,
            _ => Fault::Script,
        },
    }
}

impl Fault {
    /// What to do; `None` where that depends on how far the script came.
    pub(crate) fn help(self) -> Option<&'static str> {
        Some(match self {
            Fault::Script => return None,
            Fault::DeferredRows => {
                "correct the rows that the script writes (they are checked at the end of the \
                 transaction), and run again"
            }
            Fault::Mode => {
                "make the first line of the file `-- lokstra: no-transaction`; its statements then \
                 run one by one"
            }
            Fault::Rights => "run the migrations with a role that has this privilege, or grant it",
            Fault::Cancelled => {
                "it was cancelled, or exceeded statement_timeout: remove the cause and run again"
            }
            Fault::TransactionTimeout => {
                "set a longer transaction_timeout for the role of the migrations (ALTER ROLE … SET \
                 transaction_timeout = …), or split the script, and run again"
            }
            Fault::Deadlock => {
                "another session waits for what this migration holds: run again when it is done"
            }
            Fault::Locked => {
                "another session holds a lock that this migration needs: see pg_locks, and run again"
            }
            Fault::InUse => "another session uses this object: end that session, and run again",
            Fault::Serialization => {
                "another session changed the same rows: run again when it has finished"
            }
            Fault::Disk => "free space on the server's disk, and run again",
            Fault::Memory => {
                "the server lacks memory: follow its hint, or split the script, and run again"
            }
            Fault::Limit => {
                "the server reached a limit of its configuration: raise the limit, and run again"
            }
            Fault::ServerFile => {
                "install the file on the server (such as the library of an extension), or correct \
                 its name in the script, and run again"
            }
            Fault::System => {
                "the script is not the cause: see the server's log for what its operating system \
                 refused, and run again"
            }
            Fault::Unavailable => "the script is not the cause: run again when the server is ready",
            Fault::Remote => {
                "the connection to another server failed: check that server, and run again"
            }
            Fault::Internal => {
                "the server, or an extension, had an internal error: see the server's log, and run \
                 again; if the error returns, rewrite the statement"
            }
            Fault::Corruption => {
                "data of the server is damaged: the script is not the cause; see the server's log, and \
                 restore or repair the data before any migration"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_and_the_place_of_an_error_say_who_has_to_act() {
        let in_script = [
            ("42601", Fault::Script),
            ("42P01", Fault::Script),
            ("23505", Fault::Script),
            ("22P02", Fault::Script),
            ("0A000", Fault::Script),
            ("25006", Fault::Script),
            ("54001", Fault::Script),
            ("55000", Fault::Script),
            ("P0001", Fault::Script),
            ("", Fault::Script),
            ("25001", Fault::Mode),
            ("25P04", Fault::TransactionTimeout),
            ("42501", Fault::Rights),
            ("57014", Fault::Cancelled),
            ("40P01", Fault::Deadlock),
            ("40001", Fault::Serialization),
            ("55P03", Fault::Locked),
            ("55006", Fault::InUse),
            ("53100", Fault::Disk),
            ("53200", Fault::Memory),
            ("53000", Fault::Limit),
            ("53300", Fault::Limit),
            ("53400", Fault::Limit),
            ("57P01", Fault::Unavailable),
            ("57P03", Fault::Unavailable),
            ("57000", Fault::Unavailable),
            ("58P01", Fault::ServerFile),
            ("58000", Fault::System),
            ("58030", Fault::System),
            ("F0000", Fault::System),
            ("08006", Fault::Remote),
            ("HV00N", Fault::Remote),
            ("XX000", Fault::Internal),
            ("XX001", Fault::Corruption),
            ("XX002", Fault::Corruption),
        ];
        for (sqlstate, fault) in in_script {
            assert_eq!(judge(sqlstate, Stands::InScript), fault, "{sqlstate}");
        }
        assert_eq!(judge("23503", Stands::Deferred), Fault::DeferredRows);
        assert_eq!(judge("53100", Stands::Deferred), Fault::Disk);
        // Of its own making: a standby is asked for what it is.
        assert_eq!(judge("25006", Stands::Elsewhere), Fault::Script);
        assert_eq!(judge("0A000", Stands::Elsewhere), Fault::Script);
        assert_eq!(judge("22P05", Stands::Elsewhere), Fault::Script);
    }
}

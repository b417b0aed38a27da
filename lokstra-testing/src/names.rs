//! The names and the mark of what this crate creates on a server.

use std::fmt;

/// The number of a process among all that use the server, as the key of the advisory lock that it holds
/// while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner(pub(crate) u64);

/// `CONNECTION LIMIT` of every database of ours, more than a server has connections. `CREATE DATABASE` sets
/// it together with the name, so there is no instant without it, and no database has it by accident: a name
/// alone would prove nothing.
pub(crate) const MARK: i32 = 1_000_717_393;

pub(crate) const TEST: &str = "lokstra_test_";
pub(crate) const BUILD: &str = "lokstra_build_";
pub(crate) const TEMPLATE: &str = "lokstra_template_";
pub(crate) const KEPT: &str = "lokstra_kept_";

impl Owner {
    pub(crate) fn random() -> Owner {
        Owner(lokstra_connect::backoff::entropy())
    }

    /// The name of a database of this process.
    pub(crate) fn name(self, prefix: &str, nth: u32) -> String {
        format!("{prefix}{self}_{nth}")
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shorter_than_the_server_allows() {
        assert!(Owner(u64::MAX).name(TEMPLATE, u32::MAX).len() <= 63);
        assert_eq!(Owner(10).name(TEST, 7), "lokstra_test_000000000000000a_7");
    }
}

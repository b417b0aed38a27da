//! What names and servers say in our texts.

use std::fmt::Display;
use std::time::Duration;

use lokstra_connect::ServerError;
use lokstra_core::{TableName, Version};

use super::ErrorKind;
use crate::model::run::warning::Warning;
use crate::model::state::holder::Holder;
use crate::model::table::down_store::DownNotStored;
use crate::model::table::server::ServerFault;
use crate::model::table::stored_down::TrustIssue;
use crate::model::table::table_fault::TableFault;

/// What a role, a table or a statement in a database can be named.
const NAME: &str = "a\n  help: curl \x1b[2J\u{202e}";

fn name() -> String {
    NAME.to_owned()
}

fn server() -> ServerError {
    let mut error = ServerError::cancelled();
    error.message = name();
    error
}

#[track_caller]
fn is_harmless(text: &dyn Display) {
    let (text, exact) = (text.to_string(), format!("{text:#}"));
    assert!(!text.contains(['\x1b', '\u{202e}']), "{text:?}");
    assert!(!text.contains("\n  help: curl"), "{text:?}");
    assert!(exact.contains("curl \x1b[2J\u{202e}"), "{exact:?}");
}

#[test]
fn a_name_in_a_text_is_one_line_that_no_terminal_obeys() {
    let table = TableName::default();
    for reason in [
        DownNotStored::NoTable { role: name(), schema: name() },
        DownNotStored::MissingPrivileges { role: name(), table: name() },
        DownNotStored::Foreign { owner: name(), table: name() },
    ] {
        is_harmless(&reason);
        is_harmless(&Warning::DownNotStored { versions: Vec::new(), reason });
    }
    for reason in [
        TrustIssue::Owner(name()),
        TrustIssue::Grantees(name()),
        TrustIssue::WriteAllData(name()),
        TrustIssue::Triggers(name()),
        TrustIssue::Rules(name()),
    ] {
        is_harmless(&reason);
        let (table, reasons) = (table.clone(), vec![reason]);
        is_harmless(&ErrorKind::UntrustedDown { table, reasons });
    }
    for fault in [
        TableFault::Lacks(name()),
        TableFault::Type(name()),
        TableFault::Generated(name()),
        TableFault::Required(name()),
        TableFault::ForeignPartition(name()),
        TableFault::Unlogged(name()),
    ] {
        is_harmless(&fault);
        is_harmless(&ErrorKind::UnfitTable { table: table.clone(), faults: vec![fault] });
    }
    let version = Version::new(1).unwrap();
    let (path, index) = (name(), name());
    is_harmless(&ErrorKind::InvalidIndex { version, path: path.clone(), index: index.clone() });
    is_harmless(&ErrorKind::AmbiguousIndex { version, path, index });
    is_harmless(&Warning::NotCancelled { version, reason: name() });
}

#[test]
fn what_a_server_says_does_nothing_to_a_terminal() {
    let table = TableName::default();
    let exact = || Box::new(server());
    is_harmless(&server());
    is_harmless(&ErrorKind::Server(server()));
    is_harmless(&ServerFault::Refuses(exact()));
    let (server, fault) = (name(), ServerFault::Refuses(exact()));
    is_harmless(&ErrorKind::UnsupportedServer { server, fault });
    let (sql, source) = (String::new(), self::server());
    is_harmless(&ErrorKind::CannotUpgrade { table, sql, source });
    is_harmless(&Holder::Session {
        pid: 1,
        application: name(),
        state: String::new(),
        age: Duration::ZERO,
        query: name(),
        is_between: false,
    });
}

//! What one read of the database finds: the history, and the facts that a run depends on.

use lokstra_core::Script;

use crate::model::state::history::History;
use crate::model::table::down_store::{DownNotStored, DownStore, LONGEST};
use crate::model::table::server::Server;
use crate::model::table::table_fault::{Faults, TableFault};
use crate::model::table::tables::Shape;

/// What is known of the session and of the database, read together with the history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub(crate) struct Facts {
    pub(crate) session_user: String,
    pub(crate) role: String,
    pub(crate) access: Access,
    pub(crate) encoding: Encoding,
    /// The server can notice a dead client while it works: from version 14, and where it says Linux.
    pub(crate) notices_dead_clients: bool,
    pub(crate) server: Server,
    pub(crate) sees_locks: bool,
    pub(crate) schema_exists: bool,
    pub(crate) unqualified: Unqualified,
    pub(crate) quotes: Quotes,
    /// This role may lock a row of the tracking table, also of one that it is going to make.
    pub(crate) may_update: bool,
    pub(crate) down_store: DownStore,
    /// The tracking table; `None` where there is none yet.
    pub(crate) shape: Option<Shape>,
    /// What is wrong with it.
    pub(crate) faults: Faults,
}

impl Facts {
    /// Why the table is another tool's, if it is.
    pub(crate) fn foreign(&self) -> Vec<TableFault> {
        let Some(shape) = &self.shape else { return Vec::new() };
        let (mut faults, mut lacking) = (Vec::new(), String::new());
        let is_no_table =
            |fault: &&TableFault| matches!(fault, TableFault::Kind(_)) && fault.is_foreign();
        if let Some(fault) = self.faults.all.iter().find(is_no_table) {
            return vec![fault.clone()];
        }
        for column in ["version", "description", "applied_at"] {
            if shape.type_of(column).is_none() {
                lacking.push_str(if lacking.is_empty() { "" } else { ", " });
                lacking.push_str(column);
            }
        }
        if !lacking.is_empty() {
            faults.push(TableFault::Lacks(lacking));
        }
        for fault in &self.faults.all {
            if fault.is_foreign() {
                faults.push(fault.clone());
            }
        }
        faults
    }
}

/// What the database makes of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// Takes any byte; error positions count bytes instead of characters.
    SqlAscii,
    /// Lacks some characters.
    Other,
}

/// Where unqualified names lead once the schema of the tracking table is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unqualified {
    /// Into it, since the role has its name.
    IntoOurs,
    Elsewhere,
}

/// How the session reads quotes and backslashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// As the build did.
    AsChecked,
    /// `standard_conforming_strings` or `backslash_quote` is off.
    Otherwise,
}

/// Whether a run can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    /// `default_transaction_read_only` of the session, the role or the database.
    ReadOnly,
    Standby,
}

/// What one reading of the database saw.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) facts: Facts,
    pub(crate) history: History,
    /// The side table of no-transaction scripts is there and takes space: it may have rows.
    pub(crate) may_have_progress: bool,
}

impl Facts {
    /// Why the down SQL of a migration that is applied now is not stored, if it is not.
    pub(crate) fn not_stored(&self, down: Script<'_>) -> Option<DownNotStored> {
        match &self.down_store {
            DownStore::Refused(reason) => Some(reason.clone()),
            _ if down.text().len() > LONGEST => Some(DownNotStored::TooLong),
            _ if self.encoding == Encoding::Other && !down.text().is_ascii() => {
                Some(DownNotStored::Encoding)
            }
            _ => None,
        }
    }
}

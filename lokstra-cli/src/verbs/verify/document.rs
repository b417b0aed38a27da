//! The document of `verify`.

use lokstra_verify::{Altered, Change, Check, Difference, Finding, Phase, Verification, Verified};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct VerifyDocument {
    reversible: bool,
    /// None, where nothing had to run.
    server: Option<u32>,
    databases: Vec<DatabaseObject>,
    #[cfg(feature = "folder")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<super::marks::MarksObject>,
}

#[derive(Serialize)]
struct DatabaseObject {
    database: String,
    kept: Option<String>,
    verified_before: usize,
    not_run: Vec<String>,
    migrations: Vec<MigrationObject>,
}

#[derive(Serialize)]
struct MigrationObject {
    version: String,
    description: String,
    up: String,
    down: String,
    reversible: bool,
    not_judged: Option<&'static str>,
    suppressed: Option<String>,
    findings: Vec<FindingObject>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FindingObject {
    Failed { finding: &'static str, message: String },
    Difference(DifferenceObject),
    Unknown { finding: &'static str },
}

#[derive(Serialize)]
struct DifferenceObject {
    finding: &'static str,
    kind: String,
    name: String,
    part_of: Option<String>,
    change: &'static str,
    properties: Vec<PropertyObject>,
    rows: Option<RowsObject>,
    help: Option<String>,
    suppressed: Option<String>,
    counts: bool,
}

#[derive(Serialize)]
struct PropertyObject {
    property: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct RowsObject {
    before: u64,
    after: u64,
}

impl From<&Verification> for VerifyDocument {
    fn from(found: &Verification) -> VerifyDocument {
        VerifyDocument {
            reversible: !found.is_failure(),
            server: Some(found.server),
            databases: found.databases.iter().map(DatabaseObject::from).collect(),
            #[cfg(feature = "folder")]
            marks: Vec::new(),
        }
    }
}

#[cfg(feature = "folder")]
impl VerifyDocument {
    pub(super) fn new(
        found: &Verification,
        marks: Vec<super::marks::MarksObject>,
    ) -> VerifyDocument {
        VerifyDocument { marks, ..VerifyDocument::from(found) }
    }

    /// Of databases in which every migration has a mark.
    pub(super) fn nothing(
        marks: &[(lokstra_runtime::Database<'_>, lokstra_source::Marks)],
    ) -> VerifyDocument {
        let databases = marks.iter().map(|(database, marks)| DatabaseObject {
            database: database.name().to_owned(),
            kept: None,
            verified_before: marks.verdicts.len(),
            not_run: Vec::new(),
            migrations: Vec::new(),
        });
        let databases = databases.collect();
        VerifyDocument { reversible: true, server: None, databases, marks: Vec::new() }
    }
}

impl From<&Verified> for DatabaseObject {
    fn from(verified: &Verified) -> DatabaseObject {
        DatabaseObject {
            database: verified.database.clone(),
            kept: verified.kept.clone(),
            verified_before: verified.verified,
            not_run: verified.not_run.iter().map(ToString::to_string).collect(),
            migrations: verified.checks.iter().map(MigrationObject::from).collect(),
        }
    }
}

impl From<&Check> for MigrationObject {
    fn from(check: &Check) -> MigrationObject {
        MigrationObject {
            version: check.version.to_string(),
            description: check.description.clone(),
            up: check.up.clone(),
            down: check.down.clone(),
            reversible: !check.is_failure(),
            not_judged: check.not_judged(),
            suppressed: check.suppressed.clone(),
            findings: check.findings.iter().map(FindingObject::from).collect(),
        }
    }
}

impl From<&Finding> for FindingObject {
    fn from(finding: &Finding) -> FindingObject {
        let failed = |finding, error: &lokstra_runtime::Error| FindingObject::Failed {
            finding,
            message: error.to_string(),
        };
        match finding {
            Finding::UpFailed(error) => failed("up-failed", error),
            Finding::DownFailed(error) => failed("down-failed", error),
            Finding::UpAgainFailed(error) => failed("up-again-failed", error),
            Finding::Differs(phase, difference) => {
                let is_again = matches!(phase, Phase::UpAgain);
                let finding = if is_again { "differs-the-second-time" } else { "not-undone" };
                FindingObject::Difference(DifferenceObject::new(finding, difference))
            }
            _ => FindingObject::Unknown { finding: "unknown" },
        }
    }
}

impl DifferenceObject {
    fn new(finding: &'static str, difference: &Difference) -> DifferenceObject {
        let (change, altered) = match &difference.change {
            Change::Added => ("added", [].as_slice()),
            Change::Missing => ("missing", &[][..]),
            Change::Changed(altered) => ("changed", altered.as_slice()),
            Change::Respelled(altered) => ("respelled", altered.as_slice()),
            Change::Reordered(order) => ("reordered", std::slice::from_ref(order)),
            Change::RowCount { .. } => ("row-count", &[][..]),
            Change::RowsChanged => ("rows-changed", &[][..]),
            _ => ("unknown", &[][..]),
        };
        let rows = match difference.change {
            Change::RowCount { before, after } => Some(RowsObject { before, after }),
            _ => None,
        };
        DifferenceObject {
            finding,
            kind: difference.object.kind().to_owned(),
            name: difference.object.name().to_owned(),
            part_of: difference.object.part_of().map(str::to_owned),
            change,
            properties: altered.iter().map(PropertyObject::from).collect(),
            rows,
            help: difference.help(),
            suppressed: difference.suppressed.clone(),
            counts: difference.is_failure(),
        }
    }
}

impl From<&Altered> for PropertyObject {
    fn from(altered: &Altered) -> PropertyObject {
        let Altered { property, before, after, .. } = altered.clone();
        PropertyObject { property, before, after }
    }
}

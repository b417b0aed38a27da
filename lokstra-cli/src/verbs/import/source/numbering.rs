//! The versions that the migrations get here.

use lokstra_core::Version;

use super::migration::SourceMigration;
use super::remark::Remark;

/// Why their numbers are not kept.
pub(crate) fn renumbered(tool: &str, theirs: &[SourceMigration]) -> Option<Remark> {
    let reason = |one: &SourceMigration| match one.number.and_then(Version::new) {
        Some(_) => None,
        None if one.id.len() > 18 && one.id.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("the version {} is above {}", one.id, Version::MAX))
        }
        None => Some(format!("the version {} is no whole number", one.id)),
    };
    let odd = theirs.iter().find_map(|one| Some((&one.up, reason(one)?)));
    let (script, reason) = odd.or_else(|| {
        let late = theirs.windows(2).find(|pair| pair[0].number > pair[1].number)?;
        Some((&late[1].up, format!("{tool} runs {} behind {}", late[1].id, late[0].id)))
    })?;
    let versions = versions(theirs);
    let (first, last) = (versions.first()?, versions.last()?);
    let message = format!(
        "{reason}: all migrations are numbered {first} to {last} instead, in the order in which {tool} \
         runs them"
    );
    let help = "number new migrations behind these, as `lokstra migration create` does";
    Some(Remark::new(&script.path, message, help))
}

/// Their numbers, if each has one and they are in order. Otherwise 001, 002, … in their order.
pub(crate) fn versions(theirs: &[SourceMigration]) -> Vec<Version> {
    let kept: Option<Vec<Version>> =
        theirs.iter().map(|one| one.number.and_then(Version::new)).collect();
    match kept {
        Some(versions) if versions.is_sorted_by(|a, b| a < b) => versions,
        _ => (1..).filter_map(Version::new).take(theirs.len()).collect(),
    }
}

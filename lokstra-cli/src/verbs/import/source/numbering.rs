//! The versions of the converted migrations.

use lokstra_core::Version;

use super::migration::SourceMigration;
use super::remark::Remark;

/// Explains why the numbers are not kept.
pub(crate) fn renumbered(tool: &str, migrations: &[SourceMigration]) -> Option<Remark> {
    let reason = |one: &SourceMigration| match one.number.and_then(Version::new) {
        Some(_) => None,
        None if one.id.len() > 18 && one.id.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("the version {} is above {}", one.id, Version::MAX))
        }
        None => Some(format!("the version {} is not a whole number", one.id)),
    };
    let not_kept = migrations.iter().find_map(|one| Some((&one.up, reason(one)?)));
    let (script, reason) = not_kept.or_else(|| {
        let late = migrations.windows(2).find(|pair| pair[0].number > pair[1].number)?;
        Some((&late[1].up, format!("{tool} runs {} after {}", late[1].id, late[0].id)))
    })?;
    let versions = versions(migrations);
    let (first, last) = (versions.first()?, versions.last()?);
    let message = format!(
        "{reason}: all migrations are numbered {first} to {last} instead, in the order in which {tool} \
         runs them"
    );
    let help = "number new migrations after these, as `lokstra migration create` does";
    Some(Remark::new(&script.path, message, help))
}

/// The numbers of the migrations, if each has one and they are in order; otherwise 001, 002, ….
pub(crate) fn versions(migrations: &[SourceMigration]) -> Vec<Version> {
    let kept: Option<Vec<Version>> =
        migrations.iter().map(|one| one.number.and_then(Version::new)).collect();
    match kept {
        Some(versions) if versions.is_sorted_by(|a, b| a < b) => versions,
        _ => (1..).filter_map(Version::new).take(migrations.len()).collect(),
    }
}

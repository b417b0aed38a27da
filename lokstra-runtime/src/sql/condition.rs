//! SQL that fails where a condition does not hold.

/// A query that fails with `lokstra:<token>` in its message unless `condition` holds.
pub(crate) fn require(condition: &str, token: &str) -> String {
    format!("SELECT {};", required(condition, 0, token, "int4"))
}

/// An expression that is `value`, of this type, where `condition` holds, and otherwise fails with
/// `lokstra:<token>` in its message. A cast, not a `RAISE`: a role may lack the right to use plpgsql.
/// The planner cannot do it ahead, as long as the condition has no constant value.
pub(crate) fn required(condition: &str, value: i64, token: &str, kind: &str) -> String {
    format!(
        "CAST(CASE WHEN {condition} THEN '{value}' ELSE 'lokstra:{token}:' END AS pg_catalog.{kind})"
    )
}

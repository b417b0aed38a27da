//! Changes in one line.

use std::collections::BTreeMap;

use super::{Change, Sign};

/// As many objects of one kind are named; more are counted.
const NAMED: usize = 3;

/// Says in a few words what changes: `+ table orders`, `+ 3 indexes`, `- column users.mail`. The columns and constraints of a
/// table that comes or goes are not counted. Empty without a change.
pub fn summary(changes: &[Change]) -> Vec<String> {
    let mut groups: BTreeMap<(usize, Sign), Vec<&Change>> = BTreeMap::new();
    let mut kinds: Vec<&str> = Vec::new();
    for change in changes.iter().filter(|it| !is_implied(it, changes)) {
        let place = kinds.iter().position(|kind| *kind == change.kind).unwrap_or_else(|| {
            kinds.push(change.kind);
            kinds.len() - 1
        });
        groups.entry((place, change.sign)).or_default().push(change);
    }
    let texts = groups.into_iter().map(|((place, sign), group)| {
        let (sign, kind) = (sign.mark(), kinds[place]);
        let most = if matches!(kind, "table" | "view" | "column") { NAMED } else { 1 };
        match group.len() {
            1 => format!("{sign} {kind} {}", name(group[0])),
            count if count <= most => {
                let names: Vec<_> = group.iter().map(|it| name(it)).collect();
                format!("{sign} {} {}", plural(kind), names.join(" "))
            }
            count => format!("{sign} {count} {}", plural(kind)),
        }
    });
    texts.collect()
}

impl Sign {
    /// `+`, `-` or `~`.
    pub fn mark(self) -> &'static str {
        match self {
            Sign::Added => "+",
            Sign::Removed => "-",
            Sign::Changed => "~",
        }
    }
}

fn is_implied(change: &Change, changes: &[Change]) -> bool {
    let is_shown = change.kind == "index" || change.kind == "trigger" || change.kind == "policy";
    let is_its = |it: &Change| {
        it.of.is_none() && it.sign == change.sign && Some(&it.name) == change.of.as_ref()
    };
    // With a table goes all that it has.
    (!is_shown || change.sign == Sign::Removed)
        && change.sign != Sign::Changed
        && changes.iter().any(is_its)
}

fn name(change: &Change) -> String {
    match (&change.of, &change.before, &change.after) {
        (Some(of), ..) if matches!(change.kind, "column" | "trigger" | "policy" | "rule") => {
            format!("{of}.{}", change.name)
        }
        (None, Some(before), Some(after)) if change.sign == Sign::Changed => match before {
            before if *after == change.name => format!("{before} -> {after}"),
            _ => change.name.clone(),
        },
        _ => change.name.clone(),
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "index" => "indexes".to_owned(),
        "check" => "checks".to_owned(),
        "unique" => "unique constraints".to_owned(),
        kind => match kind.strip_suffix('y').filter(|it| !it.ends_with(['a', 'e', 'o', 'u'])) {
            Some(stem) if kind == "policy" => format!("{stem}ies"),
            _ => format!("{kind}s"),
        },
    }
}

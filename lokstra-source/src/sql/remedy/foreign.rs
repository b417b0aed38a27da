//! SQL of other databases, placeholders of drivers, and templates.

use super::words::short;
use super::{Broken, Found, Remedy};

impl Broken<'_> {
    /// A placeholder of a driver, of psql or of a template.
    pub(super) fn placeholder(&self) -> Option<String> {
        let rest = &self.statement[self.at.start..];
        let before = self.previous().map_or("", |previous| &self.statement[previous]);
        for (opening, closing) in
            [("{{", "}}"), ("{%", "%}"), ("${", "}"), ("#{", "}"), ("<%", "%>")]
        {
            // Only the brace is rejected.
            let start = match opening.strip_suffix('{') {
                Some(sign @ ("$" | "#")) if before == sign => self.previous()?.start,
                _ => self.at.start,
            };
            let text = &self.statement[start..];
            if text.starts_with(opening) {
                let end = text.find(closing).map_or(opening.len(), |end| end + closing.len());
                return Some(format!(
                    "`{}` belongs to a template, and nothing fills it in here: write what it stands for",
                    short(&text[..end])
                ));
            }
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let placeholder = match rest.chars().next() {
            Some(':') if rest[1..].starts_with(|c| is_name(c) || matches!(c, '\'' | '"')) => {
                let end = rest[2..].find(|c| !is_name(c)).map_or(rest.len(), |end| end + 2);
                &rest[..end]
            }
            Some('%') if rest.starts_with("%s") || rest.starts_with("%d") => &rest[..2],
            Some('%') if rest.starts_with("%(") => {
                let end = rest.find(')')? + 1;
                let kind = rest[end..].starts_with(|c: char| c.is_ascii_alphabetic());
                &rest[..end + usize::from(kind)]
            }
            Some('?') => "?",
            _ if before == "?" => "?",
            _ => return None,
        };
        Some(format!(
            "`{}` is a placeholder, and nothing fills it in here: write the value",
            short(placeholder)
        ))
    }

    pub(super) fn backtick(&self) -> Option<String> {
        let near = self.nth.saturating_sub(2)..=self.nth + 1;
        near.into_iter()
            .any(|nth| self.text(nth).starts_with('`'))
            .then(|| "quote names with \" and not with `".to_owned())
    }

    /// `LIMIT offset, count` of other databases.
    pub(super) fn limit(&self) -> Option<String> {
        let (count, offset) = (self.text(self.nth + 3), self.text(self.nth + 1));
        (self.text(self.nth).eq_ignore_ascii_case("limit") && self.text(self.nth + 2) == ",")
            .then(|| format!("write LIMIT {count} OFFSET {offset}"))
            .filter(|other| {
                let end = self.tokens.get(self.nth + 3).map(|(_, text, at)| at + text.len());
                end.is_some_and(|end| {
                    self.is_accepted(&(self.at.start..end), &other["write ".len()..])
                })
            })
    }

    /// A separator of statements of another database's client.
    pub(super) fn separator(&self) -> Option<Found> {
        let mut offset = 0;
        for line in self.statement.split_inclusive('\n') {
            let word = line.trim();
            let at = offset + line.len() - line.trim_start().len();
            offset += line.len();
            let is_near = at <= self.at.end
                && offset + 1 >= self.previous().map_or(self.at.start, |it| it.start);
            let help = match word.to_ascii_lowercase().as_str() {
                "go" => "`GO` separates statements in SQL Server: write `;`",
                _ if word.to_ascii_lowercase().starts_with("delimiter ") => {
                    "`DELIMITER` is a command of MySQL's client: remove it, and end statements with `;`"
                }
                _ => continue,
            };
            if is_near {
                let remedy = Remedy::Certain(help.to_owned());
                return Some(Found { at: at..at + word.len(), remedy });
            }
        }
        None
    }
}

//! Scripts that were written for psql, as psql sends them: without its commands and the data between
//! the lines, and with its variables filled in.
//!
//! It has a scanner of its own: the one that is under test must not prepare its own examples.

use std::collections::HashMap;

/// What psql would send of this script, as long as `standard_conforming_strings` is on: what stands
/// where a script turns it off is left out.
pub(crate) fn sent(script: &str) -> String {
    let mut psql = Psql { rest: script, ..Psql::default() };
    while let Some(next) = psql.rest.chars().next() {
        let length = psql.token(next);
        psql.take(length);
        if next == ';' {
            psql.end_of_statement();
        }
    }
    psql.sent
}

#[derive(Default)]
struct Psql<'a> {
    rest: &'a str,
    sent: String,
    /// Where the statement begins that is being read.
    statement: usize,
    variables: HashMap<String, String>,
    /// Where in what is sent `standard_conforming_strings` was turned off.
    off: Option<usize>,
}

impl Psql<'_> {
    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.sent.push_str(taken);
        self.rest = rest;
    }

    /// The length of the token here; what is psql's alone is dealt with and has none.
    fn token(&mut self, next: char) -> usize {
        let rest = self.rest;
        match next {
            '-' if rest.starts_with("--") => line(rest),
            '/' if rest.starts_with("/*") => comment(rest),
            '\'' => text(rest, self.has_escapes()),
            '"' => until(rest, 1, "\""),
            '$' if !self.sent.ends_with(is_in_name) => dollar_text(rest),
            ':' if rest.starts_with("::") => 2,
            ':' => self.variable(),
            '\\' => {
                self.command();
                0
            }
            _ => next.len_utf8(),
        }
    }

    fn has_escapes(&self) -> bool {
        let before = self.sent.strip_suffix(['e', 'E']);
        self.off.is_some() || before.is_some_and(|before| !before.ends_with(is_in_name))
    }

    /// A variable that is not set stays as it is.
    fn variable(&mut self) -> usize {
        let name = &self.rest[1..];
        let quote = name.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
        let name = quote.map_or(name, |quote| &name[quote.len_utf8()..]);
        let name = &name[..name.find(|c| !is_in_name(c)).unwrap_or(name.len())];
        let Some(value) = self.variables.get(name) else { return 1 };
        let quote = quote.map_or_else(String::new, String::from);
        self.sent.extend([&quote, value, &quote].map(String::as_str));
        self.rest = &self.rest[1 + name.len() + 2 * quote.len()..];
        0
    }

    fn command(&mut self) {
        let (command, rest) = self.rest.split_at(line(self.rest));
        let mut words = command.split_whitespace();
        match words.next().unwrap_or_default() {
            // Several statements in one message.
            word if word.starts_with("\\;") => {
                self.sent.push(';');
                self.rest = &self.rest[2..];
                return;
            }
            "\\set" => {
                let name = words.next().unwrap_or_default().to_owned();
                let values = words.map(|word| {
                    let variable = word.strip_prefix(':').and_then(|name| self.variables.get(name));
                    variable.map_or_else(|| word.trim_matches('\'').to_owned(), Clone::clone)
                });
                let value = values.collect();
                self.variables.insert(name, value);
            }
            "\\getenv" => {
                let name = words.next().unwrap_or_default().to_owned();
                self.variables.insert(name, "value".to_owned());
            }
            word if word.starts_with("\\g") || word.starts_with("\\crosstabview") => {
                self.sent.push(';');
                self.rest = rest;
                self.end_of_statement();
                return;
            }
            _ => {}
        }
        self.rest = rest;
        if command.starts_with("\\copy") && stdins(command) > 0 {
            self.skip_data();
        }
    }

    fn end_of_statement(&mut self) {
        let statement = self.sent[self.statement..].trim_end_matches(';');
        let words: Vec<_> = statement.split_whitespace().map(str::to_ascii_lowercase).collect();
        let plain = words.join(" ").replace(" to ", " = ");
        let stdins = if plain.contains("copy ") { stdins(&plain) } else { 0 };
        match (self.off, plain) {
            (None, plain) if plain.ends_with("set standard_conforming_strings = off") => {
                self.off = Some(self.sent.len());
            }
            (Some(off), plain)
                if plain.ends_with("set standard_conforming_strings = on")
                    || plain.ends_with("reset standard_conforming_strings") =>
            {
                self.sent.truncate(off);
                self.off = None;
            }
            _ => {}
        }
        self.statement = self.sent.len();
        if stdins > 0 {
            self.take(line(self.rest));
            for _ in 0..stdins {
                self.skip_data();
            }
        }
    }

    /// Unless no data follows: psql asks for none where the server has refused the statement.
    fn skip_data(&mut self) {
        let next = self.rest.trim_start_matches('\n').get(..4).unwrap_or_default();
        let next = next.to_ascii_lowercase();
        let is_sql = ["copy", "crea", "inse", "sele", "drop", "alte", "begi", "roll", "-- "];
        if !is_sql.contains(&next.as_str())
            && let Some(end) = self.rest.find("\\.\n")
        {
            self.rest = &self.rest[end + 3..];
        }
    }
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '\u{80}'..)
}

fn stdins(statement: &str) -> usize {
    statement.to_ascii_lowercase().matches("from stdin").count()
}

/// The length of the line, with its end.
fn line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

/// The end of what begins at the start and continues to this, searched from an offset.
fn until(text: &str, from: usize, end: &str) -> usize {
    text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
}

fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let step = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (1, 2),
            [b'*', b'/', ..] => (-1, 2),
            _ => (0, 1),
        };
        depth += step.0;
        at += step.1;
        if depth == 0 {
            break;
        }
    }
    at
}

fn text(text: &str, has_escapes: bool) -> usize {
    let mut at = 1;
    loop {
        at += match &text.as_bytes()[at..] {
            [] => return text.len(),
            [b'\\', _, ..] if has_escapes => 2,
            [b'\'', b'\'', ..] => 2,
            // Continues in the same way behind the end of a line.
            [b'\'', rest @ ..] => {
                let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                if !rest[..space].contains(&b'\n') || rest.get(space) != Some(&b'\'') {
                    return at + 1;
                }
                space + 2
            }
            _ => 1,
        };
    }
}

fn dollar_text(text: &str) -> usize {
    let end = text[1..].find(|c| c == '$' || !is_in_name(c)).map_or(text.len(), |end| end + 1);
    let is_tag =
        text[end..].starts_with('$') && !text[1..].starts_with(|c: char| c.is_ascii_digit());
    if is_tag { until(text, end + 1, &text[..=end]) } else { 1 }
}

//! `{version}_{description}.{up|down}.sql`

use std::fmt;
use std::str::FromStr;

use lokstra_core::{Direction, ParseVersionError, Version};

/// The description of a migration in its file names: `create_users`. It consists of lower-case letters,
/// digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Description(String);

impl Description {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Guesses the valid description that the author of another spelling means.
    fn suggested_by(text: &str) -> Description {
        let mut words = String::new();
        let mut previous = ' ';
        for c in text.chars() {
            let starts_word =
                c.is_uppercase() && (previous.is_lowercase() || previous.is_numeric());
            if (starts_word || !c.is_alphanumeric()) && !words.ends_with('_') {
                words.push('_');
            }
            words.extend(c.to_lowercase().filter(char::is_ascii_alphanumeric));
            previous = c;
        }
        match words.trim_matches('_') {
            "" => Description("describe_the_change".to_owned()),
            words => Description(words.to_owned()),
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a [`Description`], with a suggestion of a valid one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionError {
    found: Option<char>,
    suggestion: Description,
}

impl DescriptionError {
    /// The reason, for a sentence that begins with the description.
    fn reason(&self) -> String {
        match self.found {
            None => "is empty".to_owned(),
            Some(c) if c.is_uppercase() => format!("has the upper-case letter `{c}`"),
            Some(' ') => "has a space".to_owned(),
            Some(c) => format!("has the character `{}`", c.escape_debug()),
        }
    }

    /// Returns the description that the author may mean.
    pub fn suggestion(&self) -> &Description {
        &self.suggestion
    }
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the description {}; it consists of lower-case letters, digits and `_`\n  \
             help: {}",
            self.reason(),
            self.suggestion
        )
    }
}

impl std::error::Error for DescriptionError {}

impl FromStr for Description {
    type Err = DescriptionError;

    fn from_str(text: &str) -> Result<Description, DescriptionError> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let found = text.chars().find(|&c| !legal(c));
        if found.is_some() || text.bytes().all(|byte| byte == b'_') {
            return Err(DescriptionError { found, suggestion: Description::suggested_by(text) });
        }
        Ok(Description(text.to_owned()))
    }
}

/// The parts of the name of an SQL file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileName {
    pub(crate) version: Version,
    pub(crate) description: Description,
    pub(crate) direction: Direction,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}.{}.sql", self.version, self.description, self.direction)
    }
}

/// A file name that is not valid.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadName {
    /// Which parts are wrong, and why.
    pub(crate) reason: String,
    /// The name that the author probably means.
    pub(crate) suggestion: FileName,
    /// The version, unless it is guessed.
    pub(crate) version: Option<Version>,
    pub(crate) direction: Option<Direction>,
}

impl FileName {
    /// Reads a name. `free` is the version to suggest where the name has none.
    pub(crate) fn parse(name: &str, free: Version) -> Result<FileName, BadName> {
        let mut reasons = Vec::new();
        let (rest, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let (rest, direction, certain_direction) = direction(rest, &mut reasons);
        let (rest, version) = version(rest, &mut reasons);
        let description = rest.parse().unwrap_or_else(|error: DescriptionError| {
            reasons.push(format!("the description `{rest}` {}", error.reason()));
            error.suggestion
        });
        if ending != "sql" {
            reasons.push(format!("the ending `.{ending}` is not in lower case"));
        }
        let suggestion = FileName { version: version.unwrap_or(free), description, direction };
        if reasons.is_empty() {
            return Ok(suggestion);
        }
        Err(BadName {
            reason: reasons.join(", "),
            suggestion,
            version,
            direction: certain_direction,
        })
    }
}

fn direction<'a>(
    rest: &'a str,
    reasons: &mut Vec<String>,
) -> (&'a str, Direction, Option<Direction>) {
    let (before, word) = rest.rsplit_once('.').unwrap_or((rest, ""));
    match word {
        "up" => (before, Direction::Up, Some(Direction::Up)),
        "down" => (before, Direction::Down, Some(Direction::Down)),
        "" => {
            reasons.push("it has neither `.up` nor `.down` before `.sql`".to_owned());
            (before, Direction::Up, None)
        }
        word => {
            reasons.push(format!("the direction `{word}` is neither `up` nor `down`"));
            let certain = match word.to_ascii_lowercase().as_str() {
                "up" => Some(Direction::Up),
                "down" => Some(Direction::Down),
                _ => None,
            };
            let guess = if word.starts_with(['d', 'D']) { Direction::Down } else { Direction::Up };
            (before, certain.unwrap_or(guess), certain)
        }
    }
}

/// Removes the version, and the separator behind it, from the front.
fn version<'a>(rest: &'a str, reasons: &mut Vec<String>) -> (&'a str, Option<Version>) {
    // Flyway's files begin with a V.
    let without_v = rest.strip_prefix(['V', 'v']);
    let from = without_v.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let digits_from = from.unwrap_or(rest);
    let digits_end = digits_from.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits_from.len());
    let (digits, after) = digits_from.split_at(digits_end);
    if digits.is_empty() {
        reasons.push("it does not begin with a version such as `001`".to_owned());
        return (rest.trim_start_matches('_'), None);
    }
    if from.is_some() {
        reasons.push("the version has a letter before its number".to_owned());
    }
    let version = match digits.parse() {
        Ok(version) => Some(version),
        Err(ParseVersionError::Padding(version)) => {
            reasons.push(format!("the version `{digits}` must be written `{version}`"));
            Some(version)
        }
        Err(_) => {
            reasons.push(format!("the version `{digits}` is above {}", Version::MAX));
            None
        }
    };
    if let Some(description) = after.strip_prefix('_') {
        // Flyway writes two.
        let description =
            description.strip_prefix('_').filter(|_| from.is_some()).unwrap_or(description);
        return (description, version);
    }
    if !after.is_empty() {
        reasons.push("there is no `_` after the version".to_owned());
    }
    (after.trim_start_matches(|c: char| !c.is_alphanumeric()), version)
}

/// The version at the beginning of a name, even if the rest of it is wrong.
pub(crate) fn leading_version(name: &str) -> Option<Version> {
    version(name, &mut Vec::new()).1
}

/// The version after the highest of these names, or 001.
pub(crate) fn next_free<'a>(names: impl Iterator<Item = &'a str>) -> Option<Version> {
    names.filter_map(leading_version).max().unwrap_or(Version::MIN).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Result<FileName, BadName> {
        FileName::parse(name, Version::new(7).unwrap())
    }

    #[test]
    fn a_right_name_comes_back_from_its_parts() {
        for name in [
            "000_init_utilities.up.sql",
            "001_create_users.up.sql",
            "999_2fa.down.sql",
            "1000_x.up.sql",
            "20260201093000_add_email_verified.down.sql",
            "001__double.up.sql",
        ] {
            assert_eq!(parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_wrong_name_says_which_part_and_suggests_the_right_one() {
        let reasons = [
            "create_users.up.sql",
            "1_create_users.up.sql",
            "0001_create_users.up.sql",
            "99999999999999999999_x.up.sql",
            "001-create-users.up.sql",
            "001_CreateUsers.up.sql",
            "001_create users.up.sql",
            "001_.up.sql",
            "001.up.sql",
            "001_create_users.sql",
            "001_create_users.dwon.sql",
            "001_create_users.UP.sql",
            "001_create_users.up.SQL",
            "001_v1.2.up.sql",
            "V1__create_users.sql",
            "001_naïve.up.sql",
            ".sql",
        ]
        .map(|name| {
            let bad = parse(name).unwrap_err();
            format!("{name}: {} -> {}", bad.reason, bad.suggestion)
        });
        insta::assert_snapshot!(reasons.join("\n"), @"
        create_users.up.sql: it does not begin with a version such as `001` -> 007_create_users.up.sql
        1_create_users.up.sql: the version `1` must be written `001` -> 001_create_users.up.sql
        0001_create_users.up.sql: the version `0001` must be written `001` -> 001_create_users.up.sql
        99999999999999999999_x.up.sql: the version `99999999999999999999` is above 9223372036854775807 -> 007_x.up.sql
        001-create-users.up.sql: there is no `_` after the version, the description `create-users` has the character `-` -> 001_create_users.up.sql
        001_CreateUsers.up.sql: the description `CreateUsers` has the upper-case letter `C` -> 001_create_users.up.sql
        001_create users.up.sql: the description `create users` has a space -> 001_create_users.up.sql
        001_.up.sql: the description `` is empty -> 001_describe_the_change.up.sql
        001.up.sql: the description `` is empty -> 001_describe_the_change.up.sql
        001_create_users.sql: it has neither `.up` nor `.down` before `.sql` -> 001_create_users.up.sql
        001_create_users.dwon.sql: the direction `dwon` is neither `up` nor `down` -> 001_create_users.down.sql
        001_create_users.UP.sql: the direction `UP` is neither `up` nor `down` -> 001_create_users.up.sql
        001_create_users.up.SQL: the ending `.SQL` is not in lower case -> 001_create_users.up.sql
        001_v1.2.up.sql: the description `v1.2` has the character `.` -> 001_v1_2.up.sql
        V1__create_users.sql: it has neither `.up` nor `.down` before `.sql`, the version has a letter before its number, the version `1` must be written `001` -> 001_create_users.up.sql
        001_naïve.up.sql: the description `naïve` has the character `ï` -> 001_nave.up.sql
        .sql: it has neither `.up` nor `.down` before `.sql`, it does not begin with a version such as `001`, the description `` is empty -> 007_describe_the_change.up.sql
        ");
    }
}

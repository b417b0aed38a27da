//! `~/.pgpass`. PostgreSQL documentation: *32.16. The Password File*.

use std::path::PathBuf;

use lokstra_core::files;

use lokstra_core::text::split;

/// The password file, or why it is not used.
pub(crate) enum PasswordFile {
    Read(String),
    /// Others may read it, so libpq does not.
    TooOpen(PathBuf),
    Missing,
}

/// Whom a password is for.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    /// `localhost` where it is a socket in the default directory.
    pub(crate) host: &'a str,
    pub(crate) port: &'a str,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
}

impl PasswordFile {
    pub(super) fn read(path: PathBuf) -> PasswordFile {
        let file = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file);
        match file.map(|file| is_open_to_others(&file)) {
            None => PasswordFile::Missing,
            Some(true) => PasswordFile::TooOpen(path),
            Some(false) => files::read_text(&path, files::MAX_SETTINGS_BYTES)
                .map_or(PasswordFile::Missing, PasswordFile::Read),
        }
    }

    /// The password of the first line that fits.
    pub(crate) fn find(&self, login: Login<'_>) -> Option<String> {
        let PasswordFile::Read(text) = self else { return None };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| password(line, login)).find(|password| !password.is_empty())
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(file) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

/// `host:port:database:user:password`, where `*` is anything and a backslash takes the next
/// character as it is.
fn password(line: &str, login: Login<'_>) -> Option<String> {
    let mut rest = line;
    for wanted in [login.host, login.port, login.database, login.user] {
        let (field, after) = field(rest);
        if split(rest, ":").next() != Some("*") && field != wanted {
            return None;
        }
        rest = after?;
    }
    Some(field(rest).0)
}

/// The text up to the next colon, and what comes after that.
fn field(text: &str) -> (String, Option<&str>) {
    let mut field = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            ':' => return (field, Some(&text[at + 1..])),
            '\\' => field.extend(letters.next().map(|(_, letter)| letter)),
            letter => field.push(letter),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<String> {
        let login = Login { host: "db", port: "5432", database: "app", user: "me" };
        PasswordFile::Read(text.to_owned()).find(login)
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let text =
            "# db:5432:app:me:comment\nother:5432:app:me:no\ndb:*:*:me:first\n*:*:*:*:last\n";
        assert_eq!(find(text).as_deref(), Some("first"));
        assert_eq!(find("db:5433:app:me:no\n*:*:*:*:last").as_deref(), Some("last"));
        assert_eq!(find("db:5432:app:you:no"), None);
    }

    #[test]
    fn a_backslash_takes_colons_backslashes_and_stars_as_they_are() {
        assert_eq!(find(r"db:5432:app:me:a\:b\\c:rest").as_deref(), Some(r"a:b\c"));
        assert_eq!(find(r"\*:5432:app:me:no"), None);
        assert_eq!(find(r"d\b:5432:app:me:yes").as_deref(), Some("yes"));
    }

    #[test]
    fn a_line_with_fields_missing_matches_no_connection() {
        for line in ["", "db", "db:5432:app:me", "db:5432:app:me:"] {
            assert_eq!(find(line), None, "{line}");
        }
    }
}

//! Flags with one dash, which the parser reads and writes with two.

use std::ffi::OsString;

/// Adds a second dash to a flag of two letters or more (`-dir`), as the parser expects it.
pub(crate) fn with_two_dashes(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut only_values = false;
    let normalise = |argument: OsString| {
        only_values |= argument == "--";
        let word = match argument.to_str().and_then(|text| text.strip_prefix('-')) {
            Some(word) if !only_values => word,
            _ => return argument,
        };
        let name = word.split('=').next().unwrap_or_default();
        let is_long = name.len() >= 2 && name.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_long { format!("--{word}").into() } else { argument }
    };
    arguments.into_iter().map(normalise).collect()
}

/// Removes the second dash of flags (`--dir`) in a text of the parser.
pub(crate) fn with_one_dash(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let follows = text[at..].strip_prefix("--");
        let is_flag = follows
            .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
            && !short.ends_with(|c: char| c == '-' || c.is_alphanumeric());
        if !is_flag {
            short.push(character);
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(line: &str) -> String {
        let words = with_two_dashes(line.split(' ').map(OsString::from));
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_take_one_dash_or_two() {
        for (given, meant) in [
            ("down -steps 3", "down --steps 3"),
            ("down --steps 3", "down --steps 3"),
            ("up -dir=a/b -db=x", "up --dir=a/b --db=x"),
            ("up -h", "up -h"),
            ("down -steps -1", "down --steps -1"),
            ("create -- -dir", "create -- -dir"),
            ("up -", "up -"),
        ] {
            assert_eq!(normalised(given), meant);
        }
    }

    #[test]
    fn flags_are_shown_with_one_dash() {
        for (written, shown) in [
            ("[--steps <N>], '--to'", "[-steps <N>], '-to'"),
            ("  -h, --help  Print", "  -h, -help  Print"),
            ("-- lokstra: allow, a--b, --- x", "-- lokstra: allow, a--b, --- x"),
            ("create -- --x", "create -- -x"),
        ] {
            assert_eq!(with_one_dash(written), shown);
        }
    }
}

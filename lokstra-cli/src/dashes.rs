use std::ffi::OsString;

/// The document writes its flags with one dash (`-dir`), the parser wants two: a word of two
/// letters or more behind one dash gets the second. Short flags of one letter are left alone.
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
}

//! Sorted lines of words, searched by bisection in the text itself.

/// The lines that begin with these words, without them.
pub(super) fn after<'a>(text: &'a str, words: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let words = words.to_owned();
    from(text, &words).lines().map_while(move |line| {
        let rest = line.strip_prefix(words.as_str())?;
        Some(rest.trim_start_matches(' ')).filter(|_| rest.is_empty() || words.ends_with(' '))
    })
}

/// The text from the first line on that is not before `words`.
fn from<'a>(text: &'a str, words: &str) -> &'a str {
    // By bytes: a build that is not optimised feels each call.
    let (bytes, words) = (text.as_bytes(), words.as_bytes());
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low.midpoint(high);
        let mut start = middle;
        while start > 0 && bytes[start - 1] != b'\n' {
            start -= 1;
        }
        let end = bytes.len().min(start + words.len());
        if bytes[start..end] < *words { low = middle + 1 } else { high = start }
    }
    &text[high..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "abs 1 ?\nage 1,2 ?\nage_of 3 int4\nlower 1 ?\n";

    fn found(words: &str) -> Vec<&'static str> {
        after(TEXT, words).collect()
    }

    #[test]
    fn each_line_is_found_by_its_first_word() {
        assert_eq!(found("abs "), ["1 ?"]);
        assert_eq!(found("age "), ["1,2 ?"]);
        assert_eq!(found("age_of "), ["3 int4"]);
        assert_eq!(found("lower "), ["1 ?"]);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for words in ["a ", "ag ", "zero ", "", "ABS "] {
            let found = found(words);
            assert!(found.is_empty() || words.is_empty(), "{words}: {found:?}");
        }
    }
}

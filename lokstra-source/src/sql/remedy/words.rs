//! Misspelt keywords, and characters that resemble others.

use lokstra_grammar::keywords;

/// The keywords that differ from a word in one letter, or in two exchanged ones.
pub(super) fn near_keywords(word: &str) -> Vec<&'static str> {
    let word = word.to_ascii_lowercase();
    let is_near = |keyword: &&str| {
        let (one, two) = (word.as_bytes(), keyword.as_bytes());
        let start = one.iter().zip(two).take_while(|(a, b)| a == b).count();
        let (one, two) = (&one[start..], &two[start..]);
        match (one, two) {
            ([_, rest @ ..], [_, others @ ..]) if rest == others => true,
            ([_, rest @ ..], others) | (others, [_, rest @ ..]) if rest == others => true,
            (one, [_, others @ ..]) if one == others => true,
            ([a, b, rest @ ..], [c, d, others @ ..]) => a == d && b == c && rest == others,
            _ => false,
        }
    };
    keywords().filter(is_near).collect()
}

/// The beginning of a text, which fits into a line.
pub(super) fn short(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    &line[..line.floor_char_boundary(40)]
}

/// The name of a character that resembles another, and the remedy.
pub(super) fn confusable(c: char) -> Option<(&'static str, &'static str)> {
    let space = "replace it with a space";
    Some(match c {
        '\u{feff}' => ("a byte order mark", "remove it"),
        '\u{a0}' | '\u{202f}' => ("a no-break space", space),
        '\u{2000}'..='\u{200a}' | '\u{3000}' | '\u{2028}' | '\u{2029}' => {
            ("a space that is not ASCII", space)
        }
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{ad}' | '\u{202a}'..='\u{202e}' => {
            ("an invisible character", "remove it")
        }
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2032}' => {
            ("a typographic quote", "write ' or \"")
        }
        '\u{2013}' | '\u{2014}' | '\u{2212}' => ("a dash", "write -"),
        '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff1b}' => {
            ("a full-width character", "write the ASCII character")
        }
        _ => return None,
    })
}

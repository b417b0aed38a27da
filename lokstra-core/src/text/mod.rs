//! Finds texts in a text, and puts texts together. What the library has for that is generic and large, and
//! a copy of it would be at each place that does.

pub mod duration;
pub mod quote;
pub mod scan;

#[inline(never)]
pub fn find(text: &str, what: &str) -> Option<usize> {
    text.find(what)
}

pub fn contains(text: &str, what: &str) -> bool {
    find(text, what).is_some()
}

/// Returns what stands before and behind it.
#[inline(never)]
pub fn split_once<'t>(text: &'t str, what: &str) -> Option<(&'t str, &'t str)> {
    let at = find(text, what)?;
    Some((&text[..at], &text[at + what.len()..]))
}

#[inline(never)]
pub fn first_line(text: &str) -> &str {
    split_once(text, "\n").map_or(text, |(first, _)| first)
}

#[inline(never)]
pub fn replace(text: &str, what: &str, with: &str) -> String {
    let (mut replaced, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = split_once(rest, what) {
        replaced.push_str(before);
        replaced.push_str(with);
        rest = behind;
    }
    replaced + rest
}

/// Does what `to_string` does, of which every part of the crate that uses it would have a copy.
pub fn to_string(value: &dyn std::fmt::Display) -> String {
    format!("{value}")
}

#[inline(never)]
pub fn join(pieces: &[String], between: &str) -> String {
    let mut joined = String::new();
    for (nth, piece) in pieces.iter().enumerate() {
        if nth > 0 {
            joined.push_str(between);
        }
        joined.push_str(piece);
    }
    joined
}

/// Returns the pieces between, of which there is always one.
pub fn split<'t>(text: &'t str, what: &'static str) -> impl Iterator<Item = &'t str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (piece, behind) = split_once(text, what).map_or((text, None), |(a, b)| (a, Some(b)));
        rest = behind;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_the_library_finds() {
        for text in ["", ",", "a", "a,b", ",a,,b,"] {
            assert!(split(text, ",").eq(text.split(',')), "{text}");
            assert_eq!(split_once(text, ","), text.split_once(','), "{text}");
            assert_eq!(replace(text, ",", "<>"), text.replace(',', "<>"), "{text}");
        }
    }
}

//! `docs/performance.md`, of which each bench writes its own sections.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folder `docs` of the repository.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Replaces what stands between `<!-- NAME: begin…` and `<!-- NAME: end -->`, and leaves the rest.
///
/// # Errors
///
/// If the page cannot be read or written, or has no such section.
pub fn write(name: &str, section: &str) -> io::Result<()> {
    let path = docs().join("performance.md");
    let page = fs::read_to_string(&path)?;
    let page = replace(&page, name, section).ok_or_else(|| {
        io::Error::other(format!("{} has no section {name}: put it back", path.display()))
    })?;
    fs::write(path, page)
}

fn replace(page: &str, name: &str, section: &str) -> Option<String> {
    let begin = page.find(&format!("<!-- {name}: begin"))?;
    let begin = begin + page[begin..].find("-->")? + "-->".len();
    let end = begin + page[begin..].find(&format!("<!-- {name}: end -->"))?;
    Some(format!("{}\n\n{}\n\n{}", &page[..begin], section.trim(), &page[end..]))
}

/// `10,000`
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_rest_is_left() {
        let page = "a\n<!-- b: begin. By us. -->\n\nold\n\n<!-- b: end -->\nc\n";
        let written = "a\n<!-- b: begin. By us. -->\n\nnew\n\n<!-- b: end -->\nc\n";
        assert_eq!(replace(page, "b", "new\n").as_deref(), Some(written));
        assert_eq!(replace(page, "c", "new"), None);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([7, 999, 1_000, 1_234_567].map(thousands), ["7", "999", "1,000", "1,234,567"]);
    }
}

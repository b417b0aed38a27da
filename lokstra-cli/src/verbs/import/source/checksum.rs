//! The checksums of the other tools.

use sha2::{Digest, Sha384};
use siphasher::sip::SipHasher13;

/// The checksums of a text with its own line ends and with those of the other system: a checkout on
/// Windows is no edit.
pub(crate) fn of_line_ends(text: &str, checksum: impl Fn(&str) -> String) -> Vec<String> {
    let lf = text.replace("\r\n", "\n");
    let crlf = lf.replace('\n', "\r\n");
    let mut checksums = vec![checksum(text), checksum(&lf), checksum(&crlf)];
    checksums.dedup();
    checksums
}

/// The checksum of sqlx: the whole file, in hexadecimal digits.
pub(crate) fn sha384(text: &str) -> String {
    use std::fmt::Write;
    let mut digits = String::new();
    for byte in Sha384::digest(text) {
        write!(digits, "{byte:02x}").ok();
    }
    digits
}

/// The checksum of Flyway: CRC-32 of the lines without their ends, as a signed number.
pub(crate) fn crc32(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace(['\r', '\n'], "");
    crc32fast::hash(text.as_bytes()).cast_signed().to_string()
}

/// The checksum of refinery: SipHash-1-3 with the key 0 of name, version and text, as Rust hashes them.
pub(crate) fn sip13(name: &str, version: &[u8], text: &str) -> String {
    let message = [name.as_bytes(), b"\xff", version, text.as_bytes(), b"\xff"].concat();
    SipHasher13::new().hash(&message).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_is_that_of_the_lines_and_may_be_negative() {
        // The check value of CRC-32 is cbf43926.
        assert_eq!(crc32("\u{feff}1234\r\n56789\n"), 0xcbf4_3926_u32.cast_signed().to_string());
        assert_eq!(crc32(""), "0");
    }

    #[test]
    fn sip13_is_that_of_the_standard_library() {
        use std::hash::{DefaultHasher, Hash, Hasher};
        // Which refinery used once, and still agrees with.
        for text in ["", "SELECT 1;\n", "CREATE TABLE größe (ä int);"] {
            let mut hasher = DefaultHasher::new();
            ("create_users", 7_i32, text).hash(&mut hasher);
            let expected = hasher.finish().to_string();
            assert_eq!(sip13("create_users", &7_i32.to_le_bytes(), text), expected);
        }
    }

    #[test]
    fn line_ends_count_in_either_form() {
        assert_eq!(of_line_ends("a\nb\n", str::to_owned), ["a\nb\n", "a\r\nb\r\n"]);
        assert_eq!(of_line_ends("a\r\nb\n", str::to_owned), ["a\r\nb\n", "a\nb\n", "a\r\nb\r\n"]);
    }
}

//! The number that orders migrations.

use std::fmt;
use std::str::FromStr;

/// The number that orders migrations: `001`, `042`, `1000`, `20260201093000`.
///
/// Written with at least three digits: zero-padded below 1000, without a leading zero from 1000 on.
/// `000` is a version like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The lowest version, `000`.
    pub const MIN: Version = Version(0);
    /// The highest version that a `bigint` column holds.
    pub const MAX: Version = Version(i64::MAX);

    /// Makes the version with this number; `None` below zero.
    pub const fn new(number: i64) -> Option<Version> {
        if number < 0 { None } else { Some(Version(number)) }
    }

    /// Returns the number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the version that follows, for the next file; `None` after [`Version::MAX`].
    pub const fn next(self) -> Option<Version> {
        match self.0.checked_add(1) {
            Some(number) => Some(Version(number)),
            None => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Through `pad`, so that a column of versions can be aligned.
        f.pad(&format!("{:03}", self.0))
    }
}

/// Why a text is not a [`Version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseVersionError {
    /// There is something else than the digits 0 to 9, or nothing at all.
    NotANumber,
    /// The number does not fit into 64 bits.
    OutOfRange,
    /// The number is right and its zeros are not: this is how it is written.
    Padding(Version),
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("a version is a number such as 001"),
            Self::OutOfRange => write!(f, "a version is at most {}", Version::MAX),
            Self::Padding(version) => write!(f, "this version is written {version}"),
        }
    }
}

impl std::error::Error for ParseVersionError {}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads a version exactly as it stands in a file name.
    fn from_str(text: &str) -> Result<Version, ParseVersionError> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseVersionError::NotANumber);
        }
        let version = text.parse().map(Version).map_err(|_| ParseVersionError::OutOfRange)?;
        if format!("{version}") == text {
            Ok(version)
        } else {
            Err(ParseVersionError::Padding(version))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_with_three_digits_at_least() {
        for (number, text) in [(0, "000"), (1, "001"), (42, "042"), (999, "999"), (1000, "1000")] {
            let version = Version::new(number).unwrap();
            assert_eq!(version.to_string(), text);
            assert_eq!(text.parse(), Ok(version));
        }
        assert_eq!("20260201093000".parse(), Ok(Version(20_260_201_093_000)));
    }

    #[test]
    fn other_spellings_are_refused_with_the_right_one() {
        for (text, right) in [("1", 1), ("01", 1), ("0001", 1), ("01000", 1000)] {
            assert_eq!(text.parse::<Version>(), Err(ParseVersionError::Padding(Version(right))));
        }
    }

    #[test]
    fn what_is_no_number_or_too_large_is_refused() {
        for text in ["", "-01", "+01", "00a", "1.2", "٠٠١"] {
            assert_eq!(text.parse::<Version>(), Err(ParseVersionError::NotANumber), "{text}");
        }
        assert_eq!("9223372036854775807".parse(), Ok(Version::MAX));
        assert_eq!("9223372036854775808".parse::<Version>(), Err(ParseVersionError::OutOfRange));
        assert_eq!(Version::MAX.next(), None);
    }
}

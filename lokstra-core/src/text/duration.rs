//! Times as they are shown: in whole numbers, since writing a float or a `u128` is 20 kB of a program.

use std::time::Duration;

/// Rounds to seconds.
pub fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_millis() >= 500)
}

pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds with one decimal, rounded: `1.5`.
pub fn tenths(time: Duration) -> String {
    let tenths = millis(time).saturating_add(50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded() {
        let times = [0, 49, 50, 499, 500, 949, 950, 1_999, 2_500].map(Duration::from_millis);
        assert_eq!(times.map(seconds), [0, 0, 0, 0, 1, 1, 1, 2, 3]);
        assert_eq!(
            times.map(tenths),
            ["0.0", "0.0", "0.1", "0.5", "0.5", "0.9", "1.0", "2.0", "2.5"]
        );
        assert_eq!(tenths(Duration::MAX), "18446744073709551.6");
    }
}

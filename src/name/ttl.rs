//! How long a session lives: a whole number of minutes, hours, days or weeks.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::printable;
use crate::kind::{Failure, Kind};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// The longest life of a session: one year.
const LONGEST: i64 = 365 * DAY;

/// A time to live, between a minute and a year, in the unit that it was given in.
#[derive(Debug, Clone, Copy)]
pub struct Ttl {
    seconds: i64,
    /// A unit's seconds.
    unit: i64,
}

/// A text that is no time to live.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TtlError {
    /// Not a number and a unit.
    #[error("'{}' is not a number of minutes, hours, days or weeks such as 30m, 8h, 7d, 2w", printable(.0))]
    Nonsense(String),
    /// Longer than a year.
    #[error("'{}' is more than a year", printable(.0))]
    TooLong(String),
}

impl TtlError {
    /// Always [`Kind::Usage`].
    pub const fn kind(&self) -> Kind {
        Kind::Usage
    }
}

impl Failure for TtlError {
    fn kind(&self) -> Kind {
        Self::kind(self)
    }
}

impl Ttl {
    /// The length in seconds.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }
}

impl PartialEq for Ttl {
    fn eq(&self, other: &Self) -> bool {
        self.seconds == other.seconds
    }
}

impl Eq for Ttl {}

impl PartialOrd for Ttl {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ttl {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seconds.cmp(&other.seconds)
    }
}

impl Default for Ttl {
    /// Eight hours: a working day.
    fn default() -> Self {
        Self { seconds: 8 * HOUR, unit: HOUR }
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        let shown = || text.chars().take(40).collect();
        let nonsense = || TtlError::Nonsense(shown());
        let unit = match text.chars().last() {
            Some('m') => MINUTE,
            Some('h') => HOUR,
            Some('d') => DAY,
            Some('w') => WEEK,
            _ => return Err(nonsense()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(nonsense());
        }
        // More digits than fit are more than a year.
        let seconds = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(unit));
        match seconds {
            Some(0) => Err(nonsense()),
            Some(seconds) if seconds <= LONGEST => Ok(Self { seconds, unit }),
            _ => Err(TtlError::TooLong(shown())),
        }
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.unit {
            WEEK => 'w',
            DAY => 'd',
            HOUR => 'h',
            _ => 'm',
        };
        write!(f, "{}{letter}", self.seconds / self.unit)
    }
}

impl serde::Serialize for Ttl {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Ttl {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ttl, TtlError};
    use proptest::prelude::*;

    #[test]
    fn minutes_hours_days_and_weeks_are_understood() {
        for (text, seconds) in [
            ("30m", 1800),
            ("8h", 28_800),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("365d", 31_536_000),
        ] {
            let ttl: Ttl = text.parse().unwrap();
            assert_eq!(ttl.seconds(), seconds, "{text}");
        }
        assert_eq!(Ttl::default().to_string(), "8h");
    }

    #[test]
    fn nonsense_and_more_than_a_year_are_refused() {
        for text in [
            "", "h", "8", "0h", "-1h", "+1h", "8 h", " 8h", "8H", "1.5h", "8s", "1y", "8hh", "é",
            "∞d",
        ] {
            assert!(matches!(text.parse::<Ttl>(), Err(TtlError::Nonsense(_))), "{text}");
        }
        for text in ["366d", "53w", "8761h", "525601m", "99999999999999999999w"] {
            assert!(matches!(text.parse::<Ttl>(), Err(TtlError::TooLong(_))), "{text}");
        }
    }

    #[test]
    fn it_is_shown_as_it_was_given_and_compared_by_its_length() {
        for text in ["90m", "480m", "72h", "14d", "2w"] {
            assert_eq!(text.parse::<Ttl>().unwrap().to_string(), text);
        }
        let ttl = |text: &str| text.parse::<Ttl>().unwrap();
        assert_eq!(ttl("14d"), ttl("2w"));
        assert!(ttl("90m") < ttl("2h"));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(minutes in 1_i64..525_600) {
            let ttl: Ttl = format!("{minutes}m").parse().unwrap();
            prop_assert_eq!(ttl.to_string().parse::<Ttl>().unwrap(), ttl);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<Ttl>();
        }
    }
}

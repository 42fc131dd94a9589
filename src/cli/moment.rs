//! Moments as people type them: RFC 3339, a date, or an age that counts back from now.

use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

/// A moment, not yet set against the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A point in time.
    At(OffsetDateTime),
    /// So long ago.
    Ago(Duration),
}

/// A text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as 2026-11-23T10:00:00Z, a date, or an age such as 30m, 8h, 7d")]
pub(crate) struct NoMoment;

impl Moment {
    /// Returns the point in time; an age older than time itself is its beginning.
    pub(crate) fn before(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::At(at) => at,
            Self::Ago(age) => now.saturating_sub(age),
        }
    }
}

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
            return Ok(Self::At(at));
        }
        if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Ok(Self::At(date.midnight().assume_utc()));
        }
        age(text).map(Self::Ago).ok_or(NoMoment)
    }
}

fn age(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit: i64 = match text.strip_prefix(digits)? {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: i64 = digits.parse().ok()?;
    Some(Duration::seconds(count.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::{Moment, NoMoment};
    use time::macros::datetime;

    #[test]
    fn times_dates_and_ages_are_understood() {
        let now = datetime!(2026-11-23 12:00 UTC);
        let cases = [
            ("2026-11-23T10:00:00Z", datetime!(2026-11-23 10:00 UTC)),
            ("2026-11-23T10:00:00+02:00", datetime!(2026-11-23 8:00 UTC)),
            ("2026-11-20", datetime!(2026-11-20 0:00 UTC)),
            ("90s", datetime!(2026-11-23 11:58:30 UTC)),
            ("30m", datetime!(2026-11-23 11:30 UTC)),
            ("8h", datetime!(2026-11-23 4:00 UTC)),
            ("7d", datetime!(2026-11-16 12:00 UTC)),
            ("1w", datetime!(2026-11-16 12:00 UTC)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Moment>().unwrap().before(now), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "h",
            "8",
            "-1h",
            "+1h",
            "8y",
            "8H",
            "yesterday-ish",
            "9999999999999999999d",
            "8 h",
            "é",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NoMoment), "{text}");
        }
    }

    #[test]
    fn an_age_older_than_time_is_its_beginning() {
        let moment: Moment = "9999999w".parse().unwrap();
        assert!(moment.before(datetime!(2026-11-23 0:00 UTC)).year() < 0);
    }
}

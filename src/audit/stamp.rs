//! Times as lines write them: RFC 3339, UTC, always three digits of milliseconds.
//!
//! One instant has one written form, so a line can be compared byte for byte with what
//! it says. Written by hand because reading a chain parses one per line.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// `2026-11-23T10:00:00.000Z` with digits as zeros.
const SHAPE: &[u8; 24] = b"0000-00-00T00:00:00.000Z";

/// An instant in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stamp(OffsetDateTime);

impl Stamp {
    /// Rounds `time` down to a whole millisecond of UTC.
    pub(crate) fn of(time: OffsetDateTime) -> Self {
        let utc = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time);
        let whole = utc.replace_millisecond(utc.millisecond());
        Self(whole.unwrap_or(utc))
    }

    /// Parses the written form; `None` for any other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
        let fits =
            |(b, shape): (&u8, &u8)| if *shape == b'0' { b.is_ascii_digit() } else { b == shape };
        if !bytes.iter().zip(SHAPE).all(fits) {
            return None;
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().fold(0_u16, |n, b| n * 10 + u16::from(b - b'0'))
        };
        let small = |from: usize| u8::try_from(number(from, from + 2)).ok();
        let month = Month::try_from(small(5)?).ok()?;
        let date = Date::from_calendar_date(number(0, 4).into(), month, small(8)?).ok()?;
        let time = Time::from_hms_milli(small(11)?, small(14)?, small(17)?, number(20, 23)).ok()?;
        Some(Self(OffsetDateTime::new_utc(date, time)))
    }

    /// The instant.
    pub(crate) const fn time(self) -> OffsetDateTime {
        self.0
    }
}

impl Stamp {
    /// The written form, without the formatting machinery: reading compares every line with it.
    fn text(self) -> [u8; 24] {
        let t = self.0;
        let mut out = *SHAPE;
        let mut put = |from: usize, to: usize, mut number: u16| {
            for digit in out[from..to].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(0, 4, t.year().clamp(0, 9999).unsigned_abs() as u16);
        put(5, 7, u8::from(t.month()).into());
        put(8, 10, t.day().into());
        put(11, 13, t.hour().into());
        put(14, 16, t.minute().into());
        put(17, 19, t.second().into());
        put(20, 23, t.millisecond());
        out
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(std::str::from_utf8(&self.text()).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(<&str>::deserialize(d)?)
            .ok_or_else(|| serde::de::Error::custom("expected a time in UTC with milliseconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;
    use proptest::prelude::*;
    use time::{OffsetDateTime, macros::datetime};

    #[test]
    fn an_instant_has_one_written_form() {
        let stamp = Stamp::of(datetime!(2026-11-23 12:00:00.1239 +2));
        assert_eq!(stamp.to_string(), "2026-11-23T10:00:00.123Z");
        for text in [
            "",
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:00.12Z",
            "2026-11-23t10:00:00.123Z",
            "2026-11-23T10:00:00.123z",
            "2026-13-23T10:00:00.123Z",
            "2026-02-30T10:00:00.123Z",
            "2026-11-23T24:00:00.123Z",
            "2026-11-23T10:00:60.123Z",
            "+026-11-23T10:00:00.123Z",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_reads_back(seconds in -62_135_596_800_i64..253_402_300_800) {
            let stamp = Stamp::of(OffsetDateTime::from_unix_timestamp(seconds).unwrap());
            prop_assert_eq!(Stamp::parse(&stamp.to_string()), Some(stamp));
        }
    }
}

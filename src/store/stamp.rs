//! A moment as the vault's files write it: RFC 3339, UTC, whole seconds.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time, UtcDateTime, UtcOffset};
use toml::value::{Datetime, Offset};

/// A moment in UTC, whole seconds; a TOML date-time such as `2026-11-23T10:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stamp(OffsetDateTime);

impl Stamp {
    /// Cuts `moment` to whole seconds in UTC.
    pub(crate) fn new(moment: OffsetDateTime) -> Self {
        let utc = moment.to_offset(UtcOffset::UTC);
        Self(utc.replace_nanosecond(0).unwrap_or(utc))
    }

    /// This moment and `seconds` more.
    pub(crate) fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(time::Duration::seconds(seconds)))
    }

    /// Parses the one written form; `None` for any other.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let stamp = Self::new(OffsetDateTime::parse(text, &Rfc3339).ok()?);
        (stamp.to_string() == text).then_some(stamp)
    }

    /// Seconds since 1970, for ordering.
    pub(crate) fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Stamp {
    /// As a TOML date-time, without quotes.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        let datetime: Datetime = text.parse().map_err(serde::ser::Error::custom)?;
        datetime.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let datetime = Datetime::deserialize(d)?;
        from_toml(&datetime).ok_or_else(|| {
            serde::de::Error::custom("expected a time in UTC and whole seconds, ending in Z")
        })
    }
}

/// Part by part: ten thousand records have twenty thousand of these to read.
fn from_toml(datetime: &Datetime) -> Option<Stamp> {
    let (date, time) = (datetime.date?, datetime.time?);
    if datetime.offset != Some(Offset::Z) || time.nanosecond.is_some() {
        return None;
    }
    let month = Month::try_from(date.month).ok()?;
    let date = Date::from_calendar_date(date.year.into(), month, date.day).ok()?;
    let time = Time::from_hms(time.hour, time.minute, time.second?).ok()?;
    Some(Stamp(UtcDateTime::new(date, time).into()))
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn one_moment_has_one_written_form() {
        let stamp = Stamp::parse("2026-11-23T10:00:00Z").unwrap();
        assert_eq!(stamp.to_string(), "2026-11-23T10:00:00Z");
        for other in ["2026-11-23T10:00:00.5Z", "2026-11-23T11:00:00+01:00", "2026-11-23", ""] {
            assert_eq!(Stamp::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_toml_date_time_is_read_as_its_text_is() {
        #[derive(serde::Deserialize)]
        struct Document {
            at: Stamp,
        }
        for text in [
            "2026-11-23T10:00:00Z",
            "2024-02-29T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "2026-11-23T10:00:00.5Z",
            "2026-11-23T10:00:00.0Z",
            "2026-11-23T10:00:00+00:00",
            "2026-11-23T11:00:00+01:00",
            "2026-11-23T10:00:00",
            "2026-11-23",
            "10:00:00",
            "2016-12-31T23:59:60Z",
        ] {
            let read = toml::from_str::<Document>(&format!("at = {text}\n"));
            assert_eq!(read.map(|document| document.at).ok(), Stamp::parse(text), "{text}");
        }
    }
}

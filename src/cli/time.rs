//! Moments as people type them: RFC 3339, a date, or an age such as `8h`.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

/// Parses a moment; an age counts back from now.
///
/// # Errors
/// A sentence for clap.
pub(crate) fn moment(text: &str) -> Result<OffsetDateTime, String> {
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(moment);
    }
    if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return Ok(date.midnight().assume_utc());
    }
    let age = age(text).and_then(|age| OffsetDateTime::now_utc().checked_sub(age));
    age.ok_or_else(|| {
        "expected a time such as 2026-11-23T10:00:00Z, a date, or an age such as 30m, 8h, 7d"
            .to_owned()
    })
}

fn age(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: i64 = text[..text.len() - 1].parse().ok().filter(|count| *count >= 0)?;
    Some(Duration::seconds(count.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_dates_and_ages_are_understood() {
        assert_eq!(moment("2026-11-23T10:00:00Z").unwrap().unix_timestamp(), 1_795_428_000);
        assert_eq!(moment("2026-11-23").unwrap().unix_timestamp() % 86_400, 0);
        assert!(moment("8h").unwrap() < moment("1m").unwrap());
        for bad in ["", "h", "-1h", "8y", "yesterday", "99999999999999999d"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}

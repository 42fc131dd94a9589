//! Moments in words: how long ago, how long still.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// `3 days ago`, for a moment written as in RFC 3339; what is no moment stays as it is.
pub(crate) fn ago(now: OffsetDateTime, text: &str) -> String {
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(then) if then > now => format!("in {}", span(then - now + half(then - now))),
        Ok(then) if now - then < Duration::seconds(2) => "just now".to_owned(),
        Ok(then) => format!("{} ago", span(now - then)),
        Err(_) => text.to_owned(),
    }
}

/// `3 hours left`, or nothing where the moment has passed.
pub(crate) fn left(now: OffsetDateTime, text: &str) -> Option<String> {
    let then = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    (then > now).then(|| format!("{} left", span(then - now + half(then - now))))
}

/// Half of the next smaller unit is a whole one: nobody calls 7 hours 59 minutes seven hours.
fn half(span: Duration) -> Duration {
    match span {
        long if long.whole_days() >= 2 => Duration::hours(12),
        long if long.whole_hours() >= 2 => Duration::minutes(30),
        _ => Duration::seconds(30),
    }
}

/// The largest unit that fits at least twice, or once.
fn span(span: Duration) -> String {
    let units = [
        (span.whole_days() / 365, "year"),
        (span.whole_days() / 30, "month"),
        (span.whole_days(), "day"),
        (span.whole_hours(), "hour"),
        (span.whole_minutes(), "minute"),
        (span.whole_seconds().max(1), "second"),
    ];
    let one = units.into_iter().find(|(count, _)| *count > 0).unwrap_or((1, "second"));
    format!("{} {}{}", one.0, one.1, if one.0 == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{ago, left};
    use time::macros::datetime;

    #[test]
    fn moments_are_told_in_words() {
        let now = datetime!(2026-11-25 12:00:00 UTC);
        for (text, words) in [
            ("2026-11-25T12:00:00Z", "just now"),
            ("2026-11-25T11:59:30Z", "30 seconds ago"),
            ("2026-11-25T10:59:00Z", "1 hour ago"),
            ("2026-11-22T12:00:00Z", "3 days ago"),
            ("2024-11-22T12:00:00Z", "2 years ago"),
            ("2026-11-25T12:05:00Z", "in 5 minutes"),
            ("never", "never"),
        ] {
            assert_eq!(ago(now, text), words);
        }
        assert_eq!(left(now, "2026-11-25T19:59:50Z").unwrap(), "8 hours left");
        assert_eq!(left(now, "2026-11-25T12:01:40Z").unwrap(), "2 minutes left");
        assert_eq!(left(now, "2026-11-25T11:00:00Z"), None);
    }
}

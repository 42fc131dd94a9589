//! One-time codes from a stored key: RFC 6238, and the `otpauth://` addresses of QR codes.
//!
//! The value may be a base32 key (RFC 4648; small letters, blanks, dashes and padding do not
//! matter), an address, or several lines: with an address in one of them, with `totp:` before a key
//! or an address as gopass writes it, or with the key in the first. Neither the key nor
//! any part of the value stands in an error.

use data_encoding::BASE32_NOPAD;
use percent_encoding::percent_decode_str;
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use super::error::InjectError;
use crate::name::SecretName;
use crate::secret::SecretBytes;

const SCHEME: &str = "otpauth://";
/// What gopass writes before a key or an address.
const FIELD: &str = "totp:";
/// The shortest key, in bytes, that is taken for one among other lines.
const SHORTEST: usize = 10;
/// Longest step in seconds: a day.
const LONGEST: u64 = 86_400;

/// A code, and how long it can be used.
#[derive(Debug)]
pub struct OneTimeCode {
    /// The digits.
    pub code: SecretBytes,
    /// Seconds until the next code.
    pub seconds_left: u64,
}

/// What makes codes.
struct Spec {
    key: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    digits: u8,
    period: u64,
}

/// Makes the code for `now`, in seconds since 1970, from the value of `name`.
///
/// # Errors
/// [`InjectError::OneTime`] where the value is neither a base32 key nor a usable address.
pub(crate) fn one_time_code(
    name: &SecretName,
    value: &SecretBytes,
    now: u64,
) -> Result<OneTimeCode, InjectError> {
    let failed = |problem| InjectError::OneTime { secret: name.clone(), problem };
    let spec = value.expose_str().ok_or("is not text").and_then(parse).map_err(failed)?;
    let totp = Builder::new()
        .with_algorithm(spec.algorithm)
        .with_digits(spec.digits)
        .with_step_duration(spec.period)
        .with_secret(spec.key.as_slice().to_vec())
        .build_noncompliant();
    let code = Zeroizing::new(totp.generate(now).to_string());
    let seconds_left = spec.period - now % spec.period;
    Ok(OneTimeCode { code: SecretBytes::new(code.as_bytes().to_vec()), seconds_left })
}

fn parse(text: &str) -> Result<Spec, &'static str> {
    let line = text.lines().map(str::trim).find_map(address);
    let field = text.lines().map(str::trim).find_map(|line| {
        let value = line.get(FIELD.len()..)?;
        line[..FIELD.len()].eq_ignore_ascii_case(FIELD).then(|| value.trim())
    });
    match line.or_else(|| field.and_then(address)) {
        Some(address) => parse_address(address),
        None => {
            let first = text.lines().next().unwrap_or_default();
            let found = key(field.unwrap_or(first));
            // The first line of an entry is its password, unless it is as long as a key.
            let is_entry = field.is_none() && text.trim_end().contains('\n');
            let found = found.filter(|key| !is_entry || key.len() >= SHORTEST);
            let key = found.ok_or("is not a base32 key and has no otpauth:// address")?;
            Ok(Spec { key, algorithm: Algorithm::SHA1, digits: 6, period: 30 })
        }
    }
}

/// What stands behind the scheme of an address.
fn address(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// Reads `totp/LABEL?secret=…&algorithm=…&digits=…&period=…`.
fn parse_address(rest: &str) -> Result<Spec, &'static str> {
    let (path, query) = rest.split_once('?').ok_or("is an otpauth:// address without a key")?;
    let kind = path.split('/').next().unwrap_or_default();
    if !kind.eq_ignore_ascii_case("totp") {
        return Err("is an otpauth:// address of another kind than totp");
    }
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut value =
            pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        value
            .next_back()
            .map(|value| Zeroizing::new(percent_decode_str(value).collect::<Vec<u8>>()))
    };
    let text =
        |name: &str| parameter(name).map(|value| String::from_utf8_lossy(&value).into_owned());
    let secret = parameter("secret").ok_or("is an otpauth:// address without a key")?;
    let key = std::str::from_utf8(&secret).ok().and_then(key);
    let algorithm = match text("algorithm").map(|name| name.to_ascii_uppercase()).as_deref() {
        None | Some("SHA1") => Algorithm::SHA1,
        Some("SHA256") => Algorithm::SHA256,
        Some("SHA512") => Algorithm::SHA512,
        Some(_) => return Err("wants an algorithm other than SHA1, SHA256 and SHA512"),
    };
    let digits = text("digits").map_or(Some(6), |digits| digits.parse().ok());
    let period = text("period").map_or(Some(30), |period| period.parse().ok());
    Ok(Spec {
        key: key.ok_or("has a key that is not base32")?,
        algorithm,
        digits: digits
            .filter(|digits| (6..=8).contains(digits))
            .ok_or("wants other than 6 to 8 digits")?,
        period: period
            .filter(|period| (1..=LONGEST).contains(period))
            .ok_or("has no usable period")?,
    })
}

/// Decodes a base32 key; `None` where it is none, or empty.
fn key(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let ignored = |c: &char| !c.is_whitespace() && *c != '-';
    let clean: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(ignored).map(|c| c.to_ascii_uppercase()).collect());
    let bytes = BASE32_NOPAD.decode(clean.trim_end_matches('=').as_bytes()).ok()?;
    (!bytes.is_empty()).then(|| Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::one_time_code;
    use crate::name::SecretName;
    use crate::secret::SecretBytes;
    use data_encoding::BASE32;

    fn code(value: &str, now: u64) -> Result<(String, u64), String> {
        let name = SecretName::parse("mfa").unwrap();
        let value = SecretBytes::new(value.as_bytes().to_vec());
        let made = one_time_code(&name, &value, now).map_err(|error| error.to_string())?;
        Ok((made.code.expose_str().unwrap().to_owned(), made.seconds_left))
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B.
        for (algorithm, key, codes) in [
            ("SHA1", "12345678901234567890", ["94287082", "07081804", "14050471", "89005924"]),
            (
                "SHA256",
                "12345678901234567890123456789012",
                ["46119246", "68084774", "67062674", "91819424"],
            ),
            (
                "SHA512",
                "1234567890123456789012345678901234567890123456789012345678901234",
                ["90693936", "25091201", "99943326", "93441116"],
            ),
        ] {
            let address = format!(
                "otpauth://totp/a:b?digits=8&algorithm={algorithm}&secret={}&issuer=a",
                BASE32.encode(key.as_bytes()).replace('=', "%3D")
            );
            let times = [59, 1_111_111_109, 1_111_111_111, 1_234_567_890];
            for (now, expected) in times.into_iter().zip(codes) {
                assert_eq!(code(&address, now).unwrap().0, expected, "{algorithm} {now}");
            }
        }
    }

    #[test]
    fn keys_are_read_as_people_and_services_write_them() {
        let expected = code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59).unwrap();
        assert_eq!(expected, ("287082".to_owned(), 1));
        for same in [
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ======",
            "OTPAUTH://TOTP/x?Secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
            "password\nuser: me\notpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=30\n",
        ] {
            assert_eq!(code(same, 59).unwrap(), expected, "{same}");
        }
        assert_eq!(code("otpauth://totp/x?secret=GEZDGNBV&period=60", 61).unwrap().1, 59);
    }

    #[test]
    fn what_makes_no_codes_is_refused_and_not_repeated() {
        for value in [
            "",
            " ",
            "hunter2!",
            "otpauth://totp/x",
            "otpauth://totp/x?issuer=hunter2",
            "otpauth://hotp/x?secret=GEZDGNBV&counter=1",
            "otpauth://totp/x?secret=hunter2!",
            "otpauth://totp/x?secret=GEZDGNBV&digits=9",
            "otpauth://totp/x?secret=GEZDGNBV&digits=hunter2",
            "otpauth://totp/x?secret=GEZDGNBV&period=0",
            "otpauth://totp/x?secret=GEZDGNBV&algorithm=hunter2",
        ] {
            let error = code(value, 0).unwrap_err();
            assert!(error.starts_with("secret 'mfa' ") && !error.contains("hunter2"), "{error}");
            assert!(!error.contains("GEZDGNBV"), "{error}");
        }
    }
}

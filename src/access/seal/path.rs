//! Paths as servers read them, so that a pattern sees what will be served.

use percent_encoding::percent_decode_str;

/// The path decoded; `None` where servers may read it in different ways: then it matches no
/// pattern. Clients take `.` and `..` out before they send (RFC 3986, 5.2.4), servers may merge
/// two slashes into one: a path that has them says one thing to a rule and may say another to a
/// server.
pub(super) fn normal(path: &str) -> Option<String> {
    let inside = path.strip_prefix('/')?;
    let segments: Option<Vec<String>> = inside.split('/').map(decoded).collect();
    let segments = segments?;
    // The last one is empty where the path names a folder.
    let inner = &segments[..segments.len() - 1];
    let is_clear = !inner.iter().any(String::is_empty)
        && !segments.iter().any(|segment| matches!(segment.as_str(), "." | ".."));
    is_clear.then(|| format!("/{}", segments.join("/")))
}

/// One segment; `None` for what is not text, hides a separator, or is encoded twice.
fn decoded(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    let is_plain = |c: char| !c.is_control() && c != '/' && c != '\\';
    // `..;x` is `..` to some servers.
    let hides_dots = text.starts_with('.') && text.contains(';');
    let is_encoded_again = text.as_bytes().windows(3).any(|bytes| {
        bytes[0] == b'%' && bytes[1].is_ascii_hexdigit() && bytes[2].is_ascii_hexdigit()
    });
    (text.chars().all(is_plain) && !hides_dots && !is_encoded_again).then(|| text.into_owned())
}

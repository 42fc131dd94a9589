//! The sections: a list, and what is known of the selected row.

use authy::{
    DocumentStatus, ListEntry, MemberView, PolicyView, SessionStatus, SessionView, printable,
};
use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::super::app::App;
use super::super::effect::Section;
use super::super::listing::{Listing, Row};
use super::super::mouse::Places;
use super::{Theme, halves, text};
use crate::front::{ago, left, recipient_shown};

/// Says of a row its name, a word about it, and how that looks.
type Mark<'m, T> = &'m dyn Fn(&T) -> (String, Option<&'static str>, ratatui::style::Style);

/// Columns of the names of details.
const LABEL: usize = 13;

pub(super) fn secrets(app: &App, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let (at, beside) = halves(body);
    let mark = |entry: &ListEntry| match &entry.details {
        None => (entry.name.to_string(), Some("damaged"), theme.bad()),
        Some(details) if details.rotate_due.is_some() => {
            (entry.name.to_string(), Some("rotate"), theme.warn())
        }
        Some(_) => (entry.name.to_string(), None, theme.dim()),
    };
    list(app, &app.secrets, &mark, theme, frame, at);
    let details = app.secrets.selected().map(|entry| secret_details(app, entry, theme, beside));
    let empty = if app.secrets.is_filtered() { "" } else { "No secrets yet: n stores one." };
    paragraph("Details", details.unwrap_or_else(|| nothing(empty, theme)), theme, frame, beside);
}

pub(super) fn policies(app: &App, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let (at, beside) = halves(body);
    let mark = |policy: &PolicyView| match policy.status {
        DocumentStatus::InForce if policy.seal_only => {
            (policy.name.to_string(), Some("sealed"), theme.dim())
        }
        DocumentStatus::InForce if policy.run_only => {
            (policy.name.to_string(), Some("run-only"), theme.dim())
        }
        DocumentStatus::InForce => (policy.name.to_string(), None, theme.dim()),
        other => (policy.name.to_string(), Some(other.as_str()), theme.bad()),
    };
    list(app, &app.policies, &mark, theme, frame, at);
    let details = app.policies.selected().map(|policy| policy_details(app, policy, theme, beside));
    let empty = match app.policies.is_filtered() {
        true => "",
        false => "No policies yet: n makes one. A policy says which names a scope reaches.",
    };
    paragraph("Details", details.unwrap_or_else(|| nothing(empty, theme)), theme, frame, beside);
}

pub(super) fn sessions(app: &App, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let (at, beside) = halves(body);
    let mark = |session: &SessionView| {
        let scope = session.scope.as_ref().map(ToString::to_string).unwrap_or_default();
        let label = if session.label.is_empty() { session.id.as_str() } else { &session.label };
        let style = if session.status == SessionStatus::Live { theme.good() } else { theme.bad() };
        (format!("{scope}  {}", printable(label)), Some(session.status.as_str()), style)
    };
    list(app, &app.sessions, &mark, theme, frame, at);
    let details = app.sessions.selected().map(|session| session_details(app, session));
    let empty = match app.sessions.is_filtered() {
        true => "",
        false => "No sessions: n makes one. Its token reaches one scope until it ends.",
    };
    let lines = details.map(|lines| labelled(&lines, theme, beside));
    paragraph("Details", lines.unwrap_or_else(|| nothing(empty, theme)), theme, frame, beside);
}

pub(super) fn members(app: &App, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let (at, beside) = halves(body);
    let mark = |member: &MemberView| {
        let (word, style) = match (member.status, member.admin) {
            (DocumentStatus::InForce, true) => (Some("admin"), theme.dim()),
            (DocumentStatus::InForce, false) => (None, theme.dim()),
            (DocumentStatus::Unapproved, _) => (Some("waits"), theme.warn()),
            (other, _) => (Some(other.as_str()), theme.bad()),
        };
        (member.name.to_string(), word, style)
    };
    list(app, &app.members, &mark, theme, frame, at);
    let details = app.members.selected().map(member_details);
    let lines = details.map(|lines| labelled(&lines, theme, beside));
    paragraph(
        "Details",
        lines.unwrap_or_else(|| nothing("No members.", theme)),
        theme,
        frame,
        beside,
    );
}

pub(super) fn audit(app: &App, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let height = usize::from(body.height).saturating_sub(2);
    let width = usize::from(body.width).saturating_sub(2);
    let rows = app.audit.window(height).map(|(selected, entry)| {
        let outcome = entry.outcome().as_str();
        let time = entry.time();
        let time = time.get(..19).unwrap_or(&time).replace('T', " ");
        let secrets: Vec<&str> = entry.secrets().collect();
        let scope = entry.scope().map(|scope| format!("@{scope} ")).unwrap_or_default();
        let detail = entry.detail().map(|detail| format!("[{detail}] ")).unwrap_or_default();
        let line = format!(
            "{time} {outcome:<8} {:<14} {:<14} {scope}{detail}{}",
            text::cut(&entry.actor(), 14),
            entry.op(),
            secrets.join(" "),
        );
        let mark = if selected { "▸" } else { " " };
        let line = pad(&format!("{mark}{}", printable(&line)), width);
        let style = if outcome == "denied" || outcome == "failed" {
            theme.bad()
        } else {
            ratatui::style::Style::new()
        };
        Line::styled(line, if selected { style.patch(theme.selected()) } else { style })
    });
    let lines: Vec<_> = rows.collect();
    let lines = if lines.is_empty() { nothing(empty_of(app, &app.audit), theme) } else { lines };
    let title = title_of(app, &app.audit);
    frame.render_widget(Paragraph::new(lines).block(framed(&title, theme)), body);
}

/// A list with a mark behind each name that says something about it.
fn list<T: Row>(
    app: &App,
    listing: &Listing<T>,
    mark: Mark<'_, T>,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let height = usize::from(area.height).saturating_sub(2);
    let width = usize::from(area.width).saturating_sub(2);
    let line = |(selected, row): (bool, &T)| {
        let (name, word, style) = mark(row);
        let word = word.map(|word| format!(" {word} ")).unwrap_or_default();
        let name = text::cut(&printable(&name), width.saturating_sub(text::width(&word) + 2));
        let lead = match (selected, listing.marked().contains(&row.key())) {
            (true, false) => "▸ ",
            (true, true) => "▸●",
            (false, true) => " ●",
            (false, false) => "  ",
        };
        let room = width.saturating_sub(text::width(&word));
        let used = text::width(lead) + text::width(&name);
        let mut spans = vec![Span::raw(lead)];
        spans.extend(marked(&name, &listing.hits(&name), theme));
        spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
        spans.push(Span::styled(word, style));
        let line = Line::from(spans);
        if selected { line.patch_style(theme.selected()) } else { line }
    };
    app.places.set(Places { list: area.inner(Margin::new(1, 1)), ..app.places.get() });
    let lines: Vec<_> = listing.window(height).map(line).collect();
    let lines = if lines.is_empty() { nothing(empty_of(app, listing), theme) } else { lines };
    let title = title_of(app, listing);
    frame.render_widget(Paragraph::new(lines).block(framed(&title, theme)), area);
}

/// A text, with these of its characters marked.
fn marked(text: &str, hits: &[usize], theme: Theme) -> Vec<Span<'static>> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut was_hit = None;
    for (at, c) in text.chars().enumerate() {
        let is_hit = hits.binary_search(&at).is_ok();
        match spans.last_mut().filter(|_| was_hit == Some(is_hit)) {
            Some(span) => span.content.to_mut().push(c),
            None if is_hit => spans.push(Span::styled(c.to_string(), theme.hit())),
            None => spans.push(Span::raw(c.to_string())),
        }
        was_hit = Some(is_hit);
    }
    spans
}

fn empty_of<T: Row>(app: &App, listing: &Listing<T>) -> &'static str {
    match (listing.loaded, listing.is_filtered()) {
        (false, _) if listing.rows().is_empty() => "reading …",
        (_, true) => "No match (Esc clears)",
        _ if app.section == Section::Audit => "No lines yet.",
        _ => "",
    }
}

fn title_of<T: Row>(app: &App, listing: &Listing<T>) -> String {
    let position = if listing.len() == 0 { 0 } else { listing.position() + 1 };
    let marked = match listing.marked().len() {
        0 => String::new(),
        count => format!(", {count} marked"),
    };
    let count = format!("{} {position}/{}{marked}", app.section.title(), listing.len());
    match (listing.typing, listing.is_filtered()) {
        (true, _) => format!("{count} /{}_", printable(listing.filter.text())),
        (false, true) => format!("{count} /{}", printable(listing.filter.text())),
        _ => count,
    }
}

fn secret_details(app: &App, entry: &ListEntry, theme: Theme, area: Rect) -> Vec<Line<'static>> {
    let mut rows = vec![("name", entry.name.to_string())];
    let Some(details) = &entry.details else {
        rows.push(("damaged", entry.problem.clone().unwrap_or_default()));
        rows.push(("mend", "'authy check' says how; git has what was there before".to_owned()));
        return labelled(&rows, theme, area);
    };
    let list = |names: &[String]| names.join(" ");
    rows.push(("value", "•••••••• hidden".to_owned()));
    rows.push(("version", details.version.to_string()));
    rows.push(("changed", format!("{} by {}", ago(app.now, &details.changed), details.author)));
    rows.push(("created", ago(app.now, &details.created)));
    let optional = [
        ("description", details.description.clone()),
        ("tags", list(&details.tags)),
        ("for", list(&details.services.iter().map(ToString::to_string).collect::<Vec<_>>())),
        ("user", details.user.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("sent as", if details.bearer { "a bearer token".to_owned() } else { String::new() }),
        ("no secret", if details.not_secret { "not masked".to_owned() } else { String::new() }),
        ("rotate every", details.rotate_every.map(|every| every.to_string()).unwrap_or_default()),
        ("rotate now", details.rotate_due.clone().unwrap_or_default()),
        ("readers", list(&details.readers)),
        ("had copies", list(&details.exposed_to)),
    ];
    rows.extend(optional.into_iter().filter(|(_, text)| !text.is_empty()));
    let mut lines = labelled(&rows, theme, area);
    let past = app.past.as_ref().filter(|past| past.name == entry.name);
    if let Some(Ok(found)) = past.and_then(|past| past.found.as_ref()) {
        lines.push(Line::raw(""));
        lines.push(Line::styled("history", theme.bold()));
        let width = usize::from(area.width).saturating_sub(4);
        for one in found {
            let version =
                one.version.map_or_else(|| "-".to_owned(), |version| format!("v{version}"));
            let who = one.author.as_deref().unwrap_or(&one.commit.author);
            let when = ago(app.now, &one.commit.time);

            let what = one.what.as_str();
            let line = format!("{version:<4} {what:<8} {when}, {who}");
            lines.push(Line::raw(text::cut(&printable(&line), width)));
        }
    }
    lines
}

fn policy_details(app: &App, policy: &PolicyView, theme: Theme, area: Rect) -> Vec<Line<'static>> {
    let mut rows = vec![("name", policy.name.to_string()), ("status", policy.status.to_string())];
    let words = |list: &[String], none: &str| match list {
        [] => none.to_owned(),
        some => some.join(" "),
    };
    if let Some(problem) = &policy.problem {
        rows.push(("why", problem.clone()));
        if policy.status == DocumentStatus::Unapproved {
            rows.push(("next", "a shows what it means, for an admin to sign".to_owned()));
        }
        return labelled(&rows, theme, area);
    }
    rows.push(("allow", words(&policy.allow, "nothing")));
    rows.push(("deny", words(&policy.deny, "nothing")));
    rows.push(("members", words(&policy.members, "none: admins only")));
    let users: Vec<_> = policy.users.iter().map(ToString::to_string).collect();
    rows.push(("used by", users.join(" ")));
    rows.push(("run-only", if policy.run_only { "yes" } else { "no" }.to_owned()));
    if policy.seal_only {
        rows.push(("sealed", "no value is revealed".to_owned()));
    }
    rows.extend(policy.sealed.iter().map(|rule| ("sealed", rule.to_string())));
    if let Some(commands) = &policy.commands {
        rows.push(("programs", words(commands, "none")));
    }
    let signed = policy.signed_by.clone().unwrap_or_default();
    let at = policy.signed_at.as_deref().map(|at| ago(app.now, at)).unwrap_or_default();
    let optional = [
        ("sessions", policy.max_ttl.map(|ttl| format!("{ttl} at most")).unwrap_or_default()),
        ("description", policy.description.clone()),
        ("signed", format!("{at} by {signed} (version {})", policy.version)),
    ];
    rows.extend(optional.into_iter().filter(|(_, text)| !text.is_empty()));
    let mut lines = labelled(&rows, theme, area);
    let names: Vec<_> = app.secrets.rows().iter().map(|entry| entry.name.clone()).collect();
    let verdicts = authy::policy_preview(&policy.name, &policy.allow, &policy.deny, &names);
    if let Ok(verdicts) = verdicts {
        let reached: Vec<_> = verdicts.iter().filter(|verdict| verdict.allowed).collect();
        lines.push(Line::raw(""));
        lines.push(Line::styled(
            format!("reaches {} of {} secrets", reached.len(), names.len()),
            theme.bold(),
        ));
        lines.extend(reached.iter().map(|verdict| Line::raw(format!("  {}", verdict.name))));
    }
    lines
}

fn session_details(app: &App, session: &SessionView) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let mut rows = vec![
        ("id", session.id.to_string()),
        ("scope", session.scope.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("label", session.label.clone()),
        ("status", session.status.to_string()),
    ];
    if let Some(problem) = &session.problem {
        rows.push(("why", problem.clone()));
        return rows;
    }
    let expires = text(&session.expires);
    let left = left(app.now, &expires).unwrap_or_else(|| "over".to_owned());
    match &session.ended {
        Some(ended) => rows.push(("ended", format!("{ended} ({})", ago(app.now, ended)))),
        None => rows.push(("ends", format!("{expires} ({left})"))),
    }
    rows.push((
        "made",
        format!("{} by {}", ago(app.now, &text(&session.created)), text(&session.by)),
    ));
    let used = session.used.as_ref().map(|used| ago(app.now, used));
    rows.push((
        "last used",
        used.unwrap_or_else(|| "never, as far as this clone knows".to_owned()),
    ));
    rows.push(("run-only", if session.run_only { "yes" } else { "no" }.to_owned()));
    rows.push(("works in", if session.shared { "every clone" } else { "this clone" }.to_owned()));
    rows
}

fn member_details(member: &MemberView) -> Vec<(&'static str, String)> {
    let groups: Vec<_> = member.groups.iter().map(|group| format!("@{group}")).collect();
    let role = match (member.admin, member.writes) {
        (true, _) => "admin: reads everything, says who may read what",
        (false, true) => "reads and writes what policies give",
        (false, false) => "reads what policies give",
    };
    let mut rows = vec![("name", member.name.to_string()), ("status", member.status.to_string())];
    if let Some(problem) = &member.problem {
        rows.push(("why", problem.clone()));
        if member.status == DocumentStatus::Unapproved {
            rows.push(("next", "a shows what it means, for an admin to sign".to_owned()));
        }
    }
    rows.push(("role", role.to_owned()));
    rows.push(("groups", groups.join(" ")));
    rows.extend(
        member.recipients.iter().map(|recipient| ("recipient", recipient_shown(recipient))),
    );
    rows
}

/// Names of details and what they are, wrapped below each other.
fn labelled(rows: &[(&'static str, String)], theme: Theme, area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width).saturating_sub(LABEL + 4);
    let mut lines = Vec::new();
    for (label, value) in rows {
        for (at, part) in text::wrap(&printable(value), width).into_iter().enumerate() {
            let label = if at == 0 { *label } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{label:<LABEL$} "), theme.dim()),
                Span::raw(part),
            ]));
        }
    }
    lines
}

fn nothing(text: &'static str, theme: Theme) -> Vec<Line<'static>> {
    vec![Line::styled(text, theme.dim())]
}

fn paragraph(
    title: &str,
    lines: Vec<Line<'static>>,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let wrap = ratatui::widgets::Wrap { trim: false };
    frame.render_widget(Paragraph::new(lines).wrap(wrap).block(framed(title, theme)), area);
}

fn framed(title: &str, theme: Theme) -> Block<'static> {
    let title = Span::styled(format!(" {title} "), theme.title());
    Block::bordered().title(title)
}

/// The text with spaces up to that width, cut where it is wider.
fn pad(line: &str, width: usize) -> String {
    let cut = text::cut(line, width);
    let room = width.saturating_sub(text::width(&cut));
    format!("{cut}{}", " ".repeat(room))
}

//! The interface on the screen: what `App` holds, and nothing that it does not.

mod conflicts;
mod form;
mod popup;
mod sections;
mod text;
mod theme;

use authy::BriefStatus;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::app::App;
use super::effect::Section;
use super::form::Purpose;
use super::keys;
use super::mouse::Places;
use super::popup::Popup;
use crate::front::marks;
pub(crate) use theme::Theme;

/// A key and what it does, for the footer.
type Hint = (&'static str, &'static str);

/// What a non-admin may not do is shown, and dim: others may.
fn is_dim(app: &App, hint: &Hint) -> bool {
    let is_admin = app.who.as_ref().is_none_or(|who| who.admin);
    let mut all = keys::of(app.section).iter();
    !is_admin
        && app.popup.is_none()
        && all.any(|one| one.shown == hint.0 && one.command.is_for_admins(app.section))
}

/// Narrower, the details stand below the list.
const WIDE: u16 = 70;

/// Draws all of it.
pub(crate) fn draw(app: &App, theme: Theme, frame: &mut Frame<'_>) {
    let hints = wrapped(app, &hints(app), frame.area().width.into(), theme);
    let message = message(app, theme, frame.area().width.into());
    let [top, body, told, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(height(&message)),
        Constraint::Length(height(&hints)),
    ])
    .areas(frame.area());
    frame.render_widget(header(app, theme, top.width.into()), top);
    frame.render_widget(Paragraph::new(message), told);
    frame.render_widget(Paragraph::new(hints), bottom);
    if let Some(form) = &app.locked {
        form::unlock(app, form, theme, frame, body);
        return;
    }
    if let Some(form) = app.policy_form().filter(|_| app.asked.is_none()) {
        form::policy(app, form, theme, frame, body);
        return;
    }
    let list = match app.section {
        Section::Secrets => sections::secrets,
        Section::Policies => sections::policies,
        Section::Sessions => sections::sessions,
        Section::Audit => sections::audit,
        Section::Members => sections::members,
    };
    list(app, theme, frame, body);
    let asked = app.asked.as_ref().map(|asked| &asked.popup);
    if let Some(popup) = asked.or(app.popup.as_ref()) {
        popup::draw(app, popup, theme, frame, body);
    }
}

fn height(lines: &[Line<'_>]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}

/// The list, and the details beside it or below.
fn halves(body: Rect) -> (Rect, Rect) {
    let [list, details] = if body.width >= WIDE {
        Layout::horizontal([Constraint::Percentage(42), Constraint::Percentage(58)]).areas(body)
    } else {
        Layout::vertical([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(body)
    };
    (list, details)
}

fn header(app: &App, theme: Theme, width: usize) -> Line<'static> {
    let mut spans = vec![Span::styled(" authy ", theme.title())];
    if app.locked.is_none() {
        let whole: usize = Section::ALL.iter().map(|one| one.title().len() + 4).sum();
        let is_narrow = width < whole + " authy ".len();
        let mut tabs = [(0, 0); Section::ALL.len()];
        let mut column = " authy ".len();
        for (at, section) in Section::ALL.into_iter().enumerate() {
            let is_here = section == app.section;
            let text = match is_narrow && !is_here {
                true => format!(" {} ", at + 1),
                false => format!(" {} {} ", at + 1, section.title()),
            };
            tabs[at] = (column, column + text.len());
            column += text.len();
            spans.push(Span::styled(text, if is_here { theme.selected() } else { theme.dim() }));
        }
        app.places.set(Places { tabs, ..app.places.get() });
    }
    let who = app.who.as_ref().map_or_else(String::new, |who| {
        let role = if who.admin { " (admin)" } else { "" };
        format!("{}{role} ", who.member)
    });
    let used: usize = spans.iter().map(Span::width).sum();
    // Who is at work matters more than where; each is left out where it does not fit.
    let room = width.saturating_sub(used + 1);
    let waits = app.brief.as_ref().map(waits).unwrap_or_default();
    let both = match who.is_empty() {
        true => format!("{} ", app.vault),
        false => format!("{who}· {} ", app.vault),
    };
    // What waits matters more still: somebody may forget it.
    let all = match waits.is_empty() {
        true => vec![both, who],
        false => {
            let short = app.brief.as_ref().map(marks).unwrap_or_default().join(" ");
            let long = [&both, &who].map(|rest| format!("{waits} · {rest}"));
            long.into_iter().chain([&who, ""].map(|rest| format!("{short} {rest}"))).collect()
        }
    };
    let right = all.into_iter().find(|text| text::width(text) <= room);
    let right = right.unwrap_or_default();
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used + text::width(&right)))));
    spans.push(Span::raw(right));
    Line::from(spans)
}

/// What waits for a sync.
fn waits(brief: &BriefStatus) -> String {
    let mut words = Vec::new();
    if brief.uncommitted {
        words.push("not committed".to_owned());
    }
    if brief.ahead > 0 {
        words.push(format!("{} to send", brief.ahead));
    }
    if brief.behind > 0 {
        words.push(format!("{} to merge", brief.behind));
    }
    words.join(", ")
}

fn message(app: &App, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(busy) = &app.busy {
        let progress = app.progress.filter(|(_, total)| *total > 1);
        let progress = progress.map(|(done, total)| format!(", {done} of {total}"));
        let told = format!(" {busy}{} …", progress.unwrap_or_default());
        lines.push(Line::styled(text::cut(&told, width), theme.warn()));
    }
    if let Some(message) = &app.message {
        let lead = if message.is_error { "error: " } else { "" };
        let style = if message.is_error { theme.bad() } else { theme.good() };
        let told = text::wrap(&format!("{lead}{}", message.text), width.saturating_sub(2));
        lines.extend(told.into_iter().map(|line| Line::styled(format!(" {line}"), style)));
        let hint = message.hint.iter().flat_map(|hint| text::wrap(hint, width.saturating_sub(2)));
        lines.extend(hint.map(|line| Line::raw(format!(" {line}"))));
    }
    lines.truncate(4);
    lines
}

/// The keys that mean something now.
fn hints(app: &App) -> Vec<Hint> {
    if let Some(form) = &app.locked {
        return match form.busy {
            true => vec![("Esc", "quit")],
            false => {
                vec![("Enter", "unlock"), ("Tab", "next field"), ("^T", "show"), ("Esc", "quit")]
            }
        };
    }
    let asked = app.asked.as_ref().map(|asked| &asked.popup);
    if let Some(popup) = asked.or(app.popup.as_ref()) {
        return of_popup(popup);
    }
    if app.is_filtering() {
        return vec![("Enter", "keep the filter"), ("Esc", "clear it"), ("Up/Down", "move")];
    }
    let all = keys::of(app.section).iter().chain(keys::general());
    all.filter(|key| !key.label.is_empty()).map(|key| (key.shown, key.label)).collect()
}

fn of_popup(popup: &Popup) -> Vec<Hint> {
    const SCROLL: Hint = ("Up/Down", "scroll");
    const CLOSE: Hint = ("Esc", "close");
    match popup {
        Popup::Help { .. } | Popup::Text(_) => vec![SCROLL, CLOSE],
        Popup::Confirm(_) => vec![("y", "yes"), ("n", "no")],
        Popup::Reveal(_) => vec![("c", "copy"), SCROLL, CLOSE],
        Popup::Token(_) => vec![("c", "copy"), CLOSE],
        Popup::Conflicts { .. } => vec![
            ("m", "take mine"),
            ("t", "take theirs"),
            ("n", "take the newest"),
            ("Up/Down", "select"),
            ("Esc", "not now"),
        ],
        Popup::Removed { .. } => vec![("Enter", "restore"), ("Up/Down", "select"), CLOSE],
        Popup::Approve { .. } => vec![("y", "approve all of it"), SCROLL, ("Esc", "not now")],
        Popup::Form(form) => {
            let mut hints = match form.purpose {
                Purpose::Test { .. } => vec![("Enter", "ask")],
                Purpose::Plugin => vec![("Enter", "answer")],
                _ => vec![("^S", "save"), ("Tab", "next field")],
            };
            if form.can_generate() {
                hints.push(("^G", "generate"));
            }
            if form.has_secret() {
                hints.extend([("^T", "show or hide"), ("^J", "new line")]);
            }
            hints.push(("Esc", "cancel"));
            hints
        }
    }
}

/// The hints on as many lines as they need: none is cut.
fn wrapped(app: &App, hints: &[Hint], width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines: Vec<Vec<Span<'static>>> = vec![vec![Span::raw(" ")]];
    let mut used = 1;
    for hint in hints {
        let (key, label) = hint;
        let style = if is_dim(app, hint) { theme.dim() } else { theme.key() };
        let length = text::width(key) + 1 + text::width(label) + 2;
        if used + length > width + 2 && used > 1 {
            lines.push(vec![Span::raw(" ")]);
            used = 1;
        }
        used += length;
        if let Some(line) = lines.last_mut() {
            line.extend([Span::styled(*key, style), Span::raw(format!(" {label}  "))]);
        }
    }
    lines.into_iter().map(Line::from).collect()
}

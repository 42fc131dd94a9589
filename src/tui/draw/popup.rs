//! What lies over a section.

use authy::{RemovedSecret, SecretBytes, SessionCreated, printable};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use zeroize::Zeroizing;

use super::super::app::App;
use super::super::keys;
use super::super::popup::{Confirm, Popup, Text};
use super::{Theme, form, text};
use crate::front::ago;

/// A rectangle of that size in the middle.
pub(super) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

pub(super) fn draw(app: &App, popup: &Popup, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let width = usize::from(body.width.min(90)).saturating_sub(4);
    match popup {
        Popup::Help { scroll } => {
            let lines = help(app, theme, width);
            window(
                &format!("Keys in {}", app.section.title()),
                lines,
                *scroll,
                app,
                theme,
                frame,
                body,
            );
        }
        Popup::Confirm(Confirm { title, lines, .. }) => {
            let lines = lines.iter().flat_map(|line| text::wrap(line, width));
            let mut lines: Vec<_> = lines.map(Line::raw).collect();
            lines.push(Line::raw(""));
            lines.push(Line::styled("y  yes     n  no", theme.key()));
            window(title, lines, 0, app, theme, frame, body);
        }
        Popup::Form(fields) => {
            let laid = form::lay(fields, theme, width);
            let height = u16::try_from(laid.lines.len() + 2).unwrap_or(u16::MAX);
            let area = centred(body, u16::try_from(width + 4).unwrap_or(90), height);
            form::place(laid, block(&fields.title, theme), area, frame);
        }
        Popup::Reveal(reveal) => {
            let left = (reveal.until - app.now).whole_seconds().max(0);
            let title = format!("{} · {left} s", reveal.name);
            window(&title, value(&reveal.value, width), reveal.scroll, app, theme, frame, body);
        }
        Popup::Token(created) => {
            window("Session token", token(created, theme, width), 0, app, theme, frame, body);
        }
        Popup::Text(Text { title, lines, scroll }) => {
            window(title, plain(lines, width), *scroll, app, theme, frame, body);
        }
        Popup::Conflicts { list, at } => {
            let lines = super::conflicts::lines(list, *at, app.now, theme, width);
            window("In conflict", lines, at * 3, app, theme, frame, body);
        }
        Popup::Removed { list, at } => {
            let lines = removed(list, *at, app, theme, width);
            window("Removed", lines, at.saturating_sub(3), app, theme, frame, body);
        }
        Popup::Approve { text: Text { title, lines, scroll }, .. } => {
            window(title, plain(lines, width), *scroll, app, theme, frame, body);
        }
    }
}

/// What was removed, a line each, the selected one marked.
fn removed(
    list: &[RemovedSecret],
    at: usize,
    app: &App,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let line = |(row, one): (usize, &RemovedSecret)| {
        let mark = if row == at { "▸ " } else { "  " };
        let told =
            format!("{mark}{}  {}: {}", one.name, ago(app.now, &one.commit.time), one.subject);
        let style = if row == at { theme.selected() } else { Style::new() };
        Line::styled(text::cut(&printable(&told), width), style)
    };
    list.iter().enumerate().map(line).collect()
}

fn plain(lines: &[String], width: usize) -> Vec<Line<'static>> {
    lines.iter().flat_map(|line| hanging(line, width)).map(Line::raw).collect()
}

/// The line in several; where it is a word and what that means, the rest stands below the
/// meaning.
fn hanging(line: &str, width: usize) -> Vec<String> {
    let word =
        line.trim_start().find("  ").map_or(0, |at| line.len() - line.trim_start().len() + at);
    let indent = word + line[word..].len() - line[word..].trim_start().len();
    if indent == 0 || indent > 16 {
        return text::wrap(line, width);
    }
    let lines = text::wrap(&line[indent..], width.saturating_sub(indent));
    let lead = |at: usize| if at == 0 { line[..indent].to_owned() } else { " ".repeat(indent) };
    lines.into_iter().enumerate().map(|(at, part)| lead(at) + &part).collect()
}

/// Lines in a frame, as many as there is room for; how many there are says the frame.
fn window(
    title: &str,
    lines: Vec<Line<'static>>,
    scroll: usize,
    app: &App,
    theme: Theme,
    frame: &mut Frame<'_>,
    body: Rect,
) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0).max(text::width(title) + 2);
    let width = u16::try_from(widest + 4).unwrap_or(u16::MAX);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let area = centred(body, width.max(34), height);
    let room = usize::from(area.height).saturating_sub(2);
    let most = lines.len().saturating_sub(room);
    app.reach.set(most);
    let scroll = scroll.min(most);
    let mut frame_around = block(title, theme);
    if most > 0 {
        let place =
            format!(" {}-{} of {} ", scroll + 1, (scroll + room).min(lines.len()), lines.len());
        frame_around = frame_around.title_bottom(Line::from(place).right_aligned());
    }
    let shown: Vec<_> = lines.into_iter().skip(scroll).take(room).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(shown).block(frame_around), area);
}

fn block(title: &str, theme: Theme) -> Block<'static> {
    let title = Span::styled(format!(" {} ", printable(title)), theme.title());
    Block::bordered().title(title).padding(ratatui::widgets::Padding::horizontal(1))
}

/// A value line by line; what would move the terminal is made visible.
fn value(value: &SecretBytes, width: usize) -> Vec<Line<'static>> {
    match value.expose_str() {
        Some("") => vec![Line::raw("(empty)")],
        Some(text) => {
            let lines = text.split('\n').map(|line| Zeroizing::new(printable(line)));
            lines.flat_map(|line| text::wrap(&line, width)).map(Line::raw).collect()
        }
        None => vec![Line::raw(format!(
            "{} bytes that are not text: copy it, or 'authy get'",
            value.len()
        ))],
    }
}

fn token(created: &SessionCreated, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::raw(format!("Scope {}, until {}", created.scope, created.expires)),
        Line::styled("Shown once and stored nowhere: copy it now.", theme.warn()),
        Line::raw(""),
    ];
    let token = created.token.expose_str().unwrap_or_default();
    lines.extend(text::wrap(token, width).into_iter().map(|line| Line::styled(line, theme.bold())));
    lines
}

fn help(app: &App, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (title, bindings) in
        [(app.section.title(), keys::of(app.section)), ("Everywhere", keys::general())]
    {
        if !lines.is_empty() {
            lines.push(Line::raw(""));
        }
        lines.push(Line::styled(title, theme.bold()));
        for binding in bindings {
            let mut told = text::wrap(binding.help, width.saturating_sub(12)).into_iter();
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<9} ", binding.shown), theme.key()),
                Span::raw(told.next().unwrap_or_default()),
            ]));
            lines.extend(told.map(|line| Line::raw(format!("{:12}{line}", ""))));
        }
    }
    lines.extend([
        Line::raw(""),
        Line::styled("In forms", theme.bold()),
        Line::raw("  Tab, Enter  to the next field; ^S saves, Esc cancels"),
        Line::raw("  ^G          generates a value; ^T shows it; ^J begins a new line"),
        Line::raw("  ^Z          stops authy until 'fg'; ^C leaves"),
    ]);
    lines
}

//! Forms: fields below each other, the cursor where the next letter goes.

use authy::{ScopeName, printable};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::super::app::App;
use super::super::form::{Field, Form, Kind};
use super::super::forms::{ALLOW, DENY};
use super::{Theme, text};

/// Columns of the labels.
const LABEL: usize = 14;
/// Most lines of one field.
const LINES: usize = 6;

/// The lines of a form, and where the cursor is among them.
pub(super) struct Laid {
    pub(super) lines: Vec<Line<'static>>,
    cursor: Option<(usize, usize)>,
}

/// Lays the form out for `width` columns.
pub(super) fn lay(form: &Form, theme: Theme, width: usize) -> Laid {
    let mut laid = Laid { lines: Vec::new(), cursor: None };
    for (at, field) in form.fields.iter().enumerate() {
        let is_focus = at == form.focus && !form.busy;
        let (shown, cursor) = shown(field, width.saturating_sub(LABEL + 3), is_focus);
        for (row, line) in shown.into_iter().enumerate() {
            let label = if row == 0 { field.label } else { "" };
            let mark = if is_focus && row == 0 { "▸ " } else { "  " };
            let style = if is_focus { theme.bold() } else { theme.dim() };
            if let Some((_, column)) = cursor.filter(|(line, _)| *line == row) {
                laid.cursor = Some((laid.lines.len(), column + LABEL + 2));
            }
            laid.lines.push(Line::from(vec![
                Span::styled(format!("{mark}{label:<LABEL$}"), style),
                match line {
                    Shown::Text(text) => Span::raw(text),
                    Shown::Hint(text) => Span::styled(text, theme.dim()),
                },
            ]));
        }
    }
    let wrapped = |text: &str| text::wrap(&printable(text), width.saturating_sub(2));
    if form.busy {
        laid.lines.extend([Line::raw(""), Line::styled("  …", theme.dim())]);
    }
    if let Some(told) = &form.error {
        laid.lines.push(Line::raw(""));
        let message = wrapped(&format!("error: {}", told.message));
        laid.lines.extend(message.into_iter().map(|l| Line::styled(format!("  {l}"), theme.bad())));
        let hint = told.hint.iter().flat_map(|hint| wrapped(hint));
        laid.lines.extend(hint.map(|line| Line::raw(format!("  {line}"))));
    }
    if let Some(answer) = &form.answer {
        laid.lines.push(Line::raw(""));
        let lines = wrapped(answer);
        laid.lines.extend(lines.into_iter().map(|l| Line::styled(format!("  {l}"), theme.good())));
    }
    laid
}

enum Shown {
    Text(String),
    Hint(String),
}

/// The lines of a field, and the cursor's line and column there.
fn shown(field: &Field, width: usize, is_focus: bool) -> (Vec<Shown>, Option<(usize, usize)>) {
    let hint = || Shown::Hint(text::cut(field.hint, width));
    match &field.kind {
        Kind::Toggle(on) => {
            let mark = if *on { "[x]" } else { "[ ]" };
            let line = format!("{mark} {}", field.hint);
            (vec![Shown::Text(text::cut(&line, width))], is_focus.then_some((0, 1)))
        }
        Kind::Choice { options, at } => {
            let chosen = options.get(*at).map_or("", String::as_str);
            let line = format!("< {chosen} >  ({} of {})", at + 1, options.len());
            (vec![Shown::Text(text::cut(&line, width))], is_focus.then_some((0, 2)))
        }
        Kind::Text(input) | Kind::Secret { input, .. } if input.is_empty() => {
            (vec![hint()], is_focus.then_some((0, 0)))
        }
        Kind::Secret { input, shown: false } => {
            let count = input.text().chars().count();
            let lines = input.text().lines().count();
            let more = if lines > 1 { format!(", {lines} lines") } else { String::new() };
            // A few dots stand for all of them; the number tells what a paste brought.
            let dots = "•".repeat(count.min(12));
            let line = format!("{dots} ({count} characters{more})");
            let cursor = is_focus.then_some((0, count.min(12)));
            (vec![Shown::Text(text::cut(&line, width))], cursor)
        }
        Kind::Text(input) | Kind::Secret { input, shown: true } => {
            typed(input.text(), input.before(), width, is_focus)
        }
    }
}

/// Text as it is typed: the lines around the cursor, control characters made visible.
fn typed(
    all: &str,
    before: &str,
    width: usize,
    is_focus: bool,
) -> (Vec<Shown>, Option<(usize, usize)>) {
    let row = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default();
    let lines: Vec<&str> = all.split('\n').collect();
    let most = lines.len().saturating_sub(LINES);
    let from = row.saturating_sub(LINES / 2).min(most);
    let mut out = Vec::new();
    let mut cursor = None;
    for (at, line) in lines.iter().enumerate().skip(from).take(LINES) {
        let line = printable(line);
        if at == row && is_focus {
            // A line that is longer than the field shows the part where the cursor is.
            let column = text::width(&printable(column));
            let skip = column.saturating_sub(width.saturating_sub(1));
            cursor = Some((out.len(), column - skip));
            out.push(Shown::Text(text::cut(&from_column(&line, skip), width)));
        } else {
            out.push(Shown::Text(text::cut(&line, width)));
        }
    }
    (out, cursor)
}

fn from_column(line: &str, skip: usize) -> String {
    let mut passed = 0;
    let rest = line.char_indices().find(|(_, c)| {
        let is_there = passed >= skip;
        passed += text::width(c.encode_utf8(&mut [0; 4]));
        is_there
    });
    rest.map_or_else(String::new, |(at, _)| line[at..].to_owned())
}

/// Draws lines of a form into the frame that stands around them.
pub(super) fn place(laid: Laid, block: Block<'static>, area: Rect, frame: &mut Frame<'_>) {
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    // The line with the cursor stays in view.
    let row = laid.cursor.map_or(0, |(row, _)| row);
    let skip = (row + 1).saturating_sub(inside.height.into());
    let scroll = u16::try_from(skip).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(laid.lines).scroll((scroll, 0)).block(block), area);
    if let Some((row, column)) = laid.cursor {
        let x = inside.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
        let y = inside.y.saturating_add(u16::try_from(row - skip).unwrap_or(u16::MAX));
        frame.set_cursor_position(Position::new(x.min(inside.right().saturating_sub(1)), y));
    }
}

/// The way in.
pub(super) fn unlock(app: &App, form: &Form, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let width = body.width.min(72);
    let mut laid = lay(form, theme, usize::from(width).saturating_sub(4));
    let vault = text::cut(&printable(&app.vault), usize::from(width).saturating_sub(6));
    laid.lines.insert(0, Line::raw(""));
    laid.lines.insert(0, Line::styled(format!("  {vault}"), theme.dim()));
    laid.cursor = laid.cursor.map(|(row, column)| (row + 2, column));
    let height = u16::try_from(laid.lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
    let area = super::popup::centred(body, width, height);
    let block = Block::bordered().title(Span::styled(format!(" {} ", form.title), theme.title()));
    place(laid, block, area, frame);
}

/// A policy's form, and beside it what its patterns would allow and deny.
pub(super) fn policy(app: &App, form: &Form, theme: Theme, frame: &mut Frame<'_>, body: Rect) {
    let [fields, preview] = if body.width >= super::WIDE {
        Layout::horizontal([Constraint::Percentage(58), Constraint::Percentage(42)]).areas(body)
    } else {
        Layout::vertical([Constraint::Percentage(60), Constraint::Percentage(40)]).areas(body)
    };
    let laid = lay(form, theme, usize::from(fields.width).saturating_sub(2));
    let block = Block::bordered().title(Span::styled(format!(" {} ", form.title), theme.title()));
    place(laid, block, fields, frame);
    let (title, lines) = verdicts(app, form, theme, preview);
    let block = Block::bordered().title(Span::styled(title, theme.title()));
    frame.render_widget(Paragraph::new(lines).block(block), preview);
}

/// What the patterns say of each secret, those that they allow first.
fn verdicts(app: &App, form: &Form, theme: Theme, area: Rect) -> (String, Vec<Line<'static>>) {
    let names: Vec<_> = app.secrets.rows().iter().map(|entry| entry.name.clone()).collect();
    let name = ScopeName::parse(form.value(0).trim());
    let Ok(scope) = name.or_else(|_| ScopeName::parse("new")) else {
        return (String::new(), Vec::new());
    };
    let patterns = (form.words(ALLOW), form.words(DENY));
    let width = usize::from(area.width).saturating_sub(2);
    let verdicts = match authy::policy_preview(&scope, &patterns.0, &patterns.1, &names) {
        Ok(verdicts) => verdicts,
        Err(error) => {
            let lines = text::wrap(&printable(&error.to_string()), width);
            let lines = lines.into_iter().map(|line| Line::styled(line, theme.bad())).collect();
            return (" Secrets ".to_owned(), lines);
        }
    };
    let (allowed, denied): (Vec<_>, Vec<_>) = verdicts.iter().partition(|verdict| verdict.allowed);
    let title = format!(" {} allowed, {} denied ", allowed.len(), denied.len());
    let line = |verdict: &&authy::Verdict| {
        let (mark, style) = if verdict.allowed { ("+", theme.good()) } else { ("-", theme.dim()) };
        let why = verdict.pattern.as_ref().map_or_else(
            || "no pattern".to_owned(),
            |pattern| format!("{} {}", verdict.rule, printable(pattern)),
        );
        Line::styled(text::cut(&format!("{mark} {}  ({why})", verdict.name), width), style)
    };
    let height = usize::from(area.height).saturating_sub(2);
    let mut lines: Vec<Line<'static>> =
        allowed.iter().chain(&denied).take(height).map(line).collect();
    let hidden = verdicts.len().saturating_sub(lines.len());
    if hidden > 0 && !lines.is_empty() {
        let last = lines.len() - 1;
        lines[last] = Line::styled(format!("… and {} more", hidden + 1), theme.dim());
    }
    (title, lines)
}

//! How things look. Colour only repeats what words, marks and weight say already.

use ratatui::style::{Color, Modifier, Style};

/// The styles, with colour or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    pub(crate) colour: bool,
}

impl Theme {
    fn with(self, style: Style, colour: Color) -> Style {
        if self.colour { style.fg(colour) } else { style }
    }

    pub(crate) fn title(self) -> Style {
        self.with(Style::new().add_modifier(Modifier::BOLD), Color::Cyan)
    }

    pub(crate) fn key(self) -> Style {
        self.with(Style::new().add_modifier(Modifier::BOLD), Color::Cyan)
    }

    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(crate) fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What a filter found.
    pub(crate) fn hit(self) -> Style {
        self.with(Style::new().add_modifier(Modifier::UNDERLINED), Color::Cyan)
    }

    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(crate) fn good(self) -> Style {
        self.with(Style::new(), Color::Green)
    }

    pub(crate) fn warn(self) -> Style {
        self.with(Style::new().add_modifier(Modifier::BOLD), Color::Yellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.with(Style::new().add_modifier(Modifier::BOLD), Color::Red)
    }
}

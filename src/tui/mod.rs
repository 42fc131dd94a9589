//! `authy admin`: the terminal interface.
//!
//! `app` is the state and `update`: an action in, effects out, no input or output. `worker` calls
//! the library on a thread of its own; `draw` shows what `app` holds. No rule lives here: what
//! may be done the library says when it is called.

mod app;
mod asked;
mod burst;
mod done;
mod draw;
mod effect;
mod form;
mod forms;
mod input;
mod keys;
mod listing;
mod mouse;
mod popup;
mod popup_keys;
mod rows;
mod sections;
mod terminal;
mod worker;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::front::{Invocation, Setup};
use app::App;
use draw::Theme;
use effect::{Action, Effect, Reply, Work};
use terminal::Screen;

/// Between looks at the keyboard, while something is awaited and while nothing is.
const BUSY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(250);

/// For what is there already; zero would take nothing.
const READ: Duration = Duration::from_millis(1);
/// For what belongs to a paste that came in several pieces.
const PIECE: Duration = Duration::from_millis(50);
/// So many looks without anything new, and it is drawn all the same.
const STILL: usize = 40;

/// The number of the signal of a terminal that is gone.
const HANGUP: u8 = 1;
const WORKER_ENDED: &str = "the worker behind it ended";

/// Shows the interface until somebody leaves it.
///
/// Returns the signal that ended it, where one did.
///
/// # Errors
/// The terminal fails.
pub(crate) fn run(invocation: Invocation, setup: &Setup<'_>) -> io::Result<Option<u8>> {
    let (want, wanted) = channel();
    let (tell, told) = channel();
    let vault = worker::shown(&invocation.vault, invocation.home.as_deref());
    let worker = std::thread::spawn(move || worker::work(invocation, &wanted, &tell));
    let app = App::new(vault, OffsetDateTime::now_utc(), setup.lock_after);
    let result = Screen::take(setup.mouse)
        .and_then(|screen| Session { app, screen, setup, want, told, awaited: 0 }.run());
    // What was begun is finished: a change is never left half.
    let _ = worker.join();
    result
}

/// Whether these keys may be the first piece of a paste: they end a line.
fn is_cut(keys: &[KeyEvent]) -> bool {
    keys.len() > 1 && keys.last().is_some_and(|key| key.code == KeyCode::Enter)
}

struct Session<'s> {
    app: App,
    screen: Screen,
    setup: &'s Setup<'s>,
    want: Sender<Work>,
    told: Receiver<Reply>,
    /// How many answers the worker owes.
    awaited: usize,
}

impl Session<'_> {
    fn run(mut self) -> io::Result<Option<u8>> {
        let effects = self.app.start();
        if self.act(effects)? {
            return Ok(None);
        }
        let theme = Theme { colour: self.setup.colour };
        let mut still = 0;
        loop {
            let (app, screen) = (&self.app, &mut self.screen);
            if still == 0 && !screen.draw(|frame| draw::draw(app, theme, frame))? {
                return Ok(Some(HANGUP));
            }
            let Some(action) = self.next()? else {
                return Ok(Some(HANGUP));
            };
            // Where nothing moves, only ages grow.
            let is_still = matches!(action.as_slice(), [Action::Tick]) && !self.app.is_moving();
            still = if is_still { (still + 1) % STILL } else { 0 };
            if let Some(signal) = self.screen.ended() {
                return Ok(Some(signal));
            }
            let stopped = self.screen.is_stopped().then_some(Action::Stopped);
            for action in action.into_iter().chain(stopped) {
                let effects = self.app.update(OffsetDateTime::now_utc(), action);
                if !effects.is_empty() {
                    still = 0;
                }
                if self.act(effects)? {
                    return Ok(None);
                }
            }
        }
    }

    /// Waits for a key, an answer, or time that passes; `None` where the terminal is gone.
    fn next(&mut self) -> io::Result<Option<Vec<Action>>> {
        let wait = if self.awaited > 0 { BUSY } else { IDLE };
        let mut actions = Vec::new();
        if !Screen::is_there(wait) {
            return Ok(None);
        }
        let mut keys = Vec::new();
        while event::poll(if is_cut(&keys) { PIECE } else { READ })? {
            let read = event::read()?;
            if !matches!(read, Event::Key(_)) {
                actions.extend(Action::keys(std::mem::take(&mut keys)));
            }
            match read {
                Event::Key(key) => keys.push(key),
                Event::Mouse(mouse) => actions.push(Action::Mouse(mouse)),
                Event::Paste(text) => actions.push(Action::Paste(Zeroizing::new(text))),
                _ => actions.push(Action::Resized),
            }
        }
        actions.extend(Action::keys(keys));
        if actions.is_empty() {
            actions.push(Action::Tick);
        }
        loop {
            match self.told.try_recv() {
                Ok(done) => {
                    if !matches!(
                        done,
                        Reply::Note(_)
                            | Reply::Asked(_)
                            | Reply::Progress(..)
                            | Reply::Outside
                            | Reply::Brief(_)
                    ) {
                        self.awaited = self.awaited.saturating_sub(1);
                    }
                    actions.push(Action::Reply(done));
                }
                Err(TryRecvError::Empty) => return Ok(Some(actions)),
                Err(TryRecvError::Disconnected) => return Err(io::Error::other(WORKER_ENDED)),
            }
        }
    }

    /// Carries effects out; tells whether to leave.
    fn act(&mut self, effects: Vec<Effect>) -> io::Result<bool> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(true),
                Effect::Suspend if Screen::can_stop() => self.screen.suspend()?,
                Effect::Suspend => {
                    let note = Reply::Note("there is no shell to go back to".to_owned());
                    self.app.update(OffsetDateTime::now_utc(), Action::Reply(note));
                }
                Effect::Clipboard(value) => {
                    if let Err(error) = (self.setup.clipboard)(&value) {
                        let told =
                            effect::ErrorText::new(format!("cannot reach a clipboard: {error}"));
                        let failed = Action::Reply(Reply::Changed(Err(told)));
                        self.app.update(OffsetDateTime::now_utc(), failed);
                    }
                }
                Effect::Answer(answered) => answered.send(),
                Effect::Work(work) => {
                    self.awaited += usize::from(!matches!(work, Work::Lock));
                    if self.want.send(work).is_err() {
                        return Err(io::Error::other(WORKER_ENDED));
                    }
                }
            }
        }
        Ok(false)
    }
}

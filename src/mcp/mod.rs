//! The MCP server (Model Context Protocol, revisions 2024-11-05 to 2026-07-28) on standard input and
//! output.
//!
//! The protocol is rmcp's, on a thread of its own with a runtime; the library is called by this thread,
//! one question after the other. A program is run by this program once more, as `authy run --mask`: what
//! that guarantees holds here too. No tool returns a value, whatever the scope says.

mod answer;
mod capture;
mod run;
mod server;
mod tools;

use std::io;
use std::sync::mpsc;

use crate::front::Serving;
use answer::Answers;
use run::Runner;
use server::Server;

/// Serves until standard input ends, or a signal says so.
///
/// # Errors
/// The system gives no thread, or the client breaks the protocol off before it began.
pub(crate) fn serve(serving: &Serving<'_>) -> io::Result<()> {
    let (jobs, wanted) = mpsc::channel();
    let runner = Runner {
        program: serving.program.clone(),
        words: serving.words.clone(),
        scope: serving.scope.clone(),
    };
    let server = Server::new(jobs, runner);
    let thread = std::thread::Builder::new().name("authy-mcp".into()).spawn(|| server.work())?;
    let answers = Answers::new(serving);
    answers.warm();
    for job in wanted {
        let reply = answers.answer(&job.client, &job.question);
        // Who asked may have stopped waiting.
        let _ = job.reply.send(reply);
    }
    thread.join().unwrap_or_else(|_| Err(io::Error::other("its thread broke down")))
}

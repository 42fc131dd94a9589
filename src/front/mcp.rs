//! What the MCP server is started with.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use authy::{Context, ScopeName};

/// The MCP server, as the command line starts it: serves standard input to its end.
pub(crate) type Mcp = fn(&Serving<'_>) -> io::Result<()>;

/// How the server was started.
pub(crate) struct Serving<'s> {
    /// How this program starts itself.
    pub(crate) program: PathBuf,
    /// The words about vault and credentials for it.
    pub(crate) words: Vec<OsString>,
    /// The scope that was given; a token has its own.
    pub(crate) scope: Option<ScopeName>,
    /// The context of a call by this client, as an agent's; what fails is said in words.
    pub(crate) context: &'s dyn Fn(&str) -> Result<Context, String>,
}

//! The proxy of a sealed run: programs send placeholders, values are put in on the wire.
//!
//! Lives as long as one program does, on 127.0.0.1, with a credential and a certificate
//! authority of its own that exist in memory alone. Hosts that a rule names are looked into
//! and spoken to over HTTP/1.1; all others are tunnelled unread. What may go where is the
//! access layer's to say, and what is recorded the service's: before a value leaves, [`Asks`]
//! has been answered. Nothing here knows the vault.
//!
//! Built on hyper, rustls and rcgen with one provider of cryptography (ring). A ready-made
//! proxy (hudsucker) brings two, parses WebSocket messages anew and offers no place to judge
//! a request before its connection is made.

mod answer;
mod ask;
mod authority;
mod body;
mod careful;
mod coding;
mod connect;
mod environment;
mod error;
mod even;
mod exchange;
mod fill;
mod folder;
mod look;
mod proxy;
mod request;
mod roots;
mod session;
#[cfg(test)]
mod tests;
mod upstream;
mod values;
mod websocket;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::access::Sealing;
use crate::inject::HelperCommand;

pub(crate) use ask::{Asks, Event, Use};
pub(crate) use error::SealError;
pub(crate) use folder::sweep;
pub(crate) use values::Values;

/// What a proxy is started with.
pub(crate) struct Plan {
    /// What may go where.
    pub(crate) sealing: Sealing,
    /// The placeholders and what they stand for.
    pub(crate) values: Values,
    /// What helpers below the program are told: JSON without a value.
    pub(crate) told: Vec<u8>,
    /// The environment that authy itself was given: the user's own proxies and roots.
    pub(crate) inherited: Vec<(OsString, OsString)>,
    /// Whether the program inherits hardly anything of that.
    pub(crate) clean_env: bool,
    /// How this program starts itself again to remove files after a kill.
    pub(crate) sweeper: HelperCommand,
}

/// A proxy at work. Dropped, it is gone, with its files and every connection.
pub(crate) struct Proxy {
    server: Option<proxy::Server>,
    /// Goes after the server.
    _folder: folder::Folder,
    environment: environment::Changes,
    run: Arc<ask::SealedRun>,
}

impl Proxy {
    /// Starts serving; what it asks comes out of [`Asks`].
    ///
    /// # Errors
    /// [`SealError`] where the user's own settings cannot be followed, or the system refuses.
    pub(crate) fn start(plan: Plan) -> Result<(Self, Asks), SealError> {
        let Plan { sealing, values, told, inherited, clean_env, sweeper } = plan;
        values.check(&sealing)?;
        let upstream = upstream::UpstreamProxies::find(&inherited)?;
        let authority = authority::Authority::new()?;
        let (roots, bundles) = roots::load(&inherited, authority.pem());
        let folder = folder::Folder::create(&inherited, &sweeper)?;
        let mut files = bundles.write(&folder)?;
        files.push((PLACEHOLDERS, folder.tell(&told)?));
        let (run, asks) = ask::run(sealing, values)?;
        let run = Arc::new(run);
        let connector = connect::Connector::new(upstream.clone(), roots);
        let server = proxy::Server::start(Arc::clone(&run), authority, connector)?;
        let hosts: Vec<&str> = run.sealing().hosts().collect();
        let environment = environment::changes(
            server.address(),
            &files,
            &upstream,
            &hosts,
            if clean_env { 0 } else { environment::configured(&inherited) },
        );
        let proxy = Self { server: Some(server), _folder: folder, environment, run };
        Ok((proxy, asks))
    }

    /// The variables that a program is to have: set, or absent.
    pub(crate) fn environment(&self) -> &[(Cow<'static, str>, Option<OsString>)] {
        &self.environment
    }

    /// Stops serving, and says how often each secret went where.
    pub(crate) fn stop(mut self) -> Vec<Use> {
        drop(self.server.take());
        self.run.counted()
    }
}

/// By which helpers below the program find its placeholders.
const PLACEHOLDERS: &str = "AUTHY_PLACEHOLDERS";

/// Where the files of a run lie.
type Files = Vec<(&'static str, PathBuf)>;

//! `run`: a program with the values, or with placeholders for them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::InjectRequest;
use super::request::{Gather, Gathered, gather};
use crate::access::{Need, Program};
use crate::audit::{Action, Op, Outcome};
use crate::fs;
use crate::inject::{self, Ended, Filter, HandOn, HelperCommand, Masker, SHORT, SideTask};
use crate::name::{ScopeName, SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::audit::Recorder;
use crate::service::base::{
    Context, Front, IdentitySource, Note, OpenVault, Result, TokenSource, effective_scope,
};
use crate::service::identity::is_of_its_own;
use crate::service::secret::Reading;
use crate::service::session::{bearer, listable};

/// What is shown in the place of a session token; it is no secret of the vault.
const TOKEN: &str = "authy-token";

/// The program that `run` starts.
#[derive(Debug, Clone, Default)]
pub struct RunCommand {
    /// The program and its arguments, untouched.
    pub argv: Vec<OsString>,
    /// Give it the values and hardly anything else.
    pub clean_env: bool,
    /// The environment that authy itself was given.
    pub inherited: Vec<(OsString, OsString)>,
    /// Whether values are masked in what it prints.
    pub masking: Masking,
    /// Give it placeholders for what the scope seals; done anyway where the scope hands out
    /// nothing else.
    pub seal: bool,
    /// How this program starts itself again to lead a terminal session.
    pub leader: HelperCommand,
    /// How it starts itself again to remove the files of a sealed run after a kill.
    pub sweeper: HelperCommand,
    /// How it starts itself again to hold files in memory for the program.
    pub holder: HelperCommand,
}

/// Whether values are replaced by `[authy:NAME]` in what a program prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Masking {
    /// With a token, and where values may go into processes only.
    #[default]
    Auto,
    /// Always.
    On,
    /// Only where values may go into processes only.
    Off,
}

/// Runs `command` with the scope's values in its environment. Where nothing is masked this
/// process becomes the program and nothing returns; otherwise how it ended is returned.
///
/// # Errors
/// Whatever keeps the values from being read, or the program from starting (126, 127).
pub fn run(ctx: &Context, request: &InjectRequest, command: RunCommand) -> Result<Ended> {
    let wanted = Gather {
        op: Op::RUN,
        need: Need::Use,
        program: command.argv.first().map(|word| find_program(word, &command.inherited)),
        masking: Some(command.masking),
        seal: command.seal,
    };
    let program = wanted.program.as_ref();
    gather(ctx, request, &wanted, |gathered, reading| {
        let Gathered { names, environment, files, masker, sealed } = gathered;
        program.into_iter().for_each(|program| warn_of_server(ctx, program, &command.argv));
        if let Some(program) = program.filter(|_| !is_of_its_own(ctx)) {
            let held = names.iter().any(|name| !sealed.as_ref().is_some_and(|s| s.seals(name)));
            let scope = reading.scope.as_ref().filter(|_| held);
            scope.into_iter().for_each(|scope| warn_once(ctx, reading.state, scope, program));
        }
        let mut argv = command.argv;
        // What was judged is what is started: nothing is looked up again.
        let judged = program.and_then(|program| program.path.clone());
        if let (true, Some(path), Some(word)) = (reading.limits_programs, judged, argv.first_mut())
        {
            *word = path.into();
        }
        let mut child = inject::Command {
            argv,
            environment,
            inherited: command.inherited,
            clean_env: command.clean_env,
            scope: reading.scope.clone(),
            hand_on: hand_on(ctx, reading, sealed.is_some()),
            files: Vec::new(),
            fixed: Vec::new(),
        };
        child.give_files(&files, &command.holder)?;
        let scope = child.scope.clone();
        let recording = Recording::new(ctx, reading, names, program.map(name_of));
        let ended = match (sealed, masker) {
            (Some(sealed), masker) => {
                let masker = masker.unwrap_or_else(|| Masker::new(&[]));
                sealed.run(child, &masker, &command.leader, command.sweeper, &recording)
            }
            (None, None) => Err(child.exec().into()),
            (None, Some(masker)) => recording.supervise(&child, &masker, &command.leader, None),
        };
        let programs = inject::left_behind();
        if !programs.is_empty() {
            let programs = programs.into_iter().map(|one| (one.name, one.id)).collect();
            ctx.front.note(&Note::LeftBehind { scope, programs });
        }
        ended
    })
}

/// Programs that are agents: what their tools print goes to a model.
const AGENTS: [&str; 12] = [
    "aider",
    "claude",
    "cline",
    "codex",
    "copilot",
    "cursor-agent",
    "gemini",
    "goose",
    "openclaw",
    "opencode",
    "pi",
    "qwen",
];

/// Says of a program that it leaves a server running which keeps what it is given.
fn warn_of_server(ctx: &Context, program: &Program, argv: &[OsString]) {
    let name = name_of(program);
    let found = inject::ALONE.iter().find(|(known, _)| *known == name);
    if let Some((_, flag)) = found.filter(|(_, flag)| argv.iter().all(|word| word != flag)) {
        ctx.front.note(&Note::KeepsServer { program: name, flag });
    }
}

/// Says of an agent that is given values, once for each and each scope, that a model may see them.
fn warn_once(ctx: &Context, state: Option<&Path>, scope: &ScopeName, program: &Program) {
    let name = name_of(program);
    if !AGENTS.contains(&name.as_str()) {
        return;
    }
    let told = state.map(|folder| folder.join("told").join(format!("{scope}.{name}")));
    if told.as_ref().is_some_and(|told| told.exists()) {
        return;
    }
    ctx.front.note(&Note::AgentHolds { program: name, scope: scope.clone() });
    told.iter().for_each(|told| fs::remember(told, b""));
}

/// What an authy inside the program is to use: the token, where it may be handed on, or the
/// identity that gave access.
fn hand_on(ctx: &Context, reading: &Reading<'_, '_>, is_sealed: bool) -> HandOn {
    match (&ctx.token, &ctx.identity) {
        // It would show what the program is to use and not to hold.
        (Some(_), _) if reading.run_only || is_sealed => HandOn::NoToken,
        (Some(TokenSource::Text(token)), _) => HandOn::Token(bare(token)),
        (Some(TokenSource::File(path)), _) => HandOn::TokenFile(absolute(path)),
        (Some(TokenSource::NoFile | TokenSource::Lost), _) => HandOn::NoToken,
        (None, IdentitySource::File(path)) => HandOn::Identity(absolute(path)),
        (None, _) => HandOn::Nothing,
    }
}

/// A token without the blanks around it.
fn bare(token: &SecretBytes) -> SecretBytes {
    SecretBytes::new(token.expose().trim_ascii().to_vec())
}

/// The path as it stands for a program in another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What is recorded while the program runs.
pub(super) struct Recording<'r, 'c> {
    recorder: RefCell<&'r mut Recorder<'c>>,
    masked: RefCell<BTreeSet<SecretName>>,
    #[cfg_attr(not(feature = "sealed"), allow(dead_code, reason = "asked by sealed runs"))]
    front: &'r dyn Front,
    /// The secrets that were given.
    names: BTreeSet<SecretName>,
    /// The program's name.
    pub(super) program: Option<String>,
    action: Action,
}

impl<'r, 'c> Recording<'r, 'c> {
    fn new(
        ctx: &'r Context,
        reading: &'r mut Reading<'_, 'c>,
        names: BTreeSet<SecretName>,
        program: Option<String>,
    ) -> Self {
        let action = Action::new(Op::MASK).within(reading.scope.clone());
        let recorder = RefCell::new(&mut *reading.recorder);
        let front = &*ctx.front;
        Self { recorder, masked: RefCell::default(), front, names, program, action }
    }

    /// Waits for the program and masks what it prints. The first time each secret is masked is
    /// recorded at once: a program that is killed later leaves the evidence.
    ///
    /// # Errors
    /// It cannot be started, or the system fails on the way.
    pub(super) fn supervise(
        &self,
        child: &inject::Command,
        masker: &Masker,
        leader: &HelperCommand,
        beside: Option<&dyn SideTask>,
    ) -> Result<Ended> {
        let report = |name: &SecretName| {
            if self.masked.borrow_mut().insert(name.clone()) && self.names.contains(name) {
                let detail = self.program.clone();
                let action = self.action(Op::MASK, Some(name), detail);
                self.recorder.borrow_mut().record_late(&action, Outcome::Granted);
            }
        };
        let filter = || Box::new(masker.stream(report)) as Box<dyn Filter + '_>;
        Ok(child.supervise(&filter, leader, beside)?)
    }

    /// A line about this run.
    pub(super) fn action(
        &self,
        op: Op,
        name: Option<&SecretName>,
        detail: Option<String>,
    ) -> Action {
        Action { op, detail, secrets: name.cloned().into_iter().collect(), ..self.action.clone() }
    }

    /// Whom to tell what there is to know.
    #[cfg(feature = "sealed")]
    pub(super) fn front(&self) -> &'r dyn Front {
        self.front
    }

    /// Lends the recorder.
    #[cfg(feature = "sealed")]
    pub(super) fn recorder(&self) -> std::cell::RefMut<'_, &'r mut Recorder<'c>> {
        self.recorder.borrow_mut()
    }
}

/// Leads the session of a pseudo-terminal and runs the program of `words` in its foreground,
/// as [`RunCommand::leader`] asks; standard output is the pseudo-terminal.
///
/// # Errors
/// Where the program cannot be started (126, 127), or standard output is no such terminal.
pub fn lead(words: &[OsString]) -> Result<Ended> {
    Ok(inject::lead(words)?)
}

/// Whether what the program prints is to be masked.
pub(super) fn is_masked(ctx: &Context, reading: &Reading<'_, '_>, masking: Masking) -> bool {
    match masking {
        Masking::Off if reading.run_only => {
            ctx.front.note(&Note::StillMasked);
            true
        }
        Masking::Off => false,
        Masking::On => true,
        Masking::Auto => reading.run_only || reading.by_token || reading.sealing.is_some(),
    }
}

/// Knows the values by sight, save those that are no secret, and says which are so short that they
/// are found as words alone.
///
/// A token that is handed on is known too.
pub(super) fn masker(
    ctx: &Context,
    values: &[(SecretName, SecretBytes)],
    not_secret: &BTreeSet<SecretName>,
) -> Masker {
    let secret = values.iter().filter(|(name, _)| !not_secret.contains(name));
    let values: Vec<_> = secret.cloned().collect();
    let short = values.iter().filter(|(_, value)| (1..=SHORT).contains(&value.len()));
    let names: Vec<_> = short.map(|(name, _)| name.clone()).collect();
    if !names.is_empty() {
        ctx.front.note(&Note::ShortValues { names });
    }
    match (&ctx.token, SecretName::parse(TOKEN)) {
        (Some(TokenSource::Text(token)), Ok(label)) => {
            Masker::new(&[&values[..], &[(label, bare(token))]].concat())
        }
        _ => Masker::new(&values),
    }
}

/// Whether `run` may start a program in a scope; `inherited` says where programs are looked for.
///
/// # Errors
/// The scope lists programs, and not this one; a scope that is not in force, or none.
pub fn check_program(
    ctx: &Context,
    scope: Option<&ScopeName>,
    word: &OsStr,
    inherited: &[(OsString, OsString)],
) -> Result<()> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::LIST)?;
    let scope = effective_scope(ctx, scope)?;
    let reach = listable(&opened, bearer.as_deref(), scope.as_ref())?;
    Ok(reach.permits_program(&find_program(word, inherited))?)
}

/// Looks a program up as starting it will: a bare name in the caller's `PATH`.
fn find_program(word: &OsStr, inherited: &[(OsString, OsString)]) -> Program {
    let typed = word.to_string_lossy().into_owned();
    let path = if typed.contains('/') {
        Path::new(word).canonicalize().ok()
    } else {
        let path = inherited.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value);
        let folders = path.into_iter().flat_map(std::env::split_paths);
        let found = folders.map(|folder| folder.join(word)).find(|file| fs::is_program(file));
        // What a relative folder of PATH means now is what is judged and started.
        found.and_then(|file| std::path::absolute(file).ok())
    };
    let is_guarded = path.as_deref().is_some_and(fs::is_guarded);
    Program { typed, path, is_guarded }
}

/// The name without its folder: arguments never reach the audit.
pub(super) fn name_of(program: &Program) -> String {
    printable(program.typed.rsplit('/').next().unwrap_or(&program.typed))
}

/// Where a program is, for the audit.
pub(super) fn path_of(program: &Program) -> Option<String> {
    program.path.as_ref().map(|path| printable(&path.to_string_lossy()))
}

/// Is the process that holds files in memory for a program: `words` are those behind the first,
/// `word`, and `program` is how this program starts itself.
///
/// # Errors
/// The system fails.
pub fn hold(program: &Path, word: &str, words: &[OsString]) -> std::io::Result<()> {
    inject::hold(program, word, words)
}

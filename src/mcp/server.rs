//! The protocol's side: tools told and called.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::{Context, Poll};
use std::time::Duration;

use authy::{SecretName, ServiceUrl, printable};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProgressToken,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::stdio;
use rmcp::{ErrorData, Peer, RoleServer, ServerHandler, ServiceExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{RwLock, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer::Question;
use super::run::{Runner, Wanted};
use super::tools;

/// Arguments that clients add to every tool (Gemini CLI 0.61).
const ADDED: [&str; 1] = ["wait_for_previous"];
/// How long programs may take to end when the server does.
const LAST: Duration = Duration::from_secs(6);
/// Longest name of a client that is recorded.
const LONGEST_NAME: usize = 60;
/// Lines of the trail, where nobody says how many.
const LINES: usize = 20;

/// A question to the thread that calls the library.
pub(super) struct Job {
    pub(super) client: String,
    pub(super) question: Question,
    pub(super) reply: oneshot::Sender<Result<Value, Refusal>>,
}

/// Why a tool does not do what it was called for: words that a model can act on.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) code: Option<String>,
}

impl Refusal {
    pub(super) fn new(message: String) -> Self {
        Self { message, hint: None, code: None }
    }
}

impl From<authy::Error> for Refusal {
    fn from(error: authy::Error) -> Self {
        let code = Some(error.kind().code().to_owned());
        Self { message: error.to_string(), hint: error.hint(), code }
    }
}

pub(super) struct Server {
    jobs: Sender<Job>,
    runner: Runner,
    /// The client is gone, or a signal came: what runs is to end.
    closed: CancellationToken,
    /// Held by each program that runs.
    running: Arc<RwLock<()>>,
}

/// Standard input, which says when it ends: the protocol goes on until every call is answered.
struct Watched<R> {
    from: R,
    closed: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.from).poll_read(cx, into);
        if matches!(&read, Poll::Ready(read) if read.is_err() || into.filled().len() == before) {
            self.closed.cancel();
        }
        read
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListWords {
    pattern: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckWords {
    name: Option<String>,
    url: Option<String>,
    program: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestWords {
    names: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditWords {
    lines: Option<usize>,
}

impl Server {
    pub(super) fn new(jobs: Sender<Job>, runner: Runner) -> Self {
        Self { jobs, runner, closed: CancellationToken::new(), running: Arc::default() }
    }

    /// Serves to the end of standard input; programs that run then are ended.
    pub(super) fn work(self) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (closed, running) = (self.closed.clone(), Arc::clone(&self.running));
        let result = runtime.block_on(async {
            let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
            let [mut term, mut int, mut hangup] = kinds.map(signal);
            let (term, int, hangup) = (term.as_mut(), int.as_mut(), hangup.as_mut());
            let told = async |signal: Result<&mut Signal, &mut io::Error>| match signal {
                Ok(signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            };
            let (from, to) = stdio();
            let from = Watched { from, closed: closed.clone() };
            let serving = async {
                let service = self.serve((from, to)).await.map_err(io::Error::other)?;
                service.waiting().await.map(drop).map_err(io::Error::other)
            };
            let result = tokio::select! {
                ended = serving => ended,
                () = told(term) => Ok(()),
                () = told(int) => Ok(()),
                () = told(hangup) => Ok(()),
            };
            closed.cancel();
            // Programs have their time to end by themselves.
            let _ = timeout(LAST, running.write()).await;
            result
        });
        // A read of standard input cannot be cancelled, and is not waited for.
        runtime.shutdown_background();
        result
    }

    async fn ask(&self, client: String, question: Question) -> Result<Value, Refusal> {
        let (reply, answer) = oneshot::channel();
        let gone = || Refusal::new("authy stops".to_owned());
        self.jobs.send(Job { client, question, reply }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn call(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Result<Value, Refusal>, ErrorData> {
        let client = client(context);
        let words = request.arguments.unwrap_or_default();
        let question = match request.name.as_ref() {
            "run" => {
                return Ok(match words_of::<Wanted>(&words) {
                    Ok(wanted) => self.run(&client, wanted, context).await,
                    Err(refusal) => Err(refusal),
                });
            }
            "list_secrets" => {
                words_of(&words).map(|ListWords { pattern }| Question::List { pattern })
            }
            "check_access" => words_of(&words).and_then(checked),
            "request_access" => words_of(&words).and_then(requested),
            "audit_recent" => words_of(&words).map(|AuditWords { lines }| Question::Audit {
                lines: lines.unwrap_or(LINES).min(200),
            }),
            other => {
                let known: Vec<_> = tools::all().iter().map(|tool| tool.name.to_string()).collect();
                let message = format!("there is no tool '{}'", printable(other));
                return Err(ErrorData::invalid_params(message, Some(json!({ "tools": known }))));
            }
        };
        Ok(match question {
            Ok(question) => self.ask(client, question).await,
            Err(refusal) => Err(refusal),
        })
    }

    async fn run(
        &self,
        client: &str,
        wanted: Wanted,
        context: &RequestContext<RoleServer>,
    ) -> Result<Value, Refusal> {
        let token = context.meta.get_progress_token();
        let beat = Beat { token, peer: context.peer.clone() };
        let _running = self.running.read().await;
        let stop = [context.ct.clone(), self.closed.clone()];
        self.runner.run(client, wanted, stop, &beat).await
    }
}

/// Says to a client that wants to know that a program goes on.
pub(super) struct Beat {
    token: Option<ProgressToken>,
    peer: Peer<RoleServer>,
}

impl Beat {
    pub(super) async fn tell(&self, seconds: u32) {
        let Some(token) = &self.token else { return };
        let note = ProgressNotificationParam::new(token.clone(), f64::from(seconds))
            .with_message(format!("running for {seconds} s"));
        // Who does not listen need not.
        let _ = self.peer.notify_progress(note).await;
    }
}

/// The name and version of a client, as the trail has them.
fn client(context: &RequestContext<RoleServer>) -> String {
    let known = context.client_info().map(|info| format!("{} {}", info.name, info.version));
    let known = known.unwrap_or_else(|| "unknown client".to_owned());
    printable(&known).chars().take(LONGEST_NAME).collect()
}

/// Takes the arguments of a tool. Unknown ones are refused, as a mistyped `secrets` would give all;
/// what clients add of their own, and what is null, counts for nothing.
fn words_of<T: DeserializeOwned>(words: &JsonObject) -> Result<T, Refusal> {
    let mut words = words.clone();
    words.retain(|name, value| !ADDED.contains(&name.as_str()) && !value.is_null());
    let read = serde_json::from_value(Value::Object(words));
    read.map_err(|error| Refusal::new(format!("the arguments are not understood: {error}")))
}

fn checked(words: CheckWords) -> Result<Question, Refusal> {
    let odd = |error: String| Refusal::new(error);
    // Some models fill in everything.
    let given = |word: Option<String>| word.filter(|word| !word.is_empty());
    match (given(words.name), given(words.url), given(words.program)) {
        (Some(name), None, None) => name
            .parse()
            .map(Question::Name)
            .map_err(|error: authy::NameError| odd(error.to_string())),
        (None, Some(url), None) => ServiceUrl::asked(&url)
            .map(Question::Url)
            .map_err(|why| odd(format!("'{}' is no address: {why}", printable(&url)))),
        (None, None, Some(program)) => Ok(Question::Program(program)),
        _ => Err(odd("give one of 'name', 'url' and 'program'".to_owned())),
    }
}

fn requested(words: RequestWords) -> Result<Question, Refusal> {
    let names = words.names.iter().map(|name| SecretName::parse(name));
    let names = names.collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|error| Refusal::new(error.to_string()))?;
    Ok(Question::Request { names, reason: words.reason })
}

/// A tool's answer: structured, and as text for clients that know no structure.
fn result(answer: Result<Value, Refusal>) -> CallToolResult {
    match answer {
        Ok(value) => CallToolResult::structured(value),
        Err(refusal) => {
            let code = refusal.code.map(|code| format!(" ({code})")).unwrap_or_default();
            let hint = refusal.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            let text = format!("error{code}: {}{hint}", printable(&refusal.message));
            CallToolResult::error(vec![ContentBlock::text(text)])
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("authy", env!("CARGO_PKG_VERSION")))
            .with_instructions(tools::INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(result(self.call(request, &context).await?).into())
    }
}

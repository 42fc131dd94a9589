//! One request: judged, recorded, filled in, sent; and its answer.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::answer::{refuse, scrubbed, untouched};
use super::ask::Denied;
use super::body::{self, Body, Broken, Gate};
use super::coding::Coding;
use super::fill::{self, Unfit};
use super::look::{Look, Names};
use super::request::{check, is_websocket, pass_on};
use super::session::{Session, Unanswered};
use super::values::Slot;
use super::websocket::{self, Stopped};
use crate::access::{Injection, Refusal, SetHeader, Target};
use crate::inject::Masker;
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// Bodies up to so many bytes are filled in before they are sent, and have a length.
const SHORT: u64 = 1 << 20;

/// Answers one request.
///
/// # Errors
/// The connection to the server broke; then the program's is closed, too.
pub(super) async fn exchange(
    session: &Arc<Session>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let of_program = hyper::upgrade::on(&mut request);
    let (mut parts, incoming) = request.into_parts();
    if let Err(why) = check(&parts, &session.address, session.is_plain) {
        session.deny(why).await;
        return Ok(refuse(StatusCode::BAD_REQUEST, &format!("refused: {why}")));
    }
    let method = parts.method.clone();
    let is_upgrade = is_websocket(&parts);
    let is_bound = session.shared.desk.sealing().binds(&session.address);
    let carried = Names::default();
    let body = match prepare(session, &mut parts, &carried, incoming).await? {
        Ok(body) => body,
        Err(answer) => return Ok(*answer),
    };
    let mut answer = match session.send(Request::from_parts(parts, body)).await {
        Ok(answer) => answer,
        Err(Unanswered::Closed(error)) => return Err(error),
        Err(Unanswered::Unreachable(why)) => {
            let sentence = format!("cannot reach {}: {why}", session.address);
            return Ok(refuse(StatusCode::BAD_GATEWAY, &sentence));
        }
    };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        if !is_upgrade {
            return Ok(refuse(StatusCode::BAD_GATEWAY, "the server changed the protocol unasked"));
        }
        let of_server = hyper::upgrade::on(&mut answer);
        let is_looked_into = session.is_looked_into(is_bound).await;
        tokio::spawn(messages(Arc::clone(session), of_program, of_server, is_looked_into));
    }
    // Nothing of a value is in an answer of a host that never got one; whoever sends it one has
    // that recorded.
    match session.is_looked_into(is_bound).await {
        true => {
            let (desk, address) = (Arc::clone(&session.shared.desk), session.address.clone());
            let (found, told) = (Names::default(), Names::default());
            let look = Look { desk, address, carried, found, told };
            scrubbed(answer, &method, &session.flow, look).await
        }
        false => Ok(untouched(answer, &session.flow)),
    }
}

/// Passes the messages of a WebSocket on.
async fn messages(
    session: Arc<Session>,
    of_program: OnUpgrade,
    of_server: OnUpgrade,
    is_looked_into: bool,
) {
    if let (Ok(program), Ok(server)) = tokio::join!(of_program, of_server) {
        let values = is_looked_into.then(|| session.shared.desk.values());
        let ended = websocket::relay(TokioIo::new(program), TokioIo::new(server), values).await;
        if let Err(Stopped::Unreadable(why)) = ended {
            session.deny(why).await;
        }
    }
}

/// Judges a request, has its values recorded, and puts them in; or says why not.
async fn prepare(
    session: &Arc<Session>,
    parts: &mut Parts,
    carried: &Names,
    incoming: Incoming,
) -> Result<Result<Body, Box<Response<Body>>>, Broken> {
    let refused = |answer: Response<Body>| Ok(Err(Box::new(answer)));
    let desk = &session.shared.desk;
    let (slots, address) = (desk.values().slots(), &session.address);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let is_plain = session.is_plain;
    let target = Target { address, is_plain, method: method.as_str(), path: &path };
    let found = fill::found(parts, slots);
    for (slot, place) in &found {
        if let Err(refusal) = desk.sealing().judge(&slot.name, &target, *place) {
            return refused(forbid(session, &slot.name, refusal).await);
        }
    }
    let set = match headers_to_set(session, &target) {
        Ok(set) => set,
        Err(twice) => return refused(unclear(session, &twice).await),
    };
    let is_over = session.is_over();
    if !(found.is_empty() && set.is_empty()) && is_over {
        session.deny("the session has ended").await;
        return refused(refuse(StatusCode::FORBIDDEN, "the session of this token has ended"));
    }
    let mut put_in: Vec<&Slot> = found.iter().map(|(slot, _)| *slot).collect();
    put_in.dedup_by(|one, other| one.name == other.name);
    let set_alone = set.iter().map(|(_, slot)| *slot);
    let all: Vec<&Slot> = put_in
        .iter()
        .copied()
        .chain(set_alone.filter(|slot| put_in.iter().all(|one| one.name != slot.name)))
        .collect();
    if let (false, Some(header)) = (all.is_empty(), overriding(parts)) {
        session.deny(&format!("'{header}' names another method or path")).await;
        let sentence = format!("'{header}' names another method or path than the request");
        return refused(refuse(StatusCode::FORBIDDEN, &sentence));
    }
    for slot in &all {
        carried.add(&slot.name);
        if !desk.recorded(&slot.name, address).await {
            let sentence = "the use of a secret could not be recorded, and nothing was sent";
            return refused(refuse(StatusCode::SERVICE_UNAVAILABLE, sentence));
        }
    }
    let filled = fill::fill(parts, &put_in)
        .and_then(|()| set.iter().try_for_each(|(header, slot)| fill::set(parts, header, slot)));
    if let Err(Unfit(name)) = filled {
        let sentence = format!("the value of '{name}' has a line break, which no header can hold");
        return refused(refuse(StatusCode::BAD_GATEWAY, &sentence));
    }
    let may_be_in_body = |slot: &&Slot| {
        !is_over && desk.sealing().judge(&slot.name, &target, Injection::Body).is_ok()
    };
    let in_body: Vec<&Slot> = slots.iter().filter(may_be_in_body).collect();
    let carries_value = !(all.is_empty() && in_body.is_empty());
    pass_on(parts, address, desk.sealing().binds(address), carries_value);
    let address = parts.uri.path_and_query().map_or("/", |path| path.as_str()).parse();
    parts.uri = address?;
    match in_body.is_empty() || incoming.is_end_stream() {
        true => Ok(Ok(body::untouched(incoming))),
        // A value that goes into a body goes where the head says, too.
        false => match overriding(parts) {
            Some(_) => Ok(Ok(body::untouched(incoming))),
            None => filled_body(session, parts, carried, incoming, &in_body).await,
        },
    }
}

/// Headers by which servers take another method or another path for the request's.
const OVERRIDING: [&str; 9] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-override-url",
    "x-forwarded-uri",
    "x-forwarded-path",
];

/// The header that says another method or path than rules are asked about.
fn overriding(parts: &Parts) -> Option<&'static str> {
    OVERRIDING.into_iter().find(|name| parts.headers.contains_key(*name))
}

/// Says and records that rules contradict each other.
async fn unclear(session: &Session, twice: &Twice<'_>) -> Response<Body> {
    let Twice { header, names: [one, other] } = twice;
    session.deny(&format!("two rules set '{header}'")).await;
    let sentence =
        format!("two rules set '{header}' for this request, to '{one}' and to '{other}'");
    refuse(StatusCode::FORBIDDEN, &sentence)
}

/// One header that two rules set to different secrets.
struct Twice<'s> {
    header: &'s str,
    names: [&'s SecretName; 2],
}

/// The headers that rules set for this target, and with what.
///
/// # Errors
/// [`Twice`]: which of the two was meant, nobody said.
fn headers_to_set<'s>(
    session: &'s Session,
    target: &Target<'_>,
) -> Result<Vec<(&'s SetHeader, &'s Slot)>, Twice<'s>> {
    let desk = &session.shared.desk;
    let mut all: Vec<(&SetHeader, &Slot)> = Vec::new();
    for (rule, header) in desk.sealing().setting() {
        let slot = desk.values().slots().iter().find(|slot| rule.names(&slot.name));
        if let Some(slot) = slot
            && rule.judge(target, Injection::Header).is_ok()
            && desk.sealing().judge(&slot.name, target, Injection::Header).is_ok()
        {
            let before = all.iter().find(|(before, _)| before.name() == header.name());
            if let Some((_, before)) = before.filter(|(_, before)| before.name != slot.name) {
                let names = [&before.name, &slot.name];
                return Err(Twice { header: header.name(), names });
            }
            all.push((header, slot));
        }
    }
    Ok(all)
}

/// Says and records why a value is not put in.
async fn forbid(session: &Session, name: &SecretName, refusal: Refusal) -> Response<Body> {
    let desk = &session.shared.desk;
    let (scope, address) = (&desk.sealing().scope, &session.address);
    let denied = Denied {
        name: Some(name.clone()),
        address: Some(address.clone()),
        why: refusal.to_string(),
    };
    desk.denied(denied).await;
    let why = match refusal {
        Refusal::Host => {
            format!("scope '{scope}' seals it for {}", desk.sealing().hosts_of(name).join(", "))
        }
        Refusal::Plain => "without TLS no value leaves this machine".to_owned(),
        Refusal::Method => format!("scope '{scope}' does not allow this method"),
        Refusal::Path => format!("scope '{scope}' does not allow this path"),
        Refusal::Injection => format!("scope '{scope}' allows it in headers, not at this place"),
    };
    refuse(StatusCode::FORBIDDEN, &format!("'{name}' may not go to {address} so: {why}"))
}

/// A body with values in the place of placeholders; each is recorded when it is found.
async fn filled_body(
    session: &Arc<Session>,
    parts: &mut Parts,
    carried: &Names,
    incoming: Incoming,
    slots: &[&Slot],
) -> Result<Result<Body, Box<Response<Body>>>, Broken> {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default();
    let mut texts = Vec::new();
    for slot in slots {
        let placeholder = SecretBytes::from(slot.placeholder.clone());
        texts.push((&slot.name, placeholder, fill::in_body(slot, kind)));
    }
    let masker = Arc::new(Masker::exact(texts));
    let names = Arc::new(Mutex::new(Vec::new()));
    let mut gate = Recording { session: Arc::clone(session), names: Arc::clone(&names) };
    let carried = carried.clone();
    let report = move |name: &SecretName| {
        carried.add(name);
        let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.contains(name) {
            names.push(name.clone());
        }
    };
    let length = incoming.size_hint().exact().filter(|length| *length <= SHORT);
    if length.is_none() {
        parts.headers.remove(CONTENT_LENGTH);
        let filter = masker.shared_stream(report);
        return Ok(Ok(body::filtered(incoming, filter, Coding::Identity, gate)));
    }
    let bytes = body::read(incoming).await?;
    let mut out = Vec::with_capacity(bytes.len());
    {
        use crate::inject::Filter as _;
        let mut stream = masker.stream(report);
        stream.push(&bytes, &mut out);
        stream.finish(&mut out);
    }
    if !gate.opens().await {
        let sentence = "the use of a secret could not be recorded, and nothing was sent";
        return Ok(Err(Box::new(refuse(StatusCode::SERVICE_UNAVAILABLE, sentence))));
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(out.len()));
    Ok(Ok(body::whole(out)))
}

/// Has the values recorded that were put into a body, before it goes on.
struct Recording {
    session: Arc<Session>,
    names: Arc<Mutex<Vec<SecretName>>>,
}

impl Gate for Recording {
    async fn opens(&mut self) -> bool {
        let names = {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *names)
        };
        for name in names {
            if !self.session.shared.desk.recorded(&name, &self.session.address).await {
                return false;
            }
        }
        true
    }
}

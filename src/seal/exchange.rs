//! One request: judged, recorded, filled in, sent; and its answer.

use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::answer::{refuse, scrubbed, untouched};
use super::ask::Denied;
use super::body::{self, Body, Broken};
use super::fill::{self, Unfit};
use super::look::{Look, Names};
use super::request::{check, is_websocket, pass_on};
use super::session::{Session, Unanswered};
use super::values::{BodyValues, Cleared, Judged, Slot};
use super::websocket::{self, Stopped};
use crate::access::{Injection, Refusal, SetHeader, Target};
use crate::name::SecretName;

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
    let is_bound = session.shared.run.sealing().binds(&session.address);
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
            let (run, address) = (Arc::clone(&session.shared.run), session.address.clone());
            let (found, told) = (Names::default(), Names::default());
            let look = Look { run, address, carried, found, told };
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
        let values = is_looked_into.then(|| session.shared.run.values());
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
    let run = &session.shared.run;
    let (slots, address) = (run.values().slots(), &session.address);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let is_plain = session.is_plain;
    let target = Target { address, is_plain, method: method.as_str(), path: &path };
    let mut judged = Vec::new();
    for (slot, place) in fill::found(parts, slots) {
        match slot.judged(run.sealing(), &target, place) {
            Ok(one) => judged.push(one),
            Err(refusal) => return refused(forbid(session, &slot.name, refusal).await),
        }
    }
    let in_place = judged.len();
    let set = match headers_to_set(session, &target) {
        Ok(set) => set,
        Err(twice) => return refused(unclear(session, &twice).await),
    };
    let (headers, values): (Vec<_>, Vec<_>) = set.into_iter().unzip();
    judged.extend(values);
    let is_over = session.is_over();
    if !judged.is_empty() && is_over {
        session.deny("the session has ended").await;
        return refused(refuse(StatusCode::FORBIDDEN, "the session of this token has ended"));
    }
    if let (false, Some(header)) = (judged.is_empty(), overriding(parts)) {
        session.deny(&format!("'{header}' names another method or path")).await;
        let sentence = format!("'{header}' names another method or path than the request");
        return refused(refuse(StatusCode::FORBIDDEN, &sentence));
    }
    judged.iter().for_each(|one| carried.add(one.name()));
    let Some(cleared) = Cleared::all(run, &judged).await else {
        return refused(unrecorded());
    };
    let (in_place, to_set) = cleared.split_at(in_place);
    let filled = fill::fill(parts, in_place).and_then(|()| {
        headers.iter().zip(to_set).try_for_each(|(header, one)| fill::set(parts, header, one))
    });
    if let Err(Unfit(name)) = filled {
        let sentence = format!("the value of '{name}' has a line break, which no header can hold");
        return refused(refuse(StatusCode::BAD_GATEWAY, &sentence));
    }
    let may_be_in_body = |slot| Slot::judged(slot, run.sealing(), &target, Injection::Body).ok();
    let in_body: Vec<Judged<'_>> = match is_over {
        true => Vec::new(),
        false => slots.iter().filter_map(may_be_in_body).collect(),
    };
    let carries_value = !(cleared.is_empty() && in_body.is_empty());
    pass_on(parts, address, run.sealing().binds(address), carries_value);
    parts.uri = parts.uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
    // A value that goes into a body goes where the head says, too.
    if in_body.is_empty() || incoming.is_end_stream() || overriding(parts).is_some() {
        return Ok(Ok(body::untouched(incoming)));
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let values = BodyValues::new(session, &in_body, kind.unwrap_or_default(), carried);
    let length = incoming.size_hint().exact().filter(|length| *length <= SHORT);
    if length.is_none() {
        parts.headers.remove(CONTENT_LENGTH);
        return Ok(Ok(values.stream(incoming)));
    }
    let Some(filled) = values.whole(&body::read(incoming).await?).await else {
        return refused(unrecorded());
    };
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(filled.len()));
    Ok(Ok(body::whole(filled)))
}

fn unrecorded() -> Response<Body> {
    let sentence = "the use of a secret could not be recorded, and nothing was sent";
    refuse(StatusCode::SERVICE_UNAVAILABLE, sentence)
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
    target: &Target<'s>,
) -> Result<Vec<(&'s SetHeader, Judged<'s>)>, Twice<'s>> {
    let run = &session.shared.run;
    let mut all: Vec<(&SetHeader, Judged<'s>)> = Vec::new();
    for (rule, header) in run.sealing().setting() {
        let slot = run.values().slots().iter().find(|slot| rule.names(&slot.name));
        if let Some(slot) = slot
            && rule.judge(target, Injection::Header).is_ok()
            && let Ok(judged) = slot.judged(run.sealing(), target, Injection::Header)
        {
            let before = all.iter().find(|(before, _)| before.name() == header.name());
            if let Some((_, before)) = before.filter(|(_, before)| *before.name() != slot.name) {
                let names = [before.name(), &slot.name];
                return Err(Twice { header: header.name(), names });
            }
            all.push((header, judged));
        }
    }
    Ok(all)
}

/// Says and records why a value is not put in.
async fn forbid(session: &Session, name: &SecretName, refusal: Refusal) -> Response<Body> {
    let run = &session.shared.run;
    let (scope, address) = (&run.sealing().scope, &session.address);
    let denied = Denied {
        name: Some(name.clone()),
        address: Some(address.clone()),
        why: refusal.to_string(),
    };
    run.denied(denied).await;
    let why = match refusal {
        Refusal::Host => {
            format!("scope '{scope}' seals it for {}", run.sealing().hosts_of(name).join(", "))
        }
        Refusal::Plain => "without TLS no value leaves this machine".to_owned(),
        Refusal::Method => format!("scope '{scope}' does not allow this method"),
        Refusal::Path => format!("scope '{scope}' does not allow this path"),
        Refusal::Injection => format!("scope '{scope}' allows it in headers, not at this place"),
    };
    refuse(StatusCode::FORBIDDEN, &format!("refusing to send '{name}' to {address}: {why}"))
}

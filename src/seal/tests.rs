//! The parts of the proxy alone, and a proxy that asks a test instead of the service.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use hyper::Request;
use hyper::http::request::Parts;
use proptest::prelude::*;

use super::ask::{Asks, Denied, Event, run};
use super::fill::{fill, found};
use super::request::check;
use super::values::{Cleared, in_body};
use super::websocket::Frames;
use super::{Plan, Proxy, Values};
use crate::access::{Injection, ScopePolicy, Sealing};
use crate::inject::HelperCommand;
use crate::name::{Address, ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::store::{Policy, SealedRule};

const VALUE: &str = "s3cr&t/Value+1";

fn sealing(rule: &str, until: Option<i64>) -> Sealing {
    let sealed = SealedRule::parse(rule).unwrap();
    let sealed = vec![SealedRule { loopback_plain: true, ..sealed }];
    let policy = ScopePolicy::compile(Policy { sealed, ..Policy::default() }).unwrap();
    policy.sealing_as(ScopeName::parse("ci").unwrap()).ending(until)
}

fn values(sealing: &Sealing) -> Values {
    let name = SecretName::parse("token").unwrap();
    Values::new(sealing, vec![(name, SecretBytes::from(VALUE.to_owned()))])
}

fn placeholder(values: &Values) -> String {
    values.placeholders().next().unwrap().1.to_owned()
}

fn parts(
    build: impl FnOnce(hyper::http::request::Builder) -> hyper::http::request::Builder,
) -> Parts {
    build(Request::builder()).body(()).unwrap().into_parts().0
}

/// A proxy, its address and credential, and what it asks.
fn proxy(rule: &str, until: Option<i64>) -> (Proxy, Asks, String, String) {
    let sealing = sealing(rule, until);
    let values = values(&sealing);
    let placeholder = placeholder(&values);
    let sweeper = HelperCommand { program: "/bin/false".into(), word: "x".into() };
    let told = Vec::new();
    let plan = Plan { sealing, values, told, inherited: Vec::new(), clean_env: false, sweeper };
    let (proxy, asks) = Proxy::start(plan).unwrap();
    let set = proxy.environment().iter().find(|(name, _)| *name == "HTTPS_PROXY").unwrap();
    let address = set.1.clone().unwrap().into_string().unwrap();
    (proxy, asks, address, placeholder)
}

/// Sends a request in plain words, answering what is asked meanwhile; gives the answer.
fn ask(address: &str, asks: &Asks, request: &str, body: &str, events: &mut Vec<Event>) -> String {
    let (user, place) = address.strip_prefix("http://").unwrap().split_once('@').unwrap();
    let credential = data_encoding::BASE64.encode(user.as_bytes());
    let mut stream = TcpStream::connect(place).unwrap();
    let head = format!("Proxy-Authorization: Basic {credential}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{request}{head}{body}").as_bytes()).unwrap();
    let reader = std::thread::spawn(move || {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    while !reader.is_finished() {
        let mut poll = [rustix::event::PollFd::new(asks, rustix::event::PollFlags::IN)];
        let moment = rustix::event::Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
        let _ = rustix::event::poll(&mut poll, Some(&moment));
        asks.answer(|event| {
            events.push(event.clone());
            true
        });
    }
    reader.join().unwrap()
}

#[test]
fn a_session_that_has_ended_gives_nothing_any_more() {
    for (until, code) in [(Some(0), "403"), (Some(i64::MAX), "502"), (None, "502")] {
        // Nobody listens there: what passes is 502.
        let (proxy, asks, address, placeholder) = proxy("token=127.0.0.1:1", until);
        let mut events = Vec::new();
        let request = format!(
            "GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\nA: {placeholder}\r\n"
        );
        let answer = ask(&address, &asks, &request, "", &mut events);
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{answer}");
        let is_denied = events.iter().any(|event| matches!(event, Event::Denied(_)));
        assert_eq!(is_denied, code == "403", "{events:?}");
        drop(proxy);
    }
}

#[test]
fn a_body_gets_nothing_either_once_the_session_has_ended() {
    for (until, is_put_in) in [(Some(0), false), (None, true)] {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = server.local_addr().unwrap().to_string();
        let rule = format!("token={place};in=body");
        let (_proxy, asks, address, placeholder) = proxy(&rule, until);
        let seen = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let (mut seen, mut chunk) = (Vec::new(), [0; 1024]);
            while !seen.ends_with(b"END") {
                let count = stream.read(&mut chunk).unwrap();
                seen.extend_from_slice(&chunk[..count]);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            String::from_utf8(seen).unwrap()
        });
        let body = format!("{placeholder}END");
        let length = body.len();
        let head = format!(
            "POST http://{place}/ HTTP/1.1\r\nHost: {place}\r\nContent-Length: {length}\r\n"
        );
        let mut events = Vec::new();
        let answer = ask(&address, &asks, &head, &body, &mut events);
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        assert_eq!(seen.join().unwrap().contains(VALUE), is_put_in, "{until:?}");
    }
}

#[test]
fn what_cannot_be_recorded_is_not_sent() {
    let (proxy, asks, address, placeholder) = proxy("token=127.0.0.1:1", None);
    // Nobody answers any more.
    drop(asks);
    let place = address.split_once('@').unwrap().1;
    let user = data_encoding::BASE64.encode(address[7..].split_once('@').unwrap().0.as_bytes());
    let mut stream = TcpStream::connect(place).unwrap();
    write!(
        stream,
        "GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\nProxy-Authorization: Basic {user}\r\n\
         Connection: close\r\nA: {placeholder}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(proxy.stop().is_empty());
}

#[test]
fn values_are_put_in_as_their_place_asks() {
    let sealing = sealing("token=a.example;in=query,path,body", None);
    let values = values(&sealing);
    let (slots, text) = (values.slots(), placeholder(&values));
    let basic = data_encoding::BASE64.encode(format!("me:{text}").as_bytes());
    let mut parts = parts(|request| {
        request
            .uri(format!("/a/{text}?q={text}&r=1"))
            .header("a", format!("<{text}{text}>"))
            .header("authorization", format!("basic {basic}"))
    });
    let places: Vec<Injection> = found(&parts, slots).iter().map(|(_, place)| *place).collect();
    assert_eq!(places, [Injection::Header, Injection::Path, Injection::Query]);
    let cleared: Vec<_> = places.iter().map(|place| Cleared::unjudged(&slots[0], *place)).collect();
    // Nothing is put where it was not cleared for.
    let mut other = parts.clone();
    fill(&mut other, &cleared[1..2]).unwrap();
    assert_eq!(other.uri.to_string(), format!("/a/s3cr%26t%2FValue%2B1?q={text}&r=1"));
    assert_eq!(other.headers["a"], format!("<{text}{text}>"));
    fill(&mut parts, &cleared).unwrap();
    let encoded = "s3cr%26t%2FValue%2B1";
    assert_eq!(parts.uri.to_string(), format!("/a/{encoded}?q={encoded}&r=1"));
    assert_eq!(parts.headers["a"], format!("<{VALUE}{VALUE}>"));
    let basic = data_encoding::BASE64.encode(format!("me:{VALUE}").as_bytes());
    assert_eq!(parts.headers["authorization"], format!("Basic {basic}"));
    // It is not shown where somebody prints a request.
    assert!(!format!("{:?}", parts.headers).contains("s3cr"));
    let body = |kind: &str| in_body(&slots[0], kind).expose_str().unwrap().to_owned();
    assert_eq!(body("application/x-www-form-urlencoded; charset=utf-8"), encoded);
    assert_eq!(body("text/plain"), VALUE);
    assert_eq!(body("application/json"), VALUE);
}

#[test]
fn a_value_with_a_line_break_is_put_into_no_header() {
    let sealing = sealing("token=a.example", None);
    let name = SecretName::parse("token").unwrap();
    let value = SecretBytes::from("a\r\nHost: evil.example".to_owned());
    let values = Values::new(&sealing, vec![(name, value)]);
    let text = placeholder(&values);
    let mut parts = parts(|request| request.uri("/").header("a", text));
    assert!(fill(&mut parts, &[Cleared::unjudged(&values.slots()[0], Injection::Header)]).is_err());
    let json = in_body(&values.slots()[0], "application/vnd.x+json");
    assert_eq!(json.expose(), b"a\\r\\nHost: evil.example");
}

#[test]
fn a_request_is_for_the_host_of_its_connection() {
    let address = Address::parse("a.example", 443).unwrap();
    let check = |parts: &Parts| check(parts, &address, false).is_ok();
    let host = |host: &str| parts(|request| request.uri("/").header("host", host));
    for fine in ["a.example", "A.Example", "a.example:443", "a.example."] {
        assert!(check(&host(fine)), "{fine}");
    }
    for bad in ["b.example", "a.example:80", "", "a.example, b.example", "x@a.example"] {
        assert!(!check(&host(bad)), "{bad}");
    }
    let uri = |uri: &str| parts(|request| request.uri(uri).header("host", "a.example"));
    assert!(check(&uri("https://a.example/x")));
    for bad in ["https://b.example/", "http://a.example/", "https://a.example:1/"] {
        assert!(!check(&uri(bad)), "{bad}");
    }
    assert!(!check(&parts(|request| request.uri("/"))));
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x82];
    match payload.len() {
        short @ 0..126 => out.push(u8::try_from(short).unwrap()),
        long => {
            out.push(126);
            out.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    out.extend(payload);
    out
}

proptest! {
    #[test]
    fn messages_keep_their_length_however_they_are_cut(
        before in "[a-z]{0,200}",
        after in "[a-z]{0,20}",
        cuts in prop::collection::vec(1_usize..40, 1..12),
    ) {
        let sealing = sealing("token=a.example", None);
        let values = values(&sealing);
        let messages = [format!("{before}{VALUE}{after}"), after, String::new(), before];
        let sent: Vec<u8> = messages.iter().flat_map(|text| frame(text.as_bytes())).collect();
        let (mut frames, mut out, mut rest) = (Frames::default(), Vec::new(), &sent[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            frames.push(now, &values, &mut out).unwrap();
            rest = later;
        }
        prop_assert_eq!(out.len(), sent.len());
        let text = String::from_utf8_lossy(&out).into_owned();
        prop_assert!(!text.contains(VALUE), "{}", text);
        let shown = &placeholder(&values)[..VALUE.len()];
        let expected: Vec<u8> = messages
            .iter()
            .flat_map(|text| frame(text.replace(VALUE, shown).as_bytes()))
            .collect();
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn frames_that_cannot_be_looked_into_are_refused() {
    let sealing = sealing("token=a.example", None);
    let values = values(&sealing);
    for (frame, says) in [
        (&[0x81, 0x81, 1, 2, 3, 4, 5][..], "masked"),
        (&[0xc1, 0x01, b'x'], "extension"),
        (&[0x91, 0x01, b'x'], "extension"),
    ] {
        let mut out = Vec::new();
        let refused = Frames::default().push(frame, &values, &mut out);
        assert!(refused.is_err_and(|why| why.contains(says)));
        assert!(out.is_empty());
    }
}

#[test]
fn refusals_beyond_what_is_recorded_are_counted() {
    let sealing = sealing("token=a.example", None);
    let values = values(&sealing);
    let (run, asks) = run(sealing, values).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let run = std::sync::Arc::new(run);
    let for_task = std::sync::Arc::clone(&run);
    let task = runtime.spawn(async move {
        for n in 0..1007 {
            for_task.denied(Denied { name: None, address: None, why: n.to_string() }).await;
        }
    });
    let mut recorded = 0;
    while !task.is_finished() {
        asks.answer(|_| {
            recorded += 1;
            true
        });
    }
    assert_eq!(recorded, 1000);
    let counted = run.counted();
    let is_more = |one: &&super::ask::Use| matches!(&one.event, Event::Denied(d) if d.why == "other refusals");
    assert_eq!(counted.iter().find(is_more).unwrap().count, 7);
}

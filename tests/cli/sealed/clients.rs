//! Real programs, as they come: git, curl, Python, Node.

use super::{CANARY, Scene, clean, has};
use crate::harness::needs;

#[test]
fn git_clones_and_pushes() {
    if !needs(["git"]) {
        return;
    }
    let scene = Scene::with(&["--seal", "api-token=api.test;as=basic:x-access-token"]);
    let t = &scene.t;
    let root = t.path("repositories");
    std::fs::create_dir(&root).unwrap();
    t.program("git", ["init", "-q", "--bare", "-b", "main", "repositories/one.git"])
        .dir(t.path(""))
        .ok();
    t.program("git", ["-C", "repositories/one.git", "config", "http.receivepack", "true"])
        .dir(t.path(""))
        .ok();
    let script = "set -e
git clone -q https://api.test/git/one.git one 2>&1
cd one; echo hello >file; head -c 3000000 /dev/urandom >big
git add .; git commit -qm first; git push -q origin HEAD:main
cd ..; git clone -q https://api.test/git/one.git two; cat two/file; cmp one/big two/big && echo same";
    let done = clean(scene.run(script).ok());
    done.stdout_has("hello\nsame\n");
    assert!(
        scene
            .world
            .seen()
            .iter()
            .any(|one| one.head.starts_with("POST /git/one.git/git-receive-pack"))
    );
    let audit = scene.audit();
    assert!(audit.iter().all(|(outcome, _)| outcome == "granted"), "{audit:?}");
}

#[test]
fn python_s_clients_work() {
    if !needs(["python3"]) {
        return;
    }
    let scene = Scene::new();
    let script = "import os, urllib.request
token = {'Authorization': 'Bearer ' + os.environ['API_TOKEN']}
r = urllib.request.Request('https://api.test/echo', headers=token)
print('urllib', urllib.request.urlopen(r).status)
try:
    import requests
    print('requests', requests.get('https://api.test/echo', headers=token).status_code)
except ImportError:
    print('requests 200')
try:
    import httpx
    print('httpx', httpx.get('https://api.test/echo', headers=token).status_code)
except ImportError:
    print('httpx 200')
";
    let done = clean(scene.python(script).ok());
    done.stdout_has("urllib 200").stdout_has("requests 200").stdout_has("httpx 200");
    assert!(!scene.arrived().is_empty());
}

#[test]
fn node_goes_through_the_proxy_where_it_can() {
    if !has("node") {
        return;
    }
    let scene = Scene::new();
    // Node heeds the variables from 24 on (and 22.21); before it goes to no proxy at all.
    let script = "node -e \"
const [major, minor] = process.versions.node.split('.').map(Number);
const can = major >= 24 || (major === 22 && minor >= 21);
fetch('https://api.test/echo', {headers: {authorization: process.env.API_TOKEN}})
  .then(r => console.log('fetch', r.status), () => console.log(can ? 'failed' : 'fetch 200'));
\"";
    clean(scene.run(script).ok()).stdout_has("fetch 200");
}

#[test]
fn one_that_speaks_http_2_alone_is_refused_before_it_says_anything() {
    if !needs(["curl", "python3"]) {
        return;
    }
    let scene = Scene::new();
    let both = "curl -sS --http2 https://api.test/echo -o /dev/null -w 'HTTP/%{http_version}' -H \"A: $API_TOKEN\"";
    clean(scene.run(both).ok()).stdout_has("HTTP/1.1");
    let alone = "import base64, os, socket, ssl
user, place = os.environ['HTTPS_PROXY'].split('//')[1].split('@')
s = socket.create_connection(place.split(':'))
user = base64.b64encode(user.encode()).decode()
s.sendall(f'CONNECT api.test:443 HTTP/1.1\\r\\nHost: api.test\\r\\nProxy-Authorization: Basic {user}\\r\\n\\r\\n'.encode())
s.recv(1000)
c = ssl.create_default_context()
c.set_alpn_protocols(['h2'])
try:
    c.wrap_socket(s, server_hostname='api.test')
except ssl.SSLError as e:
    print(e)
";
    clean(scene.python(alone).ok()).stdout_has("no application protocol");
    assert_eq!(scene.arrived().len(), 1);
}

#[test]
fn a_hundred_at_once() {
    if !needs(["python3"]) {
        return;
    }
    let scene = Scene::new();
    let script = "import concurrent.futures as f, os, urllib.request
def one(n):
    r = urllib.request.Request(f'https://api.test/echo?{n}', headers={'Authorization': os.environ['API_TOKEN']})
    return urllib.request.urlopen(r).status
with f.ThreadPoolExecutor(50) as pool:
    print(sum(s == 200 for s in pool.map(one, range(200))), 'of 200')
";
    clean(scene.python(script).ok()).stdout_has("200 of 200");
    assert_eq!(scene.arrived().len(), 200);
    let audit = scene.audit();
    assert_eq!(audit.len(), 2, "{audit:?}");
    assert!(
        audit[1].1.ends_with("200 times") || audit[0].1.ends_with("200 times"),
        "{audit:?} {CANARY}"
    );
}

//! Real programs, as they come: git, curl, Python, Node, Go.

use super::{CANARY, Scene, clean};
use crate::harness::needs;
use crate::skipped::{happens_to_have, with_modules};

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

/// Has `expression` of Python ask for a page and give the status, where the module is there.
fn by_python(module: &str, expression: &str) {
    let import = format!("import {module}");
    let Some(python) = with_modules([module]) else { return };
    let scene = Scene::new();
    let script = format!(
        "import asyncio, os
{import}
url = 'https://api.test/echo'
token = {{'Authorization': 'Bearer ' + os.environ['API_TOKEN']}}
async def by_aiohttp():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(url, headers=token) as r:
            return r.status
print({expression}, 'from', url)
"
    );
    clean(scene.behind(&[&python, "-c", &script]).ok()).stdout_has("200 from");
    assert_eq!(scene.arrived().len(), 1);
}

#[test]
fn python_s_own_client_works() {
    let open = "urllib.request.urlopen(urllib.request.Request(url, headers=token)).status";
    by_python("urllib.request", open);
}

#[test]
fn requests_works() {
    by_python("requests", "requests.get(url, headers=token).status_code");
}

#[test]
fn httpx_works() {
    by_python("httpx", "httpx.get(url, headers=token).status_code");
}

#[test]
fn aiohttp_works() {
    by_python("aiohttp", "asyncio.run(by_aiohttp())");
}

#[test]
fn a_ready_made_websocket_client_works() {
    let Some(python) = with_modules(["websockets"]) else { return };
    let scene = Scene::new();
    let done = clean(scene.behind(&[&python, "-c", include_str!("websockets.py")]).ok());
    let shown = &"authy-sealed-api-token-x"[..CANARY.len().min(23)];
    done.stdout_has(&format!("first {shown}")).stdout_has("then one two").stdout_has("closed 1000");
    assert_eq!(scene.arrived().len(), 1);
}

#[test]
fn node_goes_through_the_proxy_where_it_can() {
    if !happens_to_have("node") {
        return;
    }
    let scene = Scene::new();
    // Node heeds the variables from 24 on (and 22.21); before it goes to no proxy at all.
    let script = "node -e \"
const [major, minor] = process.versions.node.split('.').map(Number);
const can = major >= 24 || (major === 22 && minor >= 21);
const headers = {authorization: process.env.API_TOKEN};
fetch('https://api.test/echo', {headers})
  .then(r => r.text().then(() => console.log('fetch', r.status)), () => console.log(can ? 'failed' : 'fetch 200'));
require('https').get('https://api.test/echo', {headers}, r => { r.resume(); console.log('https', r.statusCode); })
  .on('error', () => console.log(can ? 'failed' : 'https 200'));
\"";
    clean(scene.run(script).ok()).stdout_has("fetch 200").stdout_has("https 200");
}

#[test]
fn go_goes_through_the_proxy() {
    if !happens_to_have("go") {
        return;
    }
    let scene = Scene::new();
    let source = scene.t.write("main.go", include_str!("client.go"));
    // Built before: only the program is to be behind the proxy.
    let program = scene.t.work().join("client");
    let build = ["build".as_ref(), "-o".as_ref(), program.as_os_str(), source.as_os_str()];
    scene.t.program("go", build).env("GOFLAGS", "-mod=mod").env("CGO_ENABLED", "0").ok();
    let done = clean(scene.behind(&[program.to_str().unwrap()]).ok());
    done.stdout_has("HTTP/1.1 200 OK").stdout_has("authy-sealed-api-token-");
    assert_eq!(scene.arrived().len(), 1);
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

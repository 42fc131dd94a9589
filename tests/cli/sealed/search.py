# Uses the value once, by a child of its own, and looks for it in everything that both hold.
import os, subprocess

# Written so that this text is none.
needle = b"canary/Sealed+" + bytes([86, 97, 108, 117, 101]) + b"=4711"
half = needle[3:18]
child = subprocess.Popen(
    ["sh", "-c", 'curl -sS https://api.test/echo -o out -w "used %{http_code}\n" '
     '-H "Authorization: $API_TOKEN"; echo done; read x'],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.stdout.readline().decode().strip())
child.stdout.readline()
searched = 0
for pid in (os.getpid(), child.pid):
    searched += 1
    for name in ("environ", "cmdline"):
        if half in open(f"/proc/{pid}/{name}", "rb").read():
            print("FOUND", pid, name)
    mine = pid == os.getpid()
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in open(f"/proc/{pid}/maps"):
            words = line.split()
            if "r" not in words[1] or words[-1] in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            start, end = (int(x, 16) for x in words[0].split("-"))
            try:
                memory.seek(start)
                text = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            # What this program itself made to look for is its own.
            if not mine and half in text:
                print("FOUND", pid, words[-1])
for name in os.listdir("."):
    if half in open(name, "rb").read():
        print("FOUND in", name)
parent = os.getppid()
try:
    open(f"/proc/{parent}/mem", "rb").read(1)
    print("the memory of authy can be opened by this user")
except OSError:
    pass
child.stdin.close()
print("searched", searched, "processes")

// Hands OpenClaw's question to authy and authy's answer back. It is here because a plugin of OpenClaw may
// start nothing but node; no value passes through it: authy reads this process's input and writes its output.
import { spawnSync } from "node:child_process";

// These names, and not AUTHY_SCOPE and AUTHY_TOKEN_FILE: what stands in the environment of the gateway also
// reaches the commands of its agents, and there authy would take those two for leave to read.
const { OPENCLAW_AUTHY_BIN, OPENCLAW_AUTHY_SCOPE, OPENCLAW_AUTHY_TOKEN_FILE, OPENCLAW_AUTHY_VAULT } = process.env;
const flag = (name, value) => (value ? [name, value] : []);

const done = spawnSync(
  OPENCLAW_AUTHY_BIN || "authy",
  [
    ...flag("--vault", OPENCLAW_AUTHY_VAULT),
    ...flag("--token-file", OPENCLAW_AUTHY_TOKEN_FILE),
    "--no-input",
    "helper",
    "openclaw",
    "--scope",
    OPENCLAW_AUTHY_SCOPE || "openclaw",
  ],
  { stdio: "inherit" },
);
// OpenClaw shows the code, and nothing of what goes to standard error; 127: authy was not found, as in a shell.
process.exitCode = done.error ? 127 : (done.status ?? 1);
